//! How long AWS may need until a change is visible, accepted or complete, and where that is documented: all such
//! figures except that of `records::key_writes`.
//!
//! IAM is [eventually consistent][iam], without a stated limit; `hashicorp/aws` waits 2 minutes for it. So is KMS:
//! ["typically less than a few seconds, but in some cases several minutes"][kms]. RDS refuses a change while another is
//! in progress, and shows the progress in the status; most changes take minutes.
//!
//! [iam]: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
//! [kms]: https://docs.aws.amazon.com/kms/latest/developerguide/accessing-kms.html#programming-eventual-consistency

use std::time::Duration;

use jiff::SignedDuration;
use tf_provider::schema::{Failed, Lag, Pauses, Retry};

use crate::aws::Error;

// === IAM ===

/// IAM answers `ConcurrentModification` while another change of the same role or user is under way.
pub const CONCURRENT: Retry<Error> = Retry {
    what: "another change of the same role or user to end",
    when: Error::is_concurrent_modification,
    within: Duration::from_secs(120),
    first: Duration::from_secs(1),
};

/// A role or user that was just found may be unknown to the server that handles the write.
pub const PRINCIPAL_UNKNOWN: Retry<Error> = Retry {
    what: "the role or user to appear everywhere",
    when: |error| error.is_not_found() || error.is_concurrent_modification(),
    ..CONCURRENT
};

/// A role or user that IAM does not find may have been created a moment ago.
pub const PRINCIPAL_UNSEEN: SignedDuration = SignedDuration::from_secs(10);

/// A role or user that is younger may be unknown to a service that validates a policy with it.
pub const PRINCIPAL_YOUNG: SignedDuration = SignedDuration::from_mins(2);

/// Looking for a role or user that may have been created in the same apply.
pub const NEW_PRINCIPAL: Retry<Failed> = Retry {
    what: "the role or user to appear",
    when: Failed::passes,
    within: PRINCIPAL_UNSEEN.unsigned_abs(),
    first: Duration::from_secs(1),
};

/// A trust policy with principals that IAM may not see for a moment.
pub const NEW_TRUSTED: Retry<Failed> = Retry {
    what: "the trusted principals to appear everywhere",
    when: Failed::passes,
    within: Duration::from_secs(120),
    first: Duration::from_secs(1),
};

/// IAM says that a role of that name exists, and a read does not show it yet.
pub const ROLE_UNSEEN: Lag = Lag { what: "the role to appear", looks: 6, first: Duration::from_secs(1) };

/// What was just detached from a role may still be visible to the server that deletes the role.
pub const ROLE_EMPTIED: Retry<Error> = Retry {
    what: "the role to be seen as empty",
    when: |error| error.is_delete_conflict() || error.is_concurrent_modification(),
    within: Duration::from_secs(30),
    first: Duration::from_secs(1),
};

/// Policies whose resources were destroyed just before the role may still be listed.
pub const POLICIES_UNLISTED: Retry<Failed> = Retry {
    what: "what was removed from the role to be gone",
    when: Failed::passes,
    within: Duration::from_secs(5),
    first: Duration::from_millis(400),
};

// === KMS ===

/// A key that KMS does not find may have been created a moment ago.
pub const KEY_UNSEEN: SignedDuration = SignedDuration::from_secs(30);

/// Looking for a key that may have been created in the same apply.
pub const NEW_KEY: Retry<Failed> = Retry {
    what: "KMS to know the key",
    when: Failed::passes,
    within: KEY_UNSEEN.unsigned_abs(),
    first: Duration::from_millis(500),
};

/// A key that this create has created may be unknown to the server that handles the next call.
pub const KEY_UNKNOWN: Retry<Error> = Retry {
    what: "the key to appear everywhere",
    when: Error::is_not_found,
    within: Duration::from_secs(60),
    first: Duration::from_secs(1),
};

/// Whether an unanswered call has created a key is found out before the next call.
pub const KEY_CREATED: Retry<Failed> = Retry {
    what: "KMS to create the key",
    when: Failed::passes,
    within: Duration::from_secs(180),
    first: Duration::from_secs(1),
};

/// A key whose creation was not answered may not be listed yet.
pub const KEY_UNLISTED: Lag =
    Lag { what: "a key whose creation was not answered to be listed", looks: 5, first: Duration::from_secs(1) };

/// KMS says that an alias exists, and a read does not show it yet.
pub const ALIAS_UNSEEN: Lag = Lag { what: "the alias to appear", looks: 6, first: Duration::from_secs(1) };

/// A grant to a role or user that KMS may not know for a moment.
pub const NEW_GRANTEE: Retry<Failed> = Retry {
    what: "KMS to know the principal",
    when: Failed::passes,
    within: Duration::from_secs(180),
    first: Duration::from_millis(500),
};

/// How long writing a key policy is retried if the cause may be temporary.
pub const KEY_POLICY_TAKEN: Duration = Duration::from_secs(180);

/// KMS shows a key policy as it was written after so long.
pub const KEY_POLICY_SHOWN: SignedDuration = SignedDuration::from_mins(2);

/// Polling a key policy after a write.
pub const KEY_POLICY: Pauses = Pauses { first: Duration::from_millis(100), most: Duration::from_secs(1) };

// === Secrets Manager ===

/// A secret that was created or restored a moment ago may be unknown to the server that handles the next call.
pub const SECRET_UNSEEN: Lag = Lag { what: "the secret to appear everywhere", looks: 6, first: Duration::from_secs(1) };

/// Polling a secret that is being deleted.
pub const SECRET: Pauses = Pauses { first: Duration::from_secs(1), most: Duration::from_secs(5) };

// === RDS ===

/// Polling a DB instance, a DB cluster, or the databases of a DB parameter group.
pub const DATABASE: Pauses = Pauses { first: Duration::from_millis(200), most: Duration::from_secs(15) };

/// A database can become busy between the read and the change; only the operation's own limit ends that wait.
pub const DATABASE_BUSY: Retry<Failed> = Retry {
    what: "the database to accept changes",
    when: Failed::passes,
    within: Duration::from_secs(24 * 3600),
    first: Duration::from_millis(200),
};

/// RDS shows a modification of a DB instance, or that it is being modified, only after a while.
pub const MODIFICATION_UNSEEN: Lag =
    Lag { what: "the modification to become visible", looks: 8, first: Duration::from_millis(500) };

/// While a database is renamed, RDS may show it under neither of its names.
pub const RENAMED: Lag = Lag { what: "both databases to appear", looks: 6, first: Duration::from_millis(500) };

/// After so many looks that find no database of a resource ID, there is none.
pub const NAMELESS: u32 = 4;

/// RDS refuses to delete a DB cluster, its members and its endpoints while something else is in progress; only the
/// operation's own limit ends that wait.
pub const CLUSTER_BUSY: Retry<Error> = Retry { what: "the DB cluster to accept its deletion", ..SNAPSHOT_BUSY };

/// Polling a snapshot, which takes minutes to hours.
pub const SNAPSHOT: Pauses = Pauses { first: Duration::from_millis(200), most: Duration::from_secs(15) };

/// RDS refuses to delete a snapshot while it is being made or copied; only the operation's own limit ends that wait.
pub const SNAPSHOT_BUSY: Retry<Error> = Retry {
    what: "the snapshot to accept its deletion",
    when: Error::is_invalid_state,
    within: Duration::from_secs(24 * 3600),
    first: Duration::from_millis(200),
};

/// Polling a blue/green deployment, whose green environment takes hours to create.
pub const DEPLOYMENT: Pauses = Pauses { first: Duration::from_millis(200), most: Duration::from_secs(15) };

/// After so many looks at a deployment that do not show the switchover that was requested, it has ended.
pub const SWITCHOVER_SHOWN: u32 = 10;

/// RDS refuses to delete a blue/green deployment while it changes it; only the operation's own limit ends that wait.
pub const DEPLOYMENT_BUSY: Retry<Error> = Retry {
    what: "the blue/green deployment to accept its deletion",
    when: Error::is_invalid_state,
    within: Duration::from_secs(24 * 3600),
    first: Duration::from_millis(200),
};

/// RDS refuses to change a DB parameter group while it carries another change to the databases.
pub const PARAMETER_GROUP_BUSY: Retry<Error> = Retry {
    what: "another change of the parameter group to end",
    when: Error::is_invalid_state,
    within: Duration::from_secs(300),
    first: Duration::from_millis(200),
};

/// RDS refuses to delete a DB parameter group as long as a database has it, for a while after that was given another.
pub const GROUP_IN_USE: Retry<Error> =
    Retry { what: "the parameter group to be no longer in use", ..PARAMETER_GROUP_BUSY };

// === DMS ===

/// Polling a replication task, which takes minutes to days.
pub const TASK: Pauses = Pauses { first: Duration::from_millis(200), most: Duration::from_secs(15) };

/// Polling the test of a connection, which takes up to a minute or two.
pub const CONNECTION: Pauses = Pauses { first: Duration::from_millis(200), most: Duration::from_secs(5) };

/// After so many looks at a task that do not show the start that was requested, it has ended.
pub const START_SHOWN: u32 = 10;

/// DMS counts the changes that it has captured a while after that.
pub const CHANGES_COUNTED: Duration = Duration::from_secs(20);

/// DMS refuses a request while it changes the task, the endpoints or the replication instance; only the operation's own
/// limit ends that wait.
pub const TASK_BUSY: Retry<Failed> = Retry { what: "DMS to accept the change", ..DATABASE_BUSY };

/// The server notices a little after the end of a task that its connection has ended, and refuses to drop the slot before.
pub const SLOT_IN_USE: Retry<Failed> = Retry {
    what: "the replication slot of the task to be released",
    when: Failed::passes,
    within: Duration::from_secs(60),
    first: Duration::from_millis(200),
};

// === All ===

/// What a state holds and a read does not show may have been created a moment ago.
pub const OBJECT_UNSEEN: Lag = Lag { what: "the object to appear", looks: 3, first: Duration::from_millis(400) };
