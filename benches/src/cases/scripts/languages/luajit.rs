//! LuaJIT over arrays of C. It is asked as a program: its library and Luau's have functions of the same names, and one process cannot hold both.

use std::io::{BufRead, BufReader, BufWriter, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::{DT, Language, Rows};
use crate::cases::scripts::systems::System;

pub struct LuaJit {
    program: Child,
    orders: BufWriter<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
    width: usize,
    count: usize,
}

impl LuaJit {
    /// Whether the machine has it.
    pub fn is_there() -> bool {
        let mut version = Command::new("luajit");
        version
            .arg("-v")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    }

    fn answer(&mut self) -> Result<String> {
        self.orders.flush()?;
        Ok(self.answers.next().context("luajit has ended")??)
    }
}

impl Language for LuaJit {
    fn load(system: System, rows: &Rows) -> Result<LuaJit> {
        let mut program = Command::new("luajit")
            .args(["-O3", "-e", include_str!("systems.lua")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting luajit")?;
        let orders = program.stdin.take().context("its input")?;
        let answers = program.stdout.take().context("its output")?;
        let mut luajit = LuaJit {
            program,
            orders: BufWriter::new(orders),
            answers: BufReader::new(answers).lines(),
            width: rows.width,
            count: rows.count(),
        };
        writeln!(luajit.orders, "load {} {}", system.name(), rows.count())?;
        let columns = [&rows.first, &rows.second].map(|column| column.chunks(rows.width));
        let [first, second] = columns;
        for (first, second) in first.zip(second) {
            for number in first.iter().chain(second) {
                write!(luajit.orders, "{number} ")?;
            }
            writeln!(luajit.orders)?;
        }
        let answer = luajit.answer()?;
        ensure!(answer == "loaded", "luajit says `{answer}`");
        Ok(luajit)
    }

    fn steps(&mut self, number: u64) -> Result<u64> {
        writeln!(self.orders, "steps {number} {DT}")?;
        let seconds: f64 = self.answer()?.parse()?;
        Ok((seconds * 1e9) as u64)
    }

    fn rows(&mut self) -> Result<Rows> {
        writeln!(self.orders, "rows")?;
        let (width, mut first, mut second) = (self.width, Vec::new(), Vec::new());
        for _ in 0..self.count {
            let line = self.answer()?;
            let numbers: Vec<f32> = line.split(' ').map(str::parse).collect::<Result<_, _>>()?;
            ensure!(numbers.len() == 2 * width, "luajit says `{line}`");
            first.extend(&numbers[..width]);
            second.extend(&numbers[width..]);
        }
        Ok(Rows {
            width,
            first,
            second,
        })
    }
}

impl Drop for LuaJit {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
