//! Tags of RDS objects.

use aws_sdk_rds::types;
use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::rds::Rds;

impl Rds {
    /// The tags of anything RDS has, keys and values. Needs `rds:ListTagsForResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn tags(&self, arn: &str) -> Result<Vec<(String, String)>, Error> {
        let answer = self.0.list_tags_for_resource().resource_name(arn).send().await;
        let answer = answer.map_err(|e| Error::sdk("rds", "ListTagsForResource", &e))?;
        let tags = answer.tag_list.unwrap_or_default().into_iter();
        Ok(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect())
    }

    /// Puts a tag on anything RDS has. Needs `rds:AddTagsToResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn set_tag(&self, arn: &str, key: &str, value: &str) -> Result<(), Error> {
        let tag = types::Tag::builder().key(key).value(value).build();
        let answer = self.0.add_tags_to_resource().resource_name(arn).tags(tag).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "AddTagsToResource", &e))
    }

    /// Removes a tag from any object of RDS, if it is there. Needs `rds:RemoveTagsFromResource`.
    ///
    /// # Errors
    /// Any.
    pub async fn remove_tag(&self, arn: &str, key: &str) -> Result<(), Error> {
        let answer = self.0.remove_tags_from_resource().resource_name(arn).tag_keys(key).send().await;
        answer.map(drop).map_err(|e| Error::sdk("rds", "RemoveTagsFromResource", &e))
    }
}

/// The tags of an answer.
pub(super) fn read(found: Option<Vec<types::Tag>>) -> Map<String> {
    let tags = found.unwrap_or_default().into_iter();
    tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()
}

/// Tags of a request.
pub(super) fn to_sdk(tags: &Map<String>) -> Vec<types::Tag> {
    tags.iter().map(|(key, value)| types::Tag::builder().key(key).value(value).build()).collect()
}
