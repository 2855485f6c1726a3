//! One at a time: among the tasks of this process, and among this user's processes on this machine.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Ctx, Pauses, Wait};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::local;

/// A lock that is held until this is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub struct Held {
    // Dropped first, so that the file is free when the next task of this process gets its turn.
    among_processes: Option<File>,
    _among_tasks: OwnedMutexGuard<()>,
}

impl Held {
    /// What earlier holders of the lock have noted, if anything. Nothing without a folder for lock files.
    ///
    /// # Errors
    /// The lock's file cannot be read.
    pub fn note(&self) -> io::Result<Option<String>> {
        let (Some(mut file), mut text) = (self.among_processes.as_ref(), String::new()) else { return Ok(None) };
        file.rewind()?;
        file.read_to_string(&mut text)?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// Leaves a note for later holders of the lock, replacing the previous one.
    ///
    /// # Errors
    /// The lock's file cannot be written.
    pub fn write_note(&self, text: &str) -> io::Result<()> {
        let Some(mut file) = self.among_processes.as_ref() else { return Ok(()) };
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
    pauses: Pauses { first: Duration::from_millis(5), most: Duration::from_millis(100) },
};

/// Waits until nobody else holds the lock of a name, and acquires it. Without a folder for lock files it excludes only
/// tasks of this process, which a warning says once.
///
/// # Errors
/// The time is up, or the user wants to stop.
pub async fn hold<W>(cx: &Ctx<W>, name: &str) -> Result<Held> {
    let task = cx.wait_for("another change of this run to finish", task_lock(name).lock_owned()).await?;
    let file_name = file_name(name);
    let opened = tokio::task::spawn_blocking(move || open(&file_name)).await.map_err(io::Error::other);
    let file = match opened.and_then(|opened| opened) {
        Ok(file) => file,
        Err(error) => {
            static TOLD: AtomicBool = AtomicBool::new(false);
            if !TOLD.swap(true, Ordering::Relaxed) {
                cx.warn(without_files(&error));
            }
            return Ok(Held { among_processes: None, _among_tasks: task });
        }
    };
    // The file is polled: a wait in the system could not be ended by the user.
    cx.wait(&RELEASED, || async {
        match file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(cannot_lock(error)),
        }
    })
    .await?;
    Ok(Held { among_processes: Some(file), _among_tasks: task })
}

fn task_lock(name: &str) -> Arc<AsyncMutex<()>> {
    static LOCKS: LazyLock<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>> = LazyLock::new(Mutex::default);
    LOCKS.lock().unwrap_or_else(PoisonError::into_inner).entry(name.to_owned()).or_default().clone()
}

/// The file is kept when the lock is released: if it were removed, two processes could hold two files of one name. Its
/// time is updated so that programs that delete old files keep it.
fn open(file_name: &str) -> io::Result<File> {
    let folder = local::folder().map_err(io::Error::other)?;
    let file = File::options().create(true).truncate(false).read(true).write(true).open(folder.join(file_name))?;
    file.set_modified(Timestamp::now().into())?;
    Ok(file)
}

fn file_name(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    name.chars().map(safe).chain(".lock".chars()).collect()
}

fn cannot_lock(error: io::Error) -> Diagnostic {
    let folder = local::folder().map_or_else(|_| String::new(), |folder| format!(" in {}", folder.display()));
    let detail = format!(
        "The provider cannot lock a lock file{folder}: {error}.\n\nCheck that the file system supports file locks."
    );
    Diagnostic::error("Cannot lock against other processes", detail)
}

fn without_files(error: &io::Error) -> Diagnostic {
    Diagnostic::warning(
        "No folder for lock files",
        format!(
            "The provider cannot create a lock file: {error}. Changes that must not run at the same time are \
             serialized within this run only.\n\nDo not change the same objects from two runs at the same time, or \
             give this user a writable home directory."
        ),
    )
}

#[cfg(test)]
mod tests {
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
        let _held = hold(&cx(Duration::from_secs(60)), name).await.unwrap();
        assert_eq!(
            hold(&stopping, name).await.unwrap_err().summary,
            "Stopped",
            "another task is not waited for either"
        );
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
    fn names_become_names_of_files() {
        assert_eq!(file_name("arn:aws:kms:x:1:key/a-b"), "arn-aws-kms-x-1-key-a-b.lock");
    }
}
