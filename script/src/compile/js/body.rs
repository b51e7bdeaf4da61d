//! Functions and statements.

mod see;

use super::expr::Js;
use super::names::Names;
use super::seen::{any, calls_any, is_index, may_be_nan, walk};
use super::steps::{Seen, Steps};
use super::{array_name, mark, place};
use crate::compile::LOOP_BUDGET;
use crate::compile::ir::{At, Component, Const, Input, Scalar, layout};
use crate::compile::tree::{
    Base, Command, Counted, Element, Expr, Function, General, Item, Kind, Local, LoopId, Param,
    Stmt, SystemTree, Tree,
};
use std::collections::{BTreeMap, BTreeSet};

/// Where an element stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub input: u32,
    /// The row's variable, or the expression that finds it.
    pub row: Option<String>,
    pub slot: u32,
    /// As the row: the element of an array that begins at the slot.
    pub item: Option<String>,
}

/// What the functions of a system share.
struct Shared<'t> {
    tree: &'t Tree,
    /// Names of the functions of the top level.
    functions: &'t [String],
    /// What is known where functions begin.
    names: Names,
    /// Of a system.
    inputs: Vec<ArraysOf<'t>>,
    length: String,
    /// Functions that take rows, by the columns that they are called with.
    within: Vec<(usize, Vec<Option<Bound>>, String)>,
    /// How many of them are written.
    written: usize,
    /// What a debugger can stop at, if that is wanted.
    steps: Option<&'t Steps>,
}

/// An input of a system.
struct ArraysOf<'t> {
    input: Input,
    /// What it is called in the source.
    shown: &'t str,
    layout: Option<&'t Component>,
    /// Its only name, if it is a number.
    name: String,
    arrays: Vec<(Scalar, String)>,
}

/// The function at hand.
pub struct Body<'s, 't> {
    shared: &'s mut Shared<'t>,
    names: Names,
    known: &'t crate::compile::tree::Names,
    locals: BTreeMap<u32, String>,
    elements: BTreeMap<u32, Bound>,
    /// How often each variable is set.
    sets: BTreeMap<u32, u32>,
    /// Indices of loops over the rows: rows that are there.
    rows: BTreeSet<u32>,
    /// Indices of other counted loops from 0 on, with the end that they stay below.
    ends: BTreeMap<u32, u32>,
    /// Variables that hold how many rows there are.
    lengths: BTreeSet<u32>,
    loops: Vec<(LoopId, Round)>,
    /// Loops that are left from within others.
    labelled: BTreeSet<u32>,
    out: String,
    indent: usize,
    /// Whether something that was written may stop the system.
    pub stops: bool,
    is_system: bool,
    /// What it is called in the source.
    called: &'t str,
    /// What a debugger shows here, if that is wanted.
    seen: Vec<Seen>,
    /// Lines of the source that a statement of this function began on.
    lines: BTreeSet<(u32, u32)>,
}

/// How the next round of a loop is begun.
enum Round {
    Continue,
    /// By leaving the block around its body.
    Leave(String),
}

/// Whether a function takes rows.
pub fn takes_rows(function: &Function) -> bool {
    let row = |param: &Param| matches!(param, Param::Element(_));
    function.params.iter().any(row)
}

/// A system's function.
pub fn system<'t>(
    tree: &'t Tree,
    functions: &'t [String],
    names: &Names,
    system: &'t SystemTree,
    name: &str,
    steps: Option<&'t Steps>,
    out: &mut String,
) {
    let mut names = names.clone();
    let (mut params, mut inputs, mut length) = (Vec::new(), Vec::new(), String::new());
    for (input, param) in &system.inputs {
        let mut of = ArraysOf {
            input: *input,
            shown: param,
            layout: layout(&tree.components, *input),
            name: String::new(),
            arrays: Vec::new(),
        };
        match of.layout {
            Some(layout) => {
                for kind in place::kinds(layout) {
                    let name = names.declare(&array_name(layout, param, kind));
                    params.push(name.clone());
                    of.arrays.push((kind, name));
                }
            }
            None => {
                let count = *input == Input::Count;
                of.name = names.declare(if count { "length" } else { param });
                if count {
                    length.clone_from(&of.name);
                }
                params.push(of.name.clone());
            }
        }
        inputs.push(of);
    }
    let mut shared = Shared {
        tree,
        functions,
        names,
        inputs,
        length,
        within: Vec::new(),
        written: 0,
        steps,
    };
    let mut body = Body::new(&mut shared, &system.name, &system.names, &system.body);
    body.is_system = true;
    body.indent = 1;
    body.see_inputs();
    body.statements(&system.body);
    let main = body.out;
    let mut rest = String::new();
    while let Some((number, bounds, name)) = shared.within.get(shared.written).cloned() {
        shared.written += 1;
        rest.push('\n');
        written(&mut shared, number, &bounds, &name, 1, &mut rest);
    }
    out.push_str(&format!("function {name}({}) {{\n", params.join(", ")));
    if main.contains("$spend(") || rest.contains("$spend(") || shared.calls_loops() {
        out.push_str(&format!("  $budget = {LOOP_BUDGET};\n"));
    }
    if steps.is_some() {
        out.push_str("  $row = -1;\n");
    }
    out.push_str(&main);
    out.push_str(&rest);
    out.push_str("}\n");
}

/// A function of the top level that takes values only.
pub fn function<'t>(
    tree: &'t Tree,
    functions: &'t [String],
    names: &Names,
    number: usize,
    steps: Option<&'t Steps>,
    out: &mut String,
) {
    let mut shared = Shared {
        tree,
        functions,
        names: names.clone(),
        inputs: Vec::new(),
        length: String::new(),
        within: Vec::new(),
        written: 0,
        steps,
    };
    written(&mut shared, number, &[], &functions[number], 0, out);
}

/// Writes a function; `bounds` are the columns or resources of its parameters that are elements.
fn written<'t>(
    shared: &mut Shared<'t>,
    number: usize,
    bounds: &[Option<Bound>],
    name: &str,
    indent: usize,
    out: &mut String,
) {
    let function: &'t Function = &shared.tree.functions[number];
    let mut body = Body::new(shared, &function.name, &function.names, &function.body);
    let mut params = Vec::new();
    for (place, param) in function.params.iter().enumerate() {
        match *param {
            Param::Value(local) => params.push(body.declare(local)),
            Param::Element(id) => {
                let mut bound = bounds[place].clone().expect("the caller bound it");
                if bound.row.is_some() {
                    let wanted = body.known.element(id);
                    let name = body.names.declare(wanted);
                    params.push(name.clone());
                    body.see(bound.input, wanted, Some(&name));
                    bound.row = Some(name);
                }
                body.elements.insert(id.0, bound);
            }
        }
    }
    body.indent = indent + 1;
    body.statements(&function.body);
    let pad = "  ".repeat(indent);
    let text = &body.out;
    out.push_str(&format!(
        "{pad}function {name}({}) {{\n{text}{pad}}}\n",
        params.join(", ")
    ));
}

impl Shared<'_> {
    /// Whether there is a loop in a function of the top level.
    fn calls_loops(&self) -> bool {
        let is_loop = |statement: &Stmt| matches!(statement, Stmt::Count(_) | Stmt::Loop(_));
        self.tree
            .functions
            .iter()
            .any(|function| any(&function.body, &is_loop))
    }
}

impl<'s, 't> Body<'s, 't> {
    fn new(
        shared: &'s mut Shared<'t>,
        called: &'t str,
        known: &'t crate::compile::tree::Names,
        body: &'t [Stmt],
    ) -> Self {
        let names = shared.names.clone();
        let (mut sets, mut labelled) = (BTreeMap::new(), BTreeSet::new());
        walk(body, &mut Vec::new(), &mut sets, &mut labelled);
        super::expr::each(body, &mut |expr| {
            if let Kind::Draw(_, local, _) = expr.kind {
                *sets.entry(local.0).or_default() += 1;
            }
        });
        Body {
            shared,
            names,
            known,
            locals: BTreeMap::new(),
            elements: BTreeMap::new(),
            sets,
            rows: BTreeSet::new(),
            ends: BTreeMap::new(),
            lengths: BTreeSet::new(),
            loops: Vec::new(),
            labelled,
            out: String::new(),
            indent: 0,
            stops: false,
            is_system: false,
            called,
            seen: Vec::new(),
            lines: BTreeSet::new(),
        }
    }

    pub fn tree(&self) -> &'t Tree {
        self.shared.tree
    }

    pub fn length(&self) -> &str {
        &self.shared.length
    }

    pub fn input_name(&self, input: u32) -> &str {
        &self.shared.inputs[input as usize].name
    }

    /// The name of a variable that was declared.
    pub fn local(&self, local: Local) -> &str {
        let found = self.locals.get(&local.0);
        found.expect("a variable is declared with a value")
    }

    pub fn is_row(&self, local: Local) -> bool {
        self.rows.contains(&local.0)
    }

    fn declare(&mut self, local: Local) -> String {
        let wanted = match self.known.local(local) {
            "" => "i",
            wanted => wanted,
        };
        let name = self.names.declare(wanted);
        self.locals.insert(local.0, name.clone());
        if self.shared.steps.is_some() && !self.known.local(local).is_empty() {
            self.seen.push(Seen::variable(wanted, &name));
        }
        name
    }

    /// The array and the index in it of a scalar.
    pub fn scalar(&mut self, element: &'t Element, scalar: Scalar) -> String {
        let bound = self.bound(element);
        let input = &self.shared.inputs[bound.input as usize];
        let layout = input.layout.expect("a column or resource");
        let (first, stride) = place::index(layout, bound.slot);
        let array = input.arrays.iter().find(|(kind, _)| *kind == scalar);
        let array = &array.expect("the checker found a scalar of that kind").1;
        if let Some(item) = bound.item {
            return match first {
                0 => format!("{array}[{item}]"),
                first => format!("{array}[{first} + {item}]"),
            };
        }
        match (bound.row, stride, first) {
            (None, _, first) => format!("{array}[{first}]"),
            (Some(row), 1, _) => format!("{array}[{row}]"),
            (Some(row), stride, 0) => format!("{array}[{stride} * {row}]"),
            (Some(row), stride, first) => format!("{array}[{stride} * {row} + {first}]"),
        }
    }

    /// Where an element stands; a row that may not be there is looked at.
    pub fn bound(&mut self, element: &'t Element) -> Bound {
        let (input, row) = match &element.base {
            Base::Row(input, row, at) => (*input, Some(self.row(row, *at))),
            Base::Event(input, count, event, at) => {
                self.stops = true;
                let event = self.expr(event).text;
                let count = &self.shared.inputs[*count as usize].name;
                (
                    *input,
                    Some(format!("{}$item({event}, {count})", mark(*at))),
                )
            }
            Base::Resource(input) => (*input, None),
            Base::Named(id) => {
                let bound = self.elements.get(&id.0);
                let bound = bound.expect("a name of a row is bound where it is declared");
                let slot = bound.slot + element.slot;
                let bound = Bound {
                    slot,
                    ..bound.clone()
                };
                return self.with_item(bound, element);
            }
        };
        let bound = Bound {
            input,
            row,
            slot: element.slot,
            item: None,
        };
        self.with_item(bound, element)
    }

    fn with_item(&mut self, bound: Bound, element: &'t Element) -> Bound {
        match &element.item {
            None => bound,
            Some(item) => Bound {
                item: Some(self.item(item)),
                ..bound
            },
        }
    }

    fn item(&mut self, item: &'t Item) -> String {
        match item.index.kind {
            Kind::Const(Const::I32(index)) if (index as u32) < item.count => index.to_string(),
            Kind::Local(local)
                if self
                    .ends
                    .get(&local.0)
                    .is_some_and(|end| *end <= item.count) =>
            {
                self.local(local).to_owned()
            }
            _ => {
                self.stops = true;
                let index = self.expr(&item.index).text;
                format!("{}$item({index}, {})", mark(item.at), item.count)
            }
        }
    }

    fn row(&mut self, row: &'t Expr, at: At) -> String {
        if let Kind::Local(local) = row.kind
            && self.is_row(local)
        {
            return self.local(local).to_owned();
        }
        self.stops = true;
        let row = self.expr(row).text;
        format!("{}$at({row}, {})", mark(at), self.shared.length)
    }

    /// The name of a function for the columns that it is called with.
    pub fn function(&mut self, number: usize, bounds: Vec<Option<Bound>>) -> String {
        let name = &self.shared.functions[number];
        if bounds.iter().all(Option::is_none) {
            return name.clone();
        }
        // Rows are passed; only which column it is makes a difference.
        let bounds: Vec<Option<Bound>> = bounds
            .into_iter()
            .map(|bound| {
                bound.map(|bound| Bound {
                    row: bound.row.map(|_| String::new()),
                    ..bound
                })
            })
            .collect();
        let within = &self.shared.within;
        let known = within
            .iter()
            .find(|(other, known, _)| *other == number && *known == bounds);
        if let Some((.., name)) = known {
            return name.clone();
        }
        let again = within.iter().any(|(other, ..)| *other == number);
        let name = match again {
            false => name.clone(),
            true => {
                let name = self.names.declare(name);
                self.names.keep(&name);
                self.shared.names.keep(&name);
                name
            }
        };
        self.shared.within.push((number, bounds, name.clone()));
        name
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// Some statements one level deeper, apart.
    fn block(&mut self, body: &'t [Stmt]) -> String {
        let before = std::mem::take(&mut self.out);
        self.indent += 1;
        self.names.open();
        let seen = self.seen.len();
        self.statements(body);
        self.seen.truncate(seen);
        self.names.close();
        self.indent -= 1;
        std::mem::replace(&mut self.out, before)
    }

    fn statements(&mut self, body: &'t [Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &'t Stmt) {
        self.pause(statement);
        match statement {
            Stmt::Alias(id, element) => self.alias(*id, element),
            Stmt::If(on, then, otherwise, _) => self.branch("if", on, then, otherwise),
            Stmt::Count(counted) => self.counted(counted),
            Stmt::Loop(general) => self.general(general),
            Stmt::Break(id) => {
                let text = match self.innermost(*id) {
                    true => "break;".to_owned(),
                    false => format!("break loop{};", id.0 + 1),
                };
                self.line(&text);
            }
            Stmt::Continue(id) => {
                let round = self.loops.iter().find(|(known, _)| known == id);
                let text = match &round.expect("the checker found the loop around it").1 {
                    Round::Leave(label) => format!("break {label};"),
                    Round::Continue if self.innermost(*id) => "continue;".to_owned(),
                    Round::Continue => format!("continue loop{};", id.0 + 1),
                };
                self.line(&text);
            }
            Stmt::Return(None) => self.line("return;"),
            Stmt::Return(Some(value)) => {
                let value = self.expr(value).text;
                self.line(&format!("return {value};"));
            }
            Stmt::Set(local, value) if !self.locals.contains_key(&local.0) => {
                let once = self.sets.get(&local.0) == Some(&1);
                if once && self.is_length(value) {
                    self.lengths.insert(local.0);
                }
                let value = self.expr(value).text;
                let name = self.declare(*local);
                let word = if once { "const" } else { "let" };
                self.line(&format!("{word} {name} = {value};"));
            }
            Stmt::Command(command) => self.command(command),
            Stmt::Set(..) | Stmt::Store(..) | Stmt::Call(_) => {
                let text = self.effect(statement).expect("it is one of these");
                self.line(&format!("{text};"));
            }
        }
    }

    /// A statement that is an expression.
    fn effect(&mut self, statement: &'t Stmt) -> Option<String> {
        match statement {
            Stmt::Set(local, value) if self.locals.contains_key(&local.0) => {
                let value = self.expr(value).text;
                Some(format!("{} = {value}", self.local(*local)))
            }
            Stmt::Store(access, value, _) => {
                let place = self.scalar(&access.element, access.scalar);
                let stored = self.stored(value, access.scalar);
                Some(format!("{place} = {stored}"))
            }
            Stmt::Call(call) => Some(self.expr(call).text),
            _ => None,
        }
    }

    fn command(&mut self, command: &'t Command) {
        self.stops = true;
        let mut values = Vec::new();
        if let Some(entity) = &command.entity {
            values.push(self.expr(entity).text);
        }
        values.extend(command.template.map(|number| number.to_string()));
        if command.act.takes_values() {
            let parts: Vec<String> = command
                .values
                .iter()
                .map(|value| self.expr(value).text)
                .collect();
            values.push(format!("[{}]", parts.join(", ")));
        }
        let (at, name) = (mark(command.at), command.act.name());
        self.line(&format!("{at}$world.{name}({});", values.join(", ")));
    }

    fn alias(&mut self, id: crate::compile::tree::ElementId, element: &'t Element) {
        let mut bound = self.bound(element);
        // A name alone is the index of a loop over the rows, which stays as it is, or another row's.
        if let Some(row) = &bound.row
            && row.starts_with('\u{1}')
        {
            let name = self.names.declare(self.known.element(id));
            let text = format!("const {name} = {row};");
            self.line(&text);
            bound.row = Some(name);
        }
        if let Some(item) = &bound.item
            && item.starts_with('\u{1}')
        {
            let name = self.names.declare("item");
            let text = format!("const {name} = {item};");
            self.line(&text);
            bound.item = Some(name);
        }
        self.elements.insert(id.0, bound);
    }

    fn branch(&mut self, word: &str, on: &'t Expr, then: &'t [Stmt], otherwise: &'t [Stmt]) {
        let on = self.expr(on).text;
        let then = self.block(then);
        let pad = "  ".repeat(self.indent);
        self.line(&format!("{word} ({on}) {{"));
        self.out.push_str(&then);
        if otherwise.is_empty() {
            return self.line("}");
        }
        let otherwise = self.block(otherwise);
        self.out
            .push_str(&format!("{pad}}} else {{\n{otherwise}{pad}}}\n"));
    }

    fn innermost(&self, id: LoopId) -> bool {
        self.loops.last().is_some_and(|(known, _)| *known == id)
    }

    fn label(&self, id: LoopId) -> String {
        match self.labelled.contains(&id.0) {
            true => format!("loop{}: ", id.0 + 1),
            false => String::new(),
        }
    }

    /// Whether an expression is how many rows there are.
    fn is_length(&self, expr: &Expr) -> bool {
        match expr.kind {
            Kind::Length => true,
            Kind::Local(local) => self.lengths.contains(&local.0),
            _ => false,
        }
    }

    fn counted(&mut self, counted: &'t Counted) {
        let outermost = self.is_system && self.loops.is_empty();
        let from_zero = matches!(counted.from.kind, Kind::Const(Const::I32(0)));
        let not_below = matches!(counted.from.kind, Kind::Const(Const::I32(from)) if from >= 0);
        let over_rows = outermost && from_zero && matches!(counted.to.kind, Kind::Length);
        let to_length = self.is_length(&counted.to);
        let from = self.expr(&counted.from).text;
        let to = self.expr(&counted.to);
        // What the end costs to compute is paid once.
        let simple = to
            .text
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '$');
        let (end, begin) = match simple {
            true => (to.text.clone(), String::new()),
            false => {
                let name = self.names.declare("end");
                (name.clone(), format!("const {name} = {};", to.text))
            }
        };
        if !begin.is_empty() {
            self.line(&begin);
        }
        self.names.open();
        let seen = self.seen.len();
        let mut body = &counted.body[..];
        let wanted = self.known.local(counted.index);
        let index = match (wanted.is_empty(), body) {
            // `for (const p of positions)`: the row goes by that name.
            (true, [Stmt::Alias(id, element), rest @ ..]) if is_index(element, counted.index) => {
                let name = self.names.declare(self.known.element(*id));
                self.locals.insert(counted.index.0, name.clone());
                if let Base::Row(input, ..) = element.base {
                    let bound = Bound {
                        input,
                        row: Some(name.clone()),
                        slot: element.slot,
                        item: None,
                    };
                    self.elements.insert(id.0, bound);
                    self.see(input, &name, Some(&name));
                }
                body = rest;
                name
            }
            _ => self.declare(counted.index),
        };
        if not_below && to_length {
            self.rows.insert(counted.index.0);
            if !wanted.is_empty() {
                self.see_rows(&index);
            }
        }
        if let Kind::Const(Const::I32(end @ 0..)) = counted.to.kind
            && not_below
        {
            self.ends.insert(counted.index.0, end as u32);
        }
        if !over_rows && not_below {
            self.stops = true;
            let rounds = if from_zero {
                end.clone()
            } else {
                format!("{end} - {from}")
            };
            let text = format!("{}$spend({rounds});", mark(counted.at));
            self.line(&text);
        }
        let stopped = std::mem::replace(&mut self.stops, false);
        self.loops.push((counted.id, Round::Continue));
        let text = self.block(body);
        self.loops.pop();
        let pad = "  ".repeat(self.indent + 1);
        let mut first = String::new();
        if outermost && to_length && (self.stops || self.shared.steps.is_some()) {
            first.push_str(&format!("{pad}$row = {index};\n"));
        }
        if over_rows && (text.contains("$spend(") || (self.shared.calls_loops() && calls_any(body)))
        {
            first.push_str(&format!("{pad}$budget = {LOOP_BUDGET};\n"));
        }
        if !over_rows && !not_below {
            self.stops = true;
            first.push_str(&format!("{pad}{}$spend(1);\n", mark(counted.at)));
        }
        self.stops |= stopped;
        let label = self.label(counted.id);
        self.line(&format!(
            "{label}for (let {index} = {from}; {index} < {end}; {index}++) {{"
        ));
        self.out.push_str(&first);
        self.out.push_str(&text);
        self.line("}");
        if outermost && self.shared.steps.is_some() {
            self.line("$row = -1;");
        }
        self.seen.truncate(seen);
        self.names.close();
    }

    fn general(&mut self, general: &'t General) {
        self.stops = true;
        let spend = format!("{}$spend(1)", mark(general.at));
        let label = self.label(general.id);
        let test = match &general.test {
            None => spend.clone(),
            Some(test) => {
                let test = self.expr(test).at_least(super::expr::AND + 1);
                format!("{spend} && {test}")
            }
        };
        if let Some(until) = &general.until {
            self.loops.push((general.id, Round::Continue));
            let body = self.block(&general.body);
            self.loops.pop();
            let until = self.expr(until).text;
            self.line(&format!("{label}do {{"));
            self.out
                .push_str(&format!("{}{spend};\n", "  ".repeat(self.indent + 1)));
            self.out.push_str(&body);
            return self.line(&format!("}} while ({until});"));
        }
        let updates = general.update.iter().map(|one| self.effect(one));
        let updates: Option<Vec<String>> = updates.collect();
        let round = format!("round{}", general.id.0 + 1);
        self.loops.push((
            general.id,
            match &updates {
                Some(_) => Round::Continue,
                None => Round::Leave(round.clone()),
            },
        ));
        let Some(updates) = updates else {
            // The body in a block that `continue` leaves, and then the rest.
            self.indent += 1;
            let body = self.block(&general.body);
            self.indent -= 1;
            let update = self.block(&general.update);
            self.loops.pop();
            let pad = "  ".repeat(self.indent + 1);
            self.line(&format!("{label}while ({test}) {{"));
            self.out
                .push_str(&format!("{pad}{round}: {{\n{body}{pad}}}\n{update}"));
            return self.line("}");
        };
        let body = self.block(&general.body);
        self.loops.pop();
        match updates.is_empty() {
            true => self.line(&format!("{label}while ({test}) {{")),
            false => self.line(&format!("{label}for (; {test}; {}) {{", updates.join(", "))),
        }
        self.out.push_str(&body);
        self.line("}");
    }

    fn stored(&mut self, value: &'t Expr, scalar: Scalar) -> String {
        let js = self.expr(value);
        match scalar {
            Scalar::Bool => format!("{} ? 1 : 0", js.at_least(super::expr::CHOOSE + 1)),
            Scalar::F32 | Scalar::F64 if may_be_nan(value) => format!("$nan({})", js.text),
            _ => js.text,
        }
    }

    pub fn expr(&mut self, expr: &'t Expr) -> Js {
        super::expr::expr(self, expr)
    }
}
