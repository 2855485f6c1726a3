//! Destroying an object in a database that cannot be reached any more.

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::arn;
use crate::aws::host::{HostKind, RdsHost};
use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::sql;
use crate::world::{self, Ctx};

/// How a resource ends whose object cannot be destroyed.
pub const WAYS_OUT: &str = "To end the resource without touching the database, set on_destroy = \"leave\" and apply that \
                            first, or use a \"removed\" block or \"terraform state rm\".";

impl DatabaseConnection {
    /// The session of a destroy; nothing, with a warning, if the DB instance or DB cluster no longer exists, and with
    /// it the object. RDS must say so, and the name of the endpoint must no longer resolve, since the credentials may
    /// be those of another account.
    ///
    /// # Errors
    /// The database may still exist; the error names the ways out.
    pub async fn unless_deleted<T>(
        &self,
        cx: &Ctx,
        engine: Engine,
        opened: Result<T>,
        what: &str,
    ) -> Result<Option<T>> {
        let error = match opened {
            Ok(session) => return Ok(Some(session)),
            Err(error) => error,
        };
        let (host, port) = self.endpoint(engine);
        let mut more = String::new();
        if let Some(endpoint) = RdsHost::parse(host)
            && matches!(endpoint.kind, HostKind::Instance | HostKind::Writer | HostKind::Readers)
            && let Some(account) = self.account_without(cx, &endpoint).await
        {
            if !sql::has_address(host, port).await {
                cx.warn(deleted(&endpoint, &account, what));
                return Ok(None);
            }
            let RdsHost { identifier, region, name, .. } = &endpoint;
            let kind = noun(&endpoint);
            more = format!(
                "\n\nThere is no DB {kind} \"{identifier}\" in region \"{region}\" of {account}, but the DNS \
                 name \"{name}\" still resolves. If the DB {kind} was deleted a moment ago, apply again in a minute; \
                 otherwise the credentials belong to another account."
            );
        }
        Err(Diagnostic { detail: format!("{}{more}\n\n{WAYS_OUT}", error.detail), ..error })
    }

    /// The account that has no such database, if RDS says so and the secret belongs to no other account.
    async fn account_without(&self, cx: &Ctx, endpoint: &RdsHost) -> Option<String> {
        let clients = cx.aws().ok()?;
        let account = clients.account_id().await.ok()?;
        let of_secret = self.secret_arn.as_deref().and_then(|arn| arn::secret_arn(arn).ok());
        if of_secret.is_some_and(|arn| account.as_ref().is_some_and(|account| *account != arn.account)) {
            return None;
        }
        let found = clients.rds(Some(&endpoint.region)).await.ok()?.by_host(endpoint).await;
        if matches!(found, Ok(None)) { Some(world::account(cx).await) } else { None }
    }
}

fn deleted(endpoint: &RdsHost, account: &str, what: &str) -> Diagnostic {
    let RdsHost { identifier, region, name, .. } = endpoint;
    let kind = noun(endpoint);
    let more = match endpoint.kind {
        HostKind::Instance => {
            "\n\nIf it was a member of an Aurora cluster that still exists, the user still exists in the cluster: \
             drop it manually."
        }
        _ => "",
    };
    let detail = format!(
        "There is no DB {kind} \"{identifier}\" in region \"{region}\" of {account} any more, and the DNS \
         name \"{name}\" does not resolve. {what} was deleted with it.{more}"
    );
    Diagnostic::warning(format!("DB {kind} no longer exists"), detail)
}

fn noun(endpoint: &RdsHost) -> &'static str {
    if endpoint.kind == HostKind::Instance { "instance" } else { "cluster" }
}
