//! Which policies of an account name something, such as the resource ID of a database.

use aws_sdk_iam::types::{EntityType, PolicyDetail};

use crate::arn::IamKind;
use crate::aws::error::Error;
use crate::aws::iam::{Iam, decoded};

/// A policy that names what was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// The role, user or group whose inline policy it is, such as `role/app`; none of a managed policy.
    pub owner: Option<String>,
    /// The ARN of the owner, or of the managed policy.
    pub arn: Option<String>,
    /// The name of the policy.
    pub policy: String,
}

impl Mention {
    /// The path of the owner, or of the managed policy: `/` if it has none of its own.
    pub fn path(&self) -> Option<&str> {
        let arn = self.arn.as_deref()?;
        arn.get(arn.find('/')?..=arn.rfind('/')?)
    }

    /// The policy among all of an account, such as `role/app/login`.
    pub fn name(&self) -> String {
        match &self.owner {
            Some(owner) => format!("{owner}/{}", self.policy),
            None => self.policy.clone(),
        }
    }
}

/// The policies that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentions {
    /// They, in the order of the account.
    pub found: Vec<Mention>,
    /// Whether all policies were looked at; not if the account has very many.
    pub is_complete: bool,
}

/// Roles, users, groups and policies together of a page, the most that IAM gives at a time.
pub(super) const PAGE: i32 = 1000;

/// Accounts have at most some thousands of them.
const MOST_PAGES: usize = 30;

impl Iam {
    /// The inline policies and customer managed policies in which one of some words occurs, by the default version of
    /// each. AWS managed policies name no resources of an account. Needs `iam:GetAccountAuthorizationDetails`.
    ///
    /// # Errors
    /// Any.
    pub async fn mentions(&self, words: &[&str]) -> Result<Mentions, Error> {
        let pick = |mention, document: &str| names(document, words).then_some(mention);
        let (found, is_complete) = self.each_policy(pick).await?;
        Ok(Mentions { found, is_complete })
    }

    /// The same policies, if one word occurs in them and another does not.
    ///
    /// # Errors
    /// Any.
    pub async fn mentions_without(&self, word: &str, other: &str) -> Result<Mentions, Error> {
        let pick =
            |mention, document: &str| (names(document, &[word]) && !names(document, &[other])).then_some(mention);
        let (found, is_complete) = self.each_policy(pick).await?;
        Ok(Mentions { found, is_complete })
    }

    /// The same policies with their documents, if the text of one is wanted, and whether all were looked at.
    ///
    /// # Errors
    /// Any.
    pub async fn documents(&self, is_wanted: impl Fn(&str) -> bool) -> Result<(Vec<(Mention, String)>, bool), Error> {
        self.each_policy(|mention, document| is_wanted(document).then(|| (mention, document.to_owned()))).await
    }

    /// What is picked of all policies by their decoded documents, and whether all were looked at.
    async fn each_policy<T>(&self, pick: impl Fn(Mention, &str) -> Option<T>) -> Result<(Vec<T>, bool), Error> {
        let request = self.0.get_account_authorization_details().max_items(PAGE);
        let kinds = [EntityType::Role, EntityType::User, EntityType::Group, EntityType::LocalManagedPolicy];
        let mut pages = request.set_filter(Some(kinds.into())).into_paginator().send();
        let mut found = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(page) = pages.next().await else { return Ok((found, true)) };
            let page = page.map_err(|e| Error::sdk("iam", "GetAccountAuthorizationDetails", &e))?;
            for role in page.role_detail_list() {
                let owner = (IamKind::Role, role.role_name(), role.arn());
                found.extend(inline(owner, role.role_policy_list(), &pick));
            }
            for user in page.user_detail_list() {
                let owner = (IamKind::User, user.user_name(), user.arn());
                found.extend(inline(owner, user.user_policy_list(), &pick));
            }
            for group in page.group_detail_list() {
                let owner = (IamKind::Group, group.group_name(), group.arn());
                found.extend(inline(owner, group.group_policy_list(), &pick));
            }
            for policy in page.policies() {
                let mut versions = policy.policy_version_list().iter().filter(|version| version.is_default_version);
                let Some(document) = versions.find_map(|version| version.document()) else { continue };
                let (arn, name) = (policy.arn.clone(), policy.policy_name.clone().unwrap_or_default());
                found.extend(pick(Mention { owner: None, arn, policy: name }, &decoded(document)));
            }
            if !page.is_truncated {
                return Ok((found, true));
            }
        }
        Ok((found, false))
    }
}

/// What is picked of the inline policies of an owner.
fn inline<'a, T>(
    (kind, name, arn): (IamKind, Option<&'a str>, Option<&'a str>),
    policies: &'a [PolicyDetail],
    pick: &'a impl Fn(Mention, &str) -> Option<T>,
) -> impl Iterator<Item = T> + 'a {
    policies.iter().filter_map(move |policy| {
        let mention = Mention {
            owner: Some(format!("{}/{}", kind.name(), name.unwrap_or_default())),
            arn: arn.map(str::to_owned),
            policy: policy.policy_name.clone().unwrap_or_default(),
        };
        pick(mention, &decoded(policy.policy_document()?))
    })
}

/// Whether a document contains one of the words, rather than a longer word that begins with it.
fn names(document: &str, words: &[&str]) -> bool {
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_ascii_alphanumeric());
    words.iter().any(|word| document.match_indices(word).any(|(at, word)| ends(&document[at + word.len()..])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, result};

    const OURS: &str = "arn%3Aaws%3Ards-db%3Aeu-west-1%3A123456789012%3Adbuser%3Adb-ABC%2Fapp";
    const OTHERS: &str = "arn%3Aaws%3Ards-db%3Aeu-west-1%3A123456789012%3Adbuser%3Adb-ABCD%2Fapp";

    fn page(document: &str, more: &str) -> Answer {
        let inline = format!("<member><PolicyName>p</PolicyName><PolicyDocument>{document}</PolicyDocument></member>");
        let version = |document: &str, is_default: bool| {
            format!("<member><Document>{document}</Document><IsDefaultVersion>{is_default}</IsDefaultVersion></member>")
        };
        let versions = [version(OTHERS, true), version(OURS, false)].concat();
        result(
            "GetAccountAuthorizationDetails",
            &format!(
                "<RoleDetailList><member><RoleName>app</RoleName><Arn>arn:aws:iam::123456789012:role/x/app</Arn>\
                 <RolePolicyList>{inline}</RolePolicyList></member></RoleDetailList><UserDetailList/><GroupDetailList/>\
                 <Policies><member><PolicyName>old</PolicyName><PolicyVersionList>{versions}</PolicyVersionList></member>\
                 </Policies>{more}"
            ),
        )
    }

    #[tokio::test]
    async fn the_whole_id_counts_in_the_version_that_applies() {
        let server = Server::start([page(OURS, "<IsTruncated>false</IsTruncated>")]).await;
        let found = server.clients().iam().await.unwrap().mentions(&["db-ABC"]).await.unwrap();
        let app = Mention {
            owner: Some("role/app".to_owned()),
            arn: Some("arn:aws:iam::123456789012:role/x/app".to_owned()),
            policy: "p".to_owned(),
        };
        assert_eq!(found, Mentions { found: vec![app], is_complete: true });
        let server = Server::start([page(OTHERS, "<IsTruncated>false</IsTruncated>")]).await;
        let found = server.clients().iam().await.unwrap().mentions(&["db-ABC"]).await.unwrap();
        assert_eq!(found, Mentions { found: Vec::new(), is_complete: true });
    }

    #[tokio::test]
    async fn a_policy_that_names_the_other_as_well_is_left_out() {
        let pages =
            [OURS, &format!("{OURS}%2C{OTHERS}")].map(|document| page(document, "<IsTruncated>false</IsTruncated>"));
        let server = Server::start(pages).await;
        let clients = server.clients();
        let iam = clients.iam().await.unwrap();
        for expected in [&["role/app/p"][..], &[]] {
            let found = iam.mentions_without("db-ABC", "db-ABCD").await.unwrap().found;
            assert_eq!(found.iter().map(Mention::name).collect::<Vec<_>>(), expected);
        }
    }

    #[tokio::test]
    async fn the_search_is_bounded() {
        let more = |n: usize| page(OTHERS, &format!("<IsTruncated>true</IsTruncated><Marker>m{n}</Marker>"));
        let server = Server::start((0..=MOST_PAGES).map(more)).await;
        let found = server.clients().iam().await.unwrap().mentions(&["db-ABC"]).await.unwrap();
        assert_eq!((found.is_complete, server.operations().len()), (false, MOST_PAGES));
    }
}
