//! What an import finds under a name: a statement or a grant.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::Computed;

use crate::attributes::policy_json::Action;
use crate::aws::kms::{Grant, Kms};
use crate::policy::key_user::Permissions;
use crate::resources::kms_key_user::grants::same_operations;
use crate::resources::kms_key_user::{CONSOLE_KEY_USER, CUSTOM, DATA_LOADER, GRANT, KmsKeyUser, json, statements};

impl KmsKeyUser {
    /// Fills the configuration from what exists under the name, as an import has no other source.
    pub(super) async fn describe(mut self, kms: &Kms) -> Result<Option<Self>> {
        let Computed::Known(sid) = self.sid.clone() else {
            let detail = "The import identity needs \"sid\", the name of the statement or grant.";
            return Err(Diagnostic::error("Missing sid", detail).at(Self::sid));
        };
        let Some(policy) = self.policy(kms).await? else { return Ok(None) };
        let (principal, permissions, there) = if policy.statements_of(&self.sids()?).is_empty() {
            let named = |grant: &Grant| grant.name.as_ref() == Some(&sid) && !grant.is_constrained;
            let Some(grant) = self.all_grants(kms).await?.into_iter().flatten().find(named) else { return Ok(None) };
            let there = statements(&grant, &sid);
            GRANT.clone_into(&mut self.mode);
            self.grant_id = Some(grant.id).into();
            let known = [Permissions::DataLoader, Permissions::Console];
            let known = known.into_iter().find(|known| same_operations(&known.operations(), &grant.operations));
            (grant.grantee, known.unwrap_or_else(|| Permissions::of_grant(&grant.operations)), there)
        } else {
            let read = Permissions::read(&sid, &policy);
            let (principal, permissions) = read.ok_or_else(|| self.cannot_describe())?;
            self.grant_id = None.into();
            let there = policy.statements_of(&permissions.sids(&sid));
            (principal, permissions, there)
        };
        self.principal_arn = principal;
        let set = match permissions {
            Permissions::DataLoader => DATA_LOADER,
            Permissions::Console => CONSOLE_KEY_USER,
            Permissions::Custom(actions) => {
                self.actions = Some(actions.into_iter().map(Action::from).collect());
                CUSTOM
            }
        };
        set.clone_into(&mut self.permission_set);
        self.policy_json = json(there);
        Ok(Some(self))
    }
}
