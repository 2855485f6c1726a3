//! `rdsauth_write_fence`: no more writes to databases of PostgreSQL, MySQL and MariaDB, and how far they had got.
//!
//! In PostgreSQL it owns a setting of each database, and those of users in it that would go before. What was there is
//! noted in the comment on the database, in the transaction that changes it. In MySQL and MariaDB it owns that accounts
//! are locked, and a role that tells which it has locked. Either way, an interrupted create is completed by the next, and
//! a fence can be taken away by whoever imports it.

mod diagnostics;
mod ended;
mod identity;
mod side;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Computed, Partial, Plan, Resource, Set, View, block, check, computed, optional, required};

use crate::ownership::{self, Owned};
use crate::parts::db::connection::{self, DatabaseConnection, Engine, Place};
use crate::records::claims::{self, Creator, Subject};
use crate::records::fences::Entry;
use crate::resources::write_fence::side::{Found, NotSet, Side};
use crate::sql::{self, Refusal};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Stops the writes to databases of a PostgreSQL, MySQL or MariaDB server, and records the position in its log behind
    /// the last one. Use it in a cutover before the copy takes over, and destroy it to go back. Replication goes on.
    ///
    /// In PostgreSQL, the transactions of users become read-only by default. In MySQL and MariaDB, the accounts that can
    /// write are locked, so that they cannot read either. Both are undone exactly when the resource is destroyed.
    ///
    /// ## PostgreSQL
    ///
    /// The transactions of the databases become read-only by default: default_transaction_read_only is turned on for
    /// each database, and in it for the users who have a setting of their own. Then sessions that are older have
    /// `grace_period` to end, and are ended; new ones are read-only.
    ///
    /// ~> **Note:** This stops applications, not attackers. The setting is a default: any user can turn it off for a
    /// session or begin a transaction with `READ WRITE`. Few applications do. To exclude that, too, let security groups
    /// or `REVOKE` keep them away, or lock their users.
    ///
    /// What was there is noted in the last line of the comment on each database, together with the ID of the fence. The
    /// connecting user can take the fence away at any time, since it may turn the setting off for its own session.
    ///
    /// ## MySQL and MariaDB
    ///
    /// The accounts that can write to the databases are locked with `ACCOUNT LOCK`: those with a privilege to write to
    /// everything, to one of the databases or to a table in it, those that may execute routines, which act with the rights
    /// of their definer, and those that have it by a role or through views, triggers and foreign keys of another database.
    /// Their sessions have `grace_period` to end, and are ended. Other accounts and their privileges are left alone, and
    /// so are accounts that were locked before.
    ///
    /// Which accounts it has locked is noted in a role without privileges that they are granted. Its name is "rdsauth_", the
    /// ID of the fence, and digits that stand for the databases. An account that two fences have locked is unlocked by the
    /// second destroy.
    ///
    /// The connecting account is not locked, so that it can take the fence away, and its sessions are not ended. Use one
    /// that no application connects as. Events are not stopped: those whose definer can write are in `writers`, as `event
    /// DATABASE.NAME`, and have to be disabled or accepted.
    ///
    /// ~> **Note:** A locked account can neither read nor use other databases. To let applications read, or for a copy that
    /// is a replica, turn on the DB parameter read_only with `rdsauth_parameter` instead: `ACCOUNT LOCK` is replicated, so
    /// accounts are locked at a replica, too. There they stay locked until the fence is imported and destroyed at it.
    ///
    /// ~> **Note:** MySQL 8.0 or MariaDB 10.4 is required. MySQL has not been tested, only MariaDB.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects users who can write again, or not yet, and the next apply fences them, ends older sessions and
    /// records the new position. If nothing of the fence is left, it is created again.
    ///
    /// ## Destroy
    ///
    /// In PostgreSQL, each setting is restored in one transaction to the value that it had, or removed if it was not there,
    /// and the comment is as it was. In MySQL and MariaDB, the accounts that the fence has locked are unlocked, and its role
    /// is dropped. What somebody has changed meanwhile, and the fence of another resource, are left, with a warning.
    ///
    /// If the state is lost, import the fence and destroy it.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `rds-db:connect` for the login with `auth = "iam"`, or `secretsmanager:GetSecretValue` with `auth = "secret"`, and
    /// `kms:Decrypt` if the secret is encrypted with a customer managed key.
    ///
    /// ### Database
    ///
    /// In PostgreSQL, the connecting user must own the databases, directly or as a member of their owner, and be a member
    /// of pg_read_all_stats and pg_signal_backend, as the [master
    /// user](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html)
    /// is. For users with a setting of their own it needs `CREATEROLE`, and on PostgreSQL 16 and later their `ADMIN OPTION`.
    ///
    /// In MySQL and MariaDB, it needs `CREATE USER`, `PROCESS` and `REPLICATION CLIENT`, `SELECT` on the database `mysql`,
    /// and `SHOW VIEW`, `TRIGGER`, `EVENT` and `REFERENCES` on all databases; in MySQL also `ROLE_ADMIN` and
    /// `XA_RECOVER_ADMIN`. To end sessions it needs `EXECUTE` on the procedure mysql.rds_kill of RDS, or elsewhere
    /// `CONNECTION_ADMIN`, which is `CONNECTION ADMIN` in MariaDB. The master user has them.
    /// A view whose definition it cannot read, for lack of `SELECT` on its tables, counts as one of the databases.
    pub struct WriteFence {
        /// Names of the databases to fence.
        databases: Set<String> = required().replace().check(check::size(1..=1000)).each(check::length(1..=64)),
        /// Database engine, as in `aws_db_instance`.
        engine: String = optional()
            .or("postgres")
            .check(check::one_of(&["postgres", "aurora-postgresql", "mysql", "mariadb", "aurora-mysql"])),
        /// How long sessions that are older than the fence may take to end by themselves, such as `30s`.
        grace_period: String = optional().or("30s").check(connection::duration()),
        /// Users who may go on to write, in MySQL and MariaDB as `user@host`, or `event DATABASE.NAME`. Their sessions and
        /// their own settings are left alone. In PostgreSQL, new sessions of those without settings of their own are
        /// read-only by default, too. In MySQL and MariaDB, those that the fence has locked are unlocked.
        accepted_writers: Option<Set<String>> = optional().each(check::length(1..=330)),
        /// Names of replication slots of PostgreSQL that have to confirm `lsn`: those that carry the changes to the copy.
        /// The apply waits for them, and `drained` tells whether they have.
        replication_slots: Option<Set<String>> = optional().check(check::size(1..=100)).each(check::length(1..=63)),
        /// Endpoint and databases.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Position in the write-ahead log of PostgreSQL after the last write, such as `0/1A2B3C4D`. Null after an import.
        lsn: Computed<Option<String>> = computed().keep(),
        /// File of the binary log of MySQL or MariaDB with the last write. Null if there is none, and after an import.
        binlog_file: Computed<Option<String>> = computed().keep(),
        /// Position in that file after the last write.
        binlog_position: Computed<Option<i64>> = computed().keep(),
        /// Global transaction IDs in the binary log after the last write: gtid_executed of MySQL, gtid_binlog_pos of
        /// MariaDB. Null if there are none, and after an import.
        gtid: Computed<Option<String>> = computed().keep(),
        /// Whether all of `replication_slots` have confirmed `lsn`. Null without them. As long as it is `false`, each apply
        /// waits for them again.
        drained: Computed<Option<bool>> = computed().keep(),
        /// Users who can still write: in PostgreSQL those whose sessions are not read-only by default, in MySQL and MariaDB
        /// accounts that can log in, and events.
        writers: Computed<Vec<String>> = computed().keep(),
        /// Settings of PostgreSQL that were changed, and what they were before.
        previous: Computed<Vec<PreviousSetting>> = computed().keep(),
        /// Accounts of MySQL and MariaDB that were locked.
        locked_users: Computed<Vec<String>> = computed().keep(),
        /// Connection to the server, and how to authenticate.
        database_connection: DatabaseConnection = block().min(1),
    }
    timeouts { create: "10m", read: "2m", update: "10m", delete: "5m" }
    identity { identity::WriteFenceIdentity }
}

tf_provider::model! {
    /// A setting that was changed.
    pub struct PreviousSetting {
        /// Name of the database.
        database: String = computed(),
        /// Name of the user. Null for the setting of the database itself.
        user: Option<String> = computed(),
        /// Value that it had. Null if it was not set.
        value: Option<String> = computed(),
    }
}

impl Resource<World> for WriteFence {
    const TYPE: &'static str = "write_fence";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let mut claim = ownership::begin(cx, &plan).await?;
        let side = plan.side(cx).await?;
        let found = plan.find(&side).await?;
        if let Some(foreign) = found.marks.iter().find(|mark| !claim.owns_mark(Some(mark))) {
            return Err(claim.refuse(&Creator::Mark(foreign.clone())));
        }
        if let Some(mark) = found.marks.first() {
            claim.resume(mark);
            claim.warn_adopted(cx);
            claim.note(cx, None, None);
            claim.created(cx);
            plan.describe(&found);
            cx.save(&plan);
        }
        plan.check_server(&side).await?;
        claim.note(cx, None, None);
        match plan.fence(cx, &side, &claim.mark()).await {
            Ok(None) => {}
            Ok(Some(foreign)) => return Err(claim.refuse(&Creator::Mark(foreign))),
            Err((error, is_left)) => {
                if is_left {
                    claim.created(cx);
                    plan.describe(&Found::default());
                    cx.save(&plan);
                }
                return Err(error);
            }
        }
        claim.created(cx);
        cx.save(&plan);
        plan.finish(cx, &side).await?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let Some(side) = connection::for_refresh(cx, state.side(cx)).await? else { return Ok(Some(state)) };
        let found = side.find(&state.databases).await;
        let Some(found) = connection::unless_lost(cx, found, connection::AS_KNOWN)? else { return Ok(Some(state)) };
        if found.marks.is_empty() && (cx.is_import() || found.is_open) {
            return Ok(None);
        }
        if found.marks.iter().any(|mark| claims::is_of_another(cx, Self::TYPE, Some(mark))) {
            cx.warn(claims::recreated(&ownership::subject(&state)?));
            return Ok(None);
        }
        // Core loses the private state if the provider dies in an update.
        claims::keep_creation_id(cx, Self::TYPE, found.marks.first().map(String::as_str));
        if cx.is_import() {
            state.forget_position();
            state.drained = None.into();
        }
        if !found.marks.is_empty() {
            state.previous = found.previous.into();
            state.locked_users = found.locked.into();
        }
        let writers = side.writers(&state.databases).await;
        let Some(writers) = connection::unless_lost(cx, writers, connection::AS_KNOWN)? else { return Ok(Some(state)) };
        state.writers = writers.into();
        if let (Computed::Known(Some(false)), Computed::Known(Some(lsn))) = (&state.drained, &state.lsn) {
            let slots = side.slots(state.slots(), Some(lsn)).await;
            let Some(slots) = connection::unless_lost(cx, slots, connection::AS_KNOWN)? else { return Ok(Some(state)) };
            let is_drained = slots.len() == state.slots().len() && slots.iter().all(|(_, is_there)| *is_there);
            state.drained = Some(is_drained).into();
        }
        side.leave(cx, &state.database_connection);
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        if !state.has_holes_for_all_but(plan.accepted()) {
            if state.waits_for(plan.slots()) {
                let side = plan.side(cx).await?;
                plan.drain(cx, &side).await?;
            }
            return Ok(plan);
        }
        let side = plan.side(cx).await?;
        plan.check_server(&side).await?;
        let Some(mark) = claims::own_mark(cx, Self::TYPE) else {
            return Err(Diagnostic::bug("the fence has no creation ID"));
        };
        if let Some(foreign) = plan.fence(cx, &side, &mark).await.map_err(|(error, _)| error)? {
            return Err(claims::exists(&ownership::subject(&plan)?, &Creator::Mark(foreign)));
        }
        plan.finish(cx, &side).await?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let opened = state.side(cx).await;
        let what = format!("The fence around {}", state.names());
        let opened = state.database_connection.unless_deleted(cx, state.family()?, opened, &what).await;
        let Some(side) = opened? else { return deletion.done() };
        let known: Vec<(String, Entry)> = state.previous.get()?.iter().map(PreviousSetting::entry).collect();
        let mark = claims::own_mark(cx, Self::TYPE);
        let kept = side.unfence(&state.databases, mark.as_deref(), &known).await;
        let kept = kept.map_err(|error| diagnostics::not_removed(state.fault(error)))?;
        if !kept.foreign.is_empty() {
            cx.warn(claims::recreated(&ownership::subject(&state)?));
        }
        if !kept.changed.is_empty() {
            cx.warn(diagnostics::changed(state.family()?, &kept.changed));
        }
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let of_block = config.block(Self::database_connection).map(|it| DatabaseConnection::check(&it));
        let mut complaints = of_block.unwrap_or_default();
        let engine = config.get(Self::engine).known().and_then(|engine| Engine::of(&engine));
        if engine == Some(Engine::Mysql) {
            complaints.extend(config.is_set(Self::replication_slots).then(diagnostics::no_slots));
            let accepted = config.get(Self::accepted_writers).known().unwrap_or_default();
            complaints.extend(accepted.iter().filter_map(|name| diagnostics::of_mysql(name)));
        }
        complaints
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::warn_if_exists(cx, plan).await;
        let (Some(prior), Some(planned)) = (plan.prior(), plan.planned()) else { return Ok(()) };
        let is_elsewhere = Self::place(&planned).is_some_and(|new| Self::place(&prior).is_some_and(|old| old != new));
        let accepted = planned.get(Self::accepted_writers).known();
        let slots = planned.get(Self::replication_slots).known();
        let prior = prior.decode();
        if is_elsewhere {
            plan.replace(Self::database_connection);
        }
        if prior.as_ref().is_none_or(|it| it.has_holes_for_all_but(accepted.as_deref().unwrap_or_default())) {
            plan.forget(Self::writers);
            plan.forget(Self::lsn);
            plan.forget(Self::binlog_file);
            plan.forget(Self::binlog_position);
            plan.forget(Self::gtid);
            plan.forget(Self::drained);
            plan.forget(Self::previous);
            plan.forget(Self::locked_users);
        } else if prior.as_ref().is_some_and(|it| it.waits_for(slots.as_deref().unwrap_or_default())) {
            plan.forget(Self::drained);
            if prior.is_some_and(|it| matches!(it.lsn, Computed::Known(None))) {
                plan.forget(Self::lsn);
            }
        }
        Ok(())
    }

    /// `[ENGINE://][LOGIN@]HOST[:PORT]/DATABASE[/DATABASE…]`.
    fn import(id: &str) -> Result<Partial<Self>> {
        let (engine, rest) = id.split_once("://").unwrap_or(("postgres", id));
        let Some(family) = Engine::of(engine) else { return Err(diagnostics::no_engine(id, engine)) };
        let (mut connection, databases) = DatabaseConnection::of_import(rest)?;
        connection.database = databases.first().filter(|_| family == Engine::Postgres).cloned();
        let databases = databases.into_iter().collect::<Set<_>>();
        Ok(Partial::default()
            .with(Self::engine, engine.to_owned())
            .with(Self::databases, databases)
            .with(Self::database_connection, connection))
    }
}

impl Owned for WriteFence {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (names, connection) = (of.get(Self::databases).known()?, of.block(Self::database_connection)?);
        let (engine, (_, place)) = (of.get(Self::engine).known()?, Self::place(of)?);
        let mut names: Vec<_> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        let scheme = if engine == "postgres" { String::new() } else { format!("{engine}://") };
        Some(Subject {
            kind: Self::TYPE,
            noun: "Write fence",
            what: format!("fence around {} in the database server {place}", names.join(", ")),
            found: claims::EXISTS,
            arguments: "\"databases\"",
            import_id: format!("{scheme}{}", connection.decode()?.import_id(&names)),
            region: None,
            key: format!("{place}/{}", names.join("/")),
            at: Self::databases.path(),
        })
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(planned) = planned.decode().filter(|_| !connection::is_skipped(cx)) else { return Ok(None) };
        let Some(side) = connection::for_plan(cx, planned.side(cx).await, true) else { return Ok(None) };
        let found = side.find(&planned.databases).await?;
        side.leave(cx, &planned.database_connection);
        Ok(found.marks.into_iter().next().map(Creator::Mark))
    }
}

impl WriteFence {
    fn family(&self) -> Result<Engine> {
        Engine::of(&self.engine).ok_or_else(|| Diagnostic::bug(format!("the engine {} passed the check", self.engine)))
    }

    async fn side(&self, cx: &Ctx) -> Result<Side> {
        Side::open(cx, self.family()?, &self.database_connection).await
    }

    /// The server, if it is known.
    fn place(of: &View<'_, Self>) -> Option<(Engine, Place)> {
        let engine = Engine::of(&of.get(Self::engine).known()?)?;
        Some((engine, Place::planned(&of.block(Self::database_connection)?, engine)?))
    }

    fn accepted(&self) -> &[String] {
        self.accepted_writers.as_deref().unwrap_or_default()
    }

    fn slots(&self) -> &[String] {
        self.replication_slots.as_deref().unwrap_or_default()
    }

    fn names(&self) -> String {
        self.databases.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }

    /// Whether the last look found no writers but these.
    fn is_closed_to_all_but(&self, accepted: &[String]) -> bool {
        matches!(&self.writers, Computed::Known(writers) if writers.iter().all(|one| accepted.contains(one)))
    }

    /// Whether the fence is not as it should be: others than these can write, or one of these is locked.
    fn has_holes_for_all_but(&self, accepted: &[String]) -> bool {
        let is_locked = |one: &String| matches!(&self.locked_users, Computed::Known(all) if all.contains(one));
        !self.is_closed_to_all_but(accepted) || accepted.iter().any(is_locked)
    }

    /// Whether replication slots have to be waited for that are not known to have confirmed the last write.
    fn waits_for(&self, slots: &[String]) -> bool {
        let has_all = self.slots().len() == slots.len() && slots.iter().all(|slot| self.slots().contains(slot));
        !has_all || matches!(self.drained, Computed::Known(Some(false)))
    }

    /// The databases, all of which must exist.
    async fn find(&self, side: &Side) -> Result<Found> {
        let found = side.find(&self.databases).await.map_err(|error| self.fault(error))?;
        let missing = self.databases.iter().find(|name| !found.databases.contains(name));
        missing.map_or(Ok(found), |name| Err(diagnostics::no_database(name)))
    }

    async fn check_server(&self, side: &Side) -> Result<()> {
        let found = side.obstacles(&self.databases).await.map_err(|error| self.fault(error))?;
        diagnostics::obstacles(self.family()?, &side.user().await, &found)?;
        match self.slots() {
            [] => Ok(()),
            slots => diagnostics::all_slots(slots, &side.slots(slots, None).await.map_err(|error| self.fault(error))?),
        }
    }

    /// Sets the fence, all or nothing; returns the mark of another one that is there. An error says whether something is
    /// left nevertheless.
    async fn fence(&mut self, cx: &Ctx, side: &Side, mark: &str) -> Result<Option<String>, (Diagnostic, bool)> {
        let family = self.family().map_err(|error| (error, false))?;
        let fenced = match side.fence(&self.databases, self.accepted(), mark).await {
            Ok(Ok(fenced)) => fenced,
            Ok(Err(foreign)) => return Ok(Some(foreign)),
            Err(NotSet { error, is_left }) => {
                return Err((diagnostics::not_set(family, is_left, self.fault(error)), is_left));
            }
        };
        cx.progress(match family {
            Engine::Postgres => format!("Sessions of {} are read-only from now on", self.names()),
            Engine::Mysql => format!("Accounts that can write to {} are locked: {}", self.names(), fenced.locked.len()),
        });
        self.describe(&fenced);
        Ok(None)
    }

    /// Ends what began before the fence, and records where the writes have ended.
    async fn finish(&mut self, cx: &Ctx, side: &Side) -> Result<()> {
        let fault = |error| self.fault(error);
        let writers = side.writers(&self.databases).await.map_err(fault)?;
        ended::end_older_sessions(cx, self, side).await?;
        self.check_server(side).await?;
        let own = side.own_sessions(&self.databases).await.map_err(fault)?;
        let position = side.position(&self.databases).await.map_err(fault)?;
        self.writers = writers.into();
        if !self.is_closed_to_all_but(self.accepted()) {
            return Err(diagnostics::still_writable(self.family()?, self.writers.get()?, self.accepted()));
        }
        if own > 0 {
            cx.warn(diagnostics::own_sessions(&side.user().await, own));
        }
        self.lsn = position.lsn.into();
        self.binlog_file = position.file.into();
        self.binlog_position = position.offset.into();
        self.gtid = position.gtid.into();
        self.drain(cx, side).await
    }

    /// Waits for the replication slots.
    async fn drain(&mut self, cx: &Ctx, side: &Side) -> Result<()> {
        if self.slots().is_empty() {
            self.drained = None.into();
            return Ok(());
        }
        let lsn = match &self.lsn {
            Computed::Known(Some(lsn)) => lsn.clone(),
            _ => side.position(&self.databases).await.map_err(|error| self.fault(error))?.lsn.unwrap_or_default(),
        };
        self.lsn = Some(lsn.clone()).into();
        self.drained = Some(ended::drain(cx, self, side, &lsn).await?).into();
        Ok(())
    }

    fn forget_position(&mut self) {
        self.lsn = None.into();
        self.binlog_file = None.into();
        self.binlog_position = None.into();
        self.gtid = None.into();
    }

    /// What is there as long as the fence is not finished.
    fn describe(&mut self, found: &Found) {
        self.previous = found.previous.clone().into();
        self.locked_users = found.locked.clone().into();
        self.writers = Vec::new().into();
        self.drained = (!self.slots().is_empty()).then_some(false).into();
        self.forget_position();
    }

    /// Points a statement that failed at its cause.
    fn fault(&self, error: sql::Error) -> Diagnostic {
        let changed = match error.refusal() {
            Some(Refusal::Permission) => Self::database_connection.path(),
            _ => Self::databases.path(),
        };
        let there = Self::database_connection;
        let at = self.database_connection.at_fault(&error, there, Self::databases, changed);
        Diagnostic::from(error).at(at)
    }
}

impl PreviousSetting {
    fn entry(&self) -> (String, Entry) {
        (self.database.clone(), (self.user.clone(), self.value.clone()))
    }
}
