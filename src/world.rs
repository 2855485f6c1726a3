//! What a configured provider holds for its entities.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use tf_provider::diagnostic::{Diagnostic, Result, Severity};

use crate::attributes::tags::TagOptions;
use crate::aws::{self, Clients};
use crate::records::claims::Claims;
use crate::records::run::Run;
use crate::sql::{Defaults, Kept};

/// A configured provider.
pub struct World {
    clients: Result<Clients, Vec<String>>,
    tags: TagOptions,
    databases: Result<Defaults, Vec<String>>,
    sessions: Kept,
    claims: Claims,
    this_run: Run,
    promised: Mutex<BTreeSet<Promise>>,
    /// The warnings that were given, of those that are given once in a run.
    warned: Mutex<BTreeSet<String>>,
}

/// What the plan of one resource supplies to those that come after it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// IAM database authentication of the DB instance or cluster with this ARN.
    IamAuthentication(String),
    /// A value of a parameter in a parameter group.
    Parameter {
        /// The region of the group.
        region: String,
        /// The group with its kind, in words.
        group: String,
        /// The name of the parameter.
        name: String,
        /// The value.
        value: String,
    },
}

/// The context of an entity's operation.
pub type Ctx = tf_provider::schema::Ctx<World>;

impl World {
    /// A provider whose AWS configuration is known.
    pub fn new(clients: Clients, tags: TagOptions) -> Self {
        Self {
            clients: Ok(clients),
            tags,
            databases: Ok(Defaults::default()),
            sessions: Kept::default(),
            claims: Claims::default(),
            this_run: Run::default(),
            promised: Mutex::default(),
            warned: Mutex::default(),
        }
    }

    /// A provider that waits for these options to become known before it can call AWS.
    pub fn waiting_for(options: Vec<String>) -> Self {
        Self {
            clients: Err(options),
            tags: TagOptions::default(),
            databases: Ok(Defaults::default()),
            sessions: Kept::default(),
            claims: Claims::default(),
            this_run: Run::default(),
            promised: Mutex::default(),
            warned: Mutex::default(),
        }
    }

    /// The same with the database settings of the provider block, or with the names of options that are not known yet.
    #[must_use]
    pub fn with_databases(self, databases: Result<Defaults, Vec<String>>) -> Self {
        Self { databases, ..self }
    }

    /// Notes what a plan supplies, so that no plan after it in this run misses it.
    pub fn promise(&self, promise: Promise) {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner).insert(promise);
    }

    /// Whether this warning was not given before in this run.
    fn is_new(&self, warning: &Diagnostic) -> bool {
        let text = format!("{}: {}", warning.summary, warning.detail);
        self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(text)
    }

    /// Whether a plan before in this run supplies it.
    pub fn is_promised(&self, promise: &Promise) -> bool {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner).contains(promise)
    }

    /// The AWS clients.
    ///
    /// # Errors
    /// The provider's configuration depends on something that does not exist yet.
    pub fn aws(&self) -> Result<&Clients> {
        self.clients.as_ref().map_err(|options| not_known(options))
    }

    /// What the provider block says of databases.
    ///
    /// # Errors
    /// That depends on something that does not exist yet.
    pub fn databases(&self) -> Result<&Defaults> {
        self.databases.as_ref().map_err(|options| not_known(options))
    }

    /// The unused sessions with databases.
    pub fn sessions(&self) -> &Kept {
        &self.sessions
    }

    /// What the provider block says about tags; nothing as long as it [is not known](Self::is_known).
    pub fn tags(&self) -> &TagOptions {
        &self.tags
    }

    /// What this run knows about the objects that it creates and deletes.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What the processes of this run have planned so far.
    pub fn this_run(&self) -> &Run {
        &self.this_run
    }

    /// Whether the AWS clients can be used, now rather than only after apply.
    pub fn is_known(&self) -> bool {
        self.clients.is_ok()
    }
}

/// Warns only once per run of what is the same for several resources.
pub fn warn_once(cx: &Ctx, warning: Diagnostic) {
    if cx.is_new(&warning) {
        cx.warn(warning);
    }
}

fn not_known(options: &[String]) -> Diagnostic {
    Diagnostic::error(
        "Provider configuration is unknown",
        format!(
            "The provider block depends on values that are known only after apply: {}.\n\nCreate the resources that \
             they come from first, for example with \"terraform apply -target\".",
            options.join(", ")
        ),
    )
}

/// Whether a plan can rely on the account: false, with a warning, if AWS cannot be reached.
///
/// With `needs_id` the account's id is requested; without it, no request is made unless the provider block restricts
/// the accounts.
///
/// # Errors
/// The account is not allowed, or the credentials are no good.
pub async fn may_plan(cx: &Ctx, needs_id: bool) -> Result<bool> {
    let clients = cx.aws()?;
    let asked = match needs_id {
        true => clients.account_id().await.map(drop),
        false => clients.check_account().await,
    };
    match asked {
        Ok(()) => Ok(true),
        Err(error) if error.is_unreached() => {
            cx.warn(Diagnostic { severity: Severity::Warning, ..error.into() });
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Adds to an error of a plan how a destroy gets past it: a destroy first plans as if nothing were destroyed.
pub fn refuse_plan(error: Diagnostic) -> Diagnostic {
    const WAY_OUT: &str =
        "If this stops \"terraform destroy\", which first runs this plan as well, run it with \"-refresh=false\".";
    Diagnostic { detail: format!("{}\n\n{WAY_OUT}", error.detail), ..error }
}

/// The answer of AWS to a plan: nothing, with a warning, if it cannot be reached.
///
/// # Errors
/// AWS was reached and refused.
pub fn unless_unreached<T>(cx: &Ctx, answer: Result<T, aws::Error>) -> Result<Option<T>> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(error) if error.is_unreached() => {
            cx.warn(Diagnostic { severity: Severity::Warning, ..error.into() });
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Where something was looked for: the region and the account, as far as it is known.
///
/// # Errors
/// The region is not known, or the credentials are no good.
pub async fn place(cx: &Ctx, region: Option<&str>) -> Result<String> {
    let clients = cx.aws()?;
    let region = clients.region(region).await?;
    Ok(match clients.account_id().await {
        Ok(Some(account)) => format!("region \"{region}\" of account {account}"),
        _ => format!("region \"{region}\""),
    })
}

/// The account of the credentials, as far as it is known. For objects of IAM, which have no region.
pub async fn account(cx: &Ctx) -> String {
    let account = match cx.aws() {
        Ok(clients) => clients.account_id().await.ok().flatten(),
        Err(_) => None,
    };
    account.map_or_else(|| "the account of the credentials".to_owned(), |account| format!("account {account}"))
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("is_known", &self.is_known()).finish_non_exhaustive()
    }
}
