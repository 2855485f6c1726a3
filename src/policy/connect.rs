//! The document that lets an identity log in as database users.

use std::collections::{BTreeMap, BTreeSet};

use crate::arn::{DbUserArn, Wildcards};
use crate::policy::{Document, Effect, Element, Statement, Values, Version};

/// The one action of IAM database authentication.
pub const ACTION: &str = "rds-db:connect";

/// One condition of the statement; all must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The operator: `StringEquals` and so on.
    pub operator: String,
    /// The condition key.
    pub variable: String,
    /// The values, one of which must match.
    pub values: Vec<String>,
}

/// One statement that allows [`ACTION`] on the users, in the order of their ARNs and each once.
/// Conditions of the same operator and key are joined: their values are alternatives.
pub fn document<'a>(users: impl IntoIterator<Item = &'a DbUserArn>, conditions: &[Condition]) -> Document {
    let users: BTreeSet<_> = users.into_iter().map(DbUserArn::to_string).collect();
    let mut condition: BTreeMap<String, BTreeMap<String, Values>> = BTreeMap::new();
    for Condition { operator, variable, values } in conditions {
        let known = condition.entry(operator.clone()).or_default();
        let before = known.get(variable).into_iter().flatten();
        let all = before.chain(values).cloned().collect();
        known.insert(variable.clone(), all);
    }
    Document {
        version: Version::V2012,
        id: None,
        statements: vec![Statement {
            sid: None,
            effect: Effect::Allow,
            principal: None,
            action: Element::Is([ACTION].into_iter().collect()),
            resource: Some(Element::Is(users.into_iter().collect())),
            condition,
        }],
    }
}

/// Databases with the same users.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Databases {
    /// Their region.
    pub region: String,
    /// Their account.
    pub account: String,
    /// Their resource IDs, in order.
    pub resource_ids: BTreeSet<String>,
    /// The users.
    pub users: BTreeSet<String>,
}

/// The users and the conditions of a document that [`document`] could have written, except for the number of
/// statements. Conditions are spelled as in the first statement.
///
/// # Errors
/// A sentence about what else the document contains.
pub fn users(document: &Document) -> Result<(Vec<DbUserArn>, Vec<Condition>), String> {
    let (spelled, document) = (document, document.normal());
    let mut users = Vec::new();
    for statement in &document.statements {
        let only =
            |element: &Element<Values>| matches!(element, Element::Is(actions) if actions.iter().all(|a| a == ACTION));
        let Some(Element::Is(resources)) = &statement.resource else {
            return Err("A statement of the policy has no \"Resource\".".to_owned());
        };
        if statement.effect != Effect::Allow || !only(&statement.action) {
            return Err("A statement of the policy allows or denies something else.".to_owned());
        }
        for resource in resources.iter() {
            users.push(DbUserArn::parse(resource, Wildcards::Allowed).map_err(|error| error.to_string())?);
        }
    }
    let conditions: BTreeSet<_> = document.statements.iter().map(|statement| &statement.condition).collect();
    match conditions.into_iter().collect::<Vec<_>>()[..] {
        [] => Err("The policy has no statement.".to_owned()),
        [_] => {
            let spelled = spelled.statements.iter().take(1).flat_map(|statement| &statement.condition);
            Ok((users, spelled.flat_map(conditions_of).collect()))
        }
        _ => Err("The statements of the policy have different conditions.".to_owned()),
    }
}

fn conditions_of<'a>(
    (operator, keys): (&'a String, &'a BTreeMap<String, Values>),
) -> impl Iterator<Item = Condition> + use<'a> {
    keys.iter().map(|(variable, values)| Condition {
        operator: operator.clone(),
        variable: variable.clone(),
        values: values.iter().cloned().collect(),
    })
}

/// The same users, grouped as a configuration would write them.
pub fn databases(users: &[DbUserArn]) -> Vec<Databases> {
    let mut by_id: BTreeMap<(&str, &str, &str), BTreeSet<String>> = BTreeMap::new();
    for arn in users {
        by_id.entry((&arn.region, &arn.account, &arn.resource_id)).or_default().insert(arn.user.clone());
    }
    let mut groups: BTreeMap<(&str, &str, BTreeSet<String>), BTreeSet<String>> = BTreeMap::new();
    for ((region, account, id), users) in by_id {
        groups.entry((region, account, users)).or_default().insert(id.to_owned());
    }
    let group = |((region, account, users), resource_ids): ((&str, &str, _), _)| Databases {
        region: region.to_owned(),
        account: account.to_owned(),
        resource_ids,
        users,
    };
    groups.into_iter().map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> DbUserArn {
        DbUserArn::new("us-east-1", "123456789012", "db-ABC", name, Wildcards::Refused).unwrap()
    }

    #[test]
    fn the_document_is_the_one_aws_shows() {
        assert_eq!(
            document(&[user("jane")], &[]).to_string(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["rds-db:connect"],"Resource":["arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/jane"]}]}"#
        );
    }

    #[test]
    fn order_and_duplicates_of_users_leave_no_trace() {
        let one = document(&[user("b"), user("a"), user("b")], &[]);
        assert_eq!(one, document(&[user("a"), user("b")], &[]));
    }

    #[test]
    fn conditions_keep_their_spelling() {
        let condition = Condition {
            operator: "StringEquals".to_owned(),
            variable: "aws:SourceVpc".to_owned(),
            values: vec!["vpc-1".to_owned()],
        };
        let (of, conditions) = users(&document(&[user("jane")], std::slice::from_ref(&condition))).unwrap();
        assert_eq!((of, conditions), (vec![user("jane")], vec![condition]));
    }

    #[test]
    fn conditions_are_joined_by_operator_and_key() {
        let condition = |variable: &str, value: &str| Condition {
            operator: "StringEquals".to_owned(),
            variable: variable.to_owned(),
            values: vec![value.to_owned()],
        };
        let text = document(&[user("a")], &[condition("k:1", "x"), condition("k:2", "y"), condition("k:1", "z")]);
        let text = text.to_string();
        assert!(text.ends_with(r#""Condition":{"StringEquals":{"k:1":["x","z"],"k:2":["y"]}}}]}"#), "{text}");
    }
}
