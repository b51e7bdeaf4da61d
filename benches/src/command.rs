//! The command line: which cases, and how thoroughly.

use crate::cases;
use crate::harness::{Case, Effort};

/// How to call the program.
pub const HELP: &str = "\
usage: layerw-benches [OPTIONS] [CASE…]

Prints `case,peer,threads,value,unit`, one line per figure: medians over rounds that peers run in turn.
CASE is a name of --list or the part before its dash (J3 means J3-200, J3-1000 and J3-10000); none means all.

  --rounds N   rounds per peer, 1 or more [7]
  --quick      one short round on small data: checks every answer, measures nothing
  --markdown   a table with spread, the best peer and the goal instead of lines
  --list       the cases";

/// What is asked for.
#[derive(Debug)]
pub struct Command {
    pub effort: Effort,
    pub help: bool,
    pub list: bool,
    pub markdown: bool,
    cases: Vec<String>,
}

impl Command {
    /// Reads the arguments; the error is what to tell the user.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
        let mut command = Command {
            effort: Effort::full(),
            help: false,
            list: false,
            markdown: false,
            cases: Vec::new(),
        };
        let mut rounds = None;
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => command.effort = Effort::quick(),
                "--list" => command.list = true,
                "--markdown" => command.markdown = true,
                "--rounds" => rounds = Some(parse_rounds(arguments.next())?),
                "--help" | "-h" => command.help = true,
                option if option.starts_with('-') => {
                    return Err(format!("{option}: unknown option\n\n{HELP}"));
                }
                case => command.cases.push(known_case(case)?),
            }
        }
        if let Some(rounds) = rounds {
            command.effort.rounds = rounds;
        }
        Ok(command)
    }

    /// Whether a case is to be run.
    pub fn wants(&self, case: &Case) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|wanted| names(wanted, case))
    }
}

fn parse_rounds(value: Option<String>) -> Result<usize, String> {
    let value = value.ok_or("--rounds: needs a number, 1 or more")?;
    let rounds = value.parse().ok().filter(|&rounds| rounds > 0);
    rounds.ok_or_else(|| format!("--rounds {value}: give a number, 1 or more"))
}

fn known_case(wanted: &str) -> Result<String, String> {
    if cases::all().any(|case| names(wanted, case)) {
        return Ok(wanted.to_owned());
    }
    let names: Vec<&str> = cases::all().map(|case| case.name).collect();
    Err(format!(
        "{wanted}: no such case; there are {}",
        names.join(", ")
    ))
}

/// Whether `wanted` is the case's name or family, in any case of letters.
fn names(wanted: &str, case: &Case) -> bool {
    let family = case.name.split('-').next().unwrap_or(case.name);
    wanted.eq_ignore_ascii_case(case.name) || wanted.eq_ignore_ascii_case(family)
}
