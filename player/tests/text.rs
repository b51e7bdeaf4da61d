//! Scripts as Rust text in the engine: the text is one that rustc takes, and it does what the scripts do, to the last bit of the state.

use std::path::PathBuf;

use layerw::{Jobs, Runner, RunnerOptions, Settings, Sim, StateHash, on_fresh_thread};
use layerw_script::compile::{Source, compile};

// As the compiler wrote them.
#[allow(clippy::all, clippy::pedantic, dead_code)]
#[rustfmt::skip]
mod golden {
    #[path = "bees.rs"]
    pub mod bees;
    #[path = "flock.rs"]
    pub mod flock;
    #[path = "sand.rs"]
    pub mod sand;
}

/// A project of one script, and its text.
struct Case {
    folder: PathBuf,
    file: &'static str,
    golden: &'static str,
    add: fn(&mut Sim),
}

fn here() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn example(name: &str) -> PathBuf {
    here().with_file_name("examples").join(name)
}

fn flock() -> Case {
    Case {
        folder: example("script-flock"),
        file: "flock.ts",
        golden: "flock.rs",
        add: golden::flock::add,
    }
}

fn sand() -> Case {
    Case {
        folder: example("particles"),
        file: "sand.ts",
        golden: "sand.rs",
        add: golden::sand::add,
    }
}

fn bees() -> Case {
    Case {
        folder: here().join("tests/text"),
        file: "bees.ts",
        golden: "bees.rs",
        add: golden::bees::add,
    }
}

impl Case {
    /// Compares the text with the recorded one; `LAYERW_BLESS=1` writes it instead.
    fn check_text(&self) {
        let source = std::fs::read_to_string(self.folder.join(self.file)).expect("a script");
        let program = compile(&[Source::new(self.file, source)]).expect("in the language");
        let text = program.rust().expect("all of it has a Rust form");
        let path = here().join("tests/golden").join(self.golden);
        if std::env::var_os("LAYERW_BLESS").is_some() {
            std::fs::write(&path, &text).expect("the golden folder can be written");
        }
        let expected = std::fs::read_to_string(&path).expect("the golden file exists");
        assert!(
            text == expected,
            "{} is not what the compiler makes of {}; LAYERW_BLESS=1 re-records it",
            path.display(),
            self.file
        );
    }

    /// The state after each of some steps.
    fn hashes(&self, script: bool, threads: usize, steps: &[u64]) -> Vec<StateHash> {
        on_fresh_thread("engine", 8 << 20, || {
            let settings = Settings::new()
                .with_seed(7)
                .with_project(&self.folder)
                .with_script(self.file);
            let mut sim = settings.sim().expect("room");
            if script {
                sim.scripts(&settings).expect("a right script");
            } else {
                (self.add)(&mut sim);
            }
            let jobs = Jobs::new(threads).expect("workers start on a fresh thread");
            let mut runner = Runner::new(sim, &jobs, RunnerOptions::default()).expect("a graph");
            let hash_at = |&step: &u64| {
                while runner.world().step() < step {
                    runner.step().expect("a step");
                }
                runner.hash()
            };
            steps.iter().map(hash_at).collect()
        })
    }

    fn check_bits(&self, steps: &[u64]) {
        let expected = self.hashes(true, 1, steps);
        for threads in [1, 2] {
            let found = self.hashes(false, threads, steps);
            let differs = (0..steps.len()).find(|&at| found[at] != expected[at]);
            assert_eq!(
                differs.map(|at| steps[at]),
                None,
                "the first step after which the text's state is another one, on {threads} workers"
            );
        }
    }
}

#[test]
fn the_texts_are_the_recorded_ones() {
    [flock(), sand(), bees()].iter().for_each(Case::check_text);
}

#[test]
fn the_text_of_the_flock_gives_its_bits() {
    flock().check_bits(&[0, 1, 2, 40]);
}

#[test]
fn the_text_of_the_sand_gives_its_bits() {
    sand().check_bits(&[1, 2, 200]);
}

#[test]
fn the_text_of_every_kind_of_system_gives_its_bits() {
    bees().check_bits(&[0, 1, 2, 3, 4, 10, 30]);
}
