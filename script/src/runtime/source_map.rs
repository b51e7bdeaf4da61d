//! From an offset in a module to a line of the source.

use oxc_sourcemap::SourceMap;

/// The part of a source map that traps need. A map that cannot be read is none: it only makes messages better.
#[derive(Debug, Default)]
pub(super) struct Lines {
    files: Vec<String>,
    names: Vec<String>,
    /// In order of offset.
    places: Vec<Place>,
}

/// What stands in the source for the instructions from an offset on.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    offset: u32,
    file: u32,
    /// From 0.
    line: u32,
    /// From 0.
    column: u32,
    name: Option<u32>,
}

impl Lines {
    /// Reads a map whose generated line is 0 and whose columns are offsets in the module.
    pub(super) fn read(json: &[u8]) -> Option<Lines> {
        let map = SourceMap::from_json_string(std::str::from_utf8(json).ok()?).ok()?;
        let mut places: Vec<_> = map
            .get_tokens()
            .filter(|token| token.get_dst_line() == 0)
            .filter_map(|token| {
                let file = token.get_source_id()?;
                Some(Place {
                    offset: token.get_dst_col(),
                    file,
                    line: token.get_src_line(),
                    column: token.get_src_col(),
                    name: token.get_name_id(),
                })
            })
            .collect();
        places.sort_unstable();
        Some(Lines {
            files: map.get_sources().map(|source| source.to_string()).collect(),
            names: map.get_names().map(|name| name.to_string()).collect(),
            places,
        })
    }

    /// `file:line:column` of an instruction, counted from 1.
    pub(super) fn at(&self, offset: usize) -> Option<String> {
        let place = self.place(offset)?;
        let file = self.files.get(place.file as usize)?;
        let (line, column) = (u64::from(place.line) + 1, u64::from(place.column) + 1);
        Some(format!("{file}:{line}:{column}"))
    }

    /// What a trap of an instruction means, in the words of whoever compiled it.
    pub(super) fn says(&self, offset: usize) -> Option<&str> {
        let name = self.place(offset)?.name?;
        self.names.get(name as usize).map(String::as_str)
    }

    /// Whether it says in words what may stop.
    #[allow(dead_code, reason = "for those who cannot ask a module where it is")]
    pub(super) fn has_words(&self) -> bool {
        !self.names.is_empty()
    }

    /// Whether the instruction that begins there may stop, in the words of whoever compiled it.
    #[allow(dead_code, reason = "for those who cannot ask a module where it is")]
    pub(super) fn says_exactly(&self, offset: usize) -> bool {
        self.place(offset)
            .is_some_and(|place| place.offset as usize == offset && place.name.is_some())
    }

    /// The last place at or before an offset.
    fn place(&self, offset: usize) -> Option<&Place> {
        let offset = u32::try_from(offset).ok()?;
        let behind = self.places.partition_point(|place| place.offset <= offset);
        self.places.get(behind.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_at_or_before_an_offset_counts() {
        // Offset 10 is line 1, column 1; offset 20 is line 3, column 5.
        let json = br#"{"version":3,"sources":["a.ts"],"names":["divided by zero"],"mappings":"UAAA,UAEIA"}"#;
        let lines = Lines::read(json).expect("a map");
        assert_eq!(lines.at(9), None);
        assert_eq!(lines.at(10).as_deref(), Some("a.ts:1:1"));
        assert_eq!(lines.at(19).as_deref(), Some("a.ts:1:1"));
        assert_eq!(lines.at(4000).as_deref(), Some("a.ts:3:5"));
        assert_eq!(lines.at(usize::MAX), None);
        assert_eq!(lines.says(10), None);
        assert_eq!(lines.says(20), Some("divided by zero"));
    }

    #[test]
    fn what_is_no_map_is_none() {
        for json in [
            &b""[..],
            b"{}",
            b"\xff\xfe",
            br#"{"version":3,"sources":[],"names":[],"mappings":"UAAA"}"#,
            br#"{"version":3,"sources":["a"],"names":[],"mappings":"gggggggggggggggggggggggggg"}"#,
        ] {
            assert!(Lines::read(json).is_none(), "{json:?}");
        }
    }
}
