//! The server that is fenced, whatever its engine.

use std::time::Duration;

use tf_provider::diagnostic::Result;
use tokio::sync::Mutex;

use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::records::claims;
use crate::records::fences::Entry;
use crate::resources::write_fence::{PreviousSetting, WriteFence};
use crate::sql::fence::{Kept, Obstacles, Position};
use crate::sql::mysql::fence::Fenced;
use crate::sql::postgres::fence::Fenceable;
use crate::sql::{self, Lent, mysql, postgres};
use crate::world::Ctx;

/// How long a statement waits for locks.
const LOCKS: Duration = Duration::from_secs(10);

/// A session.
pub(super) enum Side {
    Postgres(Box<Lent<postgres::Session>>),
    Mysql(Box<Mutex<Lent<mysql::Session>>>),
}

/// What there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The databases that exist.
    pub(super) databases: Vec<String>,
    /// The marks of their fences.
    pub(super) marks: Vec<String>,
    /// Whether nothing of a fence is left.
    pub(super) is_open: bool,
    pub(super) previous: Vec<PreviousSetting>,
    pub(super) locked: Vec<String>,
}

/// A fence that was not set.
pub(super) struct NotSet {
    pub(super) error: sql::Error,
    /// Whether a part of it is left.
    pub(super) is_left: bool,
}

impl Side {
    pub(super) async fn open(cx: &Ctx, engine: Engine, connection: &DatabaseConnection) -> Result<Self> {
        let there = WriteFence::database_connection;
        Ok(match engine {
            Engine::Postgres => Self::Postgres(Box::new(connection.postgres(cx, there).await?)),
            Engine::Mysql => Self::Mysql(Box::new(Mutex::new(connection.mysql(cx, there, LOCKS).await?))),
        })
    }

    /// Returns the session to the pool, having read only.
    pub(super) fn leave(self, cx: &Ctx, connection: &DatabaseConnection) {
        match self {
            Self::Postgres(session) => connection.leave_postgres(cx, *session),
            Self::Mysql(session) => connection.leave_mysql(cx, session.into_inner(), LOCKS),
        }
    }

    pub(super) async fn user(&self) -> String {
        match self {
            Self::Postgres(session) => session.user().to_owned(),
            Self::Mysql(session) => session.lock().await.user().to_owned(),
        }
    }

    pub(super) async fn find(&self, databases: &[String]) -> Result<Found, sql::Error> {
        match self {
            Self::Postgres(session) => Ok(Found::in_postgres(&session.fenceable(databases).await?)),
            Self::Mysql(session) => Ok(Found::in_mysql(session.lock().await.fenced(databases).await?)),
        }
    }

    pub(super) async fn obstacles(&self, databases: &[String]) -> Result<Obstacles, sql::Error> {
        match self {
            Self::Postgres(session) => session.obstacles(databases).await,
            Self::Mysql(session) => session.lock().await.fence_obstacles().await,
        }
    }

    /// Sets the fence, all or nothing; returns the mark of another one that is there.
    pub(super) async fn fence(
        &self,
        databases: &[String],
        accepted: &[String],
        mark: &str,
    ) -> Result<Result<Found, String>, NotSet> {
        match self {
            Self::Postgres(session) => {
                let fenced = session.fence(databases, accepted, mark).await;
                let fenced = fenced.map_err(|error| NotSet { error, is_left: false })?;
                Ok(fenced.map(|all| Found::in_postgres(&all)))
            }
            Self::Mysql(session) => {
                let fenced = session.lock().await.fence(databases, accepted, mark).await;
                let fenced = fenced.map_err(|failed| NotSet { error: failed.error, is_left: failed.is_left })?;
                Ok(fenced.map(Found::in_mysql).map_err(|id| mark_of(&id)))
            }
        }
    }

    /// Takes it away. `known` says what was there where the server does not.
    pub(super) async fn unfence(
        &self,
        databases: &[String],
        mark: Option<&str>,
        known: &[(String, Entry)],
    ) -> Result<Kept, sql::Error> {
        match self {
            Self::Postgres(session) => session.unfence(databases, mark, known).await,
            Self::Mysql(session) => session.lock().await.unfence(databases, mark).await,
        }
    }

    /// Users who can still write; in MySQL and MariaDB, accounts and events.
    pub(super) async fn writers(&self, databases: &[String]) -> Result<Vec<String>, sql::Error> {
        let mut all = Vec::new();
        match self {
            Self::Postgres(session) => {
                for database in databases {
                    all.extend(session.writers(database).await?.names);
                }
            }
            Self::Mysql(session) => all = session.lock().await.fence_writers(databases).await?,
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// The present time, by which sessions are older than the fence. MySQL and MariaDB let no newer ones in.
    pub(super) async fn now(&self) -> Result<String, sql::Error> {
        match self {
            Self::Postgres(session) => session.now().await,
            Self::Mysql(_) => Ok(String::new()),
        }
    }

    /// How many sessions are older than the fence. They are then ended, if that is wanted.
    pub(super) async fn older_sessions(
        &self,
        databases: &[String],
        accepted: &[String],
        time: &str,
        end: bool,
    ) -> Result<i64, sql::Error> {
        match self {
            Self::Postgres(session) => {
                let open = session.older_sessions(databases, accepted, time).await?;
                if end && open > 0 {
                    session.end_older_sessions(databases, accepted, time).await?;
                }
                Ok(open)
            }
            Self::Mysql(session) => {
                let mut session = session.lock().await;
                let open = session.fenced_sessions(databases, accepted).await?;
                if end {
                    session.end_sessions(&open).await?;
                }
                Ok(i64::try_from(open.len()).unwrap_or(i64::MAX))
            }
        }
    }

    /// How many other sessions the connecting user has, if those are not ended.
    pub(super) async fn own_sessions(&self, databases: &[String]) -> Result<usize, sql::Error> {
        match self {
            Self::Postgres(_) => Ok(0),
            Self::Mysql(session) => session.lock().await.own_sessions(databases).await,
        }
    }

    pub(super) async fn position(&self, databases: &[String]) -> Result<Position, sql::Error> {
        match self {
            Self::Postgres(session) => session.position(databases).await,
            Self::Mysql(session) => session.lock().await.position().await,
        }
    }

    /// Replication slots, and whether each has confirmed a position.
    pub(super) async fn slots(&self, names: &[String], lsn: Option<&str>) -> Result<Vec<(String, bool)>, sql::Error> {
        match self {
            Self::Postgres(session) => session.slots(names, lsn).await,
            Self::Mysql(_) => Ok(Vec::new()),
        }
    }
}

impl Found {
    fn in_postgres(all: &[Fenceable]) -> Self {
        let previous = |one: &Fenceable| {
            let before = one.fence.iter().flat_map(|fence| fence.before.iter().cloned());
            let name = one.name.clone();
            before.map(move |(user, value)| PreviousSetting { database: name.clone(), user, value }).collect::<Vec<_>>()
        };
        Self {
            databases: all.iter().map(|one| one.name.clone()).collect(),
            marks: all.iter().filter_map(|one| Some(one.fence.as_ref()?.mark.clone())).collect(),
            is_open: all.iter().all(|one| one.fence.is_none() && !one.is_read_only()),
            previous: all.iter().flat_map(previous).collect(),
            locked: Vec::new(),
        }
    }

    fn in_mysql(fenced: Fenced) -> Self {
        Self {
            is_open: fenced.ids.is_empty(),
            marks: fenced.ids.iter().map(|id| mark_of(id)).collect(),
            databases: fenced.databases,
            previous: Vec::new(),
            locked: fenced.locked,
        }
    }
}

fn mark_of(id: &str) -> String {
    claims::mark(<WriteFence as tf_provider::schema::Resource<crate::world::World>>::TYPE, id)
}
