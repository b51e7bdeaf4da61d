//! From an offset in a module to a line of the source.

use oxc_sourcemap::SourceMap;

/// The part of a source map that traps need. A map that cannot be read is none: it only makes messages better.
#[derive(Debug, Default)]
pub(super) struct Lines {
    files: Vec<String>,
    /// Offset in the module, file, line and column from 0; in order of offset.
    places: Vec<(u32, u32, u32, u32)>,
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
                Some((
                    token.get_dst_col(),
                    file,
                    token.get_src_line(),
                    token.get_src_col(),
                ))
            })
            .collect();
        places.sort_unstable();
        Some(Lines {
            files: map.get_sources().map(|source| source.to_string()).collect(),
            places,
        })
    }

    /// `file:line:column` of an instruction, counted from 1.
    pub(super) fn at(&self, offset: usize) -> Option<String> {
        let offset = u32::try_from(offset).ok()?;
        let behind = self.places.partition_point(|place| place.0 <= offset);
        let (_, file, line, column) = *self.places.get(behind.checked_sub(1)?)?;
        let file = self.files.get(file as usize)?;
        Some(format!(
            "{file}:{}:{}",
            u64::from(line) + 1,
            u64::from(column) + 1
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_place_at_or_before_an_offset_counts() {
        // Offset 10 is line 1, column 1; offset 20 is line 3, column 5.
        let json = br#"{"version":3,"sources":["a.ts"],"names":[],"mappings":"UAAA,UAEI"}"#;
        let lines = Lines::read(json).expect("a map");
        assert_eq!(lines.at(9), None);
        assert_eq!(lines.at(10).as_deref(), Some("a.ts:1:1"));
        assert_eq!(lines.at(19).as_deref(), Some("a.ts:1:1"));
        assert_eq!(lines.at(4000).as_deref(), Some("a.ts:3:5"));
        assert_eq!(lines.at(usize::MAX), None);
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
