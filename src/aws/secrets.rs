//! Secrets Manager: secrets that are written and described. A value is read only to log in to a database with it.

mod list;
mod upkeep;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{SecretListEntry, Tag};
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use tf_provider::schema::Secret;

use crate::aws::error::Error;
use crate::aws::listed::{Each, Lists, Written};
use crate::aws::reads::{Read, Shared};
use crate::aws::secrets::list::Region;

pub use self::list::Listed;
pub use self::upkeep::Upkeep;

/// The Secrets Manager client of one region, and what a list of the region has shown.
#[derive(Clone, Debug)]
pub struct Secrets(aws_sdk_secretsmanager::Client, Lists<Region>, Arc<Values>);

/// The values that were read for logins, by the ids of their secrets.
type Values = Each<String, Shared<Secret<String>>>;

/// How long a value is used for further logins of this process. One that was replaced meanwhile is not accepted, and is read
/// again.
const LIFE: Duration = Duration::from_secs(900);

/// A secret, except its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its whole ARN, with the six random characters at the end.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The description.
    pub description: Option<String>,
    /// The KMS key, as it was given; none if it is the AWS managed key `aws/secretsmanager`.
    pub kms_key_id: Option<String>,
    /// Whether it was deleted, and can be restored for some days.
    pub is_deleted: bool,
    /// Whether something replaces its value on a schedule.
    pub is_rotated: bool,
    /// When it was created.
    pub created: Option<SystemTime>,
    /// When any part of it was last changed.
    pub changed: Option<SystemTime>,
    /// The version with the current value (`AWSCURRENT`).
    pub current: Option<String>,
    /// The version with the previous value (`AWSPREVIOUS`).
    pub previous: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A secret to create.
#[derive(Clone, Copy)]
pub struct New<'a> {
    /// Its name.
    pub name: &'a str,
    /// The description.
    pub description: Option<&'a str>,
    /// The KMS key; defaults to the AWS managed key.
    pub kms_key_id: Option<&'a str>,
    /// Its tags.
    pub tags: &'a BTreeMap<String, String>,
    /// The id of its first version.
    pub version: &'a str,
    /// Its value.
    pub value: &'a str,
}

/// From either answer: they have the same fields, one under another name, and no type in common.
macro_rules! description {
    ($operation:literal, $answer:ident, $stages:ident) => {{
        let required =
            |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("secretsmanager", $operation, what));
        let time = |at: Option<DateTime>| at.and_then(|at| SystemTime::try_from(at).ok());
        let stages = $answer.$stages.unwrap_or_default();
        let version = |wanted: &str| {
            stages.iter().find(|(_, stages)| stages.iter().any(|stage| stage == wanted)).map(|(id, _)| id.clone())
        };
        let tags = $answer.tags.into_iter().flatten();
        Ok(Description {
            arn: required($answer.arn, "ARN")?,
            name: required($answer.name, "name")?,
            description: $answer.description.filter(|text| !text.is_empty()),
            kms_key_id: $answer.kms_key_id.filter(|id| !id.is_empty()),
            is_deleted: $answer.deleted_date.is_some(),
            is_rotated: $answer.rotation_enabled.unwrap_or(false),
            created: time($answer.created_date),
            changed: time($answer.last_changed_date),
            current: version("AWSCURRENT"),
            previous: version("AWSPREVIOUS"),
            tags: tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect(),
        })
    }};
}

impl Secrets {
    pub(crate) fn new(client: aws_sdk_secretsmanager::Client, written: Written) -> Self {
        Self(client, Lists::new(written), Arc::default())
    }

    /// The secret of a name or ARN, even if it is deleted and can still be restored. Needs
    /// `secretsmanager:DescribeSecret`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn describe(&self, id: &str) -> Result<Option<Description>, Error> {
        let answer = self.0.describe_secret().secret_id(id).send().await;
        match answer.map_err(|e| Error::sdk("secretsmanager", "DescribeSecret", &e)) {
            Ok(answer) => Description::read(answer).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The current value of a secret. Needs `secretsmanager:GetSecretValue`.
    ///
    /// # Errors
    /// Any; the secret holds bytes instead of text.
    pub async fn value(&self, id: &str) -> Result<Secret<String>, Error> {
        let answer = self.0.get_secret_value().secret_id(id).send().await;
        let answer = answer.map_err(|e| Error::sdk("secretsmanager", "GetSecretValue", &e))?;
        let text = answer.secret_string.map(Secret::new);
        text.ok_or_else(|| Error::incomplete("secretsmanager", "GetSecretValue", "text"))
    }

    /// The same for one of several logins, which share the value. With `anew` none that was read before is used. Needs
    /// `secretsmanager:GetSecretValue`.
    ///
    /// # Errors
    /// As above.
    pub async fn shared_value(&self, id: &str, anew: bool) -> Result<Read<Secret<String>>, Error> {
        if anew {
            self.2.forget(id);
        }
        self.2.of(id.to_owned(), || Shared::new(LIFE)).get(|| self.value(id)).await
    }

    /// Creates a secret and returns its ARN. A repetition does nothing. Needs `secretsmanager:CreateSecret` and
    /// `secretsmanager:TagResource`.
    ///
    /// # Errors
    /// Any; there is a secret of that name with another first version.
    pub async fn create(&self, new: New<'_>) -> Result<String, Error> {
        let request = self
            .0
            .create_secret()
            .name(new.name)
            .set_description(new.description.map(str::to_owned))
            .set_kms_key_id(new.kms_key_id.map(str::to_owned))
            .set_tags(Some(tags(new.tags)))
            .client_request_token(new.version)
            .secret_string(new.value);
        let answer = request.send().await.map_err(|e| Error::sdk("secretsmanager", "CreateSecret", &e))?;
        answer.arn.ok_or_else(|| Error::incomplete("secretsmanager", "CreateSecret", "ARN"))
    }

    /// Writes a value as a new current version. A repetition does nothing. Needs `secretsmanager:PutSecretValue`.
    ///
    /// # Errors
    /// Any; there is such a version already, and it has another value.
    pub async fn put(&self, id: &str, version: &str, value: &str) -> Result<(), Error> {
        let request = self.0.put_secret_value().secret_id(id).client_request_token(version).secret_string(value);
        request.send().await.map(drop).map_err(|e| Error::sdk("secretsmanager", "PutSecretValue", &e))
    }

    /// Sets description and key; `None` removes the description and selects the AWS managed key. Needs
    /// `secretsmanager:UpdateSecret`.
    ///
    /// # Errors
    /// Any.
    pub async fn update(&self, id: &str, description: Option<&str>, kms_key_id: Option<&str>) -> Result<(), Error> {
        let request = self.0.update_secret().secret_id(id).description(description.unwrap_or_default());
        let request = request.kms_key_id(kms_key_id.unwrap_or_default());
        request.send().await.map(drop).map_err(|e| Error::sdk("secretsmanager", "UpdateSecret", &e))
    }

    /// The same as [`update`](Self::update) and [`put`](Self::put) in one call: the new version is encrypted with the new
    /// key.
    ///
    /// # Errors
    /// Any; there is such a version already, and it has another value.
    pub async fn update_all(
        &self,
        id: &str,
        description: Option<&str>,
        kms_key_id: Option<&str>,
        version: &str,
        value: &str,
    ) -> Result<(), Error> {
        let request = self.0.update_secret().secret_id(id).description(description.unwrap_or_default());
        let request = request.kms_key_id(kms_key_id.unwrap_or_default());
        let request = request.client_request_token(version).secret_string(value);
        request.send().await.map(drop).map_err(|e| Error::sdk("secretsmanager", "UpdateSecret", &e))
    }

    /// Sets tags. Needs `secretsmanager:TagResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn tag(&self, id: &str, set: &BTreeMap<String, String>) -> Result<(), Error> {
        let request = self.0.tag_resource().secret_id(id).set_tags(Some(tags(set)));
        request.send().await.map(drop).map_err(|e| Error::sdk("secretsmanager", "TagResource", &e))
    }

    /// Removes tags. Needs `secretsmanager:UntagResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn untag(&self, id: &str, keys: &[String]) -> Result<(), Error> {
        let request = self.0.untag_resource().secret_id(id).set_tag_keys(Some(keys.to_vec()));
        request.send().await.map(drop).map_err(|e| Error::sdk("secretsmanager", "UntagResource", &e))
    }

    /// Undoes a deletion. Needs `secretsmanager:RestoreSecret`.
    ///
    /// # Errors
    /// Any.
    pub async fn restore(&self, id: &str) -> Result<(), Error> {
        let request = self.0.restore_secret().secret_id(id);
        request.send().await.map(drop).map_err(|e| Error::sdk("secretsmanager", "RestoreSecret", &e))
    }

    /// Deletes a secret, which can be restored for 7 to 30 days; with `None` it is deleted immediately. Needs
    /// `secretsmanager:DeleteSecret`.
    ///
    /// # Errors
    /// Any.
    pub async fn delete(&self, id: &str, recovery_days: Option<i64>) -> Result<(), Error> {
        let request = self.0.delete_secret().secret_id(id).set_recovery_window_in_days(recovery_days);
        let request = request.set_force_delete_without_recovery(recovery_days.is_none().then_some(true));
        request.send().await.map(drop).map_err(|e| Error::sdk("secretsmanager", "DeleteSecret", &e))
    }
}

impl Description {
    /// When any part of it was last changed, such as `2026-01-31T12:00:00Z`.
    pub fn changed_at(&self) -> Option<String> {
        DateTime::from(self.changed?).fmt(Format::DateTime).ok()
    }

    fn read(answer: DescribeSecretOutput) -> Result<Self, Error> {
        description!("DescribeSecret", answer, version_ids_to_stages)
    }

    /// As a list of the region shows it.
    fn of_entry(entry: SecretListEntry) -> Result<Self, Error> {
        description!("ListSecrets", entry, secret_versions_to_stages)
    }
}

/// The id for a version, generated from the non-secret parts of the value and the version that it follows.
///
/// A repetition of an interrupted write generates the same id, so that Secrets Manager recognises it; and no write
/// generates the id of an older version.
pub fn version_id(follows: Option<&str>, known: &serde_json::Value) -> String {
    let text = serde_json::json!(["rdsauth", follows, known]).to_string();
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_id_of_a_version_depends_on_all_that_may_be_known() {
        let first = version_id(None, &json!({ "username": "app" }));
        assert_eq!(first.len(), 64, "Secrets Manager takes 32 to 64 characters");
        assert_eq!(first, version_id(None, &json!({ "username": "app" })));
        assert_ne!(first, version_id(None, &json!({ "username": "other" })));
        let second = version_id(Some(&first), &json!({ "username": "app" }));
        assert_ne!(first, second, "the same again, later, is another version");
    }

    #[test]
    fn a_description_has_the_two_versions_that_count() {
        let stages = [("a", "AWSPREVIOUS"), ("b", "AWSCURRENT"), ("c", "AWSPENDING")];
        let stages = stages.map(|(id, stage)| (id.to_owned(), vec![stage.to_owned()]));
        let answer =
            DescribeSecretOutput::builder().arn("arn").name("n").set_version_ids_to_stages(Some(stages.into()));
        let read = Description::read(answer.description("").kms_key_id("").build()).unwrap();
        assert_eq!((read.current.as_deref(), read.previous.as_deref()), (Some("b"), Some("a")));
        assert_eq!((read.description, read.kms_key_id, read.is_deleted), (None, None, false));
        assert!(Description::read(DescribeSecretOutput::builder().build()).is_err());
    }
}
