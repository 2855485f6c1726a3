//! What an import finds under a name: a statement or a grant.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::Computed;

use crate::attributes::policy_json::Action;
use crate::aws::kms::{Grant, Kms};
use crate::policy::Document;
use crate::policy::key_user::Permissions;
use crate::resources::kms_key_user::grants::same_operations;
use crate::resources::kms_key_user::{
    CONSOLE_KEY_USER, CUSTOM, DATA_LOADER, FAIL, GRANT, KEY_POLICY, KmsKeyUser, json, statements,
};

impl KmsKeyUser {
    /// Fills the configuration from what exists under the name, as an import has no other source.
    pub(super) async fn describe(self, kms: &Kms) -> Result<Option<Self>> {
        let Computed::Known(sid) = self.sid.clone() else {
            let detail = "The import identity needs \"sid\", the name of the statement or grant.";
            return Err(Diagnostic::error("Missing sid", detail).at(Self::sid));
        };
        let Some(policy) = self.policy(kms).await? else { return Ok(None) };
        if !policy.statements_of(&self.sids()?).is_empty() {
            let read = Permissions::read(&sid, &policy).ok_or_else(|| self.cannot_describe())?;
            return Ok(Some(self.with_statement(&sid, read, &policy)));
        }
        let named = |grant: &Grant| grant.name.as_ref() == Some(&sid) && !grant.is_constrained;
        let grant = self.all_grants(kms).await?.into_iter().flatten().find(named);
        Ok(grant.map(|grant| self.with_grant(&sid, grant)))
    }

    /// What an import begins with: a name, and the defaults.
    pub fn named(key: &str, sid: &str) -> Self {
        Self {
            kms_key_arn: key.to_owned(),
            principal_arn: String::new(),
            mode: KEY_POLICY.to_owned(),
            permission_set: String::new(),
            actions: None,
            sid: sid.to_owned().into(),
            stale_principals: FAIL.to_owned(),
            id: Computed::Unknown,
            policy_json: Computed::Unknown,
            grant_id: Computed::Unknown,
        }
    }

    /// What is known of a statement of a key policy, of which the principal and the permissions were read.
    #[must_use]
    pub fn with_statement(
        mut self,
        sid: &str,
        (principal, permissions): (String, Permissions),
        policy: &Document,
    ) -> Self {
        self.grant_id = None.into();
        self.policy_json = json(policy.statements_of(&permissions.sids(sid)));
        self.allowed(principal, permissions)
    }

    /// What is known of a grant.
    #[must_use]
    pub fn with_grant(mut self, sid: &str, grant: Grant) -> Self {
        GRANT.clone_into(&mut self.mode);
        self.policy_json = json(statements(&grant, sid));
        self.grant_id = Some(grant.id).into();
        let known = [Permissions::DataLoader, Permissions::Console];
        let known = known.into_iter().find(|known| same_operations(&known.operations(), &grant.operations));
        self.allowed(grant.grantee, known.unwrap_or_else(|| Permissions::of_grant(&grant.operations)))
    }

    fn allowed(mut self, principal: String, permissions: Permissions) -> Self {
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
        self
    }
}
