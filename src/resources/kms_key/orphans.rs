//! Keys that an interrupted create has created without an alias. They carry its mark.

use std::collections::BTreeSet;

use tf_provider::diagnostic::{Diagnostic, Result};
use tokio::sync::Mutex;

use crate::attributes::tags;
use crate::aws::kms::{Key, Kms};
use crate::aws::{Error, lag};
use crate::resources::kms_key::{KmsKey, unfit};
use crate::world::Ctx;

/// The number of keys without alias that are read. Each takes two calls, which is some seconds for all of them.
const MOST_LOOKS: usize = 500;

/// The key with a mark, whose creation was not answered a moment ago: looked up several times.
pub(super) async fn find(cx: &Ctx, kms: &Kms, mark: &str) -> Result<Option<Key>> {
    let others = Mutex::default();
    cx.find(&lag::KEY_UNLISTED, || search(kms, mark, &others)).await
}

/// The key with a mark, if it is listed.
pub(super) async fn find_once(kms: &Kms, mark: &str) -> Result<Option<Key>> {
    search(kms, mark, &Mutex::default()).await
}

/// Reads keys without alias until one has the mark. A key has its mark from the beginning, so those that turn out to be
/// `others` are not read again.
async fn search(kms: &Kms, mark: &str, others: &Mutex<BTreeSet<String>>) -> Result<Option<Key>> {
    let named: BTreeSet<String> = kms.aliases(None).await?.into_iter().map(|alias| alias.key_id).collect();
    let all = kms.key_ids().await?;
    let mut others = others.lock().await;
    let unnamed: Vec<_> = all.into_iter().filter(|id| !named.contains(id) && !others.contains(id)).collect();
    for id in unnamed {
        if others.len() == MOST_LOOKS {
            return Err(too_many(mark));
        }
        match marked(kms, &id, mark).await {
            Ok(Some(key)) => return Ok(Some(key)),
            Ok(None) => drop(others.insert(id)),
            // A key that this identity may not read is not ours.
            Err(error) if error.is_access_denied() => drop(others.insert(id)),
            Err(error) if error.is_not_found() => {} // It was deleted, or created a moment ago.
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// Adds to a failure that the call may have created a key.
pub(super) fn may_exist(error: Error, mark: &str) -> Diagnostic {
    let is_open = error.is_transient() && !error.is_throttled();
    let error = Diagnostic::from(error);
    if !is_open {
        return error;
    }
    let detail = format!(
        "{}\n\nIf KMS created a key nevertheless, it has the tag \"{}\" = \"{mark}\". The next apply in this \
         directory looks for it.",
        error.detail,
        tags::CREATION
    );
    Diagnostic { detail, ..error }
}

/// The key of an id, if it has the mark.
async fn marked(kms: &Kms, id: &str, mark: &str) -> Result<Option<Key>, Error> {
    let may_be = |key: &Key| !key.is_pending_deletion() && unfit(key).is_none();
    let Some(key) = kms.key(id).await?.filter(may_be) else { return Ok(None) };
    let tags = kms.tags(id).await?;
    Ok((tags::mark(&tags).map(String::as_str) == Some(mark)).then_some(key))
}

fn too_many(mark: &str) -> Diagnostic {
    let tag = tags::CREATION;
    let detail = format!(
        "An earlier apply was interrupted while it created the key. There are more than {MOST_LOOKS} keys without an \
         alias, and one of the others may be that key. No key was created, because it could be a duplicate.\n\nFind \
         the key by its tag:\n  aws resourcegroupstaggingapi get-resources --resource-type-filters kms:key \
         --tag-filters 'Key={tag},Values={mark}'\nIf there is one, import it by its ARN:\n  terraform import ADDRESS \
         'KEY_ARN'\nIf there is none, set the alias on a key of your own and import that key."
    );
    Diagnostic::error("Too many keys without an alias", detail).at(KmsKey::alias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, json};

    const TAGS: &str = r#"{"Tags":[{"TagKey":"rdsauth:creation-id","TagValue":"kms_key/1f"}]}"#;

    /// The answer of DescribeKey.
    fn key(state: &str) -> Answer {
        json(&format!(
            r#"{{"KeyMetadata":{{"KeyId":"1","Arn":"arn:aws:kms:eu-west-1:123456789012:key/1","CreationDate":1,
            "KeyState":"{state}","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT",
            "Origin":"AWS_KMS"}}}}"#
        ))
    }

    #[tokio::test]
    async fn a_key_of_others_is_read_once() {
        let lists = || [json(r#"{"Aliases":[]}"#), json(r#"{"Keys":[{"KeyId":"1"}]}"#)];
        let server = Server::start(lists().into_iter().chain([key("Enabled"), json(TAGS)]).chain(lists())).await;
        let kms = server.clients().kms(None).await.unwrap();
        let others = Mutex::default();
        for _ in 0..2 {
            assert_eq!(super::search(&kms, "kms_key/2f", &others).await.unwrap(), None);
        }
        assert_eq!(server.operations()[4..], ["ListAliases", "ListKeys"]);
    }

    /// The result of a search among so many keys without alias, with these answers; and the requests that it makes.
    async fn search(count: usize, mark: &str, answers: Vec<Answer>) -> (Result<Option<Key>>, Vec<String>) {
        let keys: Vec<_> = (0..count).map(|id| serde_json::json!({ "KeyId": id.to_string() })).collect();
        let first = [json(r#"{"Aliases":[]}"#), json(&serde_json::json!({ "Keys": keys }).to_string())];
        let server = Server::start(first.into_iter().chain(answers)).await;
        let kms = server.clients().kms(None).await.unwrap();
        (find_once(&kms, mark).await, server.operations().split_off(2))
    }

    #[tokio::test]
    async fn a_key_is_found_by_its_mark() {
        let (found, asked) = search(1, "kms_key/1f", vec![key("Enabled"), json(TAGS)]).await;
        assert_eq!(found.unwrap().unwrap().id, "1");
        assert_eq!(asked, ["DescribeKey", "ListResourceTags"]);
        let (found, _) = search(1, "kms_key/2f", vec![key("Enabled"), json(TAGS)]).await;
        assert_eq!(found.unwrap(), None, "another creation's");
    }

    #[tokio::test]
    async fn a_key_that_is_scheduled_for_deletion_counts_as_deleted() {
        let (found, asked) = search(1, "kms_key/1f", vec![key("PendingDeletion")]).await;
        assert_eq!((found.unwrap(), asked), (None, vec!["DescribeKey".to_owned()]));
    }

    #[tokio::test]
    async fn without_a_complete_search_no_key_is_created() {
        let (found, asked) = search(MOST_LOOKS, "kms_key/1f", vec![key("PendingDeletion")]).await;
        assert_eq!((found.unwrap(), asked.len()), (None, MOST_LOOKS));
        let (found, _) = search(MOST_LOOKS + 1, "kms_key/1f", vec![key("PendingDeletion")]).await;
        let error = found.unwrap_err();
        assert!(
            error.summary == "Too many keys without an alias" && error.detail.contains("could be a duplicate"),
            "{error}"
        );
    }
}
