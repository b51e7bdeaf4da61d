//! Rhai, over arrays of its own values.

use anyhow::{Result, anyhow};
use layerw_trace::now_ns;
use rhai::{AST, Array, Dynamic, Engine, OptimizationLevel, Scope};

use super::{DT, Language, Rows};
use crate::cases::scripts::systems::System;

pub struct Rhai {
    engine: Engine,
    script: AST,
    scope: Scope<'static>,
    width: usize,
}

impl Language for Rhai {
    fn load(system: System, rows: &Rows) -> Result<Rhai> {
        let mut engine = Engine::new();
        engine.set_optimization_level(OptimizationLevel::Full);
        let mut scope = Scope::new();
        let array = |numbers: &[f32]| -> Array {
            numbers
                .iter()
                .map(|number| Dynamic::from_float(*number))
                .collect()
        };
        scope.push("first", array(&rows.first));
        scope.push("second", array(&rows.second));
        scope.push_constant("count", i32::try_from(rows.count())?);
        scope.push_constant("dt", DT);
        scope.push_constant("system", system.name());
        let script = engine.compile_with_scope(&scope, include_str!("systems.rhai"))?;
        Ok(Rhai {
            engine,
            script,
            scope,
            width: rows.width,
        })
    }

    fn steps(&mut self, number: u64) -> Result<u64> {
        let start_ns = now_ns();
        for _ in 0..number {
            self.engine
                .run_ast_with_scope(&mut self.scope, &self.script)
                .map_err(|error| anyhow!("{error}"))?;
        }
        Ok(now_ns() - start_ns)
    }

    fn rows(&mut self) -> Result<Rows> {
        let numbers = |name: &str| -> Result<Vec<f32>> {
            let array: Array = self
                .scope
                .get_value(name)
                .ok_or_else(|| anyhow!("`{name}` is gone"))?;
            let number = |value: Dynamic| {
                value
                    .as_float()
                    .map_err(|kind| anyhow!("`{name}` holds {kind}"))
            };
            array.into_iter().map(number).collect()
        };
        Ok(Rows {
            width: self.width,
            first: numbers("first")?,
            second: numbers("second")?,
        })
    }
}
