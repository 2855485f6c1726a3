//! Merges what an entity found or created with what Terraform already knows about it.

use crate::diagnostic::Diagnostic;
use crate::schema::{Attribute, Presence, TIMEOUTS, Table};
use crate::value::{Object, Path, Value};

/// An object in the form in which it is stored: complete, known, without secrets, and in the spelling it had.
///
/// `known` is what Terraform knows about it: the plan after a create or an update, the state before a read. Where both
/// mean the same, its spelling is kept; this includes an empty collection and null.
///
/// # Errors
/// The entity left a computed attribute unknown that is not known to be null, which is a mistake of the provider.
pub fn object(table: &Table, known: &Object, mut found: Object) -> Result<Object, Diagnostic> {
    follow(table, &mut found);
    let mut merged = nested(table, known, found, &Path::root())?;
    if table.timeouts.is_some() {
        merged.insert(TIMEOUTS.to_owned(), known.get(TIMEOUTS).cloned().unwrap_or_default());
    }
    Ok(merged)
}

/// The result of an interrupted create or update: like [`object`], but unknown values become null.
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

/// Fills in attributes that are only derived from others.
fn follow(table: &Table, found: &mut Object) {
    for attribute in table.attributes.iter().filter(|attribute| attribute.flags.follows) {
        if let Some(derive) = &attribute.flags.derived {
            let value = derive(found);
            found.insert(attribute.name.to_owned(), value);
        }
    }
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
            // Unknown before, as after an interrupted create, and not known to the entity either.
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
    // An import knows nothing yet, and a computed value is never left out by a configuration.
    let unread = known.is_null() && attribute.flags.presence == Presence::Computed;
    let spelling = is_empty(known) && is_empty(&found) && !unread || attribute.same(known, &found);
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
            let known: Vec<&Value> = known.as_elements().into_iter().flatten().collect();
            Value::Set(found.into_iter().map(|found| element(table, &known, found, at)).collect::<Result<_, _>>()?)
        }
        other => other,
    })
}

/// An element of a set, in the spelling of the known one that means the same.
fn element(table: &Table, known: &[&Value], found: Value, at: &Path) -> Result<Value, Diagnostic> {
    for known in known {
        let merged = blocks(table, known, found.clone(), at)?;
        if fulfils(known, &merged) {
            return Ok(merged);
        }
    }
    blocks(table, &Value::Null, found, at)
}

/// Whether a value is a known one in which the unknown has become known.
fn fulfils(known: &Value, value: &Value) -> bool {
    match (known, value) {
        (Value::Unknown(_), _) => true,
        (Value::List(known), Value::List(value)) => {
            known.len() == value.len() && known.iter().zip(value).all(|(known, value)| fulfils(known, value))
        }
        (Value::Map(known), Value::Map(value)) => {
            known.len() == value.len()
                && known.iter().all(|(key, known)| value.get(key).is_some_and(|value| fulfils(known, value)))
        }
        (Value::Set(known), Value::Set(value)) => {
            value.iter().all(|value| known.iter().any(|known| fulfils(known, value)))
                && known.iter().all(|known| value.iter().any(|value| fulfils(known, value)))
        }
        (known, value) => known == value,
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schema::sample::{
        Sample, configs, created, door, filled, peer, planned, respelled, rule, sample, states,
    };
    use crate::schema::{Computed, Model as _, computed, conform};

    fn merged(known: &Object, found: Object) -> Object {
        object(Sample::table(), known, found).unwrap()
    }

    fn with<const N: usize>(object: &Object, set: [(&str, Value); N]) -> Object {
        let mut object = object.clone();
        object.extend(set.map(|(name, value)| (name.to_owned(), value)));
        object
    }

    #[test]
    fn empty_and_absent_stay_as_they_were() {
        let empty = [("note", "".into()), ("tags", Value::Map(Object::new())), ("words", Value::Set([].into()))];
        let absent = [("note", Value::Null), ("tags", Value::Null), ("words", Value::Null)];
        let (empty, absent) = (created(&sample(empty)), created(&sample(absent)));
        assert_eq!(merged(&empty, absent.clone()), empty);
        assert_eq!(merged(&absent, empty.clone()), absent);
        let full = with(&absent, [("note", "found".into())]);
        assert_eq!(merged(&absent, full.clone()), full);
        assert_eq!(merged(&full, absent.clone())["note"], Value::Null, "it is gone");
    }

    #[test]
    fn an_import_learns_what_is_empty() {
        let none = with(&created(&sample([])), [("parts", Value::Null)]);
        let empty = with(&none, [("parts", Value::List(Vec::new()))]);
        assert_eq!(merged(&none, empty.clone()), empty);
    }

    #[test]
    fn zero_and_false_are_not_empty() {
        let known = created(&sample([]));
        assert_eq!(merged(&known, with(&known, [("ratio", 0.into())]))["ratio"], 0.into());
    }

    #[test]
    fn the_spelling_stays_while_the_meaning_does() {
        let known = created(&sample([("policy", "{\"a\":1}".into())]));
        assert_eq!(merged(&known, with(&known, [("policy", "{ \"a\": 1 }".into())])), known);
        assert_eq!(merged(&known, with(&known, [("policy", "{}".into())]))["policy"], "{}".into());
    }

    crate::model! {
        /// Something with a name.
        struct Named {
            /// Name.
            name: Computed<String> = computed(),
            /// The name in another form.
            id: Computed<String> = computed().follows(|of| of.get(Self::name).map(|name| format!("id of {name}"))),
        }
    }

    #[test]
    fn what_follows_is_filled_in() {
        let named = |name: Value, id: Value| Object::from([("name".to_owned(), name), ("id".to_owned(), id)]);
        let table = Named::table();
        let both = named("a".into(), "id of a".into());
        for (known, found) in [
            (Value::unknown(), Value::unknown()), // A create.
            ("id of a".into(), Value::Null),      // A read of an older state.
            ("id of b".into(), "id of b".into()), // A read of another name.
        ] {
            let known = named("a".into(), known);
            assert_eq!(object(table, &known, named("a".into(), found.clone())).unwrap(), both);
            assert_eq!(partial(table, &known, named("a".into(), found)), both);
        }
        let nothing = named(Value::unknown(), Value::unknown());
        assert_eq!(partial(table, &nothing, nothing.clone()), named(Value::Null, Value::Null));
    }

    #[test]
    fn secrets_and_timeouts() {
        let timeouts = Value::Map(Object::from([("create".to_owned(), "7m".into())]));
        let known = created(&sample([(TIMEOUTS, timeouts.clone())]));
        let mut found = with(&known, [("password", "hunter2".into())]);
        found.remove(TIMEOUTS);
        let merged = merged(&known, found);
        assert_eq!((&merged["password"], &merged[TIMEOUTS]), (&Value::Null, &timeouts));
    }

    #[test]
    fn what_was_left_unknown_is_a_bug_with_its_place() {
        let mut found = Sample::decode(&created(&sample([]))).unwrap();
        found.revision = Computed::Unknown;
        let error = object(Sample::table(), &created(&sample([])), found.encode()).unwrap_err();
        assert_eq!((error.summary.as_str(), error.path.to_string().as_str()), ("Provider bug", "revision"));
        let config = sample([("rule", Value::List(vec![rule([("port", 1.into())])]))]);
        let error = object(Sample::table(), &created(&config), filled_but("rule", &config)).unwrap_err();
        assert_eq!(error.path.to_string(), "rule[0].rule_id");
    }

    /// An applied object in which one attribute is still as planned.
    fn filled_but(name: &str, config: &Object) -> Object {
        let planned = planned(config, None);
        with(&filled(&planned), [(name, planned[name].clone())])
    }

    #[test]
    fn blocks_of_a_list_merge_by_index() {
        let rules =
            |note: Value| Value::List(vec![rule([("port", 1.into()), ("anchor", note), ("policy", "[1]".into())])]);
        let known = created(&sample([("rule", rules("".into()))]));
        let found = respelled(Sample::table(), &known);
        assert_ne!(found, known);
        assert_eq!(merged(&known, found), known);
    }

    #[test]
    fn blocks_of_a_set_merge_with_the_element_they_are() {
        let peers = [
            peer([("host", "a".into()), ("note", "".into()), ("policy", "[1]".into())]),
            peer([("host", "b".into()), ("policy", "{}".into())]),
        ];
        let known = created(&sample([("peer", Value::Set(peers.into()))]));
        assert_eq!(merged(&known, known.clone()), known);
        let found = respelled(Sample::table(), &known);
        assert_ne!(found, known);
        assert_eq!(merged(&known, found), known);
    }

    #[test]
    fn what_apply_found_out_in_a_set_is_kept() {
        let config = sample([("peer", Value::Set([peer([("host", "a".into()), ("note", "".into())])].into()))]);
        let plan = planned(&config, None);
        let applied = merged(&plan, filled(&plan));
        let peer = applied["peer"].as_elements().into_iter().flatten().next().and_then(Value::as_map).unwrap();
        assert_eq!((&peer["peer_id"], &peer["note"]), (&"filled".into(), &"".into()));
    }

    #[test]
    fn what_is_new_is_taken_as_found() {
        let known = created(&sample([]));
        let found = created(&sample([
            ("rule", Value::List(vec![rule([("port", 1.into())])])),
            ("peer", Value::Set([peer([("host", "a".into())])].into())),
            ("door", door([("width", 80.into())])),
        ]));
        assert_eq!(merged(&known, found.clone()), found);
    }

    #[test]
    fn a_partial_object_has_no_unknowns() {
        let config = sample([("rule", Value::List(vec![rule([("port", 1.into())])])), ("note", "mine".into())]);
        let plan = planned(&config, None);
        let saved = with(&plan, [("id", "i-1".into())]);
        let partial = partial(Sample::table(), &plan, saved);
        assert_eq!(conform::stored(Sample::table(), &partial), [""; 0]);
        assert_eq!(
            (&partial["id"], &partial["note"], &partial["revision"]),
            (&"i-1".into(), &"mine".into(), &Value::Null)
        );
    }

    proptest! {
        #[test]
        fn core_accepts_what_an_obliging_provider_applied(
            config in configs(false),
            prior in proptest::option::of(states()),
        ) {
            let plan = planned(&config, prior.as_ref());
            for found in [filled(&plan), respelled(Sample::table(), &filled(&plan))] {
                let applied = merged(&plan, found);
                prop_assert_eq!(conform::applied(Sample::table(), &plan, &applied), [""; 0]);
            }
        }

        #[test]
        fn reading_an_unchanged_object_changes_nothing(state in states()) {
            prop_assert_eq!(&merged(&state, respelled(Sample::table(), &state)), &state);
        }

        #[test]
        fn a_partial_object_can_always_be_stored(config in configs(false), prior in states()) {
            let plan = planned(&config, Some(&prior));
            let partial = partial(Sample::table(), &plan, plan.clone());
            prop_assert_eq!(conform::stored(Sample::table(), &partial), [""; 0]);
        }
    }
}
