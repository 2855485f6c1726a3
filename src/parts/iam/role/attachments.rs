//! What others have attached to a role, which prevents its deletion.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Failed;

use crate::aws::iam::{Iam, Principal};
use crate::aws::{Error, lag};
use crate::world::Ctx;

/// Everything attached to a role.
#[derive(Debug)]
pub(super) struct Left {
    /// Names of inline policies.
    policies: Vec<String>,
    /// ARNs of managed policies.
    attached: Vec<String>,
    /// Names of instance profiles.
    profiles: Vec<String>,
}

/// Ensures that nothing is attached to a role except its own policy.
///
/// # Errors
/// Something is, or AWS refuses the read.
pub(super) async fn nothing(cx: &Ctx, iam: &Iam, name: &str, own_policy: &str) -> Result<()> {
    let look = || async {
        match on(iam, name, own_policy).await.context("Cannot delete the role", name) {
            Ok(left) if left.is_empty() => Ok(()),
            Ok(left) => Err(Failed::for_now(left.refusal(name))),
            Err(error) => Err(Failed::finally(error)),
        }
    };
    cx.until(&lag::POLICIES_UNLISTED, look).await
}

/// Everything attached to a role except its own policy.
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

    /// Detaches or deletes all of it.
    pub(super) async fn remove(&self, cx: &Ctx, iam: &Iam, name: &str) -> Result<()> {
        let owner = Principal::Role(name.to_owned());
        for policy in &self.policies {
            cx.until(&lag::CONCURRENT, || iam.delete_policy(&owner, policy)).await?;
        }
        for arn in &self.attached {
            cx.until(&lag::CONCURRENT, || iam.detach_policy(name, arn)).await?;
        }
        for profile in &self.profiles {
            cx.until(&lag::CONCURRENT, || iam.leave_profile(name, profile)).await?;
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
                "The role \"{name}\" has attachments that this resource does not manage:{}\n\nNothing was changed. \
                 Remove them first, or set \"force_detach_policies\" to true and apply that before the role is \
                 deleted.",
                lines.collect::<String>()
            ),
        )
    }
}
