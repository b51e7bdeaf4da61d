//! Four systems, each as a script, as the Rust text that the compiler makes of it, and in Rust as a person writes it.

use anyhow::{Context, Result, anyhow, ensure};
use layerw::{Cx, Runner, Sim};
#[cfg(feature = "script-peers")]
use layerw_script::compile::assemblyscript::Asc;
use layerw_script::compile::{Source, compile};
#[cfg(feature = "script-peers")]
use layerw_script::runtime::Runtime;
use layerw_script::runtime::{Columns, Options, Script};
#[cfg(feature = "script-peers")]
use layerw_trace::now_ns;
use std::num::NonZeroU32;

#[cfg(feature = "script-peers")]
use super::languages::{self, LuaJit, Luau, Rhai, Rows};
use super::text::{self, Health, Place, Poison, Speed};
use crate::harness::{Effort, Entry, single};
use crate::peers::ours;

const SOURCE: &str = include_str!("systems.ts");
const TEXT: &str = include_str!("text.rs");

/// In the order of `systems.ts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Movement,
    Steer,
    Bounce,
    Poisoned,
}

/// The forms of a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Compiled to WebAssembly, over the world's own columns.
    Script,
    /// The same over copies of them.
    Copied,
    /// The compiler's Rust text.
    Text,
    /// As a person writes it.
    Rust,
    /// As JavaScript in QuickJS, over the world's own columns.
    #[cfg(feature = "script-peers")]
    QuickJs,
    /// The module in an interpreter.
    #[cfg(feature = "script-peers")]
    Wasmi,
    /// The same source through AssemblyScript.
    #[cfg(feature = "script-peers")]
    AssemblyScript,
}

impl System {
    /// What its class is called in the source.
    #[cfg(feature = "script-peers")]
    pub fn name(self) -> &'static str {
        match self {
            System::Movement => "Movement",
            System::Steer => "Steer",
            System::Bounce => "Bounce",
            System::Poisoned => "Poisoned",
        }
    }

    /// Rows that stand for all: some beyond the walls, some poisoned.
    fn world(self, count: usize) -> Sim {
        let mut sim = Sim::new();
        let mut state = 1_u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32
        };
        match self {
            System::Poisoned => {
                sim.world.spawn_batch(
                    (0..count).map(|_| (Health(100.0 * random()), Poison(random() - 0.5))),
                );
            }
            _ => {
                sim.world.spawn_batch((0..count).map(|_| {
                    let place = Place([120.0 * random() - 10.0, 120.0 * random() - 10.0]);
                    (place, Speed([random() - 0.5, random() - 0.5]))
                }));
            }
        }
        sim
    }

    fn add_text(self, sim: &mut Sim) {
        match self {
            System::Movement => sim.each(text::movement),
            System::Steer => sim.each(text::steer),
            System::Bounce => sim.each(text::bounce),
            System::Poisoned => sim.each(text::poisoned),
        };
    }

    fn add_rust(self, sim: &mut Sim) {
        match self {
            System::Movement => sim.each(movement),
            System::Steer => sim.each(steer),
            System::Bounce => sim.each(bounce),
            System::Poisoned => sim.each(poisoned),
        };
    }

    fn add_script(self, sim: &mut Sim, form: Form) -> Result<()> {
        self.add_batches(sim, form, None)
    }

    fn add_batches(self, sim: &mut Sim, form: Form, batch_rows: Option<NonZeroU32>) -> Result<()> {
        let sources = [Source::new("systems.ts", SOURCE)];
        let program = compile(&sources).map_err(|problems| anyhow!("{}", problems[0]))?;
        let made = program.rust()?;
        if std::env::var_os("LAYERW_BLESS").is_some() {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cases/scripts/text.rs");
            std::fs::write(path, &made)?;
        } else {
            ensure!(
                made == TEXT,
                "text.rs is not what the compiler makes of systems.ts; LAYERW_BLESS=1 re-records it"
            );
        }
        let mut options = Options {
            time_limit: None,
            batch_rows,
            ..Options::default()
        };
        let name = "systems.ts";
        let script = match form {
            #[cfg(feature = "script-peers")]
            Form::QuickJs => {
                options.runtime = Runtime::QuickJs;
                Script::of_program(name, &program, &options)?
            }
            #[cfg(feature = "script-peers")]
            Form::Wasmi => {
                options.runtime = Runtime::Wasmi;
                Script::of_program(name, &program, &options)?
            }
            #[cfg(feature = "script-peers")]
            Form::AssemblyScript => {
                let asc = asc().context("AssemblyScript is not installed")?;
                Script::load(name, &asc.compile(&sources)?, &options)?
            }
            _ => {
                if form == Form::Copied {
                    options.columns = Columns::Copied;
                }
                Script::of_program(name, &program, &options)?
            }
        };
        let system = script.bind(&mut sim.world)?.into_iter().nth(self as usize);
        sim.add(system.context("the script has the four systems")?);
        Ok(())
    }

    fn runner(self, form: Form, count: usize, threads: usize) -> Result<Runner> {
        let mut sim = self.world(count);
        match form {
            Form::Text => self.add_text(&mut sim),
            Form::Rust => self.add_rust(&mut sim),
            script => self.add_script(&mut sim, script)?,
        }
        ours::runner(sim, &ours::jobs(threads)?)
    }

    /// Some steps over some rows, to the bits of the system in Rust.
    fn check(self, form: Form, threads: usize) -> Result<()> {
        const ROWS: usize = 10_007;
        let hash_of = |form| -> Result<_> {
            let mut runner = self.runner(form, ROWS, threads)?;
            (0..20).for_each(|_| ours::step(&mut runner));
            Ok(runner.hash())
        };
        ensure!(
            hash_of(form)? == hash_of(Form::Rust)?,
            "{self:?} as {form:?} ends with other rows than in Rust"
        );
        Ok(())
    }

    /// How many times as long QuickJS takes for a million entities, in the same round. Fewer than ten times end the run.
    #[cfg(feature = "script-peers")]
    pub fn times_of_quickjs(self) -> Vec<Entry> {
        const COUNT: usize = 1_000_000;
        let entry = Entry::new("layerw", 1, move || {
            let mut script = self.runner(Form::Script, COUNT, 1)?;
            let mut quickjs = self.runner(Form::QuickJs, COUNT, 1)?;
            // Memory is touched for the first time.
            ours::step(&mut script);
            single(move || {
                let once = |runner: &mut Runner, steps: u64| {
                    let start_ns = now_ns();
                    (0..steps).for_each(|_| ours::step(runner));
                    (now_ns() - start_ns) as f64 / steps as f64
                };
                let times = once(&mut quickjs, 1) / once(&mut script, 10);
                ensure!(
                    times >= 10.0,
                    "{self:?} takes {times:.1} times as long in QuickJS, and documents promise 10"
                );
                Ok(times)
            })
        });
        vec![entry]
    }

    /// The rows that a measurement begins with, as plain numbers.
    #[cfg(feature = "script-peers")]
    pub fn rows(self, count: usize) -> Result<Rows> {
        self.rows_after(count, 0)
    }

    /// The rows that the system in Rust ends with.
    #[cfg(feature = "script-peers")]
    pub fn rows_after(self, count: usize, steps: u32) -> Result<Rows> {
        let mut runner = self.runner(Form::Rust, count, 1)?;
        (0..steps).for_each(|_| ours::step(&mut runner));
        let mut rows = Rows {
            width: if self == System::Poisoned { 1 } else { 2 },
            first: Vec::new(),
            second: Vec::new(),
        };
        let world = runner.world();
        if self == System::Poisoned {
            for (health, poison) in world.query::<(&Health, &Poison)>() {
                rows.first.push(health.0);
                rows.second.push(poison.0);
            }
        } else {
            for (place, speed) in world.query::<(&Place, &Speed)>() {
                rows.first.extend(place.0);
                rows.second.extend(speed.0);
            }
        }
        Ok(rows)
    }

    /// The same for calls of so many rows: native code over the world's columns and over copies, and JavaScript.
    pub fn batches(self, effort: Effort) -> Vec<Entry> {
        let count = effort.pick(100_000, 10_000);
        let entry = |peer, form, rows| {
            Entry::new(peer, 1, move || {
                let mut sim = self.world(count);
                self.add_batches(&mut sim, form, NonZeroU32::new(rows))?;
                let mut runner = ours::runner(sim, &ours::jobs(1)?)?;
                let mut repeat = effort.repeat();
                single(move || Ok(repeat.mean_ns(|| ours::step(&mut runner)) / count as f64))
            })
        };
        let mut entries = vec![
            entry("layerw", Form::Script, 4096),
            entry("layerw-1", Form::Script, 1),
            entry("layerw-16", Form::Script, 16),
            entry("layerw-256", Form::Script, 256),
            entry("copied-1", Form::Copied, 1),
            entry("copied-16", Form::Copied, 16),
            entry("copied-256", Form::Copied, 256),
            entry("copied-4096", Form::Copied, 4096),
        ];
        #[cfg(feature = "script-peers")]
        entries.extend([
            entry("quickjs-1", Form::QuickJs, 1),
            entry("quickjs-16", Form::QuickJs, 16),
            entry("quickjs-256", Form::QuickJs, 256),
            entry("quickjs-4096", Form::QuickJs, 4096),
        ]);
        entries
    }

    /// Everybody who takes part.
    pub fn entries(self, effort: Effort, count: usize) -> Vec<Entry> {
        let count = effort.pick(count, 10_000);
        let entry = |peer, threads, form| {
            Entry::new(peer, threads, move || {
                self.check(form, threads)?;
                let mut runner = self.runner(form, count, threads)?;
                let mut repeat = effort.repeat();
                single(move || Ok(repeat.mean_ns(|| ours::step(&mut runner)) / count as f64))
            })
        };
        let forms = |threads| {
            [
                entry("layerw", threads, Form::Script),
                entry("floor-rust", threads, Form::Rust),
                entry("layerw-rust-text", threads, Form::Text),
                entry("layerw-copied", threads, Form::Copied),
            ]
        };
        #[cfg_attr(
            not(feature = "script-peers"),
            allow(unused_mut, reason = "nobody is added")
        )]
        let mut entries: Vec<Entry> = [1, 2].into_iter().flat_map(forms).collect();
        #[cfg(feature = "script-peers")]
        {
            entries.extend([
                entry("quickjs", 1, Form::QuickJs),
                entry("wasmi", 1, Form::Wasmi),
                languages::entry::<Luau>("luau", self, effort, count),
                languages::entry::<Rhai>("rhai", self, effort, count),
            ]);
            if asc().is_some() {
                entries.push(entry("assemblyscript", 1, Form::AssemblyScript));
            }
            if LuaJit::is_there() {
                entries.push(languages::entry::<LuaJit>("luajit", self, effort, count));
            }
        }
        entries
    }
}

/// AssemblyScript, where `cargo xtask test native` installed it.
#[cfg(feature = "script-peers")]
fn asc() -> Option<Asc> {
    let program = std::env::current_exe().ok()?;
    let folder = program.ancestors().nth(2)?.join("assemblyscript");
    folder.is_dir().then(|| Asc::at(folder))
}

fn movement(place: &mut Place, speed: &Speed, cx: Cx) {
    place.0[0] += speed.0[0] * cx.dt;
    place.0[1] += speed.0[1] * cx.dt;
}

fn steer(place: &Place, speed: &mut Speed, cx: Cx) {
    let (x, y) = (50.0 - place.0[0], 50.0 - place.0[1]);
    let distance = (x * x + y * y).sqrt();
    let [mut across, mut along] = speed.0;
    if distance > 1.0 {
        across += x / distance * cx.dt;
        along += y / distance * cx.dt;
    }
    let fast = (across * across + along * along).sqrt();
    if fast > 10.0 {
        across = across / fast * 10.0;
        along = along / fast * 10.0;
    }
    speed.0 = [across, along];
}

fn bounce(place: &Place, speed: &mut Speed) {
    for axis in 0..2 {
        if place.0[axis] < 0.0 || place.0[axis] > 100.0 {
            speed.0[axis] = -speed.0[axis];
        }
    }
}

fn poisoned(health: &mut Health, poison: &mut Poison, cx: Cx) {
    if poison.0 > 0.0 {
        health.0 -= 5.0 * cx.dt;
        poison.0 -= cx.dt;
    } else {
        health.0 = (health.0 + 2.0 * cx.dt).min(100.0);
    }
}
