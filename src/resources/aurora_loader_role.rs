//! `rdsauth_aurora_loader_role`: the role with which Aurora PostgreSQL Limitless Database loads data.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{
    Computed, Handle, Map, Partial, Plan, Resource, Set, Source, Val, View, check, computed, optional, required,
};
use tf_provider::value::Path;

use crate::arn::Arn;
use crate::attributes::checks;
use crate::attributes::policy_json::{PolicyJson, same};
use crate::attributes::tags::{self, Given};
use crate::aws::iam::{Principal, size_of};
use crate::ownership;
use crate::parts::iam::role::{self, Spec};
use crate::policy::loader::{self, Loaded};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Manages the IAM role that the data loading utility of Aurora PostgreSQL Limitless Database assumes. Use it
    /// instead of `aws_iam_role` and `aws_iam_role_policy`: the trust policy, the permissions and the tag that AWS
    /// prescribes follow from the ARNs of two secrets and a key, and changes to them are detected and corrected.
    ///
    /// The role is the one that AWS describes in [Setting up database authentication and resource access
    /// manually](https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/limitless-load.manual.html): it trusts
    /// `rds.amazonaws.com`, carries the tag `assumer` with the value `aurora_limitless_table_data_load`, and has one
    /// inline policy. Pass its ARN to `rds_aurora.limitless_data_load_start`.
    ///
    /// ~> **Note:** The key policy of each key must let the role use the key. A key policy that delegates to IAM, such
    /// as the default one, does; otherwise add a statement with `rdsauth_kms_key_user`.
    ///
    /// ~> **Note:** A role of the same name that already exists is not changed: the error names the command that
    /// imports it. A role that an interrupted apply has created is recognized by its tag `rdsauth:creation-id` and
    /// completed by the next apply in the same working directory.
    ///
    /// -> The database users in the secrets log in with passwords, so they must not be members of `rds_iam`.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the trust policy (`assume_role_policy`), the inline policy
    /// (`policy_json`), the tags (`tags_all`), `description`, `permissions_boundary` and `max_session_duration`, and
    /// the next apply corrects them. A role that was deleted is created again. If the trust policy or the inline policy
    /// changes between plan and apply, the apply ends with an error instead of overwriting the change.
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
    /// - Plan and apply: `sts:GetCallerIdentity`, to check that the secrets are in the account of the credentials.
    /// - Optional: `iam:GetAccountAuthorizationDetails` and `iam:ListRoles`, with which a refresh reads many roles in two
    ///   requests.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// A `moved` block adopts an `aws_iam_role` if its trust policy lets `rds.amazonaws.com` assume it and nothing else
    /// (Terraform 1.8 or later). Nothing is re-created: the first plan shows the differences between the role and the
    /// configuration. An inline policy that `aws_iam_role_policy` managed is removed from the state, and `policy_name`
    /// is set to its name:
    ///
    /// ```terraform
    /// moved {
    ///   from = aws_iam_role.limitless
    ///   to   = rdsauth_aurora_loader_role.limitless
    /// }
    ///
    /// removed {
    ///   from = aws_iam_role_policy.limitless
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    /// ```
    ///
    /// If the role is in another state, import it by its name instead.
    pub struct AuroraLoaderRole {
        /// Name of the role.
        name: String = required().replace().identity().check(checks::iam_name()),
        /// Path of the role, see [IAM
        /// identifiers](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-friendly-names).
        path: String = optional().or("/").replace().check(checks::iam_path()),
        /// Description of the role.
        description: Option<String> = optional().check(checks::iam_description()),
        /// ARN of the Secrets Manager secret with the user name and the password for the source database. Secrets and
        /// keys must be in the account and the region of the DB cluster that data is loaded into.
        source_secret_arn: String = required().check(checks::secret_arn()),
        /// ARN of the Secrets Manager secret with the user name and the password for the destination database.
        destination_secret_arn: String = required().check(checks::secret_arn()),
        /// ARN of the customer managed KMS key that encrypts the secrets.
        kms_key_arn: String = required().check(checks::key_arn()),
        /// ARNs of further KMS keys, if the secrets are encrypted with different keys.
        additional_kms_key_arns: Option<Set<String>> = optional().each(checks::key_arn()),
        /// Name of the inline policy. Another name is an in-place update: the policy is written under the new name
        /// before the old one is deleted.
        policy_name: String = optional().or(POLICY_NAME).check(checks::long_iam_name()),
        /// ARN of the managed policy that is the [permissions
        /// boundary](https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html) of the role.
        permissions_boundary: Option<String> = optional().check(checks::policy_arn()),
        /// Maximum duration of a session of the role, in seconds.
        max_session_duration: i64 = optional().or(3600).check(check::between(3600..=43200)),
        /// Whether destroy also removes inline policies, attached managed policies and instance profiles that are not
        /// managed by this resource. Like every argument that destroy uses, it must be applied before the destroy.
        force_detach_policies: bool = optional().or(false),
        /// Tags of the role. The tag `assumer` is added automatically. Tags with the same key in the provider's
        /// `default_tags` are overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// Name of the role.
        id: Computed<String> = computed().follows(|of| of.get(Self::name)),
        /// All tags of the role, including `assumer` and the provider's `default_tags`.
        tags_all: Computed<Map<String>> = computed(),
        /// ARN of the role.
        arn: Computed<String> = computed().keep(),
        /// Stable [unique
        /// ID](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids) of
        /// the role (`AROA…`). A role that is deleted and re-created under the same name has another one.
        unique_id: Computed<String> = computed().keep(),
        /// Trust policy of the role, as JSON, as it is in IAM.
        assume_role_policy: Computed<PolicyJson> = computed().derived(|_| Val::Known(trust())),
        /// Inline policy of the role, as JSON, as it is in IAM.
        policy_json: Computed<PolicyJson> = computed().derived(policy_json),
    }
    timeouts { create: "5m", read: "2m", update: "5m", delete: "5m" }
}

/// The name of the policy in AWS's script.
const POLICY_NAME: &str = "aurora-limitless-data-load-policy";

/// Without this tag the service does not assume the role.
const ASSUMER: (&str, &str) = ("assumer", "aurora_limitless_table_data_load");

const FORCED: &[(&str, &str)] = &[ASSUMER];

impl Resource<World> for AuroraLoaderRole {
    const TYPE: &'static str = "aurora_loader_role";
    const SUBCATEGORY: &'static str = "Aurora Limitless Database";

    async fn create(cx: &Ctx, plan: Self) -> Result<Self> {
        let spec = plan.wanted(cx)?;
        plan.create_role(cx, &spec).await
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let Some(found) = state.find(cx, POLICY_NAME).await? else { return Ok(None) };
        if cx.is_import() {
            state.describe(&found.policy);
        }
        state.refresh(cx, found);
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, plan: Self, state: Self) -> Result<Self> {
        let spec = plan.wanted(cx)?;
        role::update(cx, &spec, &state.known(), state.stated()?).await?;
        Ok(Self { arn: state.arn, unique_id: state.unique_id, ..plan.with_documents(&spec) })
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let subject = ownership::subject(&state)?;
        role::delete(cx, &subject, &state.name, state.stated()?, state.force_detach_policies).await
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut found: Vec<_> = one_account(config).into_iter().chain(too_long(config)).collect();
        let tags = config.get(Self::tags).known().unwrap_or_default();
        found.extend(other_assumer(&tags));
        found
    }

    /// The tags are known before they are written, and so is whether the secrets are within the role's reach.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::warn_if_exists(cx, plan).await;
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
        let refused = "The trust policy of the role must allow only Aurora Limitless Database to assume it, with the statements \
             that the function loader_trust_policy_json returns. Change the trust policy first, or import the role.";
        let name = role::moved(source, |policy| same(policy, &trust().0), refused)?;
        Some(name.map(|name| Partial::default().with(Self::name, name)))
    }
}

role::role_resource!(AuroraLoaderRole, trust: name, tags: FORCED);

impl AuroraLoaderRole {
    /// The role to be.
    fn wanted(&self, cx: &Ctx) -> Result<Spec> {
        let policy = self.loaded().document().to_string();
        let tags = all_tags(cx, self.tags.as_ref())?;
        Ok(self.spec(trust().0, tags, policy))
    }

    fn loaded(&self) -> Loaded {
        let more = self.additional_kms_key_arns.iter().flat_map(|more| more.iter().cloned());
        Loaded {
            secrets: [self.source_secret_arn.clone(), self.destination_secret_arn.clone()],
            keys: std::iter::once(self.kms_key_arn.clone()).chain(more).collect(),
        }
    }

    /// Fills the configuration from a policy of the prescribed form, as an import has no other source.
    fn describe(&mut self, policy: &str) {
        let Some(Loaded { secrets, keys }) = policy.parse().ok().as_ref().and_then(Loaded::of) else { return };
        [self.source_secret_arn, self.destination_secret_arn] = secrets;
        let (first, more) = keys.split_first().map_or((String::new(), &[][..]), |(first, more)| (first.clone(), more));
        self.kms_key_arn = first;
        self.additional_kms_key_arns = (!more.is_empty()).then(|| more.iter().cloned().collect());
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

/// An `assumer` tag with another key or value, which the service would not find.
fn other_assumer(tags: &Given) -> Option<Diagnostic> {
    let (key, value) = ASSUMER;
    let is_another = |tag: &str, found: &str| tag.eq_ignore_ascii_case(key) && (tag != key || found != value);
    let (found, _) = tags.iter().find(|(tag, found)| found.as_ref().is_some_and(|found| is_another(tag, found)))?;
    let detail = format!(
        "Aurora assumes only roles with the tag \"{key}\" = \"{value}\", and IAM compares tag keys \
         case-insensitively. Remove the tag \"{found}\": this resource adds the required one."
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
            "\"{arn}\" is in {what} \"{other}\", and \"{first}\" in {what} \"{one}\". The source database, the \
             secrets and the KMS keys must be in the account and region of the database that the data is loaded into."
        );
        Some(Diagnostic::error("Different accounts or regions", detail).at(at.clone()))
    })
}

fn too_long(config: &View<'_, AuroraLoaderRole>) -> Option<Diagnostic> {
    let (size, quota) = (size_of(&policy_json(config).known()?.0), Principal::Role(String::new()).inline_quota());
    let detail = format!(
        "The inline policy would have {size} characters, and IAM allows {quota} for all inline policies of a \
         role. Use fewer secrets or keys."
    );
    let at = AuroraLoaderRole::additional_kms_key_arns;
    (size > quota).then(|| Diagnostic::error("Policy is too long", detail).at(at))
}

/// The role is created in the account of the credentials, which must be that of its secrets.
async fn of_this_account(cx: &Ctx, secret: &Arn) -> Result<()> {
    let clients = cx.aws()?;
    let partition = clients.partition().await?;
    let account = clients.account_id().await?.unwrap_or_else(|| secret.account.clone());
    if (partition, &account) == (secret.partition, &secret.account) {
        return Ok(());
    }
    let detail = format!(
        "The secret \"{secret}\" belongs to account {} in partition \"{}\", and the role would be created in account \
         {account} in partition \"{partition}\". Both must be in the same account: use a provider with credentials \
         of the secret's account.",
        secret.account, secret.partition
    );
    Err(Diagnostic::error("Secret of another account", detail).at(AuroraLoaderRole::source_secret_arn))
}
