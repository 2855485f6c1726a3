//! The end of a user. What cannot be completed is reported before anything is changed.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};

use crate::parts::db::connection::Engine;
use crate::resources::postgresql_iam_user::{PostgresqlIamUser, diagnostics};
use crate::sql::postgres::Session;
use crate::sql::postgres::roles::{self, Role, Then};
use crate::sql::{Kind, Refusal};
use crate::world::Ctx;

impl PostgresqlIamUser {
    pub(super) async fn destroy(&self, cx: &Ctx) -> Result<()> {
        if self.on_destroy == "leave" {
            return Ok(());
        }
        let opened = self.session_to_write(cx).await;
        let what = format!("The user \"{}\"", self.name);
        let opened = self.database_connection.unless_deleted(cx, Engine::Postgres, opened, &what).await;
        let Some(session) = opened? else { return Ok(()) };
        let known = self.known()?;
        let Some(role) = roles::find(&session, &self.name, known.as_ref()).await? else { return Ok(()) };
        if known.is_some_and(|known| !role.is(&known)) || self.is_of_another(cx, &role) {
            cx.warn(diagnostics::left_unchanged(&role.name));
            return Ok(());
        }
        let destroyed = match self.on_destroy.as_str() {
            _ if *self.adopted.get()? => {
                let granted: Vec<&str> = self.granted_roles.get()?.iter().map(String::as_str).collect();
                self.revoke(cx, &session, &role, &granted).await
            }
            "revoke_rds_iam" => self.revoke(cx, &session, &role, &[roles::IAM]).await,
            _ => self.drop(cx, &session, &role).await,
        };
        destroyed.context("Cannot drop the database user", &self.name)?;
        self.database_connection.leave_postgres(cx, session);
        Ok(())
    }

    async fn revoke(&self, cx: &Ctx, session: &Session, role: &Role, from: &[&str]) -> Result<()> {
        let left = roles::revoke(session, role.oid, from, self.patience()).await?;
        if let Some(path) = left.iter().flat_map(|role| &role.iam_paths).next().filter(|_| from.contains(&roles::IAM)) {
            cx.warn(diagnostics::still_in_rds_iam(&role.name, path));
        }
        Ok(())
    }

    /// Each database is a transaction of its own, so all of them are tried before the first is changed. The other ones
    /// are cleared first: what the role owns there would prevent the drop.
    async fn drop(&self, cx: &Ctx, session: &Session, role: &Role) -> Result<()> {
        let heir = self.reassign_owned_to.as_deref().unwrap_or_else(|| session.user());
        let others = roles::other_databases(session, role.oid).await?;
        let closed: Vec<_> = others.iter().filter(|other| !other.is_open).map(|other| other.name.as_str()).collect();
        if !closed.is_empty() {
            return Err(diagnostics::closed(&closed));
        }
        if others.is_empty() {
            // One transaction, which is rehearsed only to tell what is in its way.
            match roles::clear(session, role.oid, heir, Then::Drop, self.patience()).await {
                Err(error) if error.refusal() == Some(Refusal::Dependency) => {}
                Err(error) if error.kind != Kind::Lost => {
                    return Err(diagnostics::nothing_changed(session.database(), diagnostics::not_cleared(error)));
                }
                cleared => return cleared.map_err(diagnostics::not_cleared),
            }
        }
        let mut left = Vec::new();
        for other in &others {
            let found = async {
                let beside =
                    self.database_connection.postgres_beside(cx, Self::database_connection, &other.name).await?;
                roles::remaining_after_drop(&beside, role.oid, heir, Then::Keep, &others, self.patience())
                    .await
                    .map_err(diagnostics::not_cleared)
            };
            left.push((
                other.name.as_str(),
                found.await.map_err(|error| diagnostics::nothing_changed(&other.name, error))?,
            ));
        }
        let here = roles::remaining_after_drop(session, role.oid, heir, Then::Drop, &others, self.patience()).await;
        let here = here
            .map_err(diagnostics::not_cleared)
            .map_err(|error| diagnostics::nothing_changed(session.database(), error))?;
        left.push((session.database(), here));
        left.retain(|(_, left)| !left.is_empty());
        if !left.is_empty() {
            return Err(diagnostics::cannot_drop(&left));
        }
        for other in &others {
            let cleared: Result<(), Diagnostic> = async {
                let beside =
                    self.database_connection.postgres_beside(cx, Self::database_connection, &other.name).await?;
                let cleared = roles::clear(&beside, role.oid, heir, Then::Keep, self.patience()).await;
                cleared.map_err(diagnostics::not_cleared)
            }
            .await;
            cleared.context("Cannot remove what the user owns from a database", &other.name)?;
        }
        roles::clear(session, role.oid, heir, Then::Drop, self.patience()).await.map_err(diagnostics::not_cleared)
    }
}
