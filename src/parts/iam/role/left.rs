//! What others have hung on a role, and what keeps it from being deleted.

use std::time::Duration;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Retry;

use crate::aws::Error;
use crate::aws::iam::{Iam, Principal};
use crate::parts::iam::role::CONCURRENT;
use crate::world::Ctx;

/// What hangs on a role.
#[derive(Debug)]
pub(super) struct Left {
    /// Names of inline policies.
    policies: Vec<String>,
    /// ARNs of managed policies.
    attached: Vec<String>,
    /// Names of instance profiles.
    profiles: Vec<String>,
}

/// What was just taken off a role may still be seen on it by the server that is to delete it.
pub(super) const EMPTIED: Retry<Error> = Retry {
    what: "the role to be seen as empty",
    when: |error| error.is_delete_conflict() || error.is_concurrent_modification(),
    within: Duration::from_secs(30),
    first: Duration::from_secs(1),
};

/// Why a role is not deleted.
enum Kept {
    /// What hangs on it, in words for the user.
    By(Diagnostic),
    Failed(Diagnostic),
}

/// Policies whose resources were destroyed just before the role may still be listed.
const STILL_LISTED: Retry<Kept> = Retry {
    what: "what was removed from the role to be gone",
    when: |kept| matches!(kept, Kept::By(_)),
    within: Duration::from_secs(5),
    first: Duration::from_millis(400),
};

/// Makes sure that nothing hangs on a role but its own policy.
///
/// # Errors
/// Something does, or AWS refuses to tell.
pub(super) async fn nothing(cx: &Ctx, iam: &Iam, name: &str, own_policy: &str) -> Result<()> {
    let look = || async {
        match on(iam, name, own_policy).await.context("Cannot delete the role", name) {
            Ok(left) if left.is_empty() => Ok(()),
            Ok(left) => Err(Kept::By(left.refusal(name))),
            Err(error) => Err(Kept::Failed(error)),
        }
    };
    cx.until(&STILL_LISTED, look).await
}

/// All that hangs on a role but its own policy.
pub(super) async fn on(iam: &Iam, name: &str, own_policy: &str) -> Result<Left, Error> {
    let mut policies = iam.role_policies(name).await?;
    policies.retain(|policy| policy != own_policy);
    let attached = iam.attached_policies(name).await?;
    Ok(Left { policies, attached, profiles: iam.instance_profiles(name).await? })
}

impl Left {
    fn is_empty(&self) -> bool {
        self.policies.is_empty() && self.attached.is_empty() && self.profiles.is_empty()
    }

    /// Takes it all off.
    pub(super) async fn remove(&self, cx: &Ctx, iam: &Iam, name: &str) -> Result<()> {
        let owner = Principal::Role(name.to_owned());
        for policy in &self.policies {
            cx.until(&CONCURRENT, || iam.delete_policy(&owner, policy)).await?;
        }
        for arn in &self.attached {
            cx.until(&CONCURRENT, || iam.detach_policy(name, arn)).await?;
        }
        for profile in &self.profiles {
            cx.until(&CONCURRENT, || iam.leave_profile(name, profile)).await?;
        }
        Ok(())
    }

    fn refusal(&self, name: &str) -> Diagnostic {
        let lists = [
            ("inline policy", &self.policies),
            ("attached policy", &self.attached),
            ("instance profile", &self.profiles),
        ];
        let lines = lists.iter().flat_map(|(kind, names)| names.iter().map(move |name| format!("\n  {kind} {name}")));
        Diagnostic::error(
            "Role is in use",
            format!(
                "Others have added to \"{name}\":{}\n\nNothing was changed. Remove these first, or set \
                 \"force_detach_policies\" to true and apply that before the role is deleted.",
                lines.collect::<String>()
            ),
        )
    }
}

impl From<Kept> for Diagnostic {
    fn from(kept: Kept) -> Self {
        match kept {
            Kept::By(diagnostic) | Kept::Failed(diagnostic) => diagnostic,
        }
    }
}
