//! Hosts differ in few places, and only there does code ask which one it is on, what time it is or for a thread.

use super::Violation;
use super::source::{Source, words};
use super::tree::{File, Tree, is_within};

/// Where `cfg` may ask for a target.
const HOST_CODE: [&str; 7] = [
    "platform",
    "memory/src/map",
    "jobs/src/host",
    "ecs/src/simd",
    "render/src/device",
    "script/src/runtime/native",
    "trace/src/sink",
];

/// Where code may use the clocks and threads of std.
const CLOCKS_AND_THREADS: [&str; 4] = ["platform", "jobs", "script/src/runtime", "trace/src/sink"];

/// Tools that are not part of the engine: they run on a developer's machine.
const TOOLS: [&str; 3] = ["launcher", "web-pack", "xtask"];

/// Programs that measure and test the engine from outside.
const OUTSIDE: [&str; 2] = ["tests", "benches"];

/// Of the engine's lines, this much runs on every host.
const SHARED_PERCENT_MIN: usize = 90;

/// `cfg(target_…)`, `cfg(unix)` and `cfg(windows)` stand only in [`HOST_CODE`].
pub fn check_cfg(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, source) in tree
        .sources()
        .filter(|(file, _)| !is_in(file, &[&HOST_CODE[..], &TOOLS]))
    {
        for (place, predicate) in predicates(&source.code) {
            let asks = |word: &str| words(predicate, word).next().is_some();
            if predicate.contains("target_") || asks("unix") || asks("windows") {
                let message = "asks for the host; move it behind a trait or function in one of the folders for host code";
                violations.push(Violation::new(&file.path, source.line_of(place), message));
            }
        }
    }
    violations
}

/// In crates, `std::time` and `std::thread` stand only in [`CLOCKS_AND_THREADS`]; tests and programs that measure may use them.
pub fn check_std(tree: &Tree) -> Vec<Violation> {
    let exempt = [&CLOCKS_AND_THREADS[..], &TOOLS, &OUTSIDE];
    let mut violations = Vec::new();
    for (file, source) in tree
        .sources()
        .filter(|(file, _)| is_src(file) && !is_in(file, &exempt))
    {
        let code = &source.code[..source.tests_start()];
        for module in ["time", "thread"] {
            let cure = if module == "time" {
                "layerw_trace::now_ns"
            } else {
                "the workers of layerw-jobs"
            };
            for place in uses_of(code, module) {
                let message = format!("uses `std::{module}`; use {cure}");
                violations.push(Violation::new(&file.path, source.line_of(place), message));
            }
        }
    }
    violations
}

/// The share of lines that are the same on every host does not fall below [`SHARED_PERCENT_MIN`].
pub fn check_share(tree: &Tree) -> Vec<Violation> {
    let (shared, all) = count(tree);
    if shared * 100 >= all * SHARED_PERCENT_MIN {
        return Vec::new();
    }
    let message = format!(
        "{shared} of {all} lines are shared by all hosts, less than {SHARED_PERCENT_MIN} %"
    );
    vec![Violation::new("Cargo.toml", 0, message)]
}

/// What [`check_share`] measures, for people.
pub fn shares(tree: &Tree) -> String {
    let (shared, all) = count(tree);
    let percent = 100.0 * shared as f64 / all.max(1) as f64;
    format!(
        "{all} lines of code in the engine's crates, {percent:.1} % of them the same on every host"
    )
}

/// Lines of code of the engine outside [`HOST_CODE`], and all. Tools, tests and programs around it do not count.
fn count(tree: &Tree) -> (usize, usize) {
    let around = [&TOOLS[..], &OUTSIDE, &["examples"]];
    let lines = |source: &Source| {
        source
            .code
            .lines()
            .filter(|line| !line.trim().is_empty())
            .count()
    };
    let (mut shared, mut all) = (0, 0);
    for (file, source) in tree
        .sources()
        .filter(|(file, _)| is_src(file) && !is_in(file, &around))
    {
        all += lines(source);
        shared += if is_in(file, &[&HOST_CODE]) {
            0
        } else {
            lines(source)
        };
    }
    (shared, all)
}

fn is_in(file: &File, lists: &[&[&str]]) -> bool {
    lists
        .iter()
        .any(|folders| folders.iter().any(|folder| is_within(&file.path, folder)))
}

/// Whether a file is part of a crate, and not of its tests, benchmarks or programs beside it.
fn is_src(file: &File) -> bool {
    let is = |wanted: &[&str]| file.path.split('/').any(|part| wanted.contains(&part));
    is(&["src"]) && !is(&["tests", "tests.rs"])
}

/// What stands between the brackets of every `cfg(…)`, `cfg!(…)` and `cfg_attr(…)`, and where.
fn predicates(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for name in ["cfg", "cfg_attr"] {
        for place in words(code, name) {
            let rest = code[place + name.len()..].trim_start_matches('!');
            if rest.starts_with('(') {
                found.push((place, &rest[..closing(rest)]));
            }
        }
    }
    found
}

/// Where the bracket that opens the text is closed.
fn closing(text: &str) -> usize {
    let mut depth = 0;
    for (place, letter) in text.char_indices() {
        match letter {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place;
        }
    }
    text.len()
}

/// Where a module of std is named: `std::time`, or `time` in `use std::{…}`.
fn uses_of(code: &str, module: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for place in words(code, "std") {
        let Some(rest) = code[place + 3..].strip_prefix("::") else {
            continue;
        };
        let list = if rest.starts_with('{') {
            &rest[..closing(rest)]
        } else {
            ""
        };
        let is_first = words(rest, module).next() == Some(0);
        let is_listed = words(list, module).any(|at| {
            let before = list[..at].trim_end();
            let is_direct = before.matches('{').count() == before.matches('}').count() + 1;
            is_direct && before.ends_with(['{', ','])
        });
        if is_first || is_listed {
            found.push(place);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::fake::found;
    use super::*;

    #[test]
    fn questions_for_the_host_are_found_outside_their_places() {
        let asks = "#[cfg(unix)]\nfn a() {}\n// cfg(windows)\n#[cfg_attr(\n    all(test, target_os = \"linux\"),\n    x\n)]\nfn b() { if cfg!(windows) {} }\n#[cfg(feature = \"windows\")]\nfn c() {}\n";
        let lines: Vec<String> = found(
            "cfg",
            &[
                ("ecs/src/lib.rs", asks),
                ("memory/src/map/linux.rs", asks),
                ("launcher/src/main.rs", asks),
            ],
            check_cfg,
        );
        let places: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.split(": ").next())
            .collect();
        assert_eq!(
            places,
            ["ecs/src/lib.rs:1", "ecs/src/lib.rs:8", "ecs/src/lib.rs:4"]
        );
    }

    #[test]
    fn clocks_and_threads_are_found_outside_their_places() {
        let uses = "use std::time::Instant;\nuse std::{\n    sync::{Arc, time},\n    thread,\n};\n// std::thread\nfn f() { std::thread::yield_now() }\n#[cfg(test)]\nmod tests { use std::thread; }\n";
        let lines = found(
            "std",
            &[
                ("ecs/src/lib.rs", uses),
                ("ecs/tests/all.rs", uses),
                ("jobs/src/host/linux.rs", uses),
            ],
            check_std,
        );
        assert_eq!(
            lines,
            [
                "ecs/src/lib.rs:1: uses `std::time`; use layerw_trace::now_ns",
                "ecs/src/lib.rs:2: uses `std::thread`; use the workers of layerw-jobs",
                "ecs/src/lib.rs:7: uses `std::thread`; use the workers of layerw-jobs",
            ]
        );
    }

    #[test]
    fn too_much_host_code_is_found() {
        let lines = found(
            "share",
            &[
                ("platform/src/lib.rs", "fn a() {}\nfn b() {}\n"),
                ("ecs/src/lib.rs", "fn c() {}\n// a comment\n\n"),
            ],
            check_share,
        );
        assert_eq!(
            lines,
            ["Cargo.toml: 1 of 3 lines are shared by all hosts, less than 90 %"]
        );
    }
}
