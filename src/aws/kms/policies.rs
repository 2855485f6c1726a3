//! Key policies.

use std::time::Duration;

use crate::aws::error::Error;
use crate::aws::kms::{Kms, SERVICE, once};
use crate::aws::listed::Each;
use crate::aws::reads::Shared;

/// The one name that the policy of a key has.
const NAME: &str = "default";

/// The policies that a refresh has read, by key.
pub(super) type Policies = Each<String, Shared<Option<String>>>;

/// Longer than a refresh takes.
const LIFE: Duration = Duration::from_secs(3600);

impl Kms {
    /// The policy of a key; nothing if there is no such key. Needs `kms:GetKeyPolicy`.
    ///
    /// # Errors
    /// Any but the absence of the key.
    pub async fn policy(&self, key: &str) -> Result<Option<String>, Error> {
        let answer = self.0.get_key_policy().key_id(key).policy_name(NAME).send().await;
        match answer.map_err(|e| Error::sdk(SERVICE, "GetKeyPolicy", &e)) {
            Ok(answer) => answer.policy.ok_or_else(|| Error::incomplete(SERVICE, "GetKeyPolicy", "policy")).map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The same for a refresh: those who ask for the policy of one key share a read. Needs `kms:GetKeyPolicy`.
    ///
    /// # Errors
    /// Any but the absence of the key.
    pub async fn shared_policy(&self, key: &str) -> Result<Option<String>, Error> {
        let Some(policies) = self.1.get() else { return self.policy(key).await };
        let policy = policies.of(key.to_owned(), || Shared::new(LIFE));
        Ok(policy.get(|| self.policy(key)).await?.value)
    }

    /// Replaces the policy of a key as a whole. Needs `kms:PutKeyPolicy`.
    ///
    /// It is sent once: a policy that was derived from a read must not be written by a late retry. To try again, read
    /// again first.
    ///
    /// # Errors
    /// Any; `is_transient` is worth another try, `is_malformed_policy` means the document or a principal in it.
    pub async fn put_policy(&self, key: &str, document: &str) -> Result<(), Error> {
        let request = self.0.put_key_policy().key_id(key).policy_name(NAME).policy(document);
        let answer = request.customize().config_override(once()).send().await;
        answer.map(drop).map_err(|e| Error::sdk(SERVICE, "PutKeyPolicy", &e))
    }
}

#[cfg(test)]
mod tests {
    use crate::aws::testing::{Server, json, json_fault};

    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1";

    #[tokio::test]
    async fn a_policy_is_read_by_its_one_name() {
        let server = Server::start([json(r#"{"Policy":"{}"}"#)]).await;
        let kms = server.clients().kms(None).await.unwrap();
        assert_eq!(kms.policy(KEY).await.unwrap().as_deref(), Some("{}"));
        assert_eq!(server.operations(), ["GetKeyPolicy"]);
        assert_eq!(server.seen()[0].json()["PolicyName"], "default");
        assert_eq!(server.seen()[0].scope(), "eu-west-1/kms/aws4_request");
    }

    #[tokio::test]
    async fn an_absent_key_has_no_policy() {
        let server = Server::start([json_fault(400, "NotFoundException", "no")]).await;
        assert_eq!(server.clients().kms(None).await.unwrap().policy(KEY).await.unwrap(), None);
        let server = Server::start([json_fault(400, "AccessDeniedException", "no")]).await;
        assert!(server.clients().kms(None).await.unwrap().policy(KEY).await.unwrap_err().is_access_denied());
    }

    #[tokio::test]
    async fn a_refresh_reads_the_policy_of_a_key_once() {
        let server = Server::start([json(r#"{"Policy":"{}"}"#)]).await;
        let kms = server.clients().kms(None).await.unwrap();
        for key in ["one", "two", "one"] {
            assert_eq!(kms.shared_policy(key).await.unwrap().as_deref(), Some("{}"));
        }
        assert_eq!(server.operations(), ["GetKeyPolicy"; 2]);
        kms.put_policy("one", "{}").await.unwrap();
        kms.shared_policy("one").await.unwrap();
        assert_eq!(server.operations()[2..], ["PutKeyPolicy", "GetKeyPolicy"], "as it was before the write");
    }

    #[tokio::test]
    async fn a_policy_is_sent_once() {
        for code in ["ThrottlingException", "KMSInternalException", "DependencyTimeoutException"] {
            let server = Server::start([json_fault(500, code, "later")]).await;
            let error = server.clients().kms(None).await.unwrap().put_policy(KEY, "{}").await.unwrap_err();
            assert!(error.is_transient(), "{error}");
            assert_eq!(server.operations(), ["PutKeyPolicy"], "{code}");
        }
    }
}
