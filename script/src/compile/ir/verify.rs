//! The rules of the form.

use super::{
    Act, Binary, Command, Component, DEPTH_MAX, End, Index, Input, Inst, Label, Module, Op, Place,
    Region, Scalar, System, Type, Value, layout,
};

/// A rule that a system breaks: a bug of whoever made it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("system {system}: {what}")]
pub struct Fault {
    /// The system.
    pub system: String,
    /// A sentence.
    pub what: String,
}

/// Whether every system of a module keeps the rules: values are defined once and before they are used, types fit, jumps go to what stands around them.
///
/// # Errors
/// The first rule broken.
pub fn verify(module: &Module) -> Result<(), Fault> {
    let whole = |what: String| Fault {
        system: "(all)".to_owned(),
        what,
    };
    tables(module).map_err(whole)?;
    module.systems.iter().try_for_each(|system| {
        let mut check = Check {
            module,
            components: &module.components,
            system,
            defined: vec![State::Unknown; system.types.len()],
            labels: Vec::new(),
            seen: std::collections::BTreeSet::new(),
            depth: 0,
        };
        check.all().map_err(|what| Fault {
            system: system.name.clone(),
            what,
        })
    })
}

/// What all systems share.
fn tables(module: &Module) -> Rule {
    let known = |component: u32| (component as usize) < module.components.len();
    for (number, template) in module.templates.iter().enumerate() {
        rule(template.iter().all(|one| known(*one)), || {
            format!("template {number} names a component that is not there")
        })?;
    }
    for resource in &module.resources {
        let component = module.components.get(resource.component as usize);
        let component = component.ok_or("a resource is of a component that is not there")?;
        for (slot, value) in &resource.values {
            let scalar = component.slot(*slot).map(|slot| slot.scalar.ty());
            rule(scalar == Some(value.ty()), || {
                format!(
                    "slot {slot} of resource {} is no {}",
                    component.name,
                    value.ty()
                )
            })?;
        }
    }
    for system in &module.systems {
        let filters = system.filter.with.iter().chain(&system.filter.without);
        rule({ filters }.all(|one| known(*one)), || {
            format!(
                "{} is filtered by a component that is not there",
                system.name
            )
        })?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Unknown,
    InScope,
    OutOfScope,
}

/// A loop or block around the region at hand.
struct Around {
    label: Label,
    /// What `continue` passes; None for a block.
    carried: Option<Vec<Type>>,
    /// What `break` passes.
    results: Vec<Type>,
}

struct Check<'m> {
    module: &'m Module,
    components: &'m [Component],
    system: &'m System,
    defined: Vec<State>,
    labels: Vec<Around>,
    seen: std::collections::BTreeSet<Label>,
    depth: usize,
}

type Rule = Result<(), String>;

fn rule(holds: bool, what: impl FnOnce() -> String) -> Rule {
    if holds { Ok(()) } else { Err(what()) }
}

impl Check<'_> {
    fn all(&mut self) -> Rule {
        let mut known = std::collections::BTreeSet::new();
        for (number, input) in self.system.inputs.iter().enumerate() {
            if let Some(component) = input.component() {
                rule(component < self.components.len(), || {
                    format!("input {number} is of component {component}, which is not there")
                })?;
                let name = &self.components[component].name;
                rule(known.insert(component), || {
                    format!("two inputs are of component {name}; they would overlap")
                })?;
                let gap = self.components[component].gap();
                rule(gap.is_none(), || format!("component {name} has padding"))?;
            }
        }
        let entities = self
            .system
            .inputs
            .iter()
            .filter(|input| **input == Input::Entities);
        rule(entities.count() <= 1, || {
            "two inputs are the entities".to_owned()
        })?;
        let body = &self.system.body;
        rule(body.params.is_empty(), || {
            "the body has parameters".to_owned()
        })?;
        self.region(body, Some(&[]))?;
        self.arrays_apart()
    }

    /// No slot is named both by itself and as an element of an array, so that the two never mean the same place.
    fn arrays_apart(&self) -> Rule {
        let (mut items, mut slots) = (Vec::new(), Vec::new());
        self.system.body.walk(&mut |inst| {
            if let Op::Load(place) | Op::Store(place, _) = &inst.op {
                match place.index {
                    Index::Item(_, slot) => items.push((place.input, slot)),
                    Index::Only(slot) => slots.push((place.input, slot)),
                    _ => {}
                }
            }
        });
        items.sort_unstable();
        items.dedup();
        for (input, first) in items {
            let component = layout(self.components, self.system.inputs[input as usize]);
            let slot = component.and_then(|component| Some((component, component.slot(first)?)));
            let count = slot.map_or(0, |(component, slot)| component.fields[slot.field].count);
            let within =
                |other: &&(u32, u32)| other.0 == input && (first..first + count).contains(&other.1);
            rule(!slots.iter().any(|slot| within(&slot)), || {
                format!("slots of the array {input}.{first} are named by themselves too")
            })?;
        }
        Ok(())
    }

    /// `yields`: what the region may yield, if it may.
    fn region(&mut self, region: &Region, yields: Option<&[Type]>) -> Rule {
        self.depth += 1;
        rule(self.depth <= DEPTH_MAX, || {
            format!("regions stand in one another more than {DEPTH_MAX} deep")
        })?;
        let mut own = region.params.clone();
        region
            .params
            .iter()
            .try_for_each(|&param| self.define(param))?;
        for inst in &region.insts {
            self.inst(inst)?;
            inst.results
                .iter()
                .try_for_each(|&result| self.define(result))?;
            own.extend(&inst.results);
        }
        self.end(&region.end, yields)?;
        for value in own {
            self.defined[value.index()] = State::OutOfScope;
        }
        self.depth -= 1;
        Ok(())
    }

    fn end(&mut self, end: &End, yields: Option<&[Type]>) -> Rule {
        match end {
            End::Yield(values) => match yields {
                Some(types) => self.passed(values, types, "yield"),
                None => Err("the body of a loop yields; it goes on by `continue`".to_owned()),
            },
            End::Continue(label, values) => {
                let around = self.around(*label)?;
                let carried = around.carried.clone();
                let carried =
                    carried.ok_or_else(|| format!("continue {label}, which is a block"))?;
                self.passed(values, &carried, "continue")
            }
            End::Break(label, values) => {
                let results = self.around(*label)?.results.clone();
                self.passed(values, &results, "break")
            }
            End::Unreachable => Ok(()),
        }
    }

    fn around(&self, label: Label) -> Result<&Around, String> {
        let found = self.labels.iter().find(|around| around.label == label);
        found.ok_or_else(|| format!("{label} does not stand around what goes there"))
    }

    fn passed(&self, values: &[Value], types: &[Type], what: &str) -> Rule {
        rule(values.len() == types.len(), || {
            format!(
                "{what} passes {} values where {} are due",
                values.len(),
                types.len()
            )
        })?;
        values
            .iter()
            .zip(types)
            .try_for_each(|(&value, &ty)| self.is(value, ty))
    }

    fn define(&mut self, value: Value) -> Rule {
        let state = self
            .defined
            .get_mut(value.index())
            .ok_or_else(|| format!("{value} has no type"))?;
        rule(*state == State::Unknown, || {
            format!("{value} is defined twice")
        })?;
        *state = State::InScope;
        Ok(())
    }

    fn ty(&self, value: Value) -> Result<Type, String> {
        match self.defined.get(value.index()) {
            Some(State::InScope) => Ok(self.system.ty(value)),
            Some(State::OutOfScope) => Err(format!("{value} is used outside of its region")),
            Some(State::Unknown) | None => Err(format!("{value} is used before it is defined")),
        }
    }

    fn is(&self, value: Value, ty: Type) -> Rule {
        let found = self.ty(value)?;
        rule(found == ty, || {
            format!("{value} is {found} and should be {ty}")
        })
    }

    fn inst(&mut self, inst: &Inst) -> Rule {
        let results: Vec<Type> = inst
            .results
            .iter()
            .map(|result| self.system.types.get(result.index()).copied())
            .collect::<Option<_>>()
            .ok_or("a result has no type")?;
        let one = || match results[..] {
            [ty] => Ok(ty),
            _ => Err(format!(
                "an instruction gives {} results and not one",
                results.len()
            )),
        };
        let takes = |takes: bool, name: &str, ty: Type| {
            rule(takes, || format!("there is no {name} of {ty}"))
        };
        match &inst.op {
            Op::Const(value) => {
                let ty = one()?;
                rule(value.ty() == ty, || {
                    format!("a constant {} is defined as {ty}", value.ty())
                })
            }
            Op::Input(number) => {
                let input = self.system.inputs.get(*number as usize).copied();
                let found = input.and_then(Input::ty);
                let ty = one()?;
                rule(found == Some(ty), || format!("input {number} is no {ty}"))
            }
            Op::Unary(op, a) => {
                takes(op.takes(one()?), op.name(), one()?)?;
                self.is(*a, one()?)
            }
            Op::Binary(op, a, b) => {
                takes(op.takes(one()?), Binary::name(*op), one()?)?;
                self.is(*a, one()?)?;
                self.is(*b, one()?)
            }
            Op::Compare(op, a, b) => {
                let ty = self.ty(*a)?;
                takes(op.takes(ty), op.name(), ty)?;
                self.is(*b, ty)?;
                self.result_is(one()?, Type::Bool.with_lanes_of(ty))
            }
            Op::Select(on, a, b) => {
                let ty = one()?;
                self.is(*a, ty)?;
                self.is(*b, ty)?;
                let on_type = Type::Bool
                    .with_lanes_of(ty)
                    .ok_or("booleans have vectors")?;
                self.is(*on, on_type)
            }
            Op::Convert(op, a) => {
                let (from, to) = op.types();
                let ty = self.ty(*a)?;
                let from = from.with_lanes_of(ty);
                rule(from == Some(ty), || {
                    format!("there is no {} of {ty}", op.name())
                })?;
                self.result_is(one()?, to.with_lanes_of(ty))
            }
            Op::Splat(a) => self.result_is(one()?, self.ty(*a)?.vector()),
            Op::Lane(op, a) => {
                let (from, to) = op.types();
                self.is(*a, from)?;
                self.result_is(one()?, Some(to))
            }
            Op::Load(place) => self.access(place, one()?),
            Op::Store(place, value) => {
                rule(results.is_empty(), || "a store has results".to_owned())?;
                let input = self.system.inputs.get(place.input as usize);
                let fixed = matches!(input, Some(Input::Entities | Input::Events(_)));
                rule(!fixed, || "entities and events are not written".to_owned())?;
                self.access(place, self.ty(*value)?)
            }
            Op::Assert(holds, _) => {
                rule(results.is_empty(), || "an assertion has results".to_owned())?;
                self.is(*holds, Type::Bool)
            }
            Op::Command(one) => {
                rule(results.is_empty(), || "a command has results".to_owned())?;
                self.command(one)
            }
            Op::Refill => rule(results.is_empty(), || "a refill has results".to_owned()),
            Op::Left => self.result_is(one()?, Some(Type::I32)),
            Op::Spend(rounds) => {
                rule(results.is_empty(), || "spending has results".to_owned())?;
                self.is(*rounds, Type::I32)
            }
            Op::If(on, arms) => {
                self.is(*on, Type::Bool)?;
                for arm in &arms[..] {
                    rule(arm.params.is_empty(), || "an arm has parameters".to_owned())?;
                    self.region(arm, Some(&results))?;
                }
                Ok(())
            }
            Op::For(one) => {
                self.is(one.from, Type::I32)?;
                self.is(one.to, Type::I32)?;
                rule(one.step >= 1, || format!("{} does not move", one.label))?;
                let (index, carried) = one
                    .body
                    .params
                    .split_first()
                    .ok_or_else(|| format!("{} has no index", one.label))?;
                let ty = self.system.types.get(index.index()).copied();
                rule(ty == Some(Type::I32), || {
                    format!("{index} is an index and no i32")
                })?;
                let types = self.types(carried)?;
                self.passed(&one.init, &types, "the first round")?;
                rule(types == results, || {
                    format!("{} carries other types than its results", one.label)
                })?;
                self.around_region(one.label, Some(types), results, &one.body, None)
            }
            Op::Loop(one) => {
                let types = self.types(&one.body.params)?;
                self.passed(&one.init, &types, "the first round")?;
                self.around_region(one.label, Some(types), results, &one.body, None)
            }
            Op::Block(label, body) => {
                rule(body.params.is_empty(), || {
                    "a block has parameters".to_owned()
                })?;
                let yields = results.clone();
                self.around_region(*label, None, results, body, Some(&yields))
            }
        }
    }

    fn command(&self, one: &Command) -> Rule {
        let name = one.act.name();
        rule(one.entity.is_some() == one.act.takes_entity(), || {
            format!("{name} and its entity do not fit")
        })?;
        if let Some(entity) = one.entity {
            self.is(entity, Type::I64)?;
        }
        rule(one.template.is_some() == one.act.takes_template(), || {
            format!("{name} and its template do not fit")
        })?;
        let mut wanted = Vec::new();
        if let Some(number) = one.template {
            let template = self.module.templates.get(number as usize);
            let template = template.ok_or_else(|| format!("there is no template {number}"))?;
            rule(one.act != Act::Send || template.len() == 1, || {
                format!(
                    "an event is one component, and template {number} has {}",
                    template.len()
                )
            })?;
            if one.act.takes_values() {
                for component in template {
                    let component = &self.components[*component as usize];
                    for field in &component.fields {
                        wanted.extend((0..field.count).map(|_| field.scalar.ty()));
                    }
                }
            }
        }
        self.passed(&one.values, &wanted, name)
    }

    fn types(&self, values: &[Value]) -> Result<Vec<Type>, String> {
        let types = values
            .iter()
            .map(|value| self.system.types.get(value.index()).copied());
        types
            .collect::<Option<_>>()
            .ok_or_else(|| "a parameter has no type".to_owned())
    }

    fn around_region(
        &mut self,
        label: Label,
        carried: Option<Vec<Type>>,
        results: Vec<Type>,
        body: &Region,
        yields: Option<&[Type]>,
    ) -> Rule {
        rule(self.seen.insert(label), || format!("{label} stands twice"))?;
        self.labels.push(Around {
            label,
            carried,
            results,
        });
        self.region(body, yields)?;
        self.labels.pop();
        Ok(())
    }

    fn result_is(&self, result: Type, should: Option<Type>) -> Rule {
        rule(should == Some(result), || match should {
            Some(should) => format!("a result is {result} and should be {should}"),
            None => format!("a result is {result}, and there is no such vector"),
        })
    }

    fn access(&self, place: &Place, ty: Type) -> Rule {
        let input = self.system.inputs.get(place.input as usize).copied();
        let component = input
            .and_then(|input| layout(self.components, input))
            .ok_or_else(|| format!("input {} is no memory", place.input))?;
        let column =
            input.is_some_and(|input| input.has_rows() || matches!(input, Input::Events(_)));
        let scalar = match place.index {
            Index::Row(row, slot) => {
                rule(column, || format!("{place} is a row of a resource"))?;
                self.is(row, Type::I32)?;
                component.slot(slot)
            }
            Index::Only(slot) => {
                rule(!column, || format!("{place} names no row of a column"))?;
                component.slot(slot)
            }
            Index::Item(item, slot) => {
                rule(!column, || format!("{place} is an array in a column"))?;
                self.is(item, Type::I32)?;
                let found = component.slot(slot);
                rule(found.is_none_or(|slot| slot.element == 0), || {
                    format!("{place} begins within an array")
                })?;
                found
            }
            Index::Word(word) => {
                rule(column, || format!("{place} is a row of a resource"))?;
                self.is(word, Type::I32)?;
                let uniform = component.uniform();
                rule(uniform.is_some(), || {
                    format!(
                        "{place} takes {} for words, and its scalars differ",
                        component.name
                    )
                })?;
                component.slot(0)
            }
        };
        let scalar: Scalar = scalar
            .ok_or_else(|| format!("{place} is no slot of {}", component.name))?
            .scalar;
        rule(scalar.ty() == ty.lane(), || {
            format!("{place} is {} and the value {ty}", scalar.name())
        })?;
        rule(!ty.is_vector() || scalar.size() == 4, || {
            format!(
                "{place} is {}, which has no vectors in memory",
                scalar.name()
            )
        })
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
