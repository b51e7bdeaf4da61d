//! Luau with its code generator, over buffers.

use anyhow::{Result, anyhow};
use layerw_trace::now_ns;
use mlua::chunk::Compiler;
use mlua::{Buffer, Function, Lua, Table};

use super::{DT, Language, Rows};
use crate::cases::scripts::systems::System;

pub struct Luau {
    // Keeps the function alive.
    _lua: Lua,
    update: Function,
    first: Buffer,
    second: Buffer,
    rows: Rows,
}

impl Language for Luau {
    fn load(system: System, rows: &Rows) -> Result<Luau> {
        let lua = Lua::new();
        let compiler = Compiler::new()
            .set_optimization_level(2)
            .set_type_info_level(1);
        lua.set_compiler(compiler);
        let bound = || -> mlua::Result<_> {
            // Only where nobody can replace them are functions of libraries compiled in place.
            lua.sandbox(true)?;
            let systems: Table = lua.load(include_str!("systems.luau")).eval()?;
            let buffer = |numbers| lua.create_buffer(bytes_of(numbers));
            Ok((
                systems.get(system.name())?,
                buffer(&rows.first)?,
                buffer(&rows.second)?,
            ))
        };
        let (update, first, second) = bound().map_err(sentence)?;
        Ok(Luau {
            update,
            first,
            second,
            rows: rows.clone(),
            _lua: lua,
        })
    }

    fn steps(&mut self, number: u64) -> Result<u64> {
        let start_ns = now_ns();
        for _ in 0..number {
            self.update
                .call::<()>((&self.first, &self.second, self.rows.count(), DT))
                .map_err(sentence)?;
        }
        Ok(now_ns() - start_ns)
    }

    fn rows(&mut self) -> Result<Rows> {
        Ok(Rows {
            width: self.rows.width,
            first: numbers(&self.first.to_vec()),
            second: numbers(&self.second.to_vec()),
        })
    }
}

/// The library's errors stay on one thread.
fn sentence(error: mlua::Error) -> anyhow::Error {
    anyhow!("{error}")
}

fn bytes_of(numbers: &[f32]) -> Vec<u8> {
    numbers
        .iter()
        .flat_map(|number| number.to_le_bytes())
        .collect()
}

fn numbers(bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}
