//! Loops.

use super::super::diagnostic::Outcome;
use super::super::ir::{Binary, Compare, Const, End, For, Loop, Op, Region, Value};
use super::super::tree::{Counted, Expr, General, Kind, LoopId, Stmt};
use super::{Lower, Target, any, ended};

impl<'t> Lower<'t> {
    /// Where `break` and `continue` of a loop of the function at hand go.
    pub fn target(&self, id: LoopId) -> Target {
        let loops = &self.frame().loops;
        let found = loops.iter().rev().find(|(known, _)| *known == id);
        found
            .expect("the checker found the loop around it")
            .1
            .clone()
    }

    pub fn counted(&mut self, counted: &'t Counted) -> Outcome<Option<End>> {
        let from = self.value(&counted.from)?;
        let to = self.value(&counted.to)?;
        let over_rows =
            self.loops == 0 && is_zero(&counted.from) && matches!(counted.to.kind, Kind::Length);
        let below_zero = !matches!(counted.from.kind, Kind::Const(Const::I32(from)) if from >= 0);
        if !over_rows && !below_zero {
            // All rounds at once.
            let end = match is_zero(&counted.from) {
                true => to,
                // An end far below 0 would come out above it.
                false => {
                    let later = self.b.compare(Compare::Gt, to, from);
                    self.b.select(later, to, from)
                }
            };
            let rounds = self.b.binary(Binary::Sub, end, from);
            self.b.effect(Op::Spend(rounds));
        }
        let label = self.b.label();
        let slots = self.carried(&counted.assigned);
        let init = self.values(&slots);
        let types = self.types(&init);
        let index = self.b.value(super::super::ir::Type::I32);
        let params: Vec<Value> = types.iter().map(|ty| self.b.value(*ty)).collect();
        let target = Target {
            label,
            round: None,
            assigned: slots.clone(),
        };
        let mark = self.log.len();
        let region_params = [vec![index], params.clone()].concat();
        let index_slot = self.slot(counted.index);
        let (mut region, end) = self.looped(counted.id, target, region_params, |this| {
            this.set(index_slot, index);
            for (slot, param) in slots.iter().zip(&params) {
                this.set(*slot, *param);
            }
            if !over_rows && below_zero {
                this.spend_one();
            }
            this.statements(&counted.body)
        })?;
        let through = End::Continue(label, self.values(&slots));
        self.back_to(mark);
        if over_rows && spends(&region) {
            self.b.open(Vec::new());
            self.b.effect(Op::Refill);
            let refill = self.b.close(End::Unreachable).insts;
            region.insts.splice(0..0, refill);
        }
        let body = ended((region, end), through);
        let op = Op::For(Box::new(For {
            label,
            from,
            to,
            step: 1,
            init,
            body,
        }));
        let results = self.b.push(op, &types);
        for (slot, result) in slots.into_iter().zip(results) {
            self.set(slot, result);
        }
        Ok(None)
    }

    pub fn general(&mut self, general: &'t General) -> Outcome<Option<End>> {
        let label = self.b.label();
        let after = !general.update.is_empty() || general.until.is_some();
        let goes_on = any(
            &general.body,
            &|statement| matches!(statement, Stmt::Continue(id) if *id == general.id),
        );
        let round = (after && goes_on).then(|| self.b.label());
        let slots = self.carried(&general.assigned);
        let init = self.values(&slots);
        let types = self.types(&init);
        let params: Vec<Value> = types.iter().map(|ty| self.b.value(*ty)).collect();
        let target = Target {
            label,
            round,
            assigned: slots.clone(),
        };
        let mark = self.log.len();
        let region = self.looped(general.id, target, params.clone(), |this| {
            for (slot, param) in slots.iter().zip(&params) {
                this.set(*slot, *param);
            }
            this.spend_one();
            if let Some(test) = &general.test {
                this.leave_unless(test, label, &slots)?;
            }
            if let Some(end) = this.round(general, round, &slots)? {
                return Ok(Some(end));
            }
            if let Some(end) = this.statements(&general.update)? {
                return Ok(Some(end));
            }
            if let Some(until) = &general.until {
                this.leave_unless(until, label, &slots)?;
            }
            Ok(Some(End::Continue(label, this.values(&slots))))
        });
        self.back_to(mark);
        let body = ended(region?, End::Unreachable);
        let op = Op::Loop(Box::new(Loop { label, init, body }));
        let results = self.b.push(op, &types);
        for (slot, result) in slots.into_iter().zip(results) {
            self.set(slot, result);
        }
        Ok(None)
    }

    /// The body, in a block that `continue` leaves if something is to be done after it.
    fn round(
        &mut self,
        general: &'t General,
        round: Option<super::super::ir::Label>,
        slots: &[usize],
    ) -> Outcome<Option<End>> {
        let Some(label) = round else {
            return self.statements(&general.body);
        };
        let mark = self.log.len();
        let region = self.region(Vec::new(), |this| {
            let end = this.statements(&general.body)?;
            Ok(Some(end.unwrap_or_else(|| End::Yield(this.values(slots)))))
        });
        self.back_to(mark);
        let types = self.types(&self.values(slots));
        let body = ended(region?, End::Unreachable);
        let results = self.b.push(Op::Block(label, Box::new(body)), &types);
        for (slot, result) in slots.iter().zip(results) {
            self.set(*slot, result);
        }
        Ok(None)
    }

    fn looped(
        &mut self,
        id: LoopId,
        target: Target,
        params: Vec<Value>,
        f: impl FnOnce(&mut Self) -> Outcome<Option<End>>,
    ) -> Outcome<(Region, Option<End>)> {
        let frame = self
            .frames
            .last_mut()
            .expect("the system is the first frame");
        frame.loops.push((id, target));
        self.loops += 1;
        let region = self.region(params, f);
        self.loops -= 1;
        let frame = self
            .frames
            .last_mut()
            .expect("the system is the first frame");
        frame.loops.pop();
        region
    }

    fn leave_unless(
        &mut self,
        test: &'t Expr,
        label: super::super::ir::Label,
        slots: &[usize],
    ) -> Outcome<()> {
        let on = self.value(test)?;
        let stay = Region::new(End::Yield(Vec::new()));
        let leave = Region::new(End::Break(label, self.values(slots)));
        self.b.effect(Op::If(on, Box::new([stay, leave])));
        Ok(())
    }

    fn spend_one(&mut self) {
        let one = self.b.constant(Const::I32(1));
        self.b.effect(Op::Spend(one));
    }

    /// The places of variables that have a value now.
    fn carried(&self, assigned: &[super::super::tree::Local]) -> Vec<usize> {
        let slots = assigned.iter().map(|local| self.slot(*local));
        slots.filter(|slot| self.env[*slot].is_some()).collect()
    }
}

fn is_zero(expr: &Expr) -> bool {
    matches!(expr.kind, Kind::Const(Const::I32(0)))
}

fn spends(region: &Region) -> bool {
    let mut found = false;
    region.walk(&mut |inst| found |= matches!(inst.op, Op::Spend(_)));
    found
}
