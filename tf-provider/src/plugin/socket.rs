//! The Unix socket that core connects to, which exists as long as this process.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::net::UnixListener;

/// A listening socket that only its owner can reach; dropping it removes it.
///
/// The socket is created inside a fresh directory of mode 0700, so that no other user can connect before its own mode
/// is set. The alternative, the process's umask, is shared by all threads.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) listener: UnixListener,
    path: PathBuf,
    _dir: TempDir,
}

impl Socket {
    /// Listens on a socket with a short name below `parent`: the path may have 107 bytes, on macOS 103.
    ///
    /// Members of `group`, a name or a number, may connect too.
    pub(crate) fn bind(parent: &Path, group: Option<&str>) -> io::Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("plugin")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(std::path::absolute(parent)?)?;
        let path = dir.path().join("s");
        if path.to_str().is_none_or(|path| path.contains(['|', '\n'])) {
            return Err(io::Error::other(format!("its path {path:?} does not fit into the handshake")));
        }
        let listener = UnixListener::bind(&path)?;
        match group.map(group_id).transpose()? {
            None => std::fs::set_permissions(&path, Permissions::from_mode(0o600))?,
            Some(id) => {
                for (path, mode) in [(path.as_path(), 0o660), (dir.path(), 0o710)] {
                    chown(path, None, Some(id))?;
                    std::fs::set_permissions(path, Permissions::from_mode(mode))?;
                }
            }
        }
        Ok(Self { listener, path, _dir: dir })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// The number of a group of this machine.
fn group_id(group: &str) -> io::Result<u32> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    let groups = std::fs::read_to_string("/etc/group")?;
    named(&groups, group)
        .ok_or_else(|| io::Error::other(format!("the group \"{group}\" is not in /etc/group; give its number")))
}

/// Looks a name up in the lines `name:password:id:members`.
fn named(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(name)).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[tokio::test]
    async fn is_private_and_removed() {
        let parent = tempfile::tempdir().unwrap();
        let socket = Socket::bind(parent.path(), None).unwrap();
        let path = socket.path().to_owned();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        drop(socket);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_group_may_connect() {
        let parent = tempfile::tempdir().unwrap();
        // The process's own group, the only one to which any user can assign a file.
        let own = std::fs::metadata(parent.path()).unwrap().gid();
        let socket = Socket::bind(parent.path(), Some(&own.to_string())).unwrap();
        assert_eq!((mode(socket.path()), mode(socket.path().parent().unwrap())), (0o660, 0o710));
        assert_eq!(std::fs::metadata(socket.path()).unwrap().gid(), own);
        assert!(Socket::bind(parent.path(), Some("no such group")).is_err());
    }

    #[tokio::test]
    async fn its_path_fits_the_handshake() {
        let parent = tempfile::Builder::new().prefix("a|b").tempdir().unwrap();
        let error = Socket::bind(parent.path(), None).unwrap_err();
        assert!(error.to_string().contains("does not fit"), "{error}");
    }

    #[test]
    fn groups_have_names() {
        let groups = "root:x:0:\nterraform:x:1007:alice,bob\nbroken\n";
        assert_eq!(named(groups, "terraform"), Some(1007));
        assert_eq!(named(groups, "broken"), None);
        assert_eq!(named(groups, "x"), None);
    }
}
