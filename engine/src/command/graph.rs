//! `graph`: the compiled plan of a project.

use std::process::ExitCode;

use super::options::{GraphOptions, Switch};
use super::output;
use super::prepare::Project;
use crate::error::Result;
use crate::runner::RunnerOptions;
use crate::settings::Settings;
use crate::sim::Sim;

/// Builds the simulation and prints its graph.
pub(super) fn graph(
    options: &GraphOptions,
    build: impl FnOnce(&Settings) -> Result<Sim>,
) -> Result<ExitCode> {
    let project = Project::open(&options.build)?;
    let jobs = project.workers(&options.build, Switch::Off)?;
    let runner = RunnerOptions::default();
    let prepared = project.prepare(build, &options.build, &jobs, runner, None)?;
    let plan = prepared.runner.plan();
    let text = if options.json {
        plan.to_json()
    } else {
        plan.to_dot()
    };
    output::print_line(format_args!("{}", text.trim_end()))?;
    Ok(ExitCode::SUCCESS)
}
