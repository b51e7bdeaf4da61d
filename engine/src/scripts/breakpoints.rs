//! Where a run stops in its scripts, as the command line says it.

use std::fmt;
use std::str::FromStr;

use layerw_platform::signals::Stop;

/// A line of a script: `FILE:LINE`, or `FILE:LINE@ENTITY` for one entity only.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Breakpoint {
    /// As it stands in layerw.toml.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: u32,
    /// The entity's index.
    pub(crate) entity: Option<u32>,
}

/// Completes the sentence "… cannot be used; give …".
pub(crate) const BREAKPOINT: &str =
    "a line of a script as FILE:LINE, or FILE:LINE@ENTITY with the number of an entity";

impl FromStr for Breakpoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Breakpoint, &'static str> {
        let (file, rest) = text.rsplit_once(':').ok_or(BREAKPOINT)?;
        let (line, entity) = match rest.split_once('@') {
            None => (rest, None),
            // `17v1` as messages have it, too: the generation says nothing here.
            Some((line, entity)) => {
                let index = entity.split('v').next().unwrap_or_default();
                (line, Some(index.parse().map_err(|_| BREAKPOINT)?))
            }
        };
        let line = line.parse().ok().filter(|&line| line > 0);
        match line {
            Some(line) if !file.is_empty() => Ok(Breakpoint {
                file: file.to_owned(),
                line,
                entity,
            }),
            _ => Err(BREAKPOINT),
        }
    }
}

impl fmt::Display for Breakpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        match self.entity {
            Some(entity) => write!(f, "@{entity}"),
            None => Ok(()),
        }
    }
}

/// Where a run stops, and how a person who looks on ends it.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "scripts-compiler"),
    allow(dead_code, reason = "no script can be stopped")
)]
pub(crate) struct Breakpoints {
    pub(crate) places: Vec<Breakpoint>,
    pub(crate) stop: Stop,
}

#[cfg(test)]
mod tests {
    use super::Breakpoint;

    #[test]
    fn breakpoints_are_a_file_a_line_and_perhaps_an_entity() {
        for text in ["flock.ts:12", "a/b.ts:1@17"] {
            let place: Breakpoint = text.parse().expect("a breakpoint");
            assert_eq!(place.to_string(), text);
        }
        let place: Breakpoint = "flock.ts:12@17v3".parse().expect("as messages have it");
        assert_eq!(place.entity, Some(17));
        for text in [
            "",
            "flock.ts",
            ":3",
            "flock.ts:0",
            "flock.ts:x",
            "flock.ts:1@",
            "flock.ts:1@v2",
        ] {
            text.parse::<Breakpoint>().expect_err(text);
        }
    }
}
