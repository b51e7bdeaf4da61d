//! The text form of systems.

use super::{
    Component, Const, End, Index, Input, Inst, Label, Module, Op, Place, Region, System, Value,
};
use std::fmt;

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for source in &self.sources {
            writeln!(f, "source {source:?}")?;
        }
        for component in &self.components {
            writeln!(f, "{component}")?;
        }
        for template in &self.templates {
            writeln!(f, "template {}", self.list(template))?;
        }
        for resource in &self.resources {
            write!(f, "resource {} {{", self.name(resource.component))?;
            for (number, (slot, value)) in resource.values.iter().enumerate() {
                let comma = if number == 0 { "" } else { "," };
                write!(f, "{comma} {slot}: {} = {value}", value.ty())?;
            }
            writeln!(f, " }}")?;
        }
        for system in &self.systems {
            self.system(f, system)?;
        }
        Ok(())
    }
}

/// `component Body { mass: f32, velocity: f32 x3 }`
impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "component {} {{", self.name)?;
        for (number, field) in self.fields.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            write!(f, "{comma} {}: {}", field.name, field.scalar.name())?;
            if field.count != 1 {
                write!(f, " x{}", field.count)?;
            }
        }
        f.write_str(" }")
    }
}

impl Module {
    fn name(&self, component: u32) -> &str {
        let known = self.components.get(component as usize);
        known.map_or("?", |component| component.name.as_str())
    }

    /// `(Position, Health)`
    fn list(&self, components: &[u32]) -> String {
        let names: Vec<&str> = components.iter().map(|one| self.name(*one)).collect();
        format!("({})", names.join(", "))
    }

    fn system(&self, f: &mut fmt::Formatter<'_>, system: &System) -> fmt::Result {
        write!(f, "system {}(", system.name)?;
        for (number, input) in system.inputs.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}")?;
            match input {
                Input::Column(component) => write!(f, "column {}", self.name(*component))?,
                Input::Entities => f.write_str("entities")?,
                Input::Resource(component) => write!(f, "resource {}", self.name(*component))?,
                Input::Events(component) => write!(f, "events {}", self.name(*component))?,
                Input::EventCount(component) => write!(f, "event_count {}", self.name(*component))?,
                Input::Count => f.write_str("count")?,
                Input::Dt => f.write_str("dt")?,
                Input::Dt64 => f.write_str("dt64")?,
                Input::Step => f.write_str("step")?,
                Input::Seed => f.write_str("seed")?,
            }
        }
        f.write_str(")")?;
        if !system.filter.with.is_empty() {
            write!(f, " with {}", self.list(&system.filter.with))?;
        }
        if !system.filter.without.is_empty() {
            write!(f, " without {}", self.list(&system.filter.without))?;
        }
        if system.start {
            f.write_str(" start")?;
        }
        writeln!(f, " {{")?;
        lines(f, system, &system.body, 1)?;
        writeln!(f, "}}")
    }
}

fn lines(
    f: &mut fmt::Formatter<'_>,
    system: &System,
    region: &Region,
    depth: usize,
) -> fmt::Result {
    for inst in &region.insts {
        indent(f, depth)?;
        instruction(f, system, inst, depth)?;
        if let Some(at) = inst.at {
            write!(f, " @{}:{}", at.source, at.byte)?;
        }
        writeln!(f)?;
    }
    indent(f, depth)?;
    match &region.end {
        End::Yield(values) => writeln!(f, "yield({})", List(values)),
        End::Continue(label, values) => writeln!(f, "continue {label}({})", List(values)),
        End::Break(label, values) => writeln!(f, "break {label}({})", List(values)),
        End::Unreachable => writeln!(f, "unreachable"),
    }
}

fn instruction(
    f: &mut fmt::Formatter<'_>,
    system: &System,
    inst: &Inst,
    depth: usize,
) -> fmt::Result {
    for (number, &result) in inst.results.iter().enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        write!(f, "{comma}{result}: {}", system.ty(result))?;
    }
    if !inst.results.is_empty() {
        f.write_str(" = ")?;
    }
    match &inst.op {
        Op::Const(value) => write!(f, "const {value}"),
        Op::Input(number) => write!(f, "input {number}"),
        Op::Unary(op, a) => write!(f, "{} {a}", op.name()),
        Op::Binary(op, a, b) => write!(f, "{} {a}, {b}", op.name()),
        Op::Compare(op, a, b) => write!(f, "{} {a}, {b}", op.name()),
        Op::Select(on, a, b) => write!(f, "select {on}, {a}, {b}"),
        Op::Convert(op, a) => write!(f, "{} {a}", op.name()),
        Op::Splat(a) => write!(f, "splat {a}"),
        Op::Lane(op, a) => write!(f, "{} {a}", op.name()),
        Op::Load(place) => write!(f, "load {place}"),
        Op::Store(place, value) => write!(f, "store {place} = {value}"),
        Op::Assert(holds, trap) => write!(f, "assert {holds}, {trap}"),
        Op::Command(one) => {
            f.write_str(one.act.name())?;
            if let Some(template) = one.template {
                write!(f, " {template}")?;
            }
            if let Some(entity) = one.entity {
                write!(f, " {entity}")?;
            }
            write!(f, " ({})", List(&one.values))
        }
        Op::Refill => f.write_str("refill"),
        Op::Left => f.write_str("left"),
        Op::Spend(rounds) => write!(f, "spend {rounds}"),
        Op::If(on, arms) => {
            writeln!(f, "if {on} {{")?;
            lines(f, system, &arms[0], depth + 1)?;
            indent(f, depth)?;
            writeln!(f, "}} else {{")?;
            lines(f, system, &arms[1], depth + 1)?;
            indent(f, depth)?;
            f.write_str("}")
        }
        Op::For(one) => {
            let index = one.body.params.first().copied().unwrap_or(Value(u32::MAX));
            write!(
                f,
                "for {} {index} in {}..{} step {}",
                one.label, one.from, one.to, one.step
            )?;
            carried(
                f,
                one.body.params.get(1..).unwrap_or_default(),
                &one.init,
                system,
            )?;
            nested(f, system, &one.body, depth)
        }
        Op::Loop(one) => {
            write!(f, "loop {}", one.label)?;
            carried(f, &one.body.params, &one.init, system)?;
            nested(f, system, &one.body, depth)
        }
        Op::Block(label, body) => {
            write!(f, "block {label}")?;
            nested(f, system, body, depth)
        }
    }
}

fn carried(
    f: &mut fmt::Formatter<'_>,
    params: &[Value],
    init: &[Value],
    system: &System,
) -> fmt::Result {
    if params.is_empty() && init.is_empty() {
        return Ok(());
    }
    f.write_str(" (")?;
    for (number, (param, value)) in params.iter().zip(init).enumerate() {
        let comma = if number == 0 { "" } else { ", " };
        write!(f, "{comma}{param}: {} = {value}", system.ty(*param))?;
    }
    f.write_str(")")
}

fn nested(
    f: &mut fmt::Formatter<'_>,
    system: &System,
    region: &Region,
    depth: usize,
) -> fmt::Result {
    writeln!(f, " {{")?;
    lines(f, system, region, depth + 1)?;
    indent(f, depth)?;
    f.write_str("}")
}

fn indent(f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
    (0..depth).try_for_each(|_| f.write_str("  "))
}

struct List<'a>(&'a [Value]);

impl fmt::Display for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, value) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { ", " };
            write!(f, "{comma}{value}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

impl fmt::Display for super::Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = super::Trap::ALL.iter().find(|(_, trap)| trap == self);
        f.write_str(name.map_or("?", |(name, _)| name))
    }
}

/// `0[%3].1`: input 0, row %3, slot 1; `0.1`: of a resource; `0.1[%3]`: of an array in it; `0[%3]`: a word.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Index::Row(row, slot) => write!(f, "{}[{row}].{slot}", self.input),
            Index::Only(slot) => write!(f, "{}.{slot}", self.input),
            Index::Item(item, slot) => write!(f, "{}.{slot}[{item}]", self.input),
            Index::Word(word) => write!(f, "{}[{word}]", self.input),
        }
    }
}

/// As Rust writes it; a NaN by its bits.
impl fmt::Display for Const {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Const::F32(bits) if f32::from_bits(bits).is_nan() => write!(f, "nan:{bits}"),
            Const::F64(bits) if f64::from_bits(bits).is_nan() => write!(f, "nan:{bits}"),
            Const::F32(bits) => write!(f, "{:?}", f32::from_bits(bits)),
            Const::F64(bits) => write!(f, "{:?}", f64::from_bits(bits)),
            Const::I32(value) => write!(f, "{value}"),
            Const::I64(value) => write!(f, "{value}"),
            Const::Bool(value) => write!(f, "{value}"),
        }
    }
}
