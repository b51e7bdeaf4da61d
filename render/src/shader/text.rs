//! The text of a shader: files included into each other, and the way back from a line of the whole to the line that somebody wrote.

use std::fmt;

/// A shader as it was written, with what it includes.
///
/// ```
/// use layerw_render::Source;
/// let source = Source::new("gravity.wgsl", "#include \"pull.wgsl\"\nfn row(row: u32) {}")
///     .with("pull.wgsl", "const STRENGTH = 9.81;");
/// ```
#[derive(Clone, Debug)]
pub struct Source {
    pub(crate) name: String,
    text: String,
    includes: Vec<(String, String)>,
}

impl Source {
    /// A text under the name that messages call it by.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Source {
        Source {
            name: name.into(),
            text: text.into(),
            includes: Vec::new(),
        }
    }

    /// The same under this name, if it has none.
    #[must_use]
    pub fn named(mut self, name: &str) -> Source {
        if self.name.is_empty() {
            name.clone_into(&mut self.name);
        }
        self
    }

    /// Adds a text that may be included under its name, by `#include "NAME"` on a line of its own. Each is taken once, however often it is asked for.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, text: impl Into<String>) -> Source {
        self.includes.push((name.into(), text.into()));
        self
    }
}

/// A text without a name.
impl From<&str> for Source {
    fn from(text: &str) -> Source {
        Source::new("", text)
    }
}

/// A place in a text that somebody wrote.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The text's name.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1, in bytes.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// What is wrong with a shader, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ShaderError {
    /// Where.
    pub place: Place,
    /// What, with the cure where there is one.
    pub message: String,
}

/// The whole text, and whose each line is.
#[derive(Clone, Debug)]
pub(crate) struct Assembled {
    pub(crate) text: String,
    /// The source's name.
    name: String,
    files: Vec<String>,
    /// For each line of the whole: its file and its line there, from 1.
    lines: Vec<(u32, u32)>,
}

/// What our own lines are called.
const OWN: &str = "(layerw)";

impl Assembled {
    /// `before`, the source with its includes, and `after`.
    pub(crate) fn new(before: &str, source: &Source, after: &str) -> Result<Self, ShaderError> {
        let mut whole = Assembled {
            text: String::new(),
            name: source.name.clone(),
            files: Vec::new(),
            lines: Vec::new(),
        };
        whole.own(before);
        whole.take(source, &source.name, &source.text)?;
        whole.own(after);
        Ok(whole)
    }

    fn own(&mut self, text: &str) {
        let file = self.file(OWN);
        for (line, number) in text.lines().zip(1..) {
            self.push(file, number, line);
        }
    }

    fn file(&mut self, name: &str) -> u32 {
        self.files.push(name.to_owned());
        self.files.len() as u32 - 1
    }

    fn push(&mut self, file: u32, number: u32, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        self.lines.push((file, number));
    }

    fn take(&mut self, source: &Source, name: &str, text: &str) -> Result<(), ShaderError> {
        let file = self.file(name);
        for (line, number) in text.lines().zip(1..) {
            let Some(asked) = line.trim_start().strip_prefix("#include") else {
                self.push(file, number, line);
                continue;
            };
            let refuse = |message: String| ShaderError {
                place: Place {
                    file: name.to_owned(),
                    line: number,
                    column: 1,
                },
                message,
            };
            let asked = asked.trim();
            let wanted = asked
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .ok_or_else(|| {
                    refuse(format!(
                        "`#include {asked}` names no text; write `#include \"NAME.wgsl\"`"
                    ))
                })?;
            // An empty line in its place, so that what follows keeps its number whatever was included.
            self.push(file, number, "");
            if self.files.iter().any(|known| known == wanted) {
                continue;
            }
            let found = source.includes.iter().find(|(name, _)| name == wanted);
            let (name, text) = found.ok_or_else(|| {
                let known: Vec<&str> = source.includes.iter().map(|(name, _)| &**name).collect();
                let known = match known.is_empty() {
                    true => "none was given".to_owned(),
                    false => format!("there are {}", known.join(", ")),
                };
                refuse(format!(
                    "there is no text `{wanted}` to include, {known}; give it beside the shader with `Source::with`"
                ))
            })?;
            self.take(source, name, text)?;
        }
        Ok(())
    }

    /// Where a line of the whole, from 1, was written.
    pub(crate) fn place(&self, line: u32, column: u32) -> Place {
        let at = self.lines.get((line as usize).saturating_sub(1));
        let &(file, line) = at.or(self.lines.last()).unwrap_or(&(0, 1));
        Place {
            file: self.files[file as usize].clone(),
            line,
            column: column.max(1),
        }
    }

    /// Where a span of the whole begins; for one that nobody knows, where the source does.
    pub(crate) fn at(&self, span: naga::Span) -> Place {
        if !span.is_defined() {
            return Place {
                file: self.name.clone(),
                line: 1,
                column: 1,
            };
        }
        let location = span.location(&self.text);
        self.place(location.line_number, location.line_position)
    }

    pub(crate) fn refuse(&self, span: naga::Span, message: impl Into<String>) -> ShaderError {
        ShaderError {
            place: self.at(span),
            message: message.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_files_through_includes() {
        let source = Source::new(
            "a.wgsl",
            "one\n#include \"b.wgsl\"\n#include \"c.wgsl\"\ntwo",
        )
        .with("b.wgsl", "#include \"c.wgsl\"\nthree")
        .with("c.wgsl", "four");
        let whole = Assembled::new("zero", &source, "five").expect("all is there");
        let at = |word: &str| {
            let line = whole.text.lines().position(|line| line == word);
            whole
                .place(line.expect("the line is there") as u32 + 1, 1)
                .to_string()
        };
        assert_eq!(at("zero"), "(layerw):1:1");
        assert_eq!(at("one"), "a.wgsl:1:1");
        assert_eq!(at("four"), "c.wgsl:1:1");
        assert_eq!(at("three"), "b.wgsl:2:1");
        assert_eq!(at("two"), "a.wgsl:4:1");
        assert_eq!(at("five"), "(layerw):1:1");
        assert_eq!(whole.text.matches("four").count(), 1, "each is taken once");
    }

    #[test]
    fn what_cannot_be_included_is_told_with_its_line() {
        let said = |text: &str| {
            let source = Source::new("a.wgsl", text).with("b.wgsl", "");
            Assembled::new("", &source, "")
                .expect_err("wrong")
                .to_string()
        };
        assert_eq!(
            said("\n#include \"x.wgsl\""),
            "a.wgsl:2:1: there is no text `x.wgsl` to include, there are b.wgsl; give it beside the shader with `Source::with`"
        );
        assert_eq!(
            said("#include b.wgsl"),
            "a.wgsl:1:1: `#include b.wgsl` names no text; write `#include \"NAME.wgsl\"`"
        );
    }
}
