//! `rdsauth_iam_db_user_policy`: lets a role, user or group log in to databases as certain users.
//!
//! It owns one inline policy as a whole, and neither its principal nor the databases. A policy carries no mark: what a
//! create was about to write is in its claim.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{
    Computed, Failed, Partial, Plan, Resource, Set, Source, Val, View, block, check, computed, optional, required,
};
use tf_provider::value::Path;

use crate::arn::{DbUserArn, Wildcards};
use crate::attributes::checks;
use crate::attributes::policy_json::{ConditionKey, PolicyJson, normal, same};
use crate::aws::iam::{Found, Iam, Principal};
use crate::aws::lag;
use crate::ownership::{self, Owned};
use crate::parts::iam::logins::{self, Connect};
use crate::policy::connect::{self, Condition};
use crate::records::claims::{self, Creator, Subject};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Allows an existing IAM role, user or group to log in to databases as certain database users, with an inline
    /// policy for `rds-db:connect`. Use it instead of `aws_iam_role_policy` to get the ARNs of database users right and
    /// to keep other statements out of the policy.
    ///
    /// The policy follows [Creating and using an IAM policy for IAM database
    /// access](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html). Only this
    /// one inline policy is managed. The principal, the databases and the database users are not; to create a role for
    /// an outside principal, use `rdsauth_iam_db_access_role`.
    ///
    /// ~> **Note:** An inline policy of the same name that already exists is not changed: the error names the command
    /// that imports it. Two resources for the same principal need different values of `policy_name`; one resource can
    /// have several `connect` blocks.
    ///
    /// ~> **Note:** A configuration that manages all inline policies of the principal removes this one each time it is
    /// applied. Add the name of this policy to `policy_names` of an `aws_iam_role_policies_exclusive`, and
    /// `ignore_changes = [inline_policy]` to an `aws_iam_role` with `inline_policy` blocks.
    ///
    /// ~> **Note:** `condition`: the only condition key that AWS documents for `rds-db:connect` is
    /// [`aws:ResourceTag/…`](https://docs.aws.amazon.com/service-authorization/latest/reference/list_rds-db.html).
    /// Test that the policy denies what it should before you rely on it.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects any change made outside of Terraform to the policy document, such as an added statement, as a
    /// change of `policy_json`; the next apply restores the document. A deleted policy is created again. If the policy
    /// changes between plan and apply, the apply ends with an error instead of overwriting the change. Other policies
    /// of the principal are not looked at.
    ///
    /// ## Destroy
    ///
    /// The inline policy is deleted. The principal and its other policies stay. Sessions that are already open in the
    /// database are not closed.
    ///
    /// ## Required Permissions
    ///
    /// - `role`: `iam:GetRolePolicy`, `iam:PutRolePolicy` and `iam:DeleteRolePolicy`.
    /// - `user`: `iam:GetUserPolicy`, `iam:PutUserPolicy` and `iam:DeleteUserPolicy`.
    /// - `group`: `iam:GetGroupPolicy`, `iam:PutGroupPolicy` and `iam:DeleteGroupPolicy`.
    /// - A `connect` block without `account_id`: also `sts:GetCallerIdentity`.
    /// - Optional: `iam:GetAccountAuthorizationDetails`, with which a refresh reads many policies in one request.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// A `moved` block adopts an `aws_iam_role_policy` whose document allows `rds-db:connect` and nothing else
    /// (Terraform 1.8 or later):
    ///
    /// ```terraform
    /// moved {
    ///   from = aws_iam_role_policy.orders
    ///   to   = rdsauth_iam_db_user_policy.orders
    /// }
    /// ```
    ///
    /// For `aws_iam_user_policy` and `aws_iam_group_policy`, remove the resource from the state and import the policy:
    ///
    /// ```terraform
    /// removed {
    ///   from = aws_iam_user_policy.reports
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// import {
    ///   to = rdsauth_iam_db_user_policy.reports
    ///   id = "user/reports/rds-db-connect"
    /// }
    /// ```
    pub struct IamDbUserPolicy {
        /// Name of the IAM role that may log in.
        role: Option<String> = optional().replace().identity().check(checks::iam_name()),
        /// Name of the IAM user that may log in.
        user: Option<String> = optional().replace().identity().check(checks::iam_name()),
        /// Name of the IAM group whose users may log in.
        group: Option<String> = optional().replace().identity().check(checks::long_iam_name()),
        /// Name of the inline policy.
        policy_name: String = optional().or("rds-db-connect").replace().identity().check(checks::long_iam_name()),
        /// Whether to allow `*` as a resource ID, and `*` and `?` in the names of database users.
        allow_wildcards: bool = optional().or(false),
        /// Permission to connect to a DB instance, DB cluster or RDS Proxy as certain database users.
        connect: Vec<Connect> = block().min(1),
        /// Condition on every login. All conditions must hold.
        condition: Vec<ConditionBlock> = block(),
        /// Import ID: `role/`, `user/` or `group/`, the name of the principal, and the name of the policy.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Policy document, as JSON, as it is in IAM.
        policy_json: Computed<PolicyJson> = computed(),
    }
    rules { exactly_one_of(role, user, group) }
    timeouts { create: "5m", read: "2m", update: "5m", delete: "5m" }
}

tf_provider::model! {
    /// A condition, as in a policy document.
    pub struct ConditionBlock {
        /// Name of a [condition
        /// operator](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html),
        /// such as `StringEquals`.
        test: String = required().check(check::length(1..=usize::MAX)),
        /// Condition key, such as `aws:ResourceTag/environment`.
        variable: ConditionKey = required().check(check::length(1..=usize::MAX)),
        /// Values, one of which must match.
        values: Set<String> = required().check(check::size(1..=usize::MAX)),
    }
}

impl Resource<World> for IamDbUserPolicy {
    const TYPE: &'static str = "iam_db_user_policy";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let document = plan.document(cx).await?;
        let (iam, principal) = (cx.aws()?.iam().await?, plan.principal()?);
        let claim = ownership::begin(cx, &plan).await?;
        // Without the account, which would cost a call: principals of one name in two accounts take turns as well.
        let _turn = ownership::create_lock(cx, &ownership::subject(&plan)?.key).await?;
        let there = read_policy(cx, iam, &principal, &plan.policy_name).await?;
        let is_ours = there.as_ref().is_none_or(|there| claim.has_claimed_content(&normal(there)));
        if !is_ours && !claim.was_deleted_here() {
            return Err(claim.refuse(&Creator::Unknown));
        }
        claim.note(cx, Some(&normal(&document)), None);
        match there {
            Some(there) if is_ours => {
                claim.warn_adopted(cx);
                if !same(&there, &document) {
                    put(cx, iam, &principal, &plan.policy_name, &document).await?;
                }
            }
            _ => put(cx, iam, &principal, &plan.policy_name, &document).await?,
        }
        claim.created(cx);
        plan.policy_json = PolicyJson::from(document).into();
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let (iam, principal) = (cx.aws()?.iam().await?, state.principal()?);
        let look = || async { Ok(iam.policy(&principal, &state.policy_name).await?.policy()) };
        let there = match iam.listed_policy(&principal, &state.policy_name).await {
            Some(listed) => Some(listed),
            None => ownership::find(cx, look).await.context("Cannot read the policy", &principal)?,
        };
        let Some(there) = there else { return Ok(None) };
        if cx.is_import() {
            state.describe(cx, &there).await?; // Only the policy shows its users.
        }
        state.policy_json = PolicyJson::from(there).into();
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let document = plan.document(cx).await?;
        if !same(&document, &state.policy_json.get()?.0) {
            let (iam, principal) = (cx.aws()?.iam().await?, plan.principal()?);
            let there = read_policy(cx, iam, &principal, &plan.policy_name).await?;
            match there {
                Some(there) if same(&there, &document) => {} // An update that was cut off.
                Some(there) if !same(&there, &state.policy_json.get()?.0) => {
                    return Err(changed_meanwhile(&principal, &plan.policy_name));
                }
                _ => put(cx, iam, &principal, &plan.policy_name, &document).await?,
            }
        }
        plan.policy_json = PolicyJson::from(document).into();
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let (iam, principal) = (cx.aws()?.iam().await?, state.principal()?);
        let delete = || iam.delete_policy(&principal, &state.policy_name);
        cx.until(&lag::CONCURRENT, delete).await.context("Cannot delete the policy", &principal)?;
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        if config.get(Self::allow_wildcards) != Val::Known(false) {
            return Vec::new();
        }
        config.blocks(Self::connect).into_iter().flatten().flat_map(|connect| logins::patterns(&connect)).collect()
    }

    /// The document is known before it is written, unless the account or the region is not.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::warn_if_exists(cx, plan).await;
        let Some(planned) = plan.planned() else { return Ok(()) };
        let (Some(wanted), true) = (planned.decode(), cx.is_known()) else { return Ok(()) };
        let unnamed = wanted.connect.iter().position(|connect| connect.account_id.is_none());
        let at = Self::connect.path().index(unnamed.unwrap_or_default()).field(Connect::account_id);
        if !world::may_plan(cx, unnamed.is_some()).await.map_err(|error| error.at(at))? {
            return Ok(());
        }
        let document = wanted.document(cx).await?;
        plan.set(Self::policy_json, PolicyJson::from(document));
        Ok(())
    }

    /// `role/NAME/POLICY`, `user/NAME/POLICY` or `group/NAME/POLICY`; IAM's names contain no slash.
    fn import(id: &str) -> Result<Partial<Self>> {
        let parts: Vec<&str> = id.split('/').collect();
        let ["role" | "user" | "group", name, policy_name] = parts[..] else {
            return Err(Diagnostic::error(
                "Malformed import id",
                format!(
                    "\"{id}\" is not of the form role/NAME/POLICY, user/NAME/POLICY or group/NAME/POLICY, \
                     such as role/orders-app/rds-db-connect."
                ),
            ));
        };
        let owner = match parts[0] {
            "role" => Self::role,
            "user" => Self::user,
            _ => Self::group,
        };
        Ok(Partial::default().with(owner, name.to_owned()).with(Self::policy_name, policy_name))
    }

    /// From `aws_iam_role_policy`, if the policy is about database logins alone.
    fn moved(source: &Source) -> Option<Result<Partial<Self>>> {
        let from_aws = source.provider.ends_with("/hashicorp/aws") && source.type_name == "aws_iam_role_policy";
        from_aws.then(|| {
            let text = |name: &str| source.state.get(name).and_then(|value| value.as_str()).unwrap_or_default();
            logins::connect_statement(text("policy")).context("Cannot move the policy to this resource", text("id"))?;
            let role = text("role").to_owned();
            Ok(Partial::default().with(Self::role, role).with(Self::policy_name, text("name")))
        })
    }
}

impl Owned for IamDbUserPolicy {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (principal, name) = (named_principal(of)?, of.get(Self::policy_name).known()?);
        Some(Subject {
            kind: Self::TYPE,
            key: format!("{principal}/{name}"),
            noun: "Inline policy",
            what: format!("inline policy \"{name}\" of \"{principal}\""),
            found: claims::EXISTS,
            arguments: "\"policy_name\"",
            import_id: format!("{principal}/{name}"),
            region: None,
            at: Self::policy_name.path(),
        })
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let named = named_principal(planned).zip(planned.get(Self::policy_name).known());
        let Some((principal, name)) = named else { return Ok(None) };
        match cx.aws()?.iam().await?.policy(&principal, &name).await? {
            Found::Policy(_) => Ok(Some(Creator::Unknown)),
            Found::NoPolicy => Ok(None),
            Found::NoPrincipal => {
                cx.warn(no_principal(&principal, &world::account(cx).await));
                Ok(None)
            }
        }
    }
}

impl IamDbUserPolicy {
    fn principal(&self) -> Result<Principal> {
        match (&self.role, &self.user, &self.group) {
            (Some(name), None, None) => Ok(Principal::Role(name.clone())),
            (None, Some(name), None) => Ok(Principal::User(name.clone())),
            (None, None, Some(name)) => Ok(Principal::Group(name.clone())),
            _ => Err(Diagnostic::bug("the policy has no principal, or several")),
        }
    }

    /// The document to write.
    async fn document(&self, cx: &Ctx) -> Result<String> {
        let wildcards = if self.allow_wildcards { Wildcards::Allowed } else { Wildcards::Refused };
        let users = logins::users(cx, &self.connect, wildcards, &Self::connect.path()).await?;
        let conditions: Vec<Condition> = self.condition.iter().map(ConditionBlock::condition).collect();
        let (document, principal) = (connect::document(&users, &conditions).to_string(), self.principal()?);
        let (quota, owner) = (principal.inline_quota(), principal.to_string());
        logins::check_size(&document, quota, &owner, &self.connect, &Self::connect.path())?;
        Ok(document)
    }

    /// A policy as an import reads it: of a role, user or group of this name, with what its document says.
    ///
    /// # Errors
    /// The provider's configuration is not known yet.
    pub async fn imported(
        cx: &Ctx,
        (kind, principal): (&str, String),
        policy_name: &str,
        document: String,
        statement: (Vec<DbUserArn>, Vec<Condition>),
    ) -> Result<Self> {
        let owner = match kind {
            "role" => Self::role,
            "user" => Self::user,
            _ => Self::group,
        };
        let named = Partial::default().with(owner, principal).with(Self::policy_name, policy_name);
        let mut imported = named.with(Self::policy_json, PolicyJson::from(document)).decode()?;
        imported.allow(cx, statement).await?;
        Ok(imported)
    }

    /// Fills the configuration from an existing policy, as an import has no other source.
    async fn describe(&mut self, cx: &Ctx, document: &str) -> Result<()> {
        let statement = logins::connect_statement(document).context("Cannot describe the policy", self.principal()?)?;
        self.allow(cx, statement).await
    }

    async fn allow(&mut self, cx: &Ctx, (users, conditions): (Vec<DbUserArn>, Vec<Condition>)) -> Result<()> {
        self.allow_wildcards = users.iter().any(DbUserArn::is_pattern);
        self.condition = conditions.into_iter().map(ConditionBlock::from).collect();
        self.connect = logins::of_users(cx, &users).await?;
        Ok(())
    }
}

impl ConditionBlock {
    fn condition(&self) -> Condition {
        Condition { operator: self.test.clone(), variable: self.variable.0.clone(), values: self.values.to_vec() }
    }
}

impl From<Condition> for ConditionBlock {
    fn from(Condition { operator, variable, values }: Condition) -> Self {
        Self { test: operator, variable: variable.into(), values: values.into_iter().collect() }
    }
}

/// The present policy, if there is one.
async fn read_policy(cx: &Ctx, iam: &Iam, principal: &Principal, name: &str) -> Result<Option<String>> {
    let look = || async {
        match iam.policy(principal, name).await {
            Ok(Found::Policy(document)) => Ok(Some(document)),
            Ok(Found::NoPolicy) => Ok(None),
            Ok(Found::NoPrincipal) => Err(Failed::for_now(unknown_principal(cx, principal).await)),
            Err(error) => Err(Failed::finally(error)),
        }
    };
    cx.until(&lag::NEW_PRINCIPAL, look)
        .await
        .context("Cannot write the policy", principal)
        .map_err(|error| error.at(owner(principal)))
}

async fn put(cx: &Ctx, iam: &Iam, principal: &Principal, name: &str, document: &str) -> Result<()> {
    let put = || iam.put_policy(principal, name, document);
    cx.until(&lag::PRINCIPAL_UNKNOWN, put)
        .await
        .context("Cannot write the policy", principal)
        .map_err(|error| error.at(owner(principal)))
}

/// IAM does not know the principal; the context names it.
async fn unknown_principal(cx: &Ctx, principal: &Principal) -> Diagnostic {
    let kind = match principal {
        Principal::Role(_) => "role",
        Principal::User(_) => "user",
        Principal::Group(_) => "group",
    };
    let account = world::account(cx).await;
    let detail = format!(
        "There is no IAM {kind} with this name in {account}. Check \"{kind}\" and the account of the credentials."
    );
    Diagnostic::error("", detail)
}

/// The attribute that names a principal.
fn owner(principal: &Principal) -> Path {
    match principal {
        Principal::Role(_) => IamDbUserPolicy::role.path(),
        Principal::User(_) => IamDbUserPolicy::user.path(),
        Principal::Group(_) => IamDbUserPolicy::group.path(),
    }
}

/// The principal of a configuration or state, once it is known which it is.
fn named_principal(of: &View<'_, IamDbUserPolicy>) -> Option<Principal> {
    let names = [IamDbUserPolicy::role, IamDbUserPolicy::user, IamDbUserPolicy::group].map(|owner| of.get(owner));
    match names {
        [Val::Known(name), Val::Null, Val::Null] => Some(Principal::Role(name)),
        [Val::Null, Val::Known(name), Val::Null] => Some(Principal::User(name)),
        [Val::Null, Val::Null, Val::Known(name)] => Some(Principal::Group(name)),
        _ => None,
    }
}

/// A plan cannot see what is created first in the same apply.
fn no_principal(principal: &Principal, account: &str) -> Diagnostic {
    let detail = format!(
        "There is no IAM principal \"{principal}\" in {account}. The apply fails unless it is created earlier in the \
         same apply.\n\nIf it should exist, check the name and the account of the credentials."
    );
    Diagnostic::warning("IAM principal not found", detail).at(owner(principal))
}

fn changed_meanwhile(principal: &Principal, name: &str) -> Diagnostic {
    Diagnostic::error(
        "Policy changed since the plan",
        format!(
            "The inline policy \"{name}\" of \"{principal}\" was changed outside of Terraform after the plan was \
             created. Nothing was changed.\n\nRun \"terraform plan\" again to see the current policy."
        ),
    )
    .at(IamDbUserPolicy::policy_name)
}
