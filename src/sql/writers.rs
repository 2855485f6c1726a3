//! Who could still write to a server.

/// The users who could.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writers {
    /// Their names; of MySQL and MariaDB `user@host`.
    pub names: Vec<String>,
    /// Whether the server repeats what others write to another one.
    pub is_replica: bool,
}
