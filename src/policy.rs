//! IAM policy documents: typed, in normal form, compared by meaning.
//!
//! IAM, and people, write one policy in many ways. Two documents are equivalent if their normal forms are equal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::slice;

use crate::arn::{Arn, check_account};

pub mod connect;
pub mod edit;
mod exposure;
pub mod key_user;
pub mod loader;
pub mod new_key;
mod parse;
pub mod trust;

pub use parse::PolicyError;

/// A policy document. `Display` writes it compactly, elements in AWS's customary order, `Version` first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// The version of the policy language.
    pub version: Version,
    /// The document's own id.
    pub id: Option<String>,
    /// The statements.
    pub statements: Vec<Statement>,
}

/// A version of the policy language; a document without one is in the old version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`, without policy variables.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Statement {
    /// The statement's id.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The principals, in trust and resource policies.
    pub principal: Option<Element<Principals>>,
    /// The actions.
    pub action: Element<Values>,
    /// The resources; none in trust policies.
    pub resource: Option<Element<Values>>,
    /// Under which conditions: values by key by operator.
    pub condition: BTreeMap<String, BTreeMap<String, Values>>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

/// An element that also exists as its opposite, such as `Action` and `NotAction`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element<T> {
    /// Those named.
    Is(T),
    /// All but those named.
    Not(T),
}

/// One string, or a list of strings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Values {
    /// Written as a string.
    One(String),
    /// Written as a list.
    Many(Vec<String>),
}

/// Who a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principals {
    /// `"*"`.
    Anyone,
    /// By kind: `AWS`, `Service`, `Federated`, `CanonicalUser`.
    Of(BTreeMap<String, Values>),
}

/// The normal form of a document's text.
///
/// # Errors
/// The text is no policy document.
pub fn normalize(text: &str) -> Result<String, PolicyError> {
    Ok(text.parse::<Document>()?.normal().to_string())
}

/// Whether two texts are the same policy.
///
/// # Errors
/// One of them is no policy document.
pub fn equivalent(a: &str, b: &str) -> Result<bool, PolicyError> {
    Ok(a.parse::<Document>()?.normal() == b.parse::<Document>()?.normal())
}

/// Whether two texts name the same principal: IAM accepts an account by its ID and by the ARN of its root.
pub fn same_principal(a: &str, b: &str) -> bool {
    normal_principal(a) == normal_principal(b)
}

/// Whether two texts are the same action or pattern of actions.
pub fn same_action(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Whether two texts are the same condition key.
pub fn same_condition_key(a: &str, b: &str) -> bool {
    normal_condition_key(a) == normal_condition_key(b)
}

impl Document {
    /// The normal form: lists instead of single strings, sorted and without duplicates; actions and condition
    /// keys in lower case; accounts by id; an empty `Sid` or condition left out.
    #[must_use]
    pub fn normal(&self) -> Self {
        let statements: BTreeSet<_> = self.statements.iter().map(Statement::normal).collect();
        Self {
            version: self.version,
            id: self.id.clone().filter(|id| !id.is_empty()),
            statements: statements.into_iter().collect(),
        }
    }
}

impl Statement {
    fn normal(&self) -> Self {
        let lower_case = |action: &str| action.to_ascii_lowercase();
        Self {
            sid: self.sid.clone().filter(|sid| !sid.is_empty()),
            effect: self.effect,
            principal: self.principal.as_ref().map(|element| element.map(Principals::normal)),
            action: self.action.map(|actions| actions.normal(lower_case)),
            resource: self.resource.as_ref().map(|element| element.map(|values| values.normal(str::to_owned))),
            condition: self
                .condition
                .iter()
                .filter(|(_, keys)| !keys.is_empty())
                .map(|(operator, keys)| (operator.clone(), normal_condition(operator, keys)))
                .collect(),
        }
    }
}

impl<T> Element<T> {
    fn map<U>(&self, f: impl FnOnce(&T) -> U) -> Element<U> {
        match self {
            Self::Is(inner) => Element::Is(f(inner)),
            Self::Not(inner) => Element::Not(f(inner)),
        }
    }
}

impl Values {
    /// The strings.
    pub fn iter(&self) -> slice::Iter<'_, String> {
        match self {
            Self::One(value) => slice::from_ref(value).iter(),
            Self::Many(values) => values.iter(),
        }
    }

    fn normal(&self, each: impl Fn(&str) -> String) -> Self {
        let values: BTreeSet<_> = self.iter().map(|value| each(value)).collect();
        Self::Many(values.into_iter().collect())
    }
}

impl<'a> IntoIterator for &'a Values {
    type Item = &'a String;
    type IntoIter = slice::Iter<'a, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<S: Into<String>> FromIterator<S> for Values {
    fn from_iter<I: IntoIterator<Item = S>>(values: I) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }
}

impl Principals {
    fn normal(&self) -> Self {
        let Self::Of(kinds) = self else { return Self::Anyone };
        let kinds: BTreeMap<_, _> = kinds
            .iter()
            .map(|(kind, names)| {
                let names = names.normal(|name| if kind == "AWS" { normal_principal(name) } else { name.to_owned() });
                (kind.clone(), names)
            })
            .collect();
        let anyone = kinds.len() == 1
            && kinds.get("AWS").is_some_and(|names| matches!(names, Values::Many(names) if names[..] == ["*"]));
        if anyone { Self::Anyone } else { Self::Of(kinds) }
    }
}

/// An account's root ARN as its id, which means the same; with `*` as the account it would become every principal. A
/// bare `AROA…` stays: it is what a deleted role leaves behind.
fn normal_principal(name: &str) -> String {
    match name.parse::<Arn>() {
        Ok(arn) if arn == Arn::account_root(arn.partition, &arn.account) && check_account(&arn.account).is_ok() => {
            arn.account
        }
        _ => name.to_owned(),
    }
}

/// Keys are not case-sensitive up to the slash before a tag's key.
fn normal_condition_key(key: &str) -> String {
    match key.split_once('/') {
        Some((name, tag)) => format!("{}/{tag}", name.to_ascii_lowercase()),
        None => key.to_ascii_lowercase(),
    }
}

/// If two keys differ only in case they stay as they are, because both conditions must hold.
fn normal_condition(operator: &str, keys: &BTreeMap<String, Values>) -> BTreeMap<String, Values> {
    let base = operator.rsplit(':').next().unwrap_or_default();
    let truth = matches!(base, "Bool" | "BoolIfExists" | "Null");
    let value = |value: &str| if truth { value.to_ascii_lowercase() } else { value.to_owned() };
    let names: BTreeSet<_> = keys.keys().map(|key| normal_condition_key(key)).collect();
    let distinct = names.len() == keys.len();
    let entry = |(key, values): (&String, &Values)| {
        (if distinct { normal_condition_key(key) } else { key.clone() }, values.normal(value))
    };
    keys.iter().map(entry).collect()
}

impl Version {
    fn name(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"Version\":\"{}\"", self.version.name())?;
        if let Some(id) = &self.id {
            write!(f, ",\"Id\":{}", Quoted(id))?;
        }
        f.write_str(",\"Statement\":[")?;
        for (i, statement) in self.statements.iter().enumerate() {
            write!(f, "{}{statement}", if i == 0 { "" } else { "," })?;
        }
        f.write_str("]}")
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        if let Some(sid) = &self.sid {
            write!(f, "\"Sid\":{},", Quoted(sid))?;
        }
        write!(f, "\"Effect\":\"{:?}\"", self.effect)?;
        match &self.principal {
            Some(Element::Is(principals)) => write!(f, ",\"Principal\":{principals}")?,
            Some(Element::Not(principals)) => write!(f, ",\"NotPrincipal\":{principals}")?,
            None => {}
        }
        match &self.action {
            Element::Is(actions) => write!(f, ",\"Action\":{actions}")?,
            Element::Not(actions) => write!(f, ",\"NotAction\":{actions}")?,
        }
        match &self.resource {
            Some(Element::Is(resources)) => write!(f, ",\"Resource\":{resources}")?,
            Some(Element::Not(resources)) => write!(f, ",\"NotResource\":{resources}")?,
            None => {}
        }
        if !self.condition.is_empty() {
            f.write_str(",\"Condition\":{")?;
            for (i, (operator, keys)) in self.condition.iter().enumerate() {
                write!(f, "{}{}:{}", if i == 0 { "" } else { "," }, Quoted(operator), Object(keys))?;
            }
            f.write_char('}')?;
        }
        f.write_char('}')
    }
}

impl fmt::Display for Principals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anyone => f.write_str("\"*\""),
            Self::Of(kinds) => Object(kinds).fmt(f),
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(value) => Quoted(value).fmt(f),
            Self::Many(values) => {
                f.write_char('[')?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { "" } else { "," }, Quoted(value))?;
                }
                f.write_char(']')
            }
        }
    }
}

/// A JSON object of values.
struct Object<'a>(&'a BTreeMap<String, Values>);

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('{')?;
        for (i, (key, values)) in self.0.iter().enumerate() {
            write!(f, "{}{}:{values}", if i == 0 { "" } else { "," }, Quoted(key))?;
        }
        f.write_char('}')
    }
}

/// A JSON string.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self.0).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests;
