//! `rdsauth_kms_key_user`: lets a role, user or account use a key of KMS.
//!
//! It owns one statement of the key's policy (two for the permissions that the console gives) or one grant; it owns
//! neither the key, nor the rest of its policy, nor the principal. Statement and grant are found again by their name;
//! neither carries a mark, so what a create was about to write is in its claim.

mod diagnostics;
mod grants;
mod import;
mod statement;

use aws_lc_rs::digest::{SHA256, digest};
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{
    Computed, Failed, Partial, Plan, Resource, Set, Val, View, check, computed, optional, required,
};

use crate::arn::{self, Arn};
use crate::attributes::checks;
use crate::attributes::policy_json::{Action, PolicyJson, normal};
use crate::aws::kms::{Grant, Key, Kms};
use crate::aws::lag;
use crate::ownership::{self, Owned};
use crate::parts::kms::key_policy::{Change, Outcome, Verdict, same};
use crate::policy::key_user::{OPERATIONS, Permissions, operation};
use crate::policy::{Document, PolicyError, Statement};
use crate::records::claims::{self, Creator, Subject};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Allows an IAM role, user or account to use a KMS key, with one statement in the key policy or with one grant.
    /// Use it instead of the `policy` of `aws_kms_key` or of `aws_kms_key_policy` when several configurations share a
    /// key: the statements of others are left alone.
    ///
    /// By default the resource manages one statement, identified by its `sid`, in the [key
    /// policy](https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html). With `mode = "grant"` it
    /// manages one [grant](https://docs.aws.amazon.com/kms/latest/developerguide/grants.html) and does not touch the
    /// policy. The key and the principal must exist; they may be created in the same apply.
    ///
    /// ~> **Note:** A configuration that manages the whole key policy, such as an `aws_kms_key` with `policy`, removes
    /// the statement each time it is applied. Add `ignore_changes = [policy]` to it, or use `mode = "grant"`.
    ///
    /// ~> **Note:** A statement or grant of the same name that already exists is not changed: the error names the
    /// command that imports it.
    ///
    /// ## Concurrent Writers
    ///
    /// KMS replaces a key policy as a whole and offers no version to compare with. Statements that this provider writes
    /// into one key policy are therefore written one after the other, in one run of Terraform or in several runs of one
    /// user on one machine. They lock files in `.terraform.d/rdsauth` in the home directory of the user, so containers
    /// with separate home directories count as separate machines.
    ///
    /// A statement that another program adds is kept. If a write of another program removes this statement again, the
    /// statement is written again on top of it. KMS may return a key policy for some minutes after it was replaced; a
    /// policy that this provider replaced in the last five minutes is not built upon, and the write waits until KMS
    /// returns the new one. Only what another program writes between the read and the write of this provider, which is
    /// one round trip, is lost without notice. Grants do not have this limitation: use `mode = "grant"` where other
    /// programs write the key policy often.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the statement or to the actions of the grant as a change of
    /// `policy_json`, and the next apply restores it; a grant is replaced by a new one with another `grant_id`. A
    /// statement or grant that was removed is created again. If the principal was deleted and re-created, the statement
    /// names its former unique ID, which shows as drift too. If the statement changes between plan and apply, the apply
    /// ends with an error instead of overwriting the change.
    ///
    /// ## Destroy
    ///
    /// Only the statement or the grant is removed. If the key is scheduled for deletion, KMS no longer accepts a key
    /// policy: the statement stays in it, with a warning.
    ///
    /// ## Required Permissions
    ///
    /// - Always: `kms:DescribeKey` and `sts:GetCallerIdentity`.
    /// - `mode = "key_policy"`: `kms:GetKeyPolicy` and `kms:PutKeyPolicy`.
    /// - `mode = "grant"`: `kms:ListGrants`, `kms:CreateGrant` and `kms:RevokeGrant`.
    /// - New principals: `iam:GetRole` or `iam:GetUser`, to tell a principal that KMS does not know yet from one that
    ///   does not exist.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// Remove an `aws_kms_grant` with a `name` from the state and import the grant by its name. A grant with
    /// constraints cannot be imported:
    ///
    /// ```terraform
    /// removed {
    ///   from = aws_kms_grant.reports
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// import {
    ///   to = rdsauth_kms_key_user.reports
    ///   id = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab|reports"
    /// }
    /// ```
    ///
    /// A statement in the `policy` of an `aws_kms_key` is imported by its `Sid`, if it allows one principal some
    /// actions without a condition. Add `ignore_changes = [policy]` to the `aws_kms_key` in the same apply.
    pub struct KmsKeyUser {
        /// ARN of the customer managed KMS key; a key ID or an alias is not accepted. KMS is called in the region of
        /// the key.
        kms_key_arn: String = required().replace().identity().check(checks::key_arn()),
        /// ARN of the IAM role or user, or of an account (`arn:aws:iam::123456789012:root`), that may use the key.
        principal_arn: String = required().replace().check(checks::principal_arn()),
        /// How access is given: `key_policy` adds a statement to the key policy, `grant` creates a grant. A key policy
        /// can be changed only with credentials of the account of the key.
        mode: String = optional().or(KEY_POLICY).replace().check(check::one_of(&[KEY_POLICY, GRANT])),
        /// Actions that the principal may perform. `data_loader`: `kms:Decrypt`, `kms:DescribeKey` and
        /// `kms:GenerateDataKey`, as the data loading utility of Aurora Limitless Database needs. `console_key_user`:
        /// what the AWS console gives to [key
        /// users](https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#key-policy-default-allow-users),
        /// for which a second statement is added, whose `Sid` ends in `Grants`; a grant leaves that second statement
        /// out. `custom`: the `actions`.
        permission_set: String =
            optional().or(DATA_LOADER).check(check::one_of(&[DATA_LOADER, CONSOLE_KEY_USER, CUSTOM])),
        /// KMS actions, such as `kms:Decrypt`. Required if `permission_set` is `custom`, and not allowed otherwise. A
        /// grant accepts only actions that are [grant
        /// operations](https://docs.aws.amazon.com/kms/latest/developerguide/grants.html#terms-grant-operations), and
        /// no wildcards.
        actions: Option<Set<Action>> = optional().check(check::size(1..=usize::MAX)).each(checks::kms_action()),
        /// Statement ID (`Sid`) in the key policy, or name of the grant. Defaults to a name that is derived from the
        /// principal and the permission set.
        sid: Computed<String> = optional().replace().identity().check(checks::sid()),
        /// What to do if another statement of the key policy names a role or user that was deleted, in which case KMS
        /// accepts no new policy: `error` fails, `prune` removes such principals from those statements.
        stale_principals: String = optional().or(FAIL).check(check::one_of(&[FAIL, PRUNE])),
        /// Import ID: ARN of the key, `|` and `sid`.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Policy document, as JSON, with the statements of the principal as they are in the key policy. A grant is
        /// shown as a statement.
        policy_json: Computed<PolicyJson> = computed(),
        /// ID of the grant. Null if `mode` is `key_policy`.
        grant_id: Computed<Option<String>> = computed().keep(),
    }
    timeouts { create: "10m", read: "2m", update: "10m", delete: "10m" }
}

/// Access by a statement of the key policy.
pub const KEY_POLICY: &str = "key_policy";
/// Access by a grant.
pub const GRANT: &str = "grant";
const DATA_LOADER: &str = "data_loader";
const CONSOLE_KEY_USER: &str = "console_key_user";
const CUSTOM: &str = "custom";
const FAIL: &str = "error";
const PRUNE: &str = "prune";

impl Resource<World> for KmsKeyUser {
    const TYPE: &'static str = "kms_key_user";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let kms = plan.kms(cx).await?;
        let key = plan.key(cx, &kms).await?;
        let claim = ownership::begin(cx, &plan).await?;
        if plan.is_grant() {
            let _turn = ownership::create_lock(cx, &ownership::subject(&plan)?.key).await?;
            plan.grant_id = Some(plan.give_grant(cx, &kms, &key, &claim).await?).into();
        } else {
            if !key.is_enabled() {
                cx.warn(diagnostics::not_enabled(&key));
            }
            plan.write_statement(cx, &kms, &claim).await?;
            plan.grant_id = None.into();
        }
        claim.created(cx);
        plan.policy_json = json(plan.wanted()?);
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let kms = state.kms(cx).await?;
        if cx.is_import() {
            return state.describe(&kms).await;
        }
        let there = if state.is_grant() {
            let Some(grant) = state.grant(&kms).await? else { return Ok(None) };
            state.grant_id = Some(grant.id.clone()).into();
            statements(&grant, state.sid.get()?)
        } else {
            let Some(policy) = state.refreshed_policy(&kms).await? else { return Ok(None) };
            policy.statements_of(&state.sids()?)
        };
        state.policy_json = json(there.clone());
        Ok((!there.is_empty()).then_some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let (wanted, before) = (plan.wanted()?, state.statements()?);
        if !same(&wanted, &before) {
            let kms = plan.kms(cx).await?;
            if plan.is_grant() {
                plan.grant_id = Some(plan.replace_grant(cx, &kms).await?).into();
            } else {
                let judge = |there: &[Statement]| match there {
                    there if same(there, &wanted) => Ok(Verdict::Leave), // An update that was cut off.
                    there if there.is_empty() || same(there, &before) => Ok(Verdict::Write),
                    _ => Err(plan.changed_meanwhile()),
                };
                let mut change = plan.change(wanted.clone())?;
                change.sids.extend(state.sids()?);
                if change.apply(cx, &kms, judge).await? == Outcome::NoKey {
                    return Err(plan.no_key());
                }
            }
        }
        plan.policy_json = json(wanted);
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let kms = state.kms(cx).await?;
        if state.is_grant() {
            state.revoke(&kms, &state.grants(&kms).await?).await?;
            return deletion.done();
        }
        let judge = |there: &[Statement]| Ok(if there.is_empty() { Verdict::Leave } else { Verdict::Write });
        let change = Change { principal: None, ..state.change(Vec::new())? };
        if change.apply(cx, &kms, judge).await? == Outcome::Pending {
            cx.warn(state.statement_remains());
        }
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let custom = config.get(Self::permission_set).map(|set| set == CUSTOM);
        let grant = config.get(Self::mode) == Val::Known(GRANT.to_owned());
        let mut found = Vec::new();
        match (custom, config.is_set(Self::actions)) {
            (Val::Known(true), false) => {
                let detail = "permission_set = \"custom\" requires \"actions\", the KMS actions to allow.";
                found.push(Diagnostic::error("Missing required argument", detail).at(Self::permission_set));
            }
            (Val::Known(false), true) => {
                let detail = "\"actions\" can be set only with permission_set = \"custom\".";
                found.push(Diagnostic::error("Conflicting arguments", detail).at(Self::actions));
            }
            _ => {}
        }
        let actions = config.get(Self::actions).known().filter(|_| grant);
        if let Some(action) =
            actions.iter().flat_map(|actions| actions.iter()).find(|action| operation(&action.0).is_none())
        {
            let known = OPERATIONS.join(", kms:");
            let detail = format!(
                "\"{}\" cannot be allowed with a grant. Grants can allow kms:{known}. For other \
                 actions, set \"mode\" to \"key_policy\".",
                action.0
            );
            found.push(Diagnostic::error("Invalid grant operation", detail).at(Self::actions));
        }
        if grant && config.get(Self::sid).known().is_some_and(|sid| sid.contains(' ')) {
            let detail = "\"sid\" is the name of the grant, which cannot contain spaces, unlike the name of a \
                          statement.";
            found.push(Diagnostic::error("Invalid name of a grant", detail).at(Self::sid));
        }
        let arn = |val: Val<String>| val.known().and_then(|text| text.parse::<Arn>().ok());
        if let (Some(key), Some(principal)) = (arn(config.get(Self::kms_key_arn)), arn(config.get(Self::principal_arn)))
            && key.partition != principal.partition
        {
            let detail = format!(
                "The key is in partition \"{}\", the principal in \"{}\". Principals cannot use KMS keys of another \
                 partition.",
                key.partition, principal.partition
            );
            found.push(Diagnostic::error("Principal in another partition", detail).at(Self::principal_arn));
        }
        found
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        let (Some(config), Some(planned)) = (plan.config(), plan.planned()) else {
            ownership::warn_if_exists(cx, plan).await;
            return Ok(());
        };
        let given = (planned.get(Self::principal_arn), planned.get(Self::permission_set));
        if let (true, false, (Val::Known(principal), Val::Known(set))) =
            (plan.is_create(), config.is_set(Self::sid), given)
        {
            plan.set(Self::sid, derived_sid(&principal, &set));
        }
        ownership::warn_if_exists(cx, plan).await;
        let Some(wanted) = plan.planned().and_then(|planned| planned.decode()) else { return Ok(()) };
        if matches!(wanted.sid, Computed::Known(_)) {
            plan.set(Self::policy_json, PolicyJson::from(Document::of(wanted.wanted()?).to_string()));
        }
        if wanted.is_grant() && plan.changed(Self::policy_json) {
            plan.forget(Self::grant_id);
        }
        match plan.is_create() && !wanted.is_grant() && cx.is_known() {
            true => wanted.check_account(cx).await.map_err(world::refuse_plan),
            false => Ok(()),
        }
    }

    /// `KEY_ARN|SID`; neither contains a bar.
    fn import(id: &str) -> Result<Partial<Self>> {
        let parts = id.split_once('|').filter(|(key, sid)| arn::key_arn(key).is_ok() && !sid.is_empty());
        let Some((key, sid)) = parts else {
            return Err(Diagnostic::error(
                "Malformed import id",
                format!(
                    "\"{id}\" is not of the form KEY_ARN|SID, such as \
                     arn:aws:kms:us-east-1:123456789012:key/1234abcd|RdsAuth0123456789ab."
                ),
            ));
        };
        Ok(Partial::default().with(Self::kms_key_arn, key).with(Self::sid, sid.to_owned()))
    }
}

impl Owned for KmsKeyUser {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (key, sid, mode) =
            (of.get(Self::kms_key_arn).known()?, of.get(Self::sid).known()?, of.get(Self::mode).known()?);
        let (noun, object) = if mode == GRANT { ("Grant", "grant") } else { ("Statement", "statement") };
        Some(Subject {
            kind: Self::TYPE,
            key: format!("{key}|{sid}"),
            noun,
            what: format!("{object} \"{sid}\" of the key \"{key}\""),
            found: claims::EXISTS,
            arguments: "\"sid\"",
            import_id: format!("{key}|{sid}"),
            region: None,
            at: Self::sid.path(),
        })
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(planned) = planned.decode().filter(|planned| planned.sid != Computed::Unknown) else {
            return Ok(None);
        };
        let kms = planned.kms(cx).await?;
        let exists = match planned.is_grant() {
            true => planned.grants_of_key(&kms).await?.map(|grants| !grants.is_empty()),
            false => planned
                .policy(&kms)
                .await?
                .map(|policy| planned.sids().is_ok_and(|sids| !policy.statements_of(&sids).is_empty())),
        };
        if exists.is_none() {
            cx.warn(planned.no_key_yet());
        }
        Ok(exists.unwrap_or_default().then_some(Creator::Unknown))
    }
}

impl KmsKeyUser {
    async fn kms(&self, cx: &Ctx) -> Result<Kms> {
        Ok(cx.aws()?.kms(Some(&self.arn()?.region)).await?)
    }

    fn arn(&self) -> Result<Arn> {
        let parsed = arn::key_arn(&self.kms_key_arn);
        parsed.map_err(|error| Diagnostic::error("Invalid key ARN", error.to_string()).at(Self::kms_key_arn))
    }

    fn is_grant(&self) -> bool {
        self.mode == GRANT
    }

    fn permissions(&self) -> Permissions {
        match self.permission_set.as_str() {
            CUSTOM => Permissions::Custom(
                self.actions.iter().flat_map(|actions| actions.iter().map(|action| action.0.clone())).collect(),
            ),
            CONSOLE_KEY_USER => Permissions::Console,
            _ => Permissions::DataLoader,
        }
    }

    /// The statements of the configuration.
    fn wanted(&self) -> Result<Vec<Statement>> {
        let permissions = match self.is_grant() {
            true => Permissions::of_grant(&self.permissions().operations()),
            false => self.permissions(),
        };
        Ok(permissions.statements(self.sid.get()?, &self.principal_arn))
    }

    /// The statements that were there.
    fn statements(&self) -> Result<Vec<Statement>> {
        let parsed: Result<Document, PolicyError> = self.policy_json.get()?.0.parse();
        Ok(parsed.map_err(|error| Diagnostic::bug(format!("the state holds no policy: {error}")))?.statements)
    }

    fn sids(&self) -> Result<Vec<String>> {
        Ok(self.permissions().sids(self.sid.get()?))
    }

    /// The key, if its use can be allowed. It may have been created in the same apply.
    async fn key(&self, cx: &Ctx, kms: &Kms) -> Result<Key> {
        let at = |error: Diagnostic| error.at(Self::kms_key_arn);
        let look = || async {
            let found = kms.key(&self.kms_key_arn).await;
            let found = found.context("Cannot read the key", &self.kms_key_arn).map_err(at);
            found?.ok_or_else(|| Failed::for_now(self.no_key()))
        };
        let key = cx.until(&lag::NEW_KEY, look).await?;
        if !key.is_customer_managed {
            let detail = format!(
                "The key \"{}\" is an AWS managed key, and its key policy cannot be changed.\n\nUse a customer \
                 managed key.",
                key.arn
            );
            return Err(at(Diagnostic::error("Key is an AWS managed key", detail)));
        }
        if key.is_pending_deletion() {
            let detail = format!(
                "The key \"{}\" is in state \"{}\" and cannot be used.\n\nTo keep it, cancel its deletion:\n  aws \
                 kms cancel-key-deletion --key-id '{}'\n  aws kms enable-key --key-id '{}'\n\nOtherwise use another \
                 key.",
                key.arn, key.state, key.arn, key.arn
            );
            return Err(at(Diagnostic::error("Key scheduled for deletion", detail)));
        }
        Ok(key)
    }
}

/// The content by which an object without mark is recognised.
fn content(statements: &[Statement]) -> String {
    normal(&Document::of(statements.to_vec()).to_string())
}

/// Letters and digits, which both a statement and a grant allow in their names.
fn derived_sid(principal: &str, permission_set: &str) -> String {
    let hash = digest(&SHA256, format!("{principal}{permission_set}").as_bytes());
    let hex: String = hash.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("RdsAuth{hex}")
}

fn statements(grant: &Grant, sid: &str) -> Vec<Statement> {
    Permissions::of_grant(&grant.operations).statements(sid, &grant.grantee)
}

fn json(statements: Vec<Statement>) -> Computed<PolicyJson> {
    PolicyJson::from(Document::of(statements).to_string()).into()
}
