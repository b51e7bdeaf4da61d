//! Statements.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::{At, Binary, Const, End, Input, Op, Region, Scalar, Value};
use super::super::tree::{Access, Arg, Command, Expr, Function, Kind, Param, Stmt};
use super::{Frame, Lower, any, ended};

/// An arm of a condition: its region, its own end, and the variables that it changed.
type ArmDone = ((Region, Option<End>), Vec<(usize, Value)>);

/// Whether a `return` stands anywhere but at the end.
pub fn returns_early(body: &[Stmt]) -> bool {
    let body = match body {
        [rest @ .., Stmt::Return(_)] => rest,
        body => body,
    };
    any(body, &|statement| matches!(statement, Stmt::Return(_)))
}

impl<'t> Lower<'t> {
    /// Statements one after another; where they go if not on. What comes after such a one is not reached and left out.
    pub fn statements(&mut self, body: &'t [Stmt]) -> Outcome<Option<End>> {
        for statement in body {
            if let Some(end) = self.statement(statement)? {
                return Ok(Some(end));
            }
        }
        Ok(None)
    }

    fn statement(&mut self, statement: &'t Stmt) -> Outcome<Option<End>> {
        match statement {
            Stmt::Set(local, value) => {
                let value = self.value(value)?;
                let slot = self.slot(*local);
                self.set(slot, value);
                Ok(None)
            }
            Stmt::Alias(id, element) => {
                let bound = self.element(element)?;
                self.bind(*id, bound);
                Ok(None)
            }
            Stmt::Store(access, value, at) => self.deeper(*at, |this| this.store(access, value)),
            Stmt::If(on, then, otherwise, at) => {
                self.deeper(*at, |this| this.branch(on, then, otherwise))
            }
            Stmt::Count(counted) => self.deeper(counted.at, |this| this.counted(counted)),
            Stmt::Loop(general) => self.deeper(general.at, |this| this.general(general)),
            Stmt::Break(id) => {
                let target = self.target(*id);
                let values = self.values(&target.assigned);
                Ok(Some(End::Break(target.label, values)))
            }
            Stmt::Continue(id) => {
                let target = self.target(*id);
                let values = self.values(&target.assigned);
                Ok(Some(match target.round {
                    Some(round) => End::Break(round, values),
                    None => End::Continue(target.label, values),
                }))
            }
            Stmt::Return(value) => {
                let values = match value {
                    Some(value) => vec![self.value(value)?],
                    None => Vec::new(),
                };
                match self.frame().exit {
                    Some(exit) => Ok(Some(End::Break(exit, values))),
                    // At the end of a body that has no other: the value is what the body yields.
                    None => Ok(Some(End::Yield(values))),
                }
            }
            Stmt::Command(command) => {
                self.deeper(command.at, |this| this.command(command))?;
                Ok(None)
            }
            Stmt::Call(call) => {
                self.deeper(call.at, |this| match &call.kind {
                    Kind::Call(function, args) => this.call(*function, args, call.at).map(drop),
                    _ => this.value(call).map(drop),
                })?;
                Ok(None)
            }
        }
    }

    fn command(&mut self, command: &'t Command) -> Outcome<()> {
        let entity = command.entity.as_ref();
        let entity = entity.map(|entity| self.value(entity)).transpose()?;
        let values = command.values.iter().map(|value| self.value(value));
        let values = values.collect::<Outcome<_>>()?;
        self.b
            .effect(Op::Command(Box::new(super::super::ir::Command {
                act: command.act,
                entity,
                template: command.template,
                values,
            })));
        Ok(())
    }

    fn store(&mut self, access: &'t Access, value: &'t Expr) -> Outcome<Option<End>> {
        let bound = self.element(&access.element)?;
        let mut value = self.value(value)?;
        if access.scalar == Scalar::U8 {
            // What is read back is what was written.
            let byte = self.b.constant(Const::I32(255));
            value = self.b.binary(Binary::And, value, byte);
        }
        let (input, index) = bound.place();
        if matches!(self.b.system().inputs[input as usize], Input::Events(_)) {
            return problem(
                self.here(),
                "an event is only read; write to a field of a component or resource",
            );
        }
        self.b.store(input, index, value);
        Ok(None)
    }

    fn branch(
        &mut self,
        on: &'t Expr,
        then: &'t [Stmt],
        otherwise: &'t [Stmt],
    ) -> Outcome<Option<End>> {
        let on = self.value(on)?;
        let mut arm = |body: &'t [Stmt]| -> Outcome<_> {
            let mark = self.log.len();
            let region = self.region(Vec::new(), |this| this.statements(body));
            let changed = self.back_to(mark);
            Ok((region?, changed))
        };
        let (first, second) = (arm(then)?, arm(otherwise)?);
        let reached = |arm: &ArmDone| arm.0.1.is_none();
        let mut slots: Vec<usize> = [&first, &second]
            .into_iter()
            .filter(|arm| reached(arm))
            .flat_map(|arm| arm.1.iter().map(|(slot, _)| *slot))
            .collect();
        slots.sort_unstable();
        slots.dedup();
        let falls = reached(&first) || reached(&second);
        let before = self.values(&slots);
        let close = |(region, changed): ArmDone| {
            let values = slots.iter().zip(&before).map(|(slot, before)| {
                let found = changed.binary_search_by_key(slot, |(slot, _)| *slot);
                found.map_or(*before, |place| changed[place].1)
            });
            ended(region, End::Yield(values.collect()))
        };
        let arms = Box::new([close(first), close(second)]);
        let types = self.types(&before);
        let results = self.b.push(Op::If(on, arms), &types);
        for (slot, result) in slots.into_iter().zip(results) {
            self.set(slot, result);
        }
        Ok((!falls).then_some(End::Unreachable))
    }

    /// A function's body in place of a call; what it gives back.
    pub fn call(&mut self, number: usize, args: &'t [Arg], at: At) -> Outcome<Option<Value>> {
        let function: &'t Function = &self.tree.functions[number];
        if self
            .frames
            .iter()
            .any(|frame| frame.function == Some(number))
        {
            return problem(
                at,
                format!(
                    "`{}` calls itself, directly or through others; write a loop",
                    function.name
                ),
            );
        }
        let mut bindings = Vec::new();
        for arg in args {
            bindings.push(match arg {
                Arg::Value(value) => (Some(self.value(value)?), None),
                Arg::Element(element) => (None, Some(self.element(element)?)),
            });
        }
        let exit = returns_early(&function.body).then(|| self.b.label());
        self.frames.push(Frame {
            function: Some(number),
            locals: self.env.len(),
            elements: self.elements.len(),
            loops: Vec::new(),
            exit,
        });
        self.env.resize(self.env.len() + function.locals, None);
        self.elements
            .resize(self.elements.len() + function.elements, None);
        for (param, binding) in function.params.iter().zip(bindings) {
            match (*param, binding) {
                (Param::Value(local), (Some(value), _)) => {
                    let slot = self.slot(local);
                    self.set(slot, value);
                }
                (Param::Element(id), (_, Some(bound))) => self.bind(id, bound),
                _ => unreachable!("the checker matched parameters and arguments"),
            }
        }
        let result = match exit {
            None => self
                .statements(&function.body)?
                .and_then(|end| end.values().first().copied()),
            Some(label) => {
                let body = self.region(Vec::new(), |this| this.statements(&function.body))?;
                // Where a value is due, the checker saw that no way leads to the end.
                let through = match function.result {
                    None => End::Yield(Vec::new()),
                    Some(_) => End::Unreachable,
                };
                let mut body = ended(body, through);
                if let End::Yield(values) = &body.end
                    && !values.is_empty()
                {
                    body.end = End::Break(label, values.clone());
                }
                let types: Vec<_> = function.result.iter().map(|ty| ty.ty()).collect();
                self.b
                    .push(Op::Block(label, Box::new(body)), &types)
                    .first()
                    .copied()
            }
        };
        let frame = self.frames.pop().expect("it was pushed above");
        self.env.truncate(frame.locals);
        self.elements.truncate(frame.elements);
        Ok(result)
    }
}
