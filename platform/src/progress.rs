//! The progress of a run: a bar on a terminal, plain lines elsewhere.
//!
//! ```text
//! [==========>               ]   42 %  420 of 1000  123.4/s  4.7 s left     drawn over, ten times a second
//! 420 of 1000 (42 %), 123.4/s, 4.7 s left                                   for every tenth of the work, one a second at most
//! ```
//!
//! The step loop may call [`Progress::show`] after every step: most calls are two comparisons, and none allocates, the text being made
//! in a buffer of fixed size. Time comes from the caller, so that a test can say what is drawn when.

use std::fmt::{self, Write};

use crate::terminal::Terminal;

/// Seconds between two drawings of the bar: quick enough to look alive, slow enough to cost nothing.
const REDRAW: f64 = 0.1;
/// Seconds between two plain lines.
const RELINE: f64 = 1.0;
/// Plain lines for the whole work.
const LINES: u64 = 10;
/// Columns of the bar between its brackets, on a line wide enough.
const BAR: usize = 26;
/// Bytes of a line; what does not fit is cut.
const LINE_BYTES: usize = 160;

/// Shows how far a run is.
#[derive(Debug)]
pub struct Progress<T: Terminal> {
    terminal: T,
    total: u64,
    /// Nothing is shown before this second.
    next_at: f64,
    /// Nothing is shown before this much is done.
    next_done: u64,
    /// A bar stands on the terminal's line and must be ended before other text.
    open: bool,
}

impl<T: Terminal> Progress<T> {
    /// The progress of `total` steps.
    pub fn new(terminal: T, total: u64) -> Progress<T> {
        let interval = if terminal.interactive() {
            REDRAW
        } else {
            RELINE
        };
        let next_done = if terminal.interactive() {
            0
        } else {
            total.div_ceil(LINES)
        };
        Progress {
            terminal,
            total,
            next_at: interval,
            next_done,
            open: false,
        }
    }

    /// Says that `done` steps are done, `seconds` after the start. Draws only when it is time.
    pub fn show(&mut self, done: u64, seconds: f64) {
        if seconds < self.next_at || done < self.next_done {
            return;
        }
        if self.terminal.interactive() {
            self.next_at = seconds + REDRAW;
            self.draw_bar(done, seconds);
        } else {
            self.next_at = seconds + RELINE;
            let tenth = done * LINES / self.total.max(1);
            self.next_done = ((tenth + 1) * self.total).div_ceil(LINES);
            self.write_line(done, seconds);
        }
    }

    /// Ends the bar with its last state, so that what follows starts on a line of its own. A run too short to have shown anything stays silent.
    pub fn finish(&mut self, done: u64, seconds: f64) {
        if self.open {
            self.draw_bar(done, seconds);
            self.end_line();
        }
    }

    /// The terminal, for text of the caller's own; the bar is ended first.
    pub fn terminal(&mut self) -> &mut T {
        self.end_line();
        &mut self.terminal
    }

    fn draw_bar(&mut self, done: u64, seconds: f64) {
        let mut line = Line::new();
        line.text(format_args!("{:3} %  ", self.percent(done)));
        self.counts(&mut line, done, seconds, "  ");
        // Never the last column: many terminals wrap there.
        let room = self.terminal.width() - 1;
        let bar = BAR.min(room.saturating_sub(line.len + 4));

        let mut drawn = Line::new();
        drawn.text(format_args!("\r"));
        if bar >= 4 {
            let filled = (done as f64 / self.total.max(1) as f64 * bar as f64) as usize;
            let filled = filled.min(bar);
            drawn.text(format_args!("["));
            for column in 0..bar {
                let mark = match column {
                    _ if column < filled => '=',
                    _ if column == filled => '>',
                    _ => ' ',
                };
                drawn.text(format_args!("{mark}"));
            }
            drawn.text(format_args!("]  "));
        }
        line.cut(room);
        drawn.text(format_args!("{}\x1b[K", line.as_str()));
        self.terminal.write(drawn.as_bytes());
        self.open = true;
    }

    fn write_line(&mut self, done: u64, seconds: f64) {
        let mut line = Line::new();
        let percent = self.percent(done);
        line.text(format_args!("{done} of {} ({percent} %)", self.total));
        self.rate(&mut line, done, seconds, ", ");
        line.text(format_args!("\n"));
        self.terminal.write(line.as_bytes());
    }

    fn counts(&self, line: &mut Line, done: u64, seconds: f64, between: &str) {
        line.text(format_args!("{done} of {}", self.total));
        self.rate(line, done, seconds, between);
    }

    fn rate(&self, line: &mut Line, done: u64, seconds: f64, between: &str) {
        let rate = done as f64 / seconds.max(1e-9);
        line.text(format_args!("{between}{rate:.1}/s"));
        if done > 0 && done < self.total {
            let left = (self.total - done) as f64 / rate;
            line.text(format_args!("{between}{left:.1} s left"));
        }
    }

    fn percent(&self, done: u64) -> u64 {
        (u128::from(done) * 100 / u128::from(self.total.max(1))) as u64
    }

    fn end_line(&mut self) {
        if self.open {
            self.terminal.write(b"\n");
            self.open = false;
        }
    }
}

impl<T: Terminal> Drop for Progress<T> {
    fn drop(&mut self) {
        self.end_line();
    }
}

/// Text in a buffer of fixed size. What does not fit is cut; all text here is ASCII, so any cut is at a character.
struct Line {
    bytes: [u8; LINE_BYTES],
    len: usize,
}

impl Line {
    fn new() -> Line {
        Line {
            bytes: [0; LINE_BYTES],
            len: 0,
        }
    }

    fn text(&mut self, text: fmt::Arguments<'_>) {
        // `write_str` below never fails.
        let _ = self.write_fmt(text);
    }

    fn cut(&mut self, columns: usize) {
        self.len = self.len.min(columns);
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = text.len().min(LINE_BYTES - self.len);
        self.bytes[self.len..self.len + taken].copy_from_slice(&text.as_bytes()[..taken]);
        self.len += taken;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Captured;

    fn run(interactive: bool, width: usize, calls: &[(u64, f64)]) -> String {
        let mut progress = Progress::new(Captured::new(interactive, width), 1000);
        for &(done, seconds) in calls {
            progress.show(done, seconds);
        }
        let &(done, seconds) = calls.last().expect("a call");
        progress.finish(done, seconds);
        String::from_utf8(std::mem::take(&mut progress.terminal().text)).expect("ASCII")
    }

    #[test]
    fn a_terminal_gets_a_bar_ten_times_a_second() {
        let text = run(
            true,
            100,
            &[(1, 0.01), (250, 0.2), (260, 0.21), (1000, 0.8)],
        );
        assert_eq!(
            text,
            "\r[======>                   ]   25 %  250 of 1000  1250.0/s  0.6 s left\x1b[K\
             \r[==========================]  100 %  1000 of 1000  1250.0/s\x1b[K\
             \r[==========================]  100 %  1000 of 1000  1250.0/s\x1b[K\n"
        );
    }

    #[test]
    fn a_narrow_terminal_keeps_to_its_line() {
        for width in 1..80 {
            let text = run(true, width, &[(250, 0.2), (1000, 0.8)]);
            for line in text.split('\r') {
                let shown = line.trim_end_matches('\n').trim_end_matches("\x1b[K");
                assert!(shown.len() < width.max(1), "{width}: {shown:?}");
            }
        }
    }

    #[test]
    fn a_pipe_gets_a_line_for_every_tenth_and_second() {
        let calls: Vec<(u64, f64)> = (1..=1000).map(|done| (done, done as f64 * 0.02)).collect();
        let text = run(false, 80, &calls);
        assert_eq!(text.lines().count(), 10, "{text}");
        assert!(
            text.starts_with("100 of 1000 (10 %), 50.0/s, 18.0 s left\n"),
            "{text}"
        );
        assert!(text.ends_with("1000 of 1000 (100 %), 50.0/s\n"), "{text}");
    }

    #[test]
    fn a_short_run_stays_silent() {
        for interactive in [true, false] {
            assert_eq!(run(interactive, 80, &[(500, 0.01), (1000, 0.02)]), "");
        }
    }

    #[test]
    fn nothing_to_do_is_no_division_by_zero() {
        let mut progress = Progress::new(Captured::new(true, 80), 0);
        progress.show(0, 1.0);
        assert!(String::from_utf8_lossy(&progress.terminal.text).contains("0 of 0"));
    }

    #[test]
    fn an_unfinished_bar_ends_its_line() {
        let mut terminal = Captured::new(true, 80);
        let mut progress = Progress::new(&mut terminal, 10);
        progress.show(5, 1.0);
        drop(progress);
        assert!(terminal.text.ends_with(b"\x1b[K\n"));
    }
}
