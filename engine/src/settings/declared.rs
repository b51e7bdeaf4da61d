//! What a project asked for, and how texts become values.

use std::fmt;

use super::range::Range;

/// A setting that a project asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// What it may be.
    pub kind: Kind,
    /// Its value where nobody gives one, canonical.
    pub default: String,
    /// What it means.
    pub help: String,
    /// Its value in this run, canonical.
    pub value: String,
}

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number within a range.
    Integer(Range<i64>),
    /// A finite number within a range.
    Number(Range<f64>),
    /// Any text.
    Text,
    /// `true` or `false`.
    Flag,
}

impl Kind {
    /// The one text of the value that `text` means, or what is wrong with `text`.
    pub(super) fn canonical(&self, text: &str) -> Result<String, &'static str> {
        match self {
            Kind::Integer(range) => {
                let value = Kind::parse_integer(text).ok_or("is no whole number")?;
                if !range.contains(&value) {
                    return Err("is out of range");
                }
                Ok(value.to_string())
            }
            Kind::Number(range) => {
                let value = Kind::parse_number(text).ok_or("is no number")?;
                if !value.is_finite() {
                    return Err("is not finite");
                }
                if !range.contains(&value) {
                    return Err("is out of range");
                }
                Ok(number_text(value))
            }
            Kind::Text => Ok(text.to_owned()),
            Kind::Flag => match text {
                "true" | "false" => Ok(text.to_owned()),
                _ => Err("is no switch"),
            },
        }
    }

    pub(super) fn parse_integer(text: &str) -> Option<i64> {
        text.parse().ok()
    }

    pub(super) fn parse_number(text: &str) -> Option<f64> {
        text.parse().ok()
    }
}

/// The shortest text that reads back as `value`. Both zeros are one value to a person, so they are one text.
pub(super) fn number_text(value: f64) -> String {
    format!("{:?}", value + 0.0)
}

/// Completes the sentence "give …".
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Integer(range) => write!(f, "a whole number{range}"),
            Kind::Number(range) => write!(f, "a number{range}"),
            Kind::Text => write!(f, "a text"),
            Kind::Flag => write!(f, "true or false"),
        }
    }
}

/// One entry of a list of settings: "`boids` (a whole number from 1 to 10, by default 5): number of boids".
impl fmt::Display for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Declared {
            name,
            kind,
            default,
            help,
            ..
        } = self;
        write!(f, "`{name}` ({kind}, by default {default}): {help}")
    }
}
