//! Locking the accounts that can write to databases, and unlocking exactly those.
//!
//! Neither server has transactions for that, so the accounts are first marked with a role, which has no privileges, and
//! then locked. Whatever is interrupted, an account that has the role was not locked before.

use crate::records::fences;
use crate::sql::error::Refusal;
use crate::sql::fence::{Kept, Obstacles, Position};
use crate::sql::mysql::Session;
use crate::sql::mysql::accounts::Account;
use crate::sql::mysql::movability::{SYSTEM, text};
use crate::sql::mysql::server::Server;
use crate::sql::quote::my_given;
use crate::sql::{Error, Kind};

/// A fence as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fenced {
    /// The databases of the wanted names that there are.
    pub databases: Vec<String>,
    /// The IDs of the creates that have fenced these databases.
    pub ids: Vec<String>,
    /// The accounts that the fences have locked, or are about to.
    pub locked: Vec<String>,
}

/// A fence that could not be set.
#[derive(Clone, Debug)]
pub struct NotSet {
    /// Why.
    pub error: Error,
    /// Whether something of it is left, since it could not be undone either.
    pub is_left: bool,
}

const DATABASES: &str = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME NOT IN (SYSTEM)";

const ROLES_IN_MARIADB: &str = "SELECT User FROM mysql.user WHERE is_role = 'Y' ORDER BY 1";
const ROLES_IN_MYSQL: &str = "SELECT User FROM mysql.user WHERE Host = '%' ORDER BY 1";

/// Events act with the rights of their definer, even if that is locked.
const EVENTS: &str = "
SELECT EVENT_SCHEMA, EVENT_NAME, DEFINER FROM information_schema.EVENTS
WHERE STATUS = 'ENABLED' AND @@global.event_scheduler = 'ON' ORDER BY 1, 2";

/// Replicas go on, and so do the server's own threads.
const SESSIONS: &str = "
SELECT CAST(ID AS CHAR), USER, COALESCE(DB, '') FROM information_schema.PROCESSLIST
WHERE ID <> CONNECTION_ID() AND COMMAND NOT IN ('Binlog Dump', 'Binlog Dump GTID', 'Daemon', 'Slave_IO', 'Slave_SQL')
    AND USER NOT IN ('system user', 'event_scheduler', 'unauthenticated user', 'rdsadmin', 'rdsrepladmin')";

/// Needs the privilege PROCESS, without which a list of sessions has but one's own.
const SEES_OTHERS: &str = "SELECT 1 FROM information_schema.INNODB_TRX LIMIT 1";

/// A lock that whoever sets a fence has for so many seconds at most.
const TURN: &str = "rdsauth_write_fence";
const PATIENCE: u32 = 10;

/// A thread that has ended, and one of another user.
const NO_THREAD: &str = "1094";
const NOT_OWNER: &str = "1095";

impl Session {
    /// Which of the databases there are, and what fences them.
    ///
    /// # Errors
    /// Any.
    pub async fn fenced(&mut self, databases: &[String]) -> Result<Fenced, Error> {
        let roles = self.fence_roles(databases).await?;
        let accounts = self.accounts(databases).await?;
        let rows = self.rows(&DATABASES.replace("SYSTEM", SYSTEM), ()).await?;
        let there: Vec<_> = rows.iter().map(|row| text(row, 0)).collect();
        Ok(Fenced {
            databases: databases.iter().filter(|name| there.contains(name)).cloned().collect(),
            ids: roles.iter().filter_map(|role| fences::id_of_role(role, databases)).collect(),
            locked: accounts
                .iter()
                .filter(|one| one.fences.iter().any(|role| roles.contains(role)))
                .map(Account::title)
                .collect(),
        })
    }

    /// Locks the accounts that can write to the databases, but for its own and accepted ones, and unlocks those that have
    /// been accepted since. Returns nothing but the ID of the fence that is there, if it is another. What fails changes
    /// nothing, unless it says so.
    ///
    /// # Errors
    /// Any.
    pub async fn fence(
        &mut self,
        databases: &[String],
        accepted: &[String],
        mark: &str,
    ) -> Result<Result<Fenced, String>, NotSet> {
        let untouched = |error| NotSet { error, is_left: false };
        self.take_turn().await.map_err(untouched)?;
        let fenced = self.fence_in_turn(databases, accepted, mark).await;
        // It ends with the session as well.
        if let Err(error) = self.run(&format!("DO RELEASE_LOCK('{TURN}')")).await {
            tracing::debug!(%error, "the lock of fences was not released");
        }
        fenced
    }

    /// Two fences around the same databases are not to find each other missing.
    async fn take_turn(&mut self) -> Result<(), Error> {
        let row = self.row(&format!("SELECT CAST(GET_LOCK('{TURN}', {PATIENCE}) AS CHAR)"), ()).await?;
        match row.is_some_and(|row| text(&row, 0) == "1") {
            true => Ok(()),
            false => Err(self.error(format!("the lock {TURN} is held by another session for {PATIENCE} seconds"))),
        }
    }

    async fn fence_in_turn(
        &mut self,
        databases: &[String],
        accepted: &[String],
        mark: &str,
    ) -> Result<Result<Fenced, String>, NotSet> {
        let untouched = |error| NotSet { error, is_left: false };
        let role = fences::role(mark, databases);
        let there = self.fence_roles(databases).await.map_err(untouched)?;
        if let Some(foreign) = there.iter().find(|found| **found != role) {
            return Ok(Err(fences::id_of_role(foreign, databases).unwrap_or_default()));
        }
        let accounts = self.accounts(databases).await.map_err(untouched)?;
        let own = self.own_account().await.map_err(untouched)?;
        let is_wanted = |one: &&Account| one.can_be_locked() && one.title() != own && !accepted.contains(&one.title());
        // Another fence may have locked it, and then does not unlock it before this one is taken away.
        let is_open = |one: &&Account| !one.is_locked || (!one.fences.is_empty() && !one.fences.contains(&role));
        let new: Vec<_> = accounts.iter().filter(is_wanted).filter(is_open).collect();
        let released: Vec<_> =
            accounts.iter().filter(|one| one.fences.contains(&role) && accepted.contains(&one.title())).collect();
        let is_new = there.is_empty();
        if is_new {
            let created = self.run(&format!("CREATE ROLE {}", my_given(&role))).await;
            // Without an answer, it may exist.
            created.map_err(|error| NotSet { is_left: !matches!(error.kind, Kind::Server(_)), error })?;
        }
        if let Err(error) = self.lock(&role, &new).await {
            let undone = self.undo(&role, is_new, &new).await;
            return Err(NotSet { error, is_left: is_new && undone.is_err() });
        }
        let untouched = |error| NotSet { error, is_left: is_new };
        self.release(&role, &released).await.map_err(untouched)?;
        self.fenced(databases).await.map(Ok).map_err(untouched)
    }

    async fn lock(&mut self, role: &str, accounts: &[&Account]) -> Result<(), Error> {
        for statement in locking(role, accounts) {
            self.run(&statement).await?;
        }
        Ok(())
    }

    async fn undo(&mut self, role: &str, is_new: bool, accounts: &[&Account]) -> Result<(), Error> {
        let open: Vec<_> = accounts.iter().filter(|one| !one.is_locked).copied().collect();
        if !open.is_empty() {
            self.run(&format!("ALTER USER {} ACCOUNT UNLOCK", list(&open))).await?;
        }
        match is_new {
            true => self.run(&format!("DROP ROLE IF EXISTS {}", my_given(role))).await,
            false if accounts.is_empty() => Ok(()),
            false => self.run(&format!("REVOKE {} FROM {}", my_given(role), list(accounts))).await,
        }
    }

    /// Unlocks accounts that a fence has locked, unless another fence has done so too.
    async fn release(&mut self, role: &str, accounts: &[&Account]) -> Result<(), Error> {
        let free: Vec<_> = accounts.iter().filter(|one| one.fences.len() < 2 && one.is_locked).copied().collect();
        if !free.is_empty() {
            self.run(&format!("ALTER USER {} ACCOUNT UNLOCK", list(&free))).await?;
        }
        match accounts.is_empty() {
            true => Ok(()),
            false => self.run(&format!("REVOKE {} FROM {}", my_given(role), list(accounts))).await,
        }
    }

    /// Takes the fence with this mark away.
    ///
    /// # Errors
    /// Any; then the fence is still there, and can be taken away again.
    pub async fn unfence(&mut self, databases: &[String], mark: Option<&str>) -> Result<Kept, Error> {
        let (mut kept, ours) = (Kept::default(), mark.map(|mark| fences::role(mark, databases)));
        for role in self.fence_roles(databases).await? {
            if ours.as_ref().is_some_and(|ours| *ours != role) {
                kept.foreign.extend(databases.iter().cloned());
                continue;
            }
            let accounts = self.accounts(databases).await?;
            let members: Vec<_> = accounts.iter().filter(|one| one.fences.contains(&role)).collect();
            let free: Vec<_> = members.iter().filter(|one| one.is_locked && one.fences.len() < 2).copied().collect();
            if !free.is_empty() {
                self.run(&format!("ALTER USER {} ACCOUNT UNLOCK", list(&free))).await?;
            }
            self.run(&format!("DROP ROLE IF EXISTS {}", my_given(&role))).await?;
            kept.changed.extend(members.iter().filter(|one| !one.is_locked).map(|one| one.title()));
        }
        Ok(kept)
    }

    /// Who can write to the databases besides the session's own account: accounts that can log in, and events, as `event
    /// DATABASE.NAME`.
    ///
    /// # Errors
    /// Any.
    pub async fn fence_writers(&mut self, databases: &[String]) -> Result<Vec<String>, Error> {
        let accounts = self.accounts(databases).await?;
        let own = self.own_account().await?;
        let can_log_in = |one: &&Account| one.writes && !one.is_locked && !one.is_role && one.title() != own;
        let mut writers: Vec<_> = accounts.iter().filter(can_log_in).map(Account::title).collect();
        let writing: Vec<_> = accounts.iter().filter(|one| one.writes).map(Account::title).collect();
        for row in self.rows(EVENTS, ()).await? {
            if writing.contains(&text(&row, 2)) {
                writers.push(format!("event {}.{}", text(&row, 0), text(&row, 1)));
            }
        }
        Ok(writers)
    }

    /// The sessions of those who could write to the databases before they were fenced, but for accepted users. A session
    /// goes on although its account is locked or dropped, and the server does not tell which of the accounts of a name
    /// it has.
    ///
    /// # Errors
    /// Any.
    pub async fn fenced_sessions(&mut self, databases: &[String], accepted: &[String]) -> Result<Vec<String>, Error> {
        let accounts = self.accounts(databases).await?;
        let fenced = |name: &str| {
            let mut of_name = accounts.iter().filter(|one| one.name == name).peekable();
            of_name.peek().is_none() || of_name.any(|one| one.writes && !accepted.contains(&one.title()))
        };
        let own = self.user().to_owned();
        let rows = self.rows(SESSIONS, ()).await?;
        let open = rows.iter().filter(|row| text(row, 1) != own && fenced(&text(row, 1)));
        Ok(open.map(|row| text(row, 0)).collect())
    }

    /// How many other sessions its own user has in the databases.
    ///
    /// # Errors
    /// Any.
    pub async fn own_sessions(&mut self, databases: &[String]) -> Result<usize, Error> {
        let own = self.user().to_owned();
        let rows = self.rows(SESSIONS, ()).await?;
        Ok(rows.iter().filter(|row| text(row, 1) == own && databases.contains(&text(row, 2))).count())
    }

    /// Ends sessions. Masters of RDS end those of others by a procedure of RDS.
    ///
    /// # Errors
    /// Any but that they have ended.
    pub async fn end_sessions(&mut self, ids: &[String]) -> Result<(), Error> {
        for id in ids {
            let mut ended = self.run(&format!("KILL {id}")).await;
            if has_code(&ended, NOT_OWNER) {
                ended = self.run(&format!("CALL mysql.rds_kill({id})")).await;
            }
            if !has_code(&ended, NO_THREAD) {
                ended?;
            }
        }
        Ok(())
    }

    /// Why the server cannot be fenced.
    ///
    /// # Errors
    /// Any.
    pub async fn fence_obstacles(&mut self) -> Result<Obstacles, Error> {
        let mut found = Obstacles { needs: needed(self.server()), ..Obstacles::default() };
        let row = self.row("SELECT CAST(@@global.read_only AS CHAR)", ()).await?;
        found.is_read_only = row.is_some_and(|row| !["", "0", "OFF"].contains(&text(&row, 0).as_str()));
        found.is_replica = self.is_replica().await?;
        match self.rows(SEES_OTHERS, ()).await {
            Err(error) if error.refusal() == Some(Refusal::Permission) => found.lacks = Some("PROCESS"),
            answer => drop(answer?),
        }
        match self.unprepared("XA RECOVER").await {
            // Servers answer a missing privilege with several codes.
            Err(Error { kind: Kind::Server(_), .. }) => found.lacks = Some("XA_RECOVER_ADMIN"),
            answer => found.prepared = answer?.iter().map(|row| text(row, 3)).collect(),
        }
        Ok(found)
    }

    /// The end of the binary log; nothing if there is none.
    ///
    /// # Errors
    /// Any.
    pub async fn position(&mut self) -> Result<Position, Error> {
        let [status, gtid] = position(self.server());
        let rows = self.unprepared(status).await?;
        let Some(row) = rows.first() else { return Ok(Position::default()) };
        let (file, offset) = (text(row, 0), text(row, 1).parse().ok());
        let gtid = self.row(gtid, ()).await?.map(|row| text(&row, 0).replace('\n', "")).unwrap_or_default();
        Ok(Position { lsn: None, file: Some(file), offset, gtid: Some(gtid).filter(|set| !set.is_empty()) })
    }

    /// The roles of fences around these databases.
    async fn fence_roles(&mut self, databases: &[String]) -> Result<Vec<String>, Error> {
        let sql = if self.server().is_mariadb { ROLES_IN_MARIADB } else { ROLES_IN_MYSQL };
        let rows = self.rows(sql, ()).await?;
        Ok(rows.iter().map(|row| text(row, 0)).filter(|name| fences::id_of_role(name, databases).is_some()).collect())
    }

    async fn own_account(&mut self) -> Result<String, Error> {
        let row = self.row("SELECT CURRENT_USER()", ()).await?;
        Ok(row.map(|row| text(&row, 0)).unwrap_or_default())
    }
}

impl Account {
    /// Nobody has a role whose name is empty.
    fn can_be_locked(&self) -> bool {
        self.writes && !self.is_role && !self.name.is_empty()
    }
}

/// What marks the accounts and locks them: one statement for all of them.
fn locking(role: &str, accounts: &[&Account]) -> Vec<String> {
    if accounts.is_empty() {
        return Vec::new();
    }
    let list = list(accounts);
    vec![format!("GRANT {} TO {list}", my_given(role)), format!("ALTER USER {list} ACCOUNT LOCK")]
}

fn list(accounts: &[&Account]) -> String {
    let quoted = |one: &&Account| format!("{}@{}", my_given(&one.name), my_given(&one.host));
    accounts.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// The version with roles and accounts that can be locked, if the server has an older one.
fn needed(server: Server) -> Option<&'static str> {
    match () {
        () if server.is_mariadb => (!server.is_mariadb_since(10, 4)).then_some("MariaDB 10.4"),
        () => (!server.is_mysql_since(8, 0)).then_some("MySQL 8.0"),
    }
}

/// The statement for the end of the binary log, and the query for its transaction IDs.
fn position(server: Server) -> [&'static str; 2] {
    match () {
        () if server.is_mariadb => ["SHOW MASTER STATUS", "SELECT @@global.gtid_binlog_pos"],
        () if server.is_mysql_since(8, 2) => ["SHOW BINARY LOG STATUS", "SELECT @@global.gtid_executed"],
        () => ["SHOW MASTER STATUS", "SELECT @@global.gtid_executed"],
    }
}

fn has_code(answer: &Result<(), Error>, code: &str) -> bool {
    matches!(answer, Err(Error { code: Some(found), .. }) if **found == *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_marked_and_then_locked() {
        let account =
            |name: &str, host: &str| Account { name: name.to_owned(), host: host.to_owned(), ..Account::default() };
        let (one, two) = (account("ap`p", "%"), account("jane@x", "10.0.0.%"));
        assert_eq!(
            locking("rdsauth_1f", &[&one, &two]),
            [
                "GRANT `rdsauth_1f` TO `ap``p`@`%`, `jane@x`@`10.0.0.%`",
                "ALTER USER `ap``p`@`%`, `jane@x`@`10.0.0.%` ACCOUNT LOCK"
            ]
        );
        assert_eq!(locking("rdsauth_1f", &[]), [""; 0]);
    }

    #[test]
    fn each_server_has_its_statements() {
        let mariadb = Server::new("10.11.6-MariaDB", 0);
        assert_eq!(position(mariadb), ["SHOW MASTER STATUS", "SELECT @@global.gtid_binlog_pos"]);
        assert_eq!(position(Server::new("8.0.40", 0))[0], "SHOW MASTER STATUS");
        assert_eq!(position(Server::new("8.4.3", 0)), ["SHOW BINARY LOG STATUS", "SELECT @@global.gtid_executed"]);
        assert_eq!((needed(mariadb), needed(Server::new("8.0.40", 0))), (None, None));
        assert_eq!(needed(Server::new("5.7.44-log", 0)), Some("MySQL 8.0"));
        assert_eq!(needed(Server::new("10.3.1-MariaDB", 0)), Some("MariaDB 10.4"));
    }
}
