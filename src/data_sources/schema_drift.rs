//! `rdsauth_schema_drift`: how the objects of two databases differ, and the statements that end it.

mod compare;
mod selection;

use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{Computed, DataSource, Map, Set, View, block, check, computed, optional};

use crate::data_sources::schema_drift::compare::{Drift, Failure, Options, Side, compare};
use crate::data_sources::schema_drift::selection::Rule;
use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::sql::catalogue::{Catalogue, Scope};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Compares the objects of two databases of PostgreSQL, MySQL or MariaDB, such as tables, indexes, constraints, functions
    /// and grants, and reports each difference with the statement that ends it. Use it in a `check` block or a precondition
    /// before a cutover, for a target that was filled by native replication, a dump or [AWS
    /// DMS](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Target.html), which creates no more than tables and
    /// primary keys.
    ///
    /// Objects are compared by name and meaning: as the server itself writes them, whatever their OIDs and the order in
    /// which they were created. The rows of tables, the values of sequences and `AUTO_INCREMENT` counters are not compared.
    /// Both databases are read in transactions that are read-only.
    ///
    /// In PostgreSQL, the database that each connection leads to is compared. In MySQL and MariaDB, all databases of the
    /// server are, by their names.
    ///
    /// ~> **Note:** A kind of object that may not be read is in `unknown`, with the reason, and `in_sync` is then `false`.
    ///
    /// ~> **Note:** Definitions and statements are stored in the state. Those of functions, and in MySQL and MariaDB those of
    /// triggers and events, are digests, and their statements null, unless `show_function_bodies` is set. Default values,
    /// views, constraints and policies are always shown.
    ///
    /// ~> **Note:** Read a statement before you run it: what the source does not have, it drops. It is never run by the
    /// provider.
    ///
    /// -> The two servers should be of the same product and major version. Others write the same view, constraint or default
    /// value in another way, and it then is a difference.
    ///
    /// -> In MySQL and MariaDB, several statements are sent at once for a view or code, since `SET` belongs to them: in the
    /// client of the command line, set another `delimiter` first.
    ///
    /// ## Kinds of PostgreSQL
    ///
    /// | `kind` | What is compared |
    /// | --- | --- |
    /// | `"database_setting"` | Encoding and locale of the database. |
    /// | `"schema"` | Whether it exists. |
    /// | `"extension"` | Version and schema. Objects of an extension are not compared. |
    /// | `"domain"`, `"enum"`, `"type"` | Base type, collation, `NOT NULL` and default; labels in their order; attributes of composite and range types. |
    /// | `"sequence"`, `"sequence_owner"` | Type, increment, bounds, start, cache and cycle; the column that owns it. |
    /// | `"table"`, `"foreign_table"` | Persistence, partition key, access method; server. |
    /// | `"column"` | Type, collation, `NOT NULL`, default, generation expression, identity and its sequence. Columns that a table inherits are compared in its parent. |
    /// | `"column_order"` | Order of the columns, with `compare_column_order` only. |
    /// | `"partition"`, `"inheritance"` | Parent and bounds. |
    /// | `"index"` | Definition, and whether it is valid. |
    /// | `"primary_key"`, `"unique"`, `"check"`, `"foreign_key"`, `"exclusion"` | Definition, and whether it is validated. |
    /// | `"statistics"` | Extended statistics. |
    /// | `"function"`, `"procedure"`, `"aggregate"` | Definition with all options. |
    /// | `"view"`, `"materialized_view"` | Query, columns and options. |
    /// | `"trigger"`, `"rule"`, `"event_trigger"` | Definition, and whether it is enabled, and where. Event triggers of superusers belong to RDS. |
    /// | `"policy"`, `"row_security"` | Policies; whether row-level security is enabled and forced. |
    /// | `"replica_identity"`, `"storage_parameter"` | Those that are not the default. |
    /// | `"owner"` | Owner of each object. `name` is the type of the object, `table` its name. |
    /// | `"grant"` | Privileges of each role but the owner, whoever granted them. `name` is the role, `table` the object. |
    ///
    /// An object that belongs to a missing one is reported only if it has a statement of its own: the columns, the owner and
    /// the grants of a table that the target does not have are not, and its indexes are. An object that is created belongs to
    /// the user who runs the statement, so compare again afterwards.
    ///
    /// Not compared are comments, default privileges, settings of roles and databases, publications and subscriptions,
    /// operators, collations, casts, text search configurations, foreign servers and user mappings. The schema `rdsauth` and
    /// objects whose names begin with `"awsdms_"` are left out.
    ///
    /// ## Kinds of MySQL and MariaDB
    ///
    /// | `kind` | What is compared |
    /// | --- | --- |
    /// | `"schema"` | Default character set and collation of a database. |
    /// | `"sequence"` | Options of a sequence of MariaDB. |
    /// | `"table"` | Storage engine, default collation and options. |
    /// | `"column"` | Type, collation, `NOT NULL`, default, generation expression, `AUTO_INCREMENT` and other attributes. |
    /// | `"column_order"` | Order of the columns, with `compare_column_order` only. |
    /// | `"partition"` | Method, expression and values. |
    /// | `"index"`, `"primary_key"` | Columns with length and direction, uniqueness, type and visibility. |
    /// | `"check"`, `"foreign_key"` | Clause; columns, the table that they refer to, and rules. |
    /// | `"view"` | Query, algorithm, `SQL SECURITY` and `CHECK OPTION`. |
    /// | `"function"`, `"procedure"` | Parameters, result, characteristics, body, SQL mode and collation. |
    /// | `"trigger"`, `"trigger_order"` | Time, event, body, SQL mode and collation; the order of several triggers for one event. |
    /// | `"event"`, `"event_status"` | Schedule, body, SQL mode, collation and time zone; whether it is enabled. |
    /// | `"definer"` | Definer of a view, function, procedure, trigger or event. `name` is the type of the object, `table` its name. |
    /// | `"grant"` | Privileges of each account and role on databases, tables, columns and routines. `name` is the account, `table` the object. |
    ///
    /// What the statement of a missing table creates is not reported by itself: everything but its foreign keys and triggers.
    /// Neither is what a database contains that the source does not have.
    ///
    /// Not compared are comments, users and their privileges on all databases, packages, and the sizes of columns' statistics.
    /// The database `rdsauth` and objects whose names begin with `"awsdms_"` are left out.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `rds-db:connect` for a user that connects with `auth = "iam"`, or `secretsmanager:GetSecretValue` with
    /// `auth = "secret"`, and `kms:Decrypt` if the secret is encrypted with a customer managed key. No request is sent to RDS.
    ///
    /// ### Database
    ///
    /// In PostgreSQL, permission to connect. What is compared is visible to every user.
    ///
    /// In MySQL and MariaDB, `SELECT`, `SHOW VIEW`, `TRIGGER` and `EVENT` on all databases, or with `schemas` on those; and
    /// `SELECT` on the database `mysql` for routines, definers and grants (in MySQL, on all databases for routines and
    /// definers). The server hides from a user what it has no privileges for, so a kind of which something may be hidden is in
    /// `unknown`.
    pub struct SchemaDrift {
        /// Connection to the database that is as it should be.
        source_connection: DatabaseConnection = block().min(1),
        /// Connection to the database that is compared with it, and that the statements are for.
        target_connection: DatabaseConnection = block().min(1),
        /// Database engine of both databases, as in `aws_db_instance`. Valid values: `"postgres"`, `"aurora-postgresql"`,
        /// `"mysql"`, `"mariadb"` and `"aurora-mysql"`.
        engine: String = optional()
            .or("postgres")
            .check(check::one_of(&["postgres", "aurora-postgresql", "mysql", "mariadb", "aurora-mysql"])),
        /// Schemas to compare; in MySQL and MariaDB, databases. Defaults to all but those of the server.
        schemas: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)).each(check::length(1..=64)),
        /// Objects to ignore. Those that match all patterns of a block are left out.
        ignore: Vec<IgnoreBlock> = block(),
        /// Whether to compare the order of columns. It matters to `INSERT` without column names and to `SELECT *`.
        compare_column_order: bool = optional().or(false),
        /// Whether to show the definitions of functions and procedures, and of triggers and events of MySQL and MariaDB, which
        /// are stored in the state, and the statements that create them.
        show_function_bodies: bool = optional().or(false),
        /// Number of differences to list. All are counted.
        max_differences: i64 = optional().or(1000).check(check::between(0..=100_000)),
        /// Whether there are no differences and all kinds could be read.
        in_sync: Computed<bool> = computed(),
        /// Number of differences, listed or not.
        difference_count: Computed<i64> = computed(),
        /// Number of differences that are not listed, because there are more than `max_differences`.
        omitted_count: Computed<i64> = computed(),
        /// Number of differences by kind. Kinds without differences are not in it.
        counts: Computed<Map<i64>> = computed(),
        /// Number of objects of the source that were compared, by kind.
        compared_counts: Computed<Map<i64>> = computed(),
        /// Differences, in an order in which missing objects can be created.
        differences: Computed<Vec<SchemaDifference>> = computed(),
        /// Kinds that could not be read.
        unknown: Computed<Vec<UnknownKind>> = computed(),
        /// Version of the server of the source.
        source_version: Computed<String> = computed(),
        /// Version of the server of the target.
        target_version: Computed<String> = computed(),
    }
    timeouts { read: "10m" }
}

tf_provider::model! {
    /// Objects to ignore.
    pub struct IgnoreBlock {
        /// Kind, such as `grant`. In all patterns, `*` stands for any characters.
        kind: Option<String> = optional().check(check::length(1..=63)),
        /// Name of the schema.
        schema: Option<String> = optional().check(check::length(1..=255)),
        /// Name of a table: the table and what belongs to it.
        table: Option<String> = optional().check(check::length(1..=255)),
        /// Name of the object itself.
        name: Option<String> = optional().check(check::length(1..=255)),
    }
}

tf_provider::model! {
    /// Object that is not the same in both databases.
    pub struct SchemaDifference {
        /// Kind of the object.
        kind: String = computed(),
        /// Schema of the object. Empty for kinds that are in no schema.
        schema: String = computed(),
        /// Table, or another object, that it belongs to. Empty if it stands for itself.
        table: String = computed(),
        /// Name of the object. That of a function contains the types of its arguments.
        name: String = computed(),
        /// Way in which it differs: `"missing_at_target"`, `"missing_at_source"` or `"different"`.
        difference: String = computed(),
        /// Definition in the source. Null if it is missing there.
        source_definition: Option<String> = computed(),
        /// Definition in the target. Null if it is missing there.
        target_definition: Option<String> = computed(),
        /// Statements that end the difference if they are run in the target. Null if there are none.
        statement: Option<String> = computed(),
    }
}

tf_provider::model! {
    /// Kind that could not be read.
    pub struct UnknownKind {
        /// Kind of the objects.
        kind: String = computed(),
        /// Reason.
        reason: String = computed(),
    }
}

/// How long reading waits for statements that change a table.
const LOCKS: Duration = Duration::from_secs(30);

impl DataSource<World> for SchemaDrift {
    const TYPE: &'static str = "schema_drift";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn read(cx: &Ctx, mut config: Self) -> Result<Self> {
        let options = config.options();
        let drift = match Engine::of(&config.engine) {
            Some(Engine::Mysql) => config.mysql(cx, &options).await?,
            _ => config.postgres(cx, &options).await?,
        };
        config.fill_in(drift);
        Ok(config)
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let connections = [config.block(Self::source_connection), config.block(Self::target_connection)];
        let mut found: Vec<_> = connections.iter().flatten().flat_map(DatabaseConnection::check).collect();
        let ignored = config.blocks(Self::ignore).unwrap_or_default();
        found.extend(ignored.iter().filter(|block| is_empty(block)).map(|block| {
            let detail = "An \"ignore\" block without patterns would ignore everything. Set \"kind\", \"schema\", \
                          \"table\" or \"name\".";
            Diagnostic::error("Missing required argument", detail).at(block.path(IgnoreBlock::kind))
        }));
        found
    }
}

impl SchemaDrift {
    fn options(&self) -> Options {
        let rule = |block: &IgnoreBlock| Rule {
            kind: block.kind.clone(),
            schema: block.schema.clone(),
            table: block.table.clone(),
            name: block.name.clone(),
        };
        Options {
            scope: Scope {
                schemas: self.schemas.as_ref().map(|schemas| schemas.iter().cloned().collect()),
                bodies: self.show_function_bodies,
                column_order: self.compare_column_order,
            },
            ignore: self.ignore.iter().map(rule).collect(),
            limit: usize::try_from(self.max_differences).unwrap_or_default(),
        }
    }

    async fn postgres(&mut self, cx: &Ctx, options: &Options) -> Result<Drift> {
        let source = self.source_connection.postgres(cx, Self::source_connection).await?;
        let target = self.target_connection.postgres(cx, Self::target_connection).await?;
        let versions = (source.version().await?, target.version().await?);
        let mut readers = (source.catalogue().await?, target.catalogue().await?);
        let drift = self.compare(&mut readers.0, &mut readers.1, options).await?;
        readers.0.end().await?;
        readers.1.end().await?;
        self.source_connection.leave_postgres(cx, source);
        self.target_connection.leave_postgres(cx, target);
        (self.source_version, self.target_version) = (versions.0.into(), versions.1.into());
        Ok(drift)
    }

    async fn mysql(&mut self, cx: &Ctx, options: &Options) -> Result<Drift> {
        let mut source = self.source_connection.mysql(cx, Self::source_connection, LOCKS).await?;
        let mut target = self.target_connection.mysql(cx, Self::target_connection, LOCKS).await?;
        let versions = (source.version().await?, target.version().await?);
        let mut readers = (source.catalogue(&options.scope).await?, target.catalogue(&options.scope).await?);
        let drift = self.compare(&mut readers.0, &mut readers.1, options).await?;
        readers.0.end().await?;
        readers.1.end().await?;
        self.source_connection.leave_mysql(cx, source, LOCKS);
        self.target_connection.leave_mysql(cx, target, LOCKS);
        (self.source_version, self.target_version) = (versions.0.into(), versions.1.into());
        Ok(drift)
    }

    /// Compares the databases, if the schemas that are named exist in one of them.
    async fn compare<C: Catalogue>(&self, source: &mut C, target: &mut C, options: &Options) -> Result<Drift> {
        let failed = |failure: Failure| self.failed(&failure);
        let of = |side| move |error| Failure { side, error };
        if let Some(schemas) = &options.scope.schemas {
            let absent = source.absent(schemas).await.map_err(of(Side::Source)).map_err(failed)?;
            let absent = target.absent(&absent).await.map_err(of(Side::Target)).map_err(failed)?;
            if let Some(name) = absent.first() {
                let detail = format!(
                    "Neither the source nor the target has a schema \"{name}\". Check the name, and \"database\" of the \
                     connections."
                );
                return Err(Diagnostic::error("Schema not found", detail).at(Self::schemas));
            }
        }
        compare(source, target, options).await.map_err(failed)
    }

    fn failed(&self, failure: &Failure) -> Diagnostic {
        let (connection, at) = match failure.side {
            Side::Source => (&self.source_connection, Self::source_connection.path()),
            Side::Target => (&self.target_connection, Self::target_connection.path()),
        };
        let there = connection.at_fault(&failure.error, at.clone(), at.clone(), at);
        Diagnostic::from(failure.error.clone()).at(there)
    }

    /// Fills in the results.
    fn fill_in(&mut self, drift: Drift) {
        let total = drift.total();
        let unknown = drift.unknown.into_iter().map(|(kind, reason)| UnknownKind { kind, reason });
        let unknown: Vec<_> = unknown.collect();
        let listed: Vec<_> = drift.differences.into_iter().map(SchemaDifference::from).collect();
        self.in_sync = (total == 0 && unknown.is_empty()).into();
        self.difference_count = total.into();
        self.omitted_count = (total - i64::try_from(listed.len()).unwrap_or(i64::MAX)).into();
        self.counts = drift.counts.into();
        self.compared_counts = drift.compared.into();
        self.differences = listed.into();
        self.unknown = unknown.into();
    }
}

impl From<compare::Difference> for SchemaDifference {
    fn from(difference: compare::Difference) -> Self {
        Self {
            kind: difference.key.kind,
            schema: difference.key.schema,
            table: difference.key.table,
            name: difference.key.name,
            difference: difference.way.name().to_owned(),
            source_definition: difference.source,
            target_definition: difference.target,
            statement: difference.statement,
        }
    }
}

/// Whether a block has no pattern.
fn is_empty(block: &View<'_, IgnoreBlock>) -> bool {
    ![
        block.is_set(IgnoreBlock::kind),
        block.is_set(IgnoreBlock::schema),
        block.is_set(IgnoreBlock::table),
        block.is_set(IgnoreBlock::name),
    ]
    .contains(&true)
}
