//! Danger has few homes, and each use of it an argument.

use super::Violation;
use super::tree::{Tree, is_within};

/// Where unsafe code may stand. Everything else aims for `forbid(unsafe_code)`.
const HOMES: [&str; 9] = [
    "memory",
    "jobs",
    "ecs",
    "frame-graph/src/run",
    "engine/src/gpu/present",
    "platform/src/window/x11",
    "script/src/runtime",
    "trace/src/record",
    "trace/src/sink",
];

/// How many lines above the word its argument may end: a statement's first lines and its attributes.
const REACH: usize = 6;

/// The word `unsafe` stands only in [`HOMES`] and in tests, which may need an allocator that counts or a socket's option.
pub fn check_places(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, source) in tree.sources() {
        let is_test = file.path.split('/').any(|part| part == "tests");
        if is_test || HOMES.iter().any(|home| is_within(&file.path, home)) {
            continue;
        }
        for place in source.words("unsafe") {
            let message = "unsafe code outside its homes; move the danger to one of them, behind a safe function";
            violations.push(Violation::new(&file.path, source.line_of(place), message));
        }
    }
    violations
}

/// Every `unsafe {` and `unsafe impl` has a `SAFETY:` note on its line or just above. clippy knows this rule too, but does not look into macros.
pub fn check_notes(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, source) in tree.sources() {
        let comments: Vec<&str> = source.comments.lines().collect();
        for place in source.words("unsafe") {
            let rest = source.code[place + "unsafe".len()..].trim_start();
            if !rest.starts_with('{') && !rest.starts_with("impl") {
                continue;
            }
            let line = source.line_of(place);
            if !is_argued(&comments, line) {
                let message =
                    "unsafe code without a `SAFETY:` note that discharges its obligations";
                violations.push(Violation::new(&file.path, line, message));
            }
        }
    }
    violations
}

/// Whether a note stands on the line, or in the last comment above it, within [`REACH`].
fn is_argued(comments: &[&str], line: usize) -> bool {
    let says = |comment: &&str| comment.contains("SAFETY");
    let above = &comments[..line.min(comments.len())];
    if above.last().is_some_and(says) {
        return true;
    }
    let lines = above.iter().rev().skip(1);
    let comment = lines
        .enumerate()
        .skip_while(|(gap, text)| *gap < REACH && text.trim().is_empty());
    comment
        .map(|(_, text)| text)
        .take_while(|text| !text.trim().is_empty())
        .any(says)
}

#[cfg(test)]
mod tests {
    use super::super::tree::fake::found;
    use super::*;

    #[test]
    fn unsafe_code_outside_its_homes_is_found() {
        let text = "// unsafe\nfn f() {\n    unsafe { g() }\n}\n";
        assert_eq!(
            found(
                "places",
                &[("engine/src/lib.rs", text), ("memory/src/lib.rs", text)],
                check_places
            ),
            [
                "engine/src/lib.rs:3: unsafe code outside its homes; move the danger to one of them, behind a safe function"
            ]
        );
    }

    #[test]
    fn unsafe_code_without_an_argument_is_found() {
        let text = "\
// SAFETY: long ago.
fn f() {
    // SAFETY: argued,
    // on two lines.
    let a = long
        .chain(unsafe { g() });
    let b = unsafe { g() }; // SAFETY: argued beside.
    let c = unsafe { g() };
}
// Says nothing.
unsafe impl Send for A {}
// SAFETY: argued.
#[expect(clippy::x)]
unsafe impl Sync for A {}
unsafe fn h() {}
";
        let lines = found("notes", &[("memory/src/lib.rs", text)], check_notes);
        let places: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.split(": ").next())
            .collect();
        assert_eq!(places, ["memory/src/lib.rs:11"]);
    }
}
