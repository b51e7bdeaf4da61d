//! From the checked tree to the form that the passes work on.
//!
//! Calls are replaced by the functions' bodies. Variables become values: an `if` yields those that its arms change, a loop carries those that its body changes,
//! so what is left has no variables. Each row that is named is asserted to be there, and each loop that is not known to end pays for its rounds from a
//! budget; later passes take out what can be proven.
//!
//! **The budget** is refilled for each row of an outermost loop over rows, so that what a row may do does not depend on how many rows the
//! host passes at a time.

mod expressions;
mod loops;
mod random;
mod statements;

use super::diagnostic::{Outcome, Problem, problem};
use super::ir::{At, Builder, End, Input, Label, Module, Op, Region, System, Value};
use super::tree::{ElementId, Local, LoopId, Stmt, SystemTree, Tree};
use std::collections::BTreeMap;

/// Values of one system. A function that calls functions that call functions multiplies.
const VALUES_MAX: usize = 200_000;

/// How deep calls, statements and expressions may stand in one another, bodies of functions put in place of their calls.
const DEPTH_MAX: usize = 400;

/// How deep regions may: what the form allows, less what vectors and checks add.
const REGIONS_MAX: usize = super::ir::DEPTH_MAX - 56;

/// Every system of a tree.
///
/// # Errors
/// A system that calls itself in a circle, is too large or too deep.
pub fn lower(tree: &Tree, sources: Vec<String>) -> Result<Module, Vec<Problem>> {
    let mut module = Module {
        sources,
        components: tree.components.clone(),
        templates: tree.templates.clone(),
        resources: tree.resources.clone(),
        systems: Vec::new(),
    };
    let mut problems = Vec::new();
    for system in &tree.systems {
        match Lower::system(tree, system) {
            Ok(system) => module.systems.push(system),
            Err(problem) => problems.push(problem),
        }
    }
    match problems.is_empty() {
        true => Ok(module),
        false => Err(problems),
    }
}

/// What a name of a row, or of a part of one, is bound to.
#[derive(Debug, Clone, Copy)]
struct Bound {
    input: u32,
    /// None for a resource.
    row: Option<Value>,
    slot: u32,
    /// Which element of the array that begins at the slot.
    item: Option<Value>,
}

/// A function whose body is being put in place of a call, or the system itself.
struct Frame {
    /// The function's number; None for the system.
    function: Option<usize>,
    locals: usize,
    elements: usize,
    loops: Vec<(LoopId, Target)>,
    /// Where `return` goes; None where it can only stand at the end.
    exit: Option<Label>,
}

/// Where `break` and `continue` of a loop go.
#[derive(Clone)]
struct Target {
    label: Label,
    /// A block around the body that `continue` leaves.
    round: Option<Label>,
    /// Variables that are passed on, by their places.
    assigned: Vec<usize>,
}

struct Lower<'t> {
    tree: &'t Tree,
    b: Builder,
    /// What each variable of each frame holds.
    env: Vec<Option<Value>>,
    /// What they held before, to go back.
    log: Vec<(usize, Option<Value>)>,
    elements: Vec<Option<Bound>>,
    frames: Vec<Frame>,
    /// The inputs' values, where they have one.
    inputs: Vec<Option<Value>>,
    count: Option<Value>,
    depth: usize,
    regions: usize,
    /// Loops around what is at hand.
    loops: usize,
}

impl<'t> Lower<'t> {
    fn system(tree: &'t Tree, system: &'t SystemTree) -> Outcome<System> {
        let inputs: Vec<Input> = system.inputs.iter().map(|(input, _)| *input).collect();
        let mut lower = Lower {
            tree,
            b: Builder::new(&system.name, inputs.clone()),
            env: vec![None; system.locals],
            log: Vec::new(),
            elements: vec![None; system.elements],
            frames: Vec::new(),
            inputs: Vec::new(),
            count: None,
            depth: 0,
            regions: 0,
            loops: 0,
        };
        for (number, input) in (0..).zip(&inputs) {
            let value = input.ty().map(|_| lower.b.input(number));
            lower.inputs.push(value);
            if *input == Input::Count {
                lower.count = value;
            }
        }
        let exit = statements::returns_early(&system.body).then(|| lower.b.label());
        lower.frames.push(Frame {
            function: None,
            locals: 0,
            elements: 0,
            loops: Vec::new(),
            exit,
        });
        match exit {
            None => drop(lower.statements(&system.body)?),
            Some(label) => {
                let body = lower.region(Vec::new(), |this| this.statements(&system.body))?;
                let body = ended(body, End::Yield(Vec::new()));
                lower.b.effect(Op::Block(label, Box::new(body)));
            }
        }
        let lowered = lower.b.finish();
        Ok(System {
            filter: system.filter.clone(),
            start: system.start,
            ..lowered
        })
    }

    /// A region with what `f` appends; its end is None if control reaches it.
    fn region(
        &mut self,
        params: Vec<Value>,
        f: impl FnOnce(&mut Self) -> Outcome<Option<End>>,
    ) -> Outcome<(Region, Option<End>)> {
        self.regions += 1;
        self.b.open(params);
        let end = match self.regions > REGIONS_MAX {
            false => f(self),
            true => problem(
                self.here(),
                format!(
                    "conditions and loops stand in one another more than {REGIONS_MAX} deep, calls included"
                ),
            ),
        };
        let region = self.b.close(End::Unreachable);
        self.regions -= 1;
        Ok((region, end?))
    }

    /// Does something one level deeper.
    fn deeper<T>(&mut self, at: At, f: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        if self.depth >= DEPTH_MAX {
            return problem(
                at,
                format!("calls and expressions stand in one another more than {DEPTH_MAX} deep"),
            );
        }
        if self.b.len() > VALUES_MAX {
            return problem(
                at,
                format!(
                    "the system has more than {VALUES_MAX} steps when functions are put in place of their calls; split it"
                ),
            );
        }
        self.depth += 1;
        let before = self.b.locate(Some(at));
        let result = f(self);
        self.b.locate(before);
        self.depth -= 1;
        result
    }

    fn here(&mut self) -> At {
        let at = self.b.locate(None);
        self.b.locate(at);
        at.unwrap_or(At { source: 0, byte: 0 })
    }

    fn frame(&self) -> &Frame {
        self.frames.last().expect("the system is the first frame")
    }

    /// The place of a variable of the function at hand.
    fn slot(&self, local: Local) -> usize {
        self.frame().locals + local.0 as usize
    }

    fn set(&mut self, slot: usize, value: Value) {
        let before = self.env[slot].replace(value);
        self.log.push((slot, before));
    }

    fn bind(&mut self, id: ElementId, bound: Bound) {
        let place = self.frame().elements + id.0 as usize;
        self.elements[place] = Some(bound);
    }

    /// Takes back what was set since, and says what changed: the variables that had a value before, with the one they got.
    fn back_to(&mut self, mark: usize) -> Vec<(usize, Value)> {
        // By place: the last value, and what stood there at the mark.
        let mut changed: BTreeMap<usize, (Option<Value>, Option<Value>)> = BTreeMap::new();
        for (slot, before) in self.log.split_off(mark).into_iter().rev() {
            // Variables of functions whose call is over are gone.
            let Some(now) = self.env.get_mut(slot) else {
                continue;
            };
            changed.entry(slot).or_insert((*now, before)).1 = before;
            *now = before;
        }
        let outlives = |(slot, (now, before)): (usize, (Option<Value>, Option<Value>))| {
            Some((slot, before.and(now)?))
        };
        changed.into_iter().filter_map(outlives).collect()
    }

    /// What the variables at these places hold.
    fn values(&self, slots: &[usize]) -> Vec<Value> {
        let value =
            |slot: &usize| self.env[*slot].expect("a variable that is passed on has a value");
        slots.iter().map(value).collect()
    }

    fn types(&self, values: &[Value]) -> Vec<super::ir::Type> {
        values.iter().map(|value| self.b.ty(*value)).collect()
    }
}

/// A region with its own end, or this one if control reaches it.
fn ended((mut region, end): (Region, Option<End>), through: End) -> Region {
    region.end = end.unwrap_or(through);
    region
}

/// Whether some statements hold one of a kind, at any depth.
fn any(body: &[Stmt], is: &dyn Fn(&Stmt) -> bool) -> bool {
    body.iter().any(|statement| {
        is(statement)
            || match statement {
                Stmt::If(_, then, otherwise, _) => any(then, is) || any(otherwise, is),
                Stmt::Count(counted) => any(&counted.body, is),
                Stmt::Loop(general) => any(&general.body, is) || any(&general.update, is),
                _ => false,
            }
    })
}
