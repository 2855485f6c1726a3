//! The `## Schema` section of a page.

use std::collections::BTreeMap;

use crate::schema::docs::words::{description, identity_description};
use crate::schema::{Attribute, Nesting, TIMEOUTS, Table, Timeouts};
use crate::value::{ObjectType, Type};

/// Attributes and blocks by name, as the registry lists them.
struct Rows<'a>(BTreeMap<&'a str, Row<'a>>);

struct Row<'a> {
    group: Group,
    /// Type, marks and description.
    text: String,
    write_only: bool,
    /// Rows of one text that share a line.
    ignored: bool,
    nested: Option<Nested<'a>>,
}

struct Nested<'a> {
    anchor: &'static str,
    rows: Rows<'a>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

const GROUPS: [(Group, &str); 3] =
    [(Group::Required, "Required"), (Group::Optional, "Optional"), (Group::ReadOnly, "Read-Only")];

const WRITE_ONLY: &str =
    "[Write-only](https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments)";

const WRITE_ONLY_NOTE: &str = "> **NOTE**: [Write-only arguments]\
     (https://developer.hashicorp.com/terraform/language/resources/ephemeral#write-only-arguments) \
     are supported in Terraform 1.11 and later.\n\n";

/// The section with all its nested schemas.
pub(crate) fn section(table: &Table) -> String {
    let mut out = "## Schema\n\n".to_owned();
    of_table(table).write(&mut out, &[]);
    out
}

/// The attributes of an identity.
pub(crate) fn identity(table: &Table) -> String {
    let mut out = "### Identity Schema\n\n".to_owned();
    for (required, title) in [(true, "Required"), (false, "Optional")] {
        let rows: BTreeMap<&str, &Attribute> = table
            .identity()
            .filter(|attribute| attribute.is_required() == required)
            .map(|attribute| (attribute.name, attribute))
            .collect();
        if !rows.is_empty() {
            out.push_str(&format!("#### {title}\n\n"));
        }
        for (name, attribute) in rows {
            out.push_str(&line(name, &described(&type_name(&attribute.ty), &identity_description(attribute))));
        }
        out.push('\n');
    }
    out
}

/// How a type is called in a schema: `List of String`.
pub(crate) fn type_name(ty: &Type) -> String {
    match ty {
        Type::Bool => "Boolean".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::String => "String".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", type_name(element)),
        Type::Set(element) => format!("Set of {}", type_name(element)),
        Type::Map(element) => format!("Map of {}", type_name(element)),
        Type::Tuple(_) => "Tuple".to_owned(),
        Type::Object(_) => "Object".to_owned(),
    }
}

/// Least and greatest number of blocks, as the schema sent to core states them; 0 is no limit.
fn occurrences(attribute: &Attribute, nesting: Nesting) -> (u64, u64) {
    let flags = &attribute.flags;
    match nesting {
        Nesting::Single => (flags.min.min(1), flags.min.min(1)),
        Nesting::List | Nesting::Set => (flags.min, flags.max),
    }
}

fn of_table(table: &Table) -> Rows<'_> {
    let own = table.attributes.iter().map(|attribute| {
        let row = match attribute.block() {
            Some((nesting, table)) => of_block(attribute, nesting, table),
            None => of_attribute(attribute),
        };
        (attribute.name, row)
    });
    Rows(own.chain(table.timeouts.as_ref().map(|timeouts| (TIMEOUTS, of_timeouts(timeouts)))).collect())
}

fn of_attribute(attribute: &Attribute) -> Row<'_> {
    let group = if attribute.is_required() {
        Group::Required
    } else if attribute.is_optional() || attribute.flags.default.is_some() {
        Group::Optional
    } else {
        Group::ReadOnly
    };
    let mut marks = type_name(&attribute.ty);
    for (mark, applies) in [
        ("Sensitive", attribute.is_sensitive()),
        ("Deprecated", attribute.flags.deprecated.is_some()),
        (WRITE_ONLY, attribute.flags.write_only),
    ] {
        if applies {
            marks.push_str(", ");
            marks.push_str(mark);
        }
    }
    Row {
        group,
        text: described(&marks, &description(attribute)),
        write_only: attribute.flags.write_only,
        ignored: attribute.flags.ignored,
        nested: of_type(&attribute.ty, group, "nestedatt"),
    }
}

fn of_block<'a>(attribute: &Attribute, nesting: Nesting, table: &'a Table) -> Row<'a> {
    let rows = of_table(table);
    let (min, max) = occurrences(attribute, nesting);
    let group = rows.group_of_block(min);
    let mut marks = match (nesting, group) {
        (Nesting::List, _) => "Block List".to_owned(),
        (Nesting::Set, _) => "Block Set".to_owned(),
        (Nesting::Single, Group::Required) => "Block, Required".to_owned(),
        (Nesting::Single, Group::Optional) => "Block, Optional".to_owned(),
        (Nesting::Single, Group::ReadOnly) => "Block, Read-only".to_owned(),
    };
    if min > 0 && nesting != Nesting::Single {
        marks.push_str(&format!(", Min: {min}"));
    }
    if max > 0 {
        marks.push_str(&format!(", Max: {max}"));
    }
    if attribute.flags.deprecated.is_some() {
        marks.push_str(", Deprecated");
    }
    Row {
        group,
        text: described(&marks, &description(attribute)),
        write_only: rows.0.values().any(|row| row.write_only),
        ignored: false,
        nested: Some(Nested { anchor: "nestedblock", rows }),
    }
}

fn of_timeouts(timeouts: &Timeouts) -> Row<'_> {
    let limit = |(operation, default): &(&'static str, &str)| {
        let text = described("String", &Timeouts::description(operation, default));
        (*operation, Row { group: Group::Optional, text, write_only: false, ignored: false, nested: None })
    };
    Row {
        group: Group::Optional,
        text: described("Block, Optional", Timeouts::DESCRIPTION),
        write_only: false,
        ignored: false,
        nested: Some(Nested { anchor: "nestedblock", rows: Rows(timeouts.0.iter().map(limit).collect()) }),
    }
}

/// The attributes of an object or of a collection's objects; their presence is the whole's.
fn of_type<'a>(ty: &'a Type, group: Group, anchor: &'static str) -> Option<Nested<'a>> {
    let object = match ty {
        Type::Object(object) => object,
        Type::List(element) | Type::Set(element) | Type::Map(element) => match &**element {
            Type::Object(object) => object,
            _ => return None,
        },
        _ => return None,
    };
    Some(Nested { anchor, rows: of_object(object, group) })
}

fn of_object(object: &ObjectType, group: Group) -> Rows<'_> {
    let row = |ty| {
        let nested = of_type(ty, group, "nestedobjatt");
        Row { group, text: described(&type_name(ty), ""), write_only: false, ignored: false, nested }
    };
    Rows(object.attributes.iter().map(|(name, ty)| (name.as_str(), row(ty))).collect())
}

fn described(marks: &str, description: &str) -> String {
    if description.is_empty() { format!("({marks})") } else { format!("({marks}) {description}") }
}

fn line(name: &str, text: &str) -> String {
    format!("- `{name}` {text}\n")
}

// === impl Rows ===

impl Rows<'_> {
    /// A block can be set if anything in it can.
    fn group_of_block(&self, min: u64) -> Group {
        if min > 0 {
            Group::Required
        } else if self.0.is_empty() || self.0.values().any(|row| row.group != Group::ReadOnly) {
            Group::Optional
        } else {
            Group::ReadOnly
        }
    }

    fn write(&self, out: &mut String, path: &[&str]) {
        let mut nested = Vec::new();
        for (group, title) in GROUPS {
            let rows: Vec<_> = self.0.iter().filter(|(_, row)| row.group == group).collect();
            if rows.is_empty() {
                continue;
            }
            out.push_str(&if path.is_empty() { format!("### {title}\n\n") } else { format!("{title}:\n\n") });
            if rows.iter().any(|(_, row)| row.write_only) {
                out.push_str(WRITE_ONLY_NOTE);
            }
            let (ignored, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, row)| row.ignored);
            for (name, row) in rows {
                let path = [path, &[*name]].concat();
                let link =
                    row.nested.as_ref().map(|inner| format!(" (see [below for nested schema](#{}))", inner.id(&path)));
                out.push_str(&line(name, &format!("{}{}", row.text, link.unwrap_or_default())));
                nested.extend(row.nested.as_ref().map(|inner| (path, inner)));
            }
            if let Some((_, row)) = ignored.first() {
                let names: Vec<String> = ignored.iter().map(|(name, _)| format!("`{name}`")).collect();
                out.push_str(&format!("- {} {}\n", names.join(", "), row.text));
            }
            out.push('\n');
        }
        for (path, inner) in nested {
            out.push_str(&format!(
                "<a id=\"{}\"></a>\n### Nested Schema for `{}`\n\n",
                inner.id(&path),
                path.join(".")
            ));
            inner.rows.write(out, &path);
            out.push('\n');
        }
    }
}

impl Nested<'_> {
    fn id(&self, path: &[&str]) -> String {
        format!("{}--{}", self.anchor, path.join("--"))
    }
}
