//! Interned names: four bytes to hand around, one table to find the name again.
//!
//! Names are interned while a plan is built and looked up while it runs, on any thread and inside zones. So interning
//! takes a lock, and looking up takes none: entries live in segments that never move, each twice as large as the one
//! before, and both segments and entries are written once.
//!
//! ```text
//! index     0 ..= 63     64 ..= 191    192 ..= 447   ...
//! segment   0 (64)       1 (128)       2 (256)       ...
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::sink::Site;

/// An interned name of a zone, plot or thread: small, copyable, equal exactly when the names are equal.
///
/// The default label is named `job`.
///
/// ```
/// use layerw_trace::{label, Label};
/// assert_eq!(label("gravity"), label("gravity"));
/// assert_ne!(label("gravity"), label("bounce"));
/// assert_eq!(label("gravity").name(), "gravity");
/// assert_eq!(Label::default().name(), "job");
/// ```
#[derive(Copy, Clone, PartialEq, Eq, Hash, Default)]
pub struct Label(u32);

/// The label of `name`, the same one for the same name as long as the process lives.
///
/// For set-up time: it takes a lock, and the first call with a name leaks a copy of it.
///
/// # Panics
///
/// After 2³² - 64 distinct names.
#[must_use]
pub fn label(name: &str) -> Label {
    let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if names.is_empty() {
        intern(&mut names, DEFAULT_NAME);
    }
    match names.get(name) {
        Some(&label) => label,
        None => intern(&mut names, name),
    }
}

impl Label {
    /// The interned name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// What the connected profiler wants to know about this label.
    #[allow(dead_code, reason = "builds without Tracy send nothing")]
    pub(crate) fn site(self) -> Site {
        self.entry().site
    }

    /// The label as plain bits, for event buffers.
    #[cfg(feature = "zones")]
    pub(crate) fn bits(self) -> u32 {
        self.0
    }

    /// The label that [`Label::bits`] came from.
    #[cfg(feature = "zones")]
    pub(crate) fn from_bits(bits: u32) -> Label {
        Label(bits)
    }

    fn entry(self) -> &'static Entry {
        match find(self.0) {
            Some(entry) => entry,
            None => {
                // Only the default label exists without having been interned.
                assert_eq!(self, Label::default(), "labels come from label()");
                let _ = label(DEFAULT_NAME);
                find(self.0).expect("the default label was interned")
            }
        }
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Label({:?})", self.name())
    }
}

/// The name of label 0.
const DEFAULT_NAME: &str = "job";

/// Entries in the first segment; the segments together hold 64 · (2²⁶ - 1) entries, all that a u32 can count.
const SEGMENT_FIRST: usize = 64;
const SEGMENTS_MAX: usize = 26;

#[derive(Copy, Clone)]
struct Entry {
    name: &'static str,
    site: Site,
}

static NAMES: Mutex<BTreeMap<&'static str, Label>> = Mutex::new(BTreeMap::new());
static SEGMENTS: [OnceLock<Box<[OnceLock<Entry>]>>; SEGMENTS_MAX] =
    [const { OnceLock::new() }; SEGMENTS_MAX];

fn intern(names: &mut BTreeMap<&'static str, Label>, name: &str) -> Label {
    let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
    let index = names.len();
    let (segment, offset) = place(index);
    let entries = SEGMENTS
        .get(segment)
        .expect("fewer than 2^32 - 64 distinct trace labels")
        .get_or_init(|| {
            (0..SEGMENT_FIRST << segment)
                .map(|_| OnceLock::new())
                .collect()
        });
    let site = Site::new(name);
    // The caller holds the lock on the names, so nobody else writes this entry.
    let fresh = entries[offset].set(Entry { name, site }).is_ok();
    assert!(fresh, "label {index} is interned once");
    let label = Label(index as u32);
    names.insert(name, label);
    label
}

fn find(index: u32) -> Option<&'static Entry> {
    let (segment, offset) = place(index as usize);
    SEGMENTS[segment].get()?[offset].get()
}

/// Segment and offset of an index.
fn place(index: usize) -> (usize, usize) {
    let segment = (index / SEGMENT_FIRST + 1).ilog2() as usize;
    (segment, index - SEGMENT_FIRST * ((1 << segment) - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_fill_segments_in_order() {
        let mut expected = (0..4).flat_map(|s| (0..SEGMENT_FIRST << s).map(move |o| (s, o)));
        for index in 0..64 + 128 + 256 + 512 {
            assert_eq!(Some(place(index)), expected.next(), "index {index}");
        }
        assert!(place(u32::MAX as usize - 64).0 < SEGMENTS_MAX);
    }

    #[test]
    fn names_survive_many_segments_and_threads() {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    for n in 0..1_000 {
                        let name = format!("segment test {}", (n * 7 + thread * 13) % 1_000);
                        assert_eq!(label(&name).name(), name);
                        assert_eq!(label(&name), label(&name));
                    }
                });
            }
        });
    }

    #[test]
    fn the_default_needs_no_interning() {
        assert_eq!(Label::default().name(), "job");
        assert_eq!(label("job"), Label::default());
        assert_eq!(format!("{:?}", Label::default()), "Label(\"job\")");
    }
}
