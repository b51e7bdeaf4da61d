//! The files that a run writes. All are begun before the first step, so that a name that cannot be written to costs no hour of simulation, and none appears
//! under its name before it is whole.

use std::io::Write;
use std::path::Path;

use layerw_platform::files::{Disk, DiskDraft, Draft, FileError, Files};
use layerw_trace::{Recording, TraceError};

/// A file that will be written at the end of the run.
pub(super) struct Output {
    draft: DiskDraft,
}

impl Output {
    /// Begins the file, if there is to be one.
    ///
    /// # Errors
    /// The host refuses to write there.
    pub(super) fn begin(path: Option<&Path>) -> Result<Option<Output>, FileError> {
        let draft = path.map(|path| Disk.create(path)).transpose()?;
        Ok(draft.map(|draft| Output { draft }))
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The host cannot write.
    pub(super) fn write(mut self, bytes: &[u8]) -> Result<(), FileError> {
        let done = self.draft.write_all(bytes);
        done.map_err(|source| FileError::write(self.draft.path(), source))?;
        self.draft.commit()
    }

    /// The name that it will have.
    pub(super) fn path(&self) -> &Path {
        self.draft.path()
    }

    /// The file itself, for whoever writes piece by piece.
    pub(super) fn into_draft(self) -> DiskDraft {
        self.draft
    }
}

/// Events of a thread that a trace has room for at first try; memory is used only as far as events come. Some 20 s of a busy simulation.
const EVENTS: usize = 1 << 20;
/// The least that is tried, where the host does not reserve so much.
const EVENTS_LEAST: usize = 1 << 12;

/// A trace being recorded.
pub(super) struct Tracing {
    recording: Recording,
    output: Output,
}

impl Tracing {
    /// Starts recording what will be written to `output`.
    ///
    /// # Errors
    /// Zones are compiled out, or there is no memory.
    pub(super) fn start(output: Output) -> Result<Tracing, TraceError> {
        let mut events = EVENTS;
        loop {
            match Recording::start(events) {
                Ok(recording) => return Ok(Tracing { recording, output }),
                Err(TraceError::OutOfMemory { .. }) if events > EVENTS_LEAST => events /= 2,
                Err(error) => return Err(error),
            }
        }
    }

    /// Stops recording and writes the trace. Returns how many events did not fit.
    ///
    /// # Errors
    /// The host cannot write.
    pub(super) fn finish(self) -> Result<u64, FileError> {
        let capture = self.recording.finish();
        let mut draft = self.output.into_draft();
        let done = capture.write_chrome_json(&mut draft);
        done.map_err(|source| FileError::write(draft.path(), source))?;
        draft.commit()?;
        Ok(capture.dropped)
    }
}
