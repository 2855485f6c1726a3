//! Whom a resource policy lets in: anybody, or principals that no longer exist.

use crate::policy::{Document, Effect, Element, Principals, Statement};

/// Condition keys that limit who a caller is, in lower case. A condition on another key leaves a statement public.
const LIMITS: [&str; 10] = [
    "kms:calleraccount",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:principalorgpaths",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceorgid",
    "aws:sourcevpce",
    "aws:sourcevpc",
];

impl Document {
    /// The statements that allow something to anybody, each by its `Sid` or its position.
    pub fn public_statements(&self) -> Vec<String> {
        self.named(|statement| statement.effect == Effect::Allow && statement.is_for_anybody())
    }

    /// The statements with a role or user that no longer exists, of which IAM shows the unique ID.
    pub fn stale_statements(&self) -> Vec<String> {
        self.named(|statement| {
            statement.principals().iter().any(|name| name.starts_with("AROA") || name.starts_with("AIDA"))
        })
    }

    fn named(&self, is_it: impl Fn(&Statement) -> bool) -> Vec<String> {
        let all = self.statements.iter().enumerate().filter(|(_, statement)| is_it(statement));
        all.map(|(at, statement)| statement.sid.clone().unwrap_or_else(|| format!("statement {}", at + 1))).collect()
    }
}

impl Statement {
    /// Whether it is about anybody, and no condition says who that may be.
    pub fn is_for_anybody(&self) -> bool {
        let anybody = match &self.principal {
            Some(Element::Is(Principals::Anyone)) => true,
            Some(Element::Is(Principals::Of(_))) => self.principals().contains(&"*"),
            Some(Element::Not(_)) => true,
            None => false,
        };
        let is_limit = |(operator, keys): (&String, &std::collections::BTreeMap<String, _>)| {
            let compares =
                !operator.contains("Not") && !operator.ends_with("IfExists") && !operator.starts_with("Null");
            compares && keys.keys().any(|key| LIMITS.contains(&key.to_ascii_lowercase().as_str()))
        };
        anybody && !self.condition.iter().any(is_limit)
    }

    /// The AWS principals that it names.
    fn principals(&self) -> Vec<&str> {
        let Some(Element::Is(Principals::Of(kinds))) = &self.principal else { return Vec::new() };
        kinds.get("AWS").into_iter().flatten().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(principal: &str, condition: &str) -> Document {
        let text = format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"It","Effect":"Allow","Principal":{principal},
               "Action":"kms:Decrypt","Resource":"*","Condition":{condition}}}]}}"#
        );
        text.parse().unwrap()
    }

    #[test]
    fn anybody_is_a_star_that_no_condition_limits() {
        for (principal, condition, is_public) in [
            (r#""*""#, "{}", true),
            (r#"{"AWS":"*"}"#, "{}", true),
            (r#"{"AWS":["arn:aws:iam::123456789012:root","*"]}"#, "{}", true),
            (r#"{"AWS":"arn:aws:iam::123456789012:root"}"#, "{}", false),
            (r#"{"AWS":"*"}"#, r#"{"StringEquals":{"kms:CallerAccount":"123456789012"}}"#, false),
            (r#"{"AWS":"*"}"#, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#, false),
            // They say nothing of the caller, or let through who has no such key.
            (r#"{"AWS":"*"}"#, r#"{"StringEquals":{"kms:ViaService":"rds.eu-west-1.amazonaws.com"}}"#, true),
            (r#"{"AWS":"*"}"#, r#"{"StringNotEquals":{"kms:CallerAccount":"123456789012"}}"#, true),
            (r#"{"AWS":"*"}"#, r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}"#, true),
        ] {
            let found = statement(principal, condition).public_statements();
            assert_eq!(found, if is_public { vec!["It"] } else { Vec::new() }, "{principal} {condition}");
        }
        let denied =
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*"}]}"#;
        assert_eq!(denied.parse::<Document>().unwrap().public_statements(), [""; 0]);
    }

    #[test]
    fn a_deleted_principal_is_an_id() {
        assert_eq!(statement(r#"{"AWS":"AROAEXAMPLE"}"#, "{}").stale_statements(), ["It"]);
        assert_eq!(statement(r#"{"AWS":"arn:aws:iam::123456789012:role/app"}"#, "{}").stale_statements(), [""; 0]);
    }
}
