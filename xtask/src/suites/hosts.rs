//! One project, one hash: the examples on every other host that this machine can run, beside the native program.
//!
//! Each host does the same steps and prints the same hashes; goes on from the native program's snapshot; and writes one from which the native
//! program goes on. A host that could not run fails the suite, unless the person who runs it allows that (`--allow-missing HOST`).

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::Checks;
use crate::step::Step;
use crate::tools;

/// What runs everywhere, small enough for the slowest host.
struct Project {
    name: &'static str,
    options: &'static str,
    /// Only under WASI: with scripts it takes minutes to build, and runs the same interpreter everywhere.
    wasi_only: bool,
    /// How the native program is built: as other suites do.
    profile: &'static str,
    /// Steps before the snapshot, and after it.
    steps: [u32; 2],
    /// Steps from one hash to the next.
    every: u32,
}

const PROJECTS: [Project; 4] = [
    Project::compiled("hello", "--set points=5000"),
    Project::compiled("flock", "--set boids=1000"),
    Project::compiled("solar-system", "--set asteroids=500"),
    // Its ten thousand boids are interpreted there.
    Project {
        wasi_only: true,
        profile: "--profile checked",
        steps: [4, 2],
        every: 2,
        ..Project::compiled("script-flock", "--seed 7")
    },
];

impl Project {
    const fn compiled(name: &'static str, options: &'static str) -> Project {
        Project {
            name,
            options,
            wasi_only: false,
            profile: "",
            steps: [200, 100],
            every: 100,
        }
    }
}

/// Names of the hosts beside the native one, for `--allow-missing`.
pub const HOSTS: [&str; 3] = ["wasi-node", "wasi-wasmtime", "windows-wine"];

/// A way to run a program for another host.
struct Guest {
    name: &'static str,
    /// As `layerw build --host` takes it.
    host: &'static str,
    /// As [`Step::program`] takes it; the program and its options follow.
    words: Vec<OsString>,
}

pub(super) fn hosts(checks: &mut Checks<'_>) {
    // The only folder that programs for WASI see.
    let work = tools::target(checks.root).join("hosts");
    if let Err(error) = prepare(checks.root, &work) {
        return checks.check("hosts", Some(error));
    }
    let guests: Vec<Guest> = HOSTS
        .into_iter()
        .filter_map(|name| find(checks, &work, name))
        .collect();
    if guests.is_empty() {
        return;
    }
    for project in &PROJECTS {
        for host in ["wasi", "windows"] {
            let wanted =
                |guest: &&Guest| guest.host == host && !(project.wasi_only && host != "wasi");
            let guests: Vec<&Guest> = guests.iter().filter(wanted).collect();
            if !guests.is_empty() {
                build_and_compare(checks, &work, host, &guests, project);
            }
        }
    }
    let ran: Vec<&str> = guests.iter().map(|guest| guest.name).collect();
    println!("hosts that ran: native, {}", ran.join(", "));
}

fn build_and_compare(
    checks: &mut Checks<'_>,
    work: &Path,
    host: &str,
    guests: &[&Guest],
    project: &Project,
) {
    let name = project.name;
    let ending = if host == "windows" { "exe" } else { "wasm" };
    let program = work.join(format!("{name}.{ending}"));
    let line = format!("run --release -- build examples/{name} --host {host} --out");
    let built = checks.step(Step::cargo(&line).arg(&program));
    if built.failure.is_none() {
        compare(checks, work, guests, project, &program);
    }
}

/// A folder with each project's files under the project's name.
fn prepare(root: &Path, work: &Path) -> Result<(), String> {
    let refused = |error: std::io::Error| format!("cannot write `{}`: {error}", work.display());
    for Project { name: project, .. } in PROJECTS {
        let folder = work.join(project);
        fs::create_dir_all(&folder).map_err(refused)?;
        let files = fs::read_dir(root.join("examples").join(project)).map_err(refused)?;
        for file in files.flatten().map(|entry| entry.path()) {
            let wanted =
                file.extension().is_some_and(|kind| kind == "ts") || file.ends_with("layerw.toml");
            if let (true, Some(name)) = (wanted, file.file_name()) {
                fs::copy(&file, folder.join(name)).map_err(refused)?;
            }
        }
    }
    Ok(())
}

/// A host, made ready; one that is missing and may not be is a failure.
fn find(checks: &mut Checks<'_>, work: &Path, name: &'static str) -> Option<Guest> {
    let found = match name {
        "wasi-node" => tools::wasi_compiler()
            .and_then(|()| tools::node())
            .map(|()| {
                let script = checks.root.join("launcher/hosts/wasi.mjs");
                vec!["node".into(), "--no-warnings".into(), script.into()]
            }),
        "wasi-wasmtime" => tools::wasi_compiler()
            .and_then(|()| tools::wasmtime(&work.join("python")))
            .map(|()| {
                let script = checks.root.join("xtask/hosts/run_in_wasmtime.py");
                vec!["python3".into(), script.into()]
            }),
        _ => {
            let source = checks.root.join("xtask/hosts/bcryptprimitives.c");
            tools::windows_compiler()
                .and_then(|()| tools::wine(&source, work))
                .map(|()| {
                    let mut prefix = OsString::from("WINEPREFIX=");
                    prefix.push(work.join("wine"));
                    vec!["env".into(), prefix, "wine".into()]
                })
        }
    };
    let host = name.split('-').next().unwrap_or_default();
    let allowed = checks.options.allow_missing.iter().any(|host| host == name);
    match found {
        Ok(words) => Some(Guest { name, host, words }),
        Err(missing) if allowed => {
            println!("note: {name} did not run: {missing}");
            None
        }
        Err(missing) => {
            checks.check(name, Some(missing));
            None
        }
    }
}

fn compare(
    checks: &mut Checks<'_>,
    work: &Path,
    guests: &[&Guest],
    project: &Project,
    program: &Path,
) {
    let Project {
        name: project,
        options,
        profile,
        steps: [before, after],
        every,
        ..
    } = *project;
    let first = format!("{options} --frames {before} --hash-every {every} --snapshot {project}");
    let then = format!("--frames {after} --hash-every {every} --restore {project}");
    // The native program stands in the same folder, so that both are given the same names.
    let native = |checks: &mut Checks<'_>, options: &str| {
        let folder = checks.root.join("examples").join(project);
        let line = format!(
            "run --release --manifest-path MANIFEST -- run PROJECT {profile} {options} --threads 2"
        );
        let words = line.split_whitespace().map(|word| match word {
            "MANIFEST" => checks.root.join("Cargo.toml").into(),
            "PROJECT" => folder.clone().into(),
            word => OsString::from(word),
        });
        let step = words.fold(Step::cargo(""), Step::arg).within(work);
        hashes(&checks.step(step).output)
    };
    let straight = native(checks, &format!("{first}-native.snapshot"));
    let continued = native(checks, &format!("{then}-native.snapshot"));
    for guest in guests {
        let name = guest.name;
        let run = |checks: &mut Checks<'_>, options: &str| {
            let words = guest.words.iter().cloned().chain([program.into()]);
            let options = format!("run --project {project} {options}");
            let words = words.chain(options.split_whitespace().map(OsString::from));
            let step = Step::program(words.collect()).within(work);
            let step = step.env("PYTHONPATH", "python").env("WINEDEBUG", "-all");
            hashes(&checks.step(step).output)
        };
        let same = run(checks, &format!("{first}-{name}.snapshot"));
        checks.check(
            &format!("{project}: {name} has the native hashes"),
            differ(&straight, &same),
        );
        let onward = run(checks, &format!("{then}-native.snapshot"));
        checks.check(
            &format!("{project}: {name} goes on from the native snapshot"),
            differ(&continued, &onward),
        );
        let back = native(checks, &format!("{then}-{name}.snapshot"));
        checks.check(
            &format!("{project}: the native program goes on from that of {name}"),
            differ(&continued, &back),
        );
    }
}

/// The lines of a run that name hashes.
pub(super) fn hashes(output: &str) -> Vec<String> {
    let named = output.lines().filter(|line| line.contains("hash "));
    named.map(str::to_owned).collect()
}

/// One hash for each hundredth step, and the last.
pub(super) fn differ(one: &[String], other: &[String]) -> Option<String> {
    match one.iter().zip(other).find(|(one, other)| one != other) {
        Some((one, other)) => Some(format!("`{one}` against `{other}`")),
        None if one.len() != other.len() || one.len() < 2 => {
            Some(format!("{} hashes against {}", one.len(), other.len()))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_compared_line_by_line() {
        let lines = |words: &[&str]| {
            words
                .iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let good = lines(&["step 100 hash a", "hash a"]);
        assert_eq!(differ(&good, &good), None);
        let bad = lines(&["step 100 hash b", "hash a"]);
        assert_eq!(
            differ(&good, &bad).as_deref(),
            Some("`step 100 hash a` against `step 100 hash b`")
        );
        assert_eq!(
            differ(&[], &[]).as_deref(),
            Some("0 hashes against 0"),
            "runs that failed are not equal"
        );
        assert!(differ(&good, &good[..1]).is_some());
    }
}
