//! A look at a source before it is parsed: how deep it goes.
//!
//! The parser goes down the stack with each bracket and with whatever stands before its operand (`-`, `if (…)`, `else`, `? :`, `=`). So that a source can never
//! end the process, this pass counts both without a stack of its own and refuses what goes too deep. It may count too much, never too
//! little: where it cannot tell (regular expressions, which the language has not), it refuses.

use super::super::diagnostic::{Outcome, problem};
use super::super::ir::At;

/// Levels. Code that people write stays below 30; a level costs the parser up to 6 KiB of stack.
const LEVELS_MAX: usize = 128;

/// Bytes of one source.
const BYTES_MAX: usize = 16 << 20;

/// Refuses sources that are too deep or too large to be parsed.
pub fn guard(source: u32, text: &str) -> Outcome<()> {
    let at = |byte: usize| At {
        source,
        byte: byte as u32,
    };
    if text.len() > BYTES_MAX {
        return problem(
            at(0),
            format!(
                "the file has {} bytes; {BYTES_MAX} is the most: split it",
                text.len()
            ),
        );
    }
    let mut scan = Scan {
        text: text.as_bytes(),
        place: 0,
        open: Vec::new(),
        run: 0,
        levels: 0,
        before: Before::Start,
        header: false,
    };
    scan.all()
        .map_err(|(byte, message)| super::super::diagnostic::Problem {
            at: at(byte),
            message,
        })
}

#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// An operand may follow, so a slash would begin a regular expression.
    Start,
    /// An operand ended.
    Operand,
    /// `)` after `if (…`, `while (…`, `for (…`: a statement follows.
    Header,
    /// `}`.
    Brace,
}

struct Open {
    mark: u8,
    run: usize,
    header: bool,
}

struct Scan<'t> {
    text: &'t [u8],
    place: usize,
    open: Vec<Open>,
    /// Levels since the statement began, beside the brackets.
    run: usize,
    levels: usize,
    before: Before,
    /// The last word was `if`, `while`, `for` or `with`.
    header: bool,
}

type Refusal = (usize, String);

impl Scan<'_> {
    fn all(&mut self) -> Result<(), Refusal> {
        while let Some(&byte) = self.text.get(self.place) {
            let start = self.place;
            match byte {
                b'\n' | b'\r' => {
                    self.place += 1;
                    // A line that ends in an operand may end a statement; if it does not, no level is lost: what follows is an operator.
                    if self.before == Before::Operand
                        && !self.operator_follows()
                        && !self.else_follows()
                    {
                        self.statement();
                    }
                }
                b' ' | b'\t' => self.place += 1,
                b'/' if self.at(1) == Some(b'/') => self.line_comment(),
                b'/' if self.at(1) == Some(b'*') => self.block_comment(),
                b'/' if self.before != Before::Operand => {
                    return Err((
                        start,
                        "no regular expressions are in the language; write a comparison, or put parentheses around what is divided".to_owned(),
                    ));
                }
                b'"' | b'\'' => self.string(byte),
                b'`' => {
                    return Err((
                        start,
                        "no text is in the language; use numbers and booleans".to_owned(),
                    ));
                }
                b'(' | b'[' | b'{' => {
                    let header = std::mem::take(&mut self.header) && byte == b'(';
                    self.open.push(Open {
                        mark: byte,
                        run: self.run,
                        header,
                    });
                    self.down(start)?;
                    self.before = Before::Start;
                    self.place += 1;
                }
                b')' | b']' | b'}' => self.close(byte),
                b';' => {
                    self.place += 1;
                    if !self.else_follows() {
                        self.statement();
                    }
                    self.before = Before::Start;
                }
                byte if byte.is_ascii_alphanumeric()
                    || byte == b'_'
                    || byte == b'$'
                    || byte >= 0x80 =>
                {
                    self.word(start)?;
                }
                _ => {
                    // Every mark counts but those that join operands from the left, of which the parser makes a loop.
                    self.header = false;
                    let joins = self.before == Before::Operand && b"+-*/%,.&|^".contains(&byte);
                    if !joins && !matches!(byte, b'.' | b',') {
                        self.down(start)?;
                    }
                    self.before = match byte {
                        b'+' | b'-'
                            if self.at(1) == Some(byte) && self.before == Before::Operand =>
                        {
                            self.place += 1;
                            Before::Operand
                        }
                        _ => Before::Start,
                    };
                    self.place += 1;
                    if byte == b'*' && self.at(0) == Some(b'*') {
                        self.down(start)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn at(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.place + ahead).copied()
    }

    fn down(&mut self, start: usize) -> Result<(), Refusal> {
        self.run += 1;
        self.levels = self.run;
        if self.levels > LEVELS_MAX {
            return Err((
                start,
                format!(
                    "this is nested more than {LEVELS_MAX} deep; give parts of it names of their own"
                ),
            ));
        }
        Ok(())
    }

    /// A statement ended: what counts now is what stands around it.
    fn statement(&mut self) {
        self.run = self.open.last().map_or(0, |open| open.run + 1);
    }

    fn close(&mut self, byte: u8) {
        let mark = match byte {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        let mut header = false;
        // A bracket that does not match is the parser's to refuse; it stops there.
        if let Some(open) = self.open.pop_if(|open| open.mark == mark) {
            self.run = open.run;
            header = open.header;
        }
        self.place += 1;
        self.header = false;
        self.before = match byte {
            b')' if header => Before::Header,
            b'}' => {
                if !self.else_follows() && !self.operator_follows() {
                    self.statement();
                }
                Before::Brace
            }
            _ => Before::Operand,
        };
    }

    fn word(&mut self, start: usize) -> Result<(), Refusal> {
        let is_part =
            |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80;
        while self.at(0).is_some_and(is_part) {
            self.place += 1;
        }
        let word = &self.text[start..self.place];
        const BEFORE_AN_OPERAND: [&[u8]; 18] = [
            b"if", b"else", b"while", b"for", b"do", b"with", b"return", b"typeof", b"void",
            b"delete", b"new", b"await", b"yield", b"in", b"of", b"extends", b"keyof", b"case",
        ];
        self.header = matches!(word, b"if" | b"while" | b"for" | b"with");
        self.before = match BEFORE_AN_OPERAND.contains(&word) {
            true => {
                self.down(start)?;
                Before::Start
            }
            false => Before::Operand,
        };
        Ok(())
    }

    fn line_comment(&mut self) {
        let ends = |rest: &[u8]| {
            // U+2028 and U+2029 end a line too.
            matches!(rest[0], b'\n' | b'\r')
                || rest.starts_with(b"\xe2\x80\xa8")
                || rest.starts_with(b"\xe2\x80\xa9")
        };
        while self.place < self.text.len() && !ends(&self.text[self.place..]) {
            self.place += 1;
        }
    }

    fn block_comment(&mut self) {
        self.place += 2;
        while self.place < self.text.len() && !self.text[self.place..].starts_with(b"*/") {
            self.place += 1;
        }
        self.place = (self.place + 2).min(self.text.len());
    }

    fn string(&mut self, quote: u8) {
        self.place += 1;
        while let Some(byte) = self.at(0) {
            self.place += 1;
            match byte {
                b'\\' if self.text[self.place..].starts_with(b"\r\n") => self.place += 2,
                b'\\' => self.place += 1,
                b'\n' | b'\r' => break,
                byte if byte == quote => break,
                _ => {}
            }
        }
        self.header = false;
        self.before = Before::Operand;
    }

    /// What comes next after blanks and ends of lines.
    fn next_text(&self) -> &[u8] {
        let rest = &self.text[self.place.min(self.text.len())..];
        let blank = rest
            .iter()
            .take_while(|byte| byte.is_ascii_whitespace())
            .count();
        &rest[blank..]
    }

    fn operator_follows(&self) -> bool {
        const WORDS: [&[u8]; 7] = [
            b"extends",
            b"in",
            b"of",
            b"as",
            b"is",
            b"instanceof",
            b"satisfies",
        ];
        let text = self.next_text();
        let next = text.first().copied().unwrap_or(b'a');
        WORDS.iter().any(|word| text.starts_with(word))
            || !(next.is_ascii_alphanumeric() || b"_$}".contains(&next) || next >= 0x80)
    }

    fn else_follows(&self) -> bool {
        let next = self.next_text();
        next.starts_with(b"else") || next.starts_with(b"/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        guard(0, text).err().map(|problem| problem.message)
    }

    #[test]
    fn long_sources_are_not_deep() {
        assert_eq!(refused(&"a = b + c(d, [e]) * -f\n".repeat(10_000)), None);
        assert_eq!(
            refused(&"if (a) { b = 1; } else { c = 2; }\n".repeat(10_000)),
            None
        );
        assert_eq!(refused(&format!("x = {}1;", "a + ".repeat(10_000))), None);
        assert_eq!(
            refused("'((((((((' // ((((\n/* (((( */".repeat(1000).as_str()),
            None
        );
        assert_eq!(
            refused(
                "for (let i = 0; i < n; i++) { a[i] -= b[i] / c; }\n"
                    .repeat(1000)
                    .as_str()
            ),
            None
        );
    }

    #[test]
    fn deep_sources_are_refused() {
        for piece in [
            "(",
            "[",
            "{",
            "x = (",
            "-",
            "!",
            "- -",
            "~",
            "if (a) ",
            "else ",
            "a ? b : ",
            "a = ",
            "a => ",
            "a ** ",
            "new ",
            "typeof ",
            "do ",
            "while (1) ",
            "a<",
            "a: ",
            "if (a)\n",
            "!\n",
            "=\n",
            "f(a, ",
            "{ a: [",
            "x = \"\\\r\n\"(",
            "else if (a) {}",
            "keyof ",
            "a extends b ? c : ",
            "a\nextends b ? c : ",
            "a ? {} : ",
            "if (a) b; else ",
            "if (a) b\nelse ",
        ] {
            let text = piece.repeat(2_000);
            assert!(refused(&text).is_some(), "{piece:?}");
        }
        assert!(refused("a = /(/").is_some());
        assert!(refused("if (a) /(/").is_some());
        assert!(refused("`${a}`").is_some());
    }
}
