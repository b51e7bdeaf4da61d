//! `doctor`: this machine, this project and every thread of the process, for a person who wonders.

use std::fmt::Write;
use std::process::ExitCode;

use layerw_jobs::Jobs;
use layerw_memory::{Arena, Bytes, Tier};
use layerw_platform::threads::{Thread, threads};

use super::options::{DoctorOptions, Switch};
use super::output;
use super::prepare::{Prepared, Project};
use super::{ENGINE_THREAD, FIRST_WORKER};
use crate::error::Result;
use crate::report::{self, LimitFigures, MemoryFigures, PoolFigures};
use crate::runner::RunnerOptions;
use crate::settings::Settings;
use crate::sim::Sim;

/// Prints what it finds; with a project, after building it, and with `--memory` or `--json` after one step of it.
pub(super) fn doctor(
    options: &DoctorOptions,
    build: Option<impl FnOnce(&Settings) -> Result<Sim>>,
) -> Result<ExitCode> {
    let project = Project::open(&options.build)?;
    let jobs = project.workers(&options.build, Switch::Off)?;
    let prepared = match build {
        None => None,
        Some(build) => {
            let runner = RunnerOptions::default();
            let mut prepared = project.prepare(build, &options.build, &jobs, runner, None)?;
            if options.memory || options.json {
                prepared.runner.step()?;
            }
            Some(prepared)
        }
    };
    let arena = match &prepared {
        Some(prepared) => prepared.runner.arena().clone(),
        None => Arena::new(&project.memory)?,
    };
    let text = if options.json {
        report::json(&MemoryFigures::of(&arena, project.reduced_from))
    } else {
        let mut text = String::new();
        machine(&mut text, &jobs);
        gpus(&mut text);
        if let Some(prepared) = &prepared {
            simulation(&mut text, &project, prepared);
        }
        memory(&mut text, &arena, options.memory);
        threads_with_owners(&mut text);
        text
    };
    output::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn machine(text: &mut String, jobs: &Jobs) {
    line(text, "engine", env!("CARGO_PKG_VERSION"));
    line(text, "host", layerw_platform::host());
    let cpus = layerw_platform::available_cpus();
    line(
        text,
        "CPUs",
        format_args!("{cpus} that this process may use"),
    );
    let pinned = if jobs.is_pinned() {
        "pinned"
    } else {
        "not pinned"
    };
    let workers = jobs.threads();
    line(text, "workers", format_args!("{workers}, {pinned}"));
    let tracy = if cfg!(feature = "tracy") {
        let port = std::env::var("TRACY_PORT").unwrap_or_else(|_| "8086".to_owned());
        format!("tracy, on port {port} of this machine")
    } else {
        "no tracy; build with --features tracy to profile live".to_owned()
    };
    line(text, "features", tracy);
}

/// The adapters that passes could run on.
fn gpus(text: &mut String) {
    let Some(adapters) = crate::gpu::adapters() else {
        return line(
            text,
            "GPUs",
            "not asked for: this program has no GPU passes",
        );
    };
    line(text, "GPUs", adapters.len());
    for adapter in adapters {
        let _ = writeln!(text, "  {adapter}");
    }
}

fn simulation(text: &mut String, project: &Project, prepared: &Prepared) {
    let Prepared {
        runner, settings, ..
    } = prepared;
    let folder = project.folder.display();
    line(
        text,
        "project",
        format_args!("{} in `{folder}`", project.name),
    );
    line(text, "seed", runner.world().seed());
    line(text, "dt", format_args!("{:?} s", runner.world().dt()));
    line(
        text,
        "frames",
        format_args!("{} unless told otherwise", prepared.frames),
    );
    let entities = runner.world().len();
    line(text, "entities", entities);
    heading(text, "systems, in written order");
    for node in runner.plan().nodes() {
        let _ = writeln!(text, "  {}", node.name);
    }
    let scripts = runner.script_figures();
    if !scripts.is_empty() {
        heading(text, "scripts");
    }
    for script in scripts {
        let why = script
            .why_copied
            .map_or_else(String::new, |why| format!(": {why}"));
        let _ = writeln!(
            text,
            "  {}  {} by {}, columns {}{why}",
            script.name, script.trust, script.runtime, script.columns
        );
    }
    heading(text, "settings");
    for setting in settings.declared() {
        let _ = writeln!(text, "  {setting}; now {}", setting.value);
    }
}

fn memory(text: &mut String, arena: &Arena, live: bool) {
    heading(text, "memory");
    let bytes = Bytes(arena.layout().bytes());
    let _ = writeln!(text, "  {bytes} of address space on {}", arena.backing());
    for rounding in &arena.layout().roundings {
        let (asked, given) = (Bytes(rounding.asked), Bytes(rounding.given));
        let _ = writeln!(
            text,
            "  {} asks for {asked} and gets whole pages: {given}",
            rounding.name
        );
    }
    if !live {
        for pool in Tier::ALL.map(|tier| arena.pool(tier)) {
            let stats = pool.stats();
            let (used, budget) = (Bytes(stats.used), Bytes(stats.budget));
            let _ = writeln!(text, "  {:5}  {used} of {budget} in use", stats.name);
        }
        return;
    }
    for row in arena.table().to_string().lines() {
        let _ = writeln!(text, "  {row}");
    }
    for pool in report::pools(arena) {
        free(text, &pool);
    }
    heading(text, "map of memory: pages of 64 KiB");
    let _ = writeln!(text, "  {:>6}  {:>6}  pool   owner", "first", "pages");
    for region in arena.map() {
        let (first, pages, tier) = (region.first, region.pages, region.tier.name());
        let _ = write!(text, "  {first:>6}  {pages:>6}  {tier:5}  ");
        let _ = match region.holder {
            None => writeln!(text, "free"),
            Some(holder) => {
                let (peak, budget) = (Bytes(holder.peak), Bytes(holder.budget));
                let (owner, frame) = (&holder.owner, holder.frame);
                let state = holder
                    .state
                    .map_or(String::new(), |state| format!(", {state}"));
                writeln!(
                    text,
                    "{owner}{state}, since frame {frame}, peak {peak} of {budget}"
                )
            }
        };
    }
    limits(text);
}

/// What is left of a pool, and what it cost when nothing was.
fn free(text: &mut String, pool: &PoolFigures) {
    let (name, free, longest) = (pool.name, Bytes(pool.free), Bytes(pool.longest_free));
    let _ = write!(
        text,
        "  {name:5}  {free} free, {longest} of it in one piece"
    );
    let pressure = &pool.pressure;
    if pressure.recycles + pressure.degrades + pressure.refusals > 0 {
        let _ = write!(
            text,
            "; it ran out: {} recycled in {} calls, {} given up in {}, {} requests refused",
            Bytes(pressure.recycled),
            pressure.recycles,
            Bytes(pressure.degraded),
            pressure.degrades,
            pressure.refusals
        );
    }
    text.push('\n');
}

/// What this machine lets the process have.
fn limits(text: &mut String) {
    heading(text, "limits of this machine");
    let limits = LimitFigures::read();
    let size = |bytes: Option<u64>, otherwise: &str| {
        bytes.map_or(otherwise.to_owned(), |bytes| Bytes(bytes).to_string())
    };
    let told = |word: Option<&str>| word.unwrap_or("not told").to_owned();
    for (name, value) in [
        (
            "another arena could have",
            size(limits.reservable, "not even 512 MiB"),
        ),
        (
            "address space (ulimit -v)",
            size(limits.address_space, "no limit known"),
        ),
        ("overcommit", told(limits.overcommit)),
        ("huge pages", told(limits.huge_pages.as_deref())),
        (
            "huge pages of shared memory",
            told(limits.huge_pages_shared.as_deref()),
        ),
        ("memory", size(limits.memory, "not told")),
        ("memory to be had", size(limits.available, "not told")),
    ] {
        let _ = writeln!(text, "  {name:27}  {value}");
    }
}

fn threads_with_owners(text: &mut String) {
    heading(text, "threads of this process");
    let Some(threads) = threads() else {
        text.push_str("  this host does not tell\n");
        return;
    };
    for thread in threads {
        let _ = writeln!(
            text,
            "  {:>8}  {:16}  {}",
            thread.id,
            thread.name,
            owner(&thread)
        );
    }
}

/// Who started a thread. Linux keeps 15 bytes of a name, and Tracy's client gives the thread the name that it has in traces.
fn owner(thread: &Thread) -> &'static str {
    let name = thread.name.as_str();
    let engine = [&ENGINE_THREAD[..ENGINE_THREAD.len().min(15)], FIRST_WORKER];
    let worker = name
        .strip_prefix("layerw-")
        .or(name.strip_prefix("worker "));
    if thread.id == u64::from(std::process::id()) {
        "the process's first thread: waits for the engine thread"
    } else if engine.contains(&name) {
        "engine thread: worker 0, owns the loop"
    } else if worker.is_some_and(is_number) {
        "a worker"
    } else if name.starts_with("Tracy ") {
        "Tracy's client, feature `tracy`"
    } else if name == SCRIPT_CLOCK {
        "counts the time of scripts that have a limit"
    } else {
        "not the engine's: the project or one of its libraries started it"
    }
}

/// What Linux keeps of the name `script time limit`.
const SCRIPT_CLOCK: &str = "script time lim";

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    // A String takes everything.
    let _ = writeln!(text, "{name:9} {value}");
}

fn heading(text: &mut String, what: &str) {
    let _ = writeln!(text, "\n{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_has_an_owner() {
        let owner_of = |name: &str| {
            let name = name.to_owned();
            owner(&Thread { id: u64::MAX, name })
        };
        assert!(owner_of("layerw-engine").starts_with("engine thread"));
        assert!(owner_of("worker 0").starts_with("engine thread"));
        assert_eq!(owner_of("layerw-17"), "a worker");
        assert_eq!(owner_of("worker 17"), "a worker");
        assert!(owner_of("layerw-").starts_with("not the engine's"));
        assert!(owner_of("Tracy Profiler").starts_with("Tracy's"));
        assert!(owner_of("script time lim").starts_with("counts the time of scripts"));
        assert!(owner_of("cpal_alsa_out").starts_with("not the engine's"));
        let own = Thread {
            id: std::process::id().into(),
            name: String::new(),
        };
        assert!(owner(&own).starts_with("the process's first thread"));
    }
}
