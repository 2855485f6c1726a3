//! The statements for a user of a key.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{Document, Effect, Element, Principals, Statement, Values};

/// The actions of a principal on a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permissions {
    /// The actions that the data loading utility of Aurora Limitless needs.
    DataLoader,
    /// The actions that the console gives the users of a key, in two statements.
    Console,
    /// These actions, such as `kms:Decrypt`, in order.
    Custom(BTreeSet<String>),
}

/// The actions that a grant can allow.
pub const OPERATIONS: [&str; 17] = [
    "CreateGrant",
    "Decrypt",
    "DeriveSharedSecret",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetPublicKey",
    "ReEncryptFrom",
    "ReEncryptTo",
    "RetireGrant",
    "Sign",
    "Verify",
    "VerifyMac",
];

/// The suffix of the name of the console's second statement.
const SECOND: &str = "Grants";

const DATA_LOADER: [&str; 3] = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];
const CONSOLE: [&str; 5] = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"];
const CONSOLE_GRANTS: [&str; 3] = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"];

/// The first statement of the console, without its patterns.
const CONSOLE_OPERATIONS: [&str; 9] = [
    "Decrypt",
    "DescribeKey",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
];

impl Permissions {
    /// The statements that give them, the first under this name.
    pub fn statements(&self, sid: &str, principal: &str) -> Vec<Statement> {
        match self {
            Self::DataLoader => vec![statement(sid, principal, DATA_LOADER)],
            Self::Custom(actions) => vec![statement(sid, principal, actions)],
            Self::Console => {
                let for_services =
                    BTreeMap::from([("kms:GrantIsForAWSResource".to_owned(), Values::One("true".to_owned()))]);
                let second = Statement {
                    condition: BTreeMap::from([("Bool".to_owned(), for_services)]),
                    ..statement(&second(sid), principal, CONSOLE_GRANTS)
                };
                vec![statement(sid, principal, CONSOLE), second]
            }
        }
    }

    /// The names of these statements.
    pub fn sids(&self, sid: &str) -> Vec<String> {
        match self {
            Self::Console => vec![sid.to_owned(), second(sid)],
            Self::DataLoader | Self::Custom(_) => vec![sid.to_owned()],
        }
    }

    /// The operations of a grant that gives them, in order.
    pub fn operations(&self) -> Vec<String> {
        let names: Vec<&str> = match self {
            Self::DataLoader => DATA_LOADER.into_iter().filter_map(operation).collect(),
            Self::Console => CONSOLE_OPERATIONS.into(),
            Self::Custom(actions) => actions.iter().filter_map(|action| operation(action)).collect(),
        };
        names.into_iter().map(str::to_owned).collect()
    }

    /// A grant with these operations, written as statements; the other way round of [`Self::operations`].
    pub fn of_grant<'a>(operations: impl IntoIterator<Item = &'a String>) -> Self {
        Self::Custom(operations.into_iter().map(|operation| format!("kms:{operation}")).collect())
    }

    /// The principal and the actions in statements of a policy under this name; nothing if they have another form.
    pub fn read(sid: &str, policy: &Document) -> Option<(String, Self)> {
        let only = |names: &Values| names.iter().next().filter(|_| names.iter().len() == 1).cloned();
        let first = policy.statements_of(&[sid.to_owned()]);
        let [Statement { principal: Some(Element::Is(Principals::Of(kinds))), action: Element::Is(actions), .. }] =
            &first[..]
        else {
            return None;
        };
        let principal = kinds.get("AWS").and_then(only)?;
        let custom = Self::Custom(actions.iter().cloned().collect());
        let known = [Self::Console, Self::DataLoader, custom].into_iter().find(|permissions| {
            let there = policy.statements_of(&permissions.sids(sid));
            Document::of(there).normal() == Document::of(permissions.statements(sid, &principal)).normal()
        });
        Some((principal, known?))
    }
}

/// The name of a grant's operation, if the action is one.
pub fn operation(action: &str) -> Option<&'static str> {
    let (service, name) = action.split_once(':')?;
    let of_kms = service.eq_ignore_ascii_case("kms");
    OPERATIONS.into_iter().find(|operation| of_kms && operation.eq_ignore_ascii_case(name))
}

fn second(sid: &str) -> String {
    format!("{sid}{SECOND}")
}

fn statement<S: Into<String> + Clone>(sid: &str, principal: &str, actions: impl IntoIterator<Item = S>) -> Statement {
    let principals = BTreeMap::from([("AWS".to_owned(), Values::One(principal.to_owned()))]);
    Statement {
        sid: Some(sid.to_owned()),
        effect: Effect::Allow,
        principal: Some(Element::Is(Principals::Of(principals))),
        action: Element::Is(actions.into_iter().collect()),
        resource: Some(Element::Is(Values::One("*".to_owned()))),
        condition: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::123456789012:role/app";

    fn all() -> [Permissions; 3] {
        let actions = ["kms:Encrypt".to_owned(), "kms:ReEncrypt*".to_owned()];
        [Permissions::DataLoader, Permissions::Console, Permissions::Custom(actions.into())]
    }

    #[test]
    fn the_loader_gets_what_the_script_of_aws_gives() {
        let statements = Permissions::DataLoader.statements("Allow use of the key", ROLE);
        assert_eq!(
            Document::of(statements).statements[0].to_string(),
            r#"{"Sid":"Allow use of the key","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/app"},"Action":["kms:Decrypt","kms:DescribeKey","kms:GenerateDataKey"],"Resource":"*"}"#
        );
    }

    #[test]
    fn the_console_gives_grants_to_services_of_aws_alone() {
        let statements = Permissions::Console.statements("Users", ROLE);
        assert_eq!(
            statements[1].to_string(),
            r#"{"Sid":"UsersGrants","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/app"},"Action":["kms:CreateGrant","kms:ListGrants","kms:RevokeGrant"],"Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}}"#
        );
    }

    #[test]
    fn what_was_written_can_be_read() {
        for permissions in all() {
            let document = Document::of(permissions.statements("Users", ROLE));
            assert_eq!(Permissions::read("Users", &document), Some((ROLE.to_owned(), permissions.clone())));
            assert_eq!(Permissions::read("Others", &document), None);
            let sids: Vec<_> = document.statements.iter().filter_map(|statement| statement.sid.clone()).collect();
            assert_eq!(permissions.sids("Users"), sids);
        }
        let half = Document::of(Permissions::Console.statements("Users", ROLE)[..1].to_vec());
        assert!(matches!(Permissions::read("Users", &half), Some((_, Permissions::Custom(_)))));
    }

    #[test]
    fn what_says_more_cannot_be_read() {
        for (from, to) in [
            ("\"Allow\"", "\"Deny\""),
            ("\"Resource\":\"*\"", "\"Resource\":\"arn:aws:kms:us-east-1:123456789012:key/1\""),
            (
                "\"Resource\":\"*\"",
                "\"Resource\":\"*\",\"Condition\":{\"Bool\":{\"aws:MultiFactorAuthPresent\":\"true\"}}",
            ),
            (
                "{\"AWS\":\"arn:aws:iam::123456789012:role/app\"}",
                "{\"AWS\":[\"arn:aws:iam::123456789012:role/app\",\"*\"]}",
            ),
            ("{\"AWS\":\"arn:aws:iam::123456789012:role/app\"}", "\"*\""),
        ] {
            let text = Document::of(Permissions::DataLoader.statements("Users", ROLE)).to_string().replace(from, to);
            assert_eq!(Permissions::read("Users", &text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn grants_have_operations() {
        assert_eq!(Permissions::DataLoader.operations(), ["Decrypt", "DescribeKey", "GenerateDataKey"]);
        assert_eq!(all()[2].operations(), ["Encrypt"], "a pattern is none");
        for permissions in all() {
            let operations = permissions.operations();
            assert_eq!(Permissions::of_grant(&operations).operations(), operations);
        }
    }
}
