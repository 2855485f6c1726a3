//! Changes of single statements in a document that others write as well.

use std::collections::BTreeMap;

use crate::policy::{Document, Element, Principals, Statement, Values, Version};

/// A principal that no longer exists, and the statement that names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The statement by its `Sid`, or by its place: `"Sid"` or `number 2`.
    pub statement: String,
    /// What AWS leaves in place of the principal: `AROA…` for a role, `AIDA…` for a user.
    pub id: String,
}

impl Document {
    /// A document of these statements only.
    pub fn of(statements: Vec<Statement>) -> Self {
        Self { version: Version::V2012, id: None, statements }
    }

    /// The statements that have one of these ids.
    pub fn statements_of(&self, sids: &[String]) -> Vec<Statement> {
        self.statements.iter().filter(|statement| is_one_of(statement, sids)).cloned().collect()
    }

    /// The same with other statements of these ids: where the first of them was, or else at the end. All others stay
    /// as they are.
    #[must_use]
    pub fn with(&self, sids: &[String], new: &[Statement]) -> Self {
        let mut statements: Vec<Statement> =
            self.statements.iter().filter(|statement| !is_one_of(statement, sids)).cloned().collect();
        let before = self.statements.iter().take_while(|statement| !is_one_of(statement, sids)).count();
        statements.splice(before..before, new.iter().cloned());
        Self { statements, ..self.clone() }
    }

    /// The principals of the statements with other ids than these that no longer exist.
    pub fn stale(&self, but_of: &[String]) -> Vec<Stale> {
        let others = self.statements.iter().enumerate().filter(|(_, statement)| !is_one_of(statement, but_of));
        let stale = others.flat_map(|(index, statement)| {
            let name = statement.sid.as_ref().map_or(format!("number {}", index + 1), |sid| format!("\"{sid}\""));
            let ids = aws_principals(statement).filter(|principal| is_unique_id(principal));
            ids.map(move |id| Stale { statement: name.clone(), id: id.clone() })
        });
        stale.collect()
    }

    /// The same without principals that no longer exist, and without the statements that had no others.
    #[must_use]
    pub fn without_stale(&self) -> Self {
        Self { statements: self.statements.iter().filter_map(Statement::without_stale).collect(), ..self.clone() }
    }
}

impl Statement {
    fn without_stale(&self) -> Option<Self> {
        if !aws_principals(self).any(|principal| is_unique_id(principal)) {
            return Some(self.clone());
        }
        // Without its principal, a statement about all others would be about everybody.
        let Some(Element::Is(Principals::Of(kinds))) = &self.principal else { return Some(self.clone()) };
        let living = |(kind, names): (&String, &Values)| {
            let names: Vec<&String> = names.iter().filter(|name| kind != AWS || !is_unique_id(name)).collect();
            (!names.is_empty()).then(|| (kind.clone(), names.into_iter().collect::<Values>()))
        };
        let kinds: BTreeMap<String, Values> = kinds.iter().filter_map(living).collect();
        let principal = Some(Element::Is(Principals::Of(kinds.clone())));
        (!kinds.is_empty()).then(|| Self { principal, ..self.clone() })
    }
}

/// The kind of principals that are identities and accounts.
const AWS: &str = "AWS";

fn is_one_of(statement: &Statement, sids: &[String]) -> bool {
    statement.sid.as_ref().is_some_and(|sid| sids.contains(sid))
}

fn aws_principals(statement: &Statement) -> impl Iterator<Item = &String> {
    let kinds = match &statement.principal {
        Some(Element::Is(Principals::Of(kinds)) | Element::Not(Principals::Of(kinds))) => Some(kinds),
        _ => None,
    };
    kinds.and_then(|kinds| kinds.get(AWS)).into_iter().flatten()
}

/// AWS keeps principals by unique id and shows their ARNs; once they are deleted only the id is left.
pub fn is_unique_id(principal: &str) -> bool {
    let is_id = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    ["AROA", "AIDA"].iter().any(|prefix| principal.starts_with(prefix))
        && principal.len() >= 16
        && principal.chars().all(is_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"Version":"2012-10-17","Id":"x","Statement":[
        {"Sid":"Root","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"},
        {"Sid":"Ours","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/a"},"Action":"kms:Decrypt","Resource":"*"},
        {"Effect":"Allow","Principal":{"AWS":["AROAEXAMPLEEXAMPLE12","arn:aws:iam::123456789012:role/b"]},"Action":"kms:Decrypt","Resource":"*"},
        {"Sid":"Gone","Effect":"Allow","Principal":{"AWS":"AIDAEXAMPLEEXAMPLE12"},"Action":"kms:Decrypt","Resource":"*"}]}"#;

    fn policy() -> Document {
        POLICY.parse().unwrap()
    }

    fn sids(document: &Document) -> Vec<&str> {
        document.statements.iter().map(|statement| statement.sid.as_deref().unwrap_or("-")).collect()
    }

    #[test]
    fn only_the_statements_of_the_ids_change() {
        let (ours, new) = (["Ours".to_owned()], ["New".to_owned()]);
        let found = policy().statements_of(&ours);
        assert_eq!(sids(&Document::of(found.clone())), ["Ours"]);
        assert_eq!(policy().with(&ours, &found), policy());
        assert_eq!(sids(&policy().with(&ours, &[])), ["Root", "-", "Gone"]);
        let renamed = Statement { sid: Some("New".to_owned()), ..found[0].clone() };
        assert_eq!(sids(&policy().with(&new, std::slice::from_ref(&renamed))), ["Root", "Ours", "-", "Gone", "New"]);
        assert_eq!(sids(&policy().with(&ours, &[renamed])), ["Root", "New", "-", "Gone"]);
    }

    #[test]
    fn what_deleted_principals_leave_is_found_and_taken_out() {
        let found: Vec<_> = policy().stale(&[]).into_iter().map(|stale| stale.statement).collect();
        assert_eq!(found, ["number 3", "\"Gone\""]);
        assert_eq!(policy().stale(&["Gone".to_owned()]).len(), 1);
        let pruned = policy().without_stale();
        assert_eq!(sids(&pruned), ["Root", "Ours", "-"]);
        assert_eq!(pruned.statements[2].to_string().matches("arn:").count(), 1);
        assert!(pruned.stale(&[]).is_empty());
    }

    #[test]
    fn a_statement_without_principals_allows_none() {
        let text = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","NotPrincipal":{"AWS":"AROAEXAMPLEEXAMPLE12"},"Action":"kms:*","Resource":"*"}}"#;
        let document: Document = text.parse().unwrap();
        assert_eq!(document.without_stale(), document);
        assert_eq!(document.stale(&[]).len(), 1);
    }

    #[test]
    fn unique_ids_are_no_arns() {
        assert!(is_unique_id("AROAEXAMPLEEXAMPLE12"));
        for other in ["AROA", "arn:aws:iam::123456789012:role/AROAEXAMPLEEXAMPLE12", "123456789012", "*"] {
            assert!(!is_unique_id(other), "{other}");
        }
    }
}
