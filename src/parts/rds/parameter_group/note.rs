//! The notes on a parameter group of what its parameters were before, kept in its tags.

use std::fmt;

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::aws;
use crate::aws::rds::Rds;
use crate::aws::rds::parameters::Parameter;
use crate::parts::rds::parameter_group::Previous;

/// The notes on a group, as they were when it was looked at.
#[derive(Debug)]
pub struct Notes<'a> {
    rds: &'a Rds,
    arn: &'a str,
    tags: Vec<(String, String)>,
}

/// The note on a group of what a parameter was before, and of the value that was to be written.
///
/// It holds for as long as the parameter has either of the two; if it has neither, somebody else has changed it since.
/// In the tag it is `SOURCE:VALUE:OURS:MARK`, characters that tags lack as `=` and two hexadecimal digits. The mark says
/// which resource has written it; an older note lacks it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    previous: Previous,
    ours: String,
    mark: Option<String>,
}

/// What is to be noted, and whose notes may be replaced.
#[derive(Clone, Copy)]
pub struct Owner<'a> {
    /// The mark of the resource; nothing if it was imported without a note.
    pub mark: Option<&'a str>,
    /// Whether a note with this mark was written for the same resource.
    pub is_own: &'a (dyn Fn(&str) -> bool + Sync),
}

/// Why a parameter is not noted.
#[derive(Clone, Debug)]
pub enum NotNoted {
    /// Another resource manages it, as the mark in its note says.
    Managed(String),
    /// AWS refuses, or the note is too long.
    Failed(Diagnostic),
}

/// What AWS allows as the value of a tag.
const LONGEST_TAG: usize = 256;

// === impl Notes ===

impl<'a> Notes<'a> {
    /// Looks at the group of an ARN.
    ///
    /// # Errors
    /// AWS refuses to tell.
    pub async fn read(rds: &'a Rds, arn: &'a str) -> Result<Self, aws::Error> {
        Ok(Self { rds, arn, tags: rds.tags(arn).await? })
    }

    /// What a parameter was before, from the resource's own note or else as it is now. Notes that before our value comes.
    ///
    /// # Errors
    /// Another resource manages it; AWS refuses; the note is too long.
    pub async fn previous(&self, parameter: &Parameter, ours: &str, owner: Owner<'_>) -> Result<Previous, NotNoted> {
        if let Some(mark) = self.mark(&parameter.name).filter(|mark| !(owner.is_own)(mark)) {
            return Err(NotNoted::Managed(mark));
        }
        let noted = self.of(parameter);
        let previous = noted.as_ref().map_or_else(|| Previous::of(parameter), |note| note.previous.clone());
        if noted.is_none_or(|note| note.ours != ours || note.mark.as_deref() != owner.mark) {
            note(self.rds, self.arn, &parameter.name, &previous, ours, owner.mark).await?;
        }
        Ok(previous)
    }

    /// The mark of the resource that manages a parameter, whatever its value is by now.
    pub fn mark(&self, name: &str) -> Option<String> {
        let key = key(name);
        let (_, text) = self.tags.iter().find(|(found, _)| *found == key)?;
        Note::parse(text)?.mark
    }

    /// What a parameter was before, from its note or else as it is now.
    pub fn recall(&self, parameter: &Parameter) -> Previous {
        self.of(parameter).map_or_else(|| Previous::of(parameter), |note| note.previous)
    }

    fn of(&self, parameter: &Parameter) -> Option<Note> {
        let key = key(&parameter.name);
        let (_, text) = self.tags.iter().find(|(found, _)| *found == key)?;
        Note::parse(text).filter(|note| note.holds(parameter))
    }
}

impl From<Diagnostic> for NotNoted {
    fn from(error: Diagnostic) -> Self {
        Self::Failed(error)
    }
}

// === impl Note ===

impl Note {
    fn holds(&self, parameter: &Parameter) -> bool {
        self.previous.is(parameter) || parameter.is_set() && parameter.value.as_ref() == Some(&self.ours)
    }

    fn parse(text: &str) -> Option<Self> {
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

/// Stands for no value; no escape looks so.
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

/// Notes what a parameter was before.
///
/// # Errors
/// AWS refuses, or the note is too long.
pub async fn note(rds: &Rds, arn: &str, name: &str, previous: &Previous, ours: &str, mark: Option<&str>) -> Result<()> {
    let text = text(name, previous, ours, mark)?;
    Ok(rds.set_tag(arn, &key(name), &text).await?)
}

/// Whether what a parameter was before can be noted, and what it is to be.
///
/// # Errors
/// The note is too long for a tag.
pub fn fits(name: &str, previous: &Previous, ours: &str) -> Result<()> {
    const MARK: &str = "replication_iam_auth/0123456789abcdef"; // As long as one can be.
    text(name, previous, ours, Some(MARK)).map(drop)
}

fn text(name: &str, previous: &Previous, ours: &str, mark: Option<&str>) -> Result<String> {
    let text = Note { previous: previous.clone(), ours: ours.to_owned(), mark: mark.map(str::to_owned) }.to_string();
    if text.len() <= LONGEST_TAG {
        return Ok(text);
    }
    let detail = format!(
        "The previous value of \"{name}\" and the new one take {} characters as a note, and a tag of the parameter group \
         can hold {LONGEST_TAG}.\n\nSet \"on_destroy\" to \"reset\" or \"leave\", which need no note.",
        text.len()
    );
    Err(Diagnostic::error("Previous value does not fit into a tag", detail))
}

/// Takes the note on a parameter away.
///
/// # Errors
/// AWS refuses.
pub async fn forget(rds: &Rds, arn: &str, name: &str) -> Result<()> {
    Ok(rds.remove_tag(arn, &key(name)).await?)
}

fn key(name: &str) -> String {
    format!("rdsauth:previous:{}", escape(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(value: Option<&str>, source: &str) -> Parameter {
        Parameter {
            name: "shared_preload_libraries".to_owned(),
            value: value.map(str::to_owned),
            source: source.to_owned(),
            is_dynamic: false,
            data_type: "list".to_owned(),
            allowed: None,
            is_modifiable: true,
        }
    }

    #[test]
    fn a_note_survives_the_tag() {
        for (value, source, ours) in [
            (Some("a,b=c: {d}"), "user", "{DBInstanceClassMemory/32768}"),
            (Some(""), "user", ""),
            (None, "engine-default", "1"),
        ] {
            let previous = Previous { value: value.map(str::to_owned), source: source.to_owned() };
            for mark in [None, Some("parameter/1f".to_owned())] {
                let note = Note { previous: previous.clone(), ours: ours.to_owned(), mark };
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
    fn a_note_holds_until_somebody_else_has_changed_the_parameter() {
        let previous = Previous::of(&parameter(None, "engine-default"));
        let note = Note { previous, ours: "pgaudit".to_owned(), mark: None };
        for (value, source, holds) in [
            (Some("pgaudit"), "user", true),
            (None, "engine-default", true),
            (Some("auto_explain"), "user", false),
            (Some("pgaudit"), "system", false),
        ] {
            assert_eq!(note.holds(&parameter(value, source)), holds, "{value:?} {source}");
        }
    }
}
