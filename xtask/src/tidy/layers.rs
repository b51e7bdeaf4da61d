//! Who may use whom: a crate may use what stands on a lower line, and nothing beside or above it.

use super::Violation;
use super::tree::{Crate, Tree, is_within};

/// The crates, lowest line first. Those of one line are blind to each other.
const LINES: [&[&str]; 10] = [
    &["layerw-trace"],
    &["layerw-memory"],
    &["layerw-jobs", "layerw-platform"],
    &["layerw-frame-graph"],
    &["layerw-ecs-macros"],
    &["layerw-ecs", "layerw-render"],
    &["layerw-script"],
    &["layerw"],
    &["layerw-player"],
    // Anything in `examples/`; `tests` and `benches` follow, because they also run the examples.
    &[],
];

/// On top of the examples. The packer of pages is there for the compiler of scripts.
const TOP: [&str; 3] = ["layerw-tests", "layerw-benches", "layerw-web-pack"];

/// Tools that stand apart: they use none of our crates, and none of our crates uses them.
const APART: [&str; 2] = ["layerw-launcher", "xtask"];

/// A macro runs in the compiler: none of our crates is there.
const ALONE: [&str; 1] = ["layerw-ecs-macros"];

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Place {
    Apart,
    Line(usize),
}

/// Every dependency between members points down, those of tests too.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in &tree.crates {
        let Some(place) = place(member) else {
            let message = format!(
                "`{}` stands on no line; add it to LINES in xtask/src/tidy/layers.rs",
                member.name
            );
            violations.push(Violation::new(&member.manifest_path(), 0, message));
            continue;
        };
        for entry in member.manifest.dependencies() {
            let used = tree.crates.iter().find(|other| other.name == entry.name());
            let allowed = match (place, used.and_then(self::place)) {
                (_, None) => true,
                _ if ALONE.contains(&member.name.as_str()) => false,
                (Place::Line(line), Some(Place::Line(below))) => below < line,
                (Place::Apart, _) | (_, Some(Place::Apart)) => false,
            };
            if !allowed {
                let message = format!(
                    "`{}` may not use `{}`, which does not stand below it",
                    member.name,
                    entry.name()
                );
                violations.push(Violation::new(&member.manifest_path(), entry.line, message));
            }
        }
    }
    violations
}

fn place(member: &Crate) -> Option<Place> {
    let name = member.name.as_str();
    if APART.contains(&name) {
        return Some(Place::Apart);
    }
    if TOP.contains(&name) {
        return Some(Place::Line(LINES.len()));
    }
    if is_within(&member.folder, "examples") {
        return Some(Place::Line(LINES.len() - 1));
    }
    LINES
        .iter()
        .position(|line| line.contains(&name))
        .map(Place::Line)
}

#[cfg(test)]
mod tests {
    use super::super::tree::fake::found;
    use super::check;

    fn member(name: &str, dependencies: &[&str]) -> String {
        let lines: String = dependencies
            .iter()
            .map(|name| format!("{name}.workspace = true\n"))
            .collect();
        format!("[package]\nname = \"{name}\"\n[dependencies]\n{lines}")
    }

    #[test]
    fn dependencies_point_down() {
        let files = [
            ("trace/Cargo.toml", member("layerw-trace", &[])),
            (
                "jobs/Cargo.toml",
                member("layerw-jobs", &["layerw-trace", "rayon"]),
            ),
            (
                "examples/hello/Cargo.toml",
                member("hello", &["layerw-jobs"]),
            ),
            (
                "tests/Cargo.toml",
                member("layerw-tests", &["hello", "layerw-trace"]),
            ),
        ];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        assert_eq!(found("layers-down", &files, check), Vec::<String>::new());
    }

    #[test]
    fn up_beside_and_apart_are_found() {
        let files = [
            ("trace/Cargo.toml", member("layerw-trace", &["layerw-jobs"])),
            ("jobs/Cargo.toml", member("layerw-jobs", &["layerw-platform"])),
            ("platform/Cargo.toml", "[package]\nname = \"layerw-platform\"\n[dev-dependencies]\nhello.workspace = true\n".to_owned()),
            ("examples/hello/Cargo.toml", member("hello", &[])),
            ("xtask/Cargo.toml", member("xtask", &["layerw-trace"])),
            ("surprise/Cargo.toml", member("surprise", &[])),
        ];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        assert_eq!(
            found("layers-up", &files, check),
            [
                "trace/Cargo.toml:4: `layerw-trace` may not use `layerw-jobs`, which does not stand below it",
                "jobs/Cargo.toml:4: `layerw-jobs` may not use `layerw-platform`, which does not stand below it",
                "platform/Cargo.toml:4: `layerw-platform` may not use `hello`, which does not stand below it",
                "xtask/Cargo.toml:4: `xtask` may not use `layerw-trace`, which does not stand below it",
                "surprise/Cargo.toml: `surprise` stands on no line; add it to LINES in xtask/src/tidy/layers.rs",
            ]
        );
    }
}
