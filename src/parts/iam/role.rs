//! A role that a resource owns: trust, permissions boundary, tags, and one inline policy. Other policies on it belong
//! to others: they are neither shown nor changed, and prevent the deletion of the role.
//!
//! A create that was cut off is finished by the next one of the same directory: its claim and the tag of the role have the
//! same creation id.

use std::sync::atomic::{AtomicBool, Ordering};

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Map;
use tf_provider::value::Path;

use crate::attributes::policy_json::same;
use crate::attributes::tags::{self, Changes, Given};
use crate::aws::iam::roles::{NewRole, Role};
use crate::aws::iam::{Found, Iam, Principal};
use crate::aws::{Error, lag};
use crate::records::claims::{self, Claim, Creator, Subject};
use crate::world::{self, Ctx};

mod attachments;
mod resource;
mod trusted;

pub use crate::parts::iam::role::resource::moved;
pub(crate) use crate::parts::iam::role::resource::role_resource;

/// A role as a configuration wants it, or as a state knows it.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Its description.
    pub description: Option<String>,
    /// Its trust policy.
    pub trust: String,
    /// The maximum duration of a session in seconds.
    pub max_session_duration: i64,
    /// The ARN of the policy that bounds its permissions.
    pub boundary: Option<String>,
    /// All its tags except the mark of its create.
    pub tags: Map<String>,
    /// The name of its inline policy.
    pub policy_name: String,
    /// Its inline policy; empty if there is none.
    pub policy: String,
    /// The paths of these values in the configuration.
    pub at: fn(Part) -> Path,
}

/// A value of the configuration about a role.
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
    /// The trust policy.
    Trust,
}

/// What a state knows about a role.
#[derive(Clone, Copy, Debug)]
pub struct Stated<'a> {
    /// The ID that no other role ever has.
    pub unique_id: &'a str,
    /// The name of its inline policy.
    pub policy_name: &'a str,
}

/// The result of a read.
#[derive(Clone, Debug)]
pub struct Known {
    /// The role.
    pub role: Role,
    /// The name of its inline policy.
    pub policy_name: String,
    /// Its inline policy; empty if there is none of that name.
    pub policy: String,
}

/// The subject of the claim of a role.
pub fn subject(kind: &'static str, name: &str, at: Path) -> Subject {
    Subject {
        kind,
        key: name.to_lowercase(), // IAM has no two roles whose names differ in case alone.
        noun: "Role",
        what: format!("role \"{name}\""),
        found: claims::EXISTS,
        arguments: "\"name\"",
        import_id: name.to_owned(),
        region: None,
        at,
    }
}

/// Whether a role exists, and who created it.
///
/// # Errors
/// AWS refuses the read.
pub async fn existing(cx: &Ctx, name: &str) -> Result<Option<Creator>> {
    let role = cx.aws()?.iam().await?.role(name).await?;
    Ok(role.map(|role| Creator::of(tags::mark(&role.tags))))
}

/// Creates a role with its policy, or completes what an interrupted create began. `save` is called with the role as
/// soon as it exists.
///
/// # Errors
/// A role of that name exists and is not ours to finish, or AWS refused something.
pub async fn create(cx: &Ctx, mut claim: Claim<'_>, spec: &Spec, save: impl FnOnce(&Role)) -> Result<Role> {
    let iam = cx.aws()?.iam().await?;
    let doing = "Cannot create the role";
    let earlier = match claim.has_earlier() {
        true => read_role(iam, spec).await.context(doing, &spec.name)?,
        false => None,
    };
    let found = match earlier {
        Some(there) => there,
        None => {
            claim.note(cx, None, None);
            match create_role(cx, iam, spec, &claim).await? {
                Some(role) => {
                    claim.created(cx);
                    save(&role);
                    put_policy(cx, iam, spec).await?;
                    return Ok(role);
                }
                None => appeared(cx, iam, spec).await.context(doing, &spec.name)?,
            }
        }
    };
    let (role, policy) = found;
    let mark = tags::mark(&role.tags);
    if !claim.owns_mark(mark.map(String::as_str)) {
        return Err(claim.refuse(&Creator::of(mark)));
    }
    mark.into_iter().for_each(|mark| claim.resume(mark));
    claim.created(cx);
    claim.warn_adopted(cx);
    save(&role);
    // Between the two runs the configuration may have changed.
    let before = spec.as_found(cx, role.clone(), policy.unwrap_or_default());
    change(cx, iam, spec, &before, &role).await?;
    Ok(role)
}

/// Reads a role and its inline policy. An import has no state: it uses the only policy of the role, or that of the
/// default name. A role with another unique ID than the state's is another role, and that of the state no longer
/// exists.
///
/// # Errors
/// Any but the absence of the role.
pub async fn read(
    cx: &Ctx,
    subject: &Subject,
    name: &str,
    stated: Option<Stated<'_>>,
    default: &str,
) -> Result<Option<Known>> {
    let iam = cx.aws()?.iam().await?;
    let doing = "Cannot read the role";
    if let Some(Stated { unique_id, policy_name }) = stated
        && let Some((role, policy)) = iam.listed_role(name, policy_name).await
        && role.id == unique_id
    {
        return Ok(Some(Known { role, policy_name: policy_name.to_owned(), policy }));
    }
    let found = match stated {
        Some(stated) => look_up(cx, iam, name, stated.unique_id).await.context(doing, name)?,
        None => iam.role(name).await.context(doing, name)?.map_or(Look::Missing, |role| Look::Same(Box::new(role))),
    };
    let role = match found {
        Look::Same(role) => *role,
        Look::Another => {
            cx.warn(claims::recreated(subject));
            return Ok(None);
        }
        Look::Missing => return Ok(None),
    };
    let policy_name = match stated {
        Some(stated) => stated.policy_name.to_owned(),
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

/// Updates the differences between `before` and `spec`.
///
/// # Errors
/// The role was changed, deleted or re-created since the plan was made, or AWS refused something.
pub async fn update(cx: &Ctx, spec: &Spec, before: &Spec, stated: Stated<'_>) -> Result<()> {
    let iam = cx.aws()?.iam().await?;
    match look_up(cx, iam, &spec.name, stated.unique_id).await.context("Cannot change the role", &spec.name)? {
        Look::Same(role) => change(cx, iam, spec, before, &role).await,
        Look::Another => Err(recreated_meanwhile(spec)),
        Look::Missing => Err(role_missing(cx, spec).await),
    }
}

async fn change(cx: &Ctx, iam: &Iam, spec: &Spec, before: &Spec, role: &Role) -> Result<()> {
    let (name, doing) = (&spec.name, "Cannot change the role");
    match &spec.boundary {
        wanted if *wanted == before.boundary => {}
        Some(arn) => cx
            .until(&lag::CONCURRENT, || iam.put_boundary(name, arn))
            .await
            .context(doing, name)
            .map_err(|error| error.at((spec.at)(Part::Boundary)))?,
        None => cx.until(&lag::CONCURRENT, || iam.delete_boundary(name)).await.context(doing, name)?,
    }
    if !same(&spec.trust, &before.trust) {
        update_trust(cx, iam, spec, before, role).await?;
    }
    if (&spec.description, spec.max_session_duration) != (&before.description, before.max_session_duration) {
        let description = spec.description.as_deref().unwrap_or_default();
        let update = || iam.update_role(name, description, spec.max_session_duration);
        cx.until(&lag::CONCURRENT, update).await.context(doing, name)?;
    }
    let changes = Changes::between(&before.tags, &spec.tags);
    if !changes.removed.is_empty() {
        cx.until(&lag::CONCURRENT, || iam.untag_role(name, &changes.removed)).await.context(doing, name)?;
    }
    if !changes.set.is_empty() {
        cx.until(&lag::CONCURRENT, || iam.tag_role(name, &changes.set))
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
        cx.until(&lag::CONCURRENT, delete).await.context(doing, name)?;
    }
    Ok(())
}

/// Deletes a role with its inline policy; with `force`, also with everything that others have attached to it. One that
/// was re-created under the same name is left alone, with a warning.
///
/// # Errors
/// Others have attached something, or AWS refused something. Nothing is changed in the first case.
pub async fn delete(cx: &Ctx, subject: &Subject, name: &str, stated: Stated<'_>, force: bool) -> Result<()> {
    let Stated { unique_id, policy_name } = stated;
    let Some(deletion) = cx.claims().delete(cx, subject).await? else { return Ok(()) };
    let iam = cx.aws()?.iam().await?;
    let doing = "Cannot delete the role";
    match look_up(cx, iam, name, unique_id).await.context(doing, name)? {
        Look::Same(_) => {}
        Look::Another => {
            cx.warn(claims::recreated(subject));
            return Ok(());
        }
        Look::Missing => return deletion.done(),
    }
    if force {
        let left = attachments::on(iam, name, policy_name).await.context(doing, name)?;
        left.remove(cx, iam, name).await.context(doing, name)?;
    } else {
        attachments::nothing(cx, iam, name, policy_name).await?;
    }
    let owner = Principal::Role(name.to_owned());
    cx.until(&lag::CONCURRENT, || iam.delete_policy(&owner, policy_name)).await.context(doing, name)?;
    cx.until(&lag::ROLE_EMPTIED, || iam.delete_role(name)).await.context(doing, name)?;
    deletion.done()
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
                "IAM compares tag keys case-insensitively, so \"{}\" and \"{}\" are the same key. The provider's \
                 \"default_tags\" are included. Remove one of them.",
                twins[0].1, twins[1].1
            );
            Err(Diagnostic::error("Tag keys differ only in case", detail))
        }
        None => Ok(all),
    }
}

/// What there is under the name of a role in the state.
enum Look {
    Same(Box<Role>),
    Another,
    Missing,
}

/// Looks up the role of a state. IAM may show the role that had its name before, or none, for a moment after it was
/// created, so that several looks have to agree.
async fn look_up(cx: &Ctx, iam: &Iam, name: &str, unique_id: &str) -> Result<Look> {
    let another = AtomicBool::new(false);
    let look = || async {
        let role = iam.role(name).await?;
        another.store(role.is_some(), Ordering::Relaxed);
        Ok::<_, Error>(role.filter(|role| role.id == unique_id))
    };
    Ok(match cx.find(&lag::OBJECT_UNSEEN, look).await? {
        Some(role) => Look::Same(Box::new(role)),
        None if another.into_inner() => Look::Another,
        None => Look::Missing,
    })
}

/// Nothing if a role of that name exists by now.
async fn create_role(cx: &Ctx, iam: &Iam, spec: &Spec, claim: &Claim<'_>) -> Result<Option<Role>> {
    let marked = tags::marked(&spec.tags, claim.mark());
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
            Err(error)
                if error.is_already_exists()
                    && !(claim.was_deleted_here() && is_leaving(iam, claim, &spec.name).await?) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    };
    trusted::retry_until_visible(cx, iam, spec, "Cannot create the role", create).await
}

/// Whether the role in the way is the one that this process has deleted, still visible for a moment.
async fn is_leaving(iam: &Iam, claim: &Claim<'_>, name: &str) -> Result<bool, Error> {
    let role = iam.role(name).await?;
    Ok(!role.is_some_and(|role| claim.owns_mark(tags::mark(&role.tags).map(String::as_str))))
}

async fn update_trust(cx: &Ctx, iam: &Iam, spec: &Spec, before: &Spec, role: &Role) -> Result<()> {
    if same(&role.trust, &spec.trust) {
        return Ok(()); // An update that was cut off.
    }
    if !same(&role.trust, &before.trust) {
        return Err(changed_meanwhile("The trust policy", spec, Part::Trust));
    }
    let update = || iam.update_trust(&spec.name, &spec.trust);
    trusted::retry_until_visible(cx, iam, spec, "Cannot change the role", update).await
}

async fn update_policy(cx: &Ctx, iam: &Iam, spec: &Spec, before: &Spec) -> Result<()> {
    let owner = Principal::Role(spec.name.clone());
    let there = iam.policy(&owner, &spec.policy_name).await.context("Cannot change the role", &spec.name)?;
    let renamed = spec.policy_name != before.policy_name;
    match there {
        Found::NoPrincipal => Err(role_missing(cx, spec).await),
        Found::Policy(there) if same(&there, &spec.policy) => Ok(()), // An update that was cut off.
        Found::Policy(_) if renamed => Err(policy_exists(spec)),
        Found::Policy(there) if !same(&there, &before.policy) => {
            Err(changed_meanwhile("The inline policy", spec, Part::PolicyName))
        }
        Found::Policy(_) | Found::NoPolicy => put_policy(cx, iam, spec).await,
    }
}

async fn put_policy(cx: &Ctx, iam: &Iam, spec: &Spec) -> Result<()> {
    let owner = Principal::Role(spec.name.clone());
    let put = || iam.put_policy(&owner, &spec.policy_name, &spec.policy);
    cx.until(&lag::PRINCIPAL_UNKNOWN, put)
        .await
        .context("Cannot write the policy of the role", &spec.name)
        .map_err(|error| error.at((spec.at)(Part::PolicyName)))
}

impl Spec {
    /// The role as it was found, in these words.
    fn as_found(&self, cx: &Ctx, role: Role, policy: String) -> Self {
        let own = self.tags.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        Self {
            tags: cx.tags().seen(&role.tags, Some(&own), &[]),
            name: role.name,
            path: role.path,
            description: role.description,
            trust: role.trust,
            max_session_duration: role.max_session_duration,
            boundary: role.boundary,
            policy_name: self.policy_name.clone(),
            policy,
            at: self.at,
        }
    }
}

async fn appeared(cx: &Ctx, iam: &Iam, spec: &Spec) -> Result<(Role, Option<String>)> {
    let found = cx.find(&lag::ROLE_UNSEEN, || read_role(iam, spec)).await?;
    found.ok_or_else(|| {
        Diagnostic::error(
            "",
            "CreateRole answered that the role exists, but GetRole does not find \
             it. Run \"terraform apply\" again in a minute.",
        )
    })
}

/// The role and its policy. A role that was just deleted may be visible to the first read and not to the second.
async fn read_role(iam: &Iam, spec: &Spec) -> Result<Option<(Role, Option<String>)>, Error> {
    let Some(role) = iam.role(&spec.name).await? else { return Ok(None) };
    match iam.policy(&Principal::Role(spec.name.clone()), &spec.policy_name).await? {
        Found::NoPrincipal => Ok(None),
        found => Ok(Some((role, found.policy()))),
    }
}

fn policy_exists(spec: &Spec) -> Diagnostic {
    Diagnostic::error(
        "Policy exists and differs",
        format!(
            "The role \"{}\" already has an inline policy \"{}\" with other statements. Choose another \
             \"policy_name\".",
            spec.name, spec.policy_name
        ),
    )
    .at((spec.at)(Part::PolicyName))
}

fn changed_meanwhile(what: &str, spec: &Spec, part: Part) -> Diagnostic {
    Diagnostic::error(
        "Role changed since the plan",
        format!(
            "{what} of the role \"{}\" was changed outside of Terraform after the plan was created. The provider did \
             not overwrite it.\n\nRun \"terraform plan\" again to see the current role.",
            spec.name
        ),
    )
    .at((spec.at)(part))
}

fn recreated_meanwhile(spec: &Spec) -> Diagnostic {
    Diagnostic::error(
        "Role changed since the plan",
        format!(
            "The role \"{}\" was deleted and re-created outside of Terraform after the plan was created. Nothing was \
             changed.\n\nRun \"terraform plan\" again; it shows how to manage the new role.",
            spec.name
        ),
    )
    .at((spec.at)(Part::Name))
}

async fn role_missing(cx: &Ctx, spec: &Spec) -> Diagnostic {
    Diagnostic::error(
        "Role not found",
        format!(
            "The role \"{}\" was deleted outside of Terraform after the plan was created: it does not exist in {} any \
             more.\n\nRun \"terraform apply\" again to create it again.",
            spec.name,
            world::account(cx).await
        ),
    )
    .at((spec.at)(Part::Name))
}
