//! The project's chores, as `cargo xtask VERB`.
//!
//! Everything that decides whether a change may land is here and runs on a laptop as it runs in CI; `.ci/run` only calls `cargo xtask ci`.
//! A verb runs suites ([`suites`]), a suite runs steps ([`step`]), and the last line of every verb is `N passed, N failed`.

#![forbid(unsafe_code)]

mod fuzz;
mod outcome;
mod step;
mod suites;
mod tidy;
mod tools;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use outcome::Report;
use suites::{HOSTS, SUITES, Suite};

const HELP: &str = "\
cargo xtask VERB

Verbs:
  test [SUITE...] [--long] [--verbose] [--allow-missing HOST...]
                                         run the suites named, or all
  tidy                                   check layering, host code, unsafe code, text and documents
  fuzz [TARGET...] [--seconds N]         look for inputs that break memory, layerw.toml and snapshots, 60 s a target
  ci                                     what must pass before a change lands

Options:
  --long      run the long form of tests that have one (LAYERW_LONG=1)
  --verbose   print the tests that pass, too
  --allow-missing HOST   the suites `hosts` and `web` may go without that one

Suites:
";

/// How a verb was called.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Options {
    /// Suites by name; none means all.
    suites: Vec<String>,
    long: bool,
    verbose: bool,
    /// Hosts that the suites `hosts` and `web` may go without.
    allow_missing: Vec<String>,
    /// A machine is watching: suites over twice their budget fail, and a step that hangs is ended.
    ci: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] | ["help" | "--help" | "-h", ..] => {
            print!("{HELP}");
            for suite in &SUITES {
                println!("  {:12} {}", suite.name, suite.about);
            }
            ExitCode::SUCCESS
        }
        ["test", rest @ ..] => {
            read_options(rest).map_or_else(wrong_usage, |options| test(&options))
        }
        ["ci"] => test(&Options {
            ci: true,
            ..Options::default()
        }),
        ["tidy"] => tidy(),
        ["fuzz", rest @ ..] => {
            fuzz::read(rest).map_or_else(wrong_usage, |plan| fuzz::run(&root(), &plan))
        }
        _ => wrong_usage(format!(
            "unknown chore `{}`; `cargo xtask help` lists them",
            words.join(" ")
        )),
    }
}

fn read_options(words: &[&str]) -> Result<Options, String> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        match word {
            "--allow-missing" => match words.next() {
                Some(host) if HOSTS.contains(host) => options.allow_missing.push((*host).into()),
                _ => {
                    return Err(format!(
                        "`--allow-missing` takes the name of a host: {}",
                        HOSTS.join(", ")
                    ));
                }
            },
            "--long" => options.long = true,
            "--verbose" => options.verbose = true,
            _ if SUITES.iter().any(|suite| suite.name == word) => options.suites.push(word.into()),
            _ => {
                let names: Vec<_> = SUITES.iter().map(|suite| suite.name).collect();
                return Err(format!(
                    "unknown suite `{word}`; there are {}",
                    names.join(", ")
                ));
            }
        }
    }
    Ok(options)
}

fn test(options: &Options) -> ExitCode {
    if let Err(missing) = tools::check() {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    if options.suites.is_empty()
        && let Some(note) = tools::room(&root())
    {
        println!("note: {note}");
    }
    let chosen = |suite: &&Suite| {
        options.suites.is_empty() || options.suites.iter().any(|name| *name == suite.name)
    };
    let mut report = Report::default();
    for suite in SUITES.iter().filter(chosen) {
        println!("\n== {}: {}", suite.name, suite.about);
        report.add(suite.run(&root(), options));
    }
    print!("\n{report}");
    report.exit_code(options.ci)
}

/// The tidy rules alone: no compiler, well under a second.
fn tidy() -> ExitCode {
    let mut report = Report::default();
    report.add(suites::rules(&root()));
    print!("\n{report}");
    report.exit_code(false)
}

fn wrong_usage(sentence: String) -> ExitCode {
    eprintln!("{sentence}");
    ExitCode::from(2)
}

/// The folder of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_name_suites_or_are_refused() {
        let options = read_options(&["tidy", "--long", "native"]).expect("known words");
        assert_eq!(
            (options.suites.len(), options.long, options.verbose),
            (2, true, false)
        );
        let refused = read_options(&["natve"]).expect_err("a slip");
        assert!(
            refused.starts_with("unknown suite `natve`; there are tidy, native"),
            "{refused}"
        );
        let options = read_options(&["--allow-missing", "wasi-node"]).expect("a host");
        assert_eq!(options.allow_missing, ["wasi-node"]);
        for words in [&["--allow-missing"][..], &["--allow-missing", "mars"]] {
            read_options(words).expect_err("no host");
        }
    }
}
