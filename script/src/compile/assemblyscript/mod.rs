//! Sources by way of AssemblyScript: slower modules out of a larger language, for scripts that need objects, arrays and maps of their own.
//!
//! ```text
//!   sources ──parse──> signatures of `update` ──> glue (AssemblyScript) and manifest
//!   sources + glue ──node, asc with driver.mjs──> module ──attach──> module with manifest and source map
//! ```
//!
//! The same source compiles unchanged: the driver adapts asc's syntax tree. `number` becomes `f32`, a column an address, a component's class one without an object
//! around it, `for … of` a column a counted loop; results that are not declared are none; a number without a type of its own is a `number` also where it is whole.
//! `Math` is that of `f32`.
//!
//! - **Access.** Where the whole source is in our own language, what it reads and writes is seen from what it does. Otherwise a column is written unless it is declared
//!   `readonly T[]`, a resource is read, and a system takes whole chunks.
//! - **State.** A class with `update` has no object: what a script keeps between calls stands in globals of its module, of which each worker has its own. State
//!   that results depend on belongs into components and resources.
//! - **Rows** are checked: one that is not there stops the system with the line.
//! - **Left to our own compiler**: entities, commands, events, four rows at a time, the row in messages, and limits on loops (the host's time limit holds).

mod glue;
mod signature;
#[cfg(test)]
mod tests;

use super::diagnostic::Problem;
use super::{Diagnostic, Source, ir::At, parse, said};
use crate::abi::{self, Manifest, Param, SystemDecl};
use oxc_allocator::Allocator;
use serde::{Deserialize, Serialize};
use signature::{Signature, Take};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The version of the package `assemblyscript` that this was tried with.
pub const VERSION: &str = "0.28.20";

const DRIVER: &str = include_str!("driver.mjs");

/// Where AssemblyScript is.
#[derive(Debug, Clone)]
pub struct Asc {
    /// The program `node`, 20 or later: a path, or a name that the system finds.
    pub node: PathBuf,
    /// The folder in which, or above which, `node_modules/assemblyscript` lies.
    pub folder: PathBuf,
}

/// Why there is no module.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AscError {
    /// The sources are at fault.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Sources(Vec<Diagnostic>),
    /// Node cannot be started.
    #[error(
        "`{}` does not start: {error}; install node 20 or later, or use the compiler `layerw`, which needs none", node.display()
    )]
    Node {
        /// What was to be started.
        node: PathBuf,
        /// Why it was not.
        error: std::io::Error,
    },
    /// The package is not there.
    #[error(
        "the package `assemblyscript` is not found from {}; run `npm install assemblyscript@{VERSION}` there", .0.display()
    )]
    Package(PathBuf),
    /// Node or asc ended otherwise than with a module or messages.
    #[error("AssemblyScript failed: {0}")]
    Failed(String),
}

impl Asc {
    /// Node as the system finds it, and the package as seen from a folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Asc {
            node: "node".into(),
            folder: folder.into(),
        }
    }

    /// Compiles the files of a script, as one, to a module with its manifest and source map. It takes a second or two: asc starts anew each time.
    ///
    /// # Errors
    /// What is wrong with the sources, with places; or that node or the package is missing, with what to do.
    pub fn compile(&self, sources: &[Source]) -> Result<Vec<u8>, AscError> {
        let (systems, manifest) = declared(sources).map_err(AscError::Sources)?;
        let request = Request {
            sources: sources
                .iter()
                .map(|source| File {
                    name: &source.name,
                    text: &source.text,
                })
                .collect(),
            glue: glue::text(&manifest, &systems),
            components: glue::classes(&manifest, &systems)
                .map(|component| component.name.as_str())
                .collect(),
        };
        let request =
            serde_json::to_vec(&request).map_err(|error| AscError::Failed(error.to_string()))?;
        let answer = self.run(&request)?;
        let answer: Answer = serde_json::from_slice(&answer)
            .map_err(|error| AscError::Failed(format!("its answer is not JSON: {error}")))?;
        answer.module(sources, &manifest)
    }

    fn run(&self, request: &[u8]) -> Result<Vec<u8>, AscError> {
        let missing = |error| AscError::Node {
            node: self.node.clone(),
            error,
        };
        if !self.folder.is_dir() {
            // Else the system would say that there is no node.
            return Err(AscError::Package(absolute(&self.folder)));
        }
        let failed = |error: std::io::Error| AscError::Failed(error.to_string());
        let mut child = Command::new(&self.node)
            .args(["--input-type=module", "--eval", DRIVER])
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(missing)?;
        if let Some(mut stdin) = child.stdin.take() {
            // Node that ends before it has read all says why on its standard error.
            let _ = stdin.write_all(request);
        }
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(&output.stderr);
        match said.contains("ERR_MODULE_NOT_FOUND") {
            true => Err(AscError::Package(absolute(&self.folder))),
            false => Err(AscError::Failed(said.trim().to_owned())),
        }
    }
}

fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

#[derive(Serialize)]
struct Request<'s> {
    sources: Vec<File<'s>>,
    glue: String,
    components: Vec<&'s str>,
}

#[derive(Serialize)]
struct File<'s> {
    name: &'s str,
    text: &'s str,
}

/// What the driver says.
#[derive(Deserialize)]
struct Answer {
    /// The module, two hexadecimal digits a byte.
    wasm: Option<String>,
    map: Option<String>,
    said: String,
    diagnostics: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    message: String,
    file: Option<String>,
    byte: u32,
    error: bool,
}

impl Answer {
    fn module(self, sources: &[Source], manifest: &Manifest) -> Result<Vec<u8>, AscError> {
        let bytes = self.wasm.as_deref().and_then(bytes_of);
        if let Some(module) = bytes {
            return Ok(abi::attach(
                module,
                manifest,
                self.map.as_deref().map(str::as_bytes),
            ));
        }
        let problem = |message: &Message| {
            let number = sources
                .iter()
                .position(|source| Some(&source.name) == message.file.as_ref())?;
            Some(Problem {
                at: At {
                    source: number as u32,
                    byte: message.byte,
                },
                message: message.message.clone(),
            })
        };
        let wrong = self.diagnostics.iter().filter(|message| message.error);
        let problems: Vec<Problem> = wrong.filter_map(problem).collect();
        match problems.is_empty() {
            true => Err(AscError::Failed(self.said.trim().to_owned())),
            false => Err(AscError::Sources(said(problems, sources))),
        }
    }
}

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).map(pair).collect()
}

/// The systems as `update` declares them, and the module's manifest.
fn declared(sources: &[Source]) -> Result<(Vec<Signature>, Manifest), Vec<Diagnostic>> {
    let allocator = Allocator::default();
    let mut programs = Vec::new();
    for (number, source) in (0..).zip(sources) {
        let program = parse::parse(number, source, &allocator);
        programs.push(program.map_err(|problem| said(vec![problem], sources))?);
    }
    let (systems, bare) =
        signature::read(sources, &programs).map_err(|problem| said(vec![problem], sources))?;
    // What the compiler sees goes before what is declared.
    let seen = super::compile(sources).ok();
    let seen = seen.map(|program| super::wasm::manifest(&program.module, &program.facts));
    let mut manifest = match &seen {
        Some(manifest) => manifest.clone(),
        None => {
            let program = super::compile(&bare)?;
            super::wasm::manifest(&program.module, &program.facts)
        }
    };
    manifest.systems = systems
        .iter()
        .map(|system| {
            let known = seen
                .as_ref()
                .and_then(|manifest| manifest.systems.iter().find(|one| one.name == system.name));
            let writes = |take: &Take| match (known, take) {
                (Some(known), Take::Column { component, .. } | Take::Resource(component)) => {
                    is_written(known, component)
                }
                (None, Take::Column { readonly, .. }) => !readonly,
                _ => false,
            };
            SystemDecl {
                name: system.name.clone(),
                export: format!("run_{}", system.name),
                params: glue::params(system, writes),
                whole_chunks: known.is_none_or(|known| known.whole_chunks),
                ..SystemDecl::default()
            }
        })
        .collect();
    let wide = glue::classes(&manifest, &systems).find_map(|component| {
        let wide = |field: &&abi::FieldDecl| field.count > 1 || field.name.contains('.');
        let field = component.fields.iter().find(wide)?;
        Some(format!(
            "field `{}` of `{}` is a value of several numbers, which asc would keep elsewhere; give the class its numbers one by one",
            field.name, component.name
        ))
    });
    match wide {
        Some(message) => Err(said(
            vec![Problem {
                at: At { source: 0, byte: 0 },
                message,
            }],
            sources,
        )),
        None => Ok((systems, manifest)),
    }
}

fn is_written(system: &SystemDecl, name: &str) -> bool {
    system.params.iter().any(|param| match param {
        Param::Column { component, write } | Param::Resource { component, write } => {
            *write && component == name
        }
        _ => false,
    })
}
