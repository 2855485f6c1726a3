//! The database of a suspension, whatever its engine.

use std::time::Duration;

use tf_provider::diagnostic::Result;
use tokio::sync::Mutex;

use crate::parts::db::connection::Engine;
use crate::resources::constraint_suspension::ConstraintSuspension;
use crate::sql::mysql::suspension::ForeignKey;
use crate::sql::suspension::{Item, Kind, Offenders, Restored, Scope, Suspension, Unfit};
use crate::sql::{Error, Lent, mysql, postgres};
use crate::world::Ctx;

/// A session with it.
pub(super) enum Server {
    Postgres(Box<Lent<postgres::Session>>),
    /// One statement after the other.
    Mysql(Box<Mutex<Lent<mysql::Session>>>),
}

impl ConstraintSuspension {
    pub(super) async fn session(&self, cx: &Ctx) -> Result<Server> {
        let (connection, there) = (&self.database_connection, Self::database_connection);
        Ok(match self.family() {
            Engine::Postgres => Server::Postgres(Box::new(connection.postgres(cx, there).await?)),
            Engine::Mysql => Server::Mysql(Box::new(Mutex::new(connection.mysql(cx, there, self.patience()).await?))),
        })
    }

    /// Returns a session to the pool that was only used for reading.
    pub(super) fn leave(&self, cx: &Ctx, server: Server) {
        match server {
            Server::Postgres(session) => self.database_connection.leave_postgres(cx, *session),
            Server::Mysql(session) => {
                self.database_connection.leave_mysql(cx, session.into_inner(), self.patience());
            }
        }
    }
}

impl Server {
    /// Who is logged in.
    pub(super) async fn user(&self) -> String {
        match self {
            Self::Postgres(session) => session.user().to_owned(),
            Self::Mysql(session) => session.lock().await.user().to_owned(),
        }
    }

    /// The engine as RDS calls it, as far as the server tells.
    pub(super) async fn engine(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Mysql(session) => session.lock().await.product(),
        }
    }

    pub(super) async fn refused(&self, what: String) -> Error {
        match self {
            Self::Postgres(session) => session.refused(what),
            Self::Mysql(session) => session.lock().await.error(what),
        }
    }

    pub(super) async fn suspensions(&self) -> Result<Vec<Suspension>, Error> {
        match self {
            Self::Postgres(session) => session.suspensions().await,
            Self::Mysql(session) => session.lock().await.suspensions().await,
        }
    }

    pub(super) async fn suspended(&self, mark: &str) -> Result<Vec<Item>, Error> {
        match self {
            Self::Postgres(session) => session.suspended(mark).await,
            Self::Mysql(session) => session.lock().await.suspended(mark).await,
        }
    }

    pub(super) async fn in_effect(&self, scope: &Scope) -> Result<(Vec<Item>, Vec<Unfit>), Error> {
        match self {
            Self::Postgres(session) => session.in_effect(scope).await,
            Self::Mysql(session) => session.lock().await.in_effect(scope).await,
        }
    }

    /// Writes a suspension into the inventory, or gives one that is in the way.
    pub(super) async fn note_suspension(
        &self,
        it: &Suspension,
        suspended: &[Item],
        patience: Duration,
    ) -> Result<Option<Suspension>, Error> {
        let others = match self {
            Self::Postgres(session) => {
                session.note_suspension(it, suspended, patience).await?.err().unwrap_or_default()
            }
            Self::Mysql(session) => session.lock().await.note_suspension(it, suspended, patience).await?,
        };
        Ok(others.into_iter().next())
    }

    pub(super) async fn suspend(&self, item: &Item, mark: &str, patience: Duration) -> Result<(), Error> {
        match self {
            Self::Postgres(session) => session.suspend(item, mark, patience).await,
            Self::Mysql(session) => session.lock().await.suspend(item, mark).await,
        }
    }

    pub(super) async fn restore(
        &self,
        item: &Item,
        mark: &str,
        validate: bool,
        patience: Duration,
    ) -> Result<Restored, Error> {
        match self {
            Self::Postgres(session) => session.restore(item, mark, validate, patience).await,
            Self::Mysql(session) => session.lock().await.restore(item, mark).await,
        }
    }

    /// Validates a foreign key that is back. In MySQL and MariaDB none was gone.
    pub(super) async fn validate(&self, item: &Item, mark: &str, patience: Duration) -> Result<Restored, Error> {
        match self {
            Self::Postgres(session) => session.validate(item, mark, patience).await,
            Self::Mysql(_) => Ok(Restored::Whole),
        }
    }

    pub(super) async fn is_in_place(&self, item: &Item) -> Result<bool, Error> {
        match (self, item.kind) {
            (Self::Postgres(session), _) => session.is_in_place(item).await,
            (Self::Mysql(_), Kind::ForeignKey) => Ok(true),
            (Self::Mysql(session), Kind::Trigger) => session.lock().await.is_in_place(item).await,
        }
    }

    pub(super) async fn end_suspension(&self, mark: &str, patience: Duration) -> Result<(), Error> {
        match self {
            Self::Postgres(session) => session.end_suspension(mark, patience).await,
            Self::Mysql(session) => session.lock().await.end_suspension(mark, patience).await,
        }
    }

    /// Some of the rows because of which a foreign key is not back.
    pub(super) async fn offenders(&self, item: &Item) -> Result<Offenders, Error> {
        match self {
            Self::Postgres(session) => session.offenders(item).await,
            Self::Mysql(_) => Ok(Offenders { item: item.clone(), rows: Vec::new() }),
        }
    }

    /// The foreign keys whose rows nobody has looked at; in PostgreSQL that is a part of putting them back.
    pub(super) async fn unchecked_keys(&self, scope: &Scope) -> Result<Vec<ForeignKey>, Error> {
        match self {
            Self::Postgres(_) => Ok(Vec::new()),
            Self::Mysql(session) => session.lock().await.foreign_keys(scope).await,
        }
    }

    /// Some of the rows that violate such a foreign key.
    pub(super) async fn orphans(&self, key: &ForeignKey) -> Result<Offenders, Error> {
        match self {
            Self::Postgres(_) => Ok(Offenders { item: key.item.clone(), rows: Vec::new() }),
            Self::Mysql(session) => session.lock().await.orphans(key).await,
        }
    }

    /// The sessions that hold locks, where the server tells.
    pub(super) async fn lock_holders(&self, item: &Item) -> Vec<String> {
        match self {
            Self::Postgres(session) => session.lock_holders(item).await.unwrap_or_default(),
            Self::Mysql(_) => Vec::new(),
        }
    }
}
