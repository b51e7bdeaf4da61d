//! Every Cargo.toml says what its crate is for, under which licence and lints, and names no dependency that it does not use.

use super::Violation;
use super::manifest::Entry;
use super::tree::{Crate, Tree};

/// Crates that only programs may use: an error in the engine has a type.
const FOR_PROGRAMS: [&str; 1] = ["anyhow"];
const PROGRAMS: [&str; 4] = ["xtask", "web-pack", "benches", "examples"];

/// The rules of a manifest.
pub fn check(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for member in &tree.crates {
        let path = member.manifest_path();
        let mut found =
            |line, message: String| violations.push(Violation::new(&path, line, message));
        if member
            .manifest
            .value("package", "description")
            .is_none_or(|text| text.len() < 10)
        {
            found(
                0,
                "has no `description` that says what the crate is for".to_owned(),
            );
        }
        if member.manifest.value("package", "license") != Some("true") {
            found(
                0,
                "does not take its licence from the workspace; add `license.workspace = true`"
                    .to_owned(),
            );
        }
        if member.manifest.value("lints", "workspace") != Some("true") {
            found(
                0,
                "does not take its lints from the workspace; add `[lints] workspace = true`"
                    .to_owned(),
            );
        }
        for entry in member.manifest.dependencies() {
            check_dependency(tree, member, entry, &mut found);
        }
    }
    violations
}

fn check_dependency(
    tree: &Tree,
    member: &Crate,
    entry: &Entry,
    found: &mut impl FnMut(usize, String),
) {
    let name = entry.name();
    if !entry.key.ends_with(".workspace") && !entry.value.contains("workspace = true") {
        found(
            entry.line,
            format!("gives `{name}` a version of its own; name it in the workspace, once for all"),
        );
    }
    let is_program = PROGRAMS.contains(&member.folder.split('/').next().unwrap_or_default());
    if FOR_PROGRAMS.contains(&name) && !is_program {
        found(
            entry.line,
            format!("uses `{name}` in a library; give errors a type"),
        );
    }
    let linked = member
        .manifest
        .list("package.metadata.cargo-machete", "ignored");
    if !linked.iter().any(|other| other == name) && !is_used(tree, member, &name.replace('-', "_"))
    {
        found(
            entry.line,
            format!("depends on `{name}` and does not use it; remove it"),
        );
    }
}

/// Whether a crate's name stands anywhere in the member's code.
fn is_used(tree: &Tree, member: &Crate, name: &str) -> bool {
    let owned = |path: &str| {
        tree.owner(path)
            .is_some_and(|owner| owner.folder == member.folder)
    };
    // The text counts too: documentation tests are code, and so are the cases of compile-fail tests.
    tree.sources().any(|(file, source)| {
        owned(&file.path)
            && (source.words(name).next().is_some() || file.text.contains(&format!("{name}::")))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::fake::found;
    use super::check;

    #[test]
    fn poor_manifests_are_found() {
        let poor = "[package]\nname = \"layerw-jobs\"\n[dependencies]\nrayon = \"1\"\nanyhow.workspace = true\nlinked.workspace = true\n[package.metadata.cargo-machete]\nignored = [\"linked\"]\n";
        let good = "[package]\nname = \"hello\"\ndescription = \"Says hello\"\nlicense.workspace = true\n[lints]\nworkspace = true\n[dependencies]\nanyhow.workspace = true\n";
        assert_eq!(
            found(
                "packages",
                &[
                    ("jobs/Cargo.toml", poor),
                    ("jobs/src/lib.rs", "use rayon::join;\n"),
                    ("examples/hello/Cargo.toml", good),
                    (
                        "examples/hello/src/main.rs",
                        "fn main() -> anyhow::Result<()> { Ok(()) }\n"
                    ),
                ],
                check
            ),
            [
                "jobs/Cargo.toml: has no `description` that says what the crate is for",
                "jobs/Cargo.toml: does not take its licence from the workspace; add `license.workspace = true`",
                "jobs/Cargo.toml: does not take its lints from the workspace; add `[lints] workspace = true`",
                "jobs/Cargo.toml:4: gives `rayon` a version of its own; name it in the workspace, once for all",
                "jobs/Cargo.toml:5: uses `anyhow` in a library; give errors a type",
                "jobs/Cargo.toml:5: depends on `anyhow` and does not use it; remove it",
            ]
        );
    }
}
