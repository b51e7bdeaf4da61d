//! A sentence under construction in a fixed buffer, for places that may not allocate.

use std::fmt::{self, Write};

/// Bytes of the longest sentence; what does not fit is left out.
const BYTES: usize = 1_024;

/// Text of bounded length. Writing never fails: what does not fit is left out.
#[derive(Clone)]
pub struct Line {
    bytes: [u8; BYTES],
    len: usize,
}

impl Line {
    pub(crate) fn new() -> Line {
        Line {
            bytes: [0; BYTES],
            len: 0,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Takes back what was written since the text had this length.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(crate) fn as_str(&self) -> &str {
        // Only whole characters are put in.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut fits = text.len().min(BYTES - self.len);
        while !text.is_char_boundary(fits) {
            fits -= 1;
        }
        self.bytes[self.len..][..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        Ok(())
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
