//! The rules that core enforces on planned and applied objects.
//!
//! Implemented independently of the code that plans: framework tests and debug builds check every answer with it, so
//! that a mistake is found here and not as "Provider produced invalid plan".

use crate::schema::{Attribute, Nesting, TIMEOUTS, Table};
use crate::value::{Object, Path, Step, Value};

/// What is wrong with a planned object. Empty if core will accept it.
pub fn planned(table: &Table, config: &Object, prior: Option<&Object>, planned: &Object) -> Vec<String> {
    let mut wrong = Vec::new();
    complete(table, planned, &mut wrong);
    plan_object(table, config, prior, planned, &Path::root(), &mut wrong);
    if planned.get(TIMEOUTS) != config.get(TIMEOUTS) && table.timeouts.is_some() {
        wrong.push("timeouts: planned differs from the configuration".to_owned());
    }
    wrong
}

/// What is wrong with the paths whose change forces a new object.
pub fn replaced(prior: Option<&Object>, planned: &Object, paths: &[Path]) -> Vec<String> {
    let exists = |path: &Path| prior.into_iter().chain([planned]).any(|object| leads_somewhere(object, path));
    paths
        .iter()
        .filter(|path| !exists(path))
        .map(|path| format!("{path}: replaced, but there is no such thing"))
        .collect()
}

/// What is wrong with the second plan, which is made during apply when more is known, compared to the first.
pub fn promised(first: &Object, last: &Object) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, first) in first {
        let last = last.get(name).unwrap_or(&Value::Null);
        compatible(first, last, &Path::root().attribute(name), &mut wrong);
    }
    wrong
}

/// What is wrong with an object after a create or an update.
pub fn applied(table: &Table, planned: &Object, applied: &Object) -> Vec<String> {
    let mut wrong = promised(planned, applied);
    wrong.extend(stored(table, applied));
    wrong
}

/// What is wrong with an object that is to be stored.
pub fn stored(table: &Table, object: &Object) -> Vec<String> {
    let mut wrong = Vec::new();
    complete(table, object, &mut wrong);
    secrets(table, object, &Path::root(), &mut wrong);
    for (name, value) in object {
        if !value.is_wholly_known() {
            wrong.push(format!("{name}: unknown after apply"));
        }
    }
    wrong
}

/// Every attribute is present, there are no others, and all have the right type.
fn complete(table: &Table, object: &Object, wrong: &mut Vec<String>) {
    if let Err((path, message)) = Value::Map(object.clone()).conforms(&table.ty()) {
        wrong.push(format!("{path}: {message}"));
    }
}

fn plan_object(
    table: &Table,
    config: &Object,
    prior: Option<&Object>,
    planned: &Object,
    at: &Path,
    wrong: &mut Vec<String>,
) {
    for attribute in &table.attributes {
        let get = |object: &Object| object.get(attribute.name).cloned().unwrap_or_default();
        let (new, old, plan) = (get(config), prior.map(get).unwrap_or_default(), get(planned));
        let at = at.attribute(attribute.name);
        match attribute.block() {
            Some((Nesting::List | Nesting::Set, _)) if plan.is_null() => {
                wrong.push(format!("{at}: null, where blocks are at least empty"));
            }
            Some((_, table)) => plan_blocks(table, &new, &old, &plan, &at, wrong),
            None => {
                if let Some(complaint) = plan_leaf(attribute, &new, &old, &plan) {
                    wrong.push(format!("{at}: {complaint}"));
                }
            }
        }
    }
}

fn plan_leaf(attribute: &Attribute, config: &Value, prior: &Value, planned: &Value) -> Option<&'static str> {
    if attribute.flags.write_only {
        return (!planned.is_null()).then_some("write-only, and planned all the same");
    }
    let provider_decides = attribute.is_computed() && config.is_null();
    let prior_spelling = planned == prior && !prior.is_null() && !config.is_null();
    (planned != config && !prior_spelling && !provider_decides).then_some("planned differs from the configuration")
}

fn plan_blocks(table: &Table, config: &Value, prior: &Value, planned: &Value, at: &Path, wrong: &mut Vec<String>) {
    match (config, planned) {
        (Value::Map(config), Value::Map(planned)) => {
            plan_object(table, config, prior.as_map(), planned, at, wrong);
        }
        (Value::List(new), Value::List(plan)) if new.len() == plan.len() => {
            for (index, (new, plan)) in new.iter().zip(plan).enumerate() {
                let old = prior.as_elements().and_then(|elements| elements.get(index)).unwrap_or(&Value::Null);
                plan_blocks(table, new, old, plan, &at.index(index), wrong);
            }
        }
        (Value::Set(new), Value::Set(plan)) if new.len() >= plan.len() => {
            let olds: Vec<&Value> = prior.as_elements().into_iter().flatten().chain([&Value::Null]).collect();
            let fits = |plan: &Value| {
                new.iter().any(|new| {
                    olds.iter().any(|old| {
                        let mut found = Vec::new();
                        plan_blocks(table, new, old, plan, at, &mut found);
                        found.is_empty()
                    })
                })
            };
            if !plan.iter().all(fits) {
                wrong.push(format!("{at}: a planned element is in no block of the configuration"));
            }
        }
        (config, planned) if config == planned => {}
        _ => wrong.push(format!("{at}: planned blocks differ from the configuration in number or kind")),
    }
}

fn compatible(planned: &Value, actual: &Value, at: &Path, wrong: &mut Vec<String>) {
    match (planned, actual) {
        (Value::Unknown(promises), actual) => {
            if actual.is_null() && promises.promises().is_some_and(|promises| promises.null == Some(false)) {
                wrong.push(format!("{at}: null, and was promised not to be"));
            }
        }
        (Value::List(planned), Value::List(actual)) if planned.len() == actual.len() => {
            for (index, (planned, actual)) in planned.iter().zip(actual).enumerate() {
                compatible(planned, actual, &at.index(index), wrong);
            }
        }
        (Value::Map(planned), Value::Map(actual)) if planned.keys().eq(actual.keys()) => {
            for (key, planned) in planned {
                compatible(planned, actual.get(key).unwrap_or(&Value::Null), &at.key(key), wrong);
            }
        }
        (Value::Set(planned), Value::Set(actual)) if actual.len() <= planned.len() => {
            let fits = |planned: &Value, actual: &Value| {
                let mut found = Vec::new();
                compatible(planned, actual, at, &mut found);
                found.is_empty()
            };
            if !actual.iter().all(|actual| planned.iter().any(|planned| fits(planned, actual))) {
                wrong.push(format!("{at}: an element that was not planned"));
            }
            if !planned.iter().all(|planned| actual.iter().any(|actual| fits(planned, actual))) {
                wrong.push(format!("{at}: a planned element is missing"));
            }
        }
        (Value::Dynamic(_, planned), Value::Dynamic(_, actual)) => compatible(planned, actual, at, wrong),
        (planned, actual) if planned == actual => {}
        _ => wrong.push(format!("{at}: not as planned")),
    }
}

fn secrets(table: &Table, object: &Object, at: &Path, wrong: &mut Vec<String>) {
    for attribute in &table.attributes {
        let at = at.attribute(attribute.name);
        let value = object.get(attribute.name).unwrap_or(&Value::Null);
        if attribute.flags.write_only && !value.is_null() {
            wrong.push(format!("{at}: write-only, and stored all the same"));
        }
        if let Some((_, table)) = attribute.block() {
            let blocks: Vec<&Object> = match value {
                Value::Map(block) => vec![block],
                value => value.as_elements().into_iter().flatten().filter_map(Value::as_map).collect(),
            };
            blocks.into_iter().for_each(|block| secrets(table, block, &at, wrong));
        }
    }
}

/// Whether a path ends at something; elements of sets have no address.
fn leads_somewhere(object: &Object, path: &Path) -> bool {
    let Some((Step::Attribute(first), steps)) = path.steps().split_first() else { return false };
    let Some(top) = object.get(first) else { return false };
    let end = steps.iter().try_fold(top, |value, step| match (value, step) {
        (Value::Map(object), Step::Attribute(name) | Step::Key(name)) => object.get(name),
        (Value::List(elements), Step::Index(index)) => elements.get(*index),
        _ => None,
    });
    end.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::sample::{Sample, configs, created, door, peer, rule, sample, states};
    use crate::schema::{Model as _, plan};
    use crate::value::{Promises, Refinements};

    fn with<const N: usize>(object: &Object, set: [(&str, Value); N]) -> Object {
        let mut object = object.clone();
        object.extend(set.map(|(name, value)| (name.to_owned(), value)));
        object
    }

    fn list<const N: usize>(elements: [Value; N]) -> Value {
        Value::List(elements.into())
    }

    fn set<const N: usize>(elements: [Value; N]) -> Value {
        Value::Set(elements.into())
    }

    fn plan(config: &Object, prior: Option<&Object>) -> Object {
        plan::Change::new(Sample::table(), config.clone(), prior.cloned()).planned.unwrap()
    }

    /// The complaints about a plan that differs from the right one in one attribute.
    fn bad_plan(config: &Object, prior: Option<&Object>, name: &str, value: Value) -> Vec<String> {
        let right = plan(config, prior);
        assert_eq!(planned(Sample::table(), config, prior, &right), [""; 0]);
        planned(Sample::table(), config, prior, &with(&right, [(name, value)]))
    }

    #[test]
    fn a_plan_must_say_what_the_configuration_says() {
        let config = sample([("note", "mine".into()), ("region", "west".into())]);
        let other = "planned differs from the configuration";
        assert_eq!(bad_plan(&config, None, "note", "other".into()), [format!("note: {other}")]);
        assert_eq!(bad_plan(&config, None, "note", Value::Null), [format!("note: {other}")]);
        assert_eq!(bad_plan(&config, None, "note", Value::unknown()), [format!("note: {other}")]);
        assert_eq!(bad_plan(&config, None, "region", Value::unknown()), [format!("region: {other}")]);
        assert_eq!(bad_plan(&sample([]), None, "note", "made up".into()), [format!("note: {other}")]);
        assert_eq!(bad_plan(&sample([]), None, "region", "made up".into()), [""; 0], "computed");
    }

    #[test]
    fn a_plan_may_keep_the_prior_value_but_not_what_the_configuration_took_away() {
        let prior = created(&sample([("note", "old".into())]));
        assert_eq!(bad_plan(&sample([("note", "new".into())]), Some(&prior), "note", "old".into()), [""; 0]);
        assert_eq!(bad_plan(&sample([]), Some(&prior), "note", "old".into()).len(), 1);
        let prior = created(&sample([]));
        assert_eq!(bad_plan(&sample([("note", "new".into())]), Some(&prior), "note", Value::Null).len(), 1);
    }

    #[test]
    fn a_plan_holds_no_secret() {
        let config = sample([("password", "hunter2".into())]);
        let wrong = bad_plan(&config, None, "password", "hunter2".into());
        assert_eq!(wrong, ["password: write-only, and planned all the same"]);
    }

    #[test]
    fn a_plan_has_the_blocks_of_the_configuration() {
        let one = || rule([("port", 1.into())]);
        let config = sample([("rule", list([one()])), ("peer", set([peer([("host", "a".into())])]))]);
        let number = "planned blocks differ from the configuration in number or kind";
        assert_eq!(bad_plan(&config, None, "rule", list([])), [format!("rule: {number}")]);
        assert_eq!(bad_plan(&config, None, "rule", list([one(), one()])), [format!("rule: {number}")]);
        assert_eq!(bad_plan(&config, None, "rule", Value::unknown()), [format!("rule: {number}")]);
        assert_eq!(bad_plan(&config, None, "rule", list([Value::unknown()])), [format!("rule[0]: {number}")]);
        assert_eq!(bad_plan(&config, None, "rule", Value::Null), ["rule: null, where blocks are at least empty"]);
        let wrong = bad_plan(&config, None, "rule", list([rule([("port", 2.into())])]));
        assert_eq!(wrong, ["rule[0].port: planned differs from the configuration"]);
        let other = set([peer([("host", "b".into())])]);
        assert_eq!(bad_plan(&config, None, "peer", other).len(), 1);
        assert_eq!(bad_plan(&config, None, "peer", set([Value::unknown()])).len(), 1);
        assert_eq!(bad_plan(&config, None, "door", door([("width", 1.into())])), [format!("door: {number}")]);
        let unknown = sample([("rule", Value::unknown())]);
        assert_eq!(bad_plan(&unknown, None, "rule", list([])), [format!("rule: {number}")]);
    }

    #[test]
    fn a_plan_has_the_timeouts_of_the_configuration() {
        let timeouts = Value::Map(Object::from([("create".to_owned(), "7m".into())]));
        assert_eq!(bad_plan(&sample([]), None, TIMEOUTS, timeouts).len(), 1);
    }

    #[test]
    fn replaced_paths_exist() {
        let object = created(&sample([("peer", set([peer([("host", "a".into())])]))]));
        let top = Path::root();
        let complaints = |path: Path| replaced(None, &object, &[path]).len();
        assert_eq!(complaints(top.attribute("note")), 0, "null, but there");
        assert_eq!(complaints(top.attribute("peer")), 0);
        assert_eq!(complaints(top.clone()), 1);
        assert_eq!(complaints(top.attribute("nothing")), 1);
        assert_eq!(complaints(top.attribute("rule").index(0)), 1);
        assert_eq!(complaints(top.attribute("peer").index(0)), 1, "no way into a set");
        let prior = created(&sample([("rule", list([rule([("port", 1.into())])]))]));
        assert_eq!(replaced(Some(&prior), &object, &[top.attribute("rule").index(0).attribute("port")]), [""; 0]);
    }

    /// The complaints about a result that differs from the right one in one attribute.
    fn bad_result(config: &Object, name: &str, value: Value) -> Vec<String> {
        let (plan, right) = (plan(config, None), created(config));
        assert_eq!(applied(Sample::table(), &plan, &right), [""; 0]);
        applied(Sample::table(), &plan, &with(&right, [(name, value)]))
    }

    #[test]
    fn a_result_is_what_was_planned() {
        let config = sample([("note", "mine".into()), ("tags", Value::Map([("k".to_owned(), "v".into())].into()))]);
        assert_eq!(bad_result(&config, "note", "other".into()), ["note: not as planned"]);
        assert_eq!(bad_result(&config, "note", Value::Null), ["note: not as planned"]);
        assert_eq!(bad_result(&config, "ratio", 1.into()), ["ratio: not as planned"]);
        assert_eq!(bad_result(&config, "id", Value::Null), [""; 0], "what was unknown may turn out null");
        let more = Value::Map([("k".to_owned(), "v".into()), ("l".to_owned(), "v".into())].into());
        assert_eq!(bad_result(&config, "tags", more), ["tags: not as planned"]);
        let other = Value::Map([("k".to_owned(), "w".into())].into());
        assert_eq!(bad_result(&config, "tags", other), [r#"tags["k"]: not as planned"#]);
    }

    #[test]
    fn a_result_has_nothing_unknown_and_no_secret() {
        assert_eq!(bad_result(&sample([]), "id", Value::unknown()), ["id: unknown after apply"]);
        let wrong = bad_result(&sample([]), "password", "hunter2".into());
        assert!(wrong.contains(&"password: write-only, and stored all the same".to_owned()), "{wrong:?}");
    }

    #[test]
    fn lists_of_a_result_have_their_length_and_sets_may_only_shrink() {
        let one = rule([("port", 1.into())]);
        let config = sample([("rule", list([one])), ("words", set(["a".into(), "b".into()]))]);
        assert_eq!(bad_result(&config, "rule", list([])), ["rule: not as planned"]);
        assert_eq!(bad_result(&config, "words", set(["a".into()])), ["words: a planned element is missing"]);
        let grown = set(["a".into(), "b".into(), "c".into()]);
        assert_eq!(bad_result(&config, "words", grown), ["words: not as planned"]);
        let other = set(["a".into(), "c".into()]);
        assert_eq!(bad_result(&config, "words", other).len(), 2);
        let merged = sample([("words", set([Value::unknown(), "a".into()]))]);
        let result = with(&created(&sample([])), [("words", set(["a".into()]))]);
        assert_eq!(applied(Sample::table(), &plan(&merged, None), &result), [""; 0], "two elements became equal");
    }

    #[test]
    fn a_promise_is_kept() {
        let not_null = Value::Unknown(Refinements::new(Promises { null: Some(false), ..Promises::default() }));
        let plan = with(&plan(&sample([]), None), [("id", not_null)]);
        let result = with(&created(&sample([])), [("id", Value::Null)]);
        assert_eq!(applied(Sample::table(), &plan, &result), ["id: null, and was promised not to be"]);
    }

    #[test]
    fn dynamic_values_are_compared_within() {
        let of = |text: &str| Value::Dynamic(Box::new(crate::value::Type::String), Box::new(text.into()));
        let config = sample([("anything", of("a"))]);
        assert_eq!(bad_result(&config, "anything", of("b")), ["anything: not as planned"]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_stored_is_known(config in configs(false), state in states()) {
            proptest::prop_assert_eq!(stored(Sample::table(), &state), [""; 0]);
            let plan = plan(&config, Some(&state));
            let unknown = plan.values().filter(|value| !value.is_wholly_known()).count();
            proptest::prop_assert_eq!(stored(Sample::table(), &plan).len(), unknown);
        }
    }
}
