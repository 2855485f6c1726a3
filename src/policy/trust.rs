//! Trust policies of roles: who may assume them, and how.

use std::collections::BTreeMap;

use crate::policy::{Document, Effect, Element, Principals, Statement, Values, Version};

/// The action of assuming a role.
pub const ASSUME: &str = "sts:AssumeRole";

/// The action of giving the session tags, which a chain of roles may need.
pub const TAG: &str = "sts:TagSession";

/// A trust policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// ARNs or accounts.
    pub principals: Vec<String>,
    /// Services.
    pub services: Vec<String>,
    /// What they may do.
    pub actions: Vec<String>,
    /// What the principals must know.
    pub external_id: Option<String>,
    /// The account that the services must act for.
    pub source_account: Option<String>,
}

const EXTERNAL_ID: &str = "sts:ExternalId";
const SOURCE_ACCOUNT: &str = "aws:SourceAccount";

impl Trust {
    /// The document. Principals and services have a statement each, since the conditions of one never hold for the other.
    pub fn document(&self) -> Document {
        let principals = match &self.principals[..] {
            [one] => Values::One(one.clone()),
            many => many.iter().collect(),
        };
        let services: Values = self.services.iter().collect();
        let statements = [
            ("AWS", principals, EXTERNAL_ID, &self.external_id),
            ("Service", services, SOURCE_ACCOUNT, &self.source_account),
        ];
        let statements = statements.into_iter().filter(|(_, names, ..)| names.iter().len() > 0);
        Document {
            version: Version::V2012,
            id: None,
            statements: statements.map(|(kind, names, key, value)| self.statement(kind, names, key, value)).collect(),
        }
    }

    /// What a document says, if [`Self::document`] could have written it.
    pub fn of(document: &Document) -> Option<Self> {
        let mut found = Self::default();
        for statement in &document.statements {
            let Element::Is(actions) = &statement.action else { return None };
            let Some(Element::Is(Principals::Of(kinds))) = &statement.principal else { return None };
            found.actions = actions.iter().cloned().collect();
            for (kind, names) in kinds {
                let list = if kind == "AWS" { &mut found.principals } else { &mut found.services };
                list.extend(names.iter().cloned());
            }
            for (key, values) in statement.condition.values().flatten() {
                let is = |name: &str| key.eq_ignore_ascii_case(name);
                let condition = if is(EXTERNAL_ID) { &mut found.external_id } else { &mut found.source_account };
                *condition = values.iter().next().cloned();
            }
        }
        (found.document().normal() == document.normal()).then_some(found)
    }

    fn statement(&self, kind: &str, names: Values, key: &str, value: &Option<String>) -> Statement {
        let actions = match &self.actions[..] {
            [one] => Values::One(one.clone()),
            many => many.iter().collect(),
        };
        let condition = value.iter().map(|value| {
            let keys = BTreeMap::from([(key.to_owned(), Values::One(value.clone()))]);
            ("StringEquals".to_owned(), keys)
        });
        Statement {
            sid: None,
            effect: Effect::Allow,
            principal: Some(Element::Is(Principals::Of(BTreeMap::from([(kind.to_owned(), names)])))),
            action: Element::Is(actions),
            resource: None,
            condition: condition.collect(),
        }
    }
}

/// The ARNs that a trust policy names as principals.
pub fn principals(document: &Document) -> Vec<&str> {
    let mut found = Vec::new();
    for statement in &document.statements {
        if let Some(Element::Is(Principals::Of(kinds)) | Element::Not(Principals::Of(kinds))) = &statement.principal {
            found.extend(kinds.get("AWS").into_iter().flatten().map(String::as_str));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLICKHOUSE: &str = "arn:aws:iam::123456789012:role/CH-S3-orders";

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn everything() -> Trust {
        Trust {
            principals: texts(&[CLICKHOUSE, "111122223333"]),
            services: texts(&["dms.amazonaws.com"]),
            actions: texts(&[ASSUME, TAG]),
            external_id: Some("x-1".to_owned()),
            source_account: Some("123456789012".to_owned()),
        }
    }

    #[test]
    fn the_document_is_that_of_clickpipes() {
        let trust = Trust { principals: texts(&[CLICKHOUSE]), actions: texts(&[ASSUME, TAG]), ..Trust::default() };
        expectorate::assert_contents("test-data/policies/clickpipes_trust.json", &format!("{}\n", trust.document()));
    }

    #[test]
    fn each_condition_is_beside_those_who_meet_it() {
        assert_eq!(
            everything().document().to_string(),
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/CH-S3-orders","111122223333"]},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"sts:ExternalId":"x-1"}}},{"Effect":"Allow","Principal":{"Service":["dms.amazonaws.com"]},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}"#
        );
    }

    #[test]
    fn what_a_document_says_is_read_back() {
        for trust in [everything(), Trust { principals: Vec::new(), external_id: None, ..everything() }] {
            let document: Document = trust.document().to_string().parse().unwrap();
            assert_eq!(Trust::of(&document), Some(trust));
        }
        for says_more in [
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"f"},"Action":"sts:AssumeRole"}]}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"Service":"s"},"Action":"sts:AssumeRole"}]}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s"},"Action":"sts:AssumeRole",
                "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#,
        ] {
            assert_eq!(Trust::of(&says_more.parse().unwrap()), None, "{says_more}");
        }
    }

    #[test]
    fn principals_are_listed() {
        assert_eq!(principals(&everything().document()), [CLICKHOUSE, "111122223333"]);
        let anyone = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"a:B"}]}"#;
        assert_eq!(principals(&anyone.parse().unwrap()), [""; 0]);
    }
}
