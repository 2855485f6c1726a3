//! A role that a resource owns as a whole: trust, permissions boundary, tags, and one inline policy.
//!
//! The role is found again by its name. A create that was cut off has left the tag that says so, and the next one
//! finishes it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Map, Retry};
use tf_provider::value::Path;

use crate::aws::Error;
use crate::aws::iam::roles::{NewRole, Role};
use crate::aws::iam::{Found, Iam, Principal};
use crate::policy_json::same;
use crate::tags::{self, Changes, Given};
use crate::world::Ctx;

mod left;
mod trusted;

/// A role as a configuration wants it, or as a state knows it.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The type of the resource.
    pub created_as: &'static str,
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its description.
    pub description: Option<String>,
    /// Its trust policy.
    pub trust: String,
    /// How many seconds a session may last.
    pub max_session_duration: i64,
    /// The ARN of the policy that bounds its permissions.
    pub boundary: Option<String>,
    /// All its tags but the one that says who made it.
    pub tags: Map<String>,
    /// The name of its inline policy.
    pub policy_name: String,
    /// Its inline policy; empty if there is none.
    pub policy: String,
    /// Where the configuration says these things.
    pub at: fn(Part) -> Path,
}

/// Something that the configuration says about a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name.
    Name,
    /// The permissions boundary.
    Boundary,
    /// The tags.
    Tags,
    /// The name of the inline policy.
    PolicyName,
    /// Who may assume it.
    Trust,
}

/// What a read found.
#[derive(Clone, Debug)]
pub struct Known {
    /// The role.
    pub role: Role,
    /// The name of its inline policy.
    pub policy_name: String,
    /// Its inline policy; empty if there is none of that name.
    pub policy: String,
}

/// A role that a create left behind is finished by the next create for so long.
const RESUMED_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// IAM answers `ConcurrentModification` while another change of the same role is under way.
const CONCURRENT: Retry<Error> = Retry {
    what: "another change of the role to end",
    when: Error::is_concurrent_modification,
    within: Duration::from_secs(120),
    first: Duration::from_secs(1),
};

/// A role that was just made may be unknown to the server that takes the next call.
const UNSEEN: Retry<Error> = Retry {
    what: "the role to appear everywhere",
    when: |error| error.is_not_found() || error.is_concurrent_modification(),
    ..CONCURRENT
};

/// A role of that name exists, and a look does not show it yet.
const HIDDEN: Retry<Hidden> = Retry {
    what: "the role to appear",
    when: |hidden| matches!(hidden, Hidden::NotYet),
    within: Duration::from_secs(30),
    first: Duration::from_secs(1),
};

/// Makes a role with its policy, or finishes what an interrupted create began. `save` is told of the role as soon as
/// it exists.
///
/// # Errors
/// A role of that name exists and is not ours to finish, or AWS refused something.
pub async fn create(cx: &Ctx, spec: &Spec, save: impl FnOnce(&Role)) -> Result<Role> {
    let iam = cx.aws()?.iam().await?;
    let doing = "Cannot create the role";
    let (role, policy) = match look(iam, spec).await.context(doing, &spec.name)? {
        Some(there) => there,
        None => match make(cx, iam, spec).await? {
            Some(role) => {
                save(&role);
                put_policy(cx, iam, spec).await?;
                return Ok(role);
            }
            None => appeared(cx, iam, spec).await.context(doing, &spec.name)?,
        },
    };
    if !is_ours_to_finish(&role, spec) || policy.as_ref().is_some_and(|policy| !same(policy, &spec.policy)) {
        return Err(already_there(spec));
    }
    cx.warn(taken_over(spec));
    save(&role);
    if policy.is_none() {
        put_policy(cx, iam, spec).await?;
    }
    Ok(role)
}

/// Looks at a role and its inline policy. Without `policy_name` the only one it has is taken, or that of the default
/// name.
///
/// # Errors
/// Any but the absence of the role.
pub async fn read(cx: &Ctx, name: &str, policy_name: Option<&str>, default: &str) -> Result<Option<Known>> {
    let iam = cx.aws()?.iam().await?;
    let doing = "Cannot read the role";
    let Some(role) = iam.role(name).await.context(doing, name)? else { return Ok(None) };
    let policy_name = match policy_name {
        Some(policy_name) => policy_name.to_owned(),
        None => match &iam.role_policies(name).await.context(doing, name)?[..] {
            [only] => only.clone(),
            _ => default.to_owned(),
        },
    };
    match iam.policy(&Principal::Role(name.to_owned()), &policy_name).await.context(doing, name)? {
        Found::NoPrincipal => Ok(None),
        found => Ok(Some(Known { role, policy_name, policy: found.policy().unwrap_or_default() })),
    }
}

/// Changes a role from `before` to `spec`, as far as they differ.
///
/// # Errors
/// Somebody else changed it since the plan was made, or AWS refused something.
pub async fn update(cx: &Ctx, spec: &Spec, before: &Spec) -> Result<()> {
    let iam = cx.aws()?.iam().await?;
    let (name, doing) = (&spec.name, "Cannot change the role");
    match &spec.boundary {
        wanted if *wanted == before.boundary => {}
        Some(arn) => cx
            .until(&CONCURRENT, || iam.put_boundary(name, arn))
            .await
            .context(doing, name)
            .map_err(|error| error.at((spec.at)(Part::Boundary)))?,
        None => cx.until(&CONCURRENT, || iam.delete_boundary(name)).await.context(doing, name)?,
    }
    if !same(&spec.trust, &before.trust) {
        update_trust(cx, iam, spec, before).await?;
    }
    if (&spec.description, spec.max_session_duration) != (&before.description, before.max_session_duration) {
        let description = spec.description.as_deref().unwrap_or_default();
        let update = || iam.update_role(name, description, spec.max_session_duration);
        cx.until(&CONCURRENT, update).await.context(doing, name)?;
    }
    let changes = Changes::between(&before.tags, &spec.tags);
    if !changes.removed.is_empty() {
        cx.until(&CONCURRENT, || iam.untag_role(name, &changes.removed)).await.context(doing, name)?;
    }
    if !changes.set.is_empty() {
        cx.until(&CONCURRENT, || iam.tag_role(name, &changes.set))
            .await
            .context(doing, name)
            .map_err(|error| error.at((spec.at)(Part::Tags)))?;
    }
    let renamed = spec.policy_name != before.policy_name;
    if renamed || !same(&spec.policy, &before.policy) {
        update_policy(cx, iam, spec, before).await?;
    }
    if renamed {
        let owner = Principal::Role(name.clone());
        let delete = || iam.delete_policy(&owner, &before.policy_name);
        cx.until(&CONCURRENT, delete).await.context(doing, name)?;
    }
    Ok(())
}

/// Takes a role away with its inline policy; with `force`, and with all that others hung on it.
///
/// # Errors
/// Something of others hangs on it, or AWS refused something. Nothing is changed in the first case.
pub async fn delete(cx: &Ctx, name: &str, policy_name: &str, force: bool) -> Result<()> {
    let iam = cx.aws()?.iam().await?;
    let doing = "Cannot delete the role";
    let left = left::on(iam, name, policy_name).await.context(doing, name)?;
    if force {
        left.remove(cx, iam, name).await.context(doing, name)?;
    } else if !left.is_empty() {
        return Err(left.refusal(name));
    }
    let owner = Principal::Role(name.to_owned());
    cx.until(&CONCURRENT, || iam.delete_policy(&owner, policy_name)).await.context(doing, name)?;
    cx.until(&left::EMPTIED, || iam.delete_role(name)).await.context(doing, name)
}

/// All tags of a role.
///
/// # Errors
/// They are too many, or two keys differ in nothing but case, which are one key to IAM.
pub fn tags_all(cx: &Ctx, own: Option<&Given>, forced: &[(&str, &str)]) -> Result<Map<String>> {
    let all = cx.tags().all(own, forced)?;
    let mut keys: Vec<(String, &String)> = all.keys().map(|key| (key.to_lowercase(), key)).collect();
    keys.sort();
    match keys.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(twins) => {
            let detail = format!(
                "\"{}\" and \"{}\" are one key to IAM, for which upper and lower case are the same. The provider's \
                 \"default_tags\" count too.",
                twins[0].1, twins[1].1
            );
            Err(Diagnostic::error("Tag keys differ in case only", detail))
        }
        None => Ok(all),
    }
}

/// Nothing if a role of that name exists by now.
async fn make(cx: &Ctx, iam: &Iam, spec: &Spec) -> Result<Option<Role>> {
    let marked = tags::marked(&spec.tags, spec.created_as);
    let new = NewRole {
        name: &spec.name,
        path: &spec.path,
        description: spec.description.as_deref(),
        trust: &spec.trust,
        max_session_duration: spec.max_session_duration,
        boundary: spec.boundary.as_deref(),
        tags: &marked,
    };
    let create = || async {
        match iam.create_role(&new).await {
            Ok(role) => Ok(Some(role)),
            // Perhaps an attempt whose answer was lost.
            Err(error) if error.is_already_exists() => Ok(None),
            Err(error) => Err(error),
        }
    };
    trusted::until_seen(cx, iam, spec, "Cannot create the role", create).await
}

async fn update_trust(cx: &Ctx, iam: &Iam, spec: &Spec, before: &Spec) -> Result<()> {
    let doing = "Cannot change the role";
    let Some(role) = iam.role(&spec.name).await.context(doing, &spec.name)? else { return Err(gone(spec)) };
    if same(&role.trust, &spec.trust) {
        return Ok(()); // An update that was cut off.
    }
    if !same(&role.trust, &before.trust) {
        return Err(changed_meanwhile("the trust policy", spec, Part::Trust));
    }
    let update = || iam.update_trust(&spec.name, &spec.trust);
    trusted::until_seen(cx, iam, spec, doing, update).await
}

async fn update_policy(cx: &Ctx, iam: &Iam, spec: &Spec, before: &Spec) -> Result<()> {
    let owner = Principal::Role(spec.name.clone());
    let there = iam.policy(&owner, &spec.policy_name).await.context("Cannot change the role", &spec.name)?;
    let renamed = spec.policy_name != before.policy_name;
    match there {
        Found::NoPrincipal => Err(gone(spec)),
        Found::Policy(there) if same(&there, &spec.policy) => Ok(()), // An update that was cut off.
        Found::Policy(_) if renamed => Err(policy_there(spec)),
        Found::Policy(there) if !same(&there, &before.policy) => {
            Err(changed_meanwhile("the inline policy", spec, Part::PolicyName))
        }
        Found::Policy(_) | Found::NoPolicy => put_policy(cx, iam, spec).await,
    }
}

async fn put_policy(cx: &Ctx, iam: &Iam, spec: &Spec) -> Result<()> {
    let owner = Principal::Role(spec.name.clone());
    let put = || iam.put_policy(&owner, &spec.policy_name, &spec.policy);
    cx.until(&UNSEEN, put).await.context("Cannot write the policy of the role", &spec.name)
}

/// Why a role that exists is not to be seen.
enum Hidden {
    NotYet,
    Unread(Error),
}

impl From<Hidden> for Diagnostic {
    fn from(hidden: Hidden) -> Self {
        match hidden {
            Hidden::NotYet => Self::error("", "IAM says that the role exists, and does not show it."),
            Hidden::Unread(error) => error.into(),
        }
    }
}

async fn appeared(cx: &Ctx, iam: &Iam, spec: &Spec) -> Result<(Role, Option<String>)> {
    let look = || async { look(iam, spec).await.map_err(Hidden::Unread)?.ok_or(Hidden::NotYet) };
    cx.until(&HIDDEN, look).await
}

/// The role and its policy. A role that was just deleted may still be seen by the first look and not by the second.
async fn look(iam: &Iam, spec: &Spec) -> Result<Option<(Role, Option<String>)>, Error> {
    let Some(role) = iam.role(&spec.name).await? else { return Ok(None) };
    match iam.policy(&Principal::Role(spec.name.clone()), &spec.policy_name).await? {
        Found::NoPrincipal => Ok(None),
        found => Ok(Some((role, found.policy()))),
    }
}

/// Whether a create of this very resource was cut off after it had made the role.
fn is_ours_to_finish(role: &Role, spec: &Spec) -> bool {
    let young = Timestamp::now().duration_since(role.created) < RESUMED_WITHIN;
    let fits = (&role.path, &role.description, role.max_session_duration, &role.boundary)
        == (&spec.path, &spec.description, spec.max_session_duration, &spec.boundary);
    let tagged = spec.tags.iter().all(|(key, value)| role.tags.get(key) == Some(value));
    young && fits && tagged && tags::is_marked(&role.tags, spec.created_as) && same(&role.trust, &spec.trust)
}

fn taken_over(spec: &Spec) -> Diagnostic {
    Diagnostic::warning(
        "Role was already there",
        format!(
            "A create of \"{}\" was cut off after it had made the role. It was finished now, and is managed here from \
             now on.",
            spec.name
        ),
    )
}

fn already_there(spec: &Spec) -> Diagnostic {
    Diagnostic::error(
        "Role exists",
        format!(
            "There is a role \"{0}\" that no unfinished create of this resource has left. Nothing was changed.\n\n\
             Choose another \"name\", or import the role and review the plan:\n  terraform import ADDRESS '{0}'",
            spec.name
        ),
    )
    .at((spec.at)(Part::Name))
}

fn policy_there(spec: &Spec) -> Diagnostic {
    Diagnostic::error(
        "Policy exists and differs",
        format!(
            "\"{}\" already has an inline policy \"{}\", which says something else. Choose another \"policy_name\".",
            spec.name, spec.policy_name
        ),
    )
    .at((spec.at)(Part::PolicyName))
}

fn changed_meanwhile(what: &str, spec: &Spec, part: Part) -> Diagnostic {
    Diagnostic::error(
        "Role was changed meanwhile",
        format!(
            "Since the plan was made, somebody else changed {what} of \"{}\". It was left as it is.\n\n\
             Run \"terraform plan\" again to see the role as it is.",
            spec.name
        ),
    )
    .at((spec.at)(part))
}

fn gone(spec: &Spec) -> Diagnostic {
    Diagnostic::error(
        "Role is gone",
        format!(
            "Since the plan was made, somebody deleted \"{}\".\n\nRun \"terraform apply\" again to make it anew.",
            spec.name
        ),
    )
    .at((spec.at)(Part::Name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::CREATED_AS;

    fn spec() -> Spec {
        Spec {
            created_as: "test_role",
            name: "app".to_owned(),
            path: "/".to_owned(),
            description: None,
            trust: r#"{"Version":"2012-10-17","Statement":[]}"#.to_owned(),
            max_session_duration: 3600,
            boundary: None,
            tags: [("team".to_owned(), "data".to_owned())].into(),
            policy_name: "p".to_owned(),
            policy: "{}".to_owned(),
            at: |_| Path::root(),
        }
    }

    fn role() -> Role {
        let Spec { name, path, description, trust, max_session_duration, boundary, tags, created_as, .. } = spec();
        Role {
            arn: format!("arn:aws:iam::123456789012:role/{name}"),
            id: "AROA1".to_owned(),
            tags: tags::marked(&tags, created_as),
            created: Timestamp::now() - SignedDuration::from_hours(23),
            name,
            path,
            description,
            trust,
            max_session_duration,
            boundary,
        }
    }

    #[test]
    fn only_what_a_create_left_behind_is_finished() {
        assert!(is_ours_to_finish(&role(), &spec()));
        let tag = |key: &str, value: &str| {
            let mut tags = role().tags;
            tags.insert(key.to_owned(), value.to_owned());
            tags
        };
        assert!(is_ours_to_finish(&Role { tags: tag("scanned", "1"), ..role() }, &spec()), "others add tags");
        for (why, other) in [
            ("too old", Role { created: Timestamp::now() - SignedDuration::from_hours(25), ..role() }),
            ("another resource's", Role { tags: tag(CREATED_AS, "other_role"), ..role() }),
            ("not marked", Role { tags: spec().tags, ..role() }),
            ("another tag", Role { tags: tag("team", "load"), ..role() }),
            ("another path", Role { path: "/db/".to_owned(), ..role() }),
            ("another description", Role { description: Some("x".to_owned()), ..role() }),
            ("another duration", Role { max_session_duration: 7200, ..role() }),
            ("a boundary", Role { boundary: Some("b".to_owned()), ..role() }),
            ("another trust", Role { trust: "{}".to_owned(), ..role() }),
        ] {
            assert!(!is_ours_to_finish(&other, &spec()), "{why}");
        }
    }
}
