//! Reading a recording, step by step, trusting nothing.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use layerw_platform::files::{FileError, Files};

use super::block::{self, CHECK, Found, HEAD, Tag};
use super::error::{Damage, RecordingError};
use super::{Header, MAGIC, RowHash, VERSION, VERSION_READ};
use crate::input::Input;

/// A recording being read.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    path: PathBuf,
    source: BufReader<R>,
    header: Header,
    names: Vec<Arc<str>>,
    /// The newest rows of each component, by its number.
    rows: BTreeMap<u32, Arc<[RowHash]>>,
    /// Where the next block begins.
    offset: u64,
    blocks: u64,
    payload: Vec<u8>,
    steps: u64,
    last_step: Option<u64>,
    ended: bool,
}

/// A part of the state with its hash: a component, or a table that steers later steps.
pub(crate) type Part = (Arc<str>, u128);

/// The state when a system had run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SystemRecord {
    /// Its place in the header's list.
    pub(crate) system: u32,
    pub(crate) components: Vec<Part>,
}

/// What a recording says about a step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StepRecord {
    /// Steps done since the simulation's beginning.
    pub(crate) step: u64,
    /// The state hash after it.
    pub(crate) hash: u128,
    /// The hash of each component, in the world's order.
    pub(crate) components: Vec<Part>,
    /// What the player did from when on, since the step recorded before.
    pub(crate) inputs: Vec<(u64, Input)>,
    /// In the order in which they ran: system, and the state when it had run. Empty without detail.
    pub(crate) systems: Vec<SystemRecord>,
    /// The rows of each component. Empty without detail.
    pub(crate) rows: BTreeMap<Arc<str>, Arc<[RowHash]>>,
}

impl<R: Read> Reader<R> {
    /// Opens a recording and reads its header.
    ///
    /// # Errors
    /// The file cannot be read, is something else, of another version, cut or damaged.
    pub(crate) fn open<F: Files<Source = R>>(
        files: &F,
        path: &Path,
    ) -> Result<Reader<R>, RecordingError> {
        let mut source = BufReader::with_capacity(1 << 16, files.open(path)?);
        let failed = |source| RecordingError::File(FileError::read(path, source));
        let mut start = [0; MAGIC.len() + 4];
        let got = read_some(&mut source, &mut start).map_err(failed)?;
        let magic = &start[..got.min(MAGIC.len())];
        if !MAGIC.starts_with(magic) || magic.is_empty() {
            return Err(RecordingError::Foreign {
                path: path.to_owned(),
            });
        }
        if got < start.len() {
            return Err(RecordingError::Truncated {
                path: path.to_owned(),
                offset: got as u64,
            });
        }
        let found = u32::from_le_bytes(start[MAGIC.len()..].try_into().expect("four bytes"));
        if !(VERSION_READ..=VERSION).contains(&found) {
            return Err(RecordingError::Version {
                path: path.to_owned(),
                found,
                known: VERSION,
            });
        }
        let mut blocks = Blocks {
            path,
            source: &mut source,
            offset: start.len() as u64,
            number: 0,
        };
        let mut payload = Vec::new();
        let tag = blocks.next(&mut payload)?;
        let header = match tag {
            Tag::Header => serde_json::from_slice(&payload).ok(),
            _ => None,
        };
        let header: Header = header
            .filter(|header: &Header| header.every > 0)
            .ok_or_else(|| damaged(path, start.len() as u64, "the header does not make sense"))?;
        let offset = blocks.offset;
        Ok(Reader {
            path: path.to_owned(),
            source,
            header,
            names: Vec::new(),
            rows: BTreeMap::new(),
            offset,
            blocks: 1,
            payload,
            steps: 0,
            last_step: None,
            ended: false,
        })
    }

    /// What it says before its first step.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The next step; None after the last, when the whole file has proven sound.
    ///
    /// # Errors
    /// The file cannot be read, is cut or damaged.
    pub(crate) fn next_step(&mut self) -> Result<Option<StepRecord>, RecordingError> {
        let (mut systems, mut inputs) = (Vec::new(), Vec::new());
        while !self.ended {
            let at = self.offset;
            let tag = self.next_block()?;
            let payload = std::mem::take(&mut self.payload);
            let mut fields = Fields(&payload);
            let step = match tag {
                Tag::Name => {
                    let name = std::str::from_utf8(&payload).ok();
                    name.map(|name| self.names.push(name.into())).map(|()| None)
                }
                Tag::System => self.system(&mut fields).map(|system| {
                    systems.push(system);
                    None
                }),
                Tag::Rows => self.rows(&mut fields).map(|()| None),
                Tag::Input => input(&mut fields).map(|input| {
                    inputs.push(input);
                    None
                }),
                Tag::Step => self.step(&mut fields).map(|step| {
                    Some(StepRecord {
                        systems: std::mem::take(&mut systems),
                        inputs: std::mem::take(&mut inputs),
                        ..step
                    })
                }),
                Tag::End => self.end(&mut fields).map(|()| None),
                Tag::Header => None,
            };
            self.payload = payload;
            match step {
                None => return Err(damaged(&self.path, at, "its content does not make sense")),
                Some(None) => {}
                Some(Some(step)) => return Ok(Some(step)),
            }
        }
        Ok(None)
    }

    fn next_block(&mut self) -> Result<Tag, RecordingError> {
        let mut blocks = Blocks {
            path: &self.path,
            source: &mut self.source,
            offset: self.offset,
            number: self.blocks,
        };
        let tag = blocks.next(&mut self.payload)?;
        (self.offset, self.blocks) = (blocks.offset, blocks.number);
        if tag != Tag::End {
            return Ok(tag);
        }
        let more = read_some(&mut self.source, &mut [0]);
        match more.map_err(|source| FileError::read(&self.path, source))? {
            0 => Ok(tag),
            _ => Err(damaged(
                &self.path,
                self.offset,
                "something stands behind its end",
            )),
        }
    }

    fn system(&self, fields: &mut Fields<'_>) -> Option<SystemRecord> {
        let system = fields.u32()?;
        if system as usize >= self.header.systems.len() {
            return None;
        }
        let components = self.hashes(fields)?;
        Some(SystemRecord { system, components })
    }

    fn rows(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        let component = fields.u32()?;
        self.names.get(component as usize)?;
        let mut rows = Vec::with_capacity(fields.0.len() / 16);
        while !fields.0.is_empty() {
            let (entity, hash) = (fields.u64()?, fields.u64()?);
            rows.push(RowHash { entity, hash });
        }
        self.rows.insert(component, rows.into());
        Some(())
    }

    /// A step without what came before it.
    fn step(&mut self, fields: &mut Fields<'_>) -> Option<StepRecord> {
        let (step, hash) = (fields.u64()?, fields.u128()?);
        let components = self.hashes(fields)?;
        let in_order = match self.last_step {
            None => step == self.header.first_step,
            Some(last) => step > last,
        };
        if !in_order {
            return None;
        }
        self.last_step = Some(step);
        self.steps += 1;
        let named = |(number, rows): (&u32, &Arc<[RowHash]>)| {
            (self.names[*number as usize].clone(), rows.clone())
        };
        let rows = self.rows.iter().map(named).collect();
        Some(StepRecord {
            step,
            hash,
            components,
            inputs: Vec::new(),
            systems: Vec::new(),
            rows,
        })
    }

    fn end(&mut self, fields: &mut Fields<'_>) -> Option<()> {
        let (steps, last) = (fields.u64()?, fields.u64()?);
        let right = steps == self.steps && Some(last) == self.last_step && fields.0.is_empty();
        self.ended = right;
        right.then_some(())
    }

    fn hashes(&self, fields: &mut Fields<'_>) -> Option<Vec<Part>> {
        let mut hashes = Vec::with_capacity(fields.0.len() / 20);
        while !fields.0.is_empty() {
            let name = self.names.get(fields.u32()? as usize)?;
            hashes.push((name.clone(), fields.u128()?));
        }
        Some(hashes)
    }
}

fn input(fields: &mut Fields<'_>) -> Option<(u64, Input)> {
    let step = fields.u64()?;
    Some((step, Input::read(fields.0)?))
}

/// The blocks of a file, counted.
struct Blocks<'a, R> {
    path: &'a Path,
    source: &'a mut BufReader<R>,
    offset: u64,
    number: u64,
}

impl<R: Read> Blocks<'_, R> {
    fn next(&mut self, payload: &mut Vec<u8>) -> Result<Tag, RecordingError> {
        let found = block::read(self.source, self.number, payload);
        match found.map_err(|source| FileError::read(self.path, source))? {
            Found::Block(tag) => {
                self.offset += (HEAD + payload.len() + CHECK) as u64;
                self.number += 1;
                Ok(tag)
            }
            Found::Changed => Err(RecordingError::Damaged {
                path: self.path.to_owned(),
                offset: self.offset,
                damage: Damage::Checksum,
            }),
            // A length that was changed reads like a cut; which of the two it was nobody can tell.
            Found::Cut => Err(RecordingError::Truncated {
                path: self.path.to_owned(),
                offset: self.offset,
            }),
        }
    }
}

/// Numbers from the front of a payload.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn u128(&mut self) -> Option<u128> {
        self.take().map(u128::from_le_bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }
}

fn damaged(path: &Path, offset: u64, what: &'static str) -> RecordingError {
    RecordingError::Damaged {
        path: path.to_owned(),
        offset,
        damage: Damage::Content(what),
    }
}

/// Reads until `buffer` is full or the file ends; how much it was.
fn read_some(from: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match from.read(&mut buffer[got..]) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}
