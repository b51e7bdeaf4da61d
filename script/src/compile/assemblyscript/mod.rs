//! Sources by way of AssemblyScript: slower modules out of a larger language, for scripts that need objects, arrays and maps of their own.
//!
//! ```text
//!   sources ──parse, check──> layout, signatures ──> glue (AssemblyScript) and manifest
//!      └────rewrite────> sources as asc takes them
//!   both ──node, asc with driver.mjs──> module ──attach──> module with manifest and source map
//! ```
//!
//! The same source compiles unchanged: all of the script language is taken. What is written for asc otherwise is said in `rewrite`; what it is written upon, in `glue`. The driver adapts
//! the rest in asc's own syntax tree: `number` is `f32`, results that are not declared are none, a number without a type of its own is a `number` also where it is whole.
//!
//! - **Types and access.** Where the whole source is in our own language, the checker says which type each written number has, what systems read and write, and what
//!   commands name; so the bits are those of our own compiler. Otherwise a column is written unless it is declared `readonly T[]`, a resource where `update` assigns to it or passes it on,
//!   a system takes whole chunks, and what systems and commands name is checked without what stands in functions.
//! - **State.** A class with `update` has no object: what a script keeps between calls stands in globals of its module, of which each worker has its own. State
//!   that results depend on belongs into components and resources.
//! - **Rows and elements** are checked: one that is not there stops the system with place and row.
//! - **Left to our own compiler**: four rows at a time, and limits on loops (the host's time limit holds).

mod edit;
mod glue;
mod rewrite;
mod signature;
#[cfg(test)]
mod tests;

use super::diagnostic::{Lines, Problem};
use super::ir::At;
use super::wasm::map::Map;
use super::{Diagnostic, Source, parse, said};
use crate::abi::{self, Manifest, SystemDecl};
use edit::Edited;
use oxc_allocator::Allocator;
use oxc_sourcemap::SourceMap;
use rewrite::Known;
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
        let prepared = prepare(sources).map_err(AscError::Sources)?;
        let files = sources.iter().zip(&prepared.edited);
        let request = Request {
            sources: files
                .map(|(source, edited)| File {
                    name: &source.name,
                    text: &edited.text,
                })
                .collect(),
            glue: &prepared.glue,
        };
        let request =
            serde_json::to_vec(&request).map_err(|error| AscError::Failed(error.to_string()))?;
        let answer = self.run(&request)?;
        let answer: Answer = serde_json::from_slice(&answer)
            .map_err(|error| AscError::Failed(format!("its answer is not JSON: {error}")))?;
        answer.module(sources, &prepared)
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
    glue: &'s str,
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
    fn module(self, sources: &[Source], prepared: &Prepared) -> Result<Vec<u8>, AscError> {
        let bytes = self.wasm.as_deref().and_then(bytes_of);
        if let Some(mut module) = bytes {
            name_row(&mut module);
            let map = self.map.as_deref();
            let map = map.and_then(|map| prepared.map(sources, map));
            let map = map.as_deref().map(str::as_bytes);
            return Ok(abi::attach(module, &prepared.manifest, map));
        }
        let problem = |message: &Message| {
            let number = sources
                .iter()
                .position(|source| Some(&source.name) == message.file.as_ref())?;
            Some(Problem {
                at: At {
                    source: number as u32,
                    byte: prepared.edited[number].origin(message.byte as usize).0,
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

/// Gives the global with the row at hand the name that hosts know, which no text of AssemblyScript can.
fn name_row(module: &mut [u8]) {
    let export = wasmparser::Parser::new(0)
        .parse_all(module)
        .find_map(|payload| match payload {
            Ok(wasmparser::Payload::ExportSection(section)) => Some(section.range()),
            _ => None,
        });
    let Some(section) = export else {
        return;
    };
    let section = &mut module[section.start as usize..section.end as usize];
    let name = glue::ROW.as_bytes();
    if let Some(place) = section.windows(name.len()).position(|bytes| bytes == name) {
        section[place..][..name.len()].copy_from_slice(abi::ROW_GLOBAL.as_bytes());
    }
}

const _: () = assert!(glue::ROW.len() == abi::ROW_GLOBAL.len());

fn bytes_of(digits: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.as_bytes().chunks(2).map(pair).collect()
}

/// What asc is given, and what is said of its module.
struct Prepared {
    edited: Vec<Edited>,
    glue: String,
    manifest: Manifest,
    /// Whether all of it is in our own language.
    whole: bool,
}

fn prepare(sources: &[Source]) -> Result<Prepared, Vec<Diagnostic>> {
    let allocator = Allocator::default();
    let mut programs = Vec::new();
    for (number, source) in (0..).zip(sources) {
        let program = parse::parse(number, source, &allocator);
        programs.push(program.map_err(|problem| said(vec![problem], sources))?);
    }
    let systems =
        signature::read(sources, &programs).map_err(|problem| said(vec![problem], sources))?;
    // What the compiler sees goes before what is declared.
    let (program, whole) = match super::compile(sources) {
        Ok(program) => (program, true),
        Err(_) => (
            super::compile(&signature::bare(sources, &programs, &systems))?,
            false,
        ),
    };
    let mut manifest = super::wasm::manifest(&program.module, &program.facts);
    manifest.one_nan = whole;
    manifest
        .systems
        .retain(|system| system.name != signature::MENTIONS);
    let words = signature::words_of(&programs);
    let known = Known {
        tree: &program.tree,
        whole,
        words: &words,
    };
    let edited = rewrite::rewrite(sources, &programs, &known, &mut manifest.templates)
        .map_err(|problems| said(problems, sources))?;
    let mut functions = Vec::new();
    for decl in &mut manifest.systems {
        let signature = systems.iter().find(|system| system.name() == decl.name);
        let Some(signature) = signature else {
            continue;
        };
        declare(decl, signature, whole);
        functions.push((&*decl, signature));
    }
    let glue = glue::text(&program.tree, &functions, whole);
    Ok(Prepared {
        edited,
        glue,
        manifest,
        whole,
    })
}

/// What is declared of a system: where the compiler did not see what it does, all that it may do.
fn declare(decl: &mut SystemDecl, signature: &Signature, whole: bool) {
    decl.export = signature.export();
    if !whole {
        decl.params = glue::params(signature);
        decl.whole_chunks = true;
        decl.commands = signature.has(|take| *take == Take::World);
    }
}

impl Prepared {
    /// The source map of asc with the places of the sources. Where the glue stands, the last place of a source counts.
    fn map(&self, sources: &[Source], json: &str) -> Option<String> {
        let map = SourceMap::from_json_string(json).ok()?;
        let files: Vec<String> = map.get_sources().map(|file| file.to_string()).collect();
        let lines: Vec<Lines> = sources
            .iter()
            .map(|source| Lines::new(&source.text))
            .collect();
        let mut names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let mut out = Map::default();
        let mut last = None;
        for token in map.get_tokens() {
            let Some(file) = token
                .get_source_id()
                .map(|file| files[file as usize].as_str())
            else {
                continue;
            };
            let (line, column) = (token.get_src_line() as usize, token.get_src_col() as usize);
            let at = token.get_dst_col() as usize;
            let known = sources.iter().position(|source| source.name == file);
            let mut words = None;
            if let Some(number) = known {
                let edited = &self.edited[number];
                let Some(byte) = edited.byte(line, column) else {
                    continue;
                };
                let (byte, means) = edited.origin(byte);
                let (line, column) = lines[number].place(&sources[number].text, byte);
                last = Some((number, line, column));
                words = means.filter(|_| self.whole);
            } else if file.starts_with('~') {
                let name = files.iter().find(|one| *one == file)?;
                let number = names.iter().position(|one| one == name);
                let number = number.unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
                last = Some((number, line, column));
            }
            out.add(at, last, words);
        }
        Some(out.json(&names))
    }
}
