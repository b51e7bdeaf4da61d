//! Reading the text form back.

use super::token::Tokens;
use super::{
    Act, At, Command, Component, Const, DEPTH_MAX, End, Field, Filter, For, Index, Initial, Input,
    Inst, Label, Loop, Module, NAMES_ACT, NAMES_BINARY, NAMES_COMPARE, NAMES_CONVERT, NAMES_LANE,
    NAMES_UNARY, Op, Place, Region, Scalar, System, Trap, Type, Value,
};

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct TextError {
    /// From 1.
    pub line: usize,
    /// A sentence.
    pub what: String,
}

/// More values than any system has; a number beyond it is a slip, not a table to be reserved.
const VALUES_MAX: u32 = 1 << 24;

/// Reads what [`Module`] prints. What it says may still be wrong: that is for [`super::verify()`].
///
/// # Errors
/// A text of another form.
pub fn parse(text: &str) -> Result<Module, TextError> {
    let mut reader = Reader {
        tokens: Tokens::new(text),
        module: Module::default(),
        types: Vec::new(),
        depth: 0,
    };
    reader.module()?;
    Ok(reader.module)
}

struct Reader<'t> {
    tokens: Tokens<'t>,
    module: Module,
    types: Vec<Type>,
    depth: usize,
}

type Read<T> = Result<T, TextError>;

impl Reader<'_> {
    fn module(&mut self) -> Read<()> {
        while self.tokens.peek().is_some() {
            match self.tokens.next()? {
                "source" => {
                    let quoted = self.tokens.next()?;
                    let name = serde_json::from_str(quoted);
                    let name =
                        name.map_err(|_| self.tokens.error("a file's name stands in quotes"))?;
                    self.module.sources.push(name);
                }
                "component" => {
                    let component = self.component()?;
                    self.module.components.push(component);
                }
                "template" => {
                    let template = self.component_list()?;
                    self.module.templates.push(template);
                }
                "resource" => {
                    let resource = self.initial()?;
                    self.module.resources.push(resource);
                }
                "system" => {
                    let system = self.system()?;
                    self.module.systems.push(system);
                }
                other => {
                    let what =
                        format!("`{other}` is not source, component, template, resource or system");
                    return Err(self.tokens.error(&what));
                }
            }
        }
        Ok(())
    }

    fn component(&mut self) -> Read<Component> {
        let name = self.tokens.next()?.to_owned();
        let mut fields = Vec::new();
        self.tokens.expect("{")?;
        while !self.tokens.eat("}") {
            if !fields.is_empty() {
                self.tokens.expect(",")?;
            }
            let name = self.tokens.next()?.to_owned();
            self.tokens.expect(":")?;
            let scalar = self.tokens.next()?;
            let known = Scalar::ALL.into_iter().find(|one| one.name() == scalar);
            let scalar =
                known.ok_or_else(|| self.tokens.error(&format!("`{scalar}` is no scalar")))?;
            let many = self.tokens.peek().and_then(|token| token.strip_prefix('x'));
            let count = match many.map(str::parse) {
                None => 1,
                Some(Ok(count)) if (1..=1 << 24).contains(&count) => {
                    self.tokens.next()?;
                    count
                }
                Some(_) => return Err(self.tokens.error("a count is a number from 1 to 2^24")),
            };
            fields.push(Field {
                name,
                scalar,
                count,
            });
        }
        Ok(Component { name, fields })
    }

    fn system(&mut self) -> Read<System> {
        let name = self.tokens.next()?.to_owned();
        let mut inputs = Vec::new();
        self.tokens.expect("(")?;
        while !self.tokens.eat(")") {
            if !inputs.is_empty() {
                self.tokens.expect(",")?;
            }
            inputs.push(match self.tokens.next()? {
                "column" => Input::Column(self.component_number()?),
                "entities" => Input::Entities,
                "events" => Input::Events(self.component_number()?),
                "event_count" => Input::EventCount(self.component_number()?),
                "resource" => Input::Resource(self.component_number()?),
                "count" => Input::Count,
                "dt" => Input::Dt,
                "dt64" => Input::Dt64,
                "step" => Input::Step,
                "seed" => Input::Seed,
                other => return Err(self.tokens.error(&format!("`{other}` is no input"))),
            });
        }
        let mut filter = Filter::default();
        if self.tokens.eat("with") {
            filter.with = self.component_list()?;
        }
        if self.tokens.eat("without") {
            filter.without = self.component_list()?;
        }
        let start = self.tokens.eat("start");
        self.types.clear();
        let body = self.region(Vec::new())?;
        Ok(System {
            name,
            inputs,
            filter,
            start,
            types: std::mem::take(&mut self.types),
            body,
        })
    }

    /// `(Position, Health)`
    fn component_list(&mut self) -> Read<Vec<u32>> {
        let mut list = Vec::new();
        self.tokens.expect("(")?;
        while !self.tokens.eat(")") {
            if !list.is_empty() {
                self.tokens.expect(",")?;
            }
            list.push(self.component_number()?);
        }
        Ok(list)
    }

    /// `Wind { 0: f32 = 1.5 }`
    fn initial(&mut self) -> Read<Initial> {
        let component = self.component_number()?;
        let mut values = Vec::new();
        self.tokens.expect("{")?;
        while !self.tokens.eat("}") {
            if !values.is_empty() {
                self.tokens.expect(",")?;
            }
            let slot = self.tokens.number()?;
            self.tokens.expect(":")?;
            let ty = self.ty()?;
            self.tokens.expect("=")?;
            values.push((slot, self.constant(Some(ty))?));
        }
        Ok(Initial { component, values })
    }

    fn command(&mut self, act: Act) -> Read<Op> {
        let template = match act.takes_template() {
            true => Some(self.tokens.number()?),
            false => None,
        };
        let entity = match act.takes_entity() {
            true => Some(self.value()?),
            false => None,
        };
        let values = self.list()?;
        Ok(Op::Command(Box::new(Command {
            act,
            entity,
            template,
            values,
        })))
    }

    fn component_number(&mut self) -> Read<u32> {
        let name = self.tokens.next()?;
        let place = self
            .module
            .components
            .iter()
            .position(|one| one.name == name);
        let place = place.and_then(|place| u32::try_from(place).ok());
        place.ok_or_else(|| {
            self.tokens
                .error(&format!("no component `{name}` stands above"))
        })
    }

    fn region(&mut self, params: Vec<Value>) -> Read<Region> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let what = format!("regions stand in one another more than {DEPTH_MAX} deep");
            return Err(self.tokens.error(&what));
        }
        self.tokens.expect("{")?;
        let mut insts = Vec::new();
        let end = loop {
            match self.tokens.peek() {
                Some("yield") => {
                    self.tokens.next()?;
                    break End::Yield(self.list()?);
                }
                Some("continue") => {
                    self.tokens.next()?;
                    break End::Continue(self.label()?, self.list()?);
                }
                Some("break") => {
                    self.tokens.next()?;
                    break End::Break(self.label()?, self.list()?);
                }
                Some("unreachable") => {
                    self.tokens.next()?;
                    break End::Unreachable;
                }
                _ => insts.push(self.inst()?),
            }
        };
        self.tokens.expect("}")?;
        self.depth -= 1;
        Ok(Region { params, insts, end })
    }

    fn inst(&mut self) -> Read<Inst> {
        let results = match self.tokens.peek() {
            Some("%") => {
                let results = self.typed_values()?;
                self.tokens.expect("=")?;
                results
            }
            _ => Vec::new(),
        };
        let op = self.op(&results)?;
        let at = match self.tokens.eat("@") {
            true => {
                let source = self.tokens.number()?;
                self.tokens.expect(":")?;
                let byte = self.tokens.number()?;
                Some(At { source, byte })
            }
            false => None,
        };
        Ok(Inst { results, op, at })
    }

    fn typed_values(&mut self) -> Read<Vec<Value>> {
        let mut values = Vec::new();
        loop {
            let value = self.value()?;
            self.tokens.expect(":")?;
            let ty = self.ty()?;
            self.define(value, ty);
            values.push(value);
            if !self.tokens.eat(",") {
                return Ok(values);
            }
        }
    }

    fn op(&mut self, results: &[Value]) -> Read<Op> {
        let word = self.tokens.next()?;
        if let Some(op) = named(NAMES_UNARY, word) {
            return Ok(Op::Unary(op, self.value()?));
        }
        if let Some(op) = named(NAMES_CONVERT, word) {
            return Ok(Op::Convert(op, self.value()?));
        }
        if let Some(op) = named(NAMES_LANE, word) {
            return Ok(Op::Lane(op, self.value()?));
        }
        if let Some(op) = named(NAMES_BINARY, word) {
            let (a, b) = self.pair()?;
            return Ok(Op::Binary(op, a, b));
        }
        if let Some(act) = named(NAMES_ACT, word) {
            return self.command(act);
        }
        if let Some(op) = named(NAMES_COMPARE, word) {
            let (a, b) = self.pair()?;
            return Ok(Op::Compare(op, a, b));
        }
        Ok(match word {
            "const" => {
                let ty = results.first().map(|value| self.types[value.index()]);
                Op::Const(self.constant(ty)?)
            }
            "input" => Op::Input(self.tokens.number()?),
            "select" => {
                let on = self.value()?;
                self.tokens.expect(",")?;
                let (a, b) = self.pair()?;
                Op::Select(on, a, b)
            }
            "splat" => Op::Splat(self.value()?),
            "load" => Op::Load(self.place()?),
            "store" => {
                let place = self.place()?;
                self.tokens.expect("=")?;
                Op::Store(place, self.value()?)
            }
            "assert" => {
                let holds = self.value()?;
                self.tokens.expect(",")?;
                let name = self.tokens.next()?;
                let trap = named(&Trap::ALL, name);
                Op::Assert(
                    holds,
                    trap.ok_or_else(|| self.tokens.error(&format!("`{name}` is no trap")))?,
                )
            }
            "refill" => Op::Refill,
            "left" => Op::Left,
            "spend" => Op::Spend(self.value()?),
            "if" => {
                let on = self.value()?;
                let first = self.region(Vec::new())?;
                self.tokens.expect("else")?;
                Op::If(on, Box::new([first, self.region(Vec::new())?]))
            }
            "for" => {
                let label = self.label()?;
                let index = self.value()?;
                self.define(index, Type::I32);
                self.tokens.expect("in")?;
                let from = self.value()?;
                self.tokens.expect("..")?;
                let to = self.value()?;
                self.tokens.expect("step")?;
                let step = self.tokens.number()?;
                let (carried, init) = self.carried()?;
                let params = [vec![index], carried].concat();
                Op::For(Box::new(For {
                    label,
                    from,
                    to,
                    step,
                    init,
                    body: self.region(params)?,
                }))
            }
            "loop" => {
                let label = self.label()?;
                let (params, init) = self.carried()?;
                Op::Loop(Box::new(Loop {
                    label,
                    init,
                    body: self.region(params)?,
                }))
            }
            "block" => Op::Block(self.label()?, Box::new(self.region(Vec::new())?)),
            other => return Err(self.tokens.error(&format!("`{other}` is no operation"))),
        })
    }

    fn carried(&mut self) -> Read<(Vec<Value>, Vec<Value>)> {
        let (mut params, mut init) = (Vec::new(), Vec::new());
        if !self.tokens.eat("(") {
            return Ok((params, init));
        }
        loop {
            let value = self.value()?;
            self.tokens.expect(":")?;
            let ty = self.ty()?;
            self.define(value, ty);
            params.push(value);
            self.tokens.expect("=")?;
            init.push(self.value()?);
            if !self.tokens.eat(",") {
                break;
            }
        }
        self.tokens.expect(")")?;
        Ok((params, init))
    }

    fn place(&mut self) -> Read<Place> {
        let token = self.tokens.next()?;
        let wrong = |this: &Self| this.tokens.error(&format!("`{token}` is no place"));
        // A resource's place reads like a fraction: `0.1`.
        if let Some((input, slot)) = token.split_once('.') {
            let input = input.parse().map_err(|_| wrong(self))?;
            let slot = slot.parse().map_err(|_| wrong(self))?;
            let mut index = Index::Only(slot);
            if self.tokens.eat("[") {
                index = Index::Item(self.value()?, slot);
                self.tokens.expect("]")?;
            }
            return Ok(Place { input, index });
        }
        let input = token.parse().map_err(|_| wrong(self))?;
        self.tokens.expect("[")?;
        let value = self.value()?;
        self.tokens.expect("]")?;
        let index = match self.tokens.eat(".") {
            true => Index::Row(value, self.tokens.number()?),
            false => Index::Word(value),
        };
        Ok(Place { input, index })
    }

    fn constant(&mut self, ty: Option<Type>) -> Read<Const> {
        let token = self.tokens.next()?;
        let bits = token.strip_prefix("nan:");
        let value = match ty {
            Some(Type::F32) => match bits {
                Some(bits) => bits.parse().ok().map(Const::F32),
                None => token.parse().ok().map(Const::f32),
            },
            Some(Type::F64) => match bits {
                Some(bits) => bits.parse().ok().map(Const::F64),
                None => token.parse().ok().map(Const::f64),
            },
            Some(Type::I32) => token.parse().ok().map(Const::I32),
            Some(Type::I64) => token.parse().ok().map(Const::I64),
            Some(Type::Bool) => token.parse().ok().map(Const::Bool),
            _ => None,
        };
        value.ok_or_else(|| {
            self.tokens
                .error(&format!("`{token}` is no constant of the result's type"))
        })
    }

    fn pair(&mut self) -> Read<(Value, Value)> {
        let a = self.value()?;
        self.tokens.expect(",")?;
        Ok((a, self.value()?))
    }

    fn list(&mut self) -> Read<Vec<Value>> {
        let mut values = Vec::new();
        self.tokens.expect("(")?;
        while !self.tokens.eat(")") {
            if !values.is_empty() {
                self.tokens.expect(",")?;
            }
            values.push(self.value()?);
        }
        Ok(values)
    }

    fn value(&mut self) -> Read<Value> {
        self.tokens.expect("%")?;
        let number = self.tokens.number()?;
        if number >= VALUES_MAX {
            return Err(self.tokens.error("values are numbered from 0"));
        }
        Ok(Value(number))
    }

    fn label(&mut self) -> Read<Label> {
        self.tokens.expect("@")?;
        Ok(Label(self.tokens.number()?))
    }

    fn ty(&mut self) -> Read<Type> {
        let name = self.tokens.next()?;
        let known = Type::ALL.into_iter().find(|ty| ty.name() == name);
        known.ok_or_else(|| self.tokens.error(&format!("`{name}` is no type")))
    }

    /// Values that the text leaves out are `bool` and never looked at.
    fn define(&mut self, value: Value, ty: Type) {
        if self.types.len() <= value.index() {
            self.types.resize(value.index() + 1, Type::Bool);
        }
        self.types[value.index()] = ty;
    }
}

fn named<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, op)| *op)
}
