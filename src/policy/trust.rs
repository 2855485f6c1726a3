//! Trust policies of roles: who may assume them, and under which conditions.

use std::collections::BTreeMap;

use crate::policy::{Document, Effect, Element, Principals, Statement, Values, Version, same_action};

/// The action of assuming a role.
pub const ASSUME: &str = "sts:AssumeRole";

/// The action of passing session tags, which a chain of roles may need.
pub const TAG: &str = "sts:TagSession";

/// Actions that a trust policy can allow to its principals.
pub const ACTIONS: [&str; 4] = [ASSUME, "sts:SetContext", "sts:SetSourceIdentity", TAG];

/// A trust policy.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// ARNs or accounts.
    pub principals: Vec<String>,
    /// Services.
    pub services: Vec<String>,
    /// The actions.
    pub actions: Vec<String>,
    /// The external ID that the principals must pass.
    pub external_id: Option<String>,
    /// The account that the services must act for.
    pub source_account: Option<String>,
}

const EXTERNAL_ID: &str = "sts:ExternalId";
const SOURCE_ACCOUNT: &str = "aws:SourceAccount";

impl Trust {
    /// The document. Principals and services have statements of their own, since the condition of one never holds for
    /// the other, and the external ID is only required for `sts:AssumeRole`.
    pub fn document(&self) -> Document {
        let principals = match &self.principals[..] {
            [one] => Values::One(one.clone()),
            many => many.iter().collect(),
        };
        let services = self.services.iter().collect();
        let external_id = self.external_id.as_ref().map(|id| (EXTERNAL_ID, id));
        let source_account = self.source_account.as_ref().map(|account| (SOURCE_ACCOUNT, account));
        let (assume, more): (Vec<_>, Vec<_>) = self.actions.iter().partition(|action| *action == ASSUME);
        let statements = match external_id {
            Some(_) => vec![("AWS", &principals, assume, external_id), ("AWS", &principals, more, None)],
            None => vec![("AWS", &principals, self.actions.iter().collect(), None)],
        };
        let for_services = ("Service", &services, self.actions.iter().collect(), source_account);
        let statements = statements.into_iter().chain([for_services]);
        let wanted = statements.filter(|(_, names, actions, _)| names.iter().len() > 0 && !actions.is_empty());
        Document {
            version: Version::V2012,
            id: None,
            statements: wanted
                .map(|(kind, names, actions, condition)| statement(kind, names.clone(), &actions, condition))
                .collect(),
        }
    }

    /// The values in a document, if [`Self::document`] could have written it.
    pub fn of(document: &Document) -> Option<Self> {
        let mut found = Self::default();
        for statement in &document.statements {
            let Element::Is(actions) = &statement.action else { return None };
            let Some(Element::Is(Principals::Of(kinds))) = &statement.principal else { return None };
            add(&mut found.actions, &actions.iter().map(|action| documented(action)).collect());
            for (kind, names) in kinds {
                add(if kind == "AWS" { &mut found.principals } else { &mut found.services }, names);
            }
            for (key, values) in statement.condition.values().flatten() {
                let is = |name: &str| key.eq_ignore_ascii_case(name);
                let condition = if is(EXTERNAL_ID) { &mut found.external_id } else { &mut found.source_account };
                *condition = values.iter().next().cloned();
            }
        }
        (found.document().normal() == document.normal()).then_some(found)
    }
}

fn statement(kind: &str, names: Values, actions: &[&String], condition: Option<(&str, &String)>) -> Statement {
    let action = match actions {
        [one] => Values::One((*one).clone()),
        many => many.iter().copied().collect(),
    };
    let condition = condition.map(|(key, value)| {
        let keys = BTreeMap::from([(key.to_owned(), Values::One(value.clone()))]);
        ("StringEquals".to_owned(), keys)
    });
    Statement {
        sid: None,
        effect: Effect::Allow,
        principal: Some(Element::Is(Principals::Of(BTreeMap::from([(kind.to_owned(), names)])))),
        action: Element::Is(action),
        resource: None,
        condition: condition.into_iter().collect(),
    }
}

/// An action as AWS's documentation spells it, if it is one of those that assume a role.
fn documented(action: &str) -> String {
    ACTIONS.into_iter().find(|known| same_action(known, action)).unwrap_or(action).to_owned()
}

/// Adds what is not in the list yet.
fn add(list: &mut Vec<String>, values: &Values) {
    for value in values {
        if !list.contains(value) {
            list.push(value.clone());
        }
    }
}

/// The accounts and ARNs that a trust policy names as principals, each once.
pub fn principals(document: &Document) -> Vec<String> {
    let mut found = Vec::new();
    for statement in &document.statements {
        if let Some(Element::Is(Principals::Of(kinds)) | Element::Not(Principals::Of(kinds))) = &statement.principal {
            kinds.get("AWS").into_iter().for_each(|names| add(&mut found, names));
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
        let head = r#"{"Version":"2012-10-17","Statement":["#;
        let principals =
            r#"{"Effect":"Allow","Principal":{"AWS":["arn:aws:iam::123456789012:role/CH-S3-orders","111122223333"]},"#;
        let statements = [
            principals,
            r#""Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x-1"}}},"#,
            principals,
            r#""Action":"sts:TagSession"},{"Effect":"Allow","Principal":{"Service":["dms.amazonaws.com"]},"#,
            r#""Action":["sts:AssumeRole","sts:TagSession"],"#,
            r#""Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}}}]}"#,
        ];
        assert_eq!(everything().document().to_string(), head.to_owned() + &statements.concat());
    }

    #[test]
    fn what_a_document_says_is_read_back() {
        for trust in [everything(), Trust { principals: Vec::new(), external_id: None, ..everything() }] {
            let document: Document = trust.document().to_string().parse().unwrap();
            assert!(Trust::of(&document) == Some(trust), "{document}");
        }
        let shouted = everything().document().to_string().replace("sts:AssumeRole", "STS:assumerole");
        assert!(Trust::of(&shouted.parse().unwrap()) == Some(everything()), "{shouted}");
        for says_more in [
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole"}]}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"f"},"Action":"sts:AssumeRole"}]}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":{"Service":"s"},"Action":"sts:AssumeRole"}]}"#,
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s"},"Action":"sts:AssumeRole",
                "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}]}"#,
        ] {
            assert!(Trust::of(&says_more.parse().unwrap()).is_none(), "{says_more}");
        }
    }

    #[test]
    fn principals_are_listed() {
        assert_eq!(principals(&everything().document()), [CLICKHOUSE, "111122223333"]);
        let anyone = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"a:B"}]}"#;
        assert_eq!(principals(&anyone.parse().unwrap()), [""; 0]);
    }
}
