//! Projects of nothing but scripts by way of AssemblyScript, where it is installed: to the same state after every step, and with the same words where they stop.

use std::path::{Path, PathBuf};

use layerw::{Jobs, Runner, RunnerOptions, ScriptCompiler, Settings, StateHash, on_fresh_thread};

/// Where `cargo xtask test native` installs it.
fn installed() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let folder = program.ancestors().nth(3)?.join("assemblyscript");
    let there = folder.join("node_modules/assemblyscript").is_dir();
    if !there {
        eprintln!("not tested: no AssemblyScript in {}", folder.display());
    }
    there.then_some(folder)
}

/// A folder below the one that has the package.
struct Project(PathBuf);

impl Project {
    fn new(installed: &Path, name: &str) -> Self {
        let folder = installed.join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Project(folder)
    }

    fn runner(&self, file: &str, compiler: ScriptCompiler, jobs: &Jobs) -> Runner {
        let settings = Settings::new()
            .with_seed(7)
            .with_project(&self.0)
            .with_script(file)
            .with_script_compiler(compiler);
        let mut sim = settings.sim().expect("room");
        sim.scripts(&settings).expect("a right script");
        Runner::new(sim, jobs, RunnerOptions::default()).expect("a graph")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        // Nothing depends on it.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Compares the states after some steps.
fn same_states(folder: &str, file: &str, steps: &[u64]) {
    let Some(installed) = installed() else { return };
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let project = Project::new(&installed, file);
    let source = here.join(folder).join(file);
    std::fs::copy(source, project.0.join(file)).expect("copied");
    let hashes = |compiler, threads| -> Vec<StateHash> {
        on_fresh_thread("engine", 8 << 20, || {
            let jobs = Jobs::new(threads).expect("workers start on a fresh thread");
            let mut runner = project.runner(file, compiler, &jobs);
            let hash_at = |&step: &u64| {
                while runner.world().step() < step {
                    runner.step().expect("a step");
                }
                runner.hash()
            };
            steps.iter().map(hash_at).collect()
        })
    };
    let expected = hashes(ScriptCompiler::Layerw, 1);
    for threads in [1, 2] {
        let found = hashes(ScriptCompiler::AssemblyScript, threads);
        let differs = (0..steps.len()).find(|&at| found[at] != expected[at]);
        assert_eq!(
            differs.map(|at| steps[at]),
            None,
            "the first step after which the state is another one, on {threads} workers"
        );
    }
}

#[test]
fn the_flock_has_the_same_states() {
    same_states("../examples/script-flock", "flock.ts", &[0, 1, 2, 20]);
}

#[test]
fn the_sand_has_the_same_states() {
    same_states("../examples/particles", "sand.ts", &[1, 2, 120]);
}

#[test]
fn every_kind_of_system_has_the_same_states() {
    same_states("tests/text", "bees.ts", &[0, 1, 2, 3, 4, 10, 30]);
}

#[test]
fn what_stops_is_told_in_the_same_words() {
    let Some(installed) = installed() else { return };
    let project = Project::new(&installed, "stops");
    let begin = "class Make { start(world: World) { for (let i = 0; i < 9; i++) world.spawn({ speeds: f32(i) }); } }\n";
    for (file, stop) in [
        ("row.ts", "speeds[i] = speeds[i + 3];"),
        ("item.ts", "speeds[i] = f32(table.of[i]);"),
        ("zero.ts", "table.of[0] = 1 / i32(speeds[i] - 5);"),
    ] {
        let text = format!(
            "{begin}class Table {{ of = new Int32Array(7); }}\nclass Stop {{\n  update(speeds: f32[], table: Table) {{\n    for (let i = 0; i < speeds.length; i++) {{\n      {stop}\n    }}\n  }}\n}}\n"
        );
        std::fs::write(project.0.join(file), text).expect("written");
        let said = |compiler| {
            on_fresh_thread("engine", 8 << 20, || {
                let jobs = Jobs::new(1).expect("a worker");
                let mut runner = project.runner(file, compiler, &jobs);
                let ended = (0..2).find_map(|_| runner.step().err());
                ended.expect("it stops").to_string()
            })
        };
        let expected = said(ScriptCompiler::Layerw);
        let place = format!("system `Stop` at {file}:6:");
        assert!(
            expected.contains(&place) && expected.contains("entity "),
            "{expected}"
        );
        assert_eq!(said(ScriptCompiler::AssemblyScript), expected);
    }
}
