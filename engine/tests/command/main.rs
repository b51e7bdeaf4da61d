//! The command as its user meets it: a project's program started in a process of its own, judged by its output, files and exit status.

mod doctor;
mod files;
mod input;
mod limits;
mod memory;
mod record;
mod rewind;
mod run;
mod snapshot;
mod stop;
mod support;
mod usage;
