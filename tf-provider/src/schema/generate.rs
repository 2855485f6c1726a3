//! The configuration that an existing object would have.

use crate::schema::{Attribute, Presence, Table};
use crate::value::{Object, Value};

/// The part of an object that a user would write: without attributes that only the provider sets, that are never
/// stored, or that are deprecated and optional; of several that exclude each other, only the first.
pub fn config(table: &Table, state: &Object) -> Object {
    let mut config = state.clone();
    for attribute in &table.attributes {
        if let Some(value) = config.get_mut(attribute.name) {
            match attribute.block() {
                Some((_, nested)) if is_written(attribute) => blocks(nested, value),
                None if is_written(attribute) => {}
                _ => leave_out(attribute, value),
            }
        }
    }
    for name in table.relations.iter().flat_map(|relation| relation.surplus(table, &config)).collect::<Vec<_>>() {
        if let (Some(attribute), Some(value)) = (table.attribute(name), config.get_mut(name)) {
            leave_out(attribute, value);
        }
    }
    config
}

fn is_written(attribute: &Attribute) -> bool {
    let flags = &attribute.flags;
    let is_needed = attribute.is_required() || flags.block && flags.min > 0;
    flags.presence != Presence::Computed && !flags.write_only && (flags.deprecated.is_none() || is_needed)
}

/// Blocks are left out by having none, not by being null.
fn leave_out(attribute: &Attribute, value: &mut Value) {
    *value = match value {
        Value::List(_) if attribute.flags.block => Value::List(Vec::new()),
        Value::Set(_) if attribute.flags.block => Value::Set([].into()),
        _ => Value::Null,
    };
}

fn blocks(table: &Table, value: &mut Value) {
    match value {
        Value::Map(block) => *block = config(table, block),
        Value::List(elements) => elements.iter_mut().for_each(|element| blocks(table, element)),
        Value::Set(elements) => {
            let cut = std::mem::take(elements).into_iter().map(|mut element| {
                blocks(table, &mut element);
                element
            });
            *elements = cut.collect();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Computed, Model as _, Secret, Set, block, computed, optional, required};

    crate::model! {
        /// Something of everything.
        struct Whole {
            /// Needed.
            name: String = required(),
            /// Filled if left out.
            region: Computed<String> = optional(),
            /// With a default.
            size: i64 = optional().or(3),
            /// Never written.
            id: Computed<String> = computed().keep(),
            /// Never stored.
            password: Option<Secret<String>> = optional().write_only(),
            /// Of old.
            alias: Option<String> = optional().deprecated("Use `name`."),
            /// Of old, but needed.
            kind: String = required().deprecated("Say `any`."),
            /// A list.
            part: Vec<Part> = block(),
            /// A set.
            peer: Set<Part> = block(),
            /// A single one.
            door: Option<Part> = block(),
            /// A list of old.
            list: Vec<Part> = block().deprecated("Use `part`."),
            /// A set of old.
            set: Set<Part> = block().deprecated("Use `peer`."),
            /// A single one of old.
            single: Option<Part> = block().deprecated("Use `door`."),
            /// A list of old, but needed.
            needed: Vec<Part> = block().min(1).deprecated("Use `part`."),
        }
    }

    crate::model! {
        /// A part.
        struct Part {
            /// Port.
            port: i64 = required(),
            /// Serial number.
            serial: Computed<String> = computed().keep(),
        }
    }

    fn object<const N: usize>(attributes: [(&str, Value); N]) -> Object {
        attributes.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn part(serial: Value) -> Value {
        Value::Map(object([("port", 1.into()), ("serial", serial)]))
    }

    #[test]
    fn a_configuration_has_what_a_user_can_write() {
        let list = |serial: Value| Value::List(vec![part(serial)]);
        let set = |serial: Value| Value::Set([part(serial)].into());
        let state = object([
            ("name", "a".into()),
            ("region", "west".into()),
            ("size", 3.into()),
            ("id", "a-1".into()),
            ("password", "hunter2".into()),
            ("alias", "b".into()),
            ("kind", "any".into()),
            ("part", list("s".into())),
            ("peer", set("s".into())),
            ("door", part("s".into())),
            ("list", list("s".into())),
            ("set", set("s".into())),
            ("single", part("s".into())),
            ("needed", list("s".into())),
        ]);
        let expected = object([
            ("name", "a".into()),
            ("region", "west".into()),
            ("size", 3.into()),
            ("id", Value::Null),
            ("password", Value::Null),
            ("alias", Value::Null),
            ("kind", "any".into()),
            ("part", list(Value::Null)),
            ("peer", set(Value::Null)),
            ("door", part(Value::Null)),
            ("list", Value::List(Vec::new())),
            ("set", Value::Set([].into())),
            ("single", Value::Null),
            ("needed", list(Value::Null)),
        ]);
        assert_eq!(config(Whole::table(), &state), expected);
    }
}
