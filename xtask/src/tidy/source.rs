//! Telling code from comments and strings in Rust text, so that a rule about code is not broken by a sentence about it.

/// A Rust file in two layers of the same shape: each has the file's lines, with spaces in place of what belongs to the other.
#[derive(Debug)]
pub struct Source {
    /// Code; strings and characters are blank between their quotes.
    pub code: String,
    /// Comments, with their slashes.
    pub comments: String,
}

#[derive(Clone, Copy)]
enum State {
    Code,
    Line,
    Block { depth: u32 },
    Text,
    RawText { hashes: usize },
}

impl Source {
    pub fn read(text: &str) -> Source {
        let mut source = Source {
            code: String::new(),
            comments: String::new(),
        };
        let mut state = State::Code;
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let (taken, next) = match state {
                State::Code => in_code(rest, &source.code),
                State::Line => (
                    letter.len_utf8(),
                    if letter == '\n' { State::Code } else { state },
                ),
                State::Block { depth } => in_block(rest, depth),
                State::Text => match letter {
                    '\\' => (
                        1 + rest[1..].chars().next().map_or(0, char::len_utf8),
                        state,
                    ),
                    '"' => (1, State::Code),
                    _ => (letter.len_utf8(), state),
                },
                State::RawText { hashes } => {
                    let end = format!("\"{}", "#".repeat(hashes));
                    match rest.starts_with(&end) {
                        true => (end.len(), State::Code),
                        false => (letter.len_utf8(), state),
                    }
                }
            };
            let is_comment = |state| matches!(state, State::Line | State::Block { .. });
            let layer = match (is_comment(state) || is_comment(next), state, next) {
                (true, ..) => Layer::Comments,
                (false, State::Code, _) | (false, _, State::Code) => Layer::Code,
                (false, ..) => Layer::Neither,
            };
            source.push(&rest[..taken], layer);
            state = next;
            rest = &rest[taken..];
        }
        source
    }

    /// The lines of code.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.code.lines())
    }

    /// The line (from 1) of a place in the code.
    pub fn line_of(&self, place: usize) -> usize {
        self.code[..place].matches('\n').count() + 1
    }

    /// The places at which a word stands in the code, whole.
    pub fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        words(&self.code, word)
    }

    /// Where the tests at the end of the file begin, or its end.
    pub fn tests_start(&self) -> usize {
        self.code.find("#[cfg(test)]").unwrap_or(self.code.len())
    }

    fn push(&mut self, text: &str, layer: Layer) {
        for letter in text.chars() {
            let blank = if letter == '\n' { '\n' } else { ' ' };
            let (code, comment) = match layer {
                Layer::Code => (letter, blank),
                Layer::Comments => (blank, letter),
                Layer::Neither => (blank, blank),
            };
            self.code.push(code);
            self.comments.push(comment);
        }
    }
}

/// The places at which a word stands in a text, whole.
pub fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word)
        .map(|(place, _)| place)
        .filter(move |&place| {
            let before = text[..place].chars().next_back().is_some_and(is_part);
            let after = text[place + word.len()..]
                .chars()
                .next()
                .is_some_and(is_part);
            !before && !after
        })
}

#[derive(Clone, Copy)]
enum Layer {
    Code,
    Comments,
    Neither,
}

/// How many bytes the next token takes, and what follows it. `before` is the code so far.
fn in_code(rest: &str, before: &str) -> (usize, State) {
    if rest.starts_with("//") {
        return (2, State::Line);
    }
    if rest.starts_with("/*") {
        return (2, State::Block { depth: 1 });
    }
    let after_word = before.ends_with(|letter: char| letter.is_alphanumeric() || letter == '_');
    if let Some(raw) = rest
        .strip_prefix("br")
        .or(rest.strip_prefix("cr"))
        .or(rest.strip_prefix('r'))
        && !after_word
    {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return (
                rest.len() - raw.len() + hashes + 1,
                State::RawText { hashes },
            );
        }
    }
    if rest.starts_with('"') {
        return (1, State::Text);
    }
    if let Some(quoted) = rest.strip_prefix('\'') {
        return (
            character(quoted).map_or(1, |length| 1 + length),
            State::Code,
        );
    }
    (rest.chars().next().map_or(0, char::len_utf8), State::Code)
}

/// The length of a character and its closing quote, or None after the quote of a lifetime.
fn character(quoted: &str) -> Option<usize> {
    let mut letters = quoted.char_indices();
    let (_, first) = letters.next()?;
    if first == '\\' {
        letters.next()?; // whatever is escaped, also a quote
        return letters
            .find(|(_, letter)| *letter == '\'')
            .map(|(place, _)| place + 1);
    }
    letters
        .next()
        .filter(|(_, letter)| *letter == '\'')
        .map(|(place, _)| place + 1)
}

fn in_block(rest: &str, depth: u32) -> (usize, State) {
    if rest.starts_with("/*") {
        (2, State::Block { depth: depth + 1 })
    } else if rest.starts_with("*/") {
        (
            2,
            if depth == 1 {
                State::Code
            } else {
                State::Block { depth: depth - 1 }
            },
        )
    } else {
        (
            rest.chars().next().map_or(0, char::len_utf8),
            State::Block { depth },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, code: &str, comments: &str) {
        let source = Source::read(text);
        let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeeze(&source.code), code, "{text}");
        assert_eq!(squeeze(&source.comments), comments, "{text}");
        assert_eq!(source.code.lines().count(), text.lines().count(), "{text}");
        assert_eq!(source.code.chars().count(), text.chars().count(), "{text}");
    }

    #[test]
    fn comments_leave_the_code() {
        check("a; // b\nc;", "a; c;", "// b");
        check("a /* b /* c */ d */ e", "a e", "/* b /* c */ d */");
        check("a; /// doc `x`\nb", "a; b", "/// doc `x`");
    }

    #[test]
    fn strings_are_blank() {
        check(r#"f("a // b", c)"#, r#"f(" ", c)"#, "");
        check(r#"f("a \" b", c)"#, r#"f(" ", c)"#, "");
        check(r###"f(r#"a " b"#, c)"###, r###"f(r#" "#, c)"###, "");
        check(r#"f(b"a", br"\", r"\")"#, r#"f(b" ", br" ", r" ")"#, "");
    }

    #[test]
    fn lifetimes_are_no_characters() {
        check(
            "fn f<'a>(x: &'a str) { '\"'; '\\''; '\\u{41}'; 'ß' }",
            "fn f<'a>(x: &'a str) { '\"'; '\\''; '\\u{41}'; 'ß' }",
            "",
        );
        check("let for_r = number\"x\";", "let for_r = number\" \";", "");
    }

    #[test]
    fn words_are_whole() {
        let source = Source::read("unsafe { not_unsafe } // unsafe");
        assert_eq!(source.words("unsafe").collect::<Vec<_>>(), [0]);
    }
}
