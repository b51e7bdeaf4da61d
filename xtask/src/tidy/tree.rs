//! All sources of the workspace, read once.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::Manifest;
use super::source::Source;

/// Folders that hold no sources.
const SKIPPED: [&str; 4] = ["target", ".git", ".cache", "node_modules"];
/// Kinds of text that are ours to keep tidy. `.stderr` is not among them: compilers wrote it.
const KINDS: [&str; 9] = ["rs", "toml", "md", "wgsl", "ts", "mjs", "js", "py", "sh"];

/// The workspace.
#[derive(Debug)]
pub struct Tree {
    pub root: PathBuf,
    /// Sorted by path.
    pub files: Vec<File>,
    /// The members, as the workspace lists them.
    pub crates: Vec<Crate>,
}

/// A text file.
#[derive(Debug)]
pub struct File {
    /// Relative to the workspace, with `/`.
    pub path: String,
    pub text: String,
    /// None where it is no Rust.
    pub source: Option<Source>,
}

/// A member of the workspace.
#[derive(Debug)]
pub struct Crate {
    pub name: String,
    /// Relative to the workspace, with `/`.
    pub folder: String,
    pub manifest: Manifest,
}

impl Tree {
    /// Reads a workspace.
    pub fn read(root: &Path) -> Result<Tree, String> {
        let mut files = Vec::new();
        collect(root, root, &mut files)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let mut crates = Vec::new();
        for folder in Manifest::parse(&read(&root.join("Cargo.toml"))?).list("workspace", "members")
        {
            let manifest = Manifest::parse(&read(&root.join(&folder).join("Cargo.toml"))?);
            let name = manifest
                .value("package", "name")
                .unwrap_or(&folder)
                .to_owned();
            crates.push(Crate {
                name,
                folder,
                manifest,
            });
        }
        Ok(Tree {
            root: root.to_owned(),
            files,
            crates,
        })
    }

    /// The Rust files, with what is code in them and what is comment.
    pub fn sources(&self) -> impl Iterator<Item = (&File, &Source)> {
        self.files
            .iter()
            .filter_map(|file| Some((file, file.source.as_ref()?)))
    }

    /// The member that a file belongs to: `ecs/macros/src/lib.rs` is of `ecs/macros`, not of `ecs`.
    pub fn owner(&self, path: &str) -> Option<&Crate> {
        let owners = self
            .crates
            .iter()
            .filter(|member| is_within(path, &member.folder));
        owners.max_by_key(|member| member.folder.len())
    }
}

impl Crate {
    /// Its Cargo.toml.
    pub fn manifest_path(&self) -> String {
        format!("{}/Cargo.toml", self.folder)
    }
}

/// Whether a path lies in a folder, both relative to the workspace.
pub fn is_within(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder.trim_end_matches('/'))
        .is_some_and(|rest| rest.starts_with('/'))
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<(), String> {
    let failed = |error| format!("cannot list `{}`: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() && !path.is_symlink() {
            if !SKIPPED.contains(&name.as_str()) {
                collect(root, &path, files)?;
            }
            continue;
        }
        let kind = path
            .extension()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if KINDS.contains(&kind.as_str()) || path.ends_with(".ci/run") {
            let text = read(&path)?;
            let source = (kind == "rs").then(|| Source::read(&text));
            let inside = path.strip_prefix(root).unwrap_or(&path);
            let path = inside.to_string_lossy().replace('\\', "/");
            files.push(File { path, text, source });
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

/// Workspaces made up for the tests of the rules.
#[cfg(test)]
pub mod fake {
    use super::*;

    /// A workspace in a folder of its own, removed at the end.
    pub struct Workspace(pub PathBuf);

    impl Workspace {
        /// Writes files, given as (path, text). A Cargo.toml of the workspace is added that lists every folder with a Cargo.toml.
        pub fn new(test: &str, files: &[(&str, &str)]) -> Workspace {
            let root = std::env::temp_dir().join(format!("xtask-{}-{test}", std::process::id()));
            let members: Vec<String> = files
                .iter()
                .filter_map(|(path, _)| path.strip_suffix("/Cargo.toml"))
                .map(|folder| format!("    \"{folder}\", # a member\n"))
                .collect();
            let workspace = format!("[workspace]\nmembers = [\n{}]\n", members.concat());
            for (path, text) in files.iter().chain([&("Cargo.toml", workspace.as_str())]) {
                let path = root.join(path);
                fs::create_dir_all(path.parent().expect("a folder")).expect("made");
                fs::write(path, text).expect("written");
            }
            Workspace(root)
        }

        pub fn tree(&self) -> Tree {
            Tree::read(&self.0).expect("a workspace")
        }
    }

    impl Drop for Workspace {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// What `check` finds in a workspace of these files, as text.
    pub fn found(
        test: &str,
        files: &[(&str, &str)],
        check: fn(&Tree) -> Vec<super::super::Violation>,
    ) -> Vec<String> {
        let workspace = Workspace::new(test, files);
        check(&workspace.tree())
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_knows_its_files_and_their_owners() {
        let workspace = fake::Workspace::new(
            "tree",
            &[
                ("ecs/Cargo.toml", "[package]\nname = \"layerw-ecs\"\n"),
                ("ecs/src/lib.rs", "// a\n"),
                (
                    "ecs/macros/Cargo.toml",
                    "[package]\nname = \"layerw-ecs-macros\"\n",
                ),
                ("ecs/macros/src/lib.rs", "// b\n"),
                ("target/junk.rs", "// c\n"),
            ],
        );
        let tree = workspace.tree();
        let sources: Vec<&str> = tree.sources().map(|(file, _)| file.path.as_str()).collect();
        assert_eq!(sources, ["ecs/macros/src/lib.rs", "ecs/src/lib.rs"]);
        let owner = |path: &str| tree.owner(path).map(|member| member.name.as_str());
        assert_eq!(owner("ecs/src/lib.rs"), Some("layerw-ecs"));
        assert_eq!(owner("ecs/macros/src/lib.rs"), Some("layerw-ecs-macros"));
        assert_eq!(owner("README.md"), None);
    }
}
