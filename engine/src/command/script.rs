//! `script`: what the scripts of a project are, without running them.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use layerw_platform::files::{Disk, FileError, Watched, save};
use layerw_platform::signals;

use super::options::{ScriptAction, ScriptOptions, Switch};
use super::output;
use super::prepare::{self, Project};
use super::usage::UsageError;
use crate::config;
use crate::error::Result;
use crate::runner::RunnerOptions;
use crate::scripts::{self, Part};
use crate::settings::Settings;
use crate::sim::Sim;

/// Checks, builds, watches or declares.
pub(super) fn script<B>(options: &ScriptOptions, build_sim: Option<B>) -> Result<ExitCode>
where
    B: FnOnce(&Settings) -> Result<Sim>,
{
    let language = [
        ("--rust", options.rust),
        ("--typescript", options.typescript),
    ];
    if let Some((option, _)) = language.iter().find(|(_, given)| *given)
        && options.action != ScriptAction::Bindings
    {
        return Err(UsageError::Needs {
            option: (*option).to_owned(),
            other: "script bindings".to_owned(),
        }
        .into());
    }
    match options.action {
        ScriptAction::Bindings => bindings(options, build_sim),
        ScriptAction::Check => {
            for part in parts(options)? {
                output::print(&told(&part))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        ScriptAction::Build => build(options),
        ScriptAction::Watch => watch(options),
    }
}

fn parts(options: &ScriptOptions) -> Result<Vec<Part>> {
    let project = Project::open(&options.build())?;
    Ok(scripts::parts(&project.folder, &project.config.scripts)?)
}

/// The sources of a part, then what its systems are.
fn told(part: &Part) -> String {
    format!("{}\n{}", part.files.join(", "), indented(&part.report))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// Prints the classes of the scripts as structs, or the components of the world, which is built for it, as classes.
fn bindings<B>(options: &ScriptOptions, build_sim: Option<B>) -> Result<ExitCode>
where
    B: FnOnce(&Settings) -> Result<Sim>,
{
    let options_of_build = options.build();
    let project = Project::open(&options_of_build)?;
    let Some(build_sim) = build_sim.filter(|_| options.typescript) else {
        for text in scripts::structs(&project.folder, &project.config.scripts)? {
            output::print(&text)?;
        }
        return Ok(ExitCode::SUCCESS);
    };
    let jobs = project.workers(&options_of_build, Switch::Off)?;
    let runner = RunnerOptions::default();
    let prepared = project.prepare(build_sim, &options_of_build, &jobs, runner, None)?;
    let classes = scripts::classes(prepared.runner.world())?;
    output::print(&classes.text)?;
    for refused in &classes.refused {
        output::say(format_args!("{refused}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the module, the Rust text and the systems as the compiler sees them beside each other.
fn build(options: &ScriptOptions) -> Result<ExitCode> {
    let project = Project::open(&options.build())?;
    let out = options.out.clone();
    let out = out.unwrap_or_else(|| project.folder.join("build"));
    std::fs::create_dir_all(&out).map_err(|source| FileError::write(&out, source))?;
    for part in scripts::parts(&project.folder, &project.config.scripts)? {
        for (extension, bytes) in &part.outputs {
            let path = out.join(format!("{}.{extension}", part.stem()));
            save(&Disk, &path, |draft| draft.write_all(bytes))?;
            output::print_line(format_args!("{}", path.display()))?;
        }
        if let Some(reason) = &part.no_rust {
            output::say(format_args!(
                "no Rust text of {}: {reason}",
                part.files.join(", ")
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Says again what the scripts are whenever one of them, or the list of them, changed; until a signal.
fn watch(options: &ScriptOptions) -> Result<ExitCode> {
    let stop = signals::watch()?;
    loop {
        let project = Project::open(&options.build());
        let mut watched = Watched::new(files(&project, options));
        let parts = project
            .and_then(|project| Ok(scripts::parts(&project.folder, &project.config.scripts)?));
        match parts {
            Ok(parts) => parts
                .iter()
                .try_for_each(|part| output::print(&told(part)))?,
            Err(refused) => output::say(format_args!("{refused}")),
        }
        if !watched.wait(|| stop.requested()) {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// What to look at: the list of scripts, and those on it if it can be read.
fn files(project: &Result<Project>, options: &ScriptOptions) -> Vec<PathBuf> {
    match project {
        Err(_) => vec![prepare::folder(&options.build()).join(config::FILE)],
        Ok(project) => {
            let names = project.config.scripts.files.iter().map(String::as_str);
            let names = std::iter::once(config::FILE).chain(names);
            names.map(|name| project.folder.join(name)).collect()
        }
    }
}
