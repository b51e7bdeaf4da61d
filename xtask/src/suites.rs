//! The suites: what is checked, in which order, and what each may take.
//!
//! Budgets are seconds on a machine with two cores, from nothing, the downloads included; the suites share one target folder, so that each pays
//! only for what those before it did not build. All native tests use the profile `checked`: optimised, with every assertion on.

mod hosts;
mod web;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Options;
use crate::outcome::{Count, SuiteOutcome};
use crate::step::{Step, StepOutcome};
use crate::tidy;
use crate::tools;

/// A named set of checks.
pub struct Suite {
    pub name: &'static str,
    pub about: &'static str,
    budget_seconds: u64,
    checks: fn(&mut Checks),
}

/// All suites, the quick and telling ones first.
pub const SUITES: [Suite; 11] = [
    Suite {
        name: "tidy",
        about: "format, lints, documents, layering and the other house rules",
        budget_seconds: 300,
        checks: tidy_suite,
    },
    Suite {
        name: "native",
        about: "every test of every crate, optimised and with assertions",
        budget_seconds: 840,
        checks: native,
    },
    Suite {
        name: "small-memory",
        about: "every test once more with 64 MiB a simulation, and hello with 16 MiB",
        budget_seconds: 200,
        checks: small_memory,
    },
    Suite {
        name: "loom",
        about: "models of the lock-free parts under every interleaving",
        budget_seconds: 200,
        checks: loom,
    },
    Suite {
        name: "tracy",
        about: "a client of Tracy's wire protocol finds the zones that ran",
        budget_seconds: 120,
        checks: tracy,
    },
    Suite {
        name: "examples",
        about: "every example through the command: equal hashes for one and two workers, and its budget kept",
        budget_seconds: 300,
        checks: examples,
    },
    Suite {
        name: "gpu",
        about: "every test of what uses a GPU or a window, on Mesa's software adapters and an X server without a screen",
        budget_seconds: 540,
        checks: gpu,
    },
    Suite {
        name: "debug-hash",
        about: "a debug build and a release build reach the same hash, and go on from each other's snapshots",
        budget_seconds: 240,
        checks: debug_hash,
    },
    Suite {
        name: "hosts",
        about: "the examples under WASI and on Windows reach the native hashes, and snapshots go on there and back",
        budget_seconds: 660,
        checks: hosts::hosts,
    },
    Suite {
        name: "web",
        about: "examples as pages in Chromium reach the native hashes, with all workers and with one, and say what is missing",
        budget_seconds: 720,
        checks: web::web,
    },
    Suite {
        name: "bench-check",
        about: "every benchmark, small, checks its answer and its peers'",
        budget_seconds: 720,
        checks: bench_check,
    },
];

/// Hosts that a person may allow to be missing.
pub const HOSTS: [&str; hosts::HOSTS.len() + 1] = {
    let [node, wasmtime, wine] = hosts::HOSTS;
    [node, wasmtime, wine, web::HOST]
};

/// The examples, how each is built, and what keeps it brief: steps that take seconds, sizes that still use every system.
///
/// Those with scripts are built as the tests are: the machine code generator takes minutes, and release builds of it are the benchmarks'.
const EXAMPLES: [(&str, &str, &str); 6] = [
    ("hello", "", "--frames 60"),
    ("flock", "", "--frames 20 --set boids=20000"),
    ("particles", CHECKED, "--frames 200"),
    ("script-flock", CHECKED, "--frames 20"),
    ("script-movement", CHECKED, "--frames 60 --set points=20000"),
    ("solar-system", "", "--frames 20 --set asteroids=2000"),
];
const CHECKED: &str = "--profile checked";

/// What needs wgpu or wasm-bindgen, which take minutes to build: once, in the suites `gpu` and `web`, and nowhere else.
const APART: &str = "--exclude layerw-render --exclude nbody-gpu --exclude layerw-web-pack";

/// Examples with GPU passes, as in [`EXAMPLES`].
const GPU_EXAMPLES: [(&str, &str); 1] = [("nbody-gpu", "--frames 20 --set bodies=1000")];

/// From how long on a step says what it took, for whoever looks for the time that a suite takes.
const WORTH_TELLING: Duration = Duration::from_secs(5);

/// Runs a suite's checks and collects what came of them.
pub struct Checks<'a> {
    root: &'a Path,
    options: &'a Options,
    count: Count,
    failures: Vec<String>,
}

impl Suite {
    pub fn run(&self, root: &Path, options: &Options) -> SuiteOutcome {
        measure(self.name, self.budget_seconds, root, options, self.checks)
    }
}

/// The rules that need no compiler, alone.
pub fn rules(root: &Path) -> SuiteOutcome {
    measure("tidy", 5, root, &Options::default(), |checks| {
        checks.rules()
    })
}

fn measure(
    name: &'static str,
    budget_seconds: u64,
    root: &Path,
    options: &Options,
    run: impl FnOnce(&mut Checks<'_>),
) -> SuiteOutcome {
    let start = Instant::now();
    let mut checks = Checks {
        root,
        options,
        count: Count::default(),
        failures: Vec::new(),
    };
    run(&mut checks);
    let Checks {
        count, failures, ..
    } = checks;
    let budget = Duration::from_secs(budget_seconds);
    SuiteOutcome {
        name,
        count,
        failures,
        took: start.elapsed(),
        budget,
    }
}

impl Checks<'_> {
    fn step(&mut self, step: Step) -> StepOutcome {
        let start = Instant::now();
        let outcome = step.run(self.root, self.options);
        let took = start.elapsed();
        if took >= WORTH_TELLING {
            println!("   {:.0} s", took.as_secs_f64());
        }
        self.count = self.count.plus(outcome.count);
        self.failures.extend(outcome.failure.clone());
        outcome
    }

    /// A check of our own.
    fn check(&mut self, name: &str, failure: Option<String>) {
        let count = if failure.is_none() {
            Count::PASSED
        } else {
            Count::FAILED
        };
        self.count = self.count.plus(count);
        self.failures
            .extend(failure.map(|failure| format!("{name}: {failure}")));
    }

    fn rules(&mut self) {
        let tree = match tidy::Tree::read(self.root) {
            Ok(tree) => tree,
            Err(error) => return self.check("tidy", Some(error)),
        };
        for rule in &tidy::RULES {
            let violations = (rule.check)(&tree);
            for violation in &violations {
                println!("{violation}");
            }
            let failure = (!violations.is_empty()).then(|| {
                format!(
                    "{} (cargo xtask tidy)",
                    plural(violations.len(), "violation")
                )
            });
            self.check(rule.name, failure);
        }
        println!("{}", tidy::shares(&tree));
    }
}

fn tidy_suite(checks: &mut Checks) {
    checks.rules();
    checks.step(Step::cargo("fmt --all --check"));
    checks.step(Step::cargo(&format!(
        "clippy --quiet --workspace --exclude layerw-benches {APART} --all-targets --profile checked -- -D warnings"
    )));
    // The workspace's examples ask for scripts; most projects build the engine without.
    checks.step(Step::cargo(
        "clippy --quiet --package layerw --profile checked -- -D warnings",
    ));
    // Each runtime of scripts alone; the workspace has all three.
    for runtime in ["wasmtime", "wasmi", "quickjs"] {
        checks.step(Step::cargo(&format!(
            "clippy --quiet --package layerw-script --no-default-features --features compiler,{runtime} --profile checked -- -D warnings"
        )));
    }
    let doc = format!(
        "doc --quiet --workspace --exclude layerw-benches {APART} --no-deps --document-private-items --profile checked"
    );
    checks.step(Step::cargo(&doc).env("RUSTDOCFLAGS", "-D warnings"));
}

fn native(checks: &mut Checks) {
    if let Err(missing) = tools::assemblyscript(checks.root) {
        println!("note: {missing}");
    }
    checks.step(Step::tests(&format!(
        "test --workspace --exclude layerw-benches {APART} --profile checked --no-fail-fast"
    )));
    // Without the feature `scripts`, which the examples give it above.
    checks.step(Step::tests("test --package layerw --lib --profile checked"));
}

/// The programs are those of the suite `native`, so this costs their running time.
fn small_memory(checks: &mut Checks) {
    let tests = format!(
        "test --workspace --exclude layerw-benches {APART} --profile checked --no-fail-fast"
    );
    checks.step(Step::tests(&tests).env("LAYERW_MEMORY", "64MiB"));
    checks.step(Step::cargo(
        "run --profile checked --package hello -- run --frames 60 --memory-total 16MiB",
    ));
}

/// Each crate that can swap its primitives for loom's, found by its feature.
fn loom(checks: &mut Checks) {
    let crates = match tidy::Tree::read(checks.root) {
        Ok(tree) => tree.crates,
        Err(error) => return checks.check("loom", Some(error)),
    };
    let modelled = |folder: &str| checks.root.join(folder).join("tests/loom.rs").is_file();
    let names: Vec<String> = crates
        .iter()
        .filter(|member| member.manifest.has("features", "loom") && modelled(&member.folder))
        .map(|member| member.name.clone())
        .collect();
    let none = names
        .is_empty()
        .then(|| "no crate has a feature `loom` and a tests/loom.rs".to_owned());
    checks.check("models exist", none);
    for name in names {
        checks.step(Step::tests(&format!(
            "test --package {name} --features loom --test loom --profile checked"
        )));
    }
}

fn tracy(checks: &mut Checks) {
    checks.step(Step::tests(
        "test --package layerw-trace --features tracy,tracy-flush --test tracy --profile checked",
    ));
    checks.step(Step::tests(
        "test --package layerw-tests --features tracy --test tracy --profile checked",
    ));
}

fn examples(checks: &mut Checks) {
    for (name, build, options) in EXAMPLES {
        let run = |words: &str| {
            Step::cargo(&format!(
                "run --release -- run examples/{name} {build} {words}"
            ))
        };
        let hash = |checks: &mut Checks, threads: u32| {
            final_hash(checks, run(&format!("{options} --threads {threads}")))
        };
        let (one, two) = (hash(checks, 1), hash(checks, 2));
        checks.check(
            &format!("{name}: one hash for 1 and 2 workers"),
            differ(&one, &two),
        );
        // At its default size, for which the budget is written.
        checks.step(run(&format!(
            "--frames 10 --threads 2 --budget examples/{name}/budget.toml"
        )));
    }
    let names = EXAMPLES.iter().map(|(name, ..)| *name);
    let gpu = GPU_EXAMPLES.iter().map(|(name, _)| *name);
    let listed: Vec<&str> = names.chain(gpu).collect();
    checks.check(
        "every example is run",
        unlisted(&checks.root.join("examples"), &listed),
    );
}

/// One profile and one set of features, so that wgpu is built once.
fn gpu(checks: &mut Checks) {
    if let Err(missing) = tools::software_gpu() {
        return checks.check("an adapter to test on", Some(missing));
    }
    if let Err(missing) = tools::desk() {
        return checks.check("a display to test on", Some(missing));
    }
    const ALL: &str = "--package layerw-render --package layerw-platform --package layerw --package layerw-tests --package nbody-gpu \
        --features layerw/window,layerw-tests/window --profile checked";
    checks.step(Step::cargo(&format!(
        "clippy --quiet {ALL} --all-targets -- -D warnings"
    )));
    let doc = format!("doc --quiet {ALL} --no-deps --document-private-items");
    checks.step(Step::cargo(&doc).env("RUSTDOCFLAGS", "-D warnings"));
    // The command's own tests ran in the suite `native`.
    for tests in [
        "test --package layerw-render --package nbody-gpu --features layerw/window --profile checked --no-fail-fast",
        "test --package layerw-platform --features window --lib --profile checked --no-fail-fast window",
        "test --package layerw --features window --lib --profile checked --no-fail-fast",
        "test --package layerw --features window --doc --profile checked --no-fail-fast gpu",
        "test --package layerw-tests --features window --test pictures --test window --profile checked --no-fail-fast",
    ] {
        // OpenGL's library complains on standard error where nobody has set this.
        checks.step(Step::tests(tests).env("XDG_RUNTIME_DIR", "/tmp"));
    }
    // Once more without a Vulkan driver: on OpenGL, which is another compiler of shaders.
    checks.step(
        Step::tests("test --package layerw-render --lib --profile checked --no-fail-fast")
            .env("XDG_RUNTIME_DIR", "/tmp")
            .env("VK_ICD_FILENAMES", "/nonexistent")
            .env("VK_DRIVER_FILES", "/nonexistent"),
    );
    pictures(checks);
    for (name, options) in GPU_EXAMPLES {
        let hash = |checks: &mut Checks, words: &str| {
            let line = format!(
                "run --release -- run examples/{name} --profile checked --features layerw/window {options} {words}"
            );
            final_hash(checks, Step::cargo(&line).env("XDG_RUNTIME_DIR", "/tmp"))
        };
        let twin = hash(checks, "--gpu off --threads 1");
        let device = hash(checks, "--gpu require --threads 2");
        checks.check(
            &format!("{name}: one hash for the GPU and the CPU"),
            differ(&twin, &device),
        );
        checks.step(Step::cargo(&format!(
            "run --release -- run examples/{name} --profile checked --features layerw/window --frames 5 --threads 2 --budget examples/{name}/budget.toml"
        )));
    }
}

/// A picture by way of the command, which must not move the hash; and what is said where nothing draws.
fn pictures(checks: &mut Checks) {
    let file = std::env::temp_dir().join(format!("layerw-{}.png", std::process::id()));
    let line = "run --release -- run examples/flock --profile checked --features layerw/window --frames 20 --set boids=2000";
    let run = || Step::cargo(line).env("XDG_RUNTIME_DIR", "/tmp");
    let plain = final_hash(checks, run());
    let drawn = final_hash(checks, run().arg("--capture").arg(&file));
    checks.check(
        "flock: one hash with and without a picture",
        differ(&plain, &drawn),
    );
    let begins = fs::read(&file).is_ok_and(|bytes| bytes.starts_with(b"\x89PNG\r\n\x1a\n"));
    checks.check(
        "flock: the picture is a file",
        (!begins).then(|| format!("`{}` is none", file.display())),
    );
    // One that is not there was told of above.
    let _ = fs::remove_file(&file);
}

fn debug_hash(checks: &mut Checks) {
    const BUILDS: [&str; 2] = ["", " --profile dev"];
    let run = |build: &str, words: &str| {
        Step::cargo(&format!(
            "run --release -- run examples/flock{build} {words}"
        ))
    };
    let folder = std::env::temp_dir();
    let files = ["release", "debug"]
        .map(|build| folder.join(format!("layerw-{}-{build}.snapshot", std::process::id())));
    let taken: Vec<_> = BUILDS
        .iter()
        .zip(&files)
        .map(|(build, file)| {
            let step = run(build, "--frames 20 --set boids=2000 --snapshot").arg(file);
            final_hash(checks, step)
        })
        .collect();
    checks.check(
        "flock: one hash for debug and release",
        differ(&taken[0], &taken[1]),
    );
    let straight = final_hash(checks, run("", "--frames 30 --set boids=2000"));
    // Each goes on from what the other wrote.
    for (build, file) in BUILDS.iter().zip(files.iter().rev()) {
        let restored = final_hash(checks, run(build, "--frames 10 --restore").arg(file));
        checks.check(
            &format!("flock: `{}` goes on as the straight run", file.display()),
            differ(&straight, &restored),
        );
    }
    for file in files {
        // One that is not there was told of above.
        let _ = fs::remove_file(file);
    }
}

fn bench_check(checks: &mut Checks) {
    checks.step(Step::cargo(
        "clippy --quiet --profile checked --package layerw-benches --features script-peers --all-targets -- -D warnings",
    ));
    checks.step(Step::cargo(
        "run --profile checked --package layerw-benches --features script-peers -- --quick",
    ));
}

/// The hash that a run ends with; a run that ends with none is a failure of its own.
fn final_hash(checks: &mut Checks, step: Step) -> Option<String> {
    let name = step.line();
    let outcome = checks.step(step);
    let hash = outcome
        .output
        .lines()
        .last()
        .and_then(hash_of)
        .map(str::to_owned);
    if outcome.failure.is_none() && hash.is_none() {
        let last = outcome.output.lines().last().unwrap_or_default();
        checks.check(
            &name,
            Some(format!("the last line is `{last}`, not `hash HEX32`")),
        );
    }
    hash
}

fn hash_of(line: &str) -> Option<&str> {
    let digits = line.strip_prefix("hash ")?;
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (digits.len() == 32 && digits.bytes().all(is_digit)).then_some(digits)
}

fn differ(one: &Option<String>, other: &Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) if one == other => None,
        (Some(one), Some(other)) => Some(format!("{one} against {other}")),
        _ => Some("a run gave no hash".to_owned()),
    }
}

/// The example that nobody thought of when it was added.
fn unlisted(folder: &Path, listed: &[&str]) -> Option<String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return Some(format!("cannot list `{}`: {error}", folder.display())),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut forgotten: Vec<String> = names
        .filter(|name| folder.join(name).join("Cargo.toml").is_file())
        .filter(|name| !listed.contains(&name.as_str()))
        .collect();
    forgotten.sort();
    (!forgotten.is_empty()).then(|| format!("add {} to EXAMPLES", forgotten.join(", ")))
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_32_digits() {
        let line = "hash 0123456789abcdef0123456789abcdef";
        assert_eq!(hash_of(line), Some(&line[5..]));
        for line in ["hash 0123", "hash 0123456789abcdef0123456789abcdeF", "0123"] {
            assert_eq!(hash_of(line), None);
        }
    }

    #[test]
    fn hashes_that_differ_are_shown() {
        let hash = |text: &str| Some(text.to_owned());
        assert_eq!(differ(&hash("a"), &hash("a")), None);
        assert_eq!(
            differ(&hash("a"), &hash("b")),
            Some("a against b".to_owned())
        );
        assert!(differ(&None, &None).is_some());
    }

    #[test]
    fn suites_have_names_of_their_own() {
        for (place, suite) in SUITES.iter().enumerate() {
            assert!(SUITES[..place].iter().all(|other| other.name != suite.name));
        }
    }
}
