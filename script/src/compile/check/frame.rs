//! The function at hand: its names, variables and loops.

use super::super::diagnostic::{Outcome, Problem, problem};
use super::super::ir::{At, Input, Scalar};
use super::super::tree::{ElementId, Expr, Kind, Local, LoopId, Names};
use super::classes::Shape;
use super::items::Checker;
use super::{DEPTH_MAX, PROBLEMS_MAX};
use oxc_span::Span;
use std::collections::BTreeMap;

/// What a name within a function stands for.
#[derive(Debug, Clone, Copy)]
pub enum Name {
    Local {
        local: Local,
        ty: Scalar,
        mutable: bool,
    },
    /// A number that takes the type that its place asks for.
    Literal(f64),
    Element {
        id: ElementId,
        class: usize,
    },
    Array {
        id: ElementId,
        scalar: Scalar,
        count: u32,
    },
    Column {
        input: u32,
        shape: Shape,
    },
    /// The inputs with the events and with how many there are.
    Events {
        input: u32,
        count: u32,
        class: usize,
    },
    Resource {
        input: u32,
        class: usize,
    },
    /// The value of an input.
    Input {
        input: u32,
        ty: Scalar,
    },
    Context,
    /// The step in a function: the parameters that hold what it asks of it, in order of [`ASKED`].
    Passed([Option<Local>; 4]),
    /// Random numbers, by the variable that holds their state.
    Random {
        local: Local,
    },
    /// What commands are given to.
    World,
}

/// What can be asked of the step: the name, and what a system is given for it.
pub const ASKED: [(&str, Input, Scalar); 4] = [
    ("dt", Input::Dt, Scalar::F32),
    ("dt64", Input::Dt64, Scalar::F64),
    ("step", Input::Step, Scalar::U64),
    ("seed", Input::Seed, Scalar::U64),
];

pub struct Frame<'c, 'p, 'a> {
    pub checker: &'c Checker<'p, 'a>,
    pub source: u32,
    /// None where nothing is given back.
    pub result: Option<Scalar>,
    /// Of a system.
    pub inputs: Vec<(Input, String)>,
    scopes: Vec<BTreeMap<&'a str, Name>>,
    pub loops: Vec<(Option<&'a str>, LoopId)>,
    next_loop: u32,
    locals: u32,
    elements: u32,
    names: Names,
    /// Every variable that was assigned, in order.
    pub assigned: Vec<Local>,
    depth: usize,
    problems: Vec<Problem>,
}

impl<'c, 'p, 'a> Frame<'c, 'p, 'a> {
    pub fn new(checker: &'c Checker<'p, 'a>, source: u32) -> Self {
        Frame {
            checker,
            source,
            result: None,
            inputs: Vec::new(),
            scopes: vec![BTreeMap::new()],
            loops: Vec::new(),
            next_loop: 0,
            locals: 0,
            elements: 0,
            names: Names::default(),
            assigned: Vec::new(),
            depth: 0,
            problems: Vec::new(),
        }
    }

    /// What its variables and elements are called.
    pub fn names(&mut self) -> Names {
        std::mem::take(&mut self.names)
    }

    /// How many variables and elements it has, and what is wrong with it.
    pub fn done(self) -> (usize, usize, Vec<Problem>) {
        (self.locals as usize, self.elements as usize, self.problems)
    }

    pub fn at(&self, span: Span) -> At {
        super::items::at(self.source, span)
    }

    /// Keeps a problem and goes on with the next statement.
    pub fn note(&mut self, outcome: Outcome<()>) {
        if let Err(problem) = outcome
            && self.problems.len() < PROBLEMS_MAX
        {
            self.problems.push(problem);
        }
    }

    pub fn local(&mut self) -> Local {
        self.locals += 1;
        Local(self.locals - 1)
    }

    pub fn element(&mut self) -> ElementId {
        self.elements += 1;
        ElementId(self.elements - 1)
    }

    pub fn next_loop(&mut self) -> LoopId {
        self.next_loop += 1;
        LoopId(self.next_loop - 1)
    }

    /// The variables so far; one with a number below was declared before now.
    pub fn locals(&self) -> u32 {
        self.locals
    }

    /// The variables declared before the first of `since` that were assigned since.
    pub fn assigned_since(&self, log: usize, locals: u32) -> Vec<Local> {
        let mut assigned: Vec<Local> = self.assigned[log..]
            .iter()
            .copied()
            .filter(|local| local.0 < locals)
            .collect();
        assigned.sort_unstable();
        assigned.dedup();
        assigned
    }

    /// A variable that the source has no word for, and what to call it.
    pub fn hidden(&mut self, name: &str) -> Local {
        let local = self.local();
        self.names.locals.insert(local, name.to_owned());
        local
    }

    /// What the step gives, by its number in [`ASKED`], where a name stands for the step.
    pub fn asked(&mut self, context: Name, number: usize, at: At) -> Option<Expr> {
        let (name, input, ty) = ASKED[number];
        let kind = match context {
            Name::Context => Kind::Input(self.extra_input(input, name)),
            Name::Passed(given) => Kind::Local(given[number]?),
            _ => return None,
        };
        Some(Expr { kind, ty, at })
    }

    pub fn bind(&mut self, name: &'a str, bound: Name, place: At) -> Outcome<()> {
        match bound {
            Name::Local { local, .. } | Name::Random { local } => {
                drop(self.names.locals.insert(local, name.to_owned()))
            }
            Name::Element { id, .. } => drop(self.names.elements.insert(id, name.to_owned())),
            _ => {}
        }
        let scope = self.scopes.last_mut().expect("a frame has a scope");
        match scope.insert(name, bound) {
            None => Ok(()),
            Some(_) => problem(
                place,
                format!("`{name}` is declared twice here; give one of them another name"),
            ),
        }
    }

    pub fn find(&self, name: &str) -> Option<Name> {
        self.scopes
            .iter()
            .rev()
            .find_map(|scope| scope.get(name).copied())
    }

    /// Does something in a scope of its own.
    pub fn scoped<T>(&mut self, f: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(BTreeMap::new());
        let result = f(self);
        self.scopes.pop();
        result
    }

    /// Does something one level deeper.
    pub fn deeper<T>(&mut self, span: Span, f: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        if self.depth >= DEPTH_MAX {
            return problem(
                self.at(span),
                format!(
                    "this is nested more than {DEPTH_MAX} deep; give parts of it names of their own"
                ),
            );
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }

    /// The number of an input beside the parameters, added on first use.
    pub fn extra_input(&mut self, input: Input, name: &str) -> u32 {
        let known = self.inputs.iter().position(|(one, _)| *one == input);
        known.unwrap_or_else(|| {
            self.inputs.push((input, name.to_owned()));
            self.inputs.len() - 1
        }) as u32
    }
}
