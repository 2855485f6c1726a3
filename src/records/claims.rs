//! Claims: what this process, or one that died on this machine, was about to create.
//!
//! Terraform stores state only with the answer to a create, so a process that is killed loses what it has created. A
//! create therefore writes a claim before its first write: working directory and workspace, type of the resource,
//! natural key, and a new creation id, which is stored in the private state and, if the object can carry a mark, on the
//! object. A claim is removed when a state with its id is seen, or when core shuts the provider down in order after the
//! answer; it is kept when provider or core are killed. An object that exists at create is adopted only under an
//! unfinished claim of the same directory: with the same id if there is a mark, with the claimed content if there is
//! none. In every other case the create changes nothing.
//!
//! Within a process, creates and deletes of one natural key take turns and know about each other: two declarations
//! never own the same object, and a delete never deletes an object that a create of the same apply has created, or has
//! found in its way.
//!
//! Without a folder of the user's own there are no claims: the object of an interrupted create then has to be imported.

mod diagnostics;
mod store;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::Ctx;
use tf_provider::value::Path;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::records::claims::store::{Note, Store, content_hash};

/// What a resource creates, by its natural key.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The type of the resource, without the provider's name.
    pub kind: &'static str,
    /// The natural key, unique for the type within an account.
    pub key: String,
    /// The kind of the object in a summary, such as `Role`.
    pub noun: &'static str,
    /// The object in a sentence, such as `role "app"`.
    pub what: String,
    /// How a summary describes one that is in the way: [`EXISTS`] or [`IS_MANAGED`].
    pub found: &'static str,
    /// The arguments that the key comes from, such as `"name"`.
    pub arguments: &'static str,
    /// The id for `terraform import`.
    pub import_id: String,
    /// The region, if the configuration names one and the id does not contain it.
    pub region: Option<String>,
    /// The argument to point at.
    pub at: Path,
}

/// For an object that existed before.
pub const EXISTS: &str = "already exists";

/// For a part of an object of others that another resource manages.
pub const IS_MANAGED: &str = "is already managed";

/// What this process knows about the objects that it creates and deletes.
#[derive(Debug, Default)]
pub struct Claims {
    memory: Mutex<Memory>,
    turns: Mutex<HashMap<String, Arc<AsyncMutex<()>>>>,
    store: Store,
}

#[derive(Debug, Default)]
struct Memory {
    /// What happened to objects in this process.
    fates: HashMap<String, Fate>,
    /// What has been planned in this process.
    plans: HashMap<String, Vec<Planned>>,
    /// Objects that the state of this run holds.
    read: HashSet<String>,
    /// Whether an apply is running, which plans again.
    is_applying: bool,
    /// The creation ids that this process has handed to core.
    answered: HashSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Created,
    Refused,
    Deleted,
}

/// What a plan does with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It is in the state, and stays.
    Keeps,
    /// It will be created.
    Creates,
    /// It is in the state, and will be deleted.
    Deletes,
}

/// A create under way. Creates and deletes of the same object wait until this is dropped.
#[derive(Debug)]
pub struct Claim<'a> {
    claims: &'a Claims,
    subject: Subject,
    id: String,
    /// The claims of interrupted creates of this object.
    earlier: Vec<Note>,
    was_deleted_here: bool,
    _turn: OwnedMutexGuard<()>,
}

/// A delete under way. Creates of the same object wait until this is dropped.
#[derive(Debug)]
pub struct Deletion<'a> {
    claims: &'a Claims,
    id: String,
    _turn: OwnedMutexGuard<()>,
}

/// Who created an object that is in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creator {
    /// This provider, as its mark on the object says.
    Mark(String),
    /// The object carries no mark of this provider.
    Unmarked,
    /// Objects of this kind cannot carry a mark.
    Unknown,
}

impl Subject {
    /// The type and the natural key.
    pub fn id(&self) -> String {
        format!("{} {}", self.kind, self.key)
    }

    /// The command that imports the object, from whatever region.
    pub fn import_command(&self) -> String {
        let region = self.region.iter().map(|region| format!("@{region}")).collect::<String>();
        format!("terraform import ADDRESS '{}{region}'", self.import_id)
    }
}

impl Claims {
    /// Begins a create. Must be called before looking up what exists.
    ///
    /// # Errors
    /// This process has created the same object already, for another resource; or the turn did not come before the time
    /// was up or the user wanted to stop.
    pub async fn begin<W>(&self, cx: &Ctx<W>, subject: Subject) -> Result<Claim<'_>> {
        let id = subject.id();
        let (turn, fate) = self.turn(cx, &id).await?;
        if fate == Some(Fate::Created) {
            return Err(diagnostics::declared_twice(&subject));
        }
        let earlier = self.store.unfinished(&subject);
        let id = earlier.first().map_or_else(new_id, |note| note.creation_id.clone());
        Ok(Claim { claims: self, subject, id, earlier, was_deleted_here: fate == Some(Fate::Deleted), _turn: turn })
    }

    /// Begins a delete; nothing, with a warning, if this process has created the object for another resource.
    ///
    /// # Errors
    /// A create of the same object was refused by this process because the object exists: it would be lost. Or the turn
    /// did not come before the time was up or the user wanted to stop.
    pub async fn delete<W>(&self, cx: &Ctx<W>, subject: &Subject) -> Result<Option<Deletion<'_>>> {
        let id = subject.id();
        let (turn, fate) = self.turn(cx, &id).await?;
        match fate {
            Some(Fate::Created) => {
                cx.warn(diagnostics::created_here(subject));
                Ok(None)
            }
            Some(Fate::Refused) => Err(diagnostics::declared_again(subject)),
            Some(Fate::Deleted) | None => Ok(Some(Deletion { claims: self, id, _turn: turn })),
        }
    }

    /// Records that the state of this run holds an object.
    pub fn record_state(&self, subject: &Subject) {
        self.memory().read.insert(subject.id());
    }

    /// Records what a plan does with an object, warns if that contradicts another plan of this run, and returns whether
    /// the plan has to look up whether the object exists: it will be created, and the state of this run does not hold
    /// it. Plans that an apply repeats need not look it up again.
    pub fn record_plan<W>(&self, cx: &Ctx<W>, subject: &Subject, planned: Planned) -> bool {
        let mut memory = self.memory();
        if memory.is_applying {
            return false;
        }
        let plans = memory.plans.entry(subject.id()).or_default();
        match planned {
            Planned::Creates if plans.contains(&Planned::Deletes) => cx.warn(diagnostics::moves(subject)),
            Planned::Deletes if plans.contains(&Planned::Creates) => cx.warn(diagnostics::moves(subject)),
            Planned::Creates if !plans.is_empty() => cx.warn(diagnostics::twins(subject)),
            Planned::Keeps if plans.contains(&Planned::Creates) => cx.warn(diagnostics::twins(subject)),
            _ => {}
        }
        plans.push(planned);
        planned == Planned::Creates && !memory.read.contains(&subject.id()) && self.store.unfinished(subject).is_empty()
    }

    /// Warns in a plan that an object which will be created exists.
    pub fn warn_exists<W>(&self, cx: &Ctx<W>, subject: &Subject, creator: &Creator) {
        cx.warn(diagnostics::exists_at_plan(subject, creator));
    }

    /// There is a state of this creation, or the answer that carries it is next.
    pub fn stored(&self, creation_id: &str) {
        self.memory().answered.insert(creation_id.to_owned());
        self.store.remove_unfinished(creation_id);
    }

    /// Core has received all answers: what they contained needs no claim any more.
    pub fn shut_down(&self) {
        let answered = std::mem::take(&mut self.memory().answered);
        self.store.close(&answered);
    }

    /// Waits for the turn of an object, and returns what happened to it in this process.
    async fn turn<W>(&self, cx: &Ctx<W>, id: &str) -> Result<(OwnedMutexGuard<()>, Option<Fate>)> {
        let turn =
            Arc::clone(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(id.to_owned()).or_default());
        let turn = cx.wait_for("other changes of the same object to finish", turn.lock_owned()).await?;
        let mut memory = self.memory();
        memory.is_applying = true;
        Ok((turn, memory.fates.get(id).copied()))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim<'_> {
    /// The id of this creation, for the private state and for the mark on the object.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The mark on the object: the type of the resource and the id.
    pub fn mark(&self) -> String {
        mark(self.subject.kind, &self.id)
    }

    /// Whether a create of this object was interrupted in this directory, so that it may exist without a state.
    pub fn has_earlier(&self) -> bool {
        !self.earlier.is_empty()
    }

    /// Whether an object with this mark was created under this claim, by this or an earlier run.
    pub fn owns_mark(&self, mark: Option<&str>) -> bool {
        mark.is_some_and(|mark| {
            mark == self.mark() || self.earlier.iter().any(|note| mark == self::mark(note.kind(), &note.creation_id))
        })
    }

    /// Whether an object without mark has the content that an earlier run was about to write.
    pub fn has_claimed_content(&self, content: &str) -> bool {
        let hash = content_hash(content);
        self.earlier.iter().any(|note| note.content.as_ref() == Some(&hash))
    }

    /// What earlier runs have noted about the object itself, such as its id.
    pub fn objects(&self) -> impl Iterator<Item = &str> {
        self.earlier.iter().filter_map(|note| note.object.as_deref())
    }

    /// Whether this process has just deleted the object, so that a read may still show it.
    pub fn was_deleted_here(&self) -> bool {
        self.was_deleted_here
    }

    /// Continues with the id of the earlier run whose mark an object carries.
    pub fn resume(&mut self, mark: &str) {
        if let Some(note) = self.earlier.iter().find(|note| mark == self::mark(note.kind(), &note.creation_id)) {
            self.id.clone_from(&note.creation_id);
        }
    }

    /// Writes the claim, before the first write to the remote side. `content` is the intended content of an object
    /// without mark, `object` what is known about the object itself.
    pub fn note<W>(&self, cx: &Ctx<W>, content: Option<&str>, object: Option<&str>) {
        let content = content.map(content_hash);
        if let Err(error) = self.claims.store.write(&self.subject, &self.id, content, object)
            && self.claims.store.is_first_failure()
        {
            cx.warn(diagnostics::no_claims(&error));
        }
    }

    /// The object exists, created by this run or adopted from an earlier one. Whatever comes now, its state is stored.
    pub fn created<W>(&self, cx: &Ctx<W>) {
        cx.set_creation_id(&self.id);
        self.claims.memory().fates.insert(self.subject.id(), Fate::Created);
    }

    /// The object exists and is not to be adopted: nothing was changed. The complaint for the user.
    pub fn refuse(&self, creator: &Creator) -> Diagnostic {
        self.withdraw();
        self.claims.memory().fates.insert(self.subject.id(), Fate::Refused);
        diagnostics::exists(&self.subject, creator)
    }

    /// The remote side has refused permanently: this run has not created anything.
    pub fn withdraw(&self) {
        self.claims.store.remove(&self.subject);
    }

    /// Warns that the object of an earlier run was adopted.
    pub fn warn_adopted<W>(&self, cx: &Ctx<W>) {
        cx.warn(diagnostics::adopted(&self.subject));
    }
}

impl Deletion<'_> {
    /// The object is deleted: a create of it in this process may proceed. Never an error, so that a delete can end with
    /// it.
    ///
    /// # Errors
    /// None.
    pub fn done(self) -> Result<()> {
        self.claims.memory().fates.insert(self.id, Fate::Deleted);
        Ok(())
    }
}

impl Creator {
    /// For an object whose mark was looked up.
    pub fn of(mark: Option<&String>) -> Self {
        mark.map_or(Self::Unmarked, |mark| Self::Mark(mark.clone()))
    }
}

/// The mark on an object that this provider has created.
pub fn mark(kind: &str, creation_id: &str) -> String {
    format!("{kind}/{creation_id}")
}

/// Whether the mark on an object names another create than the private state: the object was deleted and re-created
/// outside of Terraform.
pub fn is_of_another<W>(cx: &Ctx<W>, kind: &str, found: Option<&str>) -> bool {
    let ours = cx.private().creation_id;
    matches!((found, ours), (Some(found), Some(ours)) if found != mark(kind, &ours))
}

/// The mark of the creation in the private state.
pub fn own_mark<W>(cx: &Ctx<W>, kind: &str) -> Option<String> {
    cx.private().creation_id.map(|id| mark(kind, &id))
}

/// Keeps the creation id of a mark that was found on an object of ours, such as an imported one.
pub fn keep_creation_id<W>(cx: &Ctx<W>, kind: &str, found: Option<&str>) {
    let id = found.and_then(|mark| mark.strip_prefix(kind)).and_then(|rest| rest.strip_prefix('/'));
    id.into_iter().for_each(|id| cx.set_creation_id(id));
}

/// The error for an object that is in the way of a change.
pub fn exists(subject: &Subject, creator: &Creator) -> Diagnostic {
    diagnostics::exists(subject, creator)
}

/// The warning that a delete has left an object alone that was re-created.
pub fn recreated(subject: &Subject) -> Diagnostic {
    diagnostics::recreated(subject)
}

/// The working directory and workspace of this run, for people who find what it has left.
pub fn place() -> String {
    let (directory, workspace) = store::place();
    match workspace {
        "" | "default" => format!("directory \"{directory}\""),
        workspace => format!("directory \"{directory}\", workspace \"{workspace}\""),
    }
}

/// A unique id of 16 hexadecimal digits.
fn new_id() -> String {
    let mut bytes = [0; 8];
    // Without the system's randomness there would be no TLS either.
    let number = aws_lc_rs::rand::fill(&mut bytes).map_or_else(|_| fastrand::u64(..), |()| u64::from_be_bytes(bytes));
    format!("{number:016x}")
}

#[cfg(test)]
mod tests;
