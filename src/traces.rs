//! Traces of what this user has begun on this machine: empty files by whose names a command that was cut off is known to
//! the next one. They are for what leaves no trace in AWS; whoever finds none takes the object for somebody else's.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::lock;

/// A trace counts for so long: an apply that was interrupted is soon run again.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// Leaves a trace. Its name is part of a file name.
///
/// # Errors
/// There is no folder for it.
pub async fn leave(name: &str) -> io::Result<()> {
    in_folder(name, |file| File::create(file).map(drop)).await
}

/// Whether there is a trace of that name, not older than a day. If that cannot be found out, there is none.
pub async fn is_there(name: &str) -> bool {
    let is_young = |file: &Path| {
        let age = fs::metadata(file)?.modified()?.elapsed().unwrap_or_default();
        if age < KEPT { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    };
    in_folder(name, is_young).await.is_ok()
}

/// Takes a trace away. One that cannot be taken away is soon too old to count.
pub async fn remove(name: &str) {
    if let Err(error) = in_folder(name, |file| fs::remove_file(file)).await {
        tracing::debug!(%error, "a trace could not be taken away");
    }
}

/// Does something with the trace's file.
async fn in_folder(name: &str, work: fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let file = format!("{name}.trace");
    let done = tokio::task::spawn_blocking(move || {
        let folder = lock::folder();
        lock::prepare(&folder).and_then(|()| work(&folder.join(file)))
    });
    done.await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_trace_is_there_until_it_is_taken_away() {
        let name = format!("test-{}", std::process::id());
        assert!(!is_there(&name).await);
        leave(&name).await.unwrap();
        leave(&name).await.unwrap();
        assert!(is_there(&name).await);
        remove(&name).await;
        assert!(!is_there(&name).await);
    }

    #[tokio::test]
    async fn an_old_trace_does_not_count() {
        let name = format!("old-{}", std::process::id());
        leave(&name).await.unwrap();
        let age =
            |file: &Path| File::options().write(true).open(file)?.set_modified(std::time::SystemTime::now() - KEPT);
        in_folder(&name, age).await.unwrap();
        assert!(!is_there(&name).await);
        remove(&name).await;
    }
}
