//! The previous value of a parameter of a parameter group, noted in a tag of the group.

use std::fmt;

/// The value of a parameter before it was managed here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// Its value, if it had one.
    pub value: Option<String>,
    /// Who said so: `user`, `system` or `engine-default`.
    pub source: String,
}

/// The note on a group of a parameter's previous value and of the new value.
///
/// It is valid while the parameter has either of the two; with any other value it has been changed by others since. In
/// the tag it is `SOURCE:VALUE:OURS:MARK`, with characters that tags do not allow as `=` and two hexadecimal digits.
/// The mark says which resource has written it; notes of older versions have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The previous value.
    pub previous: Previous,
    /// The new value.
    pub ours: String,
    /// Which resource has written it.
    pub mark: Option<String>,
}

impl Note {
    /// Whether a parameter that is so now still has either of the two values.
    pub fn holds(&self, now: &Previous) -> bool {
        self.previous == *now || now.set() == Some(&self.ours)
    }

    /// Reads the tag.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, ':');
        let (source, value, ours) = (parts.next()?.to_owned(), parts.next()?, parts.next()?);
        let value = if value == NOTHING { None } else { Some(unescape(value)?) };
        Some(Self {
            previous: Previous { value, source },
            ours: unescape(ours)?,
            mark: parts.next().map(str::to_owned),
        })
    }
}

/// Represents a missing value; no escape has this form.
const NOTHING: &str = "=";

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.previous.value.as_deref().map_or_else(|| NOTHING.to_owned(), escape);
        write!(f, "{}:{value}:{}", self.previous.source, escape(&self.ours))?;
        self.mark.iter().try_for_each(|mark| write!(f, ":{mark}"))
    }
}

fn escape(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'/' | b'+' | b'-' | b'@' => {
            char::from(byte).to_string()
        }
        other => format!("={other:02X}"),
    };
    text.bytes().map(escape).collect()
}

fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        match (first, after) {
            (b'=', [high, low, after @ ..]) => {
                let digits = [*high, *low];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
                rest = after;
            }
            (b'=', _) => return None,
            (other, after) => {
                bytes.push(*other);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

/// The key of the tag on a parameter.
pub fn key(name: &str) -> String {
    format!("rdsauth:previous:{}", escape(name))
}

impl Previous {
    /// The value, if a user had set it.
    pub fn set(&self) -> Option<&str> {
        self.value.as_deref().filter(|_| self.source == "user")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn previous(value: Option<&str>, source: &str) -> Previous {
        Previous { value: value.map(str::to_owned), source: source.to_owned() }
    }

    #[test]
    fn a_note_survives_the_tag() {
        for (value, source, ours) in [
            (Some("a,b=c: {d}"), "user", "{DBInstanceClassMemory/32768}"),
            (Some(""), "user", ""),
            (None, "engine-default", "1"),
        ] {
            for mark in [None, Some("parameter/1f".to_owned())] {
                let note = Note { previous: previous(value, source), ours: ours.to_owned(), mark };
                let text = note.to_string();
                assert_eq!(Note::parse(&text).as_ref(), Some(&note), "{text}");
                let allowed = |c: char| c.is_ascii_alphanumeric() || "_.:/=+-@ ".contains(c);
                assert!(text.chars().all(allowed), "{text}");
            }
        }
        for text in ["", "user", "user:1", "user:=4:1", "user:=zz:1"] {
            assert_eq!(Note::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_note_holds_until_the_parameter_is_changed_elsewhere() {
        let note = Note { previous: previous(None, "engine-default"), ours: "pgaudit".to_owned(), mark: None };
        for (value, source, holds) in [
            (Some("pgaudit"), "user", true),
            (None, "engine-default", true),
            (Some("auto_explain"), "user", false),
            (Some("pgaudit"), "system", false),
        ] {
            assert_eq!(note.holds(&previous(value, source)), holds, "{value:?} {source}");
        }
    }
}
