//! The project's own files, which the page gives to the program: its layerw.toml and its budgets. Scripts come as modules ([`scripts`](super::scripts)).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What a program may read. Sources in Rust are in it already.
const ENDING: &str = "toml";

/// Folders whose files are made or fetched, and not the project's own.
const FOREIGN: [&str; 2] = ["target", "node_modules"];

/// Copies them to `out`; their names, relative to the project, because a static server lists nothing.
pub fn copy(project: &Path, out: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    // The page may lie within its project.
    let page = fs::canonicalize(out.parent().unwrap_or(out)).ok();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let place = project.join(&folder);
        let entries =
            fs::read_dir(&place).with_context(|| format!("cannot list `{}`", place.display()))?;
        for entry in entries.flatten() {
            let name = entry.file_name();
            let (path, inner) = (entry.path(), folder.join(&name));
            let name = name.to_string_lossy();
            if path.is_dir() {
                let foreign = FOREIGN.contains(&&*name) || name.starts_with('.');
                if !foreign && fs::canonicalize(&path).ok() != page {
                    folders.push(inner);
                }
            } else if is_wanted(&inner) {
                copy_one(&path, &out.join(&inner))?;
                names.push(inner.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    names.sort();
    Ok(names)
}

fn is_wanted(name: &Path) -> bool {
    !name.ends_with("Cargo.toml") && name.extension().is_some_and(|ending| ending == ENDING)
}

fn copy_one(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make `{}`", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy `{}`", from.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_brings_its_own_files_and_no_others() {
        let root = std::env::temp_dir().join(format!("layerw-web-pack-{}", std::process::id()));
        let project = root.join("project");
        for name in [
            "layerw.toml",
            "Cargo.toml",
            "src/main.rs",
            "budgets/small.toml",
            "scripts/move.ts",
            "node_modules/x/index.ts",
            "target/a.wasm",
            ".git/a.toml",
            "page/program_bg.wasm",
        ] {
            let path = project.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        let out = project.join("page/project");
        let names = copy(&project, &out);
        let copied = fs::read_to_string(out.join("budgets/small.toml"));
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(names.unwrap(), ["budgets/small.toml", "layerw.toml"]);
        assert_eq!(copied.unwrap(), "budgets/small.toml");
    }
}
