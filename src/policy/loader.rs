//! The documents of the role that loads data into Aurora PostgreSQL Limitless Database, as AWS gives them.

use std::collections::BTreeMap;

use crate::policy::trust::{self, Trust};
use crate::policy::{Document, Effect, Element, Statement, Values, Version};

/// The objects of the permissions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// ARNs of the secrets: of the source, then of the destination.
    pub secrets: [String; 2],
    /// ARNs of the keys that encrypt the secrets; at least one.
    pub keys: Vec<String>,
}

/// The service that assumes the role.
const SERVICE: &str = "rds.amazonaws.com";

/// With a network interface in the VPC the loader reaches both databases.
const EC2: [&str; 14] = [
    "ec2:DescribeNetworkInterfaces",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeNetworkInterfacePermissions",
    "ec2:ModifyNetworkInterfaceAttribute",
    "ec2:DescribeNetworkInterfaceAttribute",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeRegions",
    "ec2:DescribeVpcs",
    "ec2:DescribeSubnets",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeNetworkAcls",
];

const SECRETS: [&str; 2] = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"];

const KMS: [&str; 3] = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];

const RDS: [&str; 2] = ["rds:DescribeDBClusters", "rds:DescribeDBInstances"];

impl Loaded {
    /// The permissions policy of the role.
    pub fn document(&self) -> Document {
        let mut secrets: Vec<&String> = self.secrets.iter().collect();
        secrets.dedup();
        let mut keys: Vec<&String> = Vec::new();
        self.keys.iter().for_each(|key| {
            if !keys.contains(&key) {
                keys.push(key)
            }
        });
        let keys = match keys[..] {
            [key] => Values::One(key.clone()),
            _ => keys.into_iter().collect(),
        };
        let any = || Values::One("*".to_owned());
        Document {
            version: Version::V2012,
            id: None,
            statements: vec![
                statement("Ec2Permission", &EC2, any()),
                statement("SecretsManagerPermissions", &SECRETS, secrets.into_iter().collect()),
                statement("KmsPermissions", &KMS, keys),
                statement("RdsPermissions", &RDS, any()),
            ],
        }
    }

    /// The objects of a document, if [`Self::document`] could have written it.
    pub fn of(document: &Document) -> Option<Self> {
        let resources = |sid: &str| {
            let found = document.statements.iter().find(|statement| statement.sid.as_deref() == Some(sid));
            match &found?.resource {
                Some(Element::Is(values)) => Some(values.iter().cloned().collect::<Vec<_>>()),
                _ => None,
            }
        };
        let secrets = resources("SecretsManagerPermissions")?;
        let (source, destination) = (secrets.first()?.clone(), secrets.last()?.clone());
        let loaded = Self { secrets: [source, destination], keys: resources("KmsPermissions")? };
        (loaded.document().normal() == document.normal()).then_some(loaded)
    }
}

/// The trust policy of the role.
pub fn trust() -> Document {
    let service =
        Trust { services: vec![SERVICE.to_owned()], actions: vec![trust::ASSUME.to_owned()], ..Trust::default() };
    service.document()
}

fn statement(sid: &str, actions: &[&str], resource: Values) -> Statement {
    Statement {
        sid: Some(sid.to_owned()),
        effect: Effect::Allow,
        principal: None,
        action: Element::Is(actions.iter().copied().collect()),
        resource: Some(Element::Is(resource)),
        condition: BTreeMap::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:source_DB_secret-a1B2c3";
    const DESTINATION: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:destination_DB_secret-d4E5f6";
    const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";

    fn loaded(keys: &[&str]) -> Loaded {
        Loaded {
            secrets: [SOURCE.to_owned(), DESTINATION.to_owned()],
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        }
    }

    #[test]
    fn the_documents_are_those_of_aws() {
        expectorate::assert_contents("test-data/policies/loader.json", &format!("{}\n", loaded(&[KEY]).document()));
        expectorate::assert_contents("test-data/policies/loader_trust.json", &format!("{}\n", trust()));
    }

    #[test]
    fn what_a_document_is_about_is_read_back() {
        for about in [loaded(&[KEY]), loaded(&[KEY, "arn:aws:kms:us-east-1:123456789012:key/b"])] {
            let document: Document = about.document().to_string().parse().unwrap();
            assert_eq!(Loaded::of(&document), Some(about));
        }
        let same = Loaded { secrets: [SOURCE.to_owned(), SOURCE.to_owned()], ..loaded(&[KEY]) };
        assert_eq!(same.document().to_string().matches("source_DB_secret").count(), 1);
        assert_eq!(Loaded::of(&same.document()), Some(same));
    }

    #[test]
    fn other_documents_are_about_something_else() {
        let mut more = loaded(&[KEY]).document();
        more.statements.push(statement("More", &["s3:GetObject"], Values::One("*".to_owned())));
        assert_eq!(Loaded::of(&more), None);
        let mut less = loaded(&[KEY]).document();
        less.statements[0].action = Element::Is(Values::One("ec2:*".to_owned()));
        assert_eq!(Loaded::of(&less), None);
        assert_eq!(Loaded::of(&trust()), None);
    }

    #[test]
    fn a_key_is_named_once() {
        assert_eq!(loaded(&[KEY, "b", KEY]).document(), loaded(&[KEY, "b"]).document());
        assert_eq!(loaded(&[KEY, KEY]).document(), loaded(&[KEY]).document());
    }
}
