//! Keys that a create has made and not named when it was cut off. They carry its mark and no alias.

use std::collections::BTreeSet;
use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::Lag;

use crate::attributes::tags;
use crate::aws::Error;
use crate::aws::kms::{Key, Kms};
use crate::resources::kms_key::{KmsKey, unfit};
use crate::world::Ctx;

/// So many keys without alias are looked at. Each takes two calls.
const MOST_LOOKS: usize = 2000;

/// A key that was just made may not be listed yet.
const LISTED: Lag =
    Lag { what: "a key whose creation was not answered to be listed", looks: 5, first: Duration::from_secs(1) };

/// The key with a mark, whose creation was not answered a moment ago: looked for several times.
pub(super) async fn find(cx: &Ctx, kms: &Kms, mark: &str) -> Result<Option<Key>> {
    cx.find(&LISTED, || find_once(kms, mark)).await
}

/// The key with a mark, if it is listed.
pub(super) async fn find_once(kms: &Kms, mark: &str) -> Result<Option<Key>> {
    let named: BTreeSet<String> = kms.aliases(None).await?.into_iter().map(|alias| alias.key_id).collect();
    let mut unnamed = kms.key_ids().await?.into_iter().filter(|id| !named.contains(id));
    for id in unnamed.by_ref().take(MOST_LOOKS) {
        match marked(kms, &id, mark).await {
            Ok(None) => {}
            // What another identity keeps from this one is not ours.
            Err(error) if error.is_access_denied() || error.is_not_found() => {}
            found => return found.map_err(Diagnostic::from),
        }
    }
    if unnamed.next().is_some() {
        return Err(too_many(mark));
    }
    Ok(None)
}

/// Adds to a failure what may have come of the call.
pub(super) fn may_exist(error: Error, mark: &str) -> Diagnostic {
    let is_open = error.is_transient() && !error.is_throttled();
    let told = Diagnostic::from(error);
    if !is_open {
        return told;
    }
    let detail = format!(
        "{}\n\nIf KMS has created a key all the same, its tag \"{}\" is \"{mark}\". The next apply in this directory looks \
         for it.",
        told.detail,
        tags::CREATION
    );
    Diagnostic { detail, ..told }
}

/// The key of an id, if it has the mark.
async fn marked(kms: &Kms, id: &str, mark: &str) -> Result<Option<Key>, Error> {
    let may_be = |key: &Key| !key.is_pending_deletion() && unfit(key).is_none();
    let Some(key) = kms.key(id).await?.filter(may_be) else { return Ok(None) };
    let tags = kms.tags(id).await?;
    Ok((tags::mark(&tags).map(String::as_str) == Some(mark)).then_some(key))
}

fn too_many(mark: &str) -> Diagnostic {
    let detail = format!(
        "An earlier apply was interrupted while it created the key, and there are more than {MOST_LOOKS} keys without an \
         alias, one of which may be that key. No key was created, since it might be the second.\n\nFind the key whose tag \
         \"{}\" is \"{mark}\" and import it by its ARN:\n  terraform import ADDRESS 'KEY_ARN'",
        tags::CREATION
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
            "KeyState":"{state}","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT"}}}}"#
        ))
    }

    /// What a look finds among so many keys without alias, all of which are as the answers say; and what it asks for.
    async fn look(count: usize, mark: &str, answers: Vec<Answer>) -> (Result<Option<Key>>, Vec<String>) {
        let keys: Vec<_> = (0..count).map(|id| serde_json::json!({ "KeyId": id.to_string() })).collect();
        let first = [json(r#"{"Aliases":[]}"#), json(&serde_json::json!({ "Keys": keys }).to_string())];
        let server = Server::start(first.into_iter().chain(answers)).await;
        let kms = server.clients().kms(None).await.unwrap();
        (find_once(&kms, mark).await, server.operations().split_off(2))
    }

    #[tokio::test]
    async fn a_key_is_found_by_its_mark() {
        let (found, asked) = look(1, "kms_key/1f", vec![key("Enabled"), json(TAGS)]).await;
        assert_eq!(found.unwrap().unwrap().id, "1");
        assert_eq!(asked, ["DescribeKey", "ListResourceTags"]);
        let (found, _) = look(1, "kms_key/2f", vec![key("Enabled"), json(TAGS)]).await;
        assert_eq!(found.unwrap(), None, "another creation's");
    }

    #[tokio::test]
    async fn a_key_that_waits_for_its_deletion_is_none() {
        let (found, asked) = look(1, "kms_key/1f", vec![key("PendingDeletion")]).await;
        assert_eq!((found.unwrap(), asked), (None, vec!["DescribeKey".to_owned()]));
    }

    #[tokio::test]
    async fn where_not_all_can_be_looked_at_none_is_made() {
        let (found, asked) = look(MOST_LOOKS, "kms_key/1f", vec![key("PendingDeletion")]).await;
        assert_eq!((found.unwrap(), asked.len()), (None, MOST_LOOKS));
        let (found, _) = look(MOST_LOOKS + 1, "kms_key/1f", vec![key("PendingDeletion")]).await;
        assert_eq!(found.unwrap_err().summary, "Too many keys without an alias");
    }
}
