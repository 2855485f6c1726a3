//! Roles, their policies and their instance profiles.

use aws_sdk_iam::types::{self, Tag};
use aws_smithy_types::DateTime;
use jiff::Timestamp;
use tf_provider::schema::Map;

use crate::aws::error::Error;
use crate::aws::iam::{Iam, decoded};

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name, without the path.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// The id that no other role ever has: `AROA…`.
    pub id: String,
    /// Its path, which begins and ends with a slash.
    pub path: String,
    /// Its description; none and an empty one are the same to IAM.
    pub description: Option<String>,
    /// The trust policy, decoded, as IAM keeps it.
    pub trust: String,
    /// The maximum duration of a session in seconds.
    pub max_session_duration: i64,
    /// The ARN of the policy that bounds its permissions.
    pub boundary: Option<String>,
    /// All its tags.
    pub tags: Map<String>,
    /// When it was created.
    pub created: Timestamp,
}

/// A role to create.
#[derive(Clone, Debug)]
pub struct NewRole<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its path.
    pub path: &'a str,
    /// Its description.
    pub description: Option<&'a str>,
    /// The trust policy.
    pub trust: &'a str,
    /// The maximum duration of a session in seconds.
    pub max_session_duration: i64,
    /// The ARN of the policy that bounds its permissions.
    pub boundary: Option<&'a str>,
    /// All its tags.
    pub tags: &'a Map<String>,
}

/// One call about a role, with its errors explained.
macro_rules! call {
    ($operation:literal, $request:expr) => {
        $request.send().await.map_err(|error| Error::sdk("iam", $operation, &error))
    };
}

/// All pages of a list; empty if the role does not exist.
macro_rules! pages {
    ($operation:literal, $request:expr, |$page:ident| $items:expr) => {{
        let mut all = Vec::new();
        let mut marker = None;
        loop {
            let $page = match call!($operation, $request.set_marker(marker.take())) {
                Err(error) if error.is_not_found() => return Ok(Vec::new()),
                answer => answer?,
            };
            let next = $page.marker.clone().filter(|_| $page.is_truncated);
            all.extend($items);
            if next.is_none() {
                return Ok(all);
            }
            marker = next;
        }
    }};
}

impl Iam {
    /// The role of a name. Needs `iam:GetRole`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn role(&self, name: &str) -> Result<Option<Role>, Error> {
        match call!("GetRole", self.0.get_role().role_name(name)) {
            Ok(answer) => answer.role.map(|role| Role::read("GetRole", role)).transpose(),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ARN of the user of a name, and when it was created. Needs `iam:GetUser`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn user(&self, name: &str) -> Result<Option<(String, Timestamp)>, Error> {
        match call!("GetUser", self.0.get_user().user_name(name)) {
            Ok(answer) => answer.user.map(|user| Ok((user.arn, timestamp("GetUser", &user.create_date)?))).transpose(),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a role with its tags. Needs `iam:CreateRole`, and `iam:TagRole` for the tags.
    ///
    /// # Errors
    /// Any; `is_already_exists` may come from an attempt of this very call whose answer was lost.
    pub async fn create_role(&self, new: &NewRole<'_>) -> Result<Role, Error> {
        let request = self.0.create_role().role_name(new.name).path(new.path).assume_role_policy_document(new.trust);
        let request = request
            .set_description(new.description.map(str::to_owned))
            .max_session_duration(seconds("CreateRole", new.max_session_duration)?)
            .set_permissions_boundary(new.boundary.map(str::to_owned))
            .set_tags(Some(tags("CreateRole", new.tags)?));
        let role = call!("CreateRole", request)?.role;
        Role::read("CreateRole", role.ok_or_else(|| Error::incomplete("iam", "CreateRole", "role"))?)
    }

    /// Sets description and session duration, both, since the call resets what it does not name.
    /// Needs `iam:UpdateRole`.
    ///
    /// # Errors
    /// Any.
    pub async fn update_role(&self, name: &str, description: &str, max_session_duration: i64) -> Result<(), Error> {
        let request = self.0.update_role().role_name(name).description(description);
        let seconds = seconds("UpdateRole", max_session_duration)?;
        call!("UpdateRole", request.max_session_duration(seconds)).map(drop)
    }

    /// Replaces the trust policy. Needs `iam:UpdateAssumeRolePolicy`.
    ///
    /// # Errors
    /// Any; `is_malformed_policy` also if a principal does not exist, or not everywhere yet.
    pub async fn update_trust(&self, name: &str, document: &str) -> Result<(), Error> {
        let request = self.0.update_assume_role_policy().role_name(name).policy_document(document);
        call!("UpdateAssumeRolePolicy", request).map(drop)
    }

    /// Sets the policy that bounds a role's permissions. Needs `iam:PutRolePermissionsBoundary`.
    ///
    /// # Errors
    /// Any; `is_not_found` if the role or the policy does not exist.
    pub async fn put_boundary(&self, name: &str, arn: &str) -> Result<(), Error> {
        let request = self.0.put_role_permissions_boundary().role_name(name).permissions_boundary(arn);
        call!("PutRolePermissionsBoundary", request).map(drop)
    }

    /// Removes the permissions boundary of a role; succeeds if it has none or does not exist. Needs
    /// `iam:DeleteRolePermissionsBoundary`.
    ///
    /// # Errors
    /// Any other.
    pub async fn delete_boundary(&self, name: &str) -> Result<(), Error> {
        let request = self.0.delete_role_permissions_boundary().role_name(name);
        absent_is_fine(call!("DeleteRolePermissionsBoundary", request).map(drop))
    }

    /// Adds tags, or changes their values. Needs `iam:TagRole`.
    ///
    /// # Errors
    /// Any.
    pub async fn tag_role(&self, name: &str, set: &Map<String>) -> Result<(), Error> {
        call!("TagRole", self.0.tag_role().role_name(name).set_tags(Some(tags("TagRole", set)?))).map(drop)
    }

    /// Removes tags, if present. Needs `iam:UntagRole`.
    ///
    /// # Errors
    /// Any.
    pub async fn untag_role(&self, name: &str, keys: &[String]) -> Result<(), Error> {
        call!("UntagRole", self.0.untag_role().role_name(name).set_tag_keys(Some(keys.to_vec()))).map(drop)
    }

    /// The names of a role's inline policies; none if it does not exist. Needs `iam:ListRolePolicies`.
    ///
    /// # Errors
    /// Any other.
    pub async fn role_policies(&self, name: &str) -> Result<Vec<String>, Error> {
        pages!("ListRolePolicies", self.0.list_role_policies().role_name(name), |page| page.policy_names)
    }

    /// The ARNs of the managed policies attached to a role; none if it does not exist. Needs
    /// `iam:ListAttachedRolePolicies`.
    ///
    /// # Errors
    /// Any other.
    pub async fn attached_policies(&self, name: &str) -> Result<Vec<String>, Error> {
        pages!("ListAttachedRolePolicies", self.0.list_attached_role_policies().role_name(name), |page| {
            page.attached_policies.into_iter().flatten().filter_map(|policy| policy.policy_arn)
        })
    }

    /// The names of the instance profiles that contain a role; none if it does not exist. Needs
    /// `iam:ListInstanceProfilesForRole`.
    ///
    /// # Errors
    /// Any other.
    pub async fn instance_profiles(&self, name: &str) -> Result<Vec<String>, Error> {
        pages!("ListInstanceProfilesForRole", self.0.list_instance_profiles_for_role().role_name(name), |page| {
            page.instance_profiles.into_iter().map(|profile| profile.instance_profile_name)
        })
    }

    /// Detaches a managed policy from a role; succeeds if it is not attached. Needs `iam:DetachRolePolicy`.
    ///
    /// # Errors
    /// Any other.
    pub async fn detach_policy(&self, name: &str, arn: &str) -> Result<(), Error> {
        let request = self.0.detach_role_policy().role_name(name).policy_arn(arn);
        absent_is_fine(call!("DetachRolePolicy", request).map(drop))
    }

    /// Removes a role from an instance profile; succeeds if it is not in it. Needs `iam:RemoveRoleFromInstanceProfile`.
    ///
    /// # Errors
    /// Any other.
    pub async fn leave_profile(&self, name: &str, profile: &str) -> Result<(), Error> {
        let request = self.0.remove_role_from_instance_profile().role_name(name).instance_profile_name(profile);
        absent_is_fine(call!("RemoveRoleFromInstanceProfile", request).map(drop))
    }

    /// Deletes a role; succeeds if it does not exist. Needs `iam:DeleteRole`.
    ///
    /// # Errors
    /// Any other; `is_delete_conflict` if a policy or an instance profile is still attached.
    pub async fn delete_role(&self, name: &str) -> Result<(), Error> {
        absent_is_fine(call!("DeleteRole", self.0.delete_role().role_name(name)).map(drop))
    }
}

impl Role {
    pub(super) fn read(operation: &'static str, role: types::Role) -> Result<Self, Error> {
        let incomplete = |what| Error::incomplete("iam", operation, what);
        Ok(Self {
            name: role.role_name,
            arn: role.arn,
            id: role.role_id,
            path: role.path,
            description: role.description.filter(|text| !text.is_empty()),
            trust: decoded(&role.assume_role_policy_document.ok_or_else(|| incomplete("trust policy"))?),
            max_session_duration: role.max_session_duration.map_or(3600, i64::from),
            boundary: role.permissions_boundary.and_then(|boundary| boundary.permissions_boundary_arn),
            tags: role.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect(),
            created: timestamp(operation, &role.create_date)?,
        })
    }
}

fn timestamp(operation: &'static str, date: &DateTime) -> Result<Timestamp, Error> {
    let nanoseconds = i32::try_from(date.subsec_nanos()).ok();
    let timestamp = nanoseconds.and_then(|nanoseconds| Timestamp::new(date.secs(), nanoseconds).ok());
    timestamp.ok_or_else(|| Error::incomplete("iam", operation, "date of creation"))
}

fn absent_is_fine(answer: Result<(), Error>) -> Result<(), Error> {
    answer.or_else(|error| if error.is_not_found() { Ok(()) } else { Err(error) })
}

fn seconds(operation: &'static str, seconds: i64) -> Result<i32, Error> {
    let wrong = |_| Error::unsendable("iam", operation, format!("{seconds} is not a number of seconds"));
    i32::try_from(seconds).map_err(wrong)
}

fn tags(operation: &'static str, tags: &Map<String>) -> Result<Vec<Tag>, Error> {
    let tag = |(key, value): (&String, &String)| {
        let tag = Tag::builder().key(key).value(value).build();
        tag.map_err(|error| Error::unsendable("iam", operation, error.to_string()))
    };
    tags.iter().map(tag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, fault, result};

    const ROLE: &str = "<Role><Path>/load/</Path><RoleName>app</RoleName><RoleId>AROA1</RoleId>\
        <Arn>arn:aws:iam::123456789012:role/load/app</Arn><CreateDate>2026-02-03T04:05:06Z</CreateDate>\
        <AssumeRolePolicyDocument>%7B%22a%22%3A1%7D</AssumeRolePolicyDocument>\
        <Description>loads + more</Description><MaxSessionDuration>7200</MaxSessionDuration>\
        <PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
        <PermissionsBoundaryArn>arn:aws:iam::123456789012:policy/b</PermissionsBoundaryArn></PermissionsBoundary>\
        <Tags><member><Key>a</Key><Value>1</Value></member><member><Key>b</Key><Value/></member></Tags></Role>";

    fn map(pairs: &[(&str, &str)]) -> Map<String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn role() -> Role {
        Role {
            name: "app".to_owned(),
            arn: "arn:aws:iam::123456789012:role/load/app".to_owned(),
            id: "AROA1".to_owned(),
            path: "/load/".to_owned(),
            description: Some("loads + more".to_owned()),
            trust: r#"{"a":1}"#.to_owned(),
            max_session_duration: 7200,
            boundary: Some("arn:aws:iam::123456789012:policy/b".to_owned()),
            tags: map(&[("a", "1"), ("b", "")]),
            created: "2026-02-03T04:05:06Z".parse().unwrap(),
        }
    }

    /// The request that one call sends to a server with this answer, and its result.
    macro_rules! sent {
        ($answer:expr, |$iam:ident| $call:expr) => {{
            let server = Server::start([$answer]).await;
            let clients = server.clients();
            let $iam = clients.iam().await.unwrap();
            let outcome = $call.await;
            (outcome, server.seen().remove(0))
        }};
    }

    #[tokio::test]
    async fn a_role_is_read_whole() {
        let (found, _) = sent!(result("GetRole", ROLE), |iam| iam.role("app"));
        assert_eq!(found.unwrap(), Some(role()));
        let bare = ROLE.split("<Description>").next().unwrap();
        let (found, _) = sent!(result("GetRole", &format!("{bare}</Role>")), |iam| iam.role("app"));
        let found = found.unwrap().unwrap();
        assert_eq!((found.description, found.max_session_duration, found.boundary), (None, 3600, None));
        assert_eq!(found.tags, Map::new());
        let (found, _) =
            sent!(fault(404, "NoSuchEntity", "The role with name app cannot be found."), |iam| iam.role("app"));
        assert_eq!(found.unwrap(), None);
        let (found, _) = sent!(fault(403, "AccessDenied", "no"), |iam| iam.role("app"));
        assert!(found.unwrap_err().is_access_denied());
    }

    #[tokio::test]
    async fn a_user_has_an_age() {
        let user = "<User><Path>/</Path><UserName>ann</UserName><UserId>AIDA1</UserId><Arn>arn:u</Arn>\
            <CreateDate>2026-02-03T04:05:06.5Z</CreateDate></User>";
        let (found, seen) = sent!(result("GetUser", user), |iam| iam.user("ann"));
        assert_eq!(found, Ok(Some(("arn:u".to_owned(), "2026-02-03T04:05:06.5Z".parse().unwrap()))));
        assert_eq!(seen.parameter("UserName"), Some("ann"));
        let (found, _) = sent!(fault(404, "NoSuchEntity", "gone"), |iam| iam.user("ann"));
        assert_eq!(found, Ok(None));
        let (found, _) = sent!(fault(403, "AccessDenied", "no"), |iam| iam.user("ann"));
        assert!(found.unwrap_err().is_access_denied());
    }

    #[tokio::test]
    async fn a_role_is_created_in_one_call() {
        let tags = map(&[("a", "1"), ("b", "")]);
        let new = NewRole {
            name: "app",
            path: "/load/",
            description: Some("loads"),
            trust: "{}",
            max_session_duration: 7200,
            boundary: Some("arn:b"),
            tags: &tags,
        };
        let (made, seen) = sent!(result("CreateRole", ROLE), |iam| iam.create_role(&new));
        assert_eq!(made.unwrap(), role());
        for (parameter, value) in [
            ("RoleName", "app"),
            ("Path", "%2Fload%2F"),
            ("Description", "loads"),
            ("AssumeRolePolicyDocument", "%7B%7D"),
            ("MaxSessionDuration", "7200"),
            ("PermissionsBoundary", "arn%3Ab"),
            ("Tags.member.1.Key", "a"),
            ("Tags.member.2.Value", ""),
        ] {
            assert_eq!(seen.parameter(parameter), Some(value), "{parameter}");
        }
        let (made, _) = sent!(fault(409, "EntityAlreadyExists", "there"), |iam| iam.create_role(&new));
        assert!(made.unwrap_err().is_already_exists());
    }

    #[tokio::test]
    async fn an_update_names_both_so_that_none_is_reset() {
        let (done, seen) = sent!(result("UpdateRole", ""), |iam| iam.update_role("app", "", 3600));
        done.unwrap();
        assert_eq!((seen.parameter("Description"), seen.parameter("MaxSessionDuration")), (Some(""), Some("3600")));
        let server = Server::start([]).await;
        let error = server.clients().iam().await.unwrap().update_role("app", "", i64::MAX).await.unwrap_err();
        assert!(error.to_string().contains("is not a number of seconds"), "{error}");
    }

    #[tokio::test]
    async fn each_part_has_its_call() {
        let (done, seen) = sent!(result("UpdateAssumeRolePolicy", ""), |iam| iam.update_trust("app", r#"{"a":"+"}"#));
        done.unwrap();
        assert_eq!(seen.operation(), "UpdateAssumeRolePolicy");
        assert_eq!(seen.parameter("PolicyDocument"), Some("%7B%22a%22%3A%22%2B%22%7D"));
        let (done, seen) = sent!(result("PutRolePermissionsBoundary", ""), |iam| iam.put_boundary("app", "arn:b"));
        done.unwrap();
        assert_eq!(seen.operation(), "PutRolePermissionsBoundary");
        assert_eq!(seen.parameter("PermissionsBoundary"), Some("arn%3Ab"));
        let set = map(&[("a", "1")]);
        let (done, seen) = sent!(result("TagRole", ""), |iam| iam.tag_role("app", &set));
        done.unwrap();
        assert_eq!(
            (seen.parameter("Tags.member.1.Key"), seen.parameter("Tags.member.1.Value")),
            (Some("a"), Some("1"))
        );
        let (done, seen) =
            sent!(result("UntagRole", ""), |iam| iam.untag_role("app", &["x".to_owned(), "y".to_owned()]));
        done.unwrap();
        assert_eq!((seen.parameter("TagKeys.member.1"), seen.parameter("TagKeys.member.2")), (Some("x"), Some("y")));
    }

    #[tokio::test]
    async fn removing_from_a_missing_role_succeeds() {
        let gone = || fault(404, "NoSuchEntity", "gone");
        let denied = || fault(403, "AccessDenied", "no");
        for (answer, fine) in [(gone as fn() -> Answer, true), (denied, false)] {
            let (done, seen) = sent!(answer(), |iam| iam.delete_boundary("app"));
            assert_eq!((done.is_ok(), seen.operation()), (fine, "DeleteRolePermissionsBoundary".to_owned()));
            let (done, seen) = sent!(answer(), |iam| iam.detach_policy("app", "arn:p"));
            assert_eq!((done.is_ok(), seen.operation()), (fine, "DetachRolePolicy".to_owned()));
            let (done, seen) = sent!(answer(), |iam| iam.leave_profile("app", "p"));
            assert_eq!((done.is_ok(), seen.operation()), (fine, "RemoveRoleFromInstanceProfile".to_owned()));
            let (done, seen) = sent!(answer(), |iam| iam.delete_role("app"));
            assert_eq!((done.is_ok(), seen.operation()), (fine, "DeleteRole".to_owned()));
        }
        let (done, _) = sent!(fault(409, "DeleteConflict", "detach first"), |iam| iam.delete_role("app"));
        assert!(done.unwrap_err().is_delete_conflict());
    }

    #[tokio::test]
    async fn lists_are_read_to_their_end() {
        let page = |operation: &str, list: &str, item: &str, marker: Option<&str>| {
            let more = marker.map(|marker| format!("<Marker>{marker}</Marker>")).unwrap_or_default();
            let body = format!(
                "<{list}><member>{item}</member></{list}><IsTruncated>{}</IsTruncated>{more}",
                marker.is_some()
            );
            result(operation, &body)
        };
        let script = |operation: &str, list: &str, items: [&str; 2]| {
            [page(operation, list, items[0], Some("m+1")), page(operation, list, items[1], None)]
        };
        let server = Server::start(script("ListRolePolicies", "PolicyNames", ["one", "two"])).await;
        let found = server.clients().iam().await.unwrap().role_policies("app").await.unwrap();
        assert_eq!(found, ["one", "two"]);
        let seen = server.seen();
        assert_eq!((seen.len(), seen[0].parameter("Marker"), seen[1].parameter("Marker")), (2, None, Some("m%2B1")));

        let items = ["<PolicyArn>arn:1</PolicyArn>", "<PolicyArn>arn:2</PolicyArn>"];
        let server = Server::start(script("ListAttachedRolePolicies", "AttachedPolicies", items)).await;
        let found = server.clients().iam().await.unwrap().attached_policies("app").await.unwrap();
        assert_eq!(found, ["arn:1", "arn:2"]);

        let profile = |name: &str| {
            format!(
                "<Path>/</Path><InstanceProfileName>{name}</InstanceProfileName><InstanceProfileId>A</InstanceProfileId>\
                 <Arn>a</Arn><CreateDate>2026-02-03T04:05:06Z</CreateDate><Roles/>"
            )
        };
        let items = [profile("one"), profile("two")];
        let script = script("ListInstanceProfilesForRole", "InstanceProfiles", [&items[0], &items[1]]);
        let server = Server::start(script).await;
        let found = server.clients().iam().await.unwrap().instance_profiles("app").await.unwrap();
        assert_eq!(found, ["one", "two"]);
    }

    #[tokio::test]
    async fn nothing_hangs_on_an_absent_role() {
        let gone = || fault(404, "NoSuchEntity", "The role with name app cannot be found.");
        let (found, _) = sent!(gone(), |iam| iam.role_policies("app"));
        assert_eq!(found, Ok(Vec::new()));
        let (found, _) = sent!(gone(), |iam| iam.attached_policies("app"));
        assert_eq!(found, Ok(Vec::new()));
        let (found, _) = sent!(gone(), |iam| iam.instance_profiles("app"));
        assert_eq!(found, Ok(Vec::new()));
        let (found, _) = sent!(fault(403, "AccessDenied", "no"), |iam| iam.role_policies("app"));
        assert!(found.unwrap_err().is_access_denied());
    }
}
