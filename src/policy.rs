//! IAM policy documents: typed, in normal form, compared by meaning.
//!
//! IAM, and people, write one policy in many ways. Two documents are equivalent if their normal forms are equal.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};
use std::slice;

use crate::arn::Arn;

pub mod connect;
mod parse;

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
    /// To whom it applies, in trust and resource policies.
    pub principal: Option<Element<Principals>>,
    /// What is done.
    pub action: Element<Values>,
    /// To what it is done; absent in trust policies.
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

/// The size of a document as IAM counts it against its quotas: characters without white space.
pub fn size(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
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

/// An account's root ARN as its id, which means the same. A bare `AROA…` stays: it is what a deleted role leaves.
fn normal_principal(name: &str) -> String {
    match name.parse::<Arn>() {
        Ok(arn) if arn.service == "iam" && arn.region.is_empty() && arn.resource == "root" => arn.account,
        _ => name.to_owned(),
    }
}

/// Keys are not case-sensitive up to the slash before a tag's key. Should two keys differ in nothing else they
/// stay as they are, because both conditions must hold.
fn normal_condition(operator: &str, keys: &BTreeMap<String, Values>) -> BTreeMap<String, Values> {
    let lower_case = |key: &str| match key.split_once('/') {
        Some((name, tag)) => format!("{}/{tag}", name.to_ascii_lowercase()),
        None => key.to_ascii_lowercase(),
    };
    let base = operator.rsplit(':').next().unwrap_or_default();
    let truth = matches!(base, "Bool" | "BoolIfExists" | "Null");
    let value = |value: &str| if truth { value.to_ascii_lowercase() } else { value.to_owned() };
    let names: BTreeSet<_> = keys.keys().map(|key| lower_case(key)).collect();
    let distinct = names.len() == keys.len();
    let entry = |(key, values): (&String, &Values)| {
        (if distinct { lower_case(key) } else { key.clone() }, values.normal(value))
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
mod tests {
    use super::*;
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    fn statement(body: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{body}}}]}}"#)
    }

    #[track_caller]
    fn check(a: &str, b: &str, same: bool) {
        assert_eq!(equivalent(a, b), Ok(same), "{a}\n{b}");
        assert_eq!(equivalent(b, a), Ok(same), "{b}\n{a}");
    }

    #[track_caller]
    fn check_bodies(a: &str, b: &str, same: bool) {
        check(&statement(a), &statement(b), same);
    }

    #[test]
    fn writing_does_not_matter() {
        let both = r#""Resource":"*""#;
        check_bodies(r#""Action":"a:B","Resource":"*""#, r#""Resource":["*"],"Action":["A:b"]"#, true);
        check_bodies(
            &format!(r#""Action":["a:x","a:y"],{both}"#),
            &format!(r#""Action":["a:y","a:x","a:X"],{both}"#),
            true,
        );
        check_bodies(
            r#""Action":"a:x","Resource":["r:1","r:2"]"#,
            r#""Action":"a:x","Resource":["r:2","r:1","r:1"]"#,
            true,
        );
        let cond = |c: &str| format!(r#""Action":"a:x",{both},"Condition":{c}"#);
        check_bodies(
            &cond(r#"{"Bool":{"aws:SecureTransport":true}}"#),
            &cond(r#"{"Bool":{"AWS:securetransport":["True"]}}"#),
            true,
        );
        check_bodies(&cond(r#"{"NumericLessThan":{"a:b":5}}"#), &cond(r#"{"NumericLessThan":{"a:b":"5"}}"#), true);
        check_bodies(&cond("{}"), &format!(r#""Action":"a:x",{both}"#), true);
        check_bodies(&format!(r#""Sid":"","Action":"a:x",{both}"#), &format!(r#""Action":"a:x",{both}"#), true);
    }

    #[test]
    fn statements_are_a_set() {
        let (one, two) = (
            r#"{"Effect":"Allow","Action":"a:x","Resource":"*"}"#,
            r#"{"Effect":"Deny","Action":"a:y","Resource":"*"}"#,
        );
        let document = |list: &str| format!(r#"{{"Version":"2012-10-17","Statement":{list}}}"#);
        check(&document(one), &document(&format!("[{one}]")), true);
        check(&document(&format!("[{one},{two}]")), &document(&format!("[{two},{one},{one}]")), true);
        check(&document(&format!("[{one},{two}]")), &document(one), false);
    }

    #[test]
    fn principals_are_who_they_are() {
        let who = |p: &str| format!(r#""Action":"sts:AssumeRole","Principal":{p}"#);
        check_bodies(&who(r#"{"AWS":"123456789012"}"#), &who(r#"{"AWS":["arn:aws:iam::123456789012:root"]}"#), true);
        check_bodies(&who(r#"{"AWS":"123456789012"}"#), &who(r#"{"AWS":"arn:aws-cn:iam::123456789012:root"}"#), true);
        check_bodies(&who(r#""*""#), &who(r#"{"AWS":"*"}"#), true);
        check_bodies(&who(r#""*""#), &who(r#"{"AWS":"*","Service":"rds.amazonaws.com"}"#), false);
        check_bodies(&who(r#"{"AWS":"arn:aws:iam::123456789012:role/x"}"#), &who(r#"{"AWS":"AROAEXAMPLE"}"#), false);
        check_bodies(&who(r#"{"Service":"rds.amazonaws.com"}"#), &who(r#"{"AWS":"rds.amazonaws.com"}"#), false);
    }

    #[test]
    fn meaning_does_matter() {
        let both = r#""Action":"a:x","Resource":"*""#;
        check_bodies(both, &format!(r#""Sid":"x",{both}"#), false);
        check_bodies(both, r#""NotAction":"a:x","Resource":"*""#, false);
        check_bodies(both, r#""Action":"a:x","Resource":"R""#, false);
        check_bodies(r#""Action":"a:x","Resource":"r""#, r#""Action":"a:x","Resource":"R""#, false);
        let tag = |key: &str| format!(r#"{both},"Condition":{{"StringEquals":{{"aws:ResourceTag/{key}":"v"}}}}"#);
        check_bodies(&tag("A"), &tag("a"), false);
        check(&statement(both), &statement(both).replace("2012-10-17", "2008-10-17"), false);
        check(
            &statement(both).replace(r#""Version":"2012-10-17","#, ""),
            &statement(both).replace("2012-10-17", "2008-10-17"),
            true,
        );
    }

    #[test]
    fn two_conditions_that_differ_in_case_alone_both_hold() {
        let cond = |c: &str| format!(r#""Action":"a:x","Resource":"*","Condition":{{"StringLike":{c}}}"#);
        check_bodies(&cond(r#"{"a:k":"1","A:K":"2"}"#), &cond(r#"{"a:k":["1","2"]}"#), false);
        check_bodies(&cond(r#"{"a:k":"1","A:K":"2"}"#), &cond(r#"{"A:K":"2","a:k":"1"}"#), true);
    }

    #[test]
    fn elements_come_in_the_customary_order() {
        let text = r#"{"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"s","Effect":"Deny","NotPrincipal":{"AWS":["1"]},"NotAction":"a:x","NotResource":["r\"é"],"Condition":{"Bool":{"a:b":"true"},"Null":{"c:d":"false"}}}]}"#;
        let document: Document = text.parse().unwrap();
        assert_eq!(document.to_string(), text);
    }

    #[test]
    fn size_counts_no_white_space() {
        assert_eq!(size("{ \"a\" :\n\t\"é\" }"), 9);
    }

    fn values(pattern: &'static str) -> impl Strategy<Value = Values> {
        prop_oneof![pattern.prop_map(Values::One), vec(pattern, 1..4).prop_map(Values::Many)]
    }

    fn element<T: fmt::Debug + Clone>(inner: impl Strategy<Value = T>) -> impl Strategy<Value = Element<T>> {
        (any::<bool>(), inner).prop_map(|(is, inner)| if is { Element::Is(inner) } else { Element::Not(inner) })
    }

    fn documents() -> impl Strategy<Value = Document> {
        let principals = prop_oneof![
            Just(Principals::Anyone),
            btree_map("AWS|Service", values("\\*|123456789012|arn:aws:iam::123456789012:(root|role/x)"), 1..3)
                .prop_map(Principals::Of),
        ];
        let condition = btree_map(
            "Bool|StringEquals|ForAnyValue:StringLike",
            btree_map("[aA]ws:[xy](/[tT])?", values("[tT]rue|false|[0-9é\"]{1,3}"), 0..3),
            0..3,
        );
        let statements = (
            proptest::option::of("[a-z]{0,2}"),
            prop_oneof![Just(Effect::Allow), Just(Effect::Deny)],
            proptest::option::of(element(principals)),
            element(values("[sS]3:[gG]et[A-C*]?")),
            proptest::option::of(element(values("\\*|arn:aws:s3:::[ab]{1,2}"))),
            condition,
        );
        let statements = statements.prop_map(|(sid, effect, principal, action, resource, condition)| Statement {
            sid,
            effect,
            principal,
            action,
            resource,
            condition,
        });
        let version = prop_oneof![Just(Version::V2008), Just(Version::V2012)];
        (version, proptest::option::of("[a-z]{0,2}"), vec(statements, 1..4))
            .prop_map(|(version, id, statements)| Document { version, id, statements })
    }

    /// The same policy written in another way.
    fn rewritten(document: &Document) -> Document {
        let other = |values: &Values| match values {
            Values::One(value) => Values::Many(vec![value.clone(), value.clone()]),
            Values::Many(values) if values.len() == 1 => Values::One(values[0].clone()),
            Values::Many(values) => values.iter().rev().cloned().collect(),
        };
        let mut document = document.clone();
        document.statements.reverse();
        for statement in &mut document.statements {
            statement.action = statement.action.map(other);
            statement.resource = statement.resource.as_ref().map(|element| element.map(other));
            for keys in statement.condition.values_mut() {
                for values in keys.values_mut() {
                    *values = other(values);
                }
            }
        }
        document.statements.push(document.statements[0].clone());
        document
    }

    proptest! {
        #[test]
        fn parsing_undoes_writing(document in documents()) {
            prop_assert_eq!(document.to_string().parse::<Document>(), Ok(document));
        }

        #[test]
        fn the_normal_form_is_its_own_and_equivalent(document in documents()) {
            let normal = document.normal();
            prop_assert_eq!(&normal.normal(), &normal);
            prop_assert_eq!(equivalent(&document.to_string(), &normal.to_string()), Ok(true));
        }

        #[test]
        fn another_writing_is_equivalent(document in documents()) {
            let (a, b) = (document.to_string(), rewritten(&document).to_string());
            prop_assert_eq!(equivalent(&a, &b), Ok(true));
            prop_assert_eq!(equivalent(&b, &a), Ok(true));
        }

        #[test]
        fn equivalence_is_transitive(a in documents(), b in documents(), c in documents()) {
            let same = |x: &Document, y: &Document| equivalent(&x.to_string(), &y.to_string()).unwrap();
            prop_assert!(same(&a, &a));
            prop_assert_eq!(same(&a, &b), same(&b, &a));
            let (b, c) = (if same(&a, &b) { b } else { rewritten(&a) }, if same(&a, &c) { c } else { a.normal() });
            prop_assert!(same(&a, &b) && same(&b, &c) && same(&a, &c));
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,60}|[\\[\\]{}\":,a0]{0,40}") {
            if let Ok(document) = text.parse::<Document>() {
                prop_assert!(document.to_string().parse::<Document>().is_ok());
            }
        }
    }
}
