//! The first policy of a key.

use std::collections::BTreeMap;

use crate::policy::{Document, Effect, Element, Principals, Statement, Values};

/// The actions that the console allows the administrators of a key, its deletion included.
const ADMINISTRATION: [&str; 15] = [
    "kms:CancelKeyDeletion",
    "kms:Create*",
    "kms:Delete*",
    "kms:Describe*",
    "kms:Disable*",
    "kms:Enable*",
    "kms:Get*",
    "kms:List*",
    "kms:Put*",
    "kms:Revoke*",
    "kms:RotateKeyOnDemand",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
];

/// A policy that leaves the key to the IAM of the account, as KMS does by default, and also lets these principals
/// administer it, but not encrypt or decrypt. `root` is the ARN of the account's root.
pub fn document(root: &str, administrators: &[String]) -> Document {
    let account = Values::One(root.to_owned());
    let mut statements = vec![statement("Enable IAM User Permissions", account, Values::One("kms:*".to_owned()))];
    if !administrators.is_empty() {
        let actions = ADMINISTRATION.into_iter().collect();
        statements.push(statement("Allow access for Key Administrators", administrators.iter().collect(), actions));
    }
    Document::of(statements)
}

fn statement(sid: &str, principals: Values, actions: Values) -> Statement {
    Statement {
        sid: Some(sid.to_owned()),
        effect: Effect::Allow,
        principal: Some(Element::Is(Principals::Of(BTreeMap::from([("AWS".to_owned(), principals)])))),
        action: Element::Is(actions),
        resource: Some(Element::Is(Values::One("*".to_owned()))),
        condition: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "arn:aws:iam::123456789012:root";

    #[test]
    fn the_account_keeps_the_key() {
        assert_eq!(
            document(ROOT, &[]).to_string(),
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}]}"#
        );
    }

    #[test]
    fn administrators_do_not_use_the_key() {
        let text = document(ROOT, &["arn:aws:iam::123456789012:role/admin".to_owned()]).statements[1].to_string();
        assert!(text.contains(r#""Principal":{"AWS":["arn:aws:iam::123456789012:role/admin"]}"#), "{text}");
        for use_of_it in ["Encrypt", "Decrypt", "GenerateDataKey", "kms:*"] {
            assert!(!text.contains(use_of_it), "{text}");
        }
    }
}
