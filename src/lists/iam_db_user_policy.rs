//! `rdsauth_iam_db_user_policy`: the inline policies of an account that let principals log in to databases.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{List, Listing, Set, check, optional};

use crate::attributes::checks;
use crate::parts::iam::logins;
use crate::resources::iam_db_user_policy::IamDbUserPolicy;
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Finds the inline policies of an account that allow roles, users and groups to log in to databases.
    ///
    /// Policies that allow anything besides `rds-db:connect`, and managed policies, are left out: the resource cannot hold
    /// them.
    ///
    /// ## Required Permissions
    ///
    /// `iam:GetAccountAuthorizationDetails`, which returns 1000 principals and policies in a request, and
    /// `sts:GetCallerIdentity`.
    pub struct IamDbUserPolicyList {
        /// Resource IDs of databases, one of which the policy must name. Policies with wildcards match. Defaults to all
        /// databases.
        resource_ids: Option<Set<String>> =
            optional().check(check::size(1..=usize::MAX)).each(checks::resource_id()),
        /// Types of principals to find. Defaults to all.
        principal_types: Option<Set<String>> =
            optional().check(check::size(1..=3)).each(check::one_of(&["role", "user", "group"])),
        /// Names of the roles, users and groups to find. Defaults to all.
        principal_names: Option<Set<String>> =
            optional().check(check::size(1..=usize::MAX)).each(check::length(1..=128)),
        /// Beginning of the paths of the principals to find, such as `/apps/`. Defaults to all paths.
        path_prefix: Option<String> = optional().check(check::length(1..=512)),
    }
    timeouts { list: "5m" }
}

impl List<World> for IamDbUserPolicyList {
    type Resource = IamDbUserPolicy;

    async fn list(cx: &Ctx, config: Self, listing: &Listing<IamDbUserPolicy>) -> Result<()> {
        // Actions are compared without regard to case, and may have wildcards.
        let may_be = |document: &str| document.to_ascii_lowercase().contains("rds-db:");
        let documents = cx.aws()?.iam().await?.documents(may_be).await;
        let (found, is_complete) = documents.context("Cannot list the policies", world::account(cx).await)?;
        for (policy, document) in found {
            let Some((kind, principal)) = policy.owner.as_deref().and_then(|owner| owner.split_once('/')) else {
                continue;
            };
            let is_wanted = config.selects(kind, principal, policy.path());
            let Ok((users, conditions)) = logins::connect_statement(&document) else { continue };
            let names = |id: &String| users.iter().any(|user| user.resource_id == *id || user.resource_id == "*");
            if is_wanted && config.resource_ids.as_ref().is_none_or(|ids| ids.iter().any(names)) {
                let owner = (kind, principal.to_owned());
                let object =
                    IamDbUserPolicy::imported(cx, owner, &policy.policy, document, (users, conditions)).await?;
                listing.add_object(policy.name(), &object).await;
            }
        }
        if !is_complete {
            cx.warn(Diagnostic::warning(
                "Not all policies were searched",
                "The account has more principals and policies than are read in one run, so that policies may be missing \
                 in the list.",
            ));
        }
        Ok(())
    }
}

impl IamDbUserPolicyList {
    fn selects(&self, kind: &str, principal: &str, path: Option<&str>) -> bool {
        let names = |all: &Option<Set<String>>, one: &str| all.as_ref().is_none_or(|all| all.iter().any(|a| a == one));
        let begins = |prefix: &String| path.is_some_and(|path| path.starts_with(prefix.as_str()));
        names(&self.principal_types, kind)
            && names(&self.principal_names, principal)
            && self.path_prefix.as_ref().is_none_or(begins)
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::list;
    use tf_provider::value::Value;

    use super::*;
    use crate::aws::testing::{Answer, Server, result};
    use crate::lists::tests::found;

    /// A role with an inline policy for each action and database.
    fn account(allowed: &[(&str, &str)]) -> Answer {
        let policy = |(action, id): &(&str, &str)| {
            let document = format!(
                "{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Action\":\"{action}\",\"Resource\":\
                 \"arn:aws:rds-db:eu-west-1:123456789012:dbuser:{id}/app\"}}]}}"
            );
            format!("<member><PolicyName>{id}</PolicyName><PolicyDocument>{document}</PolicyDocument></member>")
        };
        let policies = allowed.iter().map(policy).collect::<String>();
        result(
            "GetAccountAuthorizationDetails",
            &format!(
                "<RoleDetailList><member><RoleName>app</RoleName>\
                 <Arn>arn:aws:iam::123456789012:role/apps/app</Arn><RolePolicyList>{policies}</RolePolicyList></member>\
                 </RoleDetailList><IsTruncated>false</IsTruncated>"
            ),
        )
    }

    async fn names(set: &[(&str, Value)]) -> Vec<String> {
        let allowed = [("rds-db:connect", "db-A"), ("RDS-DB:Connect", "db-B"), ("s3:GetObject", "db-C")];
        let caller = result("GetCallerIdentity", "<Account>123456789012</Account>");
        let server = Server::start([account(&allowed), caller]).await;
        let found = found(list::<World, IamDbUserPolicyList>(), &server, set).await;
        found.into_iter().map(|(name, _)| name).collect()
    }

    #[tokio::test]
    async fn policies_for_logins_alone_are_found() {
        assert_eq!(names(&[]).await, ["role/app/db-A", "role/app/db-B"], "actions are compared without regard to case");
        let of = |name: &'static str, value: &str| [(name, Value::Set([value.into()].into()))];
        assert_eq!(names(&of("resource_ids", "db-B")).await, ["role/app/db-B"]);
        assert_eq!(names(&of("principal_types", "user")).await, [""; 0]);
        assert_eq!(names(&of("principal_names", "app")).await.len(), 2);
        assert_eq!(names(&of("principal_names", "apps")).await, [""; 0]);
        assert_eq!(names(&[("path_prefix", "/apps/".into())]).await.len(), 2);
        assert_eq!(names(&[("path_prefix", "/app/".into())]).await, [""; 0]);
    }
}
