//! Where messages for a person go.

use std::io::{IsTerminal, Write};

/// Columns assumed where the host does not tell.
const WIDTH: usize = 80;

/// A place for text that a person reads while the program runs.
pub trait Terminal {
    /// Whether a line can be drawn over. False for files and pipes, which get plain lines.
    fn interactive(&self) -> bool;

    /// Columns of a line, at least 1.
    fn width(&self) -> usize;

    /// Writes at once. A reader that has gone away is no reason to end a simulation, so there is nothing to return.
    fn write(&mut self, text: &[u8]);
}

/// The process's standard error.
#[derive(Clone, Copy, Debug)]
pub struct Stderr {
    interactive: bool,
}

/// Text kept in memory, for tests.
#[derive(Clone, Debug)]
pub struct Captured {
    /// All that was written.
    pub text: Vec<u8>,
    /// What [`Terminal::interactive`] answers.
    pub interactive: bool,
    /// What [`Terminal::width`] answers.
    pub width: usize,
}

impl Stderr {
    /// Standard error, asked once whether it is a terminal.
    pub fn new() -> Stderr {
        Stderr {
            interactive: std::io::stderr().is_terminal(),
        }
    }
}

impl Default for Stderr {
    fn default() -> Stderr {
        Stderr::new()
    }
}

impl Terminal for Stderr {
    fn interactive(&self) -> bool {
        self.interactive
    }

    fn width(&self) -> usize {
        if self.interactive {
            columns().unwrap_or(WIDTH).max(1)
        } else {
            WIDTH
        }
    }

    fn write(&mut self, text: &[u8]) {
        // std's stderr has no buffer and allocates nothing.
        let _ = std::io::stderr().write_all(text);
    }
}

impl Captured {
    /// An empty terminal that can be drawn over (`interactive`) or not.
    pub fn new(interactive: bool, width: usize) -> Captured {
        Captured {
            text: Vec::new(),
            interactive,
            width,
        }
    }
}

impl Terminal for Captured {
    fn interactive(&self) -> bool {
        self.interactive
    }

    fn width(&self) -> usize {
        self.width.max(1)
    }

    fn write(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }
}

impl<T: Terminal + ?Sized> Terminal for &mut T {
    fn interactive(&self) -> bool {
        (**self).interactive()
    }

    fn width(&self) -> usize {
        (**self).width()
    }

    fn write(&mut self, text: &[u8]) {
        (**self).write(text);
    }
}

/// Asked anew for every line, because a window can be resized.
#[cfg(unix)]
fn columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn columns() -> Option<usize> {
    None
}
