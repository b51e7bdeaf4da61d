//! Who looks on while a script runs.

use layerw_ecs::Entity;

/// Looks on while the JavaScript of a script runs, statement by statement; it runs in the thread of the worker, which waits for it.
pub trait Debugger: Send + Sync {
    /// Whether to stop before a statement. Asked before each one.
    fn wants(&self, at: &Stopped<'_>) -> bool;

    /// Stopped there, with what can be seen; the script goes on when this returns.
    fn stopped(&self, at: &Stopped<'_>, variables: &[Seen<'_>]);
}

/// Where a script is.
#[derive(Debug, Clone, Copy)]
pub struct Stopped<'s> {
    /// The source's name.
    pub file: &'s str,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
    /// What stands on the line.
    pub text: &'s str,
    /// Whether the statement is the first of its line, in its function.
    pub first: bool,
    /// The system or function.
    pub within: &'s str,
    /// The step.
    pub step: u64,
    /// The entity of the row at hand, in a loop over rows.
    pub entity: Option<Entity>,
}

/// A variable, or a field of a row or resource, that can be seen.
#[derive(Debug, Clone)]
pub struct Seen<'s> {
    /// As the source would say it: `speed`, `positions[i].x`.
    pub name: &'s str,
    /// More than one for a vector.
    pub values: Vec<Value>,
}

/// A value of the language.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Any number of 32 bits, and `f64`.
    Number(f64),
    /// A whole number of 64 bits.
    Whole(i64),
    /// Yes or no.
    Bool(bool),
    /// An entity; none if its bits are none's.
    Entity(Option<Entity>),
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            // Most are f32, whose shortest text is not that of the same number in 64 bits.
            Value::Number(number) if f64::from(number as f32) == number => {
                write!(f, "{}", number as f32)
            }
            Value::Number(number) => write!(f, "{number}"),
            Value::Whole(number) => write!(f, "{number}"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Entity(Some(entity)) => write!(f, "{entity}"),
            Value::Entity(None) => f.write_str("no entity"),
        }
    }
}

impl std::fmt::Display for Seen<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} = ", self.name)?;
        match self.values.as_slice() {
            [value] => write!(f, "{value}"),
            values => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "({})", values.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Seen, Value};

    #[test]
    fn values_are_shown_as_the_source_would_write_them() {
        let shown = |name, values: &[Value]| {
            let values = values.to_vec();
            Seen { name, values }.to_string()
        };
        assert_eq!(shown("x", &[Value::Number(f64::from(0.1_f32))]), "x = 0.1");
        assert_eq!(shown("x", &[Value::Number(0.1)]), "x = 0.1");
        assert_eq!(shown("nan", &[Value::Number(f64::NAN)]), "nan = NaN");
        let both = [Value::Number(1.0), Value::Number(-2.5)];
        assert_eq!(shown("positions[i]", &both), "positions[i] = (1, -2.5)");
        assert_eq!(shown("on", &[Value::Bool(true)]), "on = true");
        assert_eq!(shown("e", &[Value::Entity(None)]), "e = no entity");
    }
}
