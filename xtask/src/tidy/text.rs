//! Text that reads well in every editor, and files that hold one idea.

use super::Violation;
use super::source::words;
use super::tree::Tree;

/// Lines of a Rust file. Good projects have longer ones; ours so far need none.
const LINES_MAX: usize = 800;

/// Macros that stand for code to be written, or were left by somebody looking for a bug.
const PLACEHOLDERS: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Words in comments that say that something is not done.
const PROMISES: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// Lines end without blanks, files with one newline, and no Rust file is a book.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in &tree.files {
        let mut found =
            |line, message: &str| violations.push(Violation::new(&file.path, line, message));
        for (number, line) in (1..).zip(file.text.split('\n')) {
            if line.ends_with([' ', '\t', '\r']) {
                found(number, "ends in blanks; remove them");
            }
        }
        if !file.text.is_empty() && (!file.text.ends_with('\n') || file.text.ends_with("\n\n")) {
            found(0, "does not end in one newline");
        }
        let lines = file.text.lines().count();
        if file.source.is_some() && lines > LINES_MAX {
            found(
                0,
                &format!("has {lines} lines, more than {LINES_MAX}; split it by idea"),
            );
        }
    }
    violations
}

/// No code stands in for code to be written, no comment promises it, and no test is ignored.
pub fn check_unfinished(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (file, source) in tree.sources() {
        let mut found =
            |line, message: String| violations.push(Violation::new(&file.path, line, message));
        for name in PLACEHOLDERS {
            let called = |place: &usize| source.code[place + name.len()..].starts_with("!(");
            for place in source.words(name).filter(called) {
                found(
                    source.line_of(place),
                    format!("calls `{name}!`; write what is meant"),
                );
            }
        }
        for (number, line) in source.code_lines() {
            if line.contains("#[ignore") {
                found(
                    number,
                    "ignores a test; assert what holds today, with a note".to_owned(),
                );
            }
        }
        for (number, line) in (1..).zip(source.comments.lines()) {
            for promise in PROMISES
                .iter()
                .filter(|word| words(line, word).next().is_some())
            {
                found(
                    number,
                    format!("says {promise}; do it, or say plainly what is not solved"),
                );
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::super::tree::fake::found;
    use super::*;

    #[test]
    fn untidy_text_is_found() {
        let long = "// a line\n".repeat(801);
        assert_eq!(
            found(
                "text",
                &[
                    ("a.md", "one \ntwo\n"),
                    ("b.rs", "fn a() {}"),
                    ("c.rs", &long),
                    ("d.md", "x\n\n")
                ],
                check
            ),
            [
                "a.md:1: ends in blanks; remove them",
                "b.rs: does not end in one newline",
                "c.rs: has 801 lines, more than 800; split it by idea",
                "d.md: does not end in one newline",
            ]
        );
    }

    #[test]
    fn unfinished_code_is_found() {
        let text = "fn a() { todo!() }\nfn b() { \"todo!()\"; dbg!(1); }\n// TODO: more\n#[ignore = \"slow\"]\nfn c() {}\n";
        assert_eq!(
            found("unfinished", &[("a.rs", text)], check_unfinished),
            [
                "a.rs:1: calls `todo!`; write what is meant",
                "a.rs:2: calls `dbg!`; write what is meant",
                "a.rs:4: ignores a test; assert what holds today, with a note",
                "a.rs:3: says TODO; do it, or say plainly what is not solved",
            ]
        );
    }
}
