//! `rdsauth_write_fence`: no more writes to databases of PostgreSQL, and how far they had got.
//!
//! It owns a setting of each database, and those of users in it that would go before. What was there is noted in the
//! comment on the database, in the transaction that changes it: an interrupted create has fenced all databases or none,
//! and a fence can be taken away by whoever imports it.

mod diagnostics;
mod ended;
mod identity;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Computed, Partial, Plan, Resource, Set, View, block, check, computed, optional, required};

use crate::ownership::{self, Owned};
use crate::parts::db::connection::{self, DatabaseConnection, Engine, Place};
use crate::records::claims::{self, Creator, Subject};
use crate::records::fences::Entry;
use crate::sql::postgres::Session;
use crate::sql::postgres::fence::Fenceable;
use crate::sql::{self, Refusal};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Stops the writes to databases of a PostgreSQL server, and records the position in the write-ahead log behind the
    /// last one. Use it in a cutover before the copy takes over, and destroy it to go back. Replication goes on.
    ///
    /// The transactions of the databases become read-only by default: default_transaction_read_only is turned on for
    /// each database, and in it for the users who have a setting of their own. Then sessions that are older have
    /// `grace_period` to end, and are ended; new ones are read-only.
    ///
    /// ~> **Note:** This stops applications, not attackers. The setting is a default: any user can turn it off for a
    /// session or begin a transaction with `READ WRITE`. Few applications do. To exclude that, too, let security groups
    /// or `REVOKE` keep them away, or lock their users.
    ///
    /// ~> **Note:** MySQL and MariaDB are not supported: use the DB parameter read_only there, for example with
    /// `rdsauth_parameter`.
    ///
    /// What was there is noted in the last line of the comment on each database, together with the ID of the fence. The
    /// connecting user can take the fence away at any time, since it may turn the setting off for its own session.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects users whose sessions are not read-only by default any more, or not yet, and the next apply fences
    /// them, ends older sessions and records the new position. If nothing of the fence is left, it is created again.
    ///
    /// ## Destroy
    ///
    /// In one transaction, each setting is restored to the value that it had, or removed if it was not there, and the
    /// comment is as it was. A setting that somebody has changed meanwhile, and the fence of another resource, are
    /// left, with a warning.
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
    /// The connecting user must own the databases, directly or as a member of their owner, and be a member of
    /// pg_read_all_stats and pg_signal_backend, as the [master
    /// user](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html) is. For users with a setting of their own it needs
    /// `CREATEROLE`, and on PostgreSQL 16 and later their `ADMIN OPTION`.
    pub struct WriteFence {
        /// Names of the databases to fence.
        databases: Set<String> = required().replace().check(check::size(1..=1000)).each(check::length(1..=63)),
        /// How long sessions that are older than the fence may take to end by themselves, such as `30s`.
        grace_period: String = optional().or("30s").check(connection::duration()),
        /// Users who may go on to write. Their own settings and their sessions are left alone; without settings of their
        /// own, new sessions of theirs are read-only by default, too.
        accepted_writers: Option<Set<String>> = optional().each(check::length(1..=63)),
        /// Endpoint and databases.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Position in the write-ahead log after the last write, such as `0/1A2B3C4D`. Null after an import.
        lsn: Computed<Option<String>> = computed().keep(),
        /// Users whose sessions are not read-only by default.
        writers: Computed<Vec<String>> = computed().keep(),
        /// Settings that were changed, and what they were before.
        previous: Computed<Vec<PreviousSetting>> = computed().keep(),
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
        let session = plan.session(cx).await?;
        let found = plan.find(&session).await?;
        let marks: Vec<_> = found.iter().filter_map(|one| Some(&one.fence.as_ref()?.mark)).collect();
        if let Some(foreign) = marks.iter().find(|mark| !claim.owns_mark(Some(mark))) {
            return Err(claim.refuse(&Creator::Mark((*foreign).clone())));
        }
        plan.check_server(&session).await?;
        if let Some(mark) = marks.first() {
            claim.resume(mark);
            claim.warn_adopted(cx);
        }
        claim.note(cx, None, None);
        if let Some(foreign) = plan.fence(cx, &session, &claim.mark()).await? {
            return Err(claim.refuse(&Creator::Mark(foreign)));
        }
        claim.created(cx);
        cx.save(&plan);
        plan.finish(cx, &session).await?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let Some(session) = connection::for_refresh(cx, state.session(cx)).await? else { return Ok(Some(state)) };
        let found = session.fenceable(&state.databases).await;
        let Some(found) = connection::unless_lost(cx, found, connection::AS_KNOWN)? else { return Ok(Some(state)) };
        let fences: Vec<_> = found.iter().filter_map(|one| one.fence.as_ref()).collect();
        if fences.is_empty() && (cx.is_import() || found.iter().all(|one| !one.is_read_only())) {
            return Ok(None);
        }
        if fences.iter().any(|fence| claims::is_of_another(cx, Self::TYPE, Some(&fence.mark))) {
            cx.warn(claims::recreated(&ownership::subject(&state)?));
            return Ok(None);
        }
        // Core loses the private state if the provider dies in an update.
        claims::keep_creation_id(cx, Self::TYPE, fences.first().map(|fence| fence.mark.as_str()));
        if cx.is_import() {
            state.lsn = None.into();
        }
        if !fences.is_empty() {
            state.describe(&found);
        }
        let writers = state.present_writers(&session).await;
        let Some(writers) = connection::unless_lost(cx, writers, connection::AS_KNOWN)? else { return Ok(Some(state)) };
        state.writers = writers.into();
        state.database_connection.leave_postgres(cx, session);
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        if state.is_closed_to_all_but(plan.accepted()) {
            return Ok(plan);
        }
        let session = plan.session(cx).await?;
        plan.check_server(&session).await?;
        let Some(mark) = claims::own_mark(cx, Self::TYPE) else {
            return Err(Diagnostic::bug("the fence has no creation ID"));
        };
        if let Some(foreign) = plan.fence(cx, &session, &mark).await? {
            return Err(claims::exists(&ownership::subject(&plan)?, &Creator::Mark(foreign)));
        }
        plan.finish(cx, &session).await?;
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let opened = state.session(cx).await;
        let what = format!("The fence around {}", state.names());
        let opened = state.database_connection.unless_deleted(cx, Engine::Postgres, opened, &what).await;
        let Some(session) = opened? else { return deletion.done() };
        let known: Vec<(String, Entry)> = state.previous.get()?.iter().map(PreviousSetting::entry).collect();
        let mark = claims::own_mark(cx, Self::TYPE);
        let kept = session.unfence(&state.databases, mark.as_deref(), &known).await;
        let kept = kept.map_err(|error| diagnostics::not_removed(state.fault(error)))?;
        if !kept.foreign.is_empty() {
            cx.warn(claims::recreated(&ownership::subject(&state)?));
        }
        if !kept.changed.is_empty() {
            cx.warn(diagnostics::changed(&kept.changed));
        }
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        config.block(Self::database_connection).map(|it| DatabaseConnection::check(&it)).unwrap_or_default()
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::warn_if_exists(cx, plan).await;
        let (Some(prior), Some(planned)) = (plan.prior(), plan.planned()) else { return Ok(()) };
        let place = |view: &View<'_, Self>| {
            view.block(Self::database_connection).and_then(|block| Place::planned(&block, Engine::Postgres))
        };
        let is_elsewhere = place(&planned).is_some_and(|new| place(&prior).is_some_and(|old| old != new));
        let accepted = planned.get(Self::accepted_writers).known();
        let prior = prior.decode();
        if is_elsewhere {
            plan.replace(Self::database_connection);
        }
        if prior.is_none_or(|prior| !prior.is_closed_to_all_but(accepted.as_deref().unwrap_or_default())) {
            plan.forget(Self::writers);
            plan.forget(Self::lsn);
            plan.forget(Self::previous);
        }
        Ok(())
    }

    /// `[LOGIN@]HOST[:PORT]/DATABASE[/DATABASE…]`.
    fn import(id: &str) -> Result<Partial<Self>> {
        let (mut connection, databases) = DatabaseConnection::of_import(id)?;
        connection.database = databases.first().cloned();
        let databases = databases.into_iter().collect::<Set<_>>();
        Ok(Partial::default().with(Self::databases, databases).with(Self::database_connection, connection))
    }
}

impl Owned for WriteFence {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (names, connection) = (of.get(Self::databases).known()?, of.block(Self::database_connection)?);
        let place = Place::planned(&connection, Engine::Postgres)?;
        let mut names: Vec<_> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        Some(Subject {
            kind: Self::TYPE,
            noun: "Write fence",
            what: format!("fence around {} in the database server {place}", names.join(", ")),
            found: claims::EXISTS,
            arguments: "\"databases\"",
            import_id: connection.decode()?.import_id(&names),
            region: None,
            key: format!("{place}/{}", names.join("/")),
            at: Self::databases.path(),
        })
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(planned) = planned.decode().filter(|_| !connection::is_skipped(cx)) else { return Ok(None) };
        let session = planned.session(cx).await?;
        let found = session.fenceable(&planned.databases).await?;
        planned.database_connection.leave_postgres(cx, session);
        Ok(found.into_iter().find_map(|one| one.fence).map(|fence| Creator::Mark(fence.mark)))
    }
}

impl WriteFence {
    async fn session(&self, cx: &Ctx) -> Result<Session> {
        self.database_connection.postgres(cx, Self::database_connection).await
    }

    fn accepted(&self) -> &[String] {
        self.accepted_writers.as_deref().unwrap_or_default()
    }

    fn names(&self) -> String {
        self.databases.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
    }

    /// Whether the last look found no writers but these.
    fn is_closed_to_all_but(&self, accepted: &[String]) -> bool {
        matches!(&self.writers, Computed::Known(writers) if writers.iter().all(|one| accepted.contains(one)))
    }

    /// The databases, all of which must exist.
    async fn find(&self, session: &Session) -> Result<Vec<Fenceable>> {
        let found = session.fenceable(&self.databases).await.map_err(|error| self.fault(error))?;
        let missing = self.databases.iter().find(|name| !found.iter().any(|one| one.name == **name));
        missing.map_or(Ok(found), |name| Err(diagnostics::no_database(name)))
    }

    async fn check_server(&self, session: &Session) -> Result<()> {
        let (is_replica, is_blind, prepared) =
            session.obstacles(&self.databases).await.map_err(|error| self.fault(error))?;
        diagnostics::obstacles(session.user(), is_replica, is_blind, &prepared)
    }

    /// Sets the fence, all or nothing; returns the mark of another one that is there.
    async fn fence(&mut self, cx: &Ctx, session: &Session, mark: &str) -> Result<Option<String>> {
        let fenced = session.fence(&self.databases, self.accepted(), mark).await;
        let fenced = match fenced.map_err(|error| diagnostics::not_set(self.fault(error)))? {
            Ok(fenced) => fenced,
            Err(foreign) => return Ok(Some(foreign)),
        };
        cx.progress(format!("Sessions of {} are read-only from now on", self.names()));
        self.describe(&fenced);
        self.lsn = None.into();
        self.writers = self.present_writers(session).await.map_err(|error| self.fault(error))?.into();
        Ok(None)
    }

    /// Ends what began before the fence, and records where the writes have ended.
    async fn finish(&mut self, cx: &Ctx, session: &Session) -> Result<()> {
        ended::end_older_sessions(cx, self, session).await?;
        self.check_server(session).await?;
        if !self.is_closed_to_all_but(self.accepted()) {
            return Err(diagnostics::still_writable(self.writers.get()?, self.accepted()));
        }
        self.lsn = Some(session.position().await.map_err(|error| self.fault(error))?).into();
        Ok(())
    }

    async fn present_writers(&self, session: &Session) -> Result<Vec<String>, sql::Error> {
        let mut all = Vec::new();
        for database in self.databases.iter() {
            all.extend(session.writers(database).await?.names);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// Copies what the comments say.
    fn describe(&mut self, found: &[Fenceable]) {
        let of = |one: &Fenceable| {
            let before = one.fence.iter().flat_map(|fence| fence.before.iter().cloned());
            let name = one.name.clone();
            before.map(move |(user, value)| PreviousSetting { database: name.clone(), user, value }).collect::<Vec<_>>()
        };
        self.previous = found.iter().flat_map(of).collect::<Vec<_>>().into();
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
