//! What the user reads about one attribute: on its page, in editors and in `terraform providers schema`.

use crate::schema::{Attribute, Timeouts};
use crate::value::Value;

/// The doc comment, and what the rules say: checks, default, replacement. Markdown, one paragraph.
///
/// The schema sent to core and the rendered page both use it, so they cannot differ.
pub fn description(attribute: &Attribute) -> String {
    let doc = Some(flowed(&attribute.doc)).filter(|doc| !doc.is_empty());
    doc.into_iter().chain(generated(attribute)).collect::<Vec<_>>().join(" ")
}

/// The doc comment and its relations to others: an identity has neither defaults nor checks of its own.
pub fn identity_description(attribute: &Attribute) -> String {
    let doc = Some(flowed(&attribute.doc)).filter(|doc| !doc.is_empty());
    doc.into_iter().chain(attribute.flags.relations.iter().cloned()).collect::<Vec<_>>().join(" ")
}

impl Timeouts {
    /// What the user reads about the `timeouts` block.
    pub const DESCRIPTION: &'static str = "How long the operations may take.";
}

/// The sentences that nobody writes.
pub(crate) fn generated(attribute: &Attribute) -> Vec<String> {
    let flags = &attribute.flags;
    let mut sentences = flags.relations.clone();
    sentences.extend(flags.checks.iter().map(|check| format!("{}.", capital(&check.sentence))));
    sentences.extend(flags.each.iter().map(|check| format!("Each element {}.", check.sentence)));
    if let Some(default) = &flags.default {
        sentences.push(format!("Defaults to {}.", code(&literal(default))));
    }
    if flags.write_only {
        let partner = attribute.version();
        if !attribute.doc.contains(&partner) {
            sentences.push(format!("It is never stored: change `{partner}` to send it again."));
        }
    }
    if flags.replace {
        sentences.push("Changing this replaces the resource.".to_owned());
    }
    sentences.extend(flags.deprecated.map(str::to_owned));
    sentences
}

/// Where a doc comment breaks its lines is the source's matter.
fn flowed(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn capital(clause: &str) -> String {
    let mut chars = clause.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A text stands for itself; everything else is written as in HCL.
fn literal(value: &Value) -> String {
    match value {
        Value::String(text) if !text.is_empty() => text.clone(),
        other => hcl(other),
    }
}

fn hcl(value: &Value) -> String {
    let list = |elements: &mut dyn Iterator<Item = &Value>| elements.map(hcl).collect::<Vec<_>>().join(", ");
    match value {
        Value::Null | Value::Unknown(_) => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => serde_json::Value::from(value.as_str()).to_string(),
        Value::List(elements) => format!("[{}]", list(&mut elements.iter())),
        Value::Set(elements) => format!("[{}]", list(&mut elements.iter())),
        Value::Map(elements) if elements.is_empty() => "{}".to_owned(),
        Value::Map(elements) => {
            let elements: Vec<_> = elements.iter().map(|(key, value)| format!("{key} = {}", hcl(value))).collect();
            format!("{{ {} }}", elements.join(", "))
        }
        Value::Dynamic(_, value) => hcl(value),
    }
}
