//! Grants.

use aws_sdk_kms::types::{GrantListEntry, GrantOperation};

use crate::aws::error::Error;
use crate::aws::kms::{Kms, SERVICE};

/// A grant: what one principal may do with a key, in addition to the policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The grantee.
    pub grantee: String,
    /// The operations, such as `Decrypt`.
    pub operations: Vec<String>,
    /// Whether it is limited to certain encryption contexts or sources.
    pub is_constrained: bool,
}

impl Kms {
    /// The grants of a key, all or those of one id; nothing if there is no such key. Needs `kms:ListGrants`.
    ///
    /// # Errors
    /// Any but the absence of the key or grant.
    pub async fn grants(&self, key: &str, id: Option<&str>) -> Result<Option<Vec<Grant>>, Error> {
        let mut pages = self.0.list_grants().key_id(key).set_grant_id(id.map(str::to_owned)).limit(100);
        let mut grants = Vec::new();
        loop {
            let page = match pages.clone().send().await.map_err(|e| Error::sdk(SERVICE, "ListGrants", &e)) {
                Ok(page) => page,
                Err(error) if error.is_not_found() => return Ok(None),
                Err(error) => return Err(error),
            };
            for entry in page.grants.into_iter().flatten() {
                grants.push(Grant::read(entry)?);
            }
            match page.next_marker.filter(|_| page.truncated) {
                Some(marker) => pages = pages.marker(marker),
                None => return Ok(Some(grants)),
            }
        }
    }

    /// Creates a grant and returns its id. If one with the same name and content exists, that one is returned instead.
    /// Needs `kms:CreateGrant`.
    ///
    /// # Errors
    /// Any; `is_invalid_arn` means the grantee.
    pub async fn create_grant(
        &self,
        key: &str,
        name: &str,
        grantee: &str,
        operations: &[String],
    ) -> Result<String, Error> {
        let operations = operations.iter().map(|operation| GrantOperation::from(operation.as_str())).collect();
        let request = self.0.create_grant().key_id(key).name(name).grantee_principal(grantee);
        let answer = request.set_operations(Some(operations)).send().await;
        let answer = answer.map_err(|e| Error::sdk(SERVICE, "CreateGrant", &e))?;
        answer.grant_id.ok_or_else(|| Error::incomplete(SERVICE, "CreateGrant", "grant id"))
    }

    /// Whether the caller may create grants with a key, found out by a dry run that creates none. A permission that is
    /// limited to requests of AWS services does not show. Needs `kms:CreateGrant`.
    ///
    /// # Errors
    /// Any but the refusal.
    pub async fn may_create_grant(&self, key: &str, grantee: &str) -> Result<bool, Error> {
        let request = self.0.create_grant().key_id(key).grantee_principal(grantee).dry_run(true);
        let answer = request.operations(GrantOperation::Decrypt).send().await;
        match answer.map_err(|e| Error::sdk(SERVICE, "CreateGrant", &e)) {
            Ok(_) => Ok(true),
            Err(error) if error.is_dry_run() => Ok(true),
            Err(error) if error.is_access_denied() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Revokes a grant; succeeds if it or its key does not exist. Needs `kms:RevokeGrant`.
    ///
    /// # Errors
    /// Any other.
    pub async fn revoke_grant(&self, key: &str, id: &str) -> Result<(), Error> {
        let answer = self.0.revoke_grant().key_id(key).grant_id(id).send().await;
        match answer.map_err(|e| Error::sdk(SERVICE, "RevokeGrant", &e)) {
            Ok(_) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Grant {
    fn read(entry: GrantListEntry) -> Result<Self, Error> {
        let operations = entry.operations.into_iter().flatten().map(|operation| operation.as_str().to_owned());
        Ok(Self {
            id: entry.grant_id.ok_or_else(|| Error::incomplete(SERVICE, "ListGrants", "grant id"))?,
            name: entry.name.filter(|name| !name.is_empty()),
            grantee: entry.grantee_principal.or(entry.grantee_service_principal).unwrap_or_default(),
            operations: operations.collect(),
            is_constrained: entry.constraints.is_some_and(|constraints| {
                constraints.encryption_context_equals.is_some_and(|pairs| !pairs.is_empty())
                    || constraints.encryption_context_subset.is_some_and(|pairs| !pairs.is_empty())
                    || constraints.source_arn.is_some()
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::aws::testing::{Server, json, json_fault};

    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1";

    #[tokio::test]
    async fn all_pages_of_grants_are_read() {
        let page = |id: &str, more: &str| {
            json(&format!(
                r#"{{"Grants":[{{"GrantId":"{id}","Name":"n","GranteePrincipal":"p","Operations":["Decrypt"],
                   "Constraints":{{"EncryptionContextSubset":{{"a":"b"}}}}}}]{more}}}"#
            ))
        };
        let server = Server::start([page("1", r#","Truncated":true,"NextMarker":"m""#), page("2", "")]).await;
        let grants = server.clients().kms(None).await.unwrap().grants(KEY, None).await.unwrap().unwrap();
        assert_eq!(grants.iter().map(|grant| grant.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
        assert!(grants[0].is_constrained && grants[0].operations == ["Decrypt"]);
        assert_eq!(server.seen()[1].json()["Marker"], "m");
    }

    #[tokio::test]
    async fn a_grant_is_created_with_its_name() {
        let server = Server::start([json(r#"{"GrantId":"1","GrantToken":"t"}"#)]).await;
        let kms = server.clients().kms(None).await.unwrap();
        assert_eq!(kms.create_grant(KEY, "n", "p", &["Decrypt".to_owned()]).await.unwrap(), "1");
        let sent = server.seen()[0].json();
        assert_eq!((&sent["Name"], &sent["Operations"][0]), (&"n".into(), &"Decrypt".into()));
    }

    #[tokio::test]
    async fn revoking_a_missing_grant_succeeds() {
        let server = Server::start([json_fault(400, "NotFoundException", "no")]).await;
        let kms = server.clients().kms(None).await.unwrap();
        assert_eq!(kms.revoke_grant(KEY, "1").await, Ok(()));
        assert_eq!(kms.grants(KEY, None).await, Ok(None));
        let server = Server::start([json_fault(400, "AccessDeniedException", "no")]).await;
        assert!(server.clients().kms(None).await.unwrap().revoke_grant(KEY, "1").await.is_err());
    }
}
