//! Secrets that are about something, as far as their names, descriptions and tags say. No value is read.

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry};

use crate::aws::error::Error;
use crate::aws::secrets::Secrets;

/// A secret of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The AWS service that manages it, such as `rds`.
    pub owning_service: Option<String>,
}

impl Secrets {
    /// The secrets in whose name, description or tags one of some words occurs. Secrets Manager searches for the first,
    /// which the others must contain. Needs `secretsmanager:ListSecrets`.
    ///
    /// # Errors
    /// Any.
    pub async fn about(&self, words: &[&str]) -> Result<Vec<Listed>, Error> {
        let word = words.first().map(|word| vec![(*word).to_owned()]);
        let filter = Filter::builder().key(FilterNameStringType::All).set_values(word).build();
        let mut pages = self.0.list_secrets().filters(filter).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| Error::sdk("secretsmanager", "ListSecrets", &e))?;
            let entries = page.secret_list.unwrap_or_default().into_iter();
            found.extend(entries.filter(|entry| is_about(entry, words)).filter_map(Listed::read));
        }
        Ok(found)
    }
}

impl Listed {
    fn read(entry: SecretListEntry) -> Option<Self> {
        let owning_service = entry.owning_service.filter(|service| !service.is_empty());
        Some(Self { arn: entry.arn?, name: entry.name.unwrap_or_default(), owning_service })
    }
}

/// Whether one of the words occurs as a whole: the search of Secrets Manager also finds parts.
fn is_about(entry: &SecretListEntry, words: &[&str]) -> bool {
    let tags = entry.tags().iter().flat_map(|tag| [tag.key(), tag.value()]).flatten();
    let mut texts = [entry.name(), entry.description()].into_iter().flatten().chain(tags);
    let is_within = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
    texts.any(|text| {
        let text = text.to_ascii_lowercase();
        words.iter().map(|word| word.to_ascii_lowercase()).any(|word| {
            text.match_indices(&word).any(|(at, found)| {
                !is_within(text[..at].chars().next_back()) && !is_within(text[at + found.len()..].chars().next())
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_secretsmanager::types::Tag;

    use super::*;

    #[test]
    fn a_word_is_a_whole_one() {
        let named = |name: &str| SecretListEntry::builder().name(name).build();
        for (name, is_it) in [("orders", true), ("prod/Orders-master", true), ("preorders", false), ("orders2", false)]
        {
            assert_eq!(is_about(&named(name), &["orders"]), is_it, "{name}");
        }
        let arn = "arn:aws:rds:eu-west-1:123456789012:db:orders";
        let tag = Tag::builder().key("aws:rds:primaryDBInstanceArn").value(arn).build();
        let tagged = SecretListEntry::builder().name("rds!db-1").tags(tag).build();
        assert!(is_about(&tagged, &["orders"]) && !is_about(&tagged, &["shop"]));
        assert!(is_about(&SecretListEntry::builder().description("of orders.cabc").build(), &["orders"]));
    }
}
