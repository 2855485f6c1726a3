//! The KMS key that encrypts the storage of databases and snapshots: whether RDS can use it for the caller.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::value::Path;

use crate::arn::{self, Arn};
use crate::aws::kms::Key;
use crate::world::{self, Ctx};

/// A key, and what it is for.
#[derive(Clone, Debug)]
pub struct StorageKey<'a> {
    /// Its ARN.
    pub arn: &'a str,
    /// The argument that names it.
    pub at: Path,
    /// Completes "RDS needs permissions": what for, and when it fails without them.
    pub purpose: &'static str,
}

impl StorageKey<'_> {
    /// Reports in a plan what the create would report, and warns if the caller may not have the permissions that RDS needs
    /// of it. `reaches` says whether AWS can be reached.
    ///
    /// # Errors
    /// It cannot encrypt storage in the region.
    pub async fn foresee(&self, cx: &Ctx, region: &str, reaches: bool) -> Result<()> {
        self.check_region(region).map_err(world::refuse_plan)?;
        if !reaches {
            return Ok(());
        }
        let may_describe = self.check(cx).await.map_err(world::refuse_plan)?;
        self.warn_of_rights(cx, may_describe).await
    }

    /// Refuses a key of another region, which RDS cannot use.
    ///
    /// # Errors
    /// It is one.
    fn check_region(&self, region: &str) -> Result<()> {
        match region_of(self.arn) {
            Some(own) if own != region => Err(self.elsewhere(region)),
            _ => Ok(()),
        }
    }

    /// Refuses a key that cannot encrypt storage, and returns whether the caller may describe it; if not, that is left
    /// to AWS. Needs `kms:DescribeKey`.
    ///
    /// # Errors
    /// It cannot.
    pub async fn check(&self, cx: &Ctx) -> Result<bool> {
        match cx.aws()?.kms(region_of(self.arn).as_deref()).await?.key(self.arn).await {
            Ok(Some(key)) => self.unfit(&key).map_or(Ok(true), Err),
            Ok(None) => Err(self.missing()),
            Err(error) if error.is_access_denied() => Ok(false),
            Err(error) if error.is_unreached() => Ok(true),
            Err(error) => Err(error).context("Cannot read the key", self.arn).map_err(|why| why.at(self.at.clone())),
        }
    }

    /// Warns if the caller may not have the permissions that RDS needs of it. A permission that holds only for requests
    /// that come through RDS does not show here, so this is no error. Needs `kms:CreateGrant`.
    ///
    /// # Errors
    /// The clients cannot be configured.
    async fn warn_of_rights(&self, cx: &Ctx, may_describe: bool) -> Result<()> {
        let clients = cx.aws()?;
        let denied = match (may_describe, arn::key_arn(self.arn), clients.account_id().await) {
            (false, ..) => Some("kms:DescribeKey"),
            (true, Ok(key), Ok(Some(account))) => {
                let root = Arn::account_root(key.partition, &account).to_string();
                let may = clients.kms(Some(&key.region)).await?.may_create_grant(self.arn, &root).await;
                (may == Ok(false)).then_some("kms:CreateGrant")
            }
            _ => None,
        };
        if let Some(action) = denied {
            cx.warn(self.without_rights(action));
        }
        Ok(())
    }

    /// Why the key cannot encrypt storage, if it cannot.
    fn unfit(&self, key: &Key) -> Option<Diagnostic> {
        if key.is_pending_deletion() {
            return Some(self.pending_deletion(key));
        }
        if key.spec != "SYMMETRIC_DEFAULT" || key.usage != "ENCRYPT_DECRYPT" {
            return Some(self.of_another_kind(key));
        }
        (!key.is_enabled()).then(|| self.disabled(key))
    }

    fn elsewhere(&self, region: &str) -> Diagnostic {
        let detail = format!(
            "RDS in region \"{region}\" can use only keys of that region, and \"{}\" is in another region. Use a key \
             of region \"{region}\", or change \"region\".",
            self.arn
        );
        self.error("Key is in another region", detail)
    }

    fn missing(&self) -> Diagnostic {
        let detail = format!(
            "KMS finds no key \"{}\". Nothing was changed.\n\nIf the same configuration creates the key, refer to its \
             \"arn\". Otherwise check the key ID, the region and the account in the ARN.",
            self.arn
        );
        self.error("Key not found", detail)
    }

    fn pending_deletion(&self, key: &Key) -> Diagnostic {
        let arn = &key.arn;
        let detail = format!(
            "The key \"{arn}\" is in state \"{}\": what is encrypted with it cannot be decrypted once it is deleted. \
             Nothing was changed.\n\nUse another key, or cancel its deletion:\n  aws kms cancel-key-deletion --key-id \
             '{arn}'\n  aws kms enable-key --key-id '{arn}'",
            key.state
        );
        self.error("Key scheduled for deletion", detail)
    }

    fn disabled(&self, key: &Key) -> Diagnostic {
        let detail = format!(
            "The key \"{}\" is in state \"{}\", so RDS cannot encrypt with it. Nothing was changed.\n\nEnable the key, \
             or use another one.",
            key.arn, key.state
        );
        self.error("Key is not enabled", detail)
    }

    fn of_another_kind(&self, key: &Key) -> Diagnostic {
        let detail = format!(
            "The key \"{}\" has the key spec {} and the key usage {}. RDS needs a symmetric encryption key: \
             SYMMETRIC_DEFAULT and ENCRYPT_DECRYPT. Nothing was changed.",
            key.arn, key.spec, key.usage
        );
        self.error("Key is not a symmetric encryption key", detail)
    }

    fn without_rights(&self, action: &str) -> Diagnostic {
        let detail = format!(
            "The credentials in use are not allowed the action \"{action}\" on the key \"{}\". RDS needs \
             \"kms:DescribeKey\" and \"kms:CreateGrant\" of the caller {}.\n\nAllow both in the key policy, or in an \
             IAM policy if the key policy delegates to the account. This can be ignored if they are allowed for requests \
             through RDS only (condition keys \"kms:ViaService\" and \"kms:GrantIsForAWSResource\"), or if other \
             credentials apply.",
            self.arn, self.purpose
        );
        Diagnostic::warning("Key may not be usable", detail).at(self.at.clone())
    }

    fn error(&self, summary: &str, detail: String) -> Diagnostic {
        Diagnostic::error(summary, detail).at(self.at.clone())
    }
}

fn region_of(arn: &str) -> Option<String> {
    arn.parse().ok().map(|arn: Arn| arn.region)
}
