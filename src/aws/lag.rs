//! How long AWS may need until it shows, takes or has done something, and where that is said: every such figure but that
//! of `records::key_writes`.
//!
//! IAM is [eventually consistent][iam], and names no limit; `hashicorp/aws` waits 2 minutes for it. KMS is so, too:
//! ["typically less than a few seconds, but in some cases several minutes"][kms]. RDS refuses a change while another is
//! under way, and shows by the status how far it is; most changes take minutes.
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

/// A role or user that a look has just found may be unknown to the server that takes the write.
pub const PRINCIPAL_UNKNOWN: Retry<Error> = Retry {
    what: "the role or user to appear everywhere",
    when: |error| error.is_not_found() || error.is_concurrent_modification(),
    ..CONCURRENT
};

/// A role or user that IAM does not find may have been created a moment ago.
pub const PRINCIPAL_UNSEEN: SignedDuration = SignedDuration::from_secs(10);

/// A role or user that is younger may be unknown to a service that takes a policy with it.
pub const PRINCIPAL_YOUNG: SignedDuration = SignedDuration::from_mins(2);

/// A look for a role or user that may have been created in the same apply.
pub const NEW_PRINCIPAL: Retry<Failed> = Retry {
    what: "the role or user to appear",
    when: Failed::passes,
    within: PRINCIPAL_UNSEEN.unsigned_abs(),
    first: Duration::from_secs(1),
};

/// A trust policy with principals that IAM may see in a moment.
pub const NEW_TRUSTED: Retry<Failed> = Retry {
    what: "the trusted principals to appear everywhere",
    when: Failed::passes,
    within: Duration::from_secs(120),
    first: Duration::from_secs(1),
};

/// A role of that name exists, as IAM says, and a look does not show it yet.
pub const ROLE_UNSEEN: Lag = Lag { what: "the role to appear", looks: 6, first: Duration::from_secs(1) };

/// What was just taken off a role may still be seen on it by the server that is to delete it.
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

/// A look for a key that may have been created in the same apply.
pub const NEW_KEY: Retry<Failed> = Retry {
    what: "KMS to know the key",
    when: Failed::passes,
    within: KEY_UNSEEN.unsigned_abs(),
    first: Duration::from_millis(500),
};

/// A key that this create has made may be unknown to the server that takes the next call.
pub const KEY_UNKNOWN: Retry<Error> = Retry {
    what: "the key to appear everywhere",
    when: Error::is_not_found,
    within: Duration::from_secs(60),
    first: Duration::from_secs(1),
};

/// Whether a call that was not answered has made a key is found out before the next.
pub const KEY_CREATED: Retry<Failed> = Retry {
    what: "KMS to create the key",
    when: Failed::passes,
    within: Duration::from_secs(180),
    first: Duration::from_secs(1),
};

/// A key whose creation was not answered may not be listed yet.
pub const KEY_UNLISTED: Lag =
    Lag { what: "a key whose creation was not answered to be listed", looks: 5, first: Duration::from_secs(1) };

/// An alias that exists, as KMS says, and that a look does not show yet.
pub const ALIAS_UNSEEN: Lag = Lag { what: "the alias to appear", looks: 6, first: Duration::from_secs(1) };

/// A grant to a role or user that KMS may know in a moment.
pub const NEW_GRANTEE: Retry<Failed> = Retry {
    what: "KMS to know the principal",
    when: Failed::passes,
    within: Duration::from_secs(180),
    first: Duration::from_millis(500),
};

/// A key policy is written again for so long, where the cause may pass.
pub const KEY_POLICY_TAKEN: Duration = Duration::from_secs(180);

/// KMS shows a key policy as it was written after so long.
pub const KEY_POLICY_SHOWN: SignedDuration = SignedDuration::from_mins(2);

/// Looks at a key policy that was written.
pub const KEY_POLICY: Pauses = Pauses { first: Duration::from_millis(100), most: Duration::from_secs(1) };

// === Secrets Manager ===

/// A secret that was created or restored a moment ago may be unknown to the server that is asked next.
pub const SECRET_UNSEEN: Lag = Lag { what: "the secret to appear everywhere", looks: 6, first: Duration::from_secs(1) };

/// Looks at a secret that is being deleted.
pub const SECRET: Pauses = Pauses { first: Duration::from_secs(1), most: Duration::from_secs(5) };

// === RDS ===

/// Looks at a DB instance, a DB cluster, or what uses a DB parameter group.
pub const DATABASE: Pauses = Pauses { first: Duration::from_millis(200), most: Duration::from_secs(15) };

/// A database can become busy between the look at it and the change; it is for the operation's own limit to end that.
pub const DATABASE_BUSY: Retry<Failed> = Retry {
    what: "the database to accept changes",
    when: Failed::passes,
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

// === All ===

/// What a state holds and a look does not show was perhaps created a moment ago.
pub const OBJECT_UNSEEN: Lag = Lag { what: "the object to appear", looks: 3, first: Duration::from_millis(400) };
