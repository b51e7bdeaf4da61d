//! The documents' maps name folders that exist, and all of them.

use super::Violation;
use super::tree::{File, Tree};

/// The documents that hold a map of folders.
const MAPS: [&str; 2] = ["README.md", "ARCHITECTURE.md"];
/// The one that must name every member.
const WHOLE_MAP: &str = "ARCHITECTURE.md";

/// Links between documents lead somewhere, folders named exist, and every member is on the map.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        check_links(tree, file, &mut violations);
    }
    for file in tree
        .files
        .iter()
        .filter(|file| MAPS.contains(&file.path.as_str()))
    {
        check_folders(tree, file, &mut violations);
    }
    if let Some(map) = tree.files.iter().find(|file| file.path == WHOLE_MAP) {
        for member in &tree.crates {
            let top = member.folder.split('/').next().unwrap_or_default();
            if !map.text.contains(&format!("`{top}`")) && !map.text.contains(&format!("`{top}/")) {
                let message = format!("does not name the folder `{top}`; add it to the map");
                violations.push(Violation::new(&map.path, 0, message));
            }
        }
    }
    violations
}

fn check_links(tree: &Tree, file: &File, violations: &mut Vec<Violation>) {
    let folder = tree.root.join(&file.path);
    let folder = folder.parent().unwrap_or(&tree.root);
    for (number, line) in (1..).zip(file.text.lines()) {
        let targets = line
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split([')', '#', ' ']).next());
        let outside = |target: &str| {
            target.is_empty() || target.contains("://") || target.starts_with("mailto:")
        };
        for target in targets.filter(|target| !outside(target)) {
            if !folder.join(target).exists() {
                let message = format!("links to `{target}`, which does not exist");
                violations.push(Violation::new(&file.path, number, message));
            }
        }
    }
}

/// A folder is named as `` `folder/` ``, from the workspace or from a member, or in the first cell of a table's row.
fn check_folders(tree: &Tree, file: &File, violations: &mut Vec<Violation>) {
    let mut in_code = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        in_code ^= line.starts_with("```");
        if in_code || line.starts_with("    ") {
            continue;
        }
        let first_cell = line.strip_prefix('|').and_then(|row| row.split('|').next());
        let in_table = first_cell
            .into_iter()
            .flat_map(quoted)
            .filter(|name| is_folder_name(name));
        let in_text = quoted(line).filter(|name| name.ends_with('/') && is_folder_name(name));
        for name in in_table.chain(in_text) {
            if !exists(tree, name) {
                let message = format!("names the folder `{name}`, which does not exist");
                violations.push(Violation::new(&file.path, number, message));
            }
        }
    }
}

/// What stands between backticks.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn is_folder_name(name: &str) -> bool {
    let is_plain =
        |letter: char| letter.is_ascii_lowercase() || matches!(letter, '/' | '-' | '_' | '.');
    !name.is_empty() && name.chars().all(is_plain) && !name.starts_with('/')
}

fn exists(tree: &Tree, name: &str) -> bool {
    let within = |folder: &str| tree.root.join(folder).join(name).is_dir();
    let member = |folder: &str| within(folder) || within(&format!("{folder}/src"));
    within("") || tree.crates.iter().any(|crate_| member(&crate_.folder))
}

#[cfg(test)]
mod tests {
    use super::super::tree::fake::found;
    use super::*;

    #[test]
    fn maps_that_lie_are_found() {
        let map = "\
# Map

| folder | idea |
|---|---|
| `jobs` | workers |
| `gone` | `not looked at` |

`memory/` and `map/` are there, `away/` is not. [one](jobs/src/lib.rs#x) [two](nowhere.md) [three](https://x.y)

    `code/` is not looked at
";
        let member = |name: &str| format!("[package]\nname = \"{name}\"\n");
        let (jobs, memory) = (member("layerw-jobs"), member("layerw-memory"));
        assert_eq!(
            found(
                "docs",
                &[
                    ("ARCHITECTURE.md", map),
                    ("jobs/Cargo.toml", &jobs),
                    ("jobs/src/lib.rs", ""),
                    ("memory/Cargo.toml", &memory),
                    ("memory/src/map/mod.rs", ""),
                    ("lost/Cargo.toml", &jobs),
                ],
                check
            ),
            [
                "ARCHITECTURE.md:8: links to `nowhere.md`, which does not exist",
                "ARCHITECTURE.md:6: names the folder `gone`, which does not exist",
                "ARCHITECTURE.md:8: names the folder `away/`, which does not exist",
                "ARCHITECTURE.md: does not name the folder `lost`; add it to the map",
            ]
        );
    }
}
