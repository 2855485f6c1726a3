//! The commands that are disturbed.

use std::fmt;

/// A command on a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Apply,
    Update,
    Destroy,
}

impl Step {
    pub(super) const ALL: [Self; 3] = [Self::Apply, Self::Update, Self::Destroy];

    /// One resource after the other, so that the calls have an order.
    pub(super) fn command(self) -> &'static [&'static str] {
        match self {
            Self::Apply | Self::Update => &["apply", "-auto-approve", "-parallelism=1"],
            Self::Destroy => &["destroy", "-auto-approve", "-parallelism=1"],
        }
    }

    /// Its name in a `timeouts` block.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Apply => "create",
            Self::Update => "update",
            Self::Destroy => "delete",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Apply => "apply",
            Self::Update => "update",
            Self::Destroy => "destroy",
        })
    }
}
