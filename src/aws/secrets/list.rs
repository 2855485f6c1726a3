//! Secrets that are about something, as far as their names, descriptions and tags say, and those of a refresh of many. No
//! value is read.

use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry};

use crate::aws::error::Error;
use crate::aws::listed::{self, Page};
use crate::aws::secrets::{Description, Secrets};

/// What a list has shown of a region, by ARN.
pub(super) type Region = listed::Listed<String, Description>;

/// The most that Secrets Manager gives at a time.
const PAGE: i32 = 100;

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

    /// The secret of an ARN, if a list of the region shows it; otherwise it is to be [described](Self::describe). Changes of
    /// the last five minutes may be missing ([ListSecrets]), those of versions and of tags among them. Needs
    /// `secretsmanager:ListSecrets`, but fails in no case.
    ///
    /// [ListSecrets]: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html
    pub async fn listed(&self, arn: &str) -> Option<Description> {
        self.1.get()?.find(|shown| shown.get(arn).cloned(), |marker| self.page(marker)).await
    }

    async fn page(&self, marker: Option<String>) -> Result<Page<String, Description>, Error> {
        let request = self.0.list_secrets().include_planned_deletion(true).max_results(PAGE).set_next_token(marker);
        let page = request.send().await.map_err(|e| Error::sdk("secretsmanager", "ListSecrets", &e))?;
        let entries = page.secret_list.into_iter().flatten().map(Description::of_entry);
        let shown = entries.map(|secret| secret.map(|secret| (secret.arn.clone(), secret)));
        Ok(Page { shown: shown.collect::<Result<_, _>>()?, next: page.next_token })
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
    use crate::aws::testing::{Server, json};

    #[tokio::test]
    async fn the_second_secret_is_looked_for_in_a_list() {
        let secret = r#"{ "ARN": "arn", "Name": "n", "Description": "d", "KmsKeyId": "k", "DeletedDate": 1.5, "Tags":
            [{ "Key": "a", "Value": "1" }], "SecretVersionsToStages": { "v": ["AWSCURRENT"] } }"#;
        let server = Server::start([json(&format!(r#"{{ "SecretList": [{secret}] }}"#))]).await;
        let secrets = server.clients().secrets(None).await.unwrap();
        assert_eq!(secrets.listed("arn").await, None);
        let found = secrets.listed("arn").await.unwrap();
        assert_eq!((found.name.as_str(), found.description.as_deref(), found.is_deleted), ("n", Some("d"), true));
        assert_eq!((found.kms_key_id.as_deref(), found.current.as_deref()), (Some("k"), Some("v")));
        assert_eq!(found.tags["a"], "1");
        assert_eq!(secrets.listed("other").await, None);
        assert_eq!(server.operations(), ["ListSecrets"]);
        assert_eq!(server.seen()[0].json()["IncludePlannedDeletion"], true);
    }

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
