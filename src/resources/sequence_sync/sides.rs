//! One of the two databases, whatever its engine.

use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::value::Path;

use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::sql::sequences::{Found, Sequence};
use crate::sql::writers::Writers;
use crate::sql::{self, Lent, mysql, postgres};
use crate::world::Ctx;

/// How long `ALTER TABLE` waits for transactions that use the table.
const LOCKS: Duration = Duration::from_secs(30);

/// A session with the source or the target.
pub(super) struct Side {
    connection: DatabaseConnection,
    there: Path,
    session: Session,
}

enum Session {
    Postgres(Box<Lent<postgres::Session>>),
    Mysql(Box<Lent<mysql::Session>>),
}

impl Side {
    pub(super) async fn open(cx: &Ctx, engine: Engine, connection: &DatabaseConnection, there: Path) -> Result<Self> {
        let session = match engine {
            Engine::Postgres => Session::Postgres(Box::new(connection.postgres(cx, there.clone()).await?)),
            Engine::Mysql => Session::Mysql(Box::new(connection.mysql(cx, there.clone(), LOCKS).await?)),
        };
        Ok(Self { connection: connection.clone(), there, session })
    }

    pub(super) async fn sequences(&mut self, schemas: Option<&[String]>) -> Result<Found, sql::Error> {
        match &mut self.session {
            Session::Postgres(session) => session.sequences(schemas).await,
            Session::Mysql(session) => session.sequences(schemas).await,
        }
    }

    pub(super) async fn raise(&mut self, all: &[(&Sequence, i128)]) -> Result<(), sql::Error> {
        match &mut self.session {
            Session::Postgres(session) => session.raise_sequences(all).await,
            Session::Mysql(session) => session.raise_sequences(all).await,
        }
    }

    /// Who can write, in MySQL and MariaDB to these databases if they are not all.
    pub(super) async fn writers(&mut self, schemas: Option<&[String]>) -> Result<Writers, sql::Error> {
        match &mut self.session {
            Session::Postgres(session) => {
                let database = session.database().to_owned();
                session.writers(&database).await
            }
            Session::Mysql(session) => session.writers(schemas).await,
        }
    }

    /// Whether each session has a cache of its own, rather than the server one for all.
    pub(super) fn caches_in_sessions(&self) -> bool {
        matches!(self.session, Session::Postgres(_))
    }

    /// Points a statement that failed at its cause.
    pub(super) fn fault(&self, error: sql::Error) -> Diagnostic {
        let at = self.connection.at_fault(&error, self.there.clone(), self.there.clone(), self.there.clone());
        Diagnostic::from(error).at(at)
    }

    /// Returns the session to the pool, having read only.
    pub(super) fn leave(self, cx: &Ctx) {
        match self.session {
            Session::Postgres(session) => self.connection.leave_postgres(cx, *session),
            Session::Mysql(session) => self.connection.leave_mysql(cx, *session, LOCKS),
        }
    }
}
