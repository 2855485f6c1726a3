//! The words, names and punctuation in the output of MySQL and MariaDB.

use std::iter::Peekable;
use std::str::Chars;

/// The smallest part of a statement that means something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// Letters, digits, `_` and `$` without quotes.
    Word(String),
    /// A text in quotes of any kind.
    Name(String),
    /// Any other character.
    Mark(char),
}

impl Token {
    /// Whether it is a certain word, in any case.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.word().is_some_and(|own| own.eq_ignore_ascii_case(word))
    }

    /// The word, if it is one.
    pub(crate) fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The word or name, if it is one.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Word(text) | Self::Name(text) => Some(text),
            Self::Mark(_) => None,
        }
    }
}

/// Splits a text into tokens; nothing if a quote is not closed.
pub(crate) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' | '\r' => {}
            '`' | '\'' | '"' => tokens.push(Token::Name(quoted(&mut rest, c)?)),
            c if of_word(c) => {
                let mut word = String::from(c);
                while let Some(next) = rest.next_if(|next| of_word(*next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            mark => tokens.push(Token::Mark(mark)),
        }
    }
    Some(tokens)
}

fn of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '$') || !c.is_ascii()
}

/// The text up to the closing quote; a doubled quote is a literal one.
fn quoted(rest: &mut Peekable<Chars<'_>>, quote: char) -> Option<String> {
    let mut text = String::new();
    loop {
        match rest.next()? {
            c if c == quote => match rest.next_if_eq(&quote) {
                Some(doubled) => text.push(doubled),
                None => return Some(text),
            },
            '\\' if quote != '`' => text.push(rest.next()?),
            c => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        let name = |text: &str| Token::Name(text.to_owned());
        let word = |text: &str| Token::Word(text.to_owned());
        let of_text = |text: &str| tokens(text).unwrap();
        assert_eq!(of_text("ON `a``b\\`.*"), [word("ON"), name("a`b\\"), Token::Mark('.'), Token::Mark('*')]);
        assert_eq!(of_text(r"'it''s \'x\\'@''"), [name(r"it's 'x\"), Token::Mark('@'), name("")]);
        assert_eq!(of_text("X_1$,é"), [word("X_1$"), Token::Mark(','), word("é")]);
        assert_eq!(tokens("`open"), None);
        assert_eq!(tokens("'open\\'"), None);
    }
}
