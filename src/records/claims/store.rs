//! Claims on disk: a folder for each process, with a file for each create that has not been answered yet.
//!
//! `claims/PROCESS/process.lock` is locked while the process runs, so the system knows which processes are dead.
//! `claims/PROCESS/HASH.json` is a claim; the hash is that of directory, workspace, type and natural key.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::local;
use crate::records::claims::{Subject, new_id};
use crate::records::{self, hash};

/// A claim of a process that has died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) creation_id: String,
    /// The hash of the intended content of an object without mark.
    pub(super) content: Option<String>,
    /// What was known about the object itself.
    pub(super) object: Option<String>,
    kind: String,
    key: String,
    file: PathBuf,
}

/// The claims on disk, as this process sees them. Nothing is touched before the first use.
#[derive(Debug)]
pub(super) struct Store {
    own: OnceLock<Result<Own, String>>,
    unfinished: LazyLock<Unfinished>,
    has_failed: AtomicBool,
}

/// The claims of dead processes, by the hashes of the subjects.
type Unfinished = Mutex<HashMap<String, Vec<Note>>>;

/// The folder of this process.
#[derive(Debug)]
struct Own {
    folder: PathBuf,
    _alive: File,
}

/// The version of the file format of a claim; claims of other versions are ignored.
const VERSION: u64 = 1;

/// How long an unused claim is kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

const LOCK: &str = "process.lock";

// === impl Store ===

impl Default for Store {
    fn default() -> Self {
        Self { own: OnceLock::new(), unfinished: LazyLock::new(load_unfinished), has_failed: AtomicBool::new(false) }
    }
}

impl Store {
    /// Claims of interrupted creates of a subject, in this directory and workspace.
    pub(super) fn unfinished(&self, subject: &Subject) -> Vec<Note> {
        let unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        unfinished.get(&hash_of(subject)).cloned().unwrap_or_default()
    }

    /// Removes the claims of a creation that has a state.
    pub(super) fn remove_unfinished(&self, creation_id: &str) {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        unfinished.retain(|_, notes| {
            let (gone, stay): (Vec<_>, Vec<_>) = notes.drain(..).partition(|note| note.creation_id == creation_id);
            gone.iter().for_each(|note| remove(&note.file));
            *notes = stay;
            !notes.is_empty()
        });
    }

    /// Writes a claim of this process, replacing an earlier one of the same subject. An object without mark is
    /// recognised only by its content, so unfinished claims of others for the same content become void.
    pub(super) fn write(
        &self,
        subject: &Subject,
        creation_id: &str,
        content: Option<String>,
        object: Option<&str>,
    ) -> io::Result<()> {
        let own = self.own.get_or_init(|| Own::new().map_err(|error| error.to_string()));
        let own = own.as_ref().map_err(|why| io::Error::other(why.as_str()))?;
        if let Some(content) = &content {
            self.void(subject, content);
        }
        let (directory, workspace) = place();
        let text = json!({
            "version": VERSION, "creation_id": creation_id, "type": subject.kind, "key": subject.key,
            "directory": directory, "workspace": workspace, "content": content, "object": object,
        });
        let file = own.file(subject);
        let new = file.with_extension("new"); // Other creates write theirs at the same time.
        let mut written = File::create(&new)?;
        written.write_all(text.to_string().as_bytes())?;
        written.sync_data()?;
        fs::rename(new, file)
    }

    /// Removes the claim of this process.
    pub(super) fn remove(&self, subject: &Subject) {
        if let Some(Ok(own)) = self.own.get() {
            remove(&own.file(subject));
        }
    }

    /// Removes the claims of this process that were answered, and its folder if that leaves nothing.
    pub(super) fn close(&self, answered: &HashSet<String>) {
        let Some(Ok(own)) = self.own.get() else { return };
        let notes = notes_in(&own.folder);
        let open = notes.iter().filter(|note| !answered.contains(&note.creation_id)).count();
        notes.iter().filter(|note| answered.contains(&note.creation_id)).for_each(|note| remove(&note.file));
        if open == 0
            && let Err(error) = fs::remove_dir_all(&own.folder)
        {
            tracing::debug!(%error, "the folder of the claims was not removed");
        }
    }

    /// Whether no claim failed to be written before.
    pub(super) fn is_first_failure(&self) -> bool {
        !self.has_failed.swap(true, Ordering::Relaxed)
    }

    fn void(&self, subject: &Subject, content: &str) {
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, is_same) = (hash_of(subject), |note: &Note| {
            note.kind == subject.kind && note.key == subject.key && note.content.as_deref() == Some(content)
        });
        for (_, notes) in unfinished.iter_mut().filter(|(hash, _)| **hash != own) {
            notes.retain(|note| {
                if is_same(note) {
                    remove(&note.file);
                }
                !is_same(note)
            });
        }
    }
}

// === impl Note ===

impl Note {
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }

    fn read(file: PathBuf) -> Option<(String, Self)> {
        let json: Value = serde_json::from_slice(&fs::read(&file).ok()?).ok()?;
        let text = |name: &str| json[name].as_str().map(str::to_owned);
        if json["version"] != json!(VERSION) {
            return None;
        }
        let (kind, key) = (text("type")?, text("key")?);
        let hash = hash([&text("directory")?, &text("workspace")?, &kind, &key]);
        let (content, object) = (text("content"), text("object"));
        Some((hash, Self { creation_id: text("creation_id")?, content, object, kind, key, file }))
    }
}

// === impl Own ===

impl Own {
    /// Locks the file before it gets its name in the folder, so that no process takes it for that of a dead one. The
    /// folder itself cannot be renamed: Windows refuses that while a file in it is open.
    fn new() -> io::Result<Self> {
        let claims = local::folder().map_err(io::Error::other)?.join("claims");
        let folder = claims.join(new_id());
        fs::create_dir_all(&folder)?;
        let new = folder.join("new.lock");
        let alive = File::create(&new)?;
        alive.try_lock()?;
        fs::rename(new, folder.join(LOCK))?;
        Ok(Self { folder, _alive: alive })
    }

    fn file(&self, subject: &Subject) -> PathBuf {
        self.folder.join(format!("{}.json", hash_of(subject)))
    }
}

/// The claims of dead processes, by hash. Empty and expired folders are removed.
fn load_unfinished() -> Unfinished {
    let mut unfinished: HashMap<String, Vec<Note>> = HashMap::new();
    let folders = local::folder().ok().and_then(|folder| fs::read_dir(folder.join("claims")).ok());
    for folder in folders.into_iter().flatten().flatten().map(|entry| entry.path()).filter(|folder| is_dead(folder)) {
        let (old, notes): (Vec<_>, Vec<_>) = notes_in(&folder).into_iter().partition(|note| is_old(&note.file));
        old.iter().for_each(|note| remove(&note.file));
        if notes.is_empty() {
            let _ = fs::remove_dir_all(&folder); // The next one tries again.
        }
        for note in notes {
            if let Some((hash, note)) = Note::read(note.file) {
                unfinished.entry(hash).or_default().push(note);
            }
        }
    }
    Mutex::new(unfinished)
}

fn notes_in(folder: &Path) -> Vec<Note> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let files: BTreeSet<PathBuf> = files.filter(|file| file.extension().is_some_and(|it| it == "json")).collect();
    files.into_iter().filter_map(|file| Note::read(file).map(|(_, note)| note)).collect()
}

/// Whether no process holds the lock of a process's folder. One that is empty and new may not have its lock yet.
fn is_dead(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock_shared().is_ok(),
        Err(_) => is_old(folder) || !notes_in(folder).is_empty(),
    }
}

/// Whether a file, or the list of files of a folder, has not changed for a long time.
fn is_old(file: &Path) -> bool {
    let age = fs::metadata(file).and_then(|found| found.modified()).map(|then| then.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age > KEPT)
}

fn remove(file: &Path) {
    if let Err(error) = fs::remove_file(file)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, file = %file.display(), "a claim was not removed");
    }
}

/// Working directory and workspace: what a state belongs to, as far as a provider can know.
pub(super) fn place() -> (&'static str, &'static str) {
    static PLACE: LazyLock<(String, String)> = LazyLock::new(|| {
        let directory = env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
        let named = env::var_os("TF_WORKSPACE").map(|name| name.to_string_lossy().into_owned());
        let data = env::var_os("TF_DATA_DIR").map_or_else(|| PathBuf::from(".terraform"), PathBuf::from);
        let chosen = || fs::read_to_string(data.join("environment")).ok();
        let workspace = named.filter(|name| !name.is_empty()).or_else(chosen).unwrap_or_default();
        (directory, workspace.trim().to_owned())
    });
    (&PLACE.0, &PLACE.1)
}

fn hash_of(subject: &Subject) -> String {
    let (directory, workspace) = place();
    hash([directory, workspace, subject.kind, &subject.key])
}

/// The hash by which a content is recognised without storing it.
pub(super) fn content_hash(content: &str) -> String {
    records::hex(content)
}
