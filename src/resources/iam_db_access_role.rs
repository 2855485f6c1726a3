//! `rdsauth_iam_db_access_role`: a role that an external principal assumes to log in to databases.

use std::collections::BTreeSet;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{
    Computed, Field, Handle, Map, Partial, Plan, Resource, Set, Source, Val, View, block, check, computed, optional,
    required,
};
use tf_provider::value::Value;

use crate::arn::{Arn, DbUserArn, Wildcards};
use crate::attributes::checks;
use crate::attributes::policy_json::{PolicyJson, PrincipalName};
use crate::attributes::tags::{self, Given};
use crate::aws::iam::Principal;
use crate::ownership;
use crate::parts::iam::logins::{self, Connect};
use crate::parts::iam::role::{self, Spec};
use crate::policy::connect;
use crate::policy::trust::{ASSUME, TAG, Trust};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Manages an IAM role that other accounts, AWS services or products such as ClickPipes assume to log in to
    /// databases with IAM database authentication. Use it instead of `aws_iam_role` with `aws_iam_role_policy` to get
    /// the trust policy and the `rds-db:connect` policy from a few arguments, with no policy document to write.
    ///
    /// The role has one inline policy, which allows `rds-db:connect` for the users in the `connect` blocks; see
    /// [Creating and using an IAM policy for IAM database
    /// access](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html). To allow
    /// an existing role, user or group to log in, use `rdsauth_iam_db_user_policy`. The databases and the database
    /// users are not managed here: see `rdsauth_iam_authentication`, `rdsauth_postgresql_iam_user` and
    /// `rdsauth_mysql_iam_user`.
    ///
    /// ~> **Note:** IAM accepts a trust policy only if all its principals exist, including those of other accounts. If a
    /// principal of the provider's own account was created less than two minutes ago, the apply waits until IAM accepts
    /// it.
    ///
    /// ~> **Note:** A role of the same name that already exists is not changed: the error names the command that
    /// imports it. A role that an interrupted apply has created is recognized by its tag `rdsauth:creation-id` and
    /// completed by the next apply in the same working directory.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the trust policy (`assume_role_policy`), the inline policy
    /// (`policy_json`), the tags (`tags_all`), `description`, `permissions_boundary` and `max_session_duration`, and
    /// the next apply corrects them. A role that was deleted is created again. If the trust policy or the inline policy
    /// changes between plan and apply, the apply ends with an error instead of overwriting the change.
    ///
    /// If a trusted role or user is deleted and re-created, IAM no longer treats it as the same principal. The next
    /// plan shows this as a change of `assume_role_policy`, and the apply restores the trust.
    ///
    /// Other inline policies, attached managed policies and instance profiles are not managed and are not drift, as
    /// with [`aws_iam_role`](https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/iam_role):
    /// other resources may manage them, such as `rdsauth_iam_db_user_policy`. Use `aws_iam_role_policies_exclusive` to
    /// remove inline policies that no configuration lists.
    ///
    /// ## Destroy
    ///
    /// The inline policy and the role are deleted. If anything else has been added to the role (inline policies,
    /// attached managed policies, instance profiles), nothing is changed and the error lists it, unless
    /// `force_detach_policies` is `true`. A role that was re-created under the same name outside of Terraform is left
    /// alone, whoever created it: it has another `unique_id`. A plan treats the role of the state as deleted then.
    ///
    /// ## Required Permissions
    ///
    /// - Create, read and destroy: `iam:GetRole`, `iam:CreateRole`, `iam:TagRole`, `iam:GetRolePolicy`,
    ///   `iam:PutRolePolicy`, `iam:DeleteRolePolicy`, `iam:ListRolePolicies`, `iam:ListAttachedRolePolicies`,
    ///   `iam:ListInstanceProfilesForRole` and `iam:DeleteRole`.
    /// - In-place updates: also `iam:UpdateRole`, `iam:UpdateAssumeRolePolicy`, `iam:UntagRole`,
    ///   `iam:PutRolePermissionsBoundary` and `iam:DeleteRolePermissionsBoundary`.
    /// - `force_detach_policies`: also `iam:DetachRolePolicy` and `iam:RemoveRoleFromInstanceProfile`.
    /// - `trusted_principals` with users: also `iam:GetUser`, to find out whether a user that IAM does not accept yet
    ///   is new.
    /// - `source_account_condition`, or a `connect` block without `account_id`: also `sts:GetCallerIdentity`.
    /// - Optional: `iam:GetAccountAuthorizationDetails` and `iam:ListRoles`, with which a refresh reads many roles in two
    ///   requests.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// A `moved` block adopts an `aws_iam_role` if this resource can express its trust policy (Terraform 1.8 or later).
    /// Nothing is re-created: the first plan shows the differences between the role and the configuration. An inline
    /// policy that `aws_iam_role_policy` managed is removed from the state, and `policy_name` is set to its name:
    ///
    /// ```terraform
    /// moved {
    ///   from = aws_iam_role.clickpipes
    ///   to   = rdsauth_iam_db_access_role.clickpipes
    /// }
    ///
    /// removed {
    ///   from = aws_iam_role_policy.clickpipes
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    /// ```
    ///
    /// If the role is in another state, import it by its name instead.
    pub struct IamDbAccessRole {
        /// Name of the role.
        name: String = required().replace().identity().check(checks::iam_name()),
        /// Path of the role, see [IAM
        /// identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names).
        path: String = optional().or("/").replace().check(checks::iam_path()),
        /// Description of the role.
        description: Option<String> = optional().check(checks::iam_description()),
        /// Kind of principal that the role is for. `clickpipes`: the `trusted_principals` may also tag their sessions,
        /// as [ClickPipes](https://clickhouse.com/docs/integrations/clickpipes/security/aws-iam-role) needs. `dms`:
        /// AWS DMS is trusted, as `dms.amazonaws.com` and as the service principal of each region in the `connect`
        /// blocks. `rds_proxy`: RDS Proxy is trusted, as `rds.amazonaws.com`. With `dms` and `rds_proxy`,
        /// `trusted_services` adds further services.
        preset: Option<String> = optional().check(check::one_of(&[CLICKPIPES, DMS, RDS_PROXY])),
        /// ARNs of IAM roles and users that may assume the role, or IDs of accounts that may let their principals
        /// assume it. For ClickPipes, the `Service role ID (IAM)` of the ClickHouse service.
        trusted_principals: Option<Set<PrincipalName>> = optional().each(checks::principal()),
        /// Service principals that may assume the role, such as `ec2.amazonaws.com`.
        trusted_services: Option<Set<String>> = optional().each(checks::service_principal()),
        /// STS actions that the trust policy allows. Defaults to `sts:AssumeRole`, and with the preset `clickpipes`
        /// also to `sts:TagSession`.
        trust_actions: Option<Set<String>> =
            optional().check(check::size(1..=usize::MAX)).each(checks::trust_action()),
        /// Value that the trusted principals must pass as [external
        /// ID](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_common-scenarios_third-party.html) when they
        /// assume the role. It does not apply to services.
        external_id: Option<String> = optional().check(external_id()),
        /// Whether trusted services may assume the role only on behalf of the account of the provider's credentials
        /// (condition `aws:SourceAccount`), which prevents the [confused deputy
        /// problem](https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html). AWS DMS [supports
        /// this](https://docs.aws.amazon.com/dms/latest/userguide/cross-service-confused-deputy-prevention.html) from
        /// engine version 3.4.7.
        source_account_condition: bool = optional().or(false),
        /// Permission to connect to a DB instance, DB cluster or RDS Proxy as certain database users.
        connect: Vec<Connect> = block().min(1),
        /// Whether to allow `*` as a resource ID, and `*` and `?` in the names of database users.
        allow_wildcards: bool = optional().or(false),
        /// Name of the inline policy. Another name is an in-place update: the policy is written under the new name
        /// before the old one is deleted.
        policy_name: String = optional().or(POLICY_NAME).check(checks::long_iam_name()),
        /// ARN of the managed policy that is the [permissions
        /// boundary](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html) of the role.
        permissions_boundary: Option<String> = optional().check(checks::policy_arn()),
        /// Maximum duration of a session of the role, in seconds. With [role
        /// chaining](https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining), sessions
        /// last at most one hour.
        max_session_duration: i64 = optional().or(3600).check(check::between(3600..=43200)),
        /// Whether destroy also removes inline policies, attached managed policies and instance profiles that are not
        /// managed by this resource. Like every argument that destroy uses, it must be applied before the destroy.
        force_detach_policies: bool = optional().or(false),
        /// Tags of the role. Tags with the same key in the provider's `default_tags` are overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// Name of the role.
        id: Computed<String> = computed().follows(|of| of.get(Self::name)),
        /// All tags of the role, including the provider's `default_tags`.
        tags_all: Computed<Map<String>> = computed(),
        /// ARN of the role.
        arn: Computed<String> = computed().keep(),
        /// Stable [unique
        /// ID](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids) of
        /// the role (`AROA…`). A role that is deleted and re-created under the same name has another one.
        unique_id: Computed<String> = computed().keep(),
        /// Trust policy of the role, as JSON, as it is in IAM.
        assume_role_policy: Computed<PolicyJson> = computed(),
        /// Inline policy of the role, as JSON, as it is in IAM.
        policy_json: Computed<PolicyJson> = computed(),
    }
    timeouts { create: "5m", read: "2m", update: "5m", delete: "5m" }
}

const POLICY_NAME: &str = "rds-db-connect";

const CLICKPIPES: &str = "clickpipes";
const DMS: &str = "dms";
const RDS_PROXY: &str = "rds_proxy";

/// Roles of DMS trust it by this name or by that of a region, depending on their use.
const DMS_SERVICE: &str = "dms.amazonaws.com";

const RDS_SERVICE: &str = "rds.amazonaws.com";

impl Resource<World> for IamDbAccessRole {
    const TYPE: &'static str = "iam_db_access_role";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn create(cx: &Ctx, plan: Self) -> Result<Self> {
        let spec = plan.wanted(cx).await?;
        plan.create_role(cx, &spec).await
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let Some(found) = state.find(cx, POLICY_NAME).await? else { return Ok(None) };
        if cx.is_import() {
            state.describe(cx, &found.role.trust, &found.policy).await?;
        }
        state.refresh(cx, found);
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, plan: Self, state: Self) -> Result<Self> {
        let spec = plan.wanted(cx).await?;
        role::update(cx, &spec, &state.known(), state.stated()?).await?;
        Ok(Self { arn: state.arn, unique_id: state.unique_id, ..plan.with_documents(&spec) })
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let subject = ownership::subject(&state)?;
        role::delete(cx, &subject, &state.name, state.stated()?, state.force_detach_policies).await
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut found = trusted(config);
        if config.get(Self::allow_wildcards) == Val::Known(false) {
            let blocks = config.blocks(Self::connect).into_iter().flatten();
            found.extend(blocks.flat_map(|connect| logins::patterns(&connect)));
        }
        found
    }

    /// Documents and tags are known before they are written, unless the account or the region is not.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::warn_if_exists(cx, plan).await;
        let Some(planned) = plan.planned() else { return Ok(()) };
        if !cx.is_known() {
            return Ok(());
        }
        let wanted = planned.decode();
        match plan.get(Self::tags) {
            Val::Unknown => {}
            tags => plan.set(Self::tags_all, all_tags(cx, tags.known().as_ref())?),
        }
        let needs_id = wanted.as_ref().is_some_and(Self::needs_account);
        if let (true, Some(wanted)) = (world::may_plan(cx, needs_id).await?, wanted) {
            let spec = wanted.wanted(cx).await?;
            plan.set(Self::assume_role_policy, PolicyJson::from(spec.trust));
            plan.set(Self::policy_json, PolicyJson::from(spec.policy));
        }
        Ok(())
    }

    /// From `aws_iam_role`, if its trust policy can be described here.
    fn moved(source: &Source) -> Option<Result<Partial<Self>>> {
        let refused = "The trust policy of the role contains statements that this resource cannot manage. It can \
                       manage only accounts, roles, users and services as principals, an external ID and a source \
                       account condition. Change the trust policy first, or keep the role in \"aws_iam_role\".";
        let is_known = |policy: &str| policy.parse().ok().as_ref().and_then(Trust::of).is_some();
        let name = role::moved(source, is_known, refused)?;
        Some(name.map(|name| Partial::default().with(Self::name, name)))
    }
}

role::role_resource!(IamDbAccessRole, trust: trusted_principals, tags: &[]);

impl IamDbAccessRole {
    /// The role to be.
    async fn wanted(&self, cx: &Ctx) -> Result<Spec> {
        let wildcards = if self.allow_wildcards { Wildcards::Allowed } else { Wildcards::Refused };
        let at = Self::connect.path();
        let users = logins::users(cx, &self.connect, wildcards, &at).await?;
        let policy = connect::document(&users, &[]).to_string();
        let owner = Principal::Role(self.name.clone());
        logins::check_size(&policy, owner.inline_quota(), &owner.to_string(), &self.connect, &at)?;
        let trust = self.trust(cx).await?.document().to_string();
        Ok(self.spec(trust, all_tags(cx, self.tags.as_ref())?, policy))
    }

    fn needs_account(&self) -> bool {
        self.source_account_condition || self.connect.iter().any(|connect| connect.account_id.is_none())
    }

    async fn trust(&self, cx: &Ctx) -> Result<Trust> {
        let mut services: BTreeSet<String> = self.trusted_services.iter().flat_map(|set| set.iter().cloned()).collect();
        match self.preset.as_deref() {
            Some(DMS) => {
                services.insert(DMS_SERVICE.to_owned());
                for (index, connect) in self.connect.iter().enumerate() {
                    let region = connect.its_region(cx, &Self::connect.path().index(index)).await?;
                    services.insert(dms_in(&region));
                }
            }
            Some(RDS_PROXY) => drop(services.insert(RDS_SERVICE.to_owned())),
            _ => {}
        }
        let actions = match (&self.trust_actions, self.preset.as_deref()) {
            (Some(actions), _) => actions.to_vec(),
            (None, Some(CLICKPIPES)) => vec![ASSUME.to_owned(), TAG.to_owned()],
            (None, _) => vec![ASSUME.to_owned()],
        };
        let principals = self.trusted_principals.iter().flat_map(|set| set.iter());
        let source_account = if self.source_account_condition { Some(own_account(cx).await?) } else { None };
        Ok(Trust {
            principals: principals.map(|name| name.0.clone()).collect(),
            services: services.into_iter().collect(),
            actions,
            external_id: self.external_id.clone(),
            source_account,
        })
    }

    /// Fills the configuration from documents that this resource could have written, as an import has no other source.
    async fn describe(&mut self, cx: &Ctx, trust: &str, policy: &str) -> Result<()> {
        if let Ok((users, conditions)) = logins::connect_statement(policy)
            && conditions.is_empty()
        {
            self.allow_wildcards = users.iter().any(DbUserArn::is_pattern);
            self.connect = logins::of_users(cx, &users).await?;
        }
        let Some(trust) = trust.parse().ok().as_ref().and_then(Trust::of) else { return Ok(()) };
        let set = |texts: &[String]| (!texts.is_empty()).then(|| texts.iter().cloned().collect::<Set<String>>());
        let tags_sessions =
            trust.actions.len() == 2 && [ASSUME, TAG].iter().all(|one| trust.actions.iter().any(|a| a == one));
        let only_assumes = trust.actions == [ASSUME];
        let is_dms = |service: &String| service.starts_with("dms.") && service.ends_with(".amazonaws.com");
        let services = &trust.services;
        let principals = trust.principals.iter().map(|name| account_or_arn(name).into());
        self.trusted_principals = Some(principals.collect::<Set<_>>()).filter(|names| !names.is_empty());
        let preset;
        (preset, self.trusted_services, self.trust_actions) = match &trust.principals[..] {
            [] if only_assumes && services.len() > 1 && services.iter().all(is_dms) => (Some(DMS), None, None),
            [] if only_assumes && *services == [RDS_SERVICE] => (Some(RDS_PROXY), None, None),
            [_, ..] if tags_sessions && services.is_empty() => (Some(CLICKPIPES), None, None),
            _ => (None, set(services), if only_assumes { None } else { set(&trust.actions) }),
        };
        self.preset = preset.map(str::to_owned);
        self.external_id = trust.external_id;
        self.source_account_condition = trust.source_account.is_some();
        Ok(())
    }
}

/// IAM shows an account as the ARN of its root.
fn account_or_arn(principal: &str) -> String {
    match principal.parse::<Arn>() {
        Ok(arn) if arn.service == "iam" && arn.resource == "root" => arn.account,
        _ => principal.to_owned(),
    }
}

/// DMS's name in a region; it has the same suffix in all partitions. The host of its API ends in `.amazonaws.com.cn` in
/// China, but IAM knows services by other names there as well, and refuses a policy with a name that it does not know.
fn dms_in(region: &str) -> String {
    format!("dms.{region}.amazonaws.com")
}

fn external_id() -> check::Check {
    let sentence = "must be 2 to 1224 letters, digits or characters of `_+=,.@:/-`";
    check::Check::text(sentence, |text| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
        (2..=1224).contains(&text.chars().count()) && text.chars().all(fits)
    })
}

fn all_tags(cx: &Ctx, own: Option<&Given>) -> Result<Map<String>> {
    role::tags_all(cx, own, &[]).map_err(|error| error.at(IamDbAccessRole::tags))
}

async fn own_account(cx: &Ctx) -> Result<String> {
    let at = IamDbAccessRole::source_account_condition;
    let asked = cx.aws()?.account_id().await.map_err(|error| Diagnostic::from(error).at(at))?;
    asked.ok_or_else(|| {
        let detail = "\"source_account_condition\" needs the account ID of the provider's credentials, which the \
                      provider does not request because \"skip_requesting_account_id\" is true. Set one of them to \
                      false.";
        Diagnostic::error("Missing account ID", detail).at(at)
    })
}

/// Whether a set is known to be null or empty.
fn is_none<T: Field>(config: &View<'_, IamDbAccessRole>, set: Handle<IamDbAccessRole, Option<Set<T>>>) -> bool {
    match config.get(set) {
        Val::Null => true,
        Val::Known(set) => set.is_empty(),
        Val::Unknown => false,
    }
}

/// What is wrong with the trusted principals and services.
fn trusted(config: &View<'_, IamDbAccessRole>) -> Vec<Diagnostic> {
    type Role = IamDbAccessRole;
    let preset = match config.get(Role::preset) {
        Val::Unknown => return Vec::new(),
        preset => preset.known(),
    };
    let by_preset = matches!(preset.as_deref(), Some(DMS | RDS_PROXY));
    let no_principals = is_none(config, Role::trusted_principals);
    let no_services = is_none(config, Role::trusted_services) && !by_preset;
    let actions = config.get(Role::trust_actions).known().filter(|actions| !actions.is_empty());
    // A text that is no such action at all is reported elsewhere.
    let is_action = |action: &str| checks::trust_action().complaint("", &Value::from(action)).is_none();
    let is_no_assuming = |action: &String| action != ASSUME && is_action(action);
    let complaints = [
        (
            no_principals && preset.as_deref() == Some(CLICKPIPES),
            "No trusted principal",
            "The preset for ClickPipes needs \"trusted_principals\" with the \"Service role ID (IAM)\" of the \
             ClickHouse service.",
            Role::trusted_principals.path(),
        ),
        (
            no_principals && no_services && preset.is_none(),
            "Missing trusted principal",
            "Set at least one of \"trusted_principals\", \"trusted_services\" and \"preset\" to say who can assume \
             the role.",
            Role::trusted_principals.path(),
        ),
        (
            actions.is_some_and(|actions| actions.iter().all(is_no_assuming)),
            "Missing sts:AssumeRole",
            "The role cannot be assumed without \"sts:AssumeRole\". Add it to \"trust_actions\", or remove \
             \"trust_actions\".",
            Role::trust_actions.path(),
        ),
        (
            no_principals && config.is_set(Role::external_id),
            "external_id without trusted_principals",
            "\"external_id\" applies to \"trusted_principals\" only, which is not set. Set it, or remove \
             \"external_id\".",
            Role::external_id.path(),
        ),
        (
            no_services && config.get(Role::source_account_condition) == Val::Known(true),
            "source_account_condition without services",
            "\"source_account_condition\" applies to services only, and the role trusts none. Set \
             \"trusted_services\", or remove \"source_account_condition\".",
            Role::source_account_condition.path(),
        ),
    ];
    let wrong = complaints.into_iter().filter(|(holds, ..)| *holds);
    wrong.map(|(_, summary, detail, at)| Diagnostic::error(summary, detail).at(at)).collect()
}
