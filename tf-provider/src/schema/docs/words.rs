//! The documentation of one attribute: on its page, in editors and in `terraform providers schema`.

use crate::schema::{Attribute, Timeouts};
use crate::value::{Type, Value};

/// The doc comment, and the rules: checks, default, replacement. Markdown, one paragraph.
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
    /// The documentation of the `timeouts` block.
    pub const DESCRIPTION: &'static str = "Limits for how long operations may take.";
}

/// The sentences that are generated.
pub(crate) fn generated(attribute: &Attribute) -> Vec<String> {
    let flags = &attribute.flags;
    let mut sentences = flags.relations.clone();
    sentences.extend(flags.checks.iter().map(|check| format!("{}.", capital(&check.sentence))));
    let one = if matches!(attribute.ty, Type::Map(_)) { "value" } else { "element" };
    sentences.extend(flags.each.iter().map(|check| format!("Each {one} {}.", check.sentence)));
    if let Some(default) = &flags.default {
        sentences.push(format!("Defaults to {}.", code(&literal(default))));
    }
    if flags.write_only {
        let partner = attribute.version();
        if !attribute.doc.contains(&partner) {
            sentences.push(format!("Write-only: never stored in state or plan. Change `{partner}` to send it again."));
        }
    }
    if flags.replace {
        sentences.push("Changing this forces a new resource to be created.".to_owned());
    }
    sentences.extend(flags.deprecated.map(str::to_owned));
    sentences
}

/// The description in the schema sent to core: the page without examples, schema and sections.
pub(crate) fn lead(doc: &str) -> String {
    lead_and_sections(doc).0.to_owned()
}

/// The part of an entity's doc comment before its first section, and its sections. A page has its examples and its
/// schema between them.
pub(crate) fn lead_and_sections(doc: &str) -> (&str, &str) {
    let (mut at, mut is_code) = (0, false);
    for line in doc.split_inclusive('\n') {
        if line.starts_with("## ") && !is_code {
            break;
        }
        is_code ^= line.trim_start().starts_with("```");
        at += line.len();
    }
    let (lead, sections) = doc.split_at(at);
    (lead.trim(), sections.trim())
}

/// The description of an entity in the registry's lists.
pub(crate) fn first_paragraph(doc: &str) -> &str {
    doc.trim().split("\n\n").next().unwrap_or_default()
}

/// Where a doc comment breaks its lines is the source's matter.
pub(crate) fn flowed(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn capital(clause: &str) -> String {
    let mut chars = clause.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn code(text: &str) -> String {
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// A string as it is; everything else as in HCL.
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
