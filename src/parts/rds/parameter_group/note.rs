//! The notes of previous parameter values, in the tags of a parameter group.

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::aws;
use crate::aws::rds::Rds;
use crate::aws::rds::parameters::Parameter;
use crate::records::previous::{Note, Previous, key};

/// The notes on a group, as they were when it was looked at.
#[derive(Debug)]
pub struct Notes<'a> {
    rds: &'a Rds,
    arn: &'a str,
    tags: Vec<(String, String)>,
}

/// What to note, and whose notes may be replaced.
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

/// The greatest length of a tag's value in AWS.
const LONGEST_TAG: usize = 256;

// === impl Notes ===

impl<'a> Notes<'a> {
    /// Reads the group of an ARN.
    ///
    /// # Errors
    /// AWS refuses the read.
    pub async fn read(rds: &'a Rds, arn: &'a str) -> Result<Self, aws::Error> {
        Ok(Self { rds, arn, tags: rds.tags(arn).await? })
    }

    /// The previous value of a parameter, from the resource's own note or else its present value. Noted before our
    /// value is written.
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

    /// The previous value of a parameter, from its note or else its present value.
    pub fn recall(&self, parameter: &Parameter) -> Previous {
        self.of(parameter).map_or_else(|| Previous::of(parameter), |note| note.previous)
    }

    fn of(&self, parameter: &Parameter) -> Option<Note> {
        let key = key(&parameter.name);
        let (_, text) = self.tags.iter().find(|(found, _)| *found == key)?;
        Note::parse(text).filter(|note| note.holds(&Previous::of(parameter)))
    }
}

impl From<Diagnostic> for NotNoted {
    fn from(error: Diagnostic) -> Self {
        Self::Failed(error)
    }
}

/// Notes the previous value of a parameter.
///
/// # Errors
/// AWS refuses, or the note is too long.
pub async fn note(rds: &Rds, arn: &str, name: &str, previous: &Previous, ours: &str, mark: Option<&str>) -> Result<()> {
    let text = text(name, previous, ours, mark)?;
    Ok(rds.set_tag(arn, &key(name), &text).await?)
}

/// Checks that the previous value of a parameter and its new one can be noted.
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
        "The provider stores the previous value of \"{name}\" in a tag of the parameter group. With the new value \
         this takes {} characters, and a tag value is limited to {LONGEST_TAG}.\n\nSet \"on_destroy\" to \"reset\" \
         or \"leave\", which do not need the previous value.",
        text.len()
    );
    Err(Diagnostic::error("Previous value does not fit into a tag", detail))
}

/// Removes the note on a parameter.
///
/// # Errors
/// AWS refuses.
pub async fn forget(rds: &Rds, arn: &str, name: &str) -> Result<()> {
    Ok(rds.remove_tag(arn, &key(name)).await?)
}
