//! `rdsauth_constraint_suspension`: foreign keys and triggers out of effect while data is copied into their tables.
//!
//! What it owns is a suspension in the inventory of the database: the objects, each with the statements that put it
//! back. It carries the mark of its creation. The inventory is written before the first object is changed, so whatever
//! interrupts the work, the next run knows what is left to be done.

mod diagnostics;
mod identity;
mod refresh;
mod server;
mod steps;

use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result, Severity};
use tf_provider::schema::{
    Check, Computed, Partial, Plan, Resource, Set, Val, View, block, check, computed, optional, parse_duration,
    required,
};

use crate::ownership::{self, Owned};
use crate::parts::db::connection::{self, DatabaseConnection, Engine, Place};
use crate::records::claims::{self, Claim, Creator, Subject};
use crate::sql;
use crate::sql::quote::{check_my_name, check_pg_name};
use crate::sql::suspension::{Item, Kind, Progress, Scope, Suspension};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// A foreign key or trigger that is out of effect.
    pub struct SuspendedObject {
        /// Kind of object: `"foreign_key"` or `"trigger"`.
        kind: String = computed(),
        /// Schema of its table.
        schema: String = computed(),
        /// Name of its table.
        table: String = computed(),
        /// Name of the object.
        name: String = computed(),
        /// SQL statements that put it back.
        restore_sql: String = computed(),
        /// Definition of the object as it was, in JSON.
        fingerprint: String = computed(),
    }
}

tf_provider::model! {
    /// Takes foreign keys and user triggers of a database out of effect while data is copied into it, for example by AWS
    /// DMS, and puts them back exactly as they were. Use it on the target of a migration, from before the full load until
    /// the cutover. It works with PostgreSQL, MySQL and MariaDB.
    ///
    /// In PostgreSQL, foreign keys are dropped and created again; triggers are disabled and get their previous state back. Dropping is
    /// the way that works on Amazon RDS: only a superuser can disable foreign keys, and the [master
    /// user](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.Roles.rds_superuser.html)
    /// is not one. A session can skip them with the parameter session_replication_role, but even then `TRUNCATE` fails on a
    /// table that a foreign key references, which is what the target table preparation mode `TRUNCATE_BEFORE_LOAD` of [AWS
    /// DMS](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.PostgreSQL.html) does.
    ///
    /// Everything comes back as it was: names, definitions with `MATCH`, `ON DELETE` and `ON UPDATE`, deferrability,
    /// comments, the unique index that a foreign key relies on, foreign keys that were `NOT VALID`, the order in which
    /// foreign keys were created, names and comments of what partitions have inherited, and for each trigger, also on
    /// each partition, whether it fires by default, always, on replicas or never.
    ///
    /// The order matters where several foreign keys act on the same row. Those of tables that are not chosen keep their place
    /// before those that are put back. If an interrupted apply is undone, foreign keys of the same tables that it has not
    /// reached are dropped and created again, too, unless `validate` is `false`.
    ///
    /// In MySQL and MariaDB, where triggers cannot be disabled, they are dropped and created again with body, definer, SQL mode,
    /// character set and collation, and in the same order. Foreign keys are not changed there, since each session can turn
    /// their checks off, as AWS DMS does with the extra connection attribute `Initstmt=SET FOREIGN_KEY_CHECKS=0` of the target
    /// endpoint. In the end, the rows that were written meanwhile are checked.
    ///
    /// What has to be put back is stored in the state and in the schema `rdsauth` of the database, before anything is
    /// changed, so it survives an interrupted apply and a lost state. Nobody but the connecting user has privileges on that
    /// schema, which is dropped with the last suspension. In MySQL and MariaDB it is a database, which users with privileges on
    /// all databases can read, too. If others have privileges on it, which a user with `SELECT` on the database `mysql` can
    /// see, it is not trusted.
    ///
    /// ~> **Note:** While objects are suspended, the database accepts rows that violate its foreign keys, and does not do
    /// what its triggers would do. Do not let applications write to it.
    ///
    /// -> **Note:** A foreign key is suspended if the table that it belongs to or the table that it references is chosen.
    /// Triggers `INSTEAD OF` on views, event triggers, rules, and tables of extensions are left alone. Event
    /// triggers fire for the statements of this resource.
    ///
    /// ## Validation
    ///
    /// With `validate`, each foreign key is first created as `NOT VALID`, which checks new rows at once and does not lock
    /// the tables for long, and then validated. Rows that violate it are an error that names the table, the foreign key and
    /// some of the rows; all other objects are put back. Correct the rows and apply again. Set `statement_timeout` in
    /// `database_connection` to as long as the validation of the largest table takes.
    ///
    /// A foreign key that belongs to a partitioned table or references one is validated when it is created, whatever
    /// `validate` says, and its tables are locked against writes meanwhile: PostgreSQL cannot validate it later together
    /// with what its partitions inherit.
    ///
    /// In MySQL and MariaDB, all triggers are put back first. Then, with `validate`, a query for each foreign key looks for rows that
    /// reference nothing, and finds some rows to name. The server itself never looks at them.
    ///
    /// ## Drift Detection
    ///
    /// Objects of the chosen tables that are in effect, since they were created or enabled by others, are shown in
    /// `active_objects` and left alone. Objects that others have put back, changed or dropped are not overwritten: putting
    /// back ends with a warning for each.
    ///
    /// ## Destroy
    ///
    /// All objects are put back, as with `suspended = false`. To give up a single object that cannot be put back, create it
    /// manually, or delete its row in the table `rdsauth.suspended_objects`. With `on_destroy` set to `leave`,
    /// everything stays suspended and in the inventory, from which it can be imported.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `rds-db:connect` for the login with `auth = "iam"`, or `secretsmanager:GetSecretValue` with `auth = "secret"`,
    /// and `kms:Decrypt` if the secret is encrypted with a customer managed key. If the database cannot be reached when
    /// the resource is destroyed, `rds:DescribeDBInstances` or `rds:DescribeDBClusters` tells whether it still exists.
    ///
    /// ### Database
    ///
    /// The connecting user needs `CREATE` on the database, and must own the tables or be a member of the roles that own
    /// them: `GRANT owner TO administrator`. That includes tables of other schemas with foreign keys to the chosen ones. It
    /// uses its own rights where they suffice, and otherwise sets the role of the owner with `SET LOCAL ROLE`. It, or the
    /// owner, needs `REFERENCES` on the referenced tables. To put objects back, connect as the same user or as a member of
    /// rds_superuser that has been granted privileges on the schema `rdsauth`.
    ///
    /// In MySQL and MariaDB, the connecting user needs `TRIGGER` on the chosen databases, `SELECT` on their tables and on those
    /// with foreign keys to or from them, and `SELECT`, `INSERT`, `UPDATE`, `DELETE`, `CREATE` and `DROP` on the database
    /// `rdsauth`. To create triggers of other definers again, it needs `SET USER` (MariaDB), `SET_ANY_DEFINER` or `SET_USER_ID`
    /// (MySQL) or `SUPER`, or connect as their definer. With a binary log, which automatic backups enable, the DB parameter
    /// log_bin_trust_function_creators must be 1. If one is missing, nothing is changed.
    pub struct ConstraintSuspension {
        /// Database engine, as in `aws_db_instance`. Valid values: `"postgres"`, `"aurora-postgresql"`, `"mysql"`, `"mariadb"`
        /// and `"aurora-mysql"`. Changing between PostgreSQL and the others forces a new resource to be created.
        engine: String = optional()
            .or("postgres")
            .check(check::one_of(&["postgres", "aurora-postgresql", "mysql", "mariadb", "aurora-mysql"])),
        /// Schemas whose tables are chosen; in MySQL and MariaDB, databases.
        schemas: Set<String> = required().replace().check(check::size(1..=100)).each(schema()),
        /// Names of tables in these schemas. Partitions of a partitioned table are chosen with it. Defaults to all tables.
        tables: Option<Set<String>> = optional().replace().check(check::size(1..=1000)).each(name()),
        /// Whether to suspend foreign keys; in MySQL and MariaDB, whether to check their rows when the triggers are put back.
        foreign_keys: bool = optional().or(true).replace(),
        /// Whether to suspend user triggers.
        user_triggers: bool = optional().or(true).replace(),
        /// Whether the objects are out of effect. If `false`, they are put back.
        suspended: bool = optional().or(true),
        /// Whether to validate foreign keys that are put back. If `false`, they stay `NOT VALID`, and a warning names them:
        /// they check new rows only. In MySQL and MariaDB, whether to look for rows that violate foreign keys.
        validate: bool = optional().or(true),
        /// How long a change waits for locks of other sessions, such as `5s`. While it waits, other sessions wait for the
        /// same table. It is tried again for a minute.
        lock_timeout: String = optional().or("5s").check(connection::duration()),
        /// What to do when the resource is destroyed: `restore` puts the objects back, `leave` changes nothing.
        on_destroy: String = optional().or("restore").check(check::one_of(&["restore", "leave"])),
        /// Host, database and schemas; in MySQL and MariaDB, `*` stands for the database.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// Objects that are out of effect, in the order in which they are put back.
        objects: Computed<Vec<SuspendedObject>> = computed().keep(),
        /// Foreign keys and triggers of the chosen tables that are in effect although the resource suspends them, since they
        /// were created or enabled by others.
        active_objects: Computed<Vec<String>> = computed().keep(),
        /// Connection to the database, and how to authenticate.
        database_connection: DatabaseConnection = block().min(1),
    }
    timeouts { create: "30m", read: "2m", update: "2h", delete: "2h" }
    identity { identity::ConstraintSuspensionIdentity }
}

/// A schema that users can have.
fn schema() -> Check {
    Check::explained("must be the name of a schema that is neither the server's nor `rdsauth`", |name| {
        match ["information_schema", "rdsauth"].contains(&name) {
            true => Err(format!("The schema \"{name}\" is one of the server or of this provider.")),
            false => check_my_name(name, 64).map_err(|error| error.to_string()),
        }
    })
}

fn name() -> Check {
    Check::explained("must be a name of 1 to 64 characters", |name| check_my_name(name, 64))
}

/// Why a schema is none that users of an engine can have.
fn check_schema(engine: Engine, name: &str) -> Result<(), String> {
    let is_of_server = match engine {
        Engine::Postgres => name.starts_with("pg_"),
        Engine::Mysql => ["mysql", "performance_schema", "sys"].contains(&name),
    };
    match (is_of_server, engine) {
        (true, _) => Err(format!("The schema \"{name}\" is one of the server.")),
        (false, Engine::Postgres) => check_pg_name(name).map_err(|error| error.to_string()),
        (false, Engine::Mysql) => Ok(()),
    }
}

impl Resource<World> for ConstraintSuspension {
    const TYPE: &'static str = "constraint_suspension";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let mut claim = ownership::begin(cx, &plan).await?;
        plan.describe(&[]);
        plan.active_objects = Vec::new().into();
        if !plan.suspended {
            claim.created(cx);
            return Ok(plan);
        }
        let session = plan.session(cx).await?;
        let present = session.suspensions().await.map_err(|error| plan.fault(error))?;
        let earlier = present.iter().find(|it| claim.owns_mark(Some(&it.mark)));
        if let Some(earlier) = earlier {
            claim.resume(&earlier.mark);
        }
        let mark = claim.mark();
        let scope = plan.scope();
        if let Some(other) = present.iter().find(|it| it.mark != mark && it.scope.overlaps(&scope)) {
            return Err(plan.refusal(&claim, other));
        }
        plan.ensure_fit(cx, &session).await?;
        if earlier.is_some() {
            claim.warn_adopted(cx);
        }
        claim.note(cx, None, None);
        if let Some(other) = plan.note(&session, &mark, &[]).await? {
            return Err(plan.refusal(&claim, &other));
        }
        claim.created(cx);
        plan.refresh_objects(&session, &mark).await.map_err(|error| plan.fault(error))?;
        cx.save(&plan);
        plan.suspend(cx, &session, &mark).await?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        if connection::is_skipped(cx) {
            return Ok(Some(state));
        }
        let opened = connection::if_reachable(cx, state.session(cx).await, diagnostics::AS_KNOWN)?;
        let Some(session) = opened else { return Ok(Some(state)) };
        let mut refreshed = state.clone();
        let found = refreshed.refresh(cx, &session).await;
        let Some(is_there) = connection::unless_lost(cx, found, diagnostics::AS_KNOWN)? else { return Ok(Some(state)) };
        state.leave(cx, session);
        Ok(is_there.then_some(refreshed))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        plan.objects = state.objects.clone();
        plan.active_objects = state.active_objects.clone();
        let is_over = state.objects.get()?.is_empty();
        if plan.suspended == state.suspended && (plan.suspended || is_over) {
            return Ok(plan);
        }
        let session = plan.session(cx).await?;
        let mark = Self::own_mark(cx)?;
        if plan.suspended {
            plan.ensure_fit(cx, &session).await?;
            plan.note_or_refuse(&session, &mark, &[]).await?;
            plan.suspend(cx, &session, &mark).await?;
            plan.refresh_objects(&session, &mark).await.map_err(|error| plan.fault(error))?;
        } else {
            plan.put_back(cx, &session, &mark).await?;
            plan.describe(&[]);
        }
        plan.active_objects = Vec::new().into();
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        if state.on_destroy == "restore" {
            let opened = state.session(cx).await;
            let what = "What was suspended in it";
            let opened = state.database_connection.unless_deleted(cx, state.family(), opened, what).await?;
            if let Some(session) = opened {
                state.put_back_unless_another(cx, &session).await?;
            }
        }
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut complaints = config.block(Self::database_connection).map(|it| DatabaseConnection::check(&it));
        let complaints = complaints.get_or_insert_default();
        let is_off = |handle| config.get(handle) == Val::Known(false);
        if is_off(Self::foreign_keys) && is_off(Self::user_triggers) {
            complaints.push(diagnostics::nothing_to_suspend().at(Self::foreign_keys));
        }
        let engine =
            config.get(Self::engine).known().and_then(|engine| Engine::of(&engine)).unwrap_or(Engine::Postgres);
        if let (Val::Known(schemas), false) = (config.get(Self::schemas), config.get(Self::engine) == Val::Unknown) {
            let why = schemas.iter().find_map(|schema| check_schema(engine, schema).err());
            complaints.extend(why.map(|why| diagnostics::impossible_schema(why).at(Self::schemas)));
        }
        std::mem::take(complaints)
    }

    /// Without the database, all but the list of objects is known. If it can be reached, what the apply would refuse is
    /// reported early.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        let to_look = ownership::object_to_look_up(cx, plan);
        let Some(planned) = plan.planned() else { return Ok(()) };
        let wanted = planned.decode();
        let place = |of: &View<'_, Self>| {
            let (block, engine) = (of.block(Self::database_connection)?, planned_family(of)?);
            // In MySQL and MariaDB a session sees all databases.
            let database = block.get(DatabaseConnection::database).known().filter(|_| engine == Engine::Postgres);
            Some((Place::planned(&block, engine)?, database))
        };
        let is_moved = plan.prior().is_some_and(|prior| place(&prior) != place(&planned));
        let is_of_other = plan.prior().is_some_and(|prior| planned_family(&prior) != planned_family(&planned));
        let suspends = planned.get(Self::suspended);
        if is_of_other {
            plan.replace(Self::engine);
        }
        if is_moved {
            plan.replace(Self::database_connection);
        }
        if suspends == Val::Known(false) {
            plan.set(Self::objects, Vec::new());
            plan.set(Self::active_objects, Vec::new());
        } else if plan.changed(Self::suspended) {
            plan.forget(Self::objects);
            plan.set(Self::active_objects, Vec::new());
        }
        let (true, Some(wanted)) = (plan.changed(Self::suspended) && suspends == Val::Known(true), wanted) else {
            return Ok(());
        };
        if !cx.is_known() || cx.databases().is_err() || connection::is_skipped(cx) {
            return Ok(());
        }
        let opened = wanted.session(cx).await;
        let Some(session) = connection::for_plan(cx, opened, to_look.is_some()) else { return Ok(()) };
        let scope = wanted.scope();
        // What fails here will be reported by the apply.
        let (Ok(present), Ok((_, unfit))) = (session.suspensions().await, session.in_effect(&scope).await) else {
            return Ok(());
        };
        let own = claims::own_mark(cx, Self::TYPE);
        if let Some(other) = present.iter().find(|it| Some(&it.mark) != own.as_ref() && it.scope.overlaps(&scope)) {
            match to_look.filter(|_| other.scope == scope) {
                Some(subject) => cx.claims().warn_exists(cx, &subject, &Creator::Mark(other.mark.clone())),
                None if plan.is_create() && other.scope == scope => {}
                None => cx.warn(diagnostics::overlaps(other, Severity::Warning).at(Self::schemas)),
            }
        }
        if !unfit.is_empty() {
            cx.warn(Diagnostic { severity: Severity::Warning, ..diagnostics::unfit(&unfit) }.at(Self::schemas));
        }
        wanted.leave(cx, session);
        Ok(())
    }

    /// `[LOGIN@]HOST[:PORT]/DATABASE/SCHEMA[/SCHEMA…]`, where `*` stands for all databases of MySQL and MariaDB.
    fn import(id: &str) -> Result<Partial<Self>> {
        let (mut connection, mut parts) = DatabaseConnection::of_import(id)?;
        if parts.len() < 2 {
            let detail = format!(
                "\"{id}\" is not of the form [LOGIN@]HOST[:PORT]/DATABASE/SCHEMA[/SCHEMA…], such as \
                 admin@orders.cabc123.us-east-1.rds.amazonaws.com/orders/public. In MySQL and MariaDB, DATABASE is * and \
                 SCHEMA the name of a database."
            );
            return Err(Diagnostic::error("Malformed import id", detail));
        }
        let database = parts.remove(0);
        let is_mysql = database == ALL_DATABASES;
        connection.database = (!is_mysql).then_some(database);
        let engine = if is_mysql { "mysql" } else { "postgres" };
        let schemas: Set<String> = parts.into_iter().collect();
        Ok(Partial::default()
            .with(Self::engine, engine.to_owned())
            .with(Self::schemas, schemas)
            .with(Self::database_connection, connection))
    }
}

impl Owned for ConstraintSuspension {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let connection = of.block(Self::database_connection)?;
        let engine = planned_family(of)?;
        let place = Place::planned(&connection, engine)?;
        let database = match engine {
            Engine::Postgres => connection.get(DatabaseConnection::database).known().or_else(|| engine.database())?,
            Engine::Mysql => ALL_DATABASES.to_owned(),
        };
        let schemas = sorted(&of.get(Self::schemas).known()?);
        let tables = match of.get(Self::tables) {
            Val::Known(tables) => sorted(&tables),
            Val::Null => Vec::new(),
            Val::Unknown => return None,
        };
        let (keys, triggers) = (of.get(Self::foreign_keys).known()?, of.get(Self::user_triggers).known()?);
        let parts: Vec<_> = [&database].into_iter().chain(&schemas).map(String::as_str).collect();
        let list = |names: &[String]| names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        Some(Subject {
            kind: Self::TYPE,
            key: format!("{place}/{database}/{}/{}/{keys}/{triggers}", list(&schemas), list(&tables)),
            noun: "Suspension",
            what: match engine {
                Engine::Postgres => {
                    format!("suspension of {} in the database \"{database}\" at {place}", list(&schemas))
                }
                Engine::Mysql => format!("suspension of {} at {place}", list(&schemas)),
            },
            found: claims::EXISTS,
            arguments: "\"schemas\"",
            import_id: connection.decode()?.import_id(&parts),
            region: None,
            at: Self::schemas.path(),
        })
    }
}

/// Stands in an import ID for all databases of a server of MySQL or MariaDB.
const ALL_DATABASES: &str = "*";

fn planned_family(of: &View<'_, ConstraintSuspension>) -> Option<Engine> {
    Engine::of(&of.get(ConstraintSuspension::engine).known()?)
}

fn sorted(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

impl ConstraintSuspension {
    /// The error for a suspension that has some of the objects.
    fn refusal(&self, claim: &Claim<'_>, other: &Suspension) -> Diagnostic {
        if other.scope == self.scope() {
            return diagnostics::with_maker(claim.refuse(&Creator::Mark(other.mark.clone())), other);
        }
        claim.withdraw();
        diagnostics::overlaps(other, Severity::Error).at(Self::schemas)
    }

    fn family(&self) -> Engine {
        Engine::of(&self.engine).unwrap_or(Engine::Postgres)
    }

    fn scope(&self) -> Scope {
        Scope {
            schemas: sorted(&self.schemas),
            tables: self.tables.as_ref().map(|tables| sorted(tables)),
            foreign_keys: self.foreign_keys,
            triggers: self.user_triggers,
        }
    }

    fn patience(&self) -> Duration {
        parse_duration(&self.lock_timeout).unwrap_or_default()
    }

    /// The mark in the private state.
    fn own_mark(cx: &Ctx) -> Result<String> {
        claims::own_mark(cx, Self::TYPE).ok_or_else(|| Diagnostic::bug("the state has no creation ID"))
    }

    /// Copies what the inventory has.
    fn describe(&mut self, items: &[Item]) {
        let object = |item: &Item| SuspendedObject {
            kind: item.kind.word().to_owned(),
            schema: item.schema.clone(),
            table: item.table.clone(),
            name: item.name.clone(),
            restore_sql: item.restore_sql.clone(),
            fingerprint: item.fingerprint.clone(),
        };
        self.objects = items.iter().map(object).collect::<Vec<_>>().into();
    }

    /// The objects in the state, which stand in for an inventory that is lost.
    fn known_items(&self) -> Result<Vec<Item>> {
        let item = |object: &SuspendedObject| Item {
            kind: Kind::of(&object.kind),
            schema: object.schema.clone(),
            table: object.table.clone(),
            name: object.name.clone(),
            progress: Progress::Suspended,
            table_id: 0,
            referenced_id: 0,
            fingerprint: object.fingerprint.clone(),
            restore_sql: object.restore_sql.clone(),
        };
        Ok(self.objects.get()?.iter().map(item).collect())
    }

    /// Points a failed statement at its cause.
    fn fault(&self, error: sql::Error) -> Diagnostic {
        let connection = &self.database_connection;
        let at = connection.at_fault(&error, Self::database_connection, Self::lock_timeout, Self::schemas);
        Diagnostic::from(error).at(at)
    }
}
