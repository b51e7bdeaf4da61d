//! The frame around an image's pages: taken apart, with every length checked before it is used.

use super::{CHECKSUM, FRAME, ImageError, MAGIC, VERSION};
use crate::root::ROOT_RUN;
use crate::schema::{Field, Primitive, Schema};
use layerw_memory::{PAGE, PAGES_MAX, PageRun};
use xxhash_rust::xxh3::xxh3_128;

/// An image, taken apart.
pub(super) struct Image<'a> {
    /// What the caller of the snapshot put in front.
    pub(super) header: &'a [u8],
    /// The components in order of number.
    pub(super) schemas: Vec<Schema>,
    /// The runs in order of page, disjoint, the root's first.
    pub(super) runs: Vec<StoredRun<'a>>,
}

/// A run of pages and what it begins with; the rest is zero.
#[derive(Copy, Clone)]
pub(crate) struct StoredRun<'a> {
    pub(crate) run: PageRun,
    pub(crate) bytes: &'a [u8],
}

/// What the caller of the snapshot put in front of an image, if the image is whole. Contents are checked by [`World::restore`](crate::World::restore).
///
/// # Errors
/// [`ImageError::Foreign`], [`ImageError::Version`], [`ImageError::Length`], [`ImageError::Checksum`].
pub fn image_header(bytes: &[u8]) -> Result<&[u8], ImageError> {
    let mut reader = open(bytes, &MAGIC, FRAME)?;
    let length = reader.number(24)? as usize;
    reader.at = FRAME;
    reader.take(length, "the caller's header")
}

/// Takes an image apart.
pub(super) fn read(bytes: &[u8]) -> Result<Image<'_>, ImageError> {
    let mut reader = open(bytes, &MAGIC, FRAME)?;
    let (header, components, runs) = (
        reader.number(24)? as usize,
        reader.number(28)?,
        reader.number(32)?,
    );
    if reader.number(36)? != 0 {
        return Err(ImageError::malformed("frame", "byte 36 is not 0"));
    }
    reader.at = FRAME;
    let header = reader.take(header, "the caller's header")?;
    let schemas = read_schemas(&mut reader, components)?;
    let runs = read_runs(&mut reader, runs)?;
    let runs = runs.into_iter().map(|(run, stored)| {
        Ok(StoredRun {
            run,
            bytes: reader.take(stored, "the stored pages")?,
        })
    });
    let runs = runs.collect::<Result<Vec<_>, ImageError>>()?;
    reader.finish("page")?;
    Ok(Image {
        header,
        schemas,
        runs,
    })
}

/// The components, of which no two have one name.
pub(super) fn read_schemas(reader: &mut Reader<'_>, count: u32) -> Result<Vec<Schema>, ImageError> {
    let schemas = (0..count)
        .map(|number| read_schema(reader, number))
        .collect::<Result<Vec<_>, _>>()?;
    for (number, schema) in schemas.iter().enumerate() {
        if schemas[..number]
            .iter()
            .any(|other| other.name == schema.name)
        {
            return Err(ImageError::malformed(
                format!("component `{}`", schema.name),
                "it stands there twice",
            ));
        }
    }
    Ok(schemas)
}

/// Checks what is on the outside: magic, version, length, checksum.
pub(super) fn open<'a>(
    bytes: &'a [u8],
    magic: &'static [u8; 8],
    frame: usize,
) -> Result<Reader<'a>, ImageError> {
    let found = &bytes[..bytes.len().min(magic.len())];
    if found != &magic[..found.len()] {
        return Err(ImageError::Foreign {
            found: String::from_utf8_lossy(found).into_owned(),
            known: std::str::from_utf8(magic).expect("letters"),
        });
    }
    if bytes.len() < frame + CHECKSUM {
        return Err(ImageError::Length {
            found: bytes.len() as u64,
            expected: (frame + CHECKSUM) as u64,
        });
    }
    let (body, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
    let mut reader = Reader { bytes: body, at: 0 };
    let version = reader.number(8)?;
    if version != VERSION {
        return Err(ImageError::Version {
            found: version,
            known: VERSION,
        });
    }
    let page_bytes = reader.number(12)?;
    if page_bytes as usize != PAGE {
        return Err(ImageError::malformed(
            "frame",
            format!("pages of {page_bytes} bytes, and this engine's have {PAGE}"),
        ));
    }
    let expected = u64::from(reader.number(16)?) | u64::from(reader.number(20)?) << 32;
    if expected != bytes.len() as u64 {
        return Err(ImageError::Length {
            found: bytes.len() as u64,
            expected,
        });
    }
    let found = u128::from_le_bytes(checksum.try_into().expect("16 bytes"));
    let computed = xxh3_128(body);
    if found != computed {
        return Err(ImageError::Checksum { found, computed });
    }
    Ok(reader)
}

fn read_schema(reader: &mut Reader<'_>, number: u32) -> Result<Schema, ImageError> {
    let place = format!("component {number}");
    let name = reader.name(&place)?;
    let place = format!("component `{name}`");
    let bad = |fault: &str| ImageError::malformed(&place, fault);
    let (size, align) = (reader.next_number(&place)?, reader.next_number(&place)?);
    let hashed = match reader.take(1, &place)?[0] {
        0 => false,
        1 => true,
        _ => return Err(bad("its hashed flag is neither 0 nor 1")),
    };
    let layout_hash = u64::from_le_bytes(reader.take(8, &place)?.try_into().expect("8 bytes"));
    let count = reader.next_number(&place)?;
    let mut fields = Vec::new();
    for _ in 0..count {
        let name = reader.name(&place)?;
        let primitive = Primitive::from_number(reader.take(1, &place)?[0])
            .ok_or_else(|| bad("a field is of no known type"))?;
        fields.push(Field {
            name,
            primitive,
            offset: reader.next_number(&place)?,
            count: reader.next_number(&place)?,
        });
    }
    let schema = Schema::new(name, size, align, hashed, fields);
    if schema.name.is_empty() || schema.name.len() > 255 {
        return Err(bad("its name does not have 1 to 255 bytes"));
    }
    if let Some(fault) = schema.fault() {
        return Err(bad(&fault));
    }
    if schema.layout_hash != layout_hash {
        return Err(bad("its layout hash is not that of its fields"));
    }
    Ok(schema)
}

/// The runs in order of page, the root's first, with the bytes of each that are stored.
pub(super) fn read_runs(
    reader: &mut Reader<'_>,
    count: u32,
) -> Result<Vec<(PageRun, usize)>, ImageError> {
    let mut runs = Vec::new();
    let mut end = 0;
    for number in 0..count {
        let place = format!("run {number}");
        let run = PageRun {
            first: reader.next_number(&place)?,
            pages: reader.next_number(&place)?,
        };
        let stored = reader.next_number(&place)?;
        if run.pages == 0
            || u64::from(run.first) < end
            || run.end() > u64::from(PAGES_MAX)
            || stored > run.pages
        {
            let PageRun { first, pages } = run;
            let fault = format!(
                "pages {first}+{pages}, {stored} of them stored, overlap the run before, end behind the pool or are none"
            );
            return Err(ImageError::malformed(place, fault));
        }
        end = run.end();
        runs.push((run, stored as usize * PAGE));
    }
    if runs.first() != Some(&(ROOT_RUN, PAGE)) {
        return Err(ImageError::malformed("run 0", "it is not the root's page"));
    }
    Ok(runs)
}

/// The bytes before the checksum, taken one after the other.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, count: usize, place: &str) -> Result<&'a [u8], ImageError> {
        let rest = &self.bytes[self.at..];
        if count > rest.len() {
            return Err(ImageError::malformed(
                place,
                format!("it needs {count} bytes, and {} are left", rest.len()),
            ));
        }
        self.at += count;
        Ok(&rest[..count])
    }

    pub(super) fn next_number(&mut self, place: &str) -> Result<u32, ImageError> {
        Ok(u32::from_le_bytes(
            self.take(4, place)?.try_into().expect("4 bytes"),
        ))
    }

    /// The number at a place of the frame.
    pub(super) fn number(&mut self, at: usize) -> Result<u32, ImageError> {
        self.at = at;
        self.next_number("frame")
    }

    fn name(&mut self, place: &str) -> Result<String, ImageError> {
        let length = u16::from_le_bytes(self.take(2, place)?.try_into().expect("2 bytes"));
        let name = self.take(usize::from(length), place)?;
        let name = std::str::from_utf8(name)
            .map_err(|_| ImageError::malformed(place, "a name is not UTF-8"))?;
        Ok(name.to_owned())
    }

    /// Checks that nothing is left.
    pub(super) fn finish(&self, last: &str) -> Result<(), ImageError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            left => Err(ImageError::malformed(
                "frame",
                format!("{left} bytes follow the last {last}"),
            )),
        }
    }
}
