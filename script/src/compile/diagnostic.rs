//! What the compiler says when it refuses a source.

use super::ir::At;
use std::fmt;

/// A place in a source and what is wrong there, with what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file's name.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// A sentence: what is wrong, and the cure.
    pub message: String,
}

/// `movement.ts:3:5: message`
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic {
            file,
            line,
            column,
            message,
        } = self;
        write!(f, "{file}:{line}:{column}: {message}")
    }
}

impl std::error::Error for Diagnostic {}

/// A message whose place is not yet a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub at: At,
    pub message: String,
}

/// What the steps of the compiler give back.
pub type Outcome<T> = Result<T, Problem>;

/// A problem at a place.
pub fn problem<T>(at: At, message: impl Into<String>) -> Outcome<T> {
    Err(Problem {
        at,
        message: message.into(),
    })
}

/// Where the lines of a text start.
#[derive(Debug)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub fn new(text: &str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Lines {
            starts: std::iter::once(0)
                .chain(ends.map(|(place, _)| place + 1))
                .collect(),
        }
    }

    /// Line and column of a byte, both from 0; the column in UTF-16 units, as source maps count.
    pub fn place(&self, text: &str, byte: u32) -> (usize, usize) {
        let byte = text.floor_char_boundary(byte as usize);
        let line = self.starts.partition_point(|&start| start <= byte) - 1;
        let before = &text[self.starts[line]..byte];
        (line, before.encode_utf16().count())
    }
}
