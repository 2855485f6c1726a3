//! One at a time: among the tasks of this process, and among this user's processes on this machine.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Ctx, Wait};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// A lock that is held until this is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub struct Held {
    // Dropped first, so that the next task does not find its own process in the way.
    among_processes: File,
    _among_tasks: OwnedMutexGuard<()>,
}

impl Held {
    /// What those who held the lock before have noted for those who hold it later, if anything.
    ///
    /// # Errors
    /// The lock's file cannot be read.
    pub fn note(&self) -> io::Result<Option<String>> {
        let (mut file, mut text) = (&self.among_processes, String::new());
        file.rewind()?;
        file.read_to_string(&mut text)?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Notes something for those who hold the lock later, in place of what was noted before.
    ///
    /// # Errors
    /// The lock's file cannot be written.
    pub fn write_note(&self, text: &str) -> io::Result<()> {
        let mut file = &self.among_processes;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(text.as_bytes())
    }
}

const RELEASED: Wait<bool> = Wait {
    what: "another process on this machine to finish its change",
    done: |is_ours| *is_ours,
    failed: |_| false,
    seen: |_| "it is under way".to_owned(),
    first: Duration::from_millis(5),
    most: Duration::from_millis(100),
};

/// Waits until nobody else holds the lock of a name, and takes it.
///
/// # Errors
/// There is no folder for lock files, the time is up, or the user wants to stop.
pub async fn hold<W>(cx: &Ctx<W>, name: &str) -> Result<Held> {
    let task = task_lock(name).lock_owned().await;
    let file_name = file_name(name);
    let opened = tokio::task::spawn_blocking(move || open(&file_name)).await.map_err(io::Error::other);
    let file = opened.and_then(|opened| opened).map_err(cannot_lock)?;
    // The file is polled: a wait in the system could not be ended by the user.
    cx.wait(&RELEASED, || async {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(cannot_lock(error)),
        }
    })
    .await?;
    Ok(Held { among_processes: file, _among_tasks: task })
}

fn task_lock(name: &str) -> Arc<AsyncMutex<()>> {
    static LOCKS: LazyLock<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>> = LazyLock::new(Mutex::default);
    LOCKS.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default().clone()
}

/// The file stays when it is released: were it removed, two processes could hold two files of one name. It is made to
/// look new, lest somebody who clears up old files removes it.
fn open(file_name: &str) -> io::Result<File> {
    let folder = folder();
    prepare(&folder)?;
    let file = File::options().create(true).truncate(false).read(true).write(true).open(folder.join(file_name))?;
    file.set_modified(Timestamp::now().into())?;
    Ok(file)
}

/// A folder of the user's own. It is the same whatever the environment says, which a shell and a scheduler set
/// differently.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(format!("/tmp/rdsauth-{}", rustix::process::getuid().as_raw()))
}

/// Makes the folder, or makes sure that nobody else can put anything into it.
pub(crate) fn prepare(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(folder)?;
    let is_ours = found.is_dir() && found.uid() == rustix::process::getuid().as_raw() && found.mode() & 0o077 == 0;
    let refused = || {
        let text = format!("\"{}\" is not a folder that belongs to this user alone", folder.display());
        io::Error::new(io::ErrorKind::PermissionDenied, text)
    };
    is_ours.then_some(()).ok_or_else(refused)
}

fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.chars().map(safe).chain(".lock".chars()).collect()
}

fn cannot_lock(error: io::Error) -> Diagnostic {
    Diagnostic::error(
        "Cannot lock against other processes",
        format!(
            "A change that must not run twice at the same time is guarded by a lock file, and none can be had: \
             {error}.\n\nThe files are in \"{}\", which this user must be able to make, or must own with nobody else \
             having access.",
            folder().display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio_util::sync::CancellationToken;

    use super::*;

    fn cx(limit: Duration) -> Ctx<()> {
        Ctx::new(Arc::new(()), limit, CancellationToken::new())
    }

    /// A name that no other run of the tests has.
    fn own(name: &str) -> String {
        format!("{name} {}", std::process::id())
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn tasks_take_turns() {
        static INSIDE: AtomicU32 = AtomicU32::new(0);
        let tasks = (0..20).map(|_| {
            tokio::spawn(async {
                let _held = hold(&cx(Duration::from_secs(60)), &own("tasks take turns")).await.unwrap();
                assert_eq!(INSIDE.fetch_add(1, Ordering::SeqCst), 0);
                tokio::time::sleep(Duration::from_millis(1)).await;
                INSIDE.fetch_sub(1, Ordering::SeqCst);
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    }

    #[tokio::test]
    async fn another_process_is_waited_for() {
        let name = &own("another process is waited for");
        let other = open(&file_name(name)).unwrap();
        other.lock().unwrap();
        let error = hold(&cx(Duration::from_millis(200)), name).await.unwrap_err();
        assert_eq!(error.summary, "Timed out");
        let stopping = cx(Duration::from_secs(60));
        stopping.stop().cancel();
        assert_eq!(hold(&stopping, name).await.unwrap_err().summary, "Stopped");
        drop(other);
        hold(&cx(Duration::from_secs(60)), name).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_noted_is_there_for_the_next_holder() {
        let name = &own("notes");
        for (before, text) in [(None, "a long note"), (Some("a long note"), "short"), (Some("short"), "")] {
            let held = hold(&cx(Duration::from_secs(60)), name).await.unwrap();
            assert_eq!(held.note().unwrap().as_deref(), before);
            held.write_note(text).unwrap();
        }
        assert_eq!(hold(&cx(Duration::from_secs(60)), name).await.unwrap().note().unwrap(), None);
    }

    #[test]
    fn a_folder_that_others_can_reach_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let (open, link, own) = (root.path().join("open"), root.path().join("link"), root.path().join("own"));
        prepare(&own).unwrap();
        prepare(&own).unwrap();
        assert_eq!(fs::metadata(&own).unwrap().mode() & 0o777, 0o700);
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o770)).unwrap();
        symlink(&own, &link).unwrap();
        for folder in [open, link, root.path().join("no/folder")] {
            prepare(&folder).unwrap_err();
        }
    }

    #[test]
    fn names_become_names_of_files() {
        assert_eq!(file_name("arn:aws:kms:x:1:key/a-b"), "arn-aws-kms-x-1-key-a-b.lock");
    }
}
