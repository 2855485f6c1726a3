//! `rdsauth_aurora_loader_role`: the role with which Aurora PostgreSQL Limitless Database loads data.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{
    Computed, Handle, Map, Partial, Plan, Resource, Set, Source, Val, View, check, computed, optional, required,
};
use tf_provider::value::Path;

use crate::arn::Arn;
use crate::attributes::checks;
use crate::attributes::policy_json::{PolicyJson, same};
use crate::attributes::tags::{self, Given};
use crate::aws::iam::{Principal, size_of};
use crate::ownership::{self, Owned};
use crate::parts::iam::role::{self, Known, Part, Spec};
use crate::policy::loader::{self, Loaded};
use crate::records::claims::{Maker, Subject};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// The role with which the data loading utility of Aurora PostgreSQL Limitless Database reads the secrets of both
    /// databases, decrypts them, and reaches the databases.
    ///
    /// The resource owns the role with the trust policy, the tag `assumer` and the inline policy that AWS prescribes. What others change about them shows as a change of `assume_role_policy`, `tags_all` or
    /// `policy_json`. Where the policy of the key does not leave access to IAM, it must let the role use
    /// the key as well.
    ///
    /// Other inline policies, managed policies and instance profiles on the role are not managed here and are no drift, as
    /// with `resource "aws_iam_role"` of `hashicorp/aws`: other resources may own them, such as
    /// `rdsauth_iam_db_user_policy`. To remove those that nobody lists, use `resource "aws_iam_role_policies_exclusive"`.
    /// They are never removed without being asked for: as long as there are any, a destroy changes nothing and its error
    /// lists them, unless `force_detach_policies` is true.
    ///
    /// A role of the same name that already exists is not changed, and the error names the import command. The tag
    /// `rdsauth:creation-id` says which create has made the role: one that an interrupted apply has created is completed
    /// by the next apply in the same directory.
    ///
    /// ## Required Permissions
    ///
    /// `iam:GetRole`, `iam:CreateRole`, `iam:TagRole`, `iam:GetRolePolicy`, `iam:PutRolePolicy`,
    /// `iam:DeleteRolePolicy`, `iam:ListRolePolicies`, `iam:ListAttachedRolePolicies`,
    /// `iam:ListInstanceProfilesForRole` and `iam:DeleteRole`; for changes `iam:UpdateRole`,
    /// `iam:UpdateAssumeRolePolicy`, `iam:UntagRole`, `iam:PutRolePermissionsBoundary` and
    /// `iam:DeleteRolePermissionsBoundary`; for `force_detach_policies` also `iam:DetachRolePolicy` and
    /// `iam:RemoveRoleFromInstanceProfile`. Also `sts:GetCallerIdentity`.
    pub struct AuroraLoaderRole {
        /// Name of the role.
        name: String = required().replace().identity().check(checks::iam_name()),
        /// Path of the role.
        path: String = optional().or("/").replace().check(checks::iam_path()),
        /// Description of the role.
        description: Option<String> = optional().check(checks::iam_description()),
        /// ARN of the secret with the user name and password for the source database.
        source_secret_arn: String = required().check(checks::secret_arn()),
        /// ARN of the secret with the user name and password for the destination database.
        destination_secret_arn: String = required().check(checks::secret_arn()),
        /// ARN of the KMS key that encrypts the secrets.
        kms_key_arn: String = required().check(checks::key_arn()),
        /// ARNs of more keys, if the secrets have one each.
        additional_kms_key_arns: Option<Set<String>> = optional().each(checks::key_arn()),
        /// Name of the inline policy.
        policy_name: String = optional().or(POLICY_NAME).check(checks::long_iam_name()),
        /// ARN of the managed policy that bounds the role's permissions.
        permissions_boundary: Option<String> = optional().check(checks::policy_arn()),
        /// How many seconds a session of the role may last.
        max_session_duration: i64 = optional().or(3600).check(check::between(3600..=43200)),
        /// Whether a destroy removes what others have added to the role: policies and instance profiles.
        force_detach_policies: bool = optional().or(false),
        /// Tags of the role. The tag `assumer` is added by itself and need not be among them.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// All tags of the role, with `assumer` and the provider's default ones.
        tags_all: Computed<Map<String>> = computed(),
        /// ARN of the role.
        arn: Computed<String> = computed().keep(),
        /// ID of the role that no other role ever has: `AROA…`.
        unique_id: Computed<String> = computed().keep(),
        /// The trust policy, as it is in IAM.
        assume_role_policy: Computed<PolicyJson> = computed().derived(|_| Val::Known(trust())),
        /// The inline policy, as it is in IAM.
        policy_json: Computed<PolicyJson> = computed().derived(policy_json),
    }
    timeouts { create: "5m", read: "2m", update: "5m", delete: "5m" }
}

/// The name that AWS's own script gives the policy.
const POLICY_NAME: &str = "aurora-limitless-data-load-policy";

/// Without this tag the service does not assume the role.
const ASSUMER: (&str, &str) = ("assumer", "aurora_limitless_table_data_load");

const FORCED: &[(&str, &str)] = &[ASSUMER];

impl Resource<World> for AuroraLoaderRole {
    const TYPE: &'static str = "aurora_loader_role";
    const SUBCATEGORY: &'static str = "Aurora Limitless Database";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let spec = plan.wanted(cx)?;
        plan.tags_all = spec.tags.clone().into();
        plan.assume_role_policy = trust().into();
        plan.policy_json = PolicyJson::from(spec.policy.clone()).into();
        let claim = ownership::begin(cx, &plan).await?;
        let role = role::create(cx, claim, &spec, |role| {
            cx.save(&Self { arn: role.arn.clone().into(), unique_id: role.id.clone().into(), ..plan.clone() });
        });
        let role = role.await?;
        Ok(Self { arn: role.arn.into(), unique_id: role.id.into(), ..plan })
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::read(cx, &state);
        let adopted = cx.is_import();
        let policy_name = (!adopted).then_some(state.policy_name.as_str());
        let Some(Known { role, policy_name, policy }) = role::read(cx, &state.name, policy_name, POLICY_NAME).await?
        else {
            return Ok(None);
        };
        if adopted {
            state.describe(&policy);
        }
        state.policy_name = policy_name;
        state.policy_json = PolicyJson::from(policy).into();
        state.assume_role_policy = PolicyJson::from(role.trust).into();
        state.path = role.path;
        state.description = role.description;
        state.permissions_boundary = role.boundary;
        state.max_session_duration = role.max_session_duration;
        let seen = cx.tags().seen(&role.tags, state.tags.as_ref(), FORCED);
        state.tags = cx.tags().own(&seen, state.tags.as_ref(), FORCED);
        state.tags_all = seen.into();
        state.arn = role.arn.into();
        state.unique_id = role.id.into();
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let (spec, before) = (plan.wanted(cx)?, state.known());
        role::update(cx, &spec, &before).await?;
        plan.tags_all = spec.tags.into();
        plan.assume_role_policy = trust().into();
        plan.policy_json = PolicyJson::from(spec.policy).into();
        Ok(Self { arn: state.arn, unique_id: state.unique_id, ..plan })
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let subject = ownership::subject(&state)?;
        role::delete(cx, &subject, &state.name, &state.policy_name, state.force_detach_policies).await
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut found: Vec<_> = one_account(config).into_iter().chain(too_long(config)).collect();
        let tags = config.get(Self::tags).known().unwrap_or_default();
        found.extend(other_assumer(&tags));
        found
    }

    /// The tags are known before they are written, and so is whether the secrets are within the role's reach.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::plan(cx, plan).await;
        let Some(planned) = plan.planned() else { return Ok(()) };
        if !cx.is_known() {
            return Ok(());
        }
        let secret = planned.get(Self::source_secret_arn).known().and_then(|text| text.parse::<Arn>().ok());
        let is_new = plan.is_create() || plan.changed(Self::source_secret_arn);
        if world::may_plan(cx, is_new && secret.is_some()).await?
            && let (true, Some(secret)) = (is_new, secret)
        {
            of_this_account(cx, &secret).await?;
        }
        match plan.get(Self::tags) {
            Val::Unknown => {}
            tags => plan.set(Self::tags_all, all_tags(cx, tags.known().as_ref())?),
        }
        Ok(())
    }

    /// From `aws_iam_role`, if the service may assume it.
    fn moved(source: &Source) -> Option<Result<Partial<Self>>> {
        let from_aws = source.provider.ends_with("/hashicorp/aws") && source.type_name == "aws_iam_role";
        from_aws.then(|| {
            let text = |name: &str| source.state.get(name).and_then(|value| value.as_str()).unwrap_or_default();
            let refused =
                "Its trust policy does not let Aurora alone assume it, so this is no role of the data loader.";
            let is_loader = same(text("assume_role_policy"), &trust().0);
            let checked = if is_loader { Ok(()) } else { Err(Diagnostic::error("", refused)) };
            checked.context("Cannot take over the role", text("name"))?;
            Ok(Partial::default().with(Self::name, text("name").to_owned()))
        })
    }
}

impl Owned for AuroraLoaderRole {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        Some(role::subject(Self::TYPE, &of.get(Self::name).known()?, Self::name.path()))
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Maker>> {
        let Some(name) = planned.get(Self::name).known() else { return Ok(None) };
        role::existing(cx, &name).await
    }
}

impl AuroraLoaderRole {
    /// The role to be.
    fn wanted(&self, cx: &Ctx) -> Result<Spec> {
        let policy = self.loaded().document().to_string();
        let tags = all_tags(cx, self.tags.as_ref())?;
        Ok(self.spec(trust().0, tags, policy))
    }

    /// The role as the state knows it. What it lacks, an import did not find.
    fn known(&self) -> Spec {
        let text = |json: &Computed<PolicyJson>| json.get().map(|json| json.0.clone()).unwrap_or_default();
        let tags = self.tags_all.get().cloned().unwrap_or_default();
        self.spec(text(&self.assume_role_policy), tags, text(&self.policy_json))
    }

    fn spec(&self, trust: String, tags: Map<String>, policy: String) -> Spec {
        Spec {
            name: self.name.clone(),
            path: self.path.clone(),
            description: self.description.clone(),
            trust,
            max_session_duration: self.max_session_duration,
            boundary: self.permissions_boundary.clone(),
            tags,
            policy_name: self.policy_name.clone(),
            policy,
            at,
        }
    }

    fn loaded(&self) -> Loaded {
        let more = self.additional_kms_key_arns.iter().flat_map(|more| more.iter().cloned());
        Loaded {
            secrets: [self.source_secret_arn.clone(), self.destination_secret_arn.clone()],
            keys: std::iter::once(self.kms_key_arn.clone()).chain(more).collect(),
        }
    }

    /// Fills the configuration from a policy of the prescribed form, for want of anything else.
    fn describe(&mut self, policy: &str) {
        let Some(Loaded { secrets, keys }) = policy.parse().ok().as_ref().and_then(Loaded::of) else { return };
        [self.source_secret_arn, self.destination_secret_arn] = secrets;
        let (first, more) = keys.split_first().map_or((String::new(), &[][..]), |(first, more)| (first.clone(), more));
        self.kms_key_arn = first;
        self.additional_kms_key_arns = (!more.is_empty()).then(|| more.iter().cloned().collect());
    }
}

fn at(part: Part) -> Path {
    match part {
        Part::Name | Part::Trust => AuroraLoaderRole::name.path(),
        Part::Boundary => AuroraLoaderRole::permissions_boundary.path(),
        Part::Tags => AuroraLoaderRole::tags.path(),
        Part::PolicyName => AuroraLoaderRole::policy_name.path(),
    }
}

fn trust() -> PolicyJson {
    loader::trust().to_string().into()
}

/// The inline policy that a configuration leads to.
fn policy_json(role: &View<'_, AuroraLoaderRole>) -> Val<PolicyJson> {
    let arns =
        [AuroraLoaderRole::source_secret_arn, AuroraLoaderRole::destination_secret_arn, AuroraLoaderRole::kms_key_arn];
    let [Some(source), Some(destination), Some(key)] = arns.map(|arn| role.get(arn).known()) else {
        return Val::Unknown;
    };
    let more = match role.get(AuroraLoaderRole::additional_kms_key_arns) {
        Val::Null => Vec::new(),
        Val::Known(more) => more.to_vec(),
        Val::Unknown => return Val::Unknown,
    };
    let loaded = Loaded { secrets: [source, destination], keys: std::iter::once(key).chain(more).collect() };
    Val::Known(loaded.document().to_string().into())
}

fn all_tags(cx: &Ctx, own: Option<&Given>) -> Result<Map<String>> {
    let at = AuroraLoaderRole::tags;
    if let Some(error) = other_assumer(own.unwrap_or(&Given::new())) {
        return Err(error);
    }
    role::tags_all(cx, own, FORCED).map_err(|error| error.at(at))
}

/// The service looks for the one value, so no other can be meant.
fn other_assumer(tags: &Given) -> Option<Diagnostic> {
    let (key, value) = ASSUMER;
    let is_another = |tag: &str, found: &str| tag.eq_ignore_ascii_case(key) && (tag != key || found != value);
    let (found, _) = tags.iter().find(|(tag, found)| found.as_ref().is_some_and(|found| is_another(tag, found)))?;
    let detail = format!(
        "Aurora assumes only roles whose tag \"{key}\" is \"{value}\", and keys that differ in case are one key to IAM. \
         Leave the tag \"{found}\" out: the right one is added by itself."
    );
    Some(Diagnostic::error("Tag is reserved", detail).at(AuroraLoaderRole::tags.path().key(found)))
}

/// The loader works within one region of one account.
fn one_account(config: &View<'_, AuroraLoaderRole>) -> Option<Diagnostic> {
    let single: [Handle<AuroraLoaderRole, String>; 3] =
        [AuroraLoaderRole::source_secret_arn, AuroraLoaderRole::destination_secret_arn, AuroraLoaderRole::kms_key_arn];
    let single = single.into_iter().filter_map(|arn| Some((config.path(arn), config.get(arn).known()?)));
    let more = config.get(AuroraLoaderRole::additional_kms_key_arns).known();
    let at_more = config.path(AuroraLoaderRole::additional_kms_key_arns);
    let more = more.iter().flat_map(|more| more.iter()).map(|arn| (at_more.clone(), arn.clone()));
    let arns: Vec<(Path, Arn)> = single.chain(more).filter_map(|(at, text)| Some((at, text.parse().ok()?))).collect();
    let (_, first) = arns.first()?;
    arns.iter().find_map(|(at, arn)| {
        let (what, one, other) = [
            ("partition", first.partition.name(), arn.partition.name()),
            ("region", &first.region, &arn.region),
            ("account", &first.account, &arn.account),
        ]
        .into_iter()
        .find(|(_, one, other)| one != other)?;
        let detail = format!(
            "\"{arn}\" is of {what} \"{other}\", and \"{first}\" of \"{one}\". The loader reads from a database, and \
             needs secrets and keys, in the account and region of the database that it loads into."
        );
        Some(Diagnostic::error("Not all in one place", detail).at(at.clone()))
    })
}

fn too_long(config: &View<'_, AuroraLoaderRole>) -> Option<Diagnostic> {
    let (size, quota) = (size_of(&policy_json(config).known()?.0), Principal::Role(String::new()).inline_quota());
    let detail =
        format!("The policy would have {size} characters, and IAM allows {quota} for all inline policies of a role.");
    let at = AuroraLoaderRole::additional_kms_key_arns;
    (size > quota).then(|| Diagnostic::error("Policy is too long", detail).at(at))
}

/// The role is made in the account of the credentials, and must be in that of its secrets.
async fn of_this_account(cx: &Ctx, secret: &Arn) -> Result<()> {
    let clients = cx.aws()?;
    let partition = clients.partition().await?;
    let account = clients.account_id().await?.unwrap_or_else(|| secret.account.clone());
    if (partition, &account) == (secret.partition, &secret.account) {
        return Ok(());
    }
    let detail = format!(
        "\"{secret}\" belongs to account {} of partition \"{}\", and the role would be made in account {account} of \
         partition \"{partition}\". The loader needs both in one.",
        secret.account, secret.partition
    );
    Err(Diagnostic::error("Secret of another account", detail).at(AuroraLoaderRole::source_secret_arn))
}
