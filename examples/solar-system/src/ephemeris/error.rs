//! What can be wrong with a data file or a date: each error names file, line, column, value and cure.

use thiserror::Error;

/// A data file that cannot be used, or a date that the data does not cover.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum DataError {
    /// The line with the names of the columns differs.
    #[error("{file}:{line}: the columns are `{found}`, expected `{expected}`; {CURE}")]
    Header {
        /// File name.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// What the file says.
        found: String,
        /// What it should say.
        expected: &'static str,
    },
    /// A line with too few or too many values.
    #[error("{file}:{line}: {found} values in a table of {expected} columns; {CURE}")]
    Columns {
        /// File name.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// How many values the line holds.
        found: usize,
        /// How many columns there are.
        expected: usize,
    },
    /// A value that is no number, not finite, or out of the range of its column.
    #[error("{file}:{line}: column {column} holds `{value}`, expected {expected}; {CURE}")]
    Value {
        /// File name.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// What the file says.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Another name than the one that is due in a table with a fixed order.
    #[error("{file}:{line}: column {column} holds `{found}` where `{expected}` is due; {CURE}")]
    Order {
        /// File name.
        file: &'static str,
        /// Line, from 1.
        line: usize,
        /// Name of the column.
        column: &'static str,
        /// What the file says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// The file ends before everything was there.
    #[error("{file}:{line}: the file ends where `{expected}` is due; {CURE}")]
    Ends {
        /// File name.
        file: &'static str,
        /// The line after the last.
        line: usize,
        /// What is missing.
        expected: String,
    },
    /// Two files that must hold the same epochs and do not.
    #[error("{file}: epoch number {nth} is {}, expected {} as in {other}; {CURE}", date(.found), date(.expected))]
    Apart {
        /// File name.
        file: &'static str,
        /// The file that it must agree with.
        other: &'static str,
        /// Which epoch, from 1.
        nth: usize,
        /// The epoch in `file`, none where it ends before.
        found: Option<f64>,
        /// The epoch in `other`, none where it ends before.
        expected: Option<f64>,
    },
    /// A date that the data does not cover.
    #[error(
        "date {date} is outside {file}, which covers the Julian dates {first} to {last}; choose `start` and the number of steps within them"
    )]
    Span {
        /// File name.
        file: &'static str,
        /// The date asked for, Julian date.
        date: f64,
        /// First date of the data.
        first: f64,
        /// Last date of the data.
        last: f64,
    },
}

/// The cure of every damaged file.
const CURE: &str =
    "restore the file from version control or write it again with the scripts in `tools`";

fn date(epoch: &Option<f64>) -> String {
    epoch.map_or("missing".to_owned(), |jd| jd.to_string())
}
