//! A folder of the user on this machine, for files that outlive a process.

use std::fs::{self, DirBuilder, Metadata};
use std::io;
#[cfg(unix)]
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The folder, or why there is none: `.terraform.d/rdsauth` in the user's home, else on Unix `/tmp/rdsauth-` and the
/// user's number. Only this user can access it. All processes of a user must find the same, so `HOME` is the only
/// variable of the environment that counts, and `USERPROFILE` on Windows. There `%APPDATA%` may follow the user to
/// other machines, where the processes that have written the files do not run.
///
/// # Errors
/// Neither can be created, or another user can access it.
pub fn folder() -> Result<&'static Path, &'static str> {
    static FOLDER: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| {
        let of_home = std::env::home_dir().filter(|home| home.is_dir());
        let of_home = of_home.map(|home| home.join(".terraform.d").join("rdsauth"));
        first_usable(of_home.into_iter().chain(of_machine()))
    });
    FOLDER.as_deref().map_err(String::as_str)
}

#[cfg(unix)]
fn of_machine() -> Option<PathBuf> {
    Some(PathBuf::from(format!("/tmp/rdsauth-{}", rustix::process::getuid().as_raw())))
}

/// Windows keeps temporary files in the user's home, which is not there either.
#[cfg(not(unix))]
fn of_machine() -> Option<PathBuf> {
    None
}

fn first_usable(folders: impl Iterator<Item = PathBuf>) -> Result<PathBuf, String> {
    let mut why = Vec::new();
    for folder in folders {
        match prepare(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) => why.push(format!("\"{}\": {error}", folder.display())),
        }
    }
    Err(why.join("; "))
}

/// Creates the folder, or checks that no other user can write into it.
fn prepare(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    builder.mode(0o700);
    match builder.recursive(true).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(folder)?;
    let is_ours = found.is_dir() && is_private(&found);
    let refused =
        || io::Error::new(io::ErrorKind::PermissionDenied, "is not a directory that only this user can access");
    is_ours.then_some(()).ok_or_else(refused)?;
    // On a file system that is mounted read-only, everything succeeds up to here.
    try_to_write(folder)
}

#[cfg(unix)]
fn is_private(found: &Metadata) -> bool {
    found.uid() == rustix::process::getuid().as_raw() && found.mode() & 0o077 == 0
}

/// On Windows it inherits the access control list of the home, which lets only the user and administrators in.
#[cfg(not(unix))]
fn is_private(_: &Metadata) -> bool {
    true
}

fn try_to_write(folder: &Path) -> io::Result<()> {
    let file = folder.join(format!(".{:016x}", fastrand::u64(..)));
    fs::write(&file, "")?;
    fs::remove_file(file)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_folder_that_others_can_reach_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let [open, link, own] = ["open", "link", "a/b/own"].map(|name| root.path().join(name));
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o770)).unwrap();
        prepare(&own).unwrap();
        symlink(&own, &link).unwrap();
        let found = first_usable([open.clone(), link.clone(), own.clone()].into_iter()).unwrap();
        assert_eq!(found, own);
        assert_eq!(fs::metadata(&own).unwrap().mode() & 0o777, 0o700);
        assert_eq!(fs::read_dir(&own).unwrap().count(), 0, "nothing is left in it");
        let why = first_usable([open, link].into_iter()).unwrap_err();
        assert_eq!(why.matches("is not a directory that only this user can access").count(), 2, "{why}");
    }
}
