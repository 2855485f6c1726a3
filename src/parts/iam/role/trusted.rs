//! Trust policies that IAM refuses because it does not see a principal.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Retry;
use tf_provider::value::Path;
use tokio::time::Instant;

use crate::arn::{Arn, IamKind};
use crate::aws::Error;
use crate::aws::iam::Iam;
use crate::parts::iam::role::{Part, Spec};
use crate::policy::{Document, trust};
use crate::world::Ctx;

/// Why a role was not made, or its trust policy not written.
struct Refused {
    error: Error,
    /// IAM may see in a moment what it does not see now.
    passes: bool,
    /// What the user can do, and where, if the reason is a principal.
    advice: Option<(String, Path)>,
}

/// A principal younger than this may not be seen everywhere.
const YOUTH: SignedDuration = SignedDuration::from_mins(2);

/// A principal that was made a moment ago may not be seen even by a look at it.
const UNBORN: Duration = Duration::from_secs(10);

const YOUNG: Retry<Refused> = Retry {
    what: "the trusted principals to appear everywhere",
    when: |refused| refused.passes,
    within: Duration::from_secs(120),
    first: Duration::from_secs(1),
};

/// Calls again while IAM does not see a principal that is young.
pub(super) async fn until_seen<T, F>(cx: &Ctx, iam: &Iam, spec: &Spec, doing: &str, call: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T, Error>>,
{
    let begin = Instant::now();
    let (call, begin) = (&call, &begin);
    let attempt = || async move {
        match call().await {
            Ok(done) => Ok(done),
            Err(error) => Err(judged(cx, iam, spec, error, begin.elapsed()).await),
        }
    };
    cx.until(&YOUNG, attempt).await.context(doing, &spec.name)
}

/// IAM names the principal in its message: `Invalid principal in policy: "AWS":"arn:…"`.
async fn judged(cx: &Ctx, iam: &Iam, spec: &Spec, error: Error, waited: Duration) -> Refused {
    if !error.is_malformed_policy() || !error.message.to_ascii_lowercase().contains("invalid principal") {
        // A role that was just deleted is in the way for a moment.
        let passes = error.is_concurrent_modification() || error.is_already_exists();
        return Refused { passes, error, advice: None };
    }
    let document: Option<Document> = spec.trust.parse().ok();
    let all = document.as_ref().map(trust::principals).unwrap_or_default();
    let named: Vec<_> = all.iter().filter(|name| error.message.contains(*name)).cloned().collect();
    let suspects = if named.is_empty() { all } else { named };
    let mut passes = !suspects.is_empty();
    for principal in &suspects {
        passes = passes && may_appear(cx, iam, principal, waited).await;
    }
    let list = suspects.iter().map(|principal| format!("\n  {principal}")).collect::<String>();
    let advice = format!(
        "IAM takes a trust policy only if all its principals exist, those of other accounts too:{list}\n\nCheck the \
         spelling, path included. If a principal was deleted and made anew, or is still to be made, its owner must \
         finish that first."
    );
    Refused { error, passes, advice: Some((advice, (spec.at)(Part::Trust))) }
}

/// Whether a principal belongs to this account and is so young that IAM may see it soon.
async fn may_appear(cx: &Ctx, iam: &Iam, principal: &str, waited: Duration) -> bool {
    let Ok(arn) = principal.parse::<Arn>() else { return false };
    let account = match cx.aws() {
        Ok(clients) => clients.account_id().await.ok().flatten(),
        Err(_) => None,
    };
    if account.is_some_and(|account| account != arn.account) {
        return false;
    }
    let found = match arn.iam_identity() {
        Some((IamKind::Role, name)) => iam.role(name).await.map(|role| role.map(|role| (role.arn, role.created))),
        Some((IamKind::User, name)) => iam.user(name).await,
        _ => return false,
    };
    match found {
        Ok(Some((found, created))) => found == principal && Timestamp::now().duration_since(created) < YOUTH,
        Ok(None) | Err(_) => waited < UNBORN,
    }
}

impl From<Refused> for Diagnostic {
    fn from(refused: Refused) -> Self {
        let diagnostic = Self::from(refused.error);
        match refused.advice {
            None => diagnostic,
            Some((advice, at)) => Self { detail: format!("{}\n\n{advice}", diagnostic.detail), ..diagnostic }.at(at),
        }
    }
}
