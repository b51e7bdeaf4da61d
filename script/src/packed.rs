//! Scripts that were compiled before they are run: a page brings their modules, and a list of them, instead of a compiler.
//!
//! ```text
//!   compiled-scripts/index.json    {"modules": [{"files": ["flock.ts"], "module": "0.wasm", "hash": "…"}]}
//!   compiled-scripts/0.wasm
//! ```
//!
//! The hash finds what was mixed up or cut off on the way: a page whose files are of two versions would otherwise end in another state than its author's. It is no proof against
//! somebody who can write all of them.

use serde::{Deserialize, Serialize};
use std::path::Path;

/// The folder, within the project's.
pub const FOLDER: &str = "compiled-scripts";

/// The list.
pub const INDEX: &str = "compiled-scripts/index.json";

/// What is compiled or loaded as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<'f> {
    /// Sources in a row, which know each other's components and functions.
    Sources(Vec<&'f str>),
    /// A module that was compiled before.
    Module(&'f str),
}

impl Part<'_> {
    /// Its files, as they are named in the list that it was found in.
    pub fn files(&self) -> &[&str] {
        match self {
            Part::Sources(files) => files,
            Part::Module(file) => std::slice::from_ref(file),
        }
    }
}

/// Files of scripts, in order, as what is loaded as one. The error is a file that is none of a script.
///
/// # Errors
/// The first name that ends neither in `.ts` nor in `.wasm`.
pub fn parts(files: &[String]) -> Result<Vec<Part<'_>>, &str> {
    let mut parts = Vec::new();
    for file in files {
        let extension = Path::new(file).extension();
        match extension.and_then(|extension| extension.to_str()) {
            Some("ts") => match parts.last_mut() {
                Some(Part::Sources(sources)) => sources.push(file.as_str()),
                _ => parts.push(Part::Sources(vec![file])),
            },
            Some("wasm") => parts.push(Part::Module(file)),
            _ => return Err(file),
        }
    }
    Ok(parts)
}

/// The list of modules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    modules: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// As they stand in layerw.toml.
    files: Vec<String>,
    /// Its file in [`FOLDER`].
    module: String,
    /// XXH3-128 in hexadecimal digits.
    hash: String,
}

/// Why a module is not what was packed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackedError {
    /// The list cannot be read.
    #[error(
        "`{INDEX}`, the list of compiled scripts, cannot be read ({0}); make the page again with `layerw web`"
    )]
    Index(#[from] serde_json::Error),
    /// It does not have the scripts that layerw.toml names.
    #[error("`{files}` was not compiled when this page was made; make it again with `layerw web`")]
    Unknown {
        /// The scripts.
        files: String,
    },
    /// It is another one.
    #[error(
        "`{FOLDER}/{module}`, the module of `{files}`, is not the one that this page was made with: its {bytes} bytes have another hash; load the page again, or make it again with `layerw web`"
    )]
    Changed {
        /// The scripts.
        files: String,
        /// The module's file.
        module: String,
        /// What there is of it.
        bytes: usize,
    },
}

impl Index {
    /// Adds the module of a part; its file in [`FOLDER`].
    pub fn add(&mut self, part: &Part<'_>, module: &[u8]) -> String {
        let name = format!("{}.wasm", self.modules.len());
        self.modules.push(Entry {
            files: part.files().iter().map(|&file| file.to_owned()).collect(),
            module: name.clone(),
            hash: hash(module),
        });
        name
    }

    /// As JSON.
    ///
    /// # Panics
    /// It is too large for JSON in memory.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("a list is plain data")
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`PackedError::Index`].
    pub fn from_json(json: &[u8]) -> Result<Index, PackedError> {
        Ok(serde_json::from_slice(json)?)
    }

    /// The file of a part's module, in [`FOLDER`].
    ///
    /// # Errors
    /// [`PackedError::Unknown`].
    pub fn module(&self, part: &Part<'_>) -> Result<&str, PackedError> {
        Ok(&self.entry(part)?.module)
    }

    /// Looks whether bytes are the module of a part.
    ///
    /// # Errors
    /// [`PackedError::Unknown`], [`PackedError::Changed`].
    pub fn check(&self, part: &Part<'_>, module: &[u8]) -> Result<(), PackedError> {
        let entry = self.entry(part)?;
        if entry.hash == hash(module) {
            return Ok(());
        }
        Err(PackedError::Changed {
            files: part.files().join(", "),
            module: entry.module.clone(),
            bytes: module.len(),
        })
    }

    fn entry(&self, part: &Part<'_>) -> Result<&Entry, PackedError> {
        let found = self
            .modules
            .iter()
            .find(|entry| entry.files == part.files());
        found.ok_or_else(|| PackedError::Unknown {
            files: part.files().join(", "),
        })
    }
}

fn hash(module: &[u8]) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(module))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_in_a_row_are_one() {
        let files = ["a.ts", "b.ts", "c.wasm", "d.ts"].map(str::to_owned);
        let sources = |names: &[&'static str]| Part::Sources(names.to_vec());
        let expected = [
            sources(&["a.ts", "b.ts"]),
            Part::Module("c.wasm"),
            sources(&["d.ts"]),
        ];
        assert_eq!(parts(&files), Ok(expected.to_vec()));
        assert_eq!(parts(&["a.ts".to_owned(), "b.js".to_owned()]), Err("b.js"));
    }

    #[test]
    fn a_module_is_the_one_that_was_packed_or_a_sentence() {
        let (own, other) = (Part::Sources(vec!["a.ts", "b.ts"]), Part::Module("c.wasm"));
        let mut index = Index::default();
        assert_eq!(index.add(&own, b"one"), "0.wasm");
        let index = Index::from_json(&index.to_json()).expect("as it was written");
        assert_eq!(index.module(&own).ok(), Some("0.wasm"));
        assert!(index.check(&own, b"one").is_ok());
        let said = |refused: Result<(), PackedError>| refused.expect_err("refused").to_string();
        let changed = said(index.check(&own, b"two!"));
        assert!(changed.starts_with("`compiled-scripts/0.wasm`, the module of `a.ts, b.ts`, is not the one that this page was made with: its 4 bytes"), "{changed}");
        let unknown = said(index.check(&other, b"one"));
        assert!(
            unknown.starts_with("`c.wasm` was not compiled"),
            "{unknown}"
        );
        assert!(said(Index::from_json(b"{").map(drop)).contains("index.json"));
    }
}
