//! Keys that an interrupted create has left, named or not: they are ours by their tags, and younger than a day.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Map, Resource as _};

use crate::aws::Error;
use crate::aws::kms::{Key, Kms};
use crate::resources::kms_key::{ALIAS_TAG, KmsKey, unfit};
use crate::tags;

/// A key that a create left behind is finished by the next create for so long.
const RESUMED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// So many keys without alias are looked at. Each takes a call, or two.
const MOST_LOOKS: usize = 2000;

/// Whether a create for this alias has made a key with these tags a moment ago.
pub(super) fn is_left(key: &Key, tags: &Map<String>, alias: &str) -> bool {
    is_young(key) && tags::is_marked(tags, KmsKey::TYPE) && tags.get(ALIAS_TAG).is_some_and(|tagged| tagged == alias)
}

/// A key without alias that a create for this one has left.
pub(super) async fn unnamed(kms: &Kms, alias: &str) -> Result<Option<Key>> {
    let named: BTreeSet<String> = kms.aliases(None).await?.into_iter().map(|alias| alias.key_id).collect();
    let mut unnamed = kms.key_ids().await?.into_iter().filter(|id| !named.contains(id));
    for id in unnamed.by_ref().take(MOST_LOOKS) {
        match made_for(kms, &id, alias).await {
            Ok(None) => {}
            // What another identity keeps from this one is not ours.
            Err(error) if error.is_access_denied() || error.is_not_found() => {}
            found => return found.map_err(Diagnostic::from),
        }
    }
    if unnamed.next().is_some() {
        return Err(too_many(alias));
    }
    Ok(None)
}

/// The key of an id, if its tags say so. They are asked for last, since AWS allows few such calls a second.
async fn made_for(kms: &Kms, id: &str, alias: &str) -> Result<Option<Key>, Error> {
    let may_be = |key: &Key| !key.is_pending_deletion() && is_young(key) && unfit(key).is_none();
    let Some(key) = kms.key(id).await?.filter(may_be) else { return Ok(None) };
    Ok(is_left(&key, &kms.tags(id).await?, alias).then_some(key))
}

/// The future counts as young: clocks differ.
fn is_young(key: &Key) -> bool {
    Timestamp::now().duration_since(key.created) < RESUMED_WITHIN
}

fn too_many(alias: &str) -> Diagnostic {
    let detail = format!(
        "There are more than {MOST_LOOKS} keys without an alias, and one of those not looked at may be the key for \
         \"{alias}\", left by an interrupted apply. No key was made, since it might be the second.\n\nName or delete keys \
         without an alias, or make the key yourself and import it:\n  aws kms create-alias --alias-name '{alias}' \
         --target-key-id \"$(aws kms create-key --query KeyMetadata.KeyId --output text)\"\n  terraform import ADDRESS \
         '{alias}'"
    );
    Diagnostic::error("Too many keys without an alias", detail).at(KmsKey::alias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, json};

    const TAGS: &str = r#"{"Tags":[{"TagKey":"rdsauth:alias","TagValue":"alias/a"},
        {"TagKey":"rdsauth:created-as","TagValue":"kms_key"}]}"#;

    /// The answer of DescribeKey about a key of an age.
    fn key(age: SignedDuration) -> Answer {
        let made = Timestamp::now().checked_sub(age).unwrap().as_second();
        json(&format!(
            r#"{{"KeyMetadata":{{"KeyId":"1","Arn":"arn:aws:kms:eu-west-1:123456789012:key/1","CreationDate":{made},
            "KeyState":"Enabled","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT"}}}}"#
        ))
    }

    /// What a look finds among so many keys without alias, all of which are as the answers say; and what it asks for.
    async fn look(count: usize, answers: impl IntoIterator<Item = Answer>) -> (Result<Option<Key>>, Vec<String>) {
        let keys: Vec<_> = (0..count).map(|id| serde_json::json!({ "KeyId": id.to_string() })).collect();
        let first = [json(r#"{"Aliases":[]}"#), json(&serde_json::json!({ "Keys": keys }).to_string())];
        let server = Server::start(first.into_iter().chain(answers)).await;
        let kms = server.clients().kms(None).await.unwrap();
        (unnamed(&kms, "alias/a").await, server.operations().split_off(2))
    }

    #[tokio::test]
    async fn a_young_key_is_found_by_its_tags() {
        let (found, asked) = look(1, [key(RESUMED_WITHIN / 2), json(TAGS)]).await;
        assert_eq!(found.unwrap().unwrap().id, "1");
        assert_eq!(asked, ["DescribeKey", "ListResourceTags"]);
    }

    #[tokio::test]
    async fn an_old_key_is_somebody_elses() {
        let (found, asked) = look(1, [key(RESUMED_WITHIN), json(TAGS)]).await;
        assert_eq!(found.unwrap(), None);
        assert_eq!(asked, ["DescribeKey"], "its tags do not matter");
    }

    #[tokio::test]
    async fn where_not_all_can_be_looked_at_none_is_made() {
        let (found, asked) = look(MOST_LOOKS, [key(RESUMED_WITHIN)]).await;
        assert_eq!((found.unwrap(), asked.len()), (None, MOST_LOOKS));
        let (found, asked) = look(MOST_LOOKS + 1, [key(RESUMED_WITHIN)]).await;
        assert_eq!(found.unwrap_err().summary, "Too many keys without an alias");
        assert_eq!(asked.len(), MOST_LOOKS);
    }
}
