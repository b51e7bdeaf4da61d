//! cargo, asked about a package.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::Failure;
use crate::project::Project;

/// The cargo to use: the one that started this command, or the one that the user names, or the one on the path.
pub fn program() -> PathBuf {
    env::var_os("CARGO")
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "cargo".into())
        .into()
}

/// A cargo command without the traces of the `cargo run` that may have started this process, which describe the launcher's package.
pub fn command(verb: &str) -> Command {
    command_of(&program(), verb)
}

/// The same of a certain cargo.
pub fn command_of(cargo: &Path, verb: &str) -> Command {
    let mut command = Command::new(cargo);
    command.arg(verb).stdin(Stdio::null());
    forget_launcher(&mut command);
    command
}

/// Removes the variables by which cargo tells a program about its own package.
pub fn forget_launcher(command: &mut Command) {
    let told = |name: &OsStr| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for (name, _) in env::vars_os().filter(|(name, _)| told(name)) {
        command.env_remove(name);
    }
}

/// The package of a project, as `cargo metadata` describes it.
#[derive(Debug)]
pub struct Package {
    /// The programs it builds.
    pub programs: Vec<String>,
    /// The program that it says `cargo run` means, or the one with its own name, or its only one.
    pub default_program: Option<String>,
    /// Its own features.
    pub features: Vec<String>,
    /// The engine's features, where the engine is a dependency and stands in the same workspace.
    pub engine_features: Vec<String>,
    /// Where cargo puts what it builds.
    pub target_folder: PathBuf,
}

impl Package {
    /// Asks cargo. Takes some 20 ms: dependencies are not looked at.
    pub fn of(project: &Project) -> Result<Package, Failure> {
        let manifest = project.manifest();
        let output = command("metadata")
            .args(["--no-deps", "--format-version", "1", "--manifest-path"])
            .arg(&manifest)
            .output()
            .map_err(|source| Failure::NoCargo {
                cargo: program(),
                source,
            })?;
        let broken = |problem: String| Failure::Manifest {
            path: project.named.join("Cargo.toml"),
            problem,
        };
        if !output.status.success() {
            return Err(broken(sentence(&String::from_utf8_lossy(&output.stderr))));
        }
        let metadata: Value =
            serde_json::from_slice(&output.stdout).map_err(|error| broken(error.to_string()))?;
        let packages = metadata["packages"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        match packages
            .iter()
            .find(|package| is_file(&package["manifest_path"], &manifest))
        {
            Some(package) => Ok(Package {
                target_folder: metadata["target_directory"]
                    .as_str()
                    .unwrap_or("target")
                    .into(),
                ..Package::read(package, packages)
            }),
            None => Err(Failure::Workspace {
                folder: project.named.clone(),
                members: projects_among(packages, &project.folder),
            }),
        }
    }

    fn read(package: &Value, packages: &[Value]) -> Package {
        let programs = programs(package);
        let own_name = package["name"].as_str().unwrap_or_default();
        let default_program = match (package["default_run"].as_str(), programs.as_slice()) {
            (Some(name), _) => Some(name.to_owned()),
            (None, [only]) => Some(only.clone()),
            (None, several) => several.iter().find(|name| *name == own_name).cloned(),
        };
        let engine = packages.iter().find(|package| package["name"] == "layerw");
        let engine_features = match engine {
            Some(engine) if uses_engine(package) => features(engine),
            _ => Vec::new(),
        };
        Package {
            programs,
            default_program,
            features: features(package),
            engine_features,
            target_folder: PathBuf::new(),
        }
    }
}

fn programs(package: &Value) -> Vec<String> {
    let targets = package["targets"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let is_program = |target: &&Value| {
        target["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"))
    };
    let name = |target: &Value| target["name"].as_str().unwrap_or_default().to_owned();
    targets.iter().filter(is_program).map(name).collect()
}

fn features(package: &Value) -> Vec<String> {
    let features = package["features"].as_object();
    features
        .map(|features| features.keys().cloned().collect())
        .unwrap_or_default()
}

fn uses_engine(package: &Value) -> bool {
    let dependencies = package["dependencies"].as_array();
    dependencies.is_some_and(|list| list.iter().any(|dependency| dependency["name"] == "layerw"))
}

/// The folders of a workspace's members that could be meant instead, relative to `folder`.
fn projects_among(packages: &[Value], folder: &Path) -> Vec<String> {
    let could_be_meant = |package: &&Value| uses_engine(package) && !programs(package).is_empty();
    let place = |package: &Value| {
        let manifest = Path::new(package["manifest_path"].as_str()?);
        let inside = manifest.parent()?.strip_prefix(folder).ok()?;
        Some(inside.display().to_string())
    };
    packages
        .iter()
        .filter(could_be_meant)
        .filter_map(place)
        .collect()
}

/// Whether cargo's path and ours are one file, though one may go through a link.
pub fn is_file(named: &Value, path: &Path) -> bool {
    let Some(named) = named.as_str().map(Path::new) else {
        return false;
    };
    named == path
        || fs::canonicalize(named)
            .is_ok_and(|real| fs::canonicalize(path).is_ok_and(|other| real == other))
}

/// cargo's report of a broken manifest, which spans lines and quotes the source, as one clause.
fn sentence(report: &str) -> String {
    let mut clauses: Vec<String> = Vec::new();
    for line in report.lines().map(str::trim) {
        let quoted = line
            .trim_start_matches(|letter: char| letter.is_ascii_digit())
            .trim_start();
        if line.is_empty() || quoted.starts_with('|') || line == "Caused by:" {
            continue;
        }
        match (line.strip_prefix("--> "), clauses.last_mut()) {
            (Some(place), Some(clause)) => clause.push_str(&format!(" at {place}")),
            _ => clauses.push(line.strip_prefix("error: ").unwrap_or(line).to_owned()),
        }
    }
    // The path is in our own sentence; more than three clauses are advice.
    clauses.retain(|clause| !clause.starts_with("failed to parse manifest at"));
    clauses.truncate(3);
    clauses.join(": ").trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn reports_of_cargo_become_one_clause() {
        let syntax = "error: extra `=`, expected nothing\n --> Cargo.toml:3:10\n  |\n3 | version == 3\n  |          ^\n";
        assert_eq!(
            sentence(syntax),
            "extra `=`, expected nothing at Cargo.toml:3:10"
        );
        let meaning = "error: failed to parse manifest at `/tmp/a/Cargo.toml`\n\nCaused by:\n  failed to parse the `edition` key\n\nCaused by:\n  too new.\n";
        assert_eq!(
            sentence(meaning),
            "failed to parse the `edition` key: too new"
        );
    }
}
