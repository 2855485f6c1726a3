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
    let (one, two) =
        (r#"{"Effect":"Allow","Action":"a:x","Resource":"*"}"#, r#"{"Effect":"Deny","Action":"a:y","Resource":"*"}"#);
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
    check_bodies(&who(r#""*""#), &who(r#"{"AWS":"arn:aws:iam::*:root"}"#), false);
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
