//! From decompressed blocks to a [`Trace`]: reads events, and says what to ask for the names in them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;

use super::protocol::{EVENT_BYTES, OFFSET_16, OFFSET_32, Query, event, string_length_bytes};
use super::{Plot, Thread, Trace, Zone};

/// What was seen so far, with pointers of the client in place of names.
#[derive(Default)]
pub struct Decoder {
    threads: BTreeMap<u32, RawThread>,
    frames: Vec<i64>,
    plots: BTreeMap<u64, Plot>,

    /// The thread whose events come now, and the time of the last of them.
    thread: u32,
    thread_time: i64,
    /// A location that belongs to the next zone, sent ahead of it.
    payload: Option<String>,

    names: Names,
    terminated: bool,
}

#[derive(Default)]
struct RawThread {
    zones: Vec<RawZone>,
    /// Indices of zones that have not ended, outermost first.
    open: Vec<usize>,
}

struct RawZone {
    location: Location,
    value: Option<u64>,
    begin: i64,
    end: Option<i64>,
    parent: Option<usize>,
}

enum Location {
    Pointer(u64),
    Text(String),
}

/// Names as they are asked for and arrive.
#[derive(Default)]
struct Names {
    /// From pointers to source locations to pointers to their names.
    locations: HashMap<u64, u64>,
    strings: HashMap<u64, String>,
    threads: HashMap<u64, String>,
    plots: HashMap<u64, String>,
    asked: Vec<(Query, u64)>,
    /// Locations without an answer, in the order of the questions.
    locations_open: VecDeque<u64>,
    to_send: Vec<(Query, u64)>,
    /// Questions without an answer.
    open: usize,
}

impl Names {
    fn ask(&mut self, query: Query, pointer: u64) {
        if self.asked.contains(&(query, pointer)) {
            return;
        }
        self.asked.push((query, pointer));
        self.to_send.push((query, pointer));
        self.open += 1;
        if query == Query::SourceLocation {
            self.locations_open.push_back(pointer);
        }
    }
}

impl Decoder {
    /// Reads a whole block.
    pub fn block(&mut self, mut block: &[u8]) -> io::Result<()> {
        while let Some(&kind) = block.first() {
            let size = EVENT_BYTES
                .get(usize::from(kind))
                .ok_or_else(|| invalid(format!("event kind {kind} is not part of the protocol")))?;
            let event = take(&mut block, usize::from(*size))?;
            let length = take(&mut block, string_length_bytes(kind))?;
            let length = length
                .iter()
                .rev()
                .fold(0, |sum, &byte| sum << 8 | usize::from(byte));
            let text = take(&mut block, length)?;
            self.event(kind, &event[1..], text)?;
        }
        Ok(())
    }

    /// Questions that came up since the last call.
    pub fn take_queries(&mut self) -> Vec<(Query, u64)> {
        std::mem::take(&mut self.names.to_send)
    }

    /// Whether the program has ended and every question is answered.
    pub fn is_complete(&self) -> bool {
        self.terminated && self.names.open == 0
    }

    /// The trace, with names in place of pointers and nanoseconds in place of ticks.
    pub fn finish(self, program: String, ns_per_tick: f64) -> io::Result<Trace> {
        let ns = |ticks: i64| (ticks as f64 * ns_per_tick) as u64;
        let names = self.names;
        let mut threads = Vec::new();
        for (id, raw) in self.threads {
            let mut zones: Vec<Zone> = Vec::with_capacity(raw.zones.len());
            for zone in raw.zones {
                let name = match zone.location {
                    Location::Text(name) => name,
                    Location::Pointer(location) => names
                        .locations
                        .get(&location)
                        .and_then(|name| names.strings.get(name))
                        .cloned()
                        .ok_or_else(|| invalid(format!("no name for location {location:#x}")))?,
                };
                let depth = zone.parent.map_or(0, |parent| zones[parent].depth + 1);
                zones.push(Zone {
                    name,
                    value: zone.value,
                    begin_ns: ns(zone.begin),
                    end_ns: zone.end.map(ns),
                    parent: zone.parent,
                    depth,
                });
            }
            let name = names
                .threads
                .get(&u64::from(id))
                .cloned()
                .unwrap_or_default();
            threads.push(Thread { id, name, zones });
        }
        let plots = self
            .plots
            .into_iter()
            .map(|(pointer, plot)| (names.plots.get(&pointer).cloned().unwrap_or_default(), plot))
            .collect();
        let frames_ns = self.frames.into_iter().map(ns).collect();
        Ok(Trace {
            program,
            threads,
            frames_ns,
            plots,
        })
    }

    fn event(&mut self, kind: u8, fields: &[u8], text: &[u8]) -> io::Result<()> {
        let text = || String::from_utf8_lossy(text).into_owned();
        match kind {
            event::THREAD_CONTEXT => {
                self.thread = u32_at(fields, 0);
                self.thread_time = 0;
            }
            event::ZONE_BEGIN => {
                let time = self.advance(wide(i64_at(fields, 0)));
                self.begin(time, u64_at(fields, 8));
            }
            event::ZONE_BEGIN_32 => {
                let time = self.advance(i64::from(u32_at(fields, 0)) + OFFSET_16);
                self.begin(time, u64_at(fields, 4));
            }
            event::ZONE_BEGIN_16 => {
                let time = self.advance(i64::from(u16_at(fields, 0)));
                self.begin(time, u64_at(fields, 2));
            }
            event::ZONE_BEGIN_ALLOC => {
                let time = self.advance(i64_at(fields, 0));
                let name = self
                    .payload
                    .take()
                    .ok_or_else(|| invalid("a zone without location"))?;
                self.open_zone(time, Location::Text(name));
            }
            event::ZONE_END => {
                let time = self.advance(wide(i64_at(fields, 0)));
                self.end(time)?;
            }
            event::ZONE_END_32 => {
                let time = self.advance(i64::from(u32_at(fields, 0)) + OFFSET_16);
                self.end(time)?;
            }
            event::ZONE_END_16 => {
                let time = self.advance(i64::from(u16_at(fields, 0)));
                self.end(time)?;
            }
            event::ZONE_VALUE => {
                let thread = self.threads.entry(self.thread).or_default();
                let open = thread
                    .open
                    .last()
                    .ok_or_else(|| invalid("a value outside zones"))?;
                thread.zones[*open].value = Some(u64_at(fields, 0));
            }
            event::PLOT_INT | event::PLOT_FLOAT | event::PLOT_DOUBLE => {
                let _ = self.advance(i64_at(fields, 8));
                let value = match kind {
                    event::PLOT_INT => i64_at(fields, 16) as f64,
                    event::PLOT_FLOAT => f64::from(f32::from_bits(u32_at(fields, 16))),
                    _ => f64::from_bits(u64_at(fields, 16)),
                };
                self.plot(u64_at(fields, 0)).values.push(value);
            }
            event::PLOT_CONFIG => self.plot(u64_at(fields, 0)).format = fields[8],
            // The frame without a name is the main one.
            event::FRAME_MARK if u64_at(fields, 8) == 0 => self.frames.push(i64_at(fields, 0)),
            event::SOURCE_LOCATION => {
                let open = self.names.locations_open.pop_front();
                let location = open.ok_or_else(|| invalid("a location that nobody asked for"))?;
                let name = u64_at(fields, 0);
                self.names.locations.insert(location, name);
                self.names.open -= 1;
                self.names.ask(Query::String, name);
            }
            event::STRING => self.answer(|names| &mut names.strings, fields, text()),
            event::THREAD_NAME => self.answer(|names| &mut names.threads, fields, text()),
            event::PLOT_NAME => self.answer(|names| &mut names.plots, fields, text()),
            event::SOURCE_LOCATION_PAYLOAD => {
                // Colour and line, 4 bytes each, then function, file and name, NUL between them.
                let text = text();
                let name = text.get(8..).and_then(|text| text.split('\0').nth(2));
                self.payload = Some(name.unwrap_or_default().to_owned());
            }
            event::TERMINATE => self.terminated = true,
            _ => {}
        }
        Ok(())
    }

    fn advance(&mut self, difference: i64) -> i64 {
        self.thread_time += difference;
        self.thread_time
    }

    fn begin(&mut self, time: i64, location: u64) {
        self.names.ask(Query::SourceLocation, location);
        self.open_zone(time, Location::Pointer(location));
    }

    fn open_zone(&mut self, time: i64, location: Location) {
        self.names.ask(Query::ThreadString, u64::from(self.thread));
        let thread = self.threads.entry(self.thread).or_default();
        let parent = thread.open.last().copied();
        thread.open.push(thread.zones.len());
        thread.zones.push(RawZone {
            location,
            value: None,
            begin: time,
            end: None,
            parent,
        });
    }

    fn end(&mut self, time: i64) -> io::Result<()> {
        let thread = self.threads.entry(self.thread).or_default();
        let open = thread
            .open
            .pop()
            .ok_or_else(|| invalid("the end of a zone that never began"))?;
        thread.zones[open].end = Some(time);
        Ok(())
    }

    fn plot(&mut self, name: u64) -> &mut Plot {
        self.names.ask(Query::PlotName, name);
        self.plots.entry(name).or_default()
    }

    fn answer(
        &mut self,
        which: impl Fn(&mut Names) -> &mut HashMap<u64, String>,
        fields: &[u8],
        text: String,
    ) {
        which(&mut self.names).insert(u64_at(fields, 0), text);
        self.names.open -= 1;
    }
}

/// A full difference: positive ones leave out what the shorter forms cover.
fn wide(difference: i64) -> i64 {
    if difference >= 0 {
        difference + OFFSET_32
    } else {
        difference
    }
}

fn take<'b>(block: &mut &'b [u8], count: usize) -> io::Result<&'b [u8]> {
    let (head, tail) = block
        .split_at_checked(count)
        .ok_or_else(|| invalid("an event is cut at the end of its block"))?;
    *block = tail;
    Ok(head)
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

fn bytes<const N: usize>(fields: &[u8], offset: usize) -> [u8; N] {
    fields[offset..offset + N]
        .try_into()
        .expect("the slice has the length")
}

fn u16_at(fields: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(bytes(fields, offset))
}

fn u32_at(fields: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes(fields, offset))
}

fn u64_at(fields: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes(fields, offset))
}

fn i64_at(fields: &[u8], offset: usize) -> i64 {
    i64::from_le_bytes(bytes(fields, offset))
}
