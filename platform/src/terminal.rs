//! Where messages for a person go.

use std::io::Write;

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
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        let interactive = true; // The page draws over a line that begins with `\r`.
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        let interactive = std::io::IsTerminal::is_terminal(&std::io::stderr());
        Stderr { interactive }
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
        #[cfg(all(target_family = "wasm", target_os = "unknown"))]
        crate::web::write(text, false);
        // std's stderr has no buffer and allocates nothing.
        #[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
        let _ = std::io::stderr().write_all(text);
    }
}

/// Where results go: the process's standard output, or the page.
#[cfg(not(all(target_family = "wasm", target_os = "unknown")))]
pub fn stdout() -> impl Write {
    std::io::stdout().lock()
}

/// Where results go: the process's standard output, or the page.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
pub fn stdout() -> impl Write {
    Page {
        line: [0; PAGE_LINE],
        used: 0,
    }
}

/// Whether the standard library can show a panic's message. On a page nobody sees what it writes.
pub fn shows_panics() -> bool {
    !cfg!(all(target_family = "wasm", target_os = "unknown"))
}

/// Bytes of a line that reach the page in one piece.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
const PAGE_LINE: usize = 1024;

/// The page, which is given whole lines, for each piece is a message to the window. On the stack, because steps may print and may not allocate.
#[cfg(all(target_family = "wasm", target_os = "unknown"))]
struct Page {
    line: [u8; PAGE_LINE],
    used: usize,
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
impl Write for Page {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        let taken = text.len().min(PAGE_LINE - self.used);
        self.line[self.used..][..taken].copy_from_slice(&text[..taken]);
        self.used += taken;
        if self.used == PAGE_LINE || self.line[..self.used].ends_with(b"\n") {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.used > 0 {
            crate::web::write(&self.line[..self.used], true);
            self.used = 0;
        }
        Ok(())
    }
}

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
impl Drop for Page {
    fn drop(&mut self) {
        // Writing to the page does not fail.
        let _ = self.flush();
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
