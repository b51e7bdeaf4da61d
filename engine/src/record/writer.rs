//! Writing a recording, step by step, without allocating once the world has stopped growing.

use std::io;

use layerw_platform::files::{Draft, FileError};

use super::block::{self, Tag};
use super::{Header, MAGIC, RowHash, VERSION};
use crate::input::Input;

/// A recording being written.
pub(crate) struct Writer<D: Draft> {
    draft: D,
    /// Blocks written so far, which number the next.
    blocks: u64,
    /// The payload being made; keeps its memory.
    payload: Vec<u8>,
    /// Components by number.
    names: Vec<String>,
    /// By number of the component: a hash of its rows as they were last written.
    rows_before: Vec<Option<u64>>,
    steps: u64,
    last_step: u64,
}

impl<D: Draft> Writer<D> {
    /// Begins a recording in `draft`.
    ///
    /// # Errors
    /// The host cannot write.
    pub(crate) fn new(mut draft: D, header: &Header) -> Result<Writer<D>, FileError> {
        let start = draft
            .write_all(&MAGIC)
            .and_then(|()| draft.write_all(&VERSION.to_le_bytes()));
        start.map_err(|source| FileError::write(draft.path(), source))?;
        let mut writer = Writer {
            draft,
            blocks: 0,
            payload: serde_json::to_vec(header).expect("a header has nothing that JSON lacks"),
            names: Vec::new(),
            rows_before: Vec::new(),
            steps: 0,
            last_step: header.first_step,
        };
        writer.put(Tag::Header)?;
        // What the world is known to hold needs no more room later.
        for component in &header.components {
            writer.number(&component.name)?;
        }
        Ok(writer)
    }

    /// The state when a system had run, `components` being the names and hashes of its parts.
    ///
    /// # Errors
    /// The host cannot write.
    pub(crate) fn system<'n>(
        &mut self,
        system: u32,
        components: impl Iterator<Item = (&'n str, u128)> + Clone,
    ) -> Result<(), FileError> {
        self.number_all(components.clone())?;
        self.payload.clear();
        self.payload.extend(system.to_le_bytes());
        self.hashes(components);
        self.put(Tag::System)
    }

    /// The rows of a component at the end of the step. Left out of the file if they are as they were.
    ///
    /// # Errors
    /// The host cannot write.
    pub(crate) fn rows(
        &mut self,
        component: &str,
        rows: impl Iterator<Item = RowHash>,
    ) -> Result<(), FileError> {
        let number = self.number(component)?;
        self.payload.clear();
        self.payload.extend(number.to_le_bytes());
        for row in rows {
            self.payload.extend(row.entity.to_le_bytes());
            self.payload.extend(row.hash.to_le_bytes());
        }
        let hash = xxhash_rust::xxh3::xxh3_64(&self.payload);
        let before = &mut self.rows_before[number as usize];
        if before.replace(hash) == Some(hash) {
            return Ok(());
        }
        self.put(Tag::Rows)
    }

    /// What the player does from the step on that begins when `step` are done.
    ///
    /// # Errors
    /// The host cannot write.
    pub(crate) fn input(&mut self, step: u64, input: &Input) -> Result<(), FileError> {
        self.payload.clear();
        self.payload.extend(step.to_le_bytes());
        input.write(&mut self.payload);
        self.put(Tag::Input)
    }

    /// Ends what there is to say about a step.
    ///
    /// # Errors
    /// The host cannot write.
    pub(crate) fn step<'n>(
        &mut self,
        step: u64,
        hash: u128,
        components: impl Iterator<Item = (&'n str, u128)> + Clone,
    ) -> Result<(), FileError> {
        self.number_all(components.clone())?;
        self.payload.clear();
        self.payload.extend(step.to_le_bytes());
        self.payload.extend(hash.to_le_bytes());
        self.hashes(components);
        self.put(Tag::Step)?;
        (self.steps, self.last_step) = (self.steps + 1, step);
        Ok(())
    }

    /// Closes the recording; only now it stands under its name.
    ///
    /// # Errors
    /// The host cannot write.
    pub(crate) fn finish(mut self) -> Result<(), FileError> {
        self.payload.clear();
        self.payload.extend(self.steps.to_le_bytes());
        self.payload.extend(self.last_step.to_le_bytes());
        self.put(Tag::End)?;
        self.draft.commit()
    }

    fn number_all<'n>(
        &mut self,
        components: impl Iterator<Item = (&'n str, u128)>,
    ) -> Result<(), FileError> {
        for (name, _) in components {
            self.number(name)?;
        }
        Ok(())
    }

    /// The number that stands for `name`, told to the reader if it is new. A search from the front: a world has some dozens.
    fn number(&mut self, name: &str) -> Result<u32, FileError> {
        if let Some(known) = self.names.iter().position(|known| known == name) {
            return Ok(known as u32);
        }
        self.names.push(name.to_owned());
        self.rows_before.push(None);
        self.payload.clear();
        self.payload.extend(name.as_bytes());
        self.put(Tag::Name)?;
        Ok(self.names.len() as u32 - 1)
    }

    fn hashes<'n>(&mut self, components: impl Iterator<Item = (&'n str, u128)>) {
        for (name, hash) in components {
            let known = self.names.iter().position(|known| known == name);
            let number = known.expect("numbered above") as u32;
            self.payload.extend(number.to_le_bytes());
            self.payload.extend(hash.to_le_bytes());
        }
    }

    fn put(&mut self, tag: Tag) -> Result<(), FileError> {
        let done: io::Result<()> = block::write(&mut self.draft, self.blocks, tag, &self.payload);
        done.map_err(|source| FileError::write(self.draft.path(), source))?;
        self.blocks += 1;
        Ok(())
    }
}
