//! One step of a suite: a command, run with its output passed on and its tests counted.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStderr, Command, Stdio};
use std::thread;

use crate::Options;
use crate::outcome::Count;
use crate::tools;

/// Seconds that a step may take where nobody can press Ctrl-C. A step that needs more hangs: whole suites have budgets below this.
const HANG: &str = "1500";

/// How a command's success is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Counting {
    /// One thing passed or failed.
    AsOne,
    /// The numbers of its lines `test result: …`.
    Tests,
}

/// A command to run in the workspace's folder, or within another.
#[derive(Debug)]
pub struct Step {
    words: Vec<OsString>,
    folder: Option<PathBuf>,
    environment: Vec<(&'static str, &'static str)>,
    counting: Counting,
}

/// What came of a step.
#[derive(Debug)]
pub struct StepOutcome {
    pub count: Count,
    /// What it wrote to standard output.
    pub output: String,
    /// None when all passed.
    pub failure: Option<String>,
}

impl Step {
    /// A cargo command that counts as one check.
    pub fn cargo(line: &str) -> Step {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let words = line.split_whitespace().map(OsString::from);
        Step::program(std::iter::once(cargo).chain(words).collect())
    }

    /// A command of any program, the first word, that counts as one check.
    pub fn program(words: Vec<OsString>) -> Step {
        Step {
            words,
            folder: None,
            environment: Vec::new(),
            counting: Counting::AsOne,
        }
    }

    /// Runs it in another folder.
    pub fn within(self, folder: &Path) -> Step {
        Step {
            folder: Some(folder.to_owned()),
            ..self
        }
    }

    /// A `cargo test` command whose tests are counted.
    pub fn tests(line: &str) -> Step {
        Step {
            counting: Counting::Tests,
            ..Step::cargo(line)
        }
    }

    /// Adds a word as it is, spaces included.
    pub fn arg(mut self, word: impl Into<OsString>) -> Step {
        self.words.push(word.into());
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &'static str, value: &'static str) -> Step {
        self.environment.push((name, value));
        self
    }

    /// The command as a person would type it.
    pub fn line(&self) -> String {
        let program = Path::new(&self.words[0]).file_name().unwrap_or_default();
        let words = self.words[1..].iter().map(|word| word.to_string_lossy());
        let variables = self
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value} "));
        let variables: String = variables.collect();
        format!(
            "{variables}{} {}",
            program.to_string_lossy(),
            words.collect::<Vec<_>>().join(" ")
        )
    }

    /// Runs it to its end.
    pub fn run(self, root: &Path, options: &Options) -> StepOutcome {
        println!("-- {}", self.line());
        let mut command = self.command(options);
        command
            .current_dir(self.folder.as_deref().unwrap_or(root))
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if options.ci {
            command.stderr(Stdio::piped());
        }
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return self.failed(Count::FAILED, String::new(), &error.to_string()),
        };
        let complaints = child
            .stderr
            .take()
            .map(|lines| thread::spawn(|| pass_on(lines)));
        let mut output = String::new();
        let mut count = Count::default();
        let lines = child
            .stdout
            .take()
            .map(BufReader::new)
            .into_iter()
            .flat_map(BufRead::lines);
        for line in lines.map_while(Result::ok) {
            count = count.plus(result_of(&line).unwrap_or_default());
            if options.verbose || !is_routine(&line) {
                println!("{line}");
            }
            output.push_str(&line);
            output.push('\n');
        }
        if let Some(complaints) = complaints {
            // It panics only where standard error is gone, and then nobody reads.
            let _ = complaints.join();
        }
        let status = match child.wait() {
            Ok(status) => status,
            Err(error) => {
                return self.failed(count.plus(Count::FAILED), output, &error.to_string());
            }
        };
        let count = match (self.counting, status.success()) {
            (Counting::AsOne, true) => Count::PASSED,
            (Counting::AsOne, false) => Count::FAILED,
            // A test without the harness counts nothing.
            (Counting::Tests, true) if count == Count::default() => Count::PASSED,
            (Counting::Tests, true) => count,
            // It did not get as far as a failing test: it did not compile, or it was ended.
            (Counting::Tests, false) if count.failed == 0 => count.plus(Count::FAILED),
            (Counting::Tests, false) => count,
        };
        match status.success() {
            true => StepOutcome {
                count,
                output,
                failure: None,
            },
            false => self.failed(count, output, &status.to_string()),
        }
    }

    fn command(&self, options: &Options) -> Command {
        let mut words = self.words.clone();
        if options.ci && tools::answers(&["timeout", "--version"]) {
            let limit = ["timeout", "--kill-after=10", HANG].map(OsString::from);
            words.splice(0..0, limit);
        }
        let mut command = Command::new(&words[0]);
        command
            .args(&words[1..])
            .envs(self.environment.iter().copied());
        if options.long {
            command.env("LAYERW_LONG", "1");
        }
        if options.ci {
            // Nothing is built twice there, so what would make that faster only fills the disk.
            command.env("CARGO_INCREMENTAL", "0");
        }
        command
    }

    fn failed(&self, count: Count, output: String, why: &str) -> StepOutcome {
        let mut failure = format!("{} ({why})", self.line());
        for test in output.lines().filter_map(failed_test) {
            failure.push_str("\n  ");
            failure.push_str(test);
        }
        StepOutcome {
            count,
            output,
            failure: Some(failure),
        }
    }
}

/// The numbers of a line `test result: ok. 3 passed; 1 failed; …`.
fn result_of(line: &str) -> Option<Count> {
    let (_, numbers) = line
        .trim()
        .strip_prefix("test result: ")?
        .split_once(". ")?;
    let mut count = Count::default();
    for part in numbers.split(';') {
        match part.trim().split_once(' ') {
            Some((number, "passed")) => count.passed = number.parse().ok()?,
            Some((number, "failed")) => count.failed = number.parse().ok()?,
            _ => {}
        }
    }
    Some(count)
}

/// The test that a line `test NAME ... FAILED` tells of.
fn failed_test(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// What a command says on standard error, less what it builds: hundreds of lines that push what failed out of a log that is cut.
fn pass_on(lines: ChildStderr) {
    const BUILDS: [&str; 6] = [
        "Compiling ",
        "Checking ",
        "Downloading ",
        "Downloaded ",
        "Adding ",
        "Locking ",
    ];
    for line in BufReader::new(lines).lines().map_while(Result::ok) {
        let told = line.trim_start();
        if !BUILDS.iter().any(|start| told.starts_with(start)) {
            eprintln!("{line}");
        }
    }
}

/// Lines that say only that all is well: they would hide the others.
fn is_routine(line: &str) -> bool {
    let passed = line.starts_with("test ") && line.ends_with("ok");
    let empty = line.trim().is_empty();
    let start = line.starts_with("running ") && (line.ends_with("tests") || line.ends_with("test"));
    let end = line.starts_with("test result: ok. ");
    passed || empty || start || end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_test_is_named() {
        assert_eq!(failed_test("test a::b ... FAILED"), Some("a::b"));
        let doc = "test src/lib.rs - draw (line 3) ... FAILED";
        assert_eq!(failed_test(doc), Some("src/lib.rs - draw (line 3)"));
        for line in ["test a::b ... ok", "test result: FAILED. 0 passed", "a"] {
            assert_eq!(failed_test(line), None);
        }
        let mut step = Step::program(vec!["a".into()]);
        step.counting = Counting::Tests;
        let outcome = step.failed(Count::FAILED, "test x ... FAILED\n".into(), "exit 101");
        assert_eq!(outcome.failure.as_deref(), Some("a  (exit 101)\n  x"));
    }

    #[test]
    fn results_are_read_from_their_lines() {
        let line =
            "test result: FAILED. 11 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(
            result_of(line),
            Some(Count {
                passed: 11,
                failed: 2
            })
        );
        assert_eq!(result_of("test result of mine ... ok"), None);
        assert_eq!(result_of("running 3 tests"), None);
    }

    #[test]
    fn only_what_matters_is_printed() {
        for line in [
            "test a::b ... ok",
            "running 1 test",
            "",
            "test result: ok. 1 passed; 0 failed",
        ] {
            assert!(is_routine(line), "{line}");
        }
        for line in [
            "test a::b ... FAILED",
            "test result: FAILED. 1 passed",
            "hash 00ff",
        ] {
            assert!(!is_routine(line), "{line}");
        }
    }

    /// A step of any program, silent about its failure.
    fn step(words: &[&str], counting: Counting) -> StepOutcome {
        let words = words.iter().map(OsString::from).collect();
        let step = Step {
            counting,
            ..Step::program(words)
        };
        step.run(Path::new("."), &Options::default())
    }

    #[test]
    fn a_step_that_cannot_run_fails_by_name() {
        let outcome = step(&["/nonexistent/cargo", "test", "--now"], Counting::AsOne);
        assert_eq!(
            (outcome.count, outcome.output.as_str()),
            (Count::FAILED, "")
        );
        assert!(
            outcome
                .failure
                .expect("a failure")
                .starts_with("cargo test --now (")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_step_is_counted_by_its_tests_or_as_one() {
        let tests = "echo 'test result: FAILED. 3 passed; 1 failed; 0 ignored'";
        let (good, bad) = (tests.to_owned(), format!("{tests}; exit 101"));
        for (line, counting, passed, failed) in [
            ("true", Counting::AsOne, 1, 0),
            ("exit 1", Counting::AsOne, 0, 1),
            ("true", Counting::Tests, 1, 0),
            // It does not compile, or is ended before a test failed.
            ("exit 101", Counting::Tests, 0, 1),
            (&bad, Counting::Tests, 3, 1),
            (&good, Counting::AsOne, 1, 0),
        ] {
            let outcome = step(&["sh", "-c", line], counting);
            assert_eq!(outcome.count, Count { passed, failed }, "{line}");
            assert_eq!(outcome.failure.is_some(), failed > 0, "{line}");
        }
    }
}
