//! Building a project's program.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::arguments::BuildOptions;
use crate::cargo::{self, Package};
use crate::error::Failure;
use crate::host::Toolchain;
use crate::project::Project;

/// Another host, and what is different there.
#[derive(Debug)]
pub struct Target<'a> {
    /// Builds for it.
    pub toolchain: &'a Toolchain,
    /// What the player has there, if not what it has here.
    pub player_features: Option<&'static str>,
}

/// Builds the project's program, for this machine or a `target`, and returns its path. What cargo has to say goes to standard error, as always;
/// standard output stays the project's.
pub fn build(
    project: &Project,
    options: &BuildOptions,
    target: Option<Target<'_>>,
) -> Result<PathBuf, Failure> {
    let package = Package::of(project)?;
    let program = program(project, &package)?;
    let mut features = features(project, &package, options)?;

    let profile = options.profile.as_deref().unwrap_or("release");
    let mut command = match &target {
        None => cargo::command("build"),
        Some(target) => {
            let scratch = package.target_folder.join("layerw-host");
            target.toolchain.build(profile, &scratch)?
        }
    };
    let player = target.and_then(|target| target.player_features);
    if let (Some(others), Some(_)) = (player, project.binary) {
        command.arg("--no-default-features");
        features.push(others.to_owned());
    }
    command
        .arg("--manifest-path")
        .arg(project.manifest())
        .args(["--bin", &program]);
    command.args(["--profile", profile]);
    if !features.is_empty() {
        command.args(["--features", &features.join(",")]);
    }
    let artifact = run(command, project, &program)?;
    artifact.ok_or_else(|| Failure::NoArtifact {
        folder: project.named.clone(),
    })
}

fn program(project: &Project, package: &Package) -> Result<String, Failure> {
    let chosen = project
        .binary
        .map(str::to_owned)
        .or_else(|| package.default_program.clone());
    chosen.ok_or_else(|| match package.programs.as_slice() {
        [] => Failure::NoProgram {
            folder: project.named.clone(),
        },
        names => Failure::ManyPrograms {
            folder: project.named.clone(),
            names: names.to_vec(),
        },
    })
}

/// A feature is the project's own, or else the engine's, so that `--features tracy` works on a project that never heard of it.
fn features(
    project: &Project,
    package: &Package,
    options: &BuildOptions,
) -> Result<Vec<String>, Failure> {
    let mut wanted = options.features.clone();
    // The packer of pages, for one, has no zones.
    let known = [&package.features, &package.engine_features];
    let traces = || {
        known
            .iter()
            .any(|list| list.iter().any(|name| name == "tracy"))
    };
    if cfg!(feature = "tracy") && traces() {
        wanted.push("tracy".to_owned());
    }
    let find = |feature: String| {
        if feature.contains('/') || package.features.contains(&feature) {
            Ok(feature)
        } else if package.engine_features.contains(&feature) {
            Ok(format!("layerw/{feature}"))
        } else {
            let known = package
                .features
                .iter()
                .chain(&package.engine_features)
                .cloned();
            Err(Failure::NoFeature {
                folder: project.named.clone(),
                feature,
                known: known.collect(),
            })
        }
    };
    wanted.into_iter().map(find).collect()
}

/// Runs cargo to its end; the path of the program that it built.
fn run(mut command: Command, project: &Project, program: &str) -> Result<Option<PathBuf>, Failure> {
    // Diagnostics are rendered to standard error, only artifacts come as JSON.
    command
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    let no_cargo = |source| Failure::NoCargo {
        cargo: cargo::program(),
        source,
    };
    let mut cargo = command.spawn().map_err(no_cargo)?;
    let messages = cargo
        .stdout
        .take()
        .map(BufReader::new)
        .into_iter()
        .flat_map(BufRead::lines);
    let artifact = messages
        .map_while(Result::ok)
        .filter_map(|line| serde_json::from_str::<Value>(&line).ok())
        .filter(|message| message["target"]["name"] == program)
        .filter(|message| cargo::is_file(&message["manifest_path"], &project.manifest()))
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .last();
    match cargo.wait().map_err(no_cargo)? {
        status if status.success() => Ok(artifact),
        status => Err(Failure::Build {
            folder: project.named.clone(),
            status,
        }),
    }
}
