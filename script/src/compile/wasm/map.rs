//! Source maps, version 3: which place of the source each instruction comes from.
//!
//! The line is 0 and the column the offset in the module, as engines and browsers expect of WebAssembly. Where an instruction may trap, the entry's name says
//! what that means, in words.

use serde_json::json;

#[derive(Debug, Default)]
pub struct Map {
    mappings: String,
    names: Vec<&'static str>,
    /// Column, source, line, column and name of the entry before: entries are written as differences.
    before: [i64; 5],
    last: Option<Entry>,
}

type Entry = (Option<(usize, usize, usize)>, Option<&'static str>);

impl Map {
    /// From this offset on, instructions come from that source, line and column (all from 0).
    pub fn add(
        &mut self,
        offset: usize,
        place: Option<(usize, usize, usize)>,
        name: Option<&'static str>,
    ) {
        if self.last == Some((place, name)) {
            return;
        }
        self.last = Some((place, name));
        if !self.mappings.is_empty() {
            self.mappings.push(',');
        }
        self.difference(0, offset);
        let Some((source, line, column)) = place else {
            return;
        };
        self.difference(1, source);
        self.difference(2, line);
        self.difference(3, column);
        if let Some(name) = name {
            let known = self.names.iter().position(|one| *one == name);
            let number = known.unwrap_or_else(|| {
                self.names.push(name);
                self.names.len() - 1
            });
            self.difference(4, number);
        }
    }

    pub fn json(&self, sources: &[&str]) -> String {
        json!({ "version": 3, "sources": sources, "names": self.names, "mappings": self.mappings })
            .to_string()
    }

    fn difference(&mut self, which: usize, value: usize) {
        let value = value as i64;
        let difference = value - self.before[which];
        self.before[which] = value;
        number(&mut self.mappings, difference);
    }
}

/// Five bits a letter, the lowest first; the lowest bit of all is the sign.
fn number(text: &mut String, value: i64) {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut rest = value.unsigned_abs() << 1 | u64::from(value < 0);
    loop {
        let more = u64::from(rest > 31) << 5;
        text.push(LETTERS[(rest & 31 | more) as usize] as char);
        rest >>= 5;
        if rest == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_others_write_them() {
        let text = |value| {
            let mut text = String::new();
            number(&mut text, value);
            text
        };
        assert_eq!(
            [0, 1, -1, 15, 16, -16, 123, 511].map(text),
            ["A", "C", "D", "e", "gB", "hB", "2H", "+f"]
        );
    }

    #[test]
    fn entries_are_differences() {
        let mut map = Map::default();
        map.add(10, Some((0, 2, 4)), None);
        map.add(12, Some((0, 2, 4)), None);
        map.add(15, Some((0, 1, 4)), Some("x"));
        map.add(20, None, None);
        assert_eq!(
            map.json(&["a.ts"]),
            r#"{"version":3,"sources":["a.ts"],"names":["x"],"mappings":"UAEI,KADAA,K"}"#
        );
    }
}
