//! Retries for trust policies that IAM refuses because it does not see a principal yet.

use jiff::Timestamp;
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Failed;

use crate::arn::{Arn, IamKind};
use crate::aws::iam::Iam;
use crate::aws::{Error, lag};
use crate::parts::iam::role::{Part, Spec};
use crate::policy::{Document, trust};
use crate::world::Ctx;

/// Retries while IAM does not see a principal that is young.
pub(super) async fn retry_until_visible<T, F>(
    cx: &Ctx,
    iam: &Iam,
    spec: &Spec,
    doing: &str,
    call: impl Fn() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    let (call, begin) = (&call, Timestamp::now());
    let attempt = || async move {
        match call().await {
            Ok(done) => Ok(done),
            Err(error) => Err(judged(cx, iam, spec, error, begin).await),
        }
    };
    cx.until(&lag::NEW_TRUSTED, attempt).await.context(doing, &spec.name)
}

/// IAM names the principal in its message: `Invalid principal in policy: "AWS":"arn:…"`.
async fn judged(cx: &Ctx, iam: &Iam, spec: &Spec, error: Error, begin: Timestamp) -> Failed {
    if !error.is_malformed_policy() || !error.message.to_ascii_lowercase().contains("invalid principal") {
        // A role that was just deleted is in the way for a moment.
        let passes = error.is_concurrent_modification() || error.is_already_exists();
        return Failed { passes, why: error.into() };
    }
    let document: Option<Document> = spec.trust.parse().ok();
    let all = document.as_ref().map(trust::principals).unwrap_or_default();
    let named: Vec<_> = all.iter().filter(|name| error.message.contains(*name)).cloned().collect();
    let suspects = if named.is_empty() { all } else { named };
    let mut passes = !suspects.is_empty();
    for principal in &suspects {
        passes = passes && may_appear(cx, iam, principal, begin).await;
    }
    let list = suspects.iter().map(|principal| format!("\n  {principal}")).collect::<String>();
    let advice = format!(
        "IAM accepts a trust policy only if all of its principals exist, including those of other \
         accounts:{list}\n\nCheck the ARNs, including the path of each role or user. If a principal does not exist \
         yet, create it first, for example with \"depends_on\"."
    );
    let why = Diagnostic::from(error);
    let detail = format!("{}\n\n{advice}", why.detail);
    Failed { passes, why: Diagnostic { detail, ..why }.at((spec.at)(Part::Trust)) }
}

/// Whether a principal belongs to this account and is so young that IAM may see it soon.
async fn may_appear(cx: &Ctx, iam: &Iam, principal: &str, begin: Timestamp) -> bool {
    let Ok(arn) = principal.parse::<Arn>() else { return false };
    let account = match cx.aws() {
        Ok(clients) => clients.account_id().await.ok().flatten(),
        Err(_) => None,
    };
    if account.is_some_and(|account| account != arn.account) {
        return false;
    }
    let since = |time| Timestamp::now().duration_since(time);
    let found = match arn.iam_identity() {
        Some((IamKind::Role, name)) => iam.role(name).await.map(|role| role.map(|role| (role.arn, role.created))),
        Some((IamKind::User, name)) => iam.user(name).await,
        _ => return false,
    };
    match found {
        Ok(Some((found, created))) => found == principal && since(created) < lag::PRINCIPAL_YOUNG,
        Ok(None) | Err(_) => since(begin) < lag::PRINCIPAL_UNSEEN,
    }
}
