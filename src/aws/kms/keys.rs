//! Keys: description, rotation, state and deletion.

use aws_sdk_kms::types::{KeyMetadata, KeySpec, KeyUsageType, Tag};
use jiff::Timestamp;
use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::kms::{Kms, SERVICE, once};

/// A key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its ARN.
    pub arn: String,
    /// Its id.
    pub id: String,
    /// `Enabled`, `Disabled`, `PendingDeletion` and so on.
    pub state: String,
    /// Whether it belongs to the account's owner rather than to AWS.
    pub is_customer_managed: bool,
    /// `SYMMETRIC_DEFAULT` and so on.
    pub spec: String,
    /// `ENCRYPT_DECRYPT` and so on.
    pub usage: String,
    /// Where its key material comes from: `AWS_KMS`, `EXTERNAL` (imported), `AWS_CLOUDHSM` or `EXTERNAL_KEY_STORE`.
    pub origin: String,
    /// Its description; none and an empty one are the same to KMS.
    pub description: Option<String>,
    /// When it was created.
    pub created: Timestamp,
}

/// How a key rotates: every so many days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation(pub i64);

/// One call about a key, with its errors explained.
macro_rules! call {
    ($operation:literal, $request:expr) => {
        $request.send().await.map_err(|error| Error::sdk(SERVICE, $operation, &error))
    };
}

impl Kms {
    /// The key of an id, ARN or alias. Needs `kms:DescribeKey`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn key(&self, id: &str) -> Result<Option<Key>, Error> {
        match call!("DescribeKey", self.0.describe_key().key_id(id)) {
            Ok(answer) => answer.key_metadata.map(|found| Key::read("DescribeKey", found)).transpose(),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a symmetric key for encryption and decryption. Without a policy, KMS leaves the key to IAM. Needs
    /// `kms:CreateKey`, and `kms:TagResource` for the tags.
    ///
    /// It is sent once, since each call that takes effect creates another key.
    ///
    /// # Errors
    /// Any; `is_transient` leaves open whether there is a key now, `is_malformed_policy` can mean a principal.
    pub async fn create_key(
        &self,
        description: Option<&str>,
        policy: Option<&str>,
        tags: &Map<String>,
    ) -> Result<Key, Error> {
        let request = self.0.create_key().key_spec(KeySpec::SymmetricDefault).key_usage(KeyUsageType::EncryptDecrypt);
        let request = request
            .set_description(description.map(str::to_owned))
            .set_policy(policy.map(str::to_owned))
            .set_tags(Some(to_sdk("CreateKey", tags)?));
        let answer = call!("CreateKey", request.customize().config_override(once()))?;
        let made = answer.key_metadata.ok_or_else(|| Error::incomplete(SERVICE, "CreateKey", "key"))?;
        Key::read("CreateKey", made)
    }

    /// Changes the description of a key. Needs `kms:UpdateKeyDescription`.
    ///
    /// # Errors
    /// Any.
    pub async fn describe(&self, key: &str, description: &str) -> Result<(), Error> {
        call!("UpdateKeyDescription", self.0.update_key_description().key_id(key).description(description)).map(drop)
    }

    /// Lets a key be used, or not. Needs `kms:EnableKey` or `kms:DisableKey`.
    ///
    /// # Errors
    /// Any.
    pub async fn enable(&self, key: &str, enabled: bool) -> Result<(), Error> {
        match enabled {
            true => call!("EnableKey", self.0.enable_key().key_id(key)).map(drop),
            false => call!("DisableKey", self.0.disable_key().key_id(key)).map(drop),
        }
    }

    /// How a key rotates, if it does. Needs `kms:GetKeyRotationStatus`.
    ///
    /// # Errors
    /// Any.
    pub async fn rotation(&self, key: &str) -> Result<Option<Rotation>, Error> {
        let answer = call!("GetKeyRotationStatus", self.0.get_key_rotation_status().key_id(key))?;
        let days = answer.rotation_period_in_days.map_or(365, i64::from);
        Ok(answer.key_rotation_enabled.then_some(Rotation(days)))
    }

    /// Lets a key rotate, or not. Needs `kms:EnableKeyRotation` or `kms:DisableKeyRotation`.
    ///
    /// # Errors
    /// Any; `is_disabled` if the key is.
    pub async fn rotate(&self, key: &str, rotation: Option<Rotation>) -> Result<(), Error> {
        match rotation {
            Some(Rotation(days)) => {
                let days = i32::try_from(days).unwrap_or(i32::MAX); // What is too much is AWS's to refuse.
                let request = self.0.enable_key_rotation().key_id(key).rotation_period_in_days(days);
                call!("EnableKeyRotation", request).map(drop)
            }
            None => call!("DisableKeyRotation", self.0.disable_key_rotation().key_id(key)).map(drop),
        }
    }

    /// All tags of a key. Needs `kms:ListResourceTags`.
    ///
    /// # Errors
    /// Any.
    pub async fn tags(&self, key: &str) -> Result<Map<String>, Error> {
        let mut tags = Map::new();
        let mut marker = None;
        loop {
            let page = call!("ListResourceTags", self.0.list_resource_tags().key_id(key).set_marker(marker.take()))?;
            tags.extend(page.tags.into_iter().flatten().map(|tag| (tag.tag_key, tag.tag_value)));
            marker = page.next_marker.filter(|_| page.truncated);
            if marker.is_none() {
                return Ok(tags);
            }
        }
    }

    /// Adds tags, or changes their values. Needs `kms:TagResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn tag(&self, key: &str, tags: &Map<String>) -> Result<(), Error> {
        let tags = to_sdk("TagResource", tags)?;
        call!("TagResource", self.0.tag_resource().key_id(key).set_tags(Some(tags))).map(drop)
    }

    /// Removes tags. Needs `kms:UntagResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn untag(&self, key: &str, tags: &[String]) -> Result<(), Error> {
        call!("UntagResource", self.0.untag_resource().key_id(key).set_tag_keys(Some(tags.to_vec()))).map(drop)
    }

    /// The ids of all keys of the account and region. Needs `kms:ListKeys`.
    ///
    /// # Errors
    /// Any.
    pub async fn key_ids(&self) -> Result<Vec<String>, Error> {
        let mut ids = Vec::new();
        let mut marker = None;
        loop {
            let page = call!("ListKeys", self.0.list_keys().limit(1000).set_marker(marker.take()))?;
            ids.extend(page.keys.into_iter().flatten().filter_map(|key| key.key_id));
            marker = page.next_marker.filter(|_| page.truncated);
            if marker.is_none() {
                return Ok(ids);
            }
        }
    }

    /// Schedules the deletion of a key in so many days and returns its date. Succeeds if the key does not exist, or its
    /// deletion is scheduled already. Needs `kms:ScheduleKeyDeletion`.
    ///
    /// # Errors
    /// Any other.
    pub async fn schedule_deletion(&self, key: &str, days: i64) -> Result<Option<Timestamp>, Error> {
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        match call!("ScheduleKeyDeletion", self.0.schedule_key_deletion().key_id(key).pending_window_in_days(days)) {
            Ok(answer) => Ok(answer.deletion_date.and_then(|date| Timestamp::from_second(date.secs()).ok())),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) if error.is_invalid_state() => match self.key(key).await? {
                Some(key) if !key.is_pending_deletion() => Err(error),
                _ => Ok(None),
            },
            Err(error) => Err(error),
        }
    }
}

impl Key {
    /// Whether it can be used.
    pub fn is_enabled(&self) -> bool {
        self.state == "Enabled"
    }

    /// Whether it was disabled by a user. A key that cannot be used may be in another state, from which it cannot be
    /// enabled.
    pub fn is_disabled(&self) -> bool {
        self.state == "Disabled"
    }

    /// Whether KMS generated its key material. Only such a key can rotate automatically.
    pub fn has_own_material(&self) -> bool {
        self.origin == "AWS_KMS"
    }

    /// Whether its deletion is scheduled, or it is waiting for its replicas to be deleted.
    pub fn is_pending_deletion(&self) -> bool {
        matches!(self.state.as_str(), "PendingDeletion" | "PendingReplicaDeletion")
    }

    fn read(operation: &'static str, metadata: KeyMetadata) -> Result<Self, Error> {
        let required = |value: Option<String>, what| value.ok_or_else(|| Error::incomplete(SERVICE, operation, what));
        let created = metadata.creation_date.and_then(|date| Timestamp::from_second(date.secs()).ok());
        Ok(Self {
            arn: required(metadata.arn, "ARN")?,
            id: metadata.key_id,
            state: required(metadata.key_state.map(|state| state.as_str().to_owned()), "state")?,
            is_customer_managed: metadata.key_manager.is_some_and(|manager| manager.as_str() == "CUSTOMER"),
            spec: required(metadata.key_spec.map(|spec| spec.as_str().to_owned()), "spec")?,
            usage: required(metadata.key_usage.map(|usage| usage.as_str().to_owned()), "usage")?,
            origin: required(metadata.origin.map(|origin| origin.as_str().to_owned()), "origin")?,
            description: metadata.description.filter(|description| !description.is_empty()),
            created: created.ok_or_else(|| Error::incomplete(SERVICE, operation, "date of creation"))?,
        })
    }
}

fn to_sdk(operation: &'static str, tags: &Map<String>) -> Result<Vec<Tag>, Error> {
    let tag = |(key, value): (&String, &String)| Tag::builder().tag_key(key).tag_value(value).build();
    tags.iter().map(tag).collect::<Result<_, _>>().map_err(|_| Error::incomplete(SERVICE, operation, "tag"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, json, json_fault};

    const KEY: &str = r#"{"KeyMetadata":{"KeyId":"1","Arn":"arn:aws:kms:eu-west-1:123456789012:key/1",
        "CreationDate":1767225600.5,"KeyState":"STATE","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT",
        "KeyUsage":"ENCRYPT_DECRYPT","Origin":"AWS_KMS","Description":""}}"#;

    async fn kms(script: impl IntoIterator<Item = Answer>) -> (Server, Kms) {
        let server = Server::start(script).await;
        let kms = server.clients().kms(None).await.unwrap();
        (server, kms)
    }

    #[tokio::test]
    async fn the_properties_of_a_key_are_read() {
        let (_server, kms) =
            kms([json(&KEY.replace("STATE", "Enabled")), json(&KEY.replace("STATE", "Disabled"))]).await;
        let key = kms.key("alias/x").await.unwrap().unwrap();
        assert!(key.is_enabled() && key.is_customer_managed && !key.is_pending_deletion());
        assert_eq!((key.created.to_string().as_str(), key.description), ("2026-01-01T00:00:00Z", None));
        assert!(!kms.key("alias/x").await.unwrap().unwrap().is_enabled());
    }

    #[tokio::test]
    async fn a_key_is_created_once() {
        for answer in
            [json_fault(500, "KMSInternalException", "later"), json_fault(400, "ThrottlingException", "later")]
        {
            let (server, kms) = kms([answer]).await;
            let error = kms.create_key(None, None, &Map::from([("a".to_owned(), "1".to_owned())])).await.unwrap_err();
            assert!(error.is_transient(), "{error}");
            assert_eq!(server.operations(), ["CreateKey"]);
            let sent = server.seen()[0].json();
            assert_eq!(sent["Tags"], serde_json::json!([{ "TagKey": "a", "TagValue": "1" }]));
            assert_eq!(sent.get("Policy"), None);
        }
    }

    #[tokio::test]
    async fn all_pages_are_read() {
        let tags = |key: &str, more: &str| json(&format!(r#"{{"Tags":[{{"TagKey":"{key}","TagValue":"v"}}]{more}}}"#));
        let more = r#","Truncated":true,"NextMarker":"m""#;
        let (server, kms) = kms([tags("a", more), tags("b", "")]).await;
        assert_eq!(kms.tags("1").await.unwrap().into_keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(server.seen()[1].json()["Marker"], "m");
        let keys = |id: &str, more: &str| json(&format!(r#"{{"Keys":[{{"KeyId":"{id}"}}]{more}}}"#));
        let (_server, kms) = super::tests::kms([keys("1", more), keys("2", "")]).await;
        assert_eq!(kms.key_ids().await.unwrap(), ["1", "2"]);
    }

    #[tokio::test]
    async fn a_deletion_that_is_under_way_is_as_good() {
        let pending = json_fault(400, "KMSInvalidStateException", "pending deletion");
        let (_server, kms) = kms([pending.clone(), json(&KEY.replace("STATE", "PendingDeletion"))]).await;
        assert_eq!(kms.schedule_deletion("1", 7).await, Ok(None));
        let (_server, kms) = super::tests::kms([pending, json(&KEY.replace("STATE", "Updating"))]).await;
        assert!(kms.schedule_deletion("1", 7).await.unwrap_err().is_invalid_state());
        let (server, kms) = super::tests::kms([json(r#"{"DeletionDate":1767225600}"#)]).await;
        assert_eq!(kms.schedule_deletion("1", 7).await.unwrap().unwrap().to_string(), "2026-01-01T00:00:00Z");
        assert_eq!(server.seen()[0].json()["PendingWindowInDays"], 7);
    }

    #[tokio::test]
    async fn rotation_has_a_period() {
        let (server, kms) = kms([
            json(r#"{"KeyRotationEnabled":true,"RotationPeriodInDays":90}"#),
            json(r#"{"KeyRotationEnabled":false}"#),
            json("{}"),
        ])
        .await;
        assert_eq!(kms.rotation("1").await, Ok(Some(Rotation(90))));
        assert_eq!(kms.rotation("1").await, Ok(None));
        kms.rotate("1", Some(Rotation(90))).await.unwrap();
        kms.rotate("1", None).await.unwrap();
        assert_eq!(server.seen()[2].json()["RotationPeriodInDays"], 90);
        assert_eq!(server.operations()[3], "DisableKeyRotation");
    }
}
