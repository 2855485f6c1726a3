//! `rdsauth_kms_key_user`: who may use a key, by a statement of its key policy or by a grant.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{List, Listing, check, optional, required};

use crate::arn;
use crate::attributes::checks;
use crate::policy::key_user::Permissions;
use crate::policy::{Document, PolicyError};
use crate::resources::kms_key_user::{GRANT, KEY_POLICY, KmsKeyUser};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Finds the users of a KMS key: statements of its key policy with a `Sid` that allow one principal some actions without
    /// a condition, and grants with a name and without constraints. Statements that allow `kms:*`, which administrators
    /// have, are left out.
    ///
    /// ## Required Permissions
    ///
    /// `kms:GetKeyPolicy` and `kms:ListGrants` on the key. `include_resource` sends no further requests.
    pub struct KmsKeyUserList {
        /// ARN of the KMS key; a key ID or an alias is not accepted.
        kms_key_arn: String = required().check(checks::key_arn()),
        /// ARN of the principal to find. Defaults to all.
        principal_arn: Option<String> = optional().check(checks::principal_arn()),
        /// How access is given: `key_policy` or `grant`. Defaults to both.
        mode: Option<String> = optional().check(check::one_of(&[KEY_POLICY, GRANT])),
    }
    timeouts { list: "2m" }
}

impl List<World> for KmsKeyUserList {
    type Resource = KmsKeyUser;

    async fn list(cx: &Ctx, config: Self, listing: &Listing<KmsKeyUser>) -> Result<()> {
        for user in config.users(cx).await.map_err(|error| error.at(Self::kms_key_arn))? {
            listing.add_object(format!("{}: {}", user.sid.get()?, user.principal_arn), &user).await;
        }
        Ok(())
    }
}

impl KmsKeyUserList {
    /// The users by statements and by grants, as an import reads them, which finds a statement before a grant of its name.
    async fn users(&self, cx: &Ctx) -> Result<Vec<KmsKeyUser>> {
        let key = &self.kms_key_arn;
        let of = arn::key_arn(key).map_err(|error| Diagnostic::error("Invalid key ARN", error.to_string()))?;
        let kms = cx.aws()?.kms(Some(&of.region)).await?;
        let is_asked = |mode: &str| self.mode.as_deref().is_none_or(|asked| asked == mode);
        let policy = kms.policy(key).await.context("Cannot read the key's policy", key)?.ok_or_else(|| no_key(key))?;
        let policy: Document = policy
            .parse()
            .map_err(|error: PolicyError| Diagnostic::error("Cannot parse the key policy", error.to_string()))?;
        let sids = || policy.statements.iter().filter_map(|statement| statement.sid.clone());
        let mut found: Vec<_> = sids()
            .filter(|_| is_asked(KEY_POLICY))
            .filter_map(|sid| Permissions::read(&sid, &policy).map(|read| (sid, read)))
            .filter(|(_, (_, allowed))| !is_administration(allowed))
            .map(|(sid, read)| KmsKeyUser::named(key, &sid).with_statement(&sid, read, &policy))
            .collect();
        if is_asked(GRANT) {
            let grants = kms.grants(key, None).await.context("Cannot read the key's grants", key)?.unwrap_or_default();
            for grant in grants.into_iter().filter(|grant| !grant.is_constrained) {
                if let Some(name) = grant.name.clone().filter(|name| !sids().any(|sid| sid == *name)) {
                    found.push(KmsKeyUser::named(key, &name).with_grant(&name, grant));
                }
            }
        }
        found.retain(|user| self.principal_arn.as_ref().is_none_or(|wanted| *wanted == user.principal_arn));
        Ok(found)
    }
}

fn is_administration(allowed: &Permissions) -> bool {
    matches!(allowed, Permissions::Custom(actions) if actions.contains("kms:*"))
}

fn no_key(key: &str) -> Diagnostic {
    Diagnostic::error("Key not found", format!("There is no key \"{key}\". Check the ARN and the credentials."))
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;
    use tf_provider::schema::list;
    use tf_provider::value::Value;

    use super::*;
    use crate::aws::testing::{Server, json};
    use crate::lists::tests::found;

    const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd";

    async fn names(set: &[(&str, Value)]) -> (Vec<String>, Vec<String>) {
        let statement = |sid: &str, action: &str| {
            let principal = value!({ "AWS": "arn:aws:iam::123456789012:role/app" });
            value!({ "Sid": sid, "Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*" })
        };
        let statements = [statement("Administration", "kms:*"), statement("App", "kms:Decrypt")];
        let policy = value!({ "Version": "2012-10-17", "Statement": statements }).to_string();
        let grant = |name: Option<&str>| {
            let grantee = "arn:aws:iam::123456789012:role/etl";
            value!({ "GrantId": "1", "Name": name, "GranteePrincipal": grantee, "Operations": ["Decrypt"] })
        };
        let grants = value!({ "Grants": [grant(Some("Etl")), grant(Some("App")), grant(None)] });
        let server = Server::answering(move |seen| match seen.operation().as_str() {
            "GetKeyPolicy" => json(&value!({ "Policy": policy }).to_string()),
            _ => json(&grants.to_string()),
        })
        .await;
        let set = [&[("kms_key_arn", KEY.into())], set].concat();
        let found = found(list::<World, KmsKeyUserList>(), &server, &set).await;
        (found.into_iter().map(|(name, _)| name).collect(), server.operations())
    }

    #[tokio::test]
    async fn an_import_finds_what_is_listed() {
        let (app, etl) = ("App: arn:aws:iam::123456789012:role/app", "Etl: arn:aws:iam::123456789012:role/etl");
        let (found, operations) = names(&[]).await;
        assert_eq!(found, [app, etl], "neither administrators, nor grants without a name of their own");
        assert_eq!(operations, ["GetKeyPolicy", "ListGrants"]);
        assert_eq!(names(&[("mode", "key_policy".into())]).await.0, [app]);
        assert_eq!(names(&[("mode", "grant".into())]).await.0, [etl]);
        assert_eq!(names(&[("principal_arn", "arn:aws:iam::123456789012:role/etl".into())]).await.0, [etl]);
    }
}
