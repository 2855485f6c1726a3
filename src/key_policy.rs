//! Statements in a key's policy, written so that nobody else's are lost.
//!
//! KMS takes the policy of a key as a whole and gives it no version. So whoever changes a part of it reads, merges and
//! writes, and loses what others write in between. Here that is one round trip: writers of one key take turns, in this
//! process and among the processes of this machine; the write is never sent again without another read; and what was
//! written is looked at twice, since somebody else may have read before it and written after it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::Retry;
use tf_provider::value::Path;

use crate::arn::{Arn, IamKind};
use crate::aws::Error;
use crate::aws::kms::Kms;
use crate::lock;
use crate::policy::edit::Stale;
use crate::policy::{Document, PolicyError, Statement};
use crate::world::Ctx;

/// A change of some statements of one key's policy.
#[derive(Clone, Debug)]
pub struct Change {
    /// The key.
    pub key: Arn,
    /// The ids of the statements.
    pub sids: Vec<String>,
    /// What they are to be; none: they are to go.
    pub statements: Vec<Statement>,
    /// Who is given something, and may be too young for KMS to know.
    pub principal: Option<Arn>,
    /// Consent to take deleted principals out of the statements of others, without which AWS would not take the policy.
    pub prune: bool,
    /// The attribute that is to blame for a fault.
    pub blame: fn(Fault) -> Path,
}

/// What can be wrong with a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The key, or its policy.
    Key,
    /// The principal.
    Principal,
    /// A principal in a statement of somebody else.
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

/// What came of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The policy was written.
    Written,
    /// It was as it should be.
    Left,
    /// There is no such key.
    NoKey,
    /// The statements were to go, and the key goes with all its policy.
    Pending,
}

/// KMS allows so many bytes.
pub const MOST: usize = 32_768;

/// How often a write that somebody else undoes is repeated.
const MOST_WRITES: u32 = 5;

/// A principal that is younger may not be known to KMS yet.
const YOUNG: SignedDuration = SignedDuration::from_secs(120);

/// A principal that IAM does not find may have been made a moment ago.
const UNSEEN: SignedDuration = SignedDuration::from_secs(10);

/// Why a try did not do.
enum Trouble {
    /// AWS failed, and may not the next time.
    Passing(Error),
    /// Somebody else's write undid this one, so many times by now.
    Undone(u32),
    /// The principal may not be known everywhere yet.
    Unknown(Diagnostic),
    Final(Diagnostic),
}

impl Change {
    /// Makes the statements what they are to be, if `judge` has nothing against it.
    ///
    /// # Errors
    /// What `judge` says; AWS refuses the policy, or somebody else keeps undoing the write.
    pub async fn make(
        &self,
        cx: &Ctx,
        kms: &Kms,
        judge: impl Fn(&[Statement]) -> Result<Verdict> + Sync,
    ) -> Result<Outcome> {
        let retry = Retry::<Trouble> {
            what: "the key's policy to be written",
            when: |trouble| match trouble {
                Trouble::Passing(_) | Trouble::Unknown(_) => true,
                Trouble::Undone(times) => *times < MOST_WRITES,
                Trouble::Final(_) => false,
            },
            within: Duration::from_secs(180),
            first: Duration::from_millis(fastrand::u64(200..600)), // Two writers must not stay in step.
        };
        let (retried, undone, begin) = (AtomicBool::new(false), AtomicU32::new(0), Timestamp::now());
        cx.until(&retry, || async {
            let is_first = !retried.swap(true, Ordering::Relaxed);
            let _turn = lock::hold(cx, &self.key.to_string()).await.map_err(Trouble::Final)?;
            let Some(there) = self.read(kms).await? else { return Ok(Ok(Outcome::NoKey)) };
            match judge(&there.statements_of(&self.sids)) {
                Ok(Verdict::Write) => {}
                Ok(Verdict::Leave) if is_first => return Ok(Ok(Outcome::Left)),
                Ok(Verdict::Leave) => return Ok(Ok(Outcome::Written)),
                Err(objection) => return Ok(Err(objection)),
            }
            let (policy, stale) = self.merged(&there)?;
            match kms.put_policy(&self.key.to_string(), &policy).await {
                Ok(()) if stale.is_empty() => {}
                Ok(()) => cx.warn(pruned(&self.key, &stale)),
                Err(error) if error.is_invalid_state() && self.statements.is_empty() => {
                    return Ok(Ok(Outcome::Pending));
                }
                Err(error) => return Err(self.refused(cx, error, &there, begin).await),
            }
            for _ in 0..2 {
                let Some(there) = self.read(kms).await? else { return Ok(Ok(Outcome::NoKey)) };
                if !same(&there.statements_of(&self.sids), &self.statements) {
                    return Err(Trouble::Undone(undone.fetch_add(1, Ordering::Relaxed) + 1));
                }
            }
            Ok(Ok(Outcome::Written))
        })
        .await
        .context("Cannot change the key's policy", &self.key)
        .map_err(|error| error.at((self.blame)(Fault::Key)))?
    }

    async fn read(&self, kms: &Kms) -> Result<Option<Document>, Trouble> {
        let policy = kms.policy(&self.key.to_string()).await.map_err(|error| Trouble::Final(error.into()))?;
        let parsed = policy.map(|policy| policy.parse()).transpose();
        parsed.map_err(|error: PolicyError| {
            let detail = format!("What is there cannot be understood, so it is not touched. {error}");
            Trouble::Final(Diagnostic::error("", detail))
        })
    }

    /// The policy to write, and what is taken out of it.
    fn merged(&self, there: &Document) -> Result<(String, Vec<Stale>), Trouble> {
        let stale = if self.prune { there.stale(&self.sids) } else { Vec::new() };
        let wanted = there.with(&self.sids, &self.statements);
        let wanted = if stale.is_empty() { wanted } else { wanted.without_stale() }.to_string();
        match wanted.len() > MOST && wanted.len() > there.to_string().len() {
            true => Err(Trouble::Final(too_long(wanted.len()))),
            false => Ok((wanted, stale)),
        }
    }

    async fn refused(&self, cx: &Ctx, error: Error, there: &Document, begin: Timestamp) -> Trouble {
        if error.is_transient() {
            return Trouble::Passing(error);
        }
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
        let diagnostic = match (there.stale(&self.sids).first().filter(|_| !self.prune), &self.principal) {
            (Some(stale), _) => poisoned(error, stale).at((self.blame)(Fault::Stale)),
            (None, Some(principal)) => age.explain(error, principal).at((self.blame)(Fault::Principal)),
            (None, None) => error.into(),
        };
        if age.may_pass(begin) { Trouble::Unknown(diagnostic) } else { Trouble::Final(diagnostic) }
    }
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
            Ok(Some(created)) if Timestamp::now().duration_since(created) < YOUNG => Self::Young,
            Ok(Some(_)) => Self::Grown,
            Ok(None) => Self::Absent,
            Err(_) => Self::Unknown,
        }
    }

    /// Whether KMS may know the principal in a while. It has been asked since `begin`.
    pub fn may_pass(self, begin: Timestamp) -> bool {
        match self {
            Self::Young => true,
            Self::Absent => Timestamp::now().duration_since(begin) < UNSEEN,
            Self::Grown | Self::Unknown => false,
        }
    }

    /// Adds to a refusal of a principal what is known of it.
    pub fn explain(self, error: Error, principal: &Arn) -> Diagnostic {
        let told = Diagnostic::from(error);
        let why = match self {
            Self::Young => format!("\"{principal}\" was made less than two minutes ago, and KMS does not know it yet."),
            Self::Absent => format!("IAM knows no \"{principal}\"."),
            Self::Grown => format!(
                "\"{principal}\" is there, and old enough for KMS to know it. Look at its path and spelling, and at the \
                 principals of the other statements."
            ),
            Self::Unknown => format!(
                "Whether \"{principal}\" exists could not be found out. If it was made a moment ago, try again in a \
                 minute."
            ),
        };
        Diagnostic { detail: format!("{}\n\n{why}", told.detail), ..told }
    }
}

/// When a principal was made, if IAM knows it.
async fn created(cx: &Ctx, principal: &Arn, kind: IamKind, name: &str) -> Result<Option<Timestamp>> {
    let clients = cx.aws()?;
    if clients.account_id().await?.is_some_and(|own| own != principal.account) {
        return Err(Diagnostic::error("", "IAM tells nothing of other accounts."));
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
            Trouble::Undone(times) => Self::error(
                "",
                format!(
                    "Somebody else writes the same policy: what was written was gone when it was read back, {times} \
                     times.\n\nCloudTrail shows who calls PutKeyPolicy. If it is another configuration with the \
                     key's \"policy\", let it ignore changes of that attribute, or give the key with a grant."
                ),
            ),
        }
    }
}

fn too_long(size: usize) -> Diagnostic {
    Diagnostic::error(
        "",
        format!(
            "The policy would have {size} bytes, and KMS allows {MOST}. Nothing was changed.\n\nTake out statements \
             that are no longer needed, or give the key with a grant, which takes no room in the policy."
        ),
    )
}

fn lockout(error: Error) -> Diagnostic {
    let told = Diagnostic::from(error).detail;
    let detail = format!(
        "{told}\n\nAfter the write, the identity in use could no longer change the key's policy, and KMS refuses such \
         a policy. As the policy stands, let another of its statements allow that identity \"kms:PutKeyPolicy\", or \
         allow the account's root \"kms:*\" so that IAM policies can."
    );
    Diagnostic::error("", detail)
}

fn poisoned(error: Error, Stale { statement, id }: &Stale) -> Diagnostic {
    let told = Diagnostic::from(error).detail;
    Diagnostic::error(
        "",
        format!(
            "{told}\n\nStatement {statement} of the policy, which is not managed here, names \"{id}\". That is what AWS \
             leaves of a role or user that was deleted, and no policy that names it can be written. Take it out of \
             that statement, or set \"stale_principals\" to \"prune\" to have it taken out here."
        ),
    )
}

fn pruned(key: &Arn, stale: &[Stale]) -> Diagnostic {
    let list: Vec<_> =
        stale.iter().map(|Stale { statement, id }| format!("\"{id}\" of statement {statement}")).collect();
    Diagnostic::warning(
        "Deleted principals were taken out of the key's policy",
        format!("In the policy of \"{key}\": {}. Their roles or users no longer exist.", list.join(", ")),
    )
}
