//! A TOML table that is read key by key, remembering where each stands and which were read.
//!
//! Deserialising into structs, the other way, reports neither the line of a wrong value nor what would be allowed.

use std::ops;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{ConfigError, Place};
use super::{FileSetting, size};

/// One table of the file.
pub(super) struct Section<'a> {
    file: File<'a>,
    /// `memory.terrain`; empty for the document.
    name: String,
    entries: Vec<Entry<'a>>,
    /// Keys asked for, which are the ones allowed.
    asked: Vec<&'static str>,
    /// Byte range of the section's value.
    span: ops::Range<usize>,
}

#[derive(Clone, Copy)]
struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

struct Entry<'a> {
    key: &'a str,
    key_span: ops::Range<usize>,
    value: &'a Spanned<DeValue<'a>>,
}

/// Parses `text` and lends its document to `read`.
pub(super) fn with_document<T>(
    path: &Path,
    text: &str,
    read: impl FnOnce(Section<'_>) -> Result<T, ConfigError>,
) -> Result<T, ConfigError> {
    let file = File { path, text };
    let document = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        place: file.place(error.span().map_or(0, |span| span.start)),
        problem: visible(&error.message().lines().collect::<Vec<_>>().join(", ")),
    })?;
    read(Section::new(file, String::new(), document.get_ref(), 0..0))
}

impl<'a> Section<'a> {
    fn new(
        file: File<'a>,
        name: String,
        table: &'a DeTable<'a>,
        span: ops::Range<usize>,
    ) -> Section<'a> {
        let entry = |(key, value): (&'a Spanned<_>, _)| Entry {
            key: std::borrow::Cow::as_ref(key.get_ref()),
            key_span: key.span(),
            value,
        };
        Section {
            file,
            name,
            entries: table.iter().map(entry).collect(),
            asked: Vec::new(),
            span,
        }
    }

    /// Where the section begins.
    pub(super) fn place(&self) -> Place {
        self.file.place(self.span.start)
    }

    /// The table `key`, if it is there.
    pub(super) fn section(
        &mut self,
        key: &'static str,
    ) -> Result<Option<Section<'a>>, ConfigError> {
        let Some(entry) = self.take(key) else {
            return Ok(None);
        };
        match entry.value.get_ref() {
            DeValue::Table(table) => {
                let name = self.full(key);
                Ok(Some(Section::new(self.file, name, table, entry.key_span)))
            }
            _ => Err(self.wrong(&entry, &format!("a section [{}]", self.full(key)))),
        }
    }

    /// The text `key`, as `accept` understands it.
    pub(super) fn text<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        accept: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.value(key, allowed, |value| accept(value.as_str()?))
    }

    /// The list of texts `key`, of which none is empty.
    pub(super) fn texts(
        &mut self,
        key: &'static str,
        allowed: &str,
    ) -> Result<Option<Vec<String>>, ConfigError> {
        self.value(key, allowed, |value| {
            let text = |item: &Spanned<DeValue<'_>>| {
                let text = item.get_ref().as_str()?;
                (!text.is_empty()).then(|| text.to_owned())
            };
            value.as_array()?.iter().map(text).collect()
        })
    }

    /// The whole number `key`, not negative, as `accept` understands it.
    pub(super) fn whole<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        accept: impl FnOnce(u64) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.value(key, allowed, |value| accept(whole_number(value)?))
    }

    /// The number `key`, as `accept` understands it.
    pub(super) fn number<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        accept: impl FnOnce(f64) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        self.value(key, allowed, |value| {
            let text = match value {
                DeValue::Float(float) => float.as_str().to_owned(),
                DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().to_owned(),
                _ => return None,
            };
            accept(text.parse().ok()?)
        })
    }

    /// Whether `key` is true.
    pub(super) fn flag(&mut self, key: &'static str) -> Result<Option<bool>, ConfigError> {
        self.value(key, "true or false", |value| value.as_bool())
    }

    /// The size `key`, in bytes.
    pub(super) fn size(
        &mut self,
        key: &'static str,
        allowed: &str,
    ) -> Result<Option<u64>, ConfigError> {
        self.value(key, allowed, |value| match value {
            DeValue::String(text) => size::parse(text),
            other => whole_number(other),
        })
    }

    /// `value`, or the error that the section lacks it.
    pub(super) fn required<T>(
        &self,
        key: &'static str,
        value: Option<T>,
    ) -> Result<T, ConfigError> {
        value.ok_or_else(|| ConfigError::MissingKey {
            place: self.place(),
            section: self.name.clone(),
            key,
        })
    }

    /// All tables that were not asked for by name, in order of name.
    pub(super) fn subsections(&mut self) -> Result<Vec<(String, Section<'a>)>, ConfigError> {
        let mut found = Vec::new();
        let mut left = Vec::new();
        for entry in std::mem::take(&mut self.entries) {
            match entry.value.get_ref() {
                DeValue::Table(table) => {
                    let name = self.full(entry.key);
                    let section = Section::new(self.file, name, table, entry.key_span);
                    found.push((entry.key.to_owned(), section));
                }
                _ => left.push(entry),
            }
        }
        self.entries = left;
        Ok(found)
    }

    /// All entries as the texts that `--set` would be given.
    pub(super) fn scalars(self) -> Result<Vec<FileSetting>, ConfigError> {
        let scalar = |entry: &Entry<'_>| {
            let text = match entry.value.get_ref() {
                DeValue::String(text) => text.clone().into_owned(),
                DeValue::Boolean(flag) => flag.to_string(),
                DeValue::Float(float) => float.as_str().to_owned(),
                DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                    .ok()?
                    .to_string(),
                DeValue::Datetime(date) => date.to_string(),
                DeValue::Array(_) | DeValue::Table(_) => return None,
            };
            Some(text)
        };
        let setting = |entry: &Entry<'a>| {
            let allowed = "a number, a text, true or false";
            Ok(FileSetting {
                name: entry.key.to_owned(),
                text: scalar(entry).ok_or_else(|| self.wrong(entry, allowed))?,
                path: self.file.path.to_owned(),
                line: self.file.place(entry.key_span.start).line,
            })
        };
        self.entries.iter().map(setting).collect()
    }

    /// Everything must have been asked for.
    pub(super) fn finish(self) -> Result<(), ConfigError> {
        match self.entries.first() {
            None => Ok(()),
            Some(entry) => Err(ConfigError::UnknownKey {
                place: self.file.place(entry.key_span.start),
                key: self.full(entry.key),
                allowed: match self.asked.as_slice() {
                    [] => format!("sections [{}.NAME]", self.name),
                    asked => asked.join(", "),
                },
            }),
        }
    }

    fn value<T>(
        &mut self,
        key: &'static str,
        allowed: &str,
        accept: impl FnOnce(&DeValue<'_>) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(entry) = self.take(key) else {
            return Ok(None);
        };
        match accept(entry.value.get_ref()) {
            Some(value) => Ok(Some(value)),
            None => Err(self.wrong(&entry, allowed)),
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Entry<'a>> {
        self.asked.push(key);
        let index = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(index))
    }

    fn wrong(&self, entry: &Entry<'_>, allowed: &str) -> ConfigError {
        let source = self.file.text.get(entry.value.span()).unwrap_or_default();
        ConfigError::Value {
            place: self.file.place(entry.key_span.start),
            key: self.full(entry.key),
            value: visible(source.lines().next().unwrap_or_default()),
            allowed: allowed.to_owned(),
        }
    }

    fn full(&self, key: &str) -> String {
        let key = visible(key);
        if self.name.is_empty() {
            key
        } else {
            format!("{}.{key}", self.name)
        }
    }
}

impl File<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or_default();
        Place {
            path: self.path.to_owned(),
            line: before.matches('\n').count() + 1,
        }
    }
}

/// A key or value as it can stand in a sentence of one line: control characters, which TOML allows in quotes, as escapes.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter.is_control() {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    shown
}

fn whole_number(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}
