//! The text form in words and marks.

use super::TextError;

/// The rest of a text, and where in it the reading is.
#[derive(Debug)]
pub struct Tokens<'t> {
    text: &'t str,
    place: usize,
    ahead: Option<&'t str>,
}

impl<'t> Tokens<'t> {
    pub fn new(text: &'t str) -> Self {
        let mut tokens = Tokens {
            text,
            place: 0,
            ahead: None,
        };
        tokens.advance();
        tokens
    }

    /// The next token; None at the end.
    pub fn peek(&self) -> Option<&'t str> {
        self.ahead
    }

    /// Takes the next token.
    pub fn next(&mut self) -> Result<&'t str, TextError> {
        let token = self.ahead.ok_or_else(|| self.error("the text ends"))?;
        self.advance();
        Ok(token)
    }

    /// Takes the next token if it is this one.
    pub fn eat(&mut self, token: &str) -> bool {
        let found = self.ahead == Some(token);
        if found {
            self.advance();
        }
        found
    }

    /// Takes this token.
    pub fn expect(&mut self, token: &str) -> Result<(), TextError> {
        match self.eat(token) {
            true => Ok(()),
            false => {
                let found = self.ahead.unwrap_or("the end");
                Err(self.error(&format!("`{token}` should stand here and not `{found}`")))
            }
        }
    }

    /// A whole number.
    pub fn number<N: std::str::FromStr>(&mut self) -> Result<N, TextError> {
        let token = self.next()?;
        token
            .parse()
            .map_err(|_| self.error(&format!("`{token}` is not a number that fits here")))
    }

    /// A message with the line at hand.
    pub fn error(&self, what: &str) -> TextError {
        TextError {
            line: self.text[..self.place].matches('\n').count() + 1,
            what: what.to_owned(),
        }
    }

    fn advance(&mut self) {
        let rest = &self.text[self.place..];
        let trimmed = rest.trim_start();
        let start = self.place + rest.len() - trimmed.len();
        let is_word = |letter: char| letter.is_alphanumeric() || "_:-+.".contains(letter);
        let length = match trimmed.chars().next() {
            None => 0,
            Some('"') => quoted(trimmed),
            Some(_) if trimmed.starts_with("..") => 2,
            // A number with its sign, fraction and exponent, or a name; `:` joins only `nan` and its bits.
            Some(first) if first.is_alphanumeric() || "_-".contains(first) => {
                let mut length = 0;
                for letter in trimmed.chars() {
                    let token = &trimmed[..length];
                    let number = token.starts_with(|c: char| c.is_ascii_digit() || c == '-');
                    let joins = match letter {
                        ':' => token == "nan",
                        '.' => {
                            number && !trimmed[length..].starts_with("..") && !token.contains('.')
                        }
                        '-' | '+' => token.is_empty() || (number && token.ends_with('e')),
                        letter => is_word(letter),
                    };
                    if !joins {
                        break;
                    }
                    length += letter.len_utf8();
                }
                length
            }
            Some(mark) => mark.len_utf8(),
        };
        self.ahead = (length > 0).then(|| &trimmed[..length]);
        self.place = start + length;
    }
}

/// The length of a string with its quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        match letter {
            '"' if !escaped => return place + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}
