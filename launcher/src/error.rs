//! What can go wrong before a project runs: each a sentence that names the thing, the place and the cure.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

/// Why there is nothing to hand over to.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("no verb given; `layerw --help` lists them")]
    NoVerb,
    #[error("unknown verb `{verb}`; {instead}`layerw --help` lists them all")]
    UnknownVerb { verb: String, instead: String },
    #[error("`{option}` stands before the verb; give options last: layerw VERB PROJECT {option}")]
    OptionFirst { option: String },
    #[error("{}", no_action(found.as_deref(), allowed))]
    NoAction {
        found: Option<String>,
        allowed: &'static [&'static str],
    },
    #[error("`{option}` needs a value; give one as `{option} VALUE`")]
    NoValue { option: &'static str },
    #[error("{}", no_project(verb, found.as_deref(), usage))]
    NoProject {
        verb: &'static str,
        found: Option<String>,
        usage: &'static str,
    },
    #[error("{}", no_host(found.as_deref(), known))]
    NoHost {
        found: Option<String>,
        known: String,
    },
    #[error("`layerw {verb}` has no option `{option}`; it takes {known}")]
    UnknownOption {
        verb: &'static str,
        option: String,
        known: &'static str,
    },
    #[error("`layerw web` does not say where the page goes; give a folder: `--out FOLDER`")]
    NoPlace,
    #[error("building for {target} lacks {what}; {cure}")]
    NoToolchain {
        target: &'static str,
        what: String,
        cure: &'static str,
    },
    #[error("rustc does not compile `{}` ({why}); use a compiler that rustup installed: `rustup target add wasm32-wasip1`", path.display())]
    NoStubs { path: PathBuf, why: String },
    #[error("cannot write `{}`: {source}; name another place", path.display())]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("`{}` does not exist; name the folder of a project", folder.display())]
    NoFolder { folder: PathBuf },
    #[error("`{}` is a file; name the folder of a project", folder.display())]
    NotAFolder { folder: PathBuf },
    #[error("`{}` holds neither Cargo.toml nor layerw.toml; name the folder of a project, or make one with `cargo new`", folder.display())]
    NotAProject { folder: PathBuf },
    #[error("cannot read `{}`: {source}; check its rights", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("`{}`, line {line}: {problem}; correct the line", path.display())]
    Settings {
        path: PathBuf,
        line: usize,
        problem: String,
    },
    #[error("cargo cannot read `{}`: {problem}; correct the file", path.display())]
    Manifest { path: PathBuf, problem: String },
    #[error("`{}` is a workspace, not a project; {}", folder.display(), name_a_member(members))]
    Workspace {
        folder: PathBuf,
        members: Vec<String>,
    },
    #[error("`{}` builds no program; add a src/main.rs that calls `layerw::main`", folder.display())]
    NoProgram { folder: PathBuf },
    #[error("`{}` builds several programs ({}); name one of them `default-run` in its Cargo.toml", folder.display(), names.join(", "))]
    ManyPrograms { folder: PathBuf, names: Vec<String> },
    #[error("`{}` has no feature `{feature}`; {}", folder.display(), features(known))]
    NoFeature {
        folder: PathBuf,
        feature: String,
        known: Vec<String>,
    },
    #[error("cannot start `{}`: {source}; install Rust (https://rustup.rs) or name cargo in the variable CARGO", cargo.display())]
    NoCargo { cargo: PathBuf, source: io::Error },
    #[error("`{}` did not build (cargo ended with {status}); the messages above name the place", folder.display())]
    Build { folder: PathBuf, status: ExitStatus },
    #[error("cargo built `{}` but named no program; check the variable CARGO", folder.display())]
    NoArtifact { folder: PathBuf },
    #[error("this needs a program that is built from the engine's sources, and `{}` holds them no more; run it in a clone: cargo run --release -- VERB", package.display())]
    NoSources { package: PathBuf },
    #[error("cannot start `{}`: {source}; build the project again", binary.display())]
    Start { binary: PathBuf, source: io::Error },
}

impl Failure {
    /// 2 where the command itself is wrong, 1 where it is right and something failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::NoVerb
            | Failure::UnknownVerb { .. }
            | Failure::OptionFirst { .. }
            | Failure::NoAction { .. }
            | Failure::NoValue { .. }
            | Failure::NoHost { .. }
            | Failure::UnknownOption { .. }
            | Failure::NoPlace
            | Failure::NoProject { .. }
            | Failure::NoFolder { .. }
            | Failure::NotAFolder { .. }
            | Failure::NotAProject { .. }
            | Failure::Workspace { .. }
            | Failure::NoFeature { .. } => 2,
            Failure::Unreadable { .. }
            | Failure::Settings { .. }
            | Failure::Manifest { .. }
            | Failure::NoProgram { .. }
            | Failure::ManyPrograms { .. }
            | Failure::NoCargo { .. }
            | Failure::Build { .. }
            | Failure::NoArtifact { .. }
            | Failure::NoToolchain { .. }
            | Failure::NoStubs { .. }
            | Failure::Unwritable { .. }
            | Failure::NoSources { .. }
            | Failure::Start { .. } => 1,
        }
    }
}

fn no_project(verb: &str, found: Option<&str>, usage: &str) -> String {
    match found {
        Some(option) => format!(
            "`layerw {verb} {option}` names no project before the option; give the folder first: {usage}"
        ),
        None => format!("`layerw {verb}` names no project; give the folder: {usage}"),
    }
}

fn no_host(found: Option<&str>, known: &str) -> String {
    match found {
        Some(name) => {
            format!("`--host {name}` is none that programs can be built for; give {known}")
        }
        None => format!("`layerw build` names no host; give `--host {known}`"),
    }
}

fn no_action(found: Option<&str>, allowed: &[&str]) -> String {
    let allowed = allowed.join(", ");
    match found {
        Some(word) => format!(
            "`layerw script {word}` is nothing that can be done; give one of {allowed}, then the project"
        ),
        None => format!(
            "`layerw script` does not say what to do; give one of {allowed}, then the project"
        ),
    }
}

fn name_a_member(members: &[String]) -> String {
    match members {
        [] => "name the folder of a member that builds a program".to_owned(),
        some => format!("name one of its members: {}", some.join(", ")),
    }
}

fn features(known: &[String]) -> String {
    match known {
        [] => "it has none".to_owned(),
        some => format!("it has {}", some.join(", ")),
    }
}
