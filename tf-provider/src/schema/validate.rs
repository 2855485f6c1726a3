//! Judging a configuration before anything else looks at it.

use crate::diagnostic::Diagnostic;
use crate::schema::{Attribute, Nesting, TIMEOUTS, Table, parse_duration};
use crate::value::{Object, Path, Value};

/// Applies the checks of every attribute whose value is known.
///
/// `write_only` says whether the client can keep write-only values out of the state.
pub fn config(table: &Table, config: &Object, write_only: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    object(table, config, &Path::root(), write_only, &mut found);
    if let Some(Value::Map(timeouts)) = config.get(TIMEOUTS)
        && table.timeouts.is_some()
    {
        let at = Path::root().attribute(TIMEOUTS);
        for (name, value) in timeouts {
            if let Some(Err(complaint)) = value.as_str().map(parse_duration) {
                let at = at.attribute(name);
                found.push(invalid(&at, format!("\"{at}\" {complaint}.")));
            }
        }
    }
    found
}

fn object(table: &Table, config: &Object, at: &Path, write_only: bool, found: &mut Vec<Diagnostic>) {
    for attribute in &table.attributes {
        let value = config.get(attribute.name).unwrap_or(&Value::Null);
        let at = at.attribute(attribute.name);
        match attribute.block() {
            Some((nesting, table)) => blocks(nesting, table, value, &at, write_only, found),
            None => leaf(attribute, value, &at, write_only, found),
        }
    }
}

fn blocks(nesting: Nesting, table: &Table, value: &Value, at: &Path, write_only: bool, found: &mut Vec<Diagnostic>) {
    match value {
        Value::Map(block) => object(table, block, at, write_only, found),
        value => {
            for (index, element) in value.as_elements().into_iter().flatten().enumerate() {
                let at = if nesting == Nesting::List { at.index(index) } else { at.clone() };
                if let Value::Map(block) = element {
                    object(table, block, &at, write_only, found);
                }
            }
        }
    }
}

fn leaf(attribute: &Attribute, value: &Value, at: &Path, write_only: bool, found: &mut Vec<Diagnostic>) {
    if value.is_null() {
        return;
    }
    if attribute.flags.write_only && !write_only {
        found.push(
            Diagnostic::error(
                "Write-only attributes are not supported here",
                format!(
                    "\"{}\" is never stored, which Terraform and OpenTofu can do from version 1.11 on.",
                    attribute.name
                ),
            )
            .at(at),
        );
    }
    if value.is_wholly_known() {
        if let Err(mismatch) = (attribute.fits)(value) {
            let at = mismatch.path.under(at);
            found.push(invalid(&at, format!("\"{at}\" is of the wrong kind: {}.", mismatch.message)));
            return;
        }
        let complaints = attribute.flags.checks.iter().filter_map(|check| check.complaint(at, value));
        found.extend(complaints.map(|complaint| invalid(at, complaint)));
    }
    for check in &attribute.flags.each {
        each(value, |element, step| {
            if let Some(complaint) = check.complaint(step(at), element) {
                found.push(invalid(&step(at), complaint));
            }
        });
    }
}

/// Visits the elements of a collection; those of a set have no address of their own.
fn each(value: &Value, mut visit: impl FnMut(&Value, &dyn Fn(&Path) -> Path)) {
    match value {
        Value::List(elements) => {
            elements.iter().enumerate().for_each(|(index, element)| visit(element, &|at| at.index(index)));
        }
        Value::Map(elements) => elements.iter().for_each(|(key, element)| visit(element, &|at| at.key(key))),
        Value::Set(elements) => elements.iter().for_each(|element| visit(element, &Path::clone)),
        _ => {}
    }
}

fn invalid(at: &Path, complaint: String) -> Diagnostic {
    Diagnostic::error("Invalid attribute value", complaint).at(at)
}
