//! `rdsauth_postgresql_iam_user`: a user of a PostgreSQL database that logs in with IAM.
//!
//! It owns one role of the server. All writes are in one transaction, so an interrupted create has created the whole
//! role or nothing; the comment on the role carries the mark of its creation.

mod checks;
mod destroy;
mod diagnostics;
mod foreseen;
mod identity;
mod objections;

use std::time::Duration;

use tf_provider::diagnostic::{Diagnostic, Result, Severity};
use tf_provider::schema::{
    Computed, Partial, Plan, Resource, Set, Spelling, Text, Val, View, block, check, computed, optional,
    parse_duration, required,
};

use crate::ownership::{self, Owned};
use crate::parts::db::connection::{self, DatabaseConnection, Engine, Place};
use crate::records::claims::{self, Creator, Subject};
use crate::sql::postgres::Session;
use crate::sql::postgres::roles::{self, Known, Role, Survey, Wanted};
use crate::sql::{self, Lent, Refusal};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Manages a PostgreSQL user on RDS or Aurora that logs in with IAM database authentication: a role that is a
    /// member of `rds_iam`. Use it rather than `postgresql_role` of cyrilgdn/postgresql to be sure that no change makes
    /// the master user or the connecting user a member of `rds_iam`, to destroy users that own objects in several
    /// databases, and to connect with a new authentication token each time.
    ///
    /// AWS describes such users in [Creating a database account using IAM
    /// authentication](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html).
    ///
    /// A role of the same name that already exists is not changed, and the error names the import command. With
    /// `adopt_existing` it is adopted instead. The comment on a role that this resource created contains the time and
    /// an ID of its creation.
    ///
    /// If `database_connection` leads to another endpoint, the user is created there, as by a new resource, and the one
    /// at the previous endpoint is left as it is. If the role that this resource created is there already, as in a
    /// restored snapshot, it stays managed. A tunnel to the same endpoint changes nothing.
    ///
    /// ~> **Note:** A member of `rds_iam`, directly or through other roles, cannot log in with a password. Nothing is
    /// changed if the master user or the connecting user would become a member together with this user, or if this user
    /// is a member of `rds_ad`, which is for Kerberos.
    ///
    /// -> **Note:** A plan does not need the database. If it cannot be reached, the refresh warns and keeps the user as
    /// it is in the state. To plan without connections and warnings, set `skip_plan_connections` in the
    /// `database_connection` block of the provider.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the name, login, replication, connection limit, validity and
    /// membership in `rds_iam`, and the next apply corrects them. It also detects other memberships, if `roles` is set,
    /// and role attributes, unless the user was adopted and `attributes` is null. A role that was dropped and
    /// re-created outside of Terraform is another role: it is left unchanged, and a warning names the command that imports
    /// it. With `adopt_existing`, the next apply adopts it.
    ///
    /// ## Destroy
    ///
    /// By default the user is dropped: in each database of the server, what it owns goes to `reassign_owned_to`, and
    /// its privileges are revoked. All of that is tried in each database first, and nothing is changed if it cannot be
    /// completed. An adopted user is not dropped; it loses only the memberships that it was granted here, and none if
    /// `on_destroy` is `leave`. Its previous attributes and password are not restored. If the name of the endpoint no
    /// longer resolves and RDS says that the database does not exist, the user counts as destroyed, with a warning.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `rds-db:connect` for the login with `auth = "iam"`, or `secretsmanager:GetSecretValue` with `auth = "secret"`,
    /// and `kms:Decrypt` if the secret is encrypted with a customer managed key. If the database cannot be reached when
    /// the user is destroyed, `rds:DescribeDBInstances` or `rds:DescribeDBClusters` tells whether it still exists.
    ///
    /// ### Database
    ///
    /// The privileges of the master user suffice. Any other connecting user needs `CREATEROLE`. On PostgreSQL 16 and
    /// later, it also needs the `ADMIN OPTION` of `rds_iam`, of the roles in `roles`, of `rds_replication` if the user
    /// is granted that, and of the user itself if another role created it. To drop the user, it must be able to connect
    /// to every database in which the user owns objects or has privileges.
    ///
    /// ## Migrating from cyrilgdn/postgresql
    ///
    /// Remove the `postgresql_role` and each `postgresql_grant_role` of it from the state without destroying them, and
    /// import the role in the same apply (Terraform 1.7 or OpenTofu 1.7, or later). Keep cyrilgdn/postgresql in the
    /// configuration until it has been applied:
    ///
    /// ```terraform
    /// removed {
    ///   from = postgresql_role.app
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// removed {
    ///   from = postgresql_grant_role.app_iam
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// import {
    ///   to = rdsauth_postgresql_iam_user.app
    ///   id = "administrator@orders.abcdefghijkl.eu-west-1.rds.amazonaws.com/orders/orders_app"
    /// }
    ///
    /// resource "rdsauth_postgresql_iam_user" "app" {
    ///   name  = "orders_app"
    ///   roles = ["orders_readwrite"] # without "rds_iam" and "rds_replication"
    ///
    ///   database_connection {
    ///     host     = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    ///     database = "orders"
    ///     username = "administrator"
    ///   }
    /// }
    /// ```
    ///
    /// Besides the import, the first plan shows an in-place update at most: no argument replaces the role, and another
    /// `name` renames it. It shows a change of:
    ///
    /// - `rds_iam_paths` if the role is not a member of `rds_iam` yet. Its password stops working with the apply. Grant the
    ///   application `rds-db:connect` before that, for example with `rdsauth_iam_db_user_policy`.
    /// - `roles` if the role has other memberships. They are revoked, or stay as they are if `roles` is null; either way,
    ///   `rds_iam_paths` is known after the apply.
    /// - `attributes` if the role has others than the configuration. They are removed.
    /// - `database_connection` if it has arguments that the import ID cannot express.
    ///
    /// Everything else stays: objects, privileges on objects, the `ADMIN OPTION` of memberships that stay, and settings
    /// such as `search_path`. They are not managed; `postgresql_grant` can still manage the privileges.
    ///
    /// An import does not know who created the role: destroy drops it unless `on_destroy` says otherwise. Nor does it
    /// know whether the role has a password: an update removes it, but there may be nothing to update. A member of
    /// `rds_iam` cannot log in with it. The import ID cannot express `auth_host`, so import where the endpoint can be
    /// reached by its DNS name.
    ///
    /// -> **Note:** Resources of cyrilgdn/postgresql that stay, such as `postgresql_database` with this role as its
    /// owner, make their connecting user a member of the role for a while. If it logs in with a password, it [cannot
    /// connect](https://github.com/cyrilgdn/terraform-provider-postgresql/issues/289) in that time. Let a role that is
    /// no member of `rds_iam` own the database.
    pub struct PostgresqlIamUser {
        /// Name of the database user, in the case in which it connects. A new name renames the user.
        name: String = required().check(checks::name()),
        /// Whether the database user can log in.
        login: bool = optional().or(true),
        /// Whether the database user can open replication connections, with the role attribute `REPLICATION` or, if the
        /// connecting user cannot grant that, with membership in `rds_replication`.
        replication: bool = optional().or(false),
        /// Role attributes of the database user besides `LOGIN` and `REPLICATION`. Others are removed, as far as the
        /// connecting user is allowed to. If null, a user created or imported here has none, and those of an adopted user
        /// are not managed.
        attributes: Option<Set<String>> =
            optional().each(check::one_of(&["BYPASSRLS", "CREATEDB", "CREATEROLE"])),
        /// Roles that the database user is a member of, besides `rds_iam` and `rds_replication`. Other memberships are
        /// revoked. If null, memberships are not managed.
        roles: Option<Set<String>> = optional().each(checks::role()),
        /// Maximum number of concurrent sessions of the database user; -1 means no limit.
        connection_limit: i64 = optional().or(-1).check(check::between(-1..=i64::from(i32::MAX))),
        /// Time until which a password of the database user is valid, such as `2030-01-01T00:00:00Z`, or `infinity`. It does
        /// not apply to authentication tokens. Defaults to no limit.
        valid_until: Option<Instant> = optional().check(checks::instant()),
        /// Whether to remove a password of the database user. RDS does not show whether there is one, so a password that is
        /// set later stays until the next change; members of `rds_iam` cannot log in with it.
        forbid_password: bool = optional().or(true),
        /// Role that becomes the owner of the database user's objects when the user is dropped. It must exist and have
        /// `CREATE` in their schemas, and the connecting user must be able to become a member of it. Defaults to the
        /// connecting user.
        reassign_owned_to: Option<String> = optional().check(checks::role()),
        /// Whether to allow adopting a role of this name that already exists, regardless of who created it. It is
        /// changed to this configuration, and keeps its objects, its privileges and, without `roles`, its memberships. It
        /// loses its password unless `forbid_password` is `false`.
        adopt_existing: bool = optional().or(false),
        /// What to do with the database user when the resource is destroyed: `drop` reassigns its objects, revokes its
        /// privileges and drops it, `revoke_rds_iam` makes it an ordinary role, `leave` changes nothing. An adopted user is
        /// never dropped.
        on_destroy: String = optional().or("drop").check(check::one_of(&["drop", "revoke_rds_iam", "leave"])),
        /// How long a change waits for locks of other sessions, such as `10s`.
        lock_timeout: String = optional().or("10s").check(connection::duration()),
        /// Name of the user.
        id: Computed<String> = computed().follows(|of| of.get(Self::name)),
        /// OID of the role. It does not change when the role is renamed.
        oid: Computed<i64> = computed().keep(),
        /// Time at which this provider created the role, in any configuration. Null if it did not.
        created_at: Computed<Option<String>> = computed().keep(),
        /// How the database user can open replication connections: `attribute`, `rds_replication`, or null.
        replication_by: Computed<Option<String>> = computed().keep(),
        /// Paths of memberships that lead to `rds_iam`, such as `jane → app → rds_iam`, shortest first, at most 16.
        rds_iam_paths: Computed<Vec<String>> = computed().keep(),
        /// Whether the database user has a password. Null if the connection is not allowed to see it, as on RDS.
        password_set: Computed<Option<bool>> = computed().keep(),
        /// Whether the role existed before and was adopted.
        adopted: Computed<bool> = computed().keep(),
        /// Roles that an adopted user was granted by this resource. They are also stored in the comment on the role until the
        /// resource is destroyed.
        granted_roles: Computed<Set<String>> = computed().keep(),
        /// Connection to the database, and how to authenticate.
        database_connection: DatabaseConnection = block().min(1),
    }
    timeouts { create: "5m", read: "2m", update: "5m", delete: "10m" }
    identity { identity::PostgresqlIamUserIdentity }
}

/// An instant of RFC 3339, or `infinity`; two spellings of one instant are the same.
pub type Instant = Text<InstantSpelling>;

/// The spelling of instants.
#[derive(Clone, Copy, Debug)]
pub enum InstantSpelling {}

const FOREVER: &str = "infinity";

/// Arguments that only affect a later operation, so a change of them needs no statement.
fn of_state() -> [&'static str; 4] {
    type It = PostgresqlIamUser;
    [It::on_destroy.name(), It::lock_timeout.name(), It::reassign_owned_to.name(), It::adopt_existing.name()]
}

impl Spelling for InstantSpelling {
    fn same(a: &str, b: &str) -> bool {
        roles::same_instant(a, b)
    }
}

impl Resource<World> for PostgresqlIamUser {
    const TYPE: &'static str = "postgresql_iam_user";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn create(cx: &Ctx, plan: Self) -> Result<Self> {
        let session = plan.session_to_write(cx).await?;
        let created = plan.create_or_adopt(cx, &session).await?;
        created.database_connection.leave_postgres(cx, session);
        Ok(created)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let known = state.known()?.filter(|_| !cx.is_import());
        let Some(found) = state.refreshed(cx, known.as_ref()).await? else { return Ok(Some(state)) };
        let Some(role) = found else { return Ok(None) };
        match &known {
            None => {
                state.adopted = false.into();
                state.granted_roles = Set::default().into();
                state.roles = Some(role.further_roles().cloned().collect::<Set<_>>()).filter(|roles| !roles.is_empty());
            }
            Some(known) if !role.is(known) || state.is_of_another(cx, &role) => {
                if !state.adopt_existing {
                    cx.warn(claims::recreated(&ownership::subject(&state)?));
                    return Ok(None);
                }
                cx.warn(diagnostics::recreated(&role.name));
                state.adopted = true.into();
                state.granted_roles = Set::default().into();
            }
            Some(_) => {}
        }
        state.describe(&role)?;
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        if ownership::differ_only_in(&plan, &state, &of_state()) {
            if plan.reassign_owned_to != state.reassign_owned_to {
                plan.check_heir(cx).await?;
            }
            return Ok(plan);
        }
        let session = plan.session_to_write(cx).await?;
        let known = state.known()?;
        let found = roles::find(&session, &state.name, known.as_ref()).await.map_err(|error| plan.fault(error))?;
        match found.filter(|role| known.is_some_and(|known| role.is(&known))) {
            Some(role) => {
                plan.ensure_allowed(&session, &role.name).await?;
                let promised = plan.promised();
                plan.adopted = state.adopted;
                plan.granted_roles = state.granted_roles;
                plan.write(cx, &session, Some(role.oid), None).await?;
                plan.keep(promised);
            }
            None if plan.place() == state.place() => return Err(diagnostics::role_missing(&state.name)),
            None => {
                cx.warn(diagnostics::not_moved(&state.name, &state.place()));
                plan = plan.create_or_adopt(cx, &session).await?;
            }
        }
        plan.database_connection.leave_postgres(cx, session);
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        state.destroy(cx).await?;
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut complaints = config.block(Self::database_connection).map(|it| DatabaseConnection::check(&it));
        let complaints = complaints.get_or_insert_default();
        let name = config.get(Self::name).known();
        let login = config.block(Self::database_connection).and_then(|it| it.get(DatabaseConnection::username).known());
        if let Some(name) = &name {
            if login.as_ref() == Some(name) {
                complaints.push(diagnostics::own_login(name).at(Self::name));
            }
            if config.get(Self::reassign_owned_to).known().as_ref() == Some(name) {
                let detail = "Objects cannot be reassigned to the user that is dropped. Use another role.";
                complaints.push(Diagnostic::error("Invalid reassign_owned_to", detail).at(Self::reassign_owned_to));
            }
        }
        for role in config.get(Self::roles).known().iter().flat_map(|roles| roles.iter()) {
            complaints.extend(diagnostics::unfit_role(role, name.as_deref()).map(|error| error.at(Self::roles)));
        }
        let is_set = config.get(Self::valid_until).known().is_some_and(|until| until.0 != FOREVER);
        if is_set && config.get(Self::forbid_password) == Val::Known(true) {
            complaints.push(diagnostics::no_effect().at(Self::valid_until));
        }
        std::mem::take(complaints)
    }

    /// The rest is known without the database. If it can be reached, objections to the user are reported early; why it
    /// cannot be reached is reported by the refresh and by the apply, unless it is for want of a secret.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        let to_look = ownership::object_to_look_up(cx, plan);
        let Some(planned) = plan.planned() else { return Ok(()) };
        let wanted = planned.decode();
        let writes = foreseen::fill(plan) || plan.changed(Self::reassign_owned_to);
        let Some(wanted) = wanted.filter(|_| writes && cx.is_known() && cx.databases().is_ok()) else { return Ok(()) };
        // An earlier process of this run has looked at what a create needs, and the create looks again.
        if connection::is_skipped(cx) || plan.is_create() && to_look.is_none() {
            return Ok(());
        }
        let opened = wanted.session(cx).await;
        let Some(session) = connection::for_plan(cx, opened, to_look.is_some()) else { return Ok(()) };
        let name = plan.prior().and_then(|prior| prior.get(Self::name).known()).unwrap_or_else(|| wanted.name.clone());
        let survey = match wanted.survey(&session, &name).await {
            Err(error) if error.is_unreached() => return Ok(()),
            survey => survey?,
        };
        if let (Some(unfit), Some(heir)) = (survey.heir, &wanted.reassign_owned_to) {
            let error = diagnostics::unfit_heir(heir, unfit).at(Self::reassign_owned_to);
            cx.warn(Diagnostic { severity: Severity::Warning, ..error });
        }
        let found = survey.found.clone();
        // Roles may be created in the same apply.
        wanted.judge(&name, &Survey { missing: Vec::new(), heir: None, ..survey })?;
        if let (Some(subject), Some(found), false) = (to_look, found, wanted.adopt_existing) {
            cx.claims().warn_exists(cx, &subject, &Creator::of(found.mark.as_ref()));
        }
        wanted.database_connection.leave_postgres(cx, session);
        Ok(())
    }

    /// `[LOGIN@]HOST[:PORT]/DATABASE/USER`.
    fn import(id: &str) -> Result<Partial<Self>> {
        let (mut connection, parts) = DatabaseConnection::of_import(id)?;
        let Ok([database, name]) = <[String; 2]>::try_from(parts) else {
            let detail = format!(
                "\"{id}\" is not of the form [LOGIN@]HOST[:PORT]/DATABASE/USER, such as \
                 admin@orders.cabc123.us-east-1.rds.amazonaws.com/orders/app."
            );
            return Err(Diagnostic::error("Malformed import id", detail));
        };
        connection.database = Some(database);
        Ok(Partial::default().with(Self::name, name).with(Self::database_connection, connection))
    }
}

impl Owned for PostgresqlIamUser {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (name, connection) = (of.get(Self::name).known()?, of.block(Self::database_connection)?);
        let place = Place::planned(&connection, Engine::Postgres)?;
        let database = connection.get(DatabaseConnection::database).known();
        let import_id = connection.decode()?.import_id(&[database.as_deref().unwrap_or("postgres"), &name]);
        Some(Subject {
            kind: Self::TYPE,
            key: format!("{place}/{name}"),
            noun: "Role",
            what: format!("role \"{name}\" in the database server {place}"),
            found: claims::EXISTS,
            arguments: "\"name\"",
            import_id,
            region: None,
            at: Self::name.path(),
        })
    }
}

impl PostgresqlIamUser {
    /// Whether the role carries the mark of another creation than the one in the state.
    fn is_of_another(&self, cx: &Ctx, role: &Role) -> bool {
        !matches!(self.adopted, Computed::Known(true)) && claims::is_of_another(cx, Self::TYPE, role.mark.as_deref())
    }

    /// The role as a refresh finds it; nothing, with a warning, if the database cannot be reached.
    async fn refreshed(&self, cx: &Ctx, known: Option<&Known>) -> Result<Option<Option<Role>>> {
        let one = || async {
            let opened = connection::for_refresh(cx, self.session(cx)).await?;
            let Some(session) = opened else { return Ok(None) };
            let found = roles::find(&session, &self.name, known).await;
            let Some(found) = connection::unless_lost(cx, found, connection::AS_KNOWN)? else { return Ok(None) };
            self.database_connection.leave_postgres(cx, session);
            Ok(Some(found))
        };
        match known {
            Some(known) if !connection::is_skipped(cx) => {
                let is_it = |role: &Role| role.is(known);
                self.database_connection.shared_role(cx, &self.name, is_it, one).await
            }
            _ => one().await,
        }
    }

    async fn session(&self, cx: &Ctx) -> Result<Lent<Session>> {
        self.database_connection.postgres(cx, Self::database_connection).await
    }

    async fn session_to_write(&self, cx: &Ctx) -> Result<Lent<Session>> {
        self.database_connection.postgres_to_write(cx, Self::database_connection).await
    }

    fn place(&self) -> Place {
        Place::of(&self.database_connection, Engine::Postgres)
    }

    /// How the role is identified; nothing while the object is imported.
    fn known(&self) -> Result<Option<Known>> {
        let Computed::Known(oid) = self.oid else { return Ok(None) };
        let oid = u32::try_from(oid).map_err(Diagnostic::bug)?;
        let created_at = self.created_at.get()?.as_deref().and_then(|instant| instant.parse().ok());
        Ok(Some(Known { oid, created_at }))
    }

    fn patience(&self) -> Duration {
        parse_duration(&self.lock_timeout).unwrap_or_default()
    }

    fn wanted(&self) -> Wanted<'_> {
        let adopted = self.adopted == Computed::Known(true);
        Wanted {
            name: &self.name,
            login: self.login,
            replication: self.replication,
            roles: self.roles.as_deref(),
            attributes: self.attributes.as_deref().or((!adopted).then_some(&[])),
            connection_limit: self.connection_limit,
            valid_until: self.valid_until.as_ref().map(|until| until.0.as_str()).filter(|until| *until != FOREVER),
            forbid_password: self.forbid_password,
            adopted,
            mark: None,
        }
    }

    /// Creates the role, or adopts the existing one.
    async fn create_or_adopt(mut self, cx: &Ctx, session: &Session) -> Result<Self> {
        let mut claim = ownership::begin(cx, &self).await?;
        let survey = self.survey(session, &self.name).await.map_err(|error| self.fault(error))?;
        let mark = survey.found.as_ref().and_then(|role| role.mark.clone());
        let is_earlier = claim.owns_mark(mark.as_deref());
        let adopted = survey.found.is_some() && !is_earlier;
        if adopted && !self.adopt_existing {
            return Err(diagnostics::can_be_adopted(claim.refuse(&Creator::of(mark.as_ref()))));
        }
        self.judge(&self.name, &survey)?;
        if let Some(mark) = mark.filter(|_| is_earlier) {
            claim.resume(&mark);
            claim.warn_adopted(cx);
        }
        claim.note(cx, None, None);
        let promised = self.promised();
        self.adopted = adopted.into();
        self.granted_roles = Set::default().into();
        let oid = survey.found.as_ref().map(|role| role.oid);
        if let Err(error) = self.write(cx, session, oid, Some(&claim.mark())).await {
            return Err(match roles::find(session, &self.name, None).await {
                // The role was created by others in the meantime.
                Ok(Some(role)) if oid.is_none() && !claim.owns_mark(role.mark.as_deref()) => {
                    claim.refuse(&Creator::of(role.mark.as_ref()))
                }
                _ => error,
            });
        }
        claim.created(cx);
        self.keep(promised);
        Ok(self)
    }

    /// Copies the present settings.
    fn describe(&mut self, role: &Role) -> Result<()> {
        self.oid = i64::from(role.oid).into();
        self.name.clone_from(&role.name);
        self.login = role.login;
        self.replication = role.replication_by().is_some();
        if self.roles.is_some() {
            self.roles = Some(role.further_roles().cloned().collect());
        }
        self.attributes = match (&self.attributes, *self.adopted.get()?) {
            (None, true) => None,
            (None, false) if role.attributes.is_empty() => None,
            _ => Some(role.attributes.iter().cloned().collect()),
        };
        self.connection_limit = role.connection_limit;
        match &role.valid_until {
            Some(until) => self.valid_until = Some(until.as_str().into()),
            None => self.valid_until = self.valid_until.take().filter(|until| until.0 == FOREVER),
        }
        self.replication_by = role.replication_by().map(str::to_owned).into();
        self.rds_iam_paths = role.iam_paths.clone().into();
        self.password_set = role.password_set.into();
        self.created_at = role.created_at.map(|instant| instant.to_string()).into();
        if *self.adopted.get()? {
            let before = self.granted_roles.get()?.iter().filter(|name| role.roles.contains(name)).cloned();
            self.granted_roles = Set::from_iter(role.granted().unwrap_or_else(|| before.collect())).into();
        }
        Ok(())
    }

    async fn write(&mut self, cx: &Ctx, session: &Session, oid: Option<u32>, mark: Option<&str>) -> Result<()> {
        let wanted = Wanted { mark, ..self.wanted() };
        let written = roles::write(session, oid, &wanted, self.patience()).await;
        let written = written.map_err(|error| self.fault(error))?;
        if let Some(error) = &written.attribute_refused {
            cx.warn(diagnostics::by_role(&self.name, error).at(Self::replication));
        }
        for (attribute, error) in &written.attributes_kept {
            cx.warn(diagnostics::attribute_kept(&self.name, attribute, error).at(Self::attributes));
        }
        let attributes = self.attributes.clone(); // Those that stay are shown by the next refresh.
        self.describe(&written.role)?;
        self.attributes = attributes;
        Ok(())
    }

    /// Points a failed write at its cause.
    fn fault(&self, error: sql::Error) -> Diagnostic {
        let changed = match error.refusal() {
            Some(Refusal::Missing) => Self::roles.path(),
            _ => Self::name.path(),
        };
        let connection = &self.database_connection;
        let at = connection.at_fault(&error, Self::database_connection, Self::lock_timeout, changed);
        let error = Diagnostic::from(error);
        Diagnostic {
            summary: "Cannot change the user".to_owned(),
            detail: format!("\"{}\": {}", self.name, error.detail),
            ..error
        }
        .at(at)
    }
}
