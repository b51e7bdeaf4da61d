//! The body of a system's function: regions become blocks, carried values become variables.
//!
//! A value that is used once stands where it is used, a value that is used more often gets a name. What was read from a column is named
//! before anything is written, so that no read moves past a write.

use super::expr::{self, Expr, Helpers, Level};
use super::literal::{BITS_OF, as_entity, literal, scalar};
use super::params::{Form, Function};
use super::shape::RowLoop;
use super::text::{bundle, index, is_nothing, label, name, operand, tuple};
use super::uses::Uses;
use super::{RustError, names};
use crate::compile::LOOP_BUDGET;
use crate::compile::ir::Const;
use crate::compile::ir::{
    Act, At, Command, End, Index, Input, Inst, Label, Module, Op, Place, Region, Scalar, System,
    Trap, Type, Unary, Value, layout,
};
use std::collections::BTreeMap;
use std::fmt::Write;

/// An expression longer than this gets a name.
const LONG: usize = 72;

/// Instructions of an arm that is worked out for every row, whether its result is taken or not.
const ARM: usize = 8;

/// The body of a system's function.
pub(super) fn body(
    module: &Module,
    system: &System,
    function: &Function,
    row: Option<RowLoop<'_>>,
    texts: &[&str],
    helpers: &mut Helpers,
) -> Result<String, RustError> {
    let mut writer = Writer {
        module,
        system,
        texts,
        function,
        row: row.map(|row| row.row),
        uses: Uses::of(system),
        known: BTreeMap::new(),
        reads: Vec::new(),
        loops: Vec::new(),
        said: None,
        helpers,
        begins: false,
        out: String::new(),
        depth: 1,
    };
    for (number, (input, name)) in (0..).zip(system.inputs.iter().zip(&function.inputs)) {
        if matches!(input, Input::Resource(_)) && function.written.contains(&number) {
            // So that its fields can be lent one by one.
            writer.line(&format!("let {name} = &mut *{name};"));
        }
    }
    match row {
        Some(row) => {
            writer.insts(row.before)?;
            let rows = function.form == Form::Rows;
            if rows {
                writer.settle();
                writer.line(&format!("'rows: {}", function.over(system)));
                writer.depth += 1;
            }
            writer.budget(Some(row));
            writer.loops.push(Frame {
                label: row.rows.label,
                carried: Vec::new(),
                kind: if rows { Kind::AllRows } else { Kind::Rows },
            });
            writer.region(&row.rows.body, Tail::Loop(row.rows.label))?;
            if rows {
                writer.depth -= 1;
                writer.line("}");
            }
        }
        None if function.form == Form::Chunks => {
            writer.line(&function.over(system));
            writer.depth += 1;
            let rows = writer.rows().unwrap_or_default().to_owned();
            writer.line(&format!("if {rows}.is_empty() {{"));
            writer.line("    continue;");
            writer.line("}");
            writer.budget(None);
            writer.region(&system.body, Tail::Nothing)?;
            writer.depth -= 1;
            writer.line("}");
        }
        None => {
            writer.budget(None);
            writer.region(&system.body, Tail::Nothing)?;
        }
    }
    Ok(writer.out)
}

/// A loop or block that is open.
struct Frame {
    label: Label,
    /// The variables that its carried values are in.
    carried: Vec<String>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The rows of a row function: going on means returning.
    Rows,
    /// Those of a function that goes over all rows by itself.
    AllRows,
    /// `for` and its carried variables, which are the results too.
    For,
    /// `loop` or a block, whose results are what `break` gives.
    Value,
}

/// What the end of a region means where nothing needs to be said.
#[derive(Clone, Copy, PartialEq)]
enum Tail {
    /// Yielding nothing.
    Nothing,
    /// Yielding values, as the value of the block.
    Values,
    /// Going on with this loop.
    Loop(Label),
}

struct Writer<'m> {
    module: &'m Module,
    system: &'m System,
    texts: &'m [&'m str],
    function: &'m Function,
    row: Option<Value>,
    uses: Uses,
    known: BTreeMap<Value, Expr>,
    /// Values that stand for a read that is not written down yet.
    reads: Vec<Value>,
    loops: Vec<Frame>,
    /// The place that the last comment named.
    said: Option<String>,
    helpers: &'m mut Helpers,
    /// Whether the next refill of the budget is where it is declared.
    begins: bool,
    out: String,
    depth: usize,
}

impl Writer<'_> {
    fn line(&mut self, text: &str) {
        for _ in 0..self.depth {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Before the first loop that pays for its rounds. A row that begins with a whole budget says so itself.
    fn budget(&mut self, row: Option<RowLoop<'_>>) {
        let has = |op: fn(&Op) -> bool| {
            let mut found = false;
            let body = &self.system.body;
            body.walk(&mut |inst| found |= op(&inst.op));
            found
        };
        let refills = has(|op| matches!(op, Op::Refill));
        let own = row.is_some_and(|row| {
            let mut budgets = row.rows.body.insts.iter();
            let first = budgets.find(|inst| {
                let mut pays = matches!(inst.op, Op::Refill);
                for region in inst.op.regions() {
                    region.walk(&mut |inner| pays |= matches!(inner.op, Op::Refill));
                }
                pays
            });
            first.is_some_and(|inst| inst.op == Op::Refill)
        });
        self.begins = own;
        if own || !has(|op| matches!(op, Op::Spend(_))) {
            return;
        }
        self.line("// Rounds that loops may still make.");
        if refills {
            self.line(
                "#[allow(unused_assignments, reason = \"rows begin with a budget of their own\")]",
            );
        }
        self.line(&format!("let mut rounds: i64 = {LOOP_BUDGET};"));
    }

    /// A comment with the line that what follows comes from, where it is another one.
    fn locate(&mut self, at: Option<At>) {
        let Some(place) = at.and_then(|at| super::place(self.module, at, self.texts)) else {
            return;
        };
        if self.said.as_ref() != Some(&place) {
            self.line(&format!("// {place}"));
            self.said = Some(place);
        }
    }

    /// The text of a value, which is thereby used.
    fn take(&mut self, value: Value) -> Expr {
        self.reads.retain(|read| *read != value);
        self.known
            .get(&value)
            .cloned()
            .unwrap_or_else(|| Expr::atom(name(value)))
    }

    fn texts(&mut self, values: &[Value]) -> Vec<String> {
        values.iter().map(|value| self.take(*value).text).collect()
    }

    /// Gives names to all reads that are still to be written down.
    fn settle(&mut self) {
        for value in std::mem::take(&mut self.reads) {
            let expr = self.known.remove(&value);
            let text = expr.expect("a read has a text").text;
            self.bind(value, &text);
        }
    }

    fn bind(&mut self, value: Value, text: &str) {
        let ty = self.system.ty(value).name();
        self.line(&format!("let {}: {ty} = {text};", name(value)));
    }

    /// A value is worked out: it stands where it is used, or gets a name.
    fn define(&mut self, value: Value, expr: Expr, reads: bool) {
        let place = value.index();
        match self.uses.count[place] {
            0 => {}
            1 if !self.uses.elsewhere[place] && expr.text.len() <= LONG => {
                self.known.insert(value, expr);
                if reads {
                    self.reads.push(value);
                }
            }
            _ => self.bind(value, &expr.text),
        }
    }

    fn insts(&mut self, insts: &[Inst]) -> Result<(), RustError> {
        insts.iter().try_for_each(|inst| self.inst(inst))
    }

    fn inst(&mut self, inst: &Inst) -> Result<(), RustError> {
        let result = inst.results.first().copied();
        // Whether what the operands stand for reads from a column.
        let mut reads = false;
        inst.op
            .operands(&mut |value| reads |= self.reads.contains(&value));
        let expr = match &inst.op {
            Op::Const(value) => {
                // A constant is its own best name.
                let value = expr::constant(*value);
                result.map(|result| self.known.insert(result, value));
                return Ok(());
            }
            Op::Input(number) => {
                let value = self.input(*number);
                result.map(|result| self.known.insert(result, value));
                return Ok(());
            }
            Op::Unary(op, a) => expr::unary(*op, self.system.ty(*a), &self.take(*a)),
            Op::Binary(op, a, b) => {
                let ty = self.system.ty(*a);
                if op.may_trap() {
                    self.check_divisor(*b, inst.at);
                }
                let (a, b) = (self.take(*a), self.take(*b));
                expr::binary(*op, ty, &a, &b, self.helpers)
            }
            Op::Compare(op, a, b) => {
                let ty = self.system.ty(*a);
                let (a, b) = (self.take(*a), self.take(*b));
                expr::compare(*op, ty, &a, &b)
            }
            Op::Select(on, a, b) => {
                let (on, a, b) = (self.take(*on), self.take(*a), self.take(*b));
                expr::select(&on, &a, &b)
            }
            Op::Convert(op, a) => expr::convert(*op, &self.take(*a)),
            Op::Load(place) => {
                reads = true;
                let text = self.place(place)?;
                let ty = result.map(|result| self.system.ty(result));
                match self.unsigned(place) {
                    _ if self.scalar(place) == Some(Scalar::Entity) => {
                        Expr::new(format!("{text}{BITS_OF}"), Level::Cast)
                    }
                    // Integers have no sign of their own here.
                    Some(_) => {
                        let ty = ty.unwrap_or(Type::I32).name();
                        Expr::new(format!("{text} as {ty}"), Level::Cast)
                    }
                    None => Expr::atom(text),
                }
            }
            Op::Splat(_) | Op::Lane(..) | Op::Left => {
                unreachable!("Rust text is made from scalar form")
            }
            Op::If(on, arms) => match self.short(arms) {
                Some((sign, rest)) => {
                    let on = self.take(*on).at(Level::Compare);
                    self.insts(&rest.insts)?;
                    let value = self.take(rest.end.values()[0]);
                    reads = true;
                    let value = value.at(Level::Compare);
                    Expr::new(format!("{on} {sign} {value}"), Level::Open)
                }
                None => return self.effect(inst, &inst.op),
            },
            effect => return self.effect(inst, effect),
        };
        if let Some(result) = result {
            self.define(result, expr, reads);
        }
        Ok(())
    }

    /// The sign, and the region that is looked at only if it must be, where a choice is `||` or `&&`.
    fn short<'r>(&self, arms: &'r [Region; 2]) -> Option<(&'static str, &'r Region)> {
        let known = |region: &Region| {
            let [value] = *region.end.values() else {
                return None;
            };
            let constant = |inst: &Inst| match inst.op {
                Op::Const(Const::Bool(value)) => Some(value),
                _ => None,
            };
            match region.insts.as_slice() {
                [] => self.known.get(&value)?.text.parse().ok(),
                [only] if only.results == [value] => constant(only),
                _ => None,
            }
        };
        let quiet = |region: &Region| {
            // Another row than this one may not be there.
            let quiet = |inst: &Inst| match &inst.op {
                Op::Load(place) => match place.index {
                    Index::Row(row, _) => Some(row) == self.row,
                    Index::Only(_) => true,
                    _ => false,
                },
                op => op.is_pure(),
            };
            matches!(&region.end, End::Yield(values) if values.len() == 1)
                && region.insts.iter().all(quiet)
        };
        match (known(&arms[0]), known(&arms[1])) {
            (Some(true), _) if quiet(&arms[1]) => Some(("||", &arms[1])),
            (_, Some(false)) if quiet(&arms[0]) => Some(("&&", &arms[0])),
            _ => None,
        }
    }

    fn effect(&mut self, inst: &Inst, op: &Op) -> Result<(), RustError> {
        match op {
            Op::Store(place, value) => {
                let value = self.take(*value);
                let place_text = self.place(place)?;
                self.settle();
                self.locate(inst.at);
                let value = self.stored(place, &value);
                self.line(&format!("{place_text} = {value};"));
            }
            Op::Assert(holds, trap) => {
                let holds = self.take(*holds).text;
                self.settle();
                let words = self.words(*trap, inst.at);
                self.line(&format!("assert!({holds}, {words:?});"));
            }
            Op::Command(one) => self.command(inst, one)?,
            Op::Refill => {
                self.settle();
                if std::mem::take(&mut self.begins) {
                    self.line("// Rounds that loops may still make.");
                    self.line(&format!("let mut rounds: i64 = {LOOP_BUDGET};"));
                } else {
                    self.line(&format!("rounds = {LOOP_BUDGET};"));
                }
            }
            Op::Spend(taken) => {
                let taken = self.take(*taken);
                self.settle();
                let words = self.words(Trap::Endless, inst.at);
                let taken = match taken.number {
                    Some(_) => taken.text,
                    None => format!("i64::from({}).max(0)", taken.text),
                };
                self.line(&format!("rounds -= {taken};"));
                self.line(&format!("assert!(rounds >= 0, {words:?});"));
            }
            Op::If(on, arms) => {
                let on = self.take(*on).text;
                self.settle();
                if let Some((before, place, value)) = self.choice(inst, arms) {
                    return self.choose(&on, before, place, value);
                }
                self.locate(inst.at);
                let opening = self.opening(&inst.results);
                let tail = if inst.results.is_empty() {
                    Tail::Nothing
                } else {
                    Tail::Values
                };
                self.line(&format!("{opening}if {on} {{"));
                self.inner(&arms[0], tail)?;
                if !is_nothing(&arms[1]) {
                    self.line("} else {");
                    self.inner(&arms[1], tail)?;
                }
                self.line(if inst.results.is_empty() { "}" } else { "};" });
            }
            Op::For(one) => {
                let from = self.take(one.from);
                let to = self.take(one.to);
                let init = self.texts(&one.init);
                self.settle();
                self.locate(inst.at);
                let mut params = one.body.params.iter();
                let index = params.next().copied().expect("a loop has an index");
                let carried: Vec<String> = params.clone().map(|value| name(*value)).collect();
                for ((value, init), text) in params.zip(&init).zip(&carried) {
                    let ty = self.system.ty(*value).name();
                    self.line(&format!("let mut {text}: {ty} = {init};"));
                }
                // The results are what the carried variables hold in the end.
                for (result, text) in inst.results.iter().zip(&carried) {
                    self.known.insert(*result, Expr::atom(text.clone()));
                }
                let index = if self.uses.count[index.index()] == 0 {
                    "_".to_owned()
                } else {
                    name(index)
                };
                let range = match (from.number, to.number) {
                    // Nothing else says of which type they are.
                    (Some(_), Some(_)) => format!("{}..{}", from.typed(Level::Sum), to.text),
                    _ => format!("{}..{}", operand(&from), operand(&to)),
                };
                let range = match one.step {
                    1 => range,
                    step => format!("({range}).step_by({step})"),
                };
                self.line(&format!("{}: for {index} in {range} {{", label(one.label)));
                self.loops.push(Frame {
                    label: one.label,
                    carried,
                    kind: Kind::For,
                });
                self.inner(&one.body, Tail::Loop(one.label))?;
                self.loops.pop();
                self.line("}");
            }
            Op::Loop(one) => {
                let init = self.texts(&one.init);
                self.settle();
                self.locate(inst.at);
                let carried: Vec<String> =
                    one.body.params.iter().map(|value| name(*value)).collect();
                for ((value, init), text) in one.body.params.iter().zip(&init).zip(&carried) {
                    let ty = self.system.ty(*value).name();
                    self.line(&format!("let mut {text}: {ty} = {init};"));
                }
                let opening = self.opening(&inst.results);
                self.line(&format!("{opening}{}: loop {{", label(one.label)));
                self.loops.push(Frame {
                    label: one.label,
                    carried,
                    kind: Kind::Value,
                });
                self.inner(&one.body, Tail::Loop(one.label))?;
                self.loops.pop();
                self.line(if inst.results.is_empty() { "}" } else { "};" });
            }
            Op::Block(at, body) => {
                self.settle();
                let opening = self.opening(&inst.results);
                self.line(&format!("{opening}{}: {{", label(*at)));
                self.loops.push(Frame {
                    label: *at,
                    carried: Vec::new(),
                    kind: Kind::Value,
                });
                let tail = if inst.results.is_empty() {
                    Tail::Nothing
                } else {
                    Tail::Values
                };
                self.inner(body, tail)?;
                self.loops.pop();
                self.line(if inst.results.is_empty() { "}" } else { "};" });
            }
            _ => unreachable!("what has no effect is an expression"),
        }
        Ok(())
    }

    /// A value as what stands at a place.
    fn stored(&self, place: &Place, value: &Expr) -> String {
        match self.scalar(place) {
            Some(of) => scalar(value, of),
            None => value.text.clone(),
        }
    }

    /// What an arm does that sets one number of the row at hand and nothing else: instructions, the store's place, value and source.
    #[allow(clippy::type_complexity, reason = "taken apart by the only caller")]
    fn choice<'r>(
        &self,
        inst: &Inst,
        arms: &'r [Region; 2],
    ) -> Option<(&'r [Inst], &'r Inst, (&'r Place, Value))> {
        let (last, before) = arms[0].insts.split_last()?;
        let Op::Store(place, value) = &last.op else {
            return None;
        };
        let own = |place: &Place| matches!(place.index, Index::Row(at, _) if Some(at) == self.row);
        let cheap = |inst: &Inst| match &inst.op {
            Op::Load(place) => own(place),
            Op::Unary(op, _) => {
                !op.is_hosts() && !matches!(op, Unary::Floor | Unary::Ceil | Unary::Trunc)
            }
            Op::Binary(op, ..) => !op.is_hosts() && inst.op.is_pure(),
            op => op.is_pure(),
        };
        let yields = matches!(&arms[0].end, End::Yield(values) if values.is_empty());
        let fits = inst.results.is_empty()
            && yields
            && is_nothing(&arms[1])
            && own(place)
            && self.scalar(place) != Some(Scalar::Entity)
            && before.len() <= ARM
            && before.iter().all(cheap);
        fits.then_some((before, last, (place, *value)))
    }

    /// `place = if on { value } else { place };`: a write that is made in any case is one that rustc takes several rows at a time for.
    fn choose(
        &mut self,
        on: &str,
        before: &[Inst],
        store: &Inst,
        (place, value): (&Place, Value),
    ) -> Result<(), RustError> {
        // The condition may read what is about to be named; reads have no effect on it.
        self.insts(before)?;
        let value = self.take(value);
        let value = self.stored(place, &value);
        let text = self.place(place)?;
        self.settle();
        self.locate(store.at);
        self.line(&format!(
            "{text} = if {on} {{ {value} }} else {{ {text} }};"
        ));
        Ok(())
    }

    /// `let (v1, v2): (f32, f32) = ` before what gives these results.
    fn opening(&self, results: &[Value]) -> String {
        let ty = |value: &Value| self.system.ty(*value).name();
        let called = |value: &Value| match self.uses.count[value.index()] {
            0 => "_".to_owned(),
            _ => name(*value),
        };
        match results {
            [] => String::new(),
            [one] => format!("let {}: {} = ", called(one), ty(one)),
            all => {
                let names: Vec<String> = all.iter().map(called).collect();
                let types: Vec<&str> = all.iter().map(ty).collect();
                format!("let ({}): ({}) = ", names.join(", "), types.join(", "))
            }
        }
    }

    fn inner(&mut self, region: &Region, tail: Tail) -> Result<(), RustError> {
        self.depth += 1;
        let done = self.region(region, tail);
        self.depth -= 1;
        done
    }

    fn region(&mut self, region: &Region, tail: Tail) -> Result<(), RustError> {
        self.insts(&region.insts)?;
        let values = self.texts(region.end.values());
        self.settle();
        match &region.end {
            End::Yield(_) => {
                if tail == Tail::Values {
                    self.line(&tuple(&values));
                }
            }
            End::Continue(to, _) => {
                let frame = self.frame(*to);
                let (carried, kind) = (frame.carried.clone(), frame.kind);
                self.assign(&carried, &values);
                if tail != Tail::Loop(*to) {
                    let go = match kind {
                        Kind::Rows => "return;".to_owned(),
                        Kind::AllRows => "continue 'rows;".to_owned(),
                        _ => format!("continue {};", label(*to)),
                    };
                    self.line(&go);
                }
            }
            End::Break(to, _) => {
                let frame = self.frame(*to);
                let (carried, kind) = (frame.carried.clone(), frame.kind);
                match kind {
                    Kind::For => {
                        self.assign(&carried, &values);
                        self.line(&format!("break {};", label(*to)));
                    }
                    _ if values.is_empty() => self.line(&format!("break {};", label(*to))),
                    _ => self.line(&format!("break {} {};", label(*to), tuple(&values))),
                }
            }
            End::Unreachable => self.line("unreachable!()"),
        }
        Ok(())
    }

    fn frame(&self, label: Label) -> &Frame {
        let mut open = self.loops.iter().rev();
        open.find(|frame| frame.label == label)
            .expect("the verifier has seen that the label is open")
    }

    /// All carried variables at once: one may be made of another's old value.
    fn assign(&mut self, carried: &[String], values: &[String]) {
        let moves: Vec<(&String, &String)> = carried
            .iter()
            .zip(values)
            .filter(|(variable, value)| variable != value)
            .collect();
        match moves.as_slice() {
            [] => {}
            [(variable, value)] => self.line(&format!("{variable} = {value};")),
            all => {
                let (to, from): (Vec<&str>, Vec<&str>) =
                    all.iter().map(|(a, b)| (a.as_str(), b.as_str())).unzip();
                self.line(&format!("({}) = ({});", to.join(", "), from.join(", ")));
            }
        }
    }

    fn input(&self, number: u32) -> Expr {
        match self.system.inputs[number as usize] {
            Input::Dt => Expr::atom("cx.dt"),
            Input::Dt64 => Expr::atom("cx.dt64"),
            Input::Step => Expr::new("cx.step as i64", Level::Cast),
            Input::Seed => Expr::new("cx.seed() as i64", Level::Cast),
            // All columns of a chunk are of one length.
            Input::EventCount(component) => {
                let mut inputs = self.system.inputs.iter().zip(&self.function.inputs);
                let events = inputs.find(|(input, _)| **input == Input::Events(component));
                let name = events.map_or("events", |(_, name)| name.as_str());
                Expr::new(format!("{name}.len() as i32"), Level::Cast)
            }
            Input::Count => match self.rows() {
                Some(rows) => Expr::new(format!("{rows}.len() as i32"), Level::Cast),
                None => Expr::atom("1"),
            },
            Input::Column(_) | Input::Entities | Input::Resource(_) | Input::Events(_) => {
                unreachable!("memory has no value of its own")
            }
        }
    }

    /// A column, or the entities, of which there are as many as rows.
    fn rows(&self) -> Option<&str> {
        let mut inputs = self.system.inputs.iter().zip(&self.function.inputs);
        let (_, name) = inputs.find(|(input, _)| input.has_rows())?;
        Some(name)
    }

    /// `position.x`, `position[v3 as usize].x`, `wind.0[1]`.
    fn place(&mut self, place: &Place) -> Result<String, RustError> {
        let name = self.function.inputs[place.input as usize].clone();
        let (mut row, mut item) = (None, None);
        let slot = match place.index {
            Index::Row(number, slot) => {
                if Some(number) != self.row {
                    row = Some(self.take(number));
                }
                slot
            }
            Index::Item(number, slot) => {
                item = Some(self.take(number));
                slot
            }
            Index::Only(slot) => slot,
            Index::Word(_) => unreachable!("Rust text is made from scalar form"),
        };
        let component = self.component(place);
        let slot = component
            .slot(slot)
            .expect("the verifier has seen the slot");
        let field = &component.fields[slot.field];
        let mut text = name;
        if let Some(row) = row {
            let _ = write!(text, "[{}]", index(&row));
        }
        if self.system.inputs[place.input as usize] == Input::Entities {
            return Ok(text);
        }
        let _ = write!(text, ".{}", names::field_access(component, field)?);
        if let Some(item) = item {
            let _ = write!(text, "[{}]", index(&item));
        } else if field.count > 1 {
            let _ = write!(text, "[{}]", slot.element);
        }
        Ok(text)
    }

    fn component(&self, place: &Place) -> &super::Component {
        let input = self.system.inputs[place.input as usize];
        layout(&self.module.components, input).expect("the verifier has seen the input")
    }

    fn scalar(&self, place: &Place) -> Option<Scalar> {
        match place.index {
            Index::Row(_, slot) | Index::Only(slot) | Index::Item(_, slot) => {
                Some(self.component(place).slot(slot)?.scalar)
            }
            Index::Word(_) => None,
        }
    }

    /// `commands.spawn((Position([v1, 2.0]), Health { now: 5.0, most: 5.0 }));`
    fn command(&mut self, inst: &Inst, one: &Command) -> Result<(), RustError> {
        let values = one.values.iter().map(|value| self.take(*value));
        let mut values = values.collect::<Vec<_>>().into_iter();
        let entity = one.entity.map(|entity| as_entity(&self.take(entity)));
        self.settle();
        self.locate(inst.at);
        let (mut parts, mut types) = (Vec::new(), Vec::new());
        let template = one
            .template
            .map(|number| &self.module.templates[number as usize]);
        for number in template.into_iter().flatten() {
            let component = &self.module.components[*number as usize];
            types.push(names::type_name(&component.name)?);
            if one.act.takes_values() {
                parts.push(literal(component, &mut values)?);
            }
        }
        let entity = entity.unwrap_or_default();
        let text = match one.act {
            Act::Spawn => format!("spawn({})", bundle(parts)),
            Act::Despawn => format!("despawn({entity})"),
            Act::Insert => format!("insert({entity}, {})", bundle(parts)),
            Act::Remove => format!("remove::<{}>({entity})", bundle(types)),
            Act::Send => format!("send({})", bundle(parts)),
        };
        self.line(&format!("commands.{text};"));
        Ok(())
    }

    /// The unsigned type that stands at a place, if one does.
    fn unsigned(&self, place: &Place) -> Option<&'static str> {
        let scalar = self.scalar(place)?.name();
        matches!(scalar, "u32" | "u64" | "u8").then_some(scalar)
    }

    fn check_divisor(&mut self, divisor: Value, at: Option<At>) {
        let known = self.known.get(&divisor);
        let constant = known.is_some_and(|expr| expr.number.is_some() && expr.text != "0");
        if constant {
            return;
        }
        // Asked and used: it needs a name.
        if let Some(expr) = self.known.remove(&divisor) {
            self.reads.retain(|read| *read != divisor);
            self.bind(divisor, &expr.text);
        }
        let words = self.words(Trap::Divide, at);
        self.line(&format!("assert!({} != 0, {words:?});", name(divisor)));
    }

    fn words(&self, trap: Trap, at: Option<At>) -> String {
        match at.and_then(|at| super::place(self.module, at, self.texts)) {
            Some(place) => format!("{place}: {}", trap.words()),
            None => trap.words().to_owned(),
        }
    }
}
