//! Ephemeral `demo_lease`: a token that must be renewed while it is in use.

use jiff::{SignedDuration, Timestamp};
use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Ctx, Ephemeral, Opened, Renewed, Secret, Val, View, computed, optional, required};

use crate::cloud::Cloud;

tf_provider::model! {
    /// A token that must be renewed while it is in use.
    pub(crate) struct Lease {
        /// What it is for.
        name: String = required(),
        /// How often it must be renewed, in milliseconds.
        every: i64 = optional().or(700),
        /// The token.
        token: Secret<String> = computed(),
    }
}

impl Ephemeral<Cloud> for Lease {
    const TYPE: &'static str = "lease";

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        match (config.get(Self::name), config.get(Self::every)) {
            (Val::Known(name), Val::Known(every)) if name != "short" && every < 100 => {
                let detail = "Only the lease \"short\" may be renewed more than ten times a second.";
                vec![Diagnostic::error("Lease is too short", detail).at(Self::every)]
            }
            _ => Vec::new(),
        }
    }

    async fn open(cx: &Ctx<Cloud>, mut config: Self) -> Result<Opened<Self>> {
        cx.log(&format!("open lease {}", config.name))?;
        config.token = Secret::new(format!("token-of-{}", config.name));
        let private = format!("{} {}", config.every, config.name).into_bytes();
        Ok(Opened { renew_at: soon(config.every), private, result: config })
    }

    async fn renew(cx: &Ctx<Cloud>, private: Vec<u8>) -> Result<Renewed> {
        let (every, name) = read(&private)?;
        cx.log(&format!("renew lease {name}"))?;
        Ok(Renewed { renew_at: soon(every), private })
    }

    async fn close(cx: &Ctx<Cloud>, private: Vec<u8>) -> Result<()> {
        let (_, name) = read(&private)?;
        cx.log(&format!("close lease {name}"))
    }
}

fn soon(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::now().checked_add(SignedDuration::from_millis(milliseconds)).ok()
}

fn read(private: &[u8]) -> Result<(i64, String)> {
    let text = String::from_utf8_lossy(private);
    let parts = text.split_once(' ').and_then(|(every, name)| Some((every.parse().ok()?, name.to_owned())));
    parts.ok_or_else(|| Diagnostic::bug("the notes of a lease cannot be read"))
}
