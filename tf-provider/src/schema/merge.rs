//! Joining what an entity found or made with what Terraform already knows of it.

use crate::diagnostic::Diagnostic;
use crate::schema::{Attribute, TIMEOUTS, Table};
use crate::value::{Object, Path, Value};

/// An object as it is to be stored: complete, known, without secrets, and in the spelling it had.
///
/// `known` is what Terraform knows of it: the plan after a create or an update, the
/// state before a read. Where both mean the same its spelling stays, an empty
/// collection and an absent one included.
///
/// # Errors
/// The entity left a computed attribute unknown that is not known to be null, which is a mistake of the provider.
pub fn object(table: &Table, known: &Object, found: Object) -> Result<Object, Diagnostic> {
    let mut merged = nested(table, known, found, &Path::root())?;
    if table.timeouts.is_some() {
        merged.insert(TIMEOUTS.to_owned(), known.get(TIMEOUTS).cloned().unwrap_or_default());
    }
    Ok(merged)
}

/// What is left of an interrupted create or update: like [`object`], but what is unknown becomes null.
pub fn partial(table: &Table, known: &Object, saved: Object) -> Object {
    let mut saved = saved;
    saved.values_mut().for_each(null_unknowns);
    let mut known = known.clone();
    known.values_mut().for_each(null_unknowns);
    // The rest of the object must not be lost for a value that cannot be written.
    for attribute in &table.attributes {
        if let Some(value) = saved.get_mut(attribute.name)
            && value.conforms(&attribute.ty).is_err()
        {
            *value = known.get(attribute.name).cloned().unwrap_or_default();
        }
    }
    object(table, &known, saved).unwrap_or(known)
}

fn null_unknowns(value: &mut Value) {
    match value {
        Value::Unknown(_) => *value = Value::Null,
        Value::List(elements) => elements.iter_mut().for_each(null_unknowns),
        Value::Map(elements) => elements.values_mut().for_each(null_unknowns),
        Value::Set(elements) => {
            *elements = std::mem::take(elements)
                .into_iter()
                .map(|mut element| {
                    null_unknowns(&mut element);
                    element
                })
                .collect();
        }
        Value::Dynamic(_, inner) => null_unknowns(inner),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn nested(table: &Table, known: &Object, mut found: Object, at: &Path) -> Result<Object, Diagnostic> {
    let merge = |attribute: &Attribute| {
        let at = at.attribute(attribute.name);
        let known = known.get(attribute.name);
        let found = found.remove(attribute.name).unwrap_or_default();
        let value = match attribute.block() {
            Some((_, table)) => blocks(table, known.unwrap_or(&Value::Null), found, &at)?,
            // Nobody knew it before, as after an interrupted create, and the entity does not either.
            None if found.is_unknown() && known == Some(&Value::Null) => Value::Null,
            None => leaf(attribute, known.unwrap_or(&Value::Null), found, &at)?,
        };
        Ok((attribute.name.to_owned(), value))
    };
    table.attributes.iter().map(merge).collect()
}

fn leaf(attribute: &Attribute, known: &Value, found: Value, at: &Path) -> Result<Value, Diagnostic> {
    if attribute.flags.write_only {
        return Ok(Value::Null);
    }
    if !found.is_wholly_known() {
        return Err(Diagnostic::bug(format!("the value of \"{at}\" was left unknown")).at(at));
    }
    let spelling = is_empty(known) && is_empty(&found) || attribute.same(known, &found);
    Ok(if spelling { known.clone() } else { found })
}

fn blocks(table: &Table, known: &Value, found: Value, at: &Path) -> Result<Value, Diagnostic> {
    let none = Object::new();
    Ok(match found {
        Value::Map(found) => Value::Map(nested(table, known.as_map().unwrap_or(&none), found, at)?),
        Value::List(found) => {
            let known: Vec<&Value> = known.as_elements().into_iter().flatten().collect();
            let merge = |(index, found)| {
                blocks(table, known.get(index).copied().unwrap_or(&Value::Null), found, &at.index(index))
            };
            Value::List(found.into_iter().enumerate().map(merge).collect::<Result<_, _>>()?)
        }
        Value::Set(found) => {
            Value::Set(found.into_iter().map(|found| blocks(table, &Value::Null, found, at)).collect::<Result<_, _>>()?)
        }
        other => other,
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::List(elements) => elements.is_empty(),
        Value::Set(elements) => elements.is_empty(),
        Value::Map(elements) => elements.is_empty(),
        _ => false,
    }
}
