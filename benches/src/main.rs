//! The engine beside its peers, in one program: `cargo run --release -p layerw-benches -- [CASE…]`.
//!
//! Prints one line `case,peer,threads,value,unit` per figure, the engine as peer `layerw`. What decides trade-offs here,
//! in this order:
//!
//! 1. **Right answers.** Every round of every peer checks what it computed; a wrong answer ends the run.
//! 2. **Fairness.** Peers do the same work on the same data in the same process, built with the same flags, their rounds
//!    in turn, so that a noisy second hits all of them. Each gets its own best form, not a translation of ours.
//! 3. **One program.** Nothing to install, nothing to script.

#![forbid(unsafe_code)]

mod cases;
mod command;
mod harness;
mod peers;
mod report;
mod work;

use std::process::ExitCode;

use command::{Command, HELP};

fn main() -> ExitCode {
    let command = match Command::parse(std::env::args().skip(1)) {
        Ok(command) => command,
        Err(wrong) => {
            eprintln!("{wrong}");
            return ExitCode::from(2);
        }
    };
    if command.help {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    }
    if command.list {
        for case in cases::all() {
            println!("{:15} {}", case.name, case.about);
        }
        return ExitCode::SUCCESS;
    }
    match run(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the cases asked for, printing each one's figures as soon as they are there.
fn run(command: &Command) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for case in cases::all().filter(|case| command.wants(case)) {
        let measured = harness::measure(case, command.effort)?;
        if !command.markdown {
            report::print_lines(&measured);
        }
        rows.extend(measured);
    }
    if command.markdown {
        print!("{}", report::markdown(&rows));
    }
    Ok(())
}
