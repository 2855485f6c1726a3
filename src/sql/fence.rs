//! What fences of all engines have in common.

/// Why a server cannot be fenced.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Obstacles {
    /// It repeats what is written to another server.
    pub is_replica: bool,
    /// Nobody can write to it, not even the statements of a fence.
    pub is_read_only: bool,
    /// It is too old, with the version that is needed.
    pub needs: Option<&'static str>,
    /// What the user lacks to see who writes.
    pub lacks: Option<&'static str>,
    /// Transactions that are prepared and can still be committed.
    pub prepared: Vec<String>,
}

/// What was not put back.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Databases with the fence of another create.
    pub foreign: Vec<String>,
    /// What somebody has changed meanwhile.
    pub changed: Vec<String>,
}

/// How far a server has written its log. What it does not have is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Position in the write-ahead log of PostgreSQL.
    pub lsn: Option<String>,
    /// File of the binary log.
    pub file: Option<String>,
    /// Position in that file.
    pub offset: Option<i64>,
    /// Global transaction IDs in the binary log.
    pub gtid: Option<String>,
}
