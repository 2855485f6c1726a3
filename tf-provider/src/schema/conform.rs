//! What core enforces on planned and applied objects.
//!
//! An implementation of its own, apart from the code that plans: framework tests
//! and debug builds put every answer before it, so that a mistake is found here
//! and not as "Provider produced invalid plan".

use crate::schema::{Attribute, TIMEOUTS, Table};
use crate::value::{Object, Path, Value};

/// What is wrong with a planned object. Nothing means that core will accept it.
pub fn planned(table: &Table, config: &Object, prior: Option<&Object>, planned: &Object) -> Vec<String> {
    let mut wrong = Vec::new();
    complete(table, planned, &mut wrong);
    plan_object(table, config, prior, planned, &Path::root(), &mut wrong);
    if planned.get(TIMEOUTS) != config.get(TIMEOUTS) && table.timeouts.is_some() {
        wrong.push("timeouts: planned differs from the configuration".to_owned());
    }
    wrong
}

/// What is wrong with an object after a create or an update.
pub fn applied(table: &Table, planned: &Object, applied: &Object) -> Vec<String> {
    let mut wrong = Vec::new();
    complete(table, applied, &mut wrong);
    for (name, planned) in planned {
        let actual = applied.get(name).unwrap_or(&Value::Null);
        compatible(planned, actual, &Path::root().attribute(name), &mut wrong);
    }
    wrong.extend(stored(table, applied));
    wrong
}

/// What is wrong with an object that is to be stored.
pub fn stored(table: &Table, object: &Object) -> Vec<String> {
    let mut wrong = Vec::new();
    secrets(table, object, &Path::root(), &mut wrong);
    for (name, value) in object {
        if !value.is_wholly_known() {
            wrong.push(format!("{name}: unknown after apply"));
        }
    }
    wrong
}

/// Every attribute is there, nothing else is, and all are of their types.
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
            let fits = |actual: &Value| {
                planned.iter().any(|planned| {
                    let mut found = Vec::new();
                    compatible(planned, actual, at, &mut found);
                    found.is_empty()
                })
            };
            if !actual.iter().all(fits) {
                wrong.push(format!("{at}: an element that was not planned"));
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
