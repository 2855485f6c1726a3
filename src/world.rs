//! What a configured provider holds, and entities may use.

use std::fmt;

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::aws::Clients;

/// A configured provider.
pub struct World {
    clients: Result<Clients, Vec<String>>,
}

/// What a call of an entity may use.
pub type Ctx = tf_provider::schema::Ctx<World>;

impl World {
    /// A provider whose whole configuration is known.
    pub fn new(clients: Clients) -> Self {
        Self { clients: Ok(clients) }
    }

    /// A provider that waits for these options to become known.
    pub fn waiting_for(options: Vec<String>) -> Self {
        Self { clients: Err(options) }
    }

    /// The AWS clients.
    ///
    /// # Errors
    /// The provider's configuration depends on something that does not exist yet.
    pub fn aws(&self) -> Result<&Clients> {
        self.clients.as_ref().map_err(|options| {
            Diagnostic::error(
                "Provider configuration not known yet",
                format!(
                    "The provider block depends on values that are known only after apply: {}.\n\nCreate what they \
                     come from first, for example with \"terraform apply -target\".",
                    options.join(", ")
                ),
            )
        })
    }

    /// Whether the AWS clients can be used, now rather than only after apply.
    pub fn is_known(&self) -> bool {
        self.clients.is_ok()
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("is_known", &self.is_known()).finish_non_exhaustive()
    }
}
