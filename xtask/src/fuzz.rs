//! `cargo xtask fuzz`: every target of `fuzz/` for some seconds, from the corpus that is committed.

use std::path::Path;
use std::process::{Command, ExitCode};

use crate::tools::answers;

/// The targets, as `fuzz/Cargo.toml` names them.
const TARGETS: [&str; 5] = ["regions", "heap", "budgets", "config", "snapshot"];

/// Seconds for each target, where none are said.
const SECONDS: u32 = 60;

/// What is to be fuzzed, and for how long.
#[derive(Debug, Eq, PartialEq)]
pub struct Plan<'a> {
    /// None means all.
    targets: Vec<&'a str>,
    seconds: u32,
}

/// Reads `[TARGET...] [--seconds N]`.
///
/// # Errors
/// A sentence on what is unknown.
pub fn read<'a>(words: &[&'a str]) -> Result<Plan<'a>, String> {
    let (mut targets, mut seconds) = (Vec::new(), SECONDS);
    let mut words = words.iter();
    while let Some(&word) = words.next() {
        if word == "--seconds" {
            let said = words.next().and_then(|number| number.parse().ok());
            seconds = said
                .filter(|&number| number > 0)
                .ok_or("`--seconds` takes a whole number from 1 on")?;
        } else if TARGETS.contains(&word) {
            targets.push(word);
        } else {
            let known = TARGETS.join(", ");
            return Err(format!("unknown target `{word}`; there are {known}"));
        }
    }
    Ok(Plan { targets, seconds })
}

/// Runs the plan, and installs what it needs.
pub fn run(root: &Path, plan: &Plan<'_>) -> ExitCode {
    if let Err(missing) = check() {
        eprintln!("{missing}");
        return ExitCode::FAILURE;
    }
    let (mut passed, mut failed) = (0, 0);
    let chosen = |target: &&&str| plan.targets.is_empty() || plan.targets.contains(*target);
    for target in TARGETS.iter().filter(chosen) {
        let folder = root.join("fuzz");
        println!("\n== {target}: {} s", plan.seconds);
        let [found, corpus] = ["found", "corpus"].map(|name| folder.join(name).join(target));
        for place in [&found, &corpus] {
            if let Err(error) = std::fs::create_dir_all(place) {
                eprintln!("`{}` cannot be made: {error}", place.display());
                return ExitCode::FAILURE;
            }
        }
        let status = Command::new("cargo")
            .args(["+nightly", "fuzz", "run", "--fuzz-dir"])
            .arg(&folder)
            .arg(target)
            // New inputs go to the first folder, which is not committed; the second is.
            .args([found, corpus])
            .args(["--", "-rss_limit_mb=4096", "-print_final_stats=1"])
            .arg(format!("-max_total_time={}", plan.seconds))
            .status();
        match status {
            Ok(status) if status.success() => passed += 1,
            _ => failed += 1,
        }
    }
    println!("\n{passed} passed, {failed} failed");
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Installs cargo-fuzz if it is missing.
fn check() -> Result<(), String> {
    if !answers(&["cargo", "+nightly", "--version"]) {
        return Err(
            "fuzzing needs a nightly compiler; install it with `rustup toolchain install nightly`"
                .into(),
        );
    }
    let installed = || answers(&["cargo", "fuzz", "--version"]);
    let install = || {
        println!("installing cargo-fuzz");
        answers(&["cargo", "install", "cargo-fuzz", "--locked"])
    };
    if installed() || (install() && installed()) {
        Ok(())
    } else {
        Err("cargo-fuzz could not be installed; try `cargo install cargo-fuzz --locked`".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_targets_and_seconds() {
        let plan = |targets: &[&'static str], seconds| Plan {
            targets: targets.to_vec(),
            seconds,
        };
        assert_eq!(read(&[]), Ok(plan(&[], SECONDS)));
        assert_eq!(
            read(&["snapshot", "--seconds", "5"]),
            Ok(plan(&["snapshot"], 5))
        );
        assert!(read(&["--seconds", "0"]).is_err_and(|said| said.contains("from 1 on")));
        assert!(
            read(&["snapshots"])
                .is_err_and(|said| said.contains("regions, heap, budgets, config, snapshot"))
        );
    }

    #[test]
    fn the_targets_are_those_of_the_crate() {
        let manifest = include_str!("../../fuzz/Cargo.toml");
        for target in TARGETS {
            assert!(
                manifest.contains(&format!("name = \"{target}\"")),
                "{target}"
            );
        }
        assert_eq!(manifest.matches("[[bin]]").count(), TARGETS.len());
    }
}
