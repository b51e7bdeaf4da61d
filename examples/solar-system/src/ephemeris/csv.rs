//! Reads a table of comma-separated values line by line: comments, one line of column names, then values.

use std::iter::Enumerate;
use std::str::Lines;

use super::DataError;

/// A table that is being read.
pub struct Table<'t> {
    file: &'static str,
    columns: &'static [&'static str],
    lines: Enumerate<Lines<'t>>,
    last_line: usize,
}

impl<'t> Table<'t> {
    /// Starts to read `text`, the content of `file`, whose columns must be those of `header`.
    pub fn open(
        file: &'static str,
        text: &'t str,
        header: &'static str,
        columns: &'static [&'static str],
    ) -> Result<Table<'t>, DataError> {
        debug_assert_eq!(header.split(',').count(), columns.len());
        let mut table = Table {
            file,
            columns,
            lines: text.lines().enumerate(),
            last_line: 0,
        };
        match table.line() {
            Some((_, found)) if found == header => Ok(table),
            Some((line, found)) => Err(DataError::Header {
                file,
                line,
                found: shorten(found),
                expected: header,
            }),
            None => Err(table.ends(header)),
        }
    }

    /// The next row, or none at the end of the file.
    pub fn row(&mut self) -> Result<Option<Row<'t>>, DataError> {
        let Some((line, text)) = self.line() else {
            return Ok(None);
        };
        let (file, columns) = (self.file, self.columns);
        let found = text.split(',').count();
        if found != columns.len() {
            return Err(DataError::Columns {
                file,
                line,
                found,
                expected: columns.len(),
            });
        }
        Ok(Some(Row {
            file,
            line,
            columns,
            text,
        }))
    }

    /// The next row where one must follow: `expected` says what it would hold.
    pub fn expect(&mut self, expected: impl FnOnce() -> String) -> Result<Row<'t>, DataError> {
        match self.row()? {
            Some(row) => Ok(row),
            None => Err(self.ends(&expected())),
        }
    }

    /// The error for a file that ends where `expected` is due.
    pub fn ends(&self, expected: &str) -> DataError {
        DataError::Ends {
            file: self.file,
            line: self.last_line + 1,
            expected: expected.to_owned(),
        }
    }

    /// The next line that is no comment, with its number.
    fn line(&mut self) -> Option<(usize, &'t str)> {
        for (index, text) in self.lines.by_ref() {
            self.last_line = index + 1;
            if !text.starts_with('#') {
                return Some((index + 1, text));
            }
        }
        None
    }
}

/// One line of values.
pub struct Row<'t> {
    file: &'static str,
    line: usize,
    columns: &'static [&'static str],
    text: &'t str,
}

impl<'t> Row<'t> {
    /// The text in a column, by its index.
    pub fn text(&self, column: usize) -> &'t str {
        self.text.split(',').nth(column).unwrap_or_default()
    }

    /// The number in a column: finite, and as `accept` wants it, which `expected` puts in words.
    pub fn number(
        &self,
        column: usize,
        expected: &'static str,
        accept: impl Fn(f64) -> bool,
    ) -> Result<f64, DataError> {
        match self.text(column).parse::<f64>() {
            Ok(value) if value.is_finite() && accept(value) => Ok(value),
            _ => Err(self.value_error(column, expected)),
        }
    }

    /// Any finite number.
    pub fn finite(&self, column: usize) -> Result<f64, DataError> {
        self.number(column, "a finite number", |_| true)
    }

    /// Succeeds where a column holds exactly `expected`.
    pub fn must_be(&self, column: usize, expected: &str) -> Result<(), DataError> {
        if self.text(column) == expected {
            return Ok(());
        }
        Err(DataError::Order {
            file: self.file,
            line: self.line,
            column: self.columns[column],
            found: shorten(self.text(column)),
            expected: expected.to_owned(),
        })
    }

    fn value_error(&self, column: usize, expected: &'static str) -> DataError {
        let value = shorten(self.text(column));
        DataError::Value {
            file: self.file,
            line: self.line,
            column: self.columns[column],
            value,
            expected,
        }
    }
}

/// Keeps a message readable when the file is something else altogether.
fn shorten(text: &str) -> String {
    const LONGEST: usize = 80;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain("…".chars()).collect()
}
