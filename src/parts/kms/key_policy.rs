//! Statements in a key's policy, written so that no statement of others is lost.
//!
//! KMS replaces the policy of a key as a whole and has no versions of it. So changing a part of it takes a read, a
//! merge and a write, and loses what others write in between. Here that window is one round trip: writers of one key
//! take turns, in this process and among the processes of this machine; a write is never retried without another read;
//! and what was written is read twice afterwards, since another writer may have read before it and written after it.
//!
//! KMS may show a policy for some minutes after it was replaced. One that a write from this machine has replaced is
//! [recorded](crate::records::key_writes), and is neither merged onto nor taken for a change by others.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Retry, Wait};
use tf_provider::value::Path;
use tokio::sync::Mutex;

use crate::arn::{Arn, IamKind};
use crate::aws::kms::Kms;
use crate::aws::{Error, lag};
use crate::local::lock::{self, Held};
use crate::policy::edit::Stale;
use crate::policy::{Document, PolicyError, Statement};
use crate::records::key_writes::KeyWrites;
use crate::world::Ctx;

/// A change of some statements of one key's policy.
#[derive(Clone, Debug)]
pub struct Change {
    /// The key.
    pub key: Arn,
    /// The ids of the statements.
    pub sids: Vec<String>,
    /// The wanted statements; empty to remove them.
    pub statements: Vec<Statement>,
    /// The principal that is allowed something; KMS may not know it yet.
    pub principal: Option<Arn>,
    /// Consent to remove deleted principals from the statements of others, without which AWS would refuse the policy.
    pub prune: bool,
    /// The key may have been created in the same apply.
    pub is_new_key: bool,
    /// The attribute that a fault points at.
    pub blame: fn(Fault) -> Path,
}

/// What can be wrong with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The key, or its policy.
    Key,
    /// The principal.
    Principal,
    /// A principal in a statement of others.
    Stale,
}

/// What to do with the statements that are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They may be replaced.
    Write,
    /// They are as they should be.
    Leave,
}

/// The result of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The policy was written.
    Written,
    /// It was as it should be.
    Left,
    /// There is no such key.
    NoKey,
    /// The statements were to be removed, and the key is scheduled for deletion with its whole policy.
    Pending,
}

/// The maximum size of a key policy in bytes.
pub const MOST: usize = 32_768;

/// How often a write that another writer undoes is repeated.
const MOST_WRITES: u32 = 5;

/// Why an attempt failed.
enum Trouble {
    /// AWS failed, and may succeed the next time.
    Passing(Error),
    /// Another writer's write undid this one, so many times by now.
    Undone(u32),
    /// The principal may not be known everywhere yet.
    Unknown(Diagnostic),
    /// There is no such key, or it is not known everywhere yet.
    NoKey,
    Final(Diagnostic),
}

/// What is known from one attempt to the next.
#[derive(Default)]
struct Tries {
    /// Kept over a write whose effect is unknown: no other task may write before that is known.
    turn: Option<Held>,
    repeated: bool,
    undone: u32,
    /// What was written and may or may not have taken effect.
    unsettled: Vec<Document>,
}

/// What a read of the policy shows.
enum Look {
    NoKey,
    /// The policy as it was before a write of a moment ago.
    Outdated,
    /// As `Outdated`; but what is to be written is the same whether it is or not.
    Either(Document),
    Current(Document),
}

/// What is shown after a write.
enum After {
    NoKey,
    /// What was written.
    Written,
    /// A policy without what was written, which may be an earlier one: since this long.
    Outdated(SignedDuration),
    /// A policy without what was written, which is none of the earlier ones.
    Undone,
}

const CURRENT: Wait<Look> = Wait {
    what: "the last write of the key policy to become visible",
    done: |look| !matches!(look, Look::Outdated),
    failed: |_| false,
    seen: |_| {
        "GetKeyPolicy returns the previous policy; the write is not visible yet, or another process restored it"
            .to_owned()
    },
    pauses: lag::KEY_POLICY,
};

const SHOWN: Wait<After> = Wait {
    what: "the key policy to become visible as written",
    done: |after| !matches!(after, After::Outdated(since) if *since < lag::KEY_POLICY_SHOWN),
    failed: |_| false,
    seen: |_| "GetKeyPolicy still returns the previous policy".to_owned(),
    pauses: lag::KEY_POLICY,
};

impl Change {
    /// Writes the wanted statements, if `judge` has no objection.
    ///
    /// # Errors
    /// The objection of `judge`; AWS refuses the policy, or another writer keeps undoing the write.
    pub async fn apply(
        &self,
        cx: &Ctx,
        kms: &Kms,
        judge: impl Fn(&[Statement]) -> Result<Verdict> + Sync,
    ) -> Result<Outcome> {
        let retry = Retry::<Trouble> {
            what: "the key's policy to be written",
            when: |trouble| match trouble {
                Trouble::Passing(_) | Trouble::Unknown(_) | Trouble::NoKey => true,
                Trouble::Undone(times) => *times < MOST_WRITES,
                Trouble::Final(_) => false,
            },
            within: lag::KEY_POLICY_TAKEN,
            first: Duration::from_millis(fastrand::u64(200..600)), // Two writers must not stay in step.
        };
        let (tries, begin) = (Mutex::new(Tries::default()), Timestamp::now());
        cx.until(&retry, || async {
            let mut tries = tries.lock().await;
            let outcome = self.attempt(cx, kms, &judge, &mut tries, begin).await;
            tries.repeated |= !matches!(outcome, Err(Trouble::NoKey));
            if !matches!(outcome, Err(Trouble::Passing(_))) {
                tries.turn = None;
            }
            match outcome {
                Err(Trouble::NoKey) if !self.is_new_key || age(begin) >= lag::KEY_UNSEEN => Ok(Ok(Outcome::NoKey)),
                outcome => outcome,
            }
        })
        .await
        .context("Cannot change the key's policy", &self.key)
        .map_err(|error| error.at((self.blame)(Fault::Key)))?
    }

    async fn attempt(
        &self,
        cx: &Ctx,
        kms: &Kms,
        judge: &(impl Fn(&[Statement]) -> Result<Verdict> + Sync),
        tries: &mut Tries,
        begin: Timestamp,
    ) -> Result<Result<Outcome>, Trouble> {
        let key = self.key.to_string();
        let turn = match tries.turn.take() {
            Some(turn) => turn,
            None => lock::hold(cx, &key).await.map_err(Trouble::Final)?,
        };
        let mut memory = KeyWrites::of(&key, &turn);
        let turn = tries.turn.insert(turn);
        let look = || async { self.read_current(kms, &memory, judge).await };
        let (there, either) = match cx.wait(&CURRENT, look).await.map_err(Trouble::Final)? {
            Look::NoKey | Look::Outdated => return Err(Trouble::NoKey),
            Look::Either(there) => (there, true),
            Look::Current(there) => (there, false),
        };
        match judge(&there.statements_of(&self.sids)) {
            Ok(Verdict::Leave) if !either && !tries.repeated => return Ok(Ok(Outcome::Left)),
            Ok(Verdict::Leave) if !either => return Ok(Ok(Outcome::Written)),
            Ok(Verdict::Write | Verdict::Leave) => {}
            Err(objection) => return Ok(Err(objection)),
        }
        let (wanted, stale) = self.merged(&there)?;
        match kms.put_policy(&key, &wanted.to_string()).await {
            Ok(()) if stale.is_empty() => {}
            Ok(()) => cx.warn(pruned(&self.key, &stale)),
            Err(error) if error.is_invalid_state() && self.statements.is_empty() => {
                return Ok(Ok(Outcome::Pending));
            }
            Err(error) if error.is_transient() => {
                tries.unsettled.push(wanted);
                return Err(Trouble::Passing(error));
            }
            Err(error) => return Err(self.refused(cx, error, &there, begin).await),
        }
        memory.replace(tries.unsettled.drain(..).chain([there]), wanted.clone());
        memory.keep(&key, turn);
        let written = Timestamp::now();
        for _ in 0..2 {
            let look = || async { self.verify(kms, &memory, &wanted, written).await };
            match cx.wait(&SHOWN, look).await.map_err(Trouble::Final)? {
                After::Written => {}
                After::NoKey => return Ok(Ok(Outcome::NoKey)),
                After::Undone | After::Outdated(_) => {
                    tries.undone += 1;
                    return Err(Trouble::Undone(tries.undone));
                }
            }
        }
        Ok(Ok(Outcome::Written))
    }

    /// The policy, and whether it is what was written last.
    async fn read_current(
        &self,
        kms: &Kms,
        memory: &KeyWrites,
        judge: &(impl Fn(&[Statement]) -> Result<Verdict> + Sync),
    ) -> Result<Look> {
        let Some(there) = self.read(kms).await? else { return Ok(Look::NoKey) };
        let Some(last) = memory.outdated(&there) else { return Ok(Look::Current(there)) };
        let with_ours = |document: &Document| document.with(&self.sids, &self.statements).normal();
        let is_either = judge(&there.statements_of(&self.sids)).is_ok() && with_ours(&there) == with_ours(last);
        Ok(if is_either { Look::Either(there) } else { Look::Outdated })
    }

    /// What is there after a write. Only a writer that has seen an earlier policy leaves out our statements and keeps
    /// all others; any other policy without them may be an earlier one itself.
    async fn verify(&self, kms: &Kms, memory: &KeyWrites, wanted: &Document, written: Timestamp) -> Result<After> {
        let Some(there) = self.read(kms).await? else { return Ok(After::NoKey) };
        if memory.outdated(&there).is_some() {
            return Ok(After::Outdated(age(written)));
        }
        if same(&there.statements_of(&self.sids), &self.statements) {
            return Ok(After::Written);
        }
        let others = |document: &Document| document.with(&self.sids, &[]).normal().statements;
        let there = others(&there);
        let has_all = others(wanted).iter().all(|statement| there.contains(statement));
        Ok(if has_all { After::Undone } else { After::Outdated(age(written)) })
    }

    async fn read(&self, kms: &Kms) -> Result<Option<Document>> {
        let policy = kms.policy(&self.key.to_string()).await?;
        let parsed = policy.map(|policy| policy.parse()).transpose();
        parsed.map_err(|error: PolicyError| {
            Diagnostic::error("", format!("The current key policy cannot be parsed, so it was not changed. {error}"))
        })
    }

    /// The policy to write, and what is removed from it.
    fn merged(&self, there: &Document) -> Result<(Document, Vec<Stale>), Trouble> {
        let stale = if self.prune { there.stale(&self.sids) } else { Vec::new() };
        let wanted = there.with(&self.sids, &self.statements);
        let wanted = if stale.is_empty() { wanted } else { wanted.without_stale() };
        let size = wanted.to_string().len();
        match size > MOST && size > there.to_string().len() {
            true => Err(Trouble::Final(too_long(size))),
            false => Ok((wanted, stale)),
        }
    }

    async fn refused(&self, cx: &Ctx, error: Error, there: &Document, begin: Timestamp) -> Trouble {
        if !error.is_malformed_policy() {
            return Trouble::Final(error.into());
        }
        // AWS has one code for all that can be wrong with a policy.
        if error.message.contains("update the key policy in the future") {
            return Trouble::Final(lockout(error));
        }
        let age = match &self.principal {
            Some(principal) => Age::of(cx, principal).await,
            None => Age::Grown,
        };
        let stale = if self.prune { Vec::new() } else { there.stale(&self.sids) };
        let diagnostic = match &self.principal {
            _ if !stale.is_empty() => poisoned(error, &stale).at((self.blame)(Fault::Stale)),
            Some(principal) => age.explain(error, principal).at((self.blame)(Fault::Principal)),
            None => error.into(),
        };
        if age.may_pass(begin) { Trouble::Unknown(diagnostic) } else { Trouble::Final(diagnostic) }
    }
}

fn age(since: Timestamp) -> SignedDuration {
    Timestamp::now().duration_since(since)
}

/// Whether statements mean the same, in whatever order.
pub fn same(a: &[Statement], b: &[Statement]) -> bool {
    Document::of(a.to_vec()).normal() == Document::of(b.to_vec()).normal()
}

/// How old a principal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// KMS may not know it yet.
    Young,
    /// KMS has to know it.
    Grown,
    /// IAM does not know it either.
    Absent,
    /// It belongs to another account, or IAM does not say.
    Unknown,
}

impl Age {
    /// The age of a principal.
    pub async fn of(cx: &Ctx, principal: &Arn) -> Self {
        let Some((kind, name)) = principal.iam_identity() else { return Self::Grown };
        match created(cx, principal, kind, name).await {
            Ok(Some(created)) if Timestamp::now().duration_since(created) < lag::PRINCIPAL_YOUNG => Self::Young,
            Ok(Some(_)) => Self::Grown,
            Ok(None) => Self::Absent,
            Err(_) => Self::Unknown,
        }
    }

    /// Whether KMS may know the principal in a while. KMS has been tried since `begin`.
    pub fn may_pass(self, begin: Timestamp) -> bool {
        match self {
            Self::Young => true,
            Self::Absent => Timestamp::now().duration_since(begin) < lag::PRINCIPAL_UNSEEN,
            Self::Grown | Self::Unknown => false,
        }
    }

    /// Adds to a refusal of a principal what is known about it.
    pub fn explain(self, error: Error, principal: &Arn) -> Diagnostic {
        let error = Diagnostic::from(error);
        let why = match self {
            Self::Young => format!(
                "\"{principal}\" was created less than two minutes ago, and KMS does not find it \
                 yet."
            ),
            Self::Absent => format!(
                "IAM does not find \"{principal}\". Check the ARN, including the path of the \
                 role or user."
            ),
            Self::Grown => format!(
                "\"{principal}\" exists and is not new. Check the path in its ARN, and the principals of the other \
                 statements of the key policy."
            ),
            Self::Unknown => format!(
                "The provider could not check whether \"{principal}\" exists. If it was created a moment ago, apply \
                 again in a minute."
            ),
        };
        Diagnostic { detail: format!("{}\n\n{why}", error.detail), ..error }
    }
}

/// When a principal was created, if IAM knows it.
async fn created(cx: &Ctx, principal: &Arn, kind: IamKind, name: &str) -> Result<Option<Timestamp>> {
    let clients = cx.aws()?;
    if clients.account_id().await?.is_some_and(|own| own != principal.account) {
        return Err(Diagnostic::error("", "IAM of this account cannot look up principals of other accounts."));
    }
    let iam = clients.iam().await?;
    match kind {
        IamKind::User => Ok(iam.user_created(name).await?),
        _ => Ok(iam.role(name).await?.map(|role| role.created)),
    }
}

impl From<Trouble> for Diagnostic {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Passing(error) => error.into(),
            Trouble::Unknown(diagnostic) | Trouble::Final(diagnostic) => diagnostic,
            Trouble::NoKey => Self::error("", "The key no longer exists."),
            Trouble::Undone(times) => Self::error(
                "",
                format!(
                    "Another process writes the same key policy: {times} times, the statement was missing when the \
                     policy was read back.\n\nCloudTrail shows who calls PutKeyPolicy. If another configuration sets \
                     \"policy\" of the key, add that attribute to \"ignore_changes\" there, or set \"mode\" to \
                     \"grant\"."
                ),
            ),
        }
    }
}

fn too_long(size: usize) -> Diagnostic {
    Diagnostic::error(
        "",
        format!(
            "The key policy would have {size} bytes, and KMS allows {MOST}. Nothing was changed.\n\nRemove \
             statements that are no longer needed, or use a grant, which is not part of the key policy."
        ),
    )
}

fn lockout(error: Error) -> Diagnostic {
    let told = Diagnostic::from(error).detail;
    let detail = format!(
        "{told}\n\nKMS rejects a key policy with which the current credentials could no longer change the policy. \
         Add a statement to the key policy that allows \"kms:PutKeyPolicy\" for these credentials, or \"kms:*\" for \
         the root of the account, so that IAM policies apply."
    );
    Diagnostic::error("", detail)
}

fn poisoned(error: Error, stale: &[Stale]) -> Diagnostic {
    let told = Diagnostic::from(error).detail;
    Diagnostic::error(
        "",
        format!(
            "{told}\n\nStatements that this resource does not manage contain deleted principals: {}. AWS replaces \
             the ARN of a deleted role or user with its unique ID, and KMS rejects a policy that contains one. \
             Remove them from those statements, or set \"stale_principals\" to \"prune\" to let this resource remove \
             them.",
            list(stale)
        ),
    )
}

fn list(stale: &[Stale]) -> String {
    let one = |Stale { statement, id }: &Stale| format!("\"{id}\" in statement {statement}");
    stale.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn pruned(key: &Arn, stale: &[Stale]) -> Diagnostic {
    Diagnostic::warning(
        "Deleted principals were removed from the key policy",
        format!(
            "Removed from the policy of the key \"{key}\": {}. These are the unique IDs of roles or users that \
             no longer exist.",
            list(stale)
        ),
    )
}
