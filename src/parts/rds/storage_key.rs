//! The KMS key that encrypts the storage of what a restore or a copy creates: checked before the first write.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::value::Path;

use crate::arn::{self, Arn};
use crate::aws::kms::Key;
use crate::world::{self, Ctx};

/// Reports in a plan what the create would report of a key, and warns if the caller may not have the permissions that RDS
/// needs of it. `reaches` says whether AWS can be reached; `at` is the argument that names the key.
///
/// # Errors
/// It cannot encrypt storage in the region.
pub async fn foresee(cx: &Ctx, key: &str, region: &str, reaches: bool, at: &Path) -> Result<()> {
    if !is_in_region(key, region) {
        return Err(world::refuse_plan(elsewhere(key, region)).at(at.clone()));
    }
    if !reaches {
        return Ok(());
    }
    let may_describe = check(cx, key, at).await.map_err(world::refuse_plan)?;
    if let Some(action) = missing_right(cx, key, may_describe).await? {
        cx.warn(without_rights(key, action).at(at.clone()));
    }
    Ok(())
}

/// Refuses a key that cannot encrypt storage, and returns whether the caller may describe it; if not, that is left to
/// AWS.
///
/// # Errors
/// It cannot.
pub async fn check(cx: &Ctx, arn: &str, at: &Path) -> Result<bool> {
    let found = match cx.aws()?.kms(region_of(arn).as_deref()).await?.key(arn).await {
        Ok(Some(key)) => unfit(&key).map_or(Ok(true), Err),
        Ok(None) => Err(missing(arn)),
        Err(error) if error.is_access_denied() => Ok(false),
        Err(error) if error.is_unreached() => Ok(true),
        Err(error) => Err(error).context("Cannot read the key", arn),
    };
    found.map_err(|error| error.at(at.clone()))
}

/// Whether an ARN is one of a region.
pub fn is_in_region(arn: &str, region: &str) -> bool {
    region_of(arn).is_none_or(|of| of == region)
}

/// The permission that RDS needs of the caller and that is missing. One that holds only for requests that come through RDS
/// does not show here, so this is no error.
async fn missing_right(cx: &Ctx, arn: &str, may_describe: bool) -> Result<Option<&'static str>> {
    let clients = cx.aws()?;
    Ok(match (may_describe, arn::key_arn(arn), clients.account_id().await) {
        (false, ..) => Some("kms:DescribeKey"),
        (true, Ok(key), Ok(Some(account))) => {
            let root = Arn::account_root(key.partition, &account).to_string();
            let may = clients.kms(Some(&key.region)).await?.may_create_grant(arn, &root).await;
            (may == Ok(false)).then_some("kms:CreateGrant")
        }
        _ => None,
    })
}

fn region_of(arn: &str) -> Option<String> {
    arn.parse().ok().map(|arn: Arn| arn.region)
}

/// Why a key cannot encrypt storage, if it cannot.
fn unfit(key: &Key) -> Option<Diagnostic> {
    if key.is_pending_deletion() {
        return Some(pending_deletion(key));
    }
    if key.spec != "SYMMETRIC_DEFAULT" || key.usage != "ENCRYPT_DECRYPT" {
        return Some(of_another_kind(key));
    }
    (!key.is_enabled()).then(|| disabled(key))
}
fn elsewhere(key: &str, region: &str) -> Diagnostic {
    let detail = format!(
        "RDS in region \"{region}\" can use only keys of that region, and \"{key}\" is in another region. Use a key of \
         region \"{region}\", or change \"region\"."
    );
    Diagnostic::error("Key is in another region", detail)
}

fn missing(arn: &str) -> Diagnostic {
    let detail = format!(
        "KMS finds no key \"{arn}\". Nothing was changed.\n\nIf the same configuration creates the key, refer to its \
         \"arn\". Otherwise check the key ID, the region and the account in the ARN."
    );
    Diagnostic::error("Key not found", detail)
}

fn pending_deletion(key: &Key) -> Diagnostic {
    let arn = &key.arn;
    let detail = format!(
        "The key \"{arn}\" is in state \"{}\": what is encrypted with it cannot be decrypted once it is deleted. \
         Nothing was changed.\n\nUse another key, or cancel its deletion:\n  aws kms cancel-key-deletion --key-id \
         '{arn}'\n  aws kms enable-key --key-id '{arn}'",
        key.state
    );
    Diagnostic::error("Key scheduled for deletion", detail)
}

fn disabled(key: &Key) -> Diagnostic {
    let detail = format!(
        "The key \"{}\" is in state \"{}\", so RDS cannot encrypt with it. Nothing was changed.\n\nEnable the key, or \
         use another one.",
        key.arn, key.state
    );
    Diagnostic::error("Key is not enabled", detail)
}

fn of_another_kind(key: &Key) -> Diagnostic {
    let detail = format!(
        "The key \"{}\" has the key spec {} and the key usage {}. RDS needs a symmetric encryption key: \
         SYMMETRIC_DEFAULT and ENCRYPT_DECRYPT. Nothing was changed.",
        key.arn, key.spec, key.usage
    );
    Diagnostic::error("Key is not a symmetric encryption key", detail)
}

fn without_rights(arn: &str, action: &str) -> Diagnostic {
    let detail = format!(
        "The credentials in use are not allowed the action \"{action}\" on the key \"{arn}\". RDS needs \
         \"kms:DescribeKey\" and \"kms:CreateGrant\" of the caller to encrypt with it; without them the apply \
         fails.\n\nAllow both in the key policy, or in an IAM policy if the \
         key policy delegates to the account. This can be ignored if they are allowed for requests through RDS only \
         (condition keys \"kms:ViaService\" and \"kms:GrantIsForAWSResource\"), or if other credentials apply."
    );
    Diagnostic::warning("Key may not be usable", detail)
}
