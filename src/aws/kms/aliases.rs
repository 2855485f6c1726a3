//! Aliases.

use crate::aws::error::Error;
use crate::aws::kms::{Kms, SERVICE};

/// An alias and the key it points to; an alias of an AWS service may point to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Its name, such as `alias/orders`.
    pub name: String,
    /// The id of the key.
    pub key_id: String,
}

impl Kms {
    /// The aliases of a key, or of all keys of the account and region. Needs `kms:ListAliases`.
    ///
    /// # Errors
    /// Any.
    pub async fn aliases(&self, key: Option<&str>) -> Result<Vec<Alias>, Error> {
        let request = self.0.list_aliases().set_key_id(key.map(str::to_owned)).limit(100);
        let mut aliases = Vec::new();
        let mut marker = None;
        loop {
            let page = request.clone().set_marker(marker.take()).send().await;
            let page = page.map_err(|error| Error::sdk(SERVICE, "ListAliases", &error))?;
            let found = page.aliases.into_iter().flatten();
            aliases.extend(
                found.filter_map(|alias| Some(Alias { name: alias.alias_name?, key_id: alias.target_key_id? })),
            );
            marker = page.next_marker.filter(|_| page.truncated);
            if marker.is_none() {
                return Ok(aliases);
            }
        }
    }

    /// Creates an alias. Needs `kms:CreateAlias`.
    ///
    /// # Errors
    /// Any; `is_already_exists` may come from an attempt of this very call whose answer was lost.
    pub async fn create_alias(&self, name: &str, key: &str) -> Result<(), Error> {
        let answer = self.0.create_alias().alias_name(name).target_key_id(key).send().await;
        answer.map(drop).map_err(|error| Error::sdk(SERVICE, "CreateAlias", &error))
    }

    /// Points an alias at another key. Needs `kms:UpdateAlias` for the alias and both keys.
    ///
    /// # Errors
    /// Any.
    pub async fn update_alias(&self, name: &str, key: &str) -> Result<(), Error> {
        let answer = self.0.update_alias().alias_name(name).target_key_id(key).send().await;
        answer.map(drop).map_err(|error| Error::sdk(SERVICE, "UpdateAlias", &error))
    }

    /// Deletes an alias; succeeds if it does not exist. Needs `kms:DeleteAlias`.
    ///
    /// # Errors
    /// Any other.
    pub async fn delete_alias(&self, name: &str) -> Result<(), Error> {
        let answer = self.0.delete_alias().alias_name(name).send().await;
        match answer.map_err(|error| Error::sdk(SERVICE, "DeleteAlias", &error)) {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::aws::testing::{Server, json, json_fault};

    #[tokio::test]
    async fn all_pages_of_aliases_are_read() {
        let page = |name: &str, more: &str| {
            json(&format!(
                r#"{{"Aliases":[{{"AliasName":"{name}","TargetKeyId":"1"}},{{"AliasName":"alias/aws/x"}}]{more}}}"#
            ))
        };
        let script = [page("alias/a", r#","Truncated":true,"NextMarker":"m""#), page("alias/b", "")];
        let server = Server::start(script).await;
        let aliases = server.clients().kms(None).await.unwrap().aliases(Some("1")).await.unwrap();
        let names: Vec<_> = aliases.iter().map(|alias| (alias.name.as_str(), alias.key_id.as_str())).collect();
        assert_eq!(names, [("alias/a", "1"), ("alias/b", "1")]);
        assert_eq!(server.seen()[1].json()["Marker"], "m");
    }

    #[tokio::test]
    async fn deleting_a_missing_alias_succeeds() {
        let server = Server::start([json_fault(400, "NotFoundException", "no")]).await;
        assert_eq!(server.clients().kms(None).await.unwrap().delete_alias("alias/a").await, Ok(()));
        let server = Server::start([json_fault(400, "AccessDeniedException", "no")]).await;
        assert!(server.clients().kms(None).await.unwrap().delete_alias("alias/a").await.is_err());
    }
}
