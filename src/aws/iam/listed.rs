//! Roles and inline policies as lists of the account show them, for refreshes of many.

use std::collections::HashMap;

use aws_sdk_iam::types::{EntityType, PolicyDetail};
use tf_provider::schema::Map;

use crate::arn::IamKind;
use crate::aws::error::Error;
use crate::aws::iam::mentions::PAGE;
use crate::aws::iam::roles::Role;
use crate::aws::iam::{Iam, Principal, decoded};
use crate::aws::listed::{Listed, Page};

/// What lists have shown of an account.
#[derive(Debug)]
pub(super) struct Account {
    roles: Listed<String, Details>,
    users: Listed<String, Details>,
    groups: Listed<String, Details>,
    /// Without what is in their details.
    bare_roles: Listed<String, Role>,
}

/// What the authorization details of a principal tell.
#[derive(Clone, Debug, Default)]
struct Details {
    /// Inline policies by name, decoded.
    policies: HashMap<String, String>,
    boundary: Option<String>,
    tags: Map<String>,
}

impl Iam {
    /// An inline policy, if a list of the account shows it; otherwise it is to be [read](Self::policy). Needs
    /// `iam:GetAccountAuthorizationDetails`, but fails in no case.
    pub async fn listed_policy(&self, principal: &Principal, name: &str) -> Option<String> {
        let pick = |shown: &HashMap<String, Details>| shown.get(principal.name())?.policies.get(name).cloned();
        let kind = principal.kind();
        self.1.get()?.details(kind).find(pick, |marker| self.details(kind, marker)).await
    }

    /// A role and one of its inline policies, if lists of the account show both; otherwise they are to be read. Needs
    /// `iam:GetAccountAuthorizationDetails` and `iam:ListRoles`, but fails in no case.
    pub async fn listed_role(&self, name: &str, policy: &str) -> Option<(Role, String)> {
        let account = self.1.get()?;
        let pick = |shown: &HashMap<String, Details>| {
            let role = shown.get(name)?;
            Some((role.policies.get(policy)?.clone(), role.boundary.clone(), role.tags.clone()))
        };
        let details = account.roles.find(pick, |marker| self.details(IamKind::Role, marker)).await;
        let (policy, boundary, tags) = details?;
        let bare = account.bare_roles.find(|shown| shown.get(name).cloned(), |marker| self.bare_roles(marker)).await?;
        Some((Role { boundary, tags, ..bare }, policy))
    }

    async fn details(&self, kind: IamKind, marker: Option<String>) -> Result<Page<String, Details>, Error> {
        let filter = match kind {
            IamKind::Role => EntityType::Role,
            IamKind::User => EntityType::User,
            IamKind::Group => EntityType::Group,
        };
        let request = self.0.get_account_authorization_details().filter(filter).max_items(PAGE).set_marker(marker);
        let page = request.send().await.map_err(|e| Error::sdk("iam", "GetAccountAuthorizationDetails", &e))?;
        let mut shown = Vec::new();
        for role in page.role_detail_list.into_iter().flatten() {
            let details = Details {
                policies: policies(role.role_policy_list),
                boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
                tags: role.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect(),
            };
            shown.extend(role.role_name.map(|name| (name, details)));
        }
        for user in page.user_detail_list.into_iter().flatten() {
            let details = Details { policies: policies(user.user_policy_list), ..Details::default() };
            shown.extend(user.user_name.map(|name| (name, details)));
        }
        for group in page.group_detail_list.into_iter().flatten() {
            let details = Details { policies: policies(group.group_policy_list), ..Details::default() };
            shown.extend(group.group_name.map(|name| (name, details)));
        }
        Ok(Page { shown, next: page.marker.filter(|_| page.is_truncated) })
    }

    async fn bare_roles(&self, marker: Option<String>) -> Result<Page<String, Role>, Error> {
        const OPERATION: &str = "ListRoles";
        let request = self.0.list_roles().max_items(PAGE).set_marker(marker);
        let page = request.send().await.map_err(|e| Error::sdk("iam", OPERATION, &e))?;
        let roles = page.roles.into_iter().map(|role| Ok((role.role_name.clone(), Role::read(OPERATION, role)?)));
        Ok(Page { shown: roles.collect::<Result<_, Error>>()?, next: page.marker.filter(|_| page.is_truncated) })
    }
}

impl Default for Account {
    fn default() -> Self {
        let [roles, users, groups] = Default::default();
        Self { roles, users, groups, bare_roles: Listed::at_once() }
    }
}

impl Account {
    fn details(&self, kind: IamKind) -> &Listed<String, Details> {
        match kind {
            IamKind::Role => &self.roles,
            IamKind::User => &self.users,
            IamKind::Group => &self.groups,
        }
    }
}

fn policies(list: Option<Vec<PolicyDetail>>) -> HashMap<String, String> {
    let policy = |policy: PolicyDetail| Some((policy.policy_name?, decoded(&policy.policy_document?)));
    list.into_iter().flatten().filter_map(policy).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Seen, Server, fault, result};

    const ARN: &str = "arn:aws:iam::123456789012:role/load/app";

    /// An account with a role, a user and a group of the name `app`, each with the policy `p`.
    fn account(seen: &Seen) -> Answer {
        let policy = "<member><PolicyName>p</PolicyName><PolicyDocument>%7B%7D</PolicyDocument></member>";
        let operation = seen.operation();
        let body = match (operation.as_str(), seen.parameter("Filter.member.1")) {
            ("GetAccountAuthorizationDetails", Some("Role")) => format!(
                "<RoleDetailList><member><RoleName>app</RoleName><RolePolicyList>{policy}</RolePolicyList>\
                 <PermissionsBoundary><PermissionsBoundaryArn>b</PermissionsBoundaryArn></PermissionsBoundary>\
                 <Tags><member><Key>team</Key><Value>one</Value></member></Tags></member></RoleDetailList>"
            ),
            ("GetAccountAuthorizationDetails", Some(kind)) => format!(
                "<{kind}DetailList><member><{kind}Name>app</{kind}Name><{kind}PolicyList>{policy}</{kind}PolicyList>\
                 </member></{kind}DetailList>"
            ),
            ("ListRoles", _) => format!(
                "<Roles><member><Path>/load/</Path><RoleName>app</RoleName><RoleId>AROA1</RoleId><Arn>{ARN}</Arn>\
                 <CreateDate>2026-02-03T04:05:06Z</CreateDate><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>\
                 <Description>loads</Description><MaxSessionDuration>7200</MaxSessionDuration></member></Roles>"
            ),
            _ => String::new(),
        };
        result(&operation, &body)
    }

    #[tokio::test]
    async fn the_second_policy_is_looked_for_in_a_list() {
        let server = Server::answering(account).await;
        let clients = server.clients();
        let iam = clients.iam().await.unwrap();
        for principal in [Principal::Role, Principal::User, Principal::Group].map(|kind| kind("app".to_owned())) {
            let found = [iam.listed_policy(&principal, "p").await, iam.listed_policy(&principal, "p").await];
            assert_eq!(found, [None, Some("{}".to_owned())], "{principal}");
            assert_eq!(iam.listed_policy(&principal, "other").await, None);
        }
        assert_eq!(server.operations(), ["GetAccountAuthorizationDetails"; 3]);
        assert_eq!(server.seen()[0].parameter("MaxItems"), Some("1000"));
    }

    #[tokio::test]
    async fn a_role_is_put_together_from_two_lists() {
        let server = Server::answering(account).await;
        let clients = server.clients();
        let iam = clients.iam().await.unwrap();
        assert_eq!(iam.listed_role("app", "p").await, None, "the first is read");
        let (role, policy) = iam.listed_role("app", "p").await.unwrap();
        assert_eq!((role.id.as_str(), role.arn.as_str(), role.max_session_duration), ("AROA1", ARN, 7200));
        assert_eq!((role.description.as_deref(), role.boundary.as_deref()), (Some("loads"), Some("b")));
        assert_eq!((role.tags["team"].as_str(), policy.as_str()), ("one", "{}"));
        assert_eq!(server.operations(), ["GetAccountAuthorizationDetails", "ListRoles"]);
    }

    #[tokio::test]
    async fn a_refused_list_and_a_write_leave_each_to_its_own_read() {
        let server = Server::start([fault(403, "AccessDenied", "no")]).await;
        let clients = server.clients();
        let iam = clients.iam().await.unwrap();
        let role = Principal::Role("app".to_owned());
        for _ in 0..3 {
            assert_eq!(iam.listed_policy(&role, "p").await, None);
        }
        assert_eq!(server.operations(), ["GetAccountAuthorizationDetails"]);

        let server = Server::answering(account).await;
        let clients = server.clients();
        let iam = clients.iam().await.unwrap();
        assert_eq!(iam.listed_policy(&role, "p").await, None);
        assert!(iam.listed_policy(&role, "p").await.is_some());
        iam.put_policy(&role, "p", "{}").await.unwrap();
        assert_eq!(iam.listed_policy(&role, "p").await, None, "as it was before the write");
    }
}
