//! Writing a capture as Chrome's trace event JSON, which ui.perfetto.dev and chrome://tracing open.
//!
//! Format: "Trace Event Format", docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU. We use complete
//! events (`X`), instants (`i`) for frame marks, counters (`C`) for plots and metadata (`M`) for names.

use std::io::{self, Write};

use crate::capture::Capture;

impl Capture {
    /// Writes the capture as Chrome trace JSON.
    ///
    /// Times are microseconds since the start of the recording, with three decimals, so no nanosecond is lost. Zone
    /// values stand in `args.value`. Values that JSON cannot hold (NaN, infinities) are left out.
    ///
    /// # Errors
    ///
    /// Those of `writer`. It receives many small pieces: buffer it.
    pub fn write_chrome_json(&self, mut writer: impl Write) -> io::Result<()> {
        let w = &mut writer;
        write!(
            w,
            "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"dropped\":{}}},",
            self.dropped
        )?;
        write!(
            w,
            "\"traceEvents\":[\n{{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{{\"name\":\"layerw\"}}}}"
        )?;
        for (index, name) in self.threads.iter().enumerate() {
            let tid = index + 1;
            write!(
                w,
                ",\n{{\"ph\":\"M\",\"pid\":1,\"tid\":{tid},\"name\":\"thread_name\",\"args\":{{\"name\":"
            )?;
            write_string(w, name)?;
            write!(w, "}}}}")?;
        }
        for zone in &self.zones {
            let tid = zone.thread + 1;
            write!(w, ",\n{{\"ph\":\"X\",\"pid\":1,\"tid\":{tid},\"ts\":")?;
            write_us(w, self.since_start(zone.begin_ns))?;
            write!(w, ",\"dur\":")?;
            write_us(w, zone.end_ns - zone.begin_ns)?;
            write!(w, ",\"name\":")?;
            write_string(w, zone.label.name())?;
            if let Some(value) = zone.value {
                write!(w, ",\"args\":{{\"value\":{value}}}")?;
            }
            write!(w, "}}")?;
        }
        for &frame in &self.frames {
            write!(
                w,
                ",\n{{\"ph\":\"i\",\"pid\":1,\"tid\":0,\"s\":\"g\",\"name\":\"frame\",\"ts\":"
            )?;
            write_us(w, self.since_start(frame))?;
            write!(w, "}}")?;
        }
        for plot in self.plots.iter().filter(|plot| plot.value.is_finite()) {
            write!(w, ",\n{{\"ph\":\"C\",\"pid\":1,\"ts\":")?;
            write_us(w, self.since_start(plot.time_ns))?;
            write!(w, ",\"name\":")?;
            write_string(w, plot.label.name())?;
            write!(w, ",\"args\":{{\"value\":{}}}}}", plot.value)?;
        }
        write!(w, "\n]}}\n")?;
        w.flush()
    }

    /// The readings of two threads may differ by some ns, so the first event may seem to precede the start.
    fn since_start(&self, time_ns: u64) -> u64 {
        time_ns.saturating_sub(self.start_ns)
    }
}

/// Nanoseconds as microseconds with three decimals, exactly.
fn write_us(w: &mut impl Write, ns: u64) -> io::Result<()> {
    write!(w, "{}.{:03}", ns / 1_000, ns % 1_000)
}

/// A JSON string (RFC 8259, section 7). By hand: twenty lines against a dependency of the lowest crate.
fn write_string(w: &mut impl Write, text: &str) -> io::Result<()> {
    w.write_all(b"\"")?;
    for c in text.chars() {
        match c {
            '"' => w.write_all(b"\\\"")?,
            '\\' => w.write_all(b"\\\\")?,
            '\u{0}'..='\u{1f}' => write!(w, "\\u{:04x}", c as u32)?,
            _ => write!(w, "{c}")?,
        }
    }
    w.write_all(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_come_back_as_they_went_in() {
        for text in [
            "",
            "plain",
            "quote \" back \\ slash /",
            "\n\r\t\0\u{1f}\u{7f}",
            "Größe 粒子 🪐 \u{2028}",
        ] {
            let mut json = Vec::new();
            write_string(&mut json, text).expect("a Vec takes everything");
            let back: String = serde_json::from_slice(&json).expect("valid JSON");
            assert_eq!(back, text);
        }
    }

    #[test]
    fn no_nanosecond_is_lost() {
        for (ns, expected) in [
            (0, "0.000"),
            (7, "0.007"),
            (1_234_567, "1234.567"),
            (u64::MAX, "18446744073709551.615"),
        ] {
            let mut json = Vec::new();
            write_us(&mut json, ns).expect("a Vec takes everything");
            assert_eq!(json, expected.as_bytes());
        }
    }
}
