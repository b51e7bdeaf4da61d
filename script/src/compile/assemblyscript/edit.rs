//! A text with changes that knows of each byte where it came from: what asc says of the changed text is told of the written one.

/// What stands in place of a part of a text.
#[derive(Debug)]
pub enum Part {
    /// Text of ours, and what a trap in it means, in words.
    New(String, Option<&'static str>),
    /// The part of the source between two bytes, with the changes within.
    Same(u32, u32),
}

/// A change: the parts that stand in place of what was there. Changes lie beside or within one another.
#[derive(Debug)]
pub struct Edit {
    pub from: u32,
    pub to: u32,
    pub parts: Vec<Part>,
}

/// A changed text.
#[derive(Debug, Default)]
pub struct Edited {
    pub text: String,
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    /// Where it begins in the changed text, and what it came from.
    at: usize,
    from: u32,
    /// Text of ours: all of it came from one place.
    new: bool,
    words: Option<&'static str>,
}

/// Makes the changes. Of two at one place the longer one is around the other, of two of one length the first.
pub fn apply(text: &str, mut edits: Vec<Edit>) -> Edited {
    edits.sort_by_key(|edit| (edit.from, std::cmp::Reverse(edit.to)));
    let mut edited = Edited::default();
    edited.put(text, &edits, 0, text.len() as u32);
    edited
}

impl Edited {
    fn put(&mut self, text: &str, edits: &[Edit], from: u32, to: u32) {
        let mut done = from;
        for (number, edit) in edits.iter().enumerate() {
            if edit.from >= to {
                break;
            }
            if edit.from < done || edit.to > to {
                continue;
            }
            self.same(text, done, edit.from);
            for part in &edit.parts {
                match part {
                    Part::New(new, words) => self.run(new, edit.from, true, *words),
                    // What is around the others stands before them.
                    Part::Same(from, to) => self.put(text, &edits[number + 1..], *from, *to),
                }
            }
            done = edit.to;
        }
        self.same(text, done, to);
    }

    fn same(&mut self, text: &str, from: u32, to: u32) {
        if from < to {
            self.run(&text[from as usize..to as usize], from, false, None);
        }
    }

    fn run(&mut self, piece: &str, from: u32, new: bool, words: Option<&'static str>) {
        self.runs.push(Run {
            at: self.text.len(),
            from,
            new,
            words,
        });
        self.text.push_str(piece);
    }

    /// Where a byte of the changed text came from, and what a trap there means.
    pub fn origin(&self, byte: usize) -> (u32, Option<&'static str>) {
        let behind = self.runs.partition_point(|run| run.at <= byte);
        match behind.checked_sub(1).map(|place| &self.runs[place]) {
            None => (0, None),
            Some(run) if run.new => (run.from, run.words),
            Some(run) => (run.from + (byte - run.at) as u32, run.words),
        }
    }

    /// The byte of a line and a column in UTF-16 units, both from 0.
    pub fn byte(&self, line: usize, column: usize) -> Option<usize> {
        let mut start = 0;
        for _ in 0..line {
            start += self.text[start..].find('\n')? + 1;
        }
        let mut units = 0;
        for (place, letter) in self.text[start..].char_indices() {
            if units >= column || letter == '\n' {
                return Some(start + place);
            }
            units += letter.len_utf16();
        }
        Some(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(text: &str) -> Part {
        Part::New(text.to_owned(), Some("words"))
    }

    #[test]
    fn changes_within_changes_are_made_and_each_byte_knows_its_place() {
        let text = "a / b;\nc";
        let edits = vec![
            Edit {
                from: 4,
                to: 5,
                parts: vec![new("BB")],
            },
            Edit {
                from: 0,
                to: 5,
                parts: vec![
                    new("div("),
                    Part::Same(4, 5),
                    new(", "),
                    Part::Same(0, 1),
                    new(")"),
                ],
            },
            Edit {
                from: 0,
                to: 1,
                parts: vec![new("A")],
            },
        ];
        let edited = apply(text, edits);
        assert_eq!(edited.text, "div(BB, A);\nc");
        assert_eq!(edited.origin(0), (0, Some("words")));
        assert_eq!(edited.origin(4), (4, Some("words")));
        assert_eq!(edited.origin(10), (5, None));
        assert_eq!(edited.origin(edited.byte(1, 0).unwrap()), (7, None));
        assert_eq!(edited.byte(2, 0), None);
    }
}
