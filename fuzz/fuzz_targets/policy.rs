//! Policies: one document, or two with a NUL between them. What is read is printed and read again as the same, the
//! normal form is its own, and another writing is equivalent.

#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use libfuzzer_sys::fuzz_target;
use terraform_provider_rdsauth::policy::key_user::Permissions;
use terraform_provider_rdsauth::policy::loader::Loaded;
use terraform_provider_rdsauth::policy::trust::Trust;
use terraform_provider_rdsauth::policy::{
    Document, Element, Principals, Statement, Values, connect, equivalent, normalize,
};

fuzz_target!(|text: &str| {
    let (one, other) = text.split_once('\0').unwrap_or((text, ""));
    let (one, other) = (read(one), read(other));
    if let Some(one) = &one {
        keeps_its_meaning(one);
        edit(one);
        understand(one);
    }
    if let (Some(one), Some(other)) = (one, other) {
        compare(&one, &other);
    }
});

/// A document, which is printed as it is read. What is none is explained in a sentence.
fn read(text: &str) -> Option<Document> {
    let document = match text.parse::<Document>() {
        Ok(document) => document,
        Err(error) => {
            assert!(error.to_string().ends_with(['.', '?']), "{error}");
            return None;
        }
    };
    let printed = document.to_string();
    assert_eq!(printed.parse().as_ref(), Ok(&document));
    assert_eq!(normalize(text), Ok(document.normal().to_string()));
    Some(document)
}

fn keeps_its_meaning(document: &Document) {
    let (printed, normal) = (document.to_string(), document.normal());
    assert_eq!(normal.normal(), normal);
    assert_eq!(normal.to_string().parse().as_ref(), Ok(&normal));
    assert_eq!(normalize(&normal.to_string()), Ok(normal.to_string()));
    for writing in [normal, rewritten(document)] {
        assert_eq!(equivalent(&printed, &writing.to_string()), Ok(true));
        assert_eq!(equivalent(&writing.to_string(), &printed), Ok(true));
    }
    assert_eq!(trusts_anyone(&document.normal()), trusts_anyone(document));
}

/// Two policies are as equal as their normal forms, in either order and however they are written.
fn compare(one: &Document, other: &Document) {
    let same = equivalent(&one.to_string(), &other.to_string());
    assert_eq!(same, Ok(one.normal().to_string() == other.normal().to_string()));
    assert_eq!(equivalent(&other.to_string(), &one.to_string()), same);
    assert_eq!(equivalent(&rewritten(one).to_string(), &other.normal().to_string()), same);
}

/// Statements are exchanged without loss.
fn edit(document: &Document) {
    let sids: Vec<String> = document.statements.iter().filter_map(|statement| statement.sid.clone()).collect();
    for sids in sids.chunks(1).chain([&sids[..]]) {
        let ours = document.statements_of(sids);
        assert_eq!(document.with(sids, &ours).normal(), document.normal());
        let without = document.with(sids, &[]);
        assert!(without.statements_of(sids).is_empty());
        assert_eq!(without.statements.len() + ours.len(), document.statements.len());
        assert!(document.stale(sids).len() <= document.stale(&[]).len());
    }
    let living = document.without_stale();
    assert_eq!(living.without_stale(), living);
    let is_about_others = |statement: &&Statement| matches!(statement.principal, Some(Element::Not(_)));
    let kept = living.statements.iter().filter(is_about_others).cloned().collect();
    assert_eq!(living.stale(&[]).len(), Document::of(kept).stale(&[]).len());
}

/// What a document is understood as gives the same document.
fn understand(document: &Document) {
    if let Ok((users, conditions)) = connect::users(document) {
        let again = connect::users(&connect::document(&users, &conditions)).expect("a list of users");
        let set = |users: &[_]| users.iter().map(ToString::to_string).collect::<BTreeSet<_>>();
        assert_eq!((set(&again.0), again.1), (set(&users), conditions));
        let databases = connect::databases(&users);
        let grouped: usize = databases.iter().map(|group| group.resource_ids.len() * group.users.len()).sum();
        assert!(grouped <= set(&users).len(), "{databases:?}");
    }
    if let Some(loaded) = Loaded::of(document) {
        assert_eq!(loaded.document().normal(), document.normal());
    }
    if let Some(trust) = Trust::of(document) {
        assert_eq!(trust.document().normal(), document.normal());
    }
    for sid in document.statements.iter().filter_map(|statement| statement.sid.as_ref()) {
        if let Some((principal, permissions)) = Permissions::read(sid, document) {
            let there = document.statements_of(&permissions.sids(sid));
            let statements = permissions.statements(sid, &principal);
            assert_eq!(Document::of(statements).normal(), Document::of(there).normal());
        }
    }
}

/// Whether a statement is about everybody.
fn trusts_anyone(document: &Document) -> bool {
    document.statements.iter().any(|statement| match &statement.principal {
        Some(Element::Is(Principals::Anyone) | Element::Not(Principals::Anyone)) => true,
        Some(Element::Is(Principals::Of(kinds)) | Element::Not(Principals::Of(kinds))) => {
            kinds.get("AWS").is_some_and(|names| names.iter().any(|name| name == "*"))
        }
        None => false,
    })
}

/// The same policy in another writing.
fn rewritten(document: &Document) -> Document {
    let mut statements: Vec<_> = document.statements.iter().rev().map(rewritten_statement).collect();
    statements.extend(document.statements.first().cloned());
    Document { statements, ..document.clone() }
}

fn rewritten_statement(statement: &Statement) -> Statement {
    let mut condition: BTreeMap<_, _> =
        statement.condition.iter().map(|(operator, keys)| (operator.clone(), rewritten_keys(keys))).collect();
    condition.entry("Absent".to_owned()).or_default();
    Statement {
        sid: Some(statement.sid.clone().unwrap_or_default()),
        effect: statement.effect,
        principal: statement.principal.as_ref().map(|element| map(element, rewritten_principals)),
        action: map(&statement.action, |actions| rewritten_values(actions, other_case)),
        resource: statement
            .resource
            .as_ref()
            .map(|element| map(element, |values| rewritten_values(values, str::to_owned))),
        condition,
    }
}

fn rewritten_principals(principals: &Principals) -> Principals {
    let Principals::Of(kinds) = principals else {
        return Principals::Of(BTreeMap::from([("AWS".to_owned(), Values::One("*".to_owned()))]));
    };
    let is_account = |name: &str| name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_digit());
    let root = |name: &str| match is_account(name) {
        true => format!("arn:aws:iam::{name}:root"),
        false => name.to_owned(),
    };
    let rewritten = |(kind, names): (&String, _)| {
        let each = |name: &str| if kind == "AWS" { root(name) } else { name.to_owned() };
        (kind.clone(), rewritten_values(names, each))
    };
    Principals::Of(kinds.iter().map(rewritten).collect())
}

fn rewritten_keys(keys: &BTreeMap<String, Values>) -> BTreeMap<String, Values> {
    // Keys that differ in nothing but case are two conditions.
    let other = |key: &str| match keys.len() {
        1 => {
            let (name, tag) = key.split_at(key.find('/').unwrap_or(key.len()));
            format!("{}{tag}", other_case(name))
        }
        _ => key.to_owned(),
    };
    keys.iter().map(|(key, values)| (other(key), rewritten_values(values, str::to_owned))).collect()
}

/// A list in place of one, one in place of a list of one, else in another order with one twice.
fn rewritten_values(values: &Values, each: impl Fn(&str) -> String) -> Values {
    let list: Vec<String> = values.iter().rev().map(|value| each(value)).collect();
    match (values, &list[..]) {
        (Values::Many(_), [one]) => Values::One(one.clone()),
        _ => list.iter().chain(list.last()).collect::<Vec<_>>().into_iter().collect(),
    }
}

fn other_case(text: &str) -> String {
    let other = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    text.chars().map(other).collect()
}

fn map<T>(element: &Element<T>, f: impl FnOnce(&T) -> T) -> Element<T> {
    match element {
        Element::Is(inner) => Element::Is(f(inner)),
        Element::Not(inner) => Element::Not(f(inner)),
    }
}
