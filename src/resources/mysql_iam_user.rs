//! `rdsauth_mysql_iam_user`: a user of MySQL or MariaDB that logs in with tokens of IAM.
//!
//! It owns one account: how it logs in and what it may do. Statements on accounts are not transactional, so a run can
//! end after each, and the next run continues from there.

mod creation;
mod diagnostics;
mod grant;
mod identity;
mod privileges;

use std::time::Duration;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{
    Check, Computed, Partial, Plan, Resource, Set, Val, View, block, check, computed, optional, parse_duration,
    required,
};
use tf_provider::value::Path;

use crate::ownership::{self, Owned};
use crate::parts::db::connection::{self, DatabaseConnection, Engine, Place};
use crate::records::claims::{self, Creator, Subject};
use crate::resources::mysql_iam_user::grant::{CDC, GrantBlock, database_name};
use crate::sql::mysql::Session;
use crate::sql::mysql::grants::Grants;
use crate::sql::mysql::server::Server;
use crate::sql::mysql::users::{self, Account, HOST_MAX, NAME_MAX, PLUGIN, User};
use crate::sql::quote::check_my_name;
use crate::sql::{self, Lent};
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Manages a user of RDS for MySQL, RDS for MariaDB or Aurora MySQL that logs in with IAM database authentication,
    /// and its privileges. Use it rather than `mysql_user` and `mysql_grant` of petoju/mysql, where a change of
    /// `auth_plugin` drops and re-creates the user: this resource converts it in place, requires TLS by default, and
    /// connects with a new authentication token each time.
    ///
    /// AWS describes such users in [Creating a database account using IAM
    /// authentication](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html).
    ///
    /// The user has the plugin `AWSAuthenticationPlugin`, which RDS loads when IAM database authentication is on. A
    /// user of the same name and host that already exists is not changed, and the error names the import command. With
    /// `adopt_existing` it is adopted instead: it can then log in with authentication tokens only, and keeps all
    /// privileges that it had.
    ///
    /// If `database_connection` leads to another endpoint, the user is created there, as by a new resource, and the one
    /// at the previous endpoint is left as it is. If the user that this resource created is there already and
    /// unchanged, as in a restored snapshot, it stays managed. A tunnel to the same endpoint changes nothing.
    ///
    /// System users and the connecting user cannot be managed. A user with `CREATE USER` and the `GRANT OPTION` on all
    /// databases, such as the master user, is not converted.
    ///
    /// ~> **Note:** Only the state knows which privileges an adopted user had before. If the first apply is killed and its
    /// state is lost, what it had granted counts as the user's own. An imported user is managed as if it had been created
    /// here.
    ///
    /// -> **Note:** A plan does not need the database. If it cannot be reached, the refresh warns and keeps the user as
    /// it is in the state. To plan without connections and warnings, set `skip_plan_connections` in the
    /// `database_connection` block of the provider.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects privileges and roles that were granted or revoked outside of Terraform, as a change of `grants`,
    /// and the next apply corrects them. It also detects a changed plugin, a changed TLS requirement and a locked user.
    /// Of an adopted user, only the privileges of the configuration are managed. Resource limits and password options
    /// are not managed.
    ///
    /// ## Destroy
    ///
    /// The user is dropped, unless `on_destroy` is `leave`. An adopted user is not dropped: the privileges that this
    /// resource granted are revoked, and no others, and it still logs in with authentication tokens only. If the name
    /// of the endpoint no longer resolves and RDS says that the database does not exist, the user counts as destroyed,
    /// with a warning.
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
    /// The connecting user needs `CREATE USER`, `SELECT` on the database `mysql`, and each privilege that it is to
    /// grant, with the `GRANT OPTION`. The master user of RDS has them. To revoke a role, it needs the `ADMIN OPTION`
    /// of that role or, on MySQL 8, `ROLE_ADMIN`. On MySQL 8, to convert or drop a user that has `SYSTEM_USER`, it needs
    /// `SYSTEM_USER`.
    ///
    /// ## Migrating from petoju/mysql
    ///
    /// Remove the `mysql_user` and each `mysql_grant` of it from the state without destroying them, and import the user
    /// in the same apply (Terraform 1.7 or OpenTofu 1.7, or later). Keep petoju/mysql in the configuration until it has
    /// been applied:
    ///
    /// ```terraform
    /// removed {
    ///   from = mysql_user.app
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// removed {
    ///   from = mysql_grant.app
    ///
    ///   lifecycle {
    ///     destroy = false
    ///   }
    /// }
    ///
    /// import {
    ///   to = rdsauth_mysql_iam_user.app
    ///   id = "admin@orders.cabc123def456.us-east-1.rds.amazonaws.com/app@%"
    /// }
    ///
    /// resource "rdsauth_mysql_iam_user" "app" {
    ///   name = "app" # "user" of the mysql_user
    ///   host = "%"   # "host" of the mysql_user
    ///
    ///   grant {
    ///     privileges = ["INSERT", "SELECT"] # those of the mysql_grant
    ///     database   = "orders"
    ///   }
    ///
    ///   database_connection {
    ///     host     = "orders.cabc123def456.us-east-1.rds.amazonaws.com"
    ///     username = "admin"
    ///   }
    /// }
    /// ```
    ///
    /// Besides the import, the first plan shows an in-place update at most. Check that it does not replace the user, which
    /// another `name` or `host` would do. It shows a change of:
    ///
    /// - `plugin` if the user logs in with a password, which stops working with the apply. Grant the application
    ///   `rds-db:connect` before that, for example with `rdsauth_iam_db_user_policy`.
    /// - `require_ssl` if the user does not have to use TLS.
    /// - `grants` if the user has privileges that the configuration does not grant. They are revoked.
    /// - `database_connection` if it has arguments that the import ID cannot express.
    ///
    /// Roles, and privileges on columns, procedures and functions, cannot be written as a `grant` block, so they would
    /// be revoked. To keep them, set `adopt_existing` to `true` and leave out the `import` block. The user then keeps
    /// all that it had, and destroy does not drop it.
    ///
    /// An import does not know who created the user: destroy drops it unless `on_destroy` is `leave`. The import ID cannot
    /// express `auth_host`, so import where the endpoint can be reached by its DNS name.
    pub struct MysqlIamUser {
        /// Name of the database user, as IAM policies name it. It is case-sensitive.
        name: String = required().replace().check(Check::explained(
            "must be the name of a user: 1 to 32 characters, none beyond U+FFFF, the last no space, and not one of the \
             system's own users",
            check_name,
        )),
        /// Host that the database user can connect from: a name, an address, a pattern with `%` and `_`, or a network such as
        /// `10.0.0.0/255.255.0.0`.
        host: String = optional().or("%").replace().check(Check::text(
            "must be 1 to 60 printable characters of ASCII, without upper-case letters, `@`, quotes and backslashes",
            is_host,
        )),
        /// Whether the database user must use TLS. Tokens are sent in clear text, so a client without TLS exposes them
        /// to the network.
        require_ssl: bool = optional().or(true),
        /// Privileges of the database user. Together with those of `preset`, they are all that it has, unless it was
        /// adopted.
        grant: Set<GrantBlock> = block(),
        /// Predefined set of privileges: `cdc` for change data capture from the binary log, which is `REPLICATION CLIENT`,
        /// `REPLICATION SLAVE` and `SELECT`.
        preset: Option<String> = optional().check(check::one_of(&[CDC])),
        /// Databases that `preset` lets the database user read. Defaults to all databases.
        preset_databases: Option<Set<String>> = optional().check(check::size(1..=usize::MAX)).each(database_name()),
        /// Whether to allow adopting a database user that already exists, whatever it is used for.
        adopt_existing: bool = optional().or(false),
        /// What to do with the database user when the resource is destroyed: `drop` drops it or, if it was adopted, revokes
        /// the privileges that this resource granted; `leave` changes nothing.
        on_destroy: String = optional().or(DROP).check(check::one_of(&[DROP, LEAVE])),
        /// How long to wait for locks of other sessions, such as `10s`. In whole seconds, at least one.
        lock_timeout: String = optional().or(LOCK_TIMEOUT).check(connection::duration()),
        /// Connection to the database. It must lead to the writer.
        database_connection: DatabaseConnection = block().min(1),
        /// Account of the user, such as `app@%`.
        id: Computed<String> = computed().follows(Self::account_in),
        /// Authentication plugin of the database user.
        plugin: Computed<String> = computed().derived(|_| Val::Known(PLUGIN.to_owned())),
        /// Whether the database user is locked (`ACCOUNT LOCK`) and cannot log in. The next apply unlocks it.
        account_locked: Computed<Option<bool>> = computed().derived(|_| Val::Known(Some(false))),
        /// Whether the database user needs a client certificate or a specific cipher (`REQUIRE X509`, `SUBJECT`, `ISSUER` or
        /// `CIPHER`). The next apply removes the requirement.
        client_certificate_required: Computed<Option<bool>> = computed().derived(|_| Val::Known(Some(false))),
        /// Privileges and roles of the database user, in the form of `SHOW GRANTS` and with the names that MySQL has for them.
        /// Of an adopted user, only the privileges of the configuration.
        grants: Computed<Set<String>> = computed().derived(Self::wanted_lines),
        /// Kind of the server: `mysql` or `mariadb`.
        engine: Computed<String> = computed().keep(),
        /// Whether the database user existed before and was adopted.
        adopted: Computed<bool> = computed().keep(),
        /// Privileges and roles that an adopted database user had before. Null if it was not adopted.
        previous_grants: Computed<Option<Set<String>>> = computed().keep(),
    }
    timeouts { create: "5m", read: "2m", update: "5m", delete: "5m" }
    identity { identity::MysqlIamUserIdentity }
}

/// The default of `lock_timeout`.
pub const LOCK_TIMEOUT: &str = "10s";

const DROP: &str = "drop";
const LEAVE: &str = "leave";

/// Arguments that only affect a later operation, so a change of them needs no statement.
fn of_state() -> [&'static str; 3] {
    [MysqlIamUser::on_destroy.name(), MysqlIamUser::lock_timeout.name(), MysqlIamUser::adopt_existing.name()]
}

/// The users of MySQL, MariaDB and RDS themselves.
const SYSTEM: &[&str] = &[
    "mariadb.sys",
    "mysql.infoschema",
    "mysql.session",
    "mysql.sys",
    "rdsadmin",
    "rdsrepladmin",
    "rdsproxyadmin",
    "root",
];

impl Resource<World> for MysqlIamUser {
    const TYPE: &'static str = "mysql_iam_user";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn create(cx: &Ctx, plan: Self) -> Result<Self> {
        plan.converge(cx, None).await
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let Some(found) = state.refreshed(cx).await? else { return Ok(Some(state)) };
        let Some((server, user)) = found else { return Ok(None) };
        if cx.is_import() {
            state.describe(&user);
        }
        state.refresh(server, &user)?;
        Ok(Some(state))
    }

    async fn update(cx: &Ctx, plan: Self, state: Self) -> Result<Self> {
        match ownership::differ_only_in(&plan, &state, &of_state()) {
            true => Ok(plan),
            false => plan.converge(cx, Some(&state)).await,
        }
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        if state.on_destroy == LEAVE {
            return Ok(());
        }
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        let (opened, what) = (state.session_to_write(cx).await, format!("The user \"{}\"", state.account()));
        let opened = state.database_connection.unless_deleted(cx, Engine::Mysql, opened, &what).await?;
        let Some(mut session) = opened else { return deletion.done() };
        let Some(user) = state.find(&mut session).await? else { return deletion.done() };
        state.check_login(&session)?;
        if !*state.adopted.get()? {
            let dropped = users::drop(&mut session, state.account()).await;
            state.at_fault(dropped, "Cannot drop the user", Self::name.path())?;
            state.leave(cx, session);
            return deletion.done();
        }
        let previous = state.previous(session.server())?;
        let ours = user.grants.within(&state.wanted(session.server())?).without(&previous);
        let stay = previous.within(&user.grants);
        let applied = users::apply_grants(&mut session, state.account(), &user.grants, &stay, &ours).await;
        state.at_fault(applied, "Cannot revoke the privileges", Self::name.path())?;
        state.leave(cx, session);
        cx.warn(diagnostics::stays(state.account()));
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let connection = config.block(Self::database_connection);
        let mut found: Vec<_> = connection.iter().flat_map(DatabaseConnection::check).collect();
        found.extend(config.set_blocks(Self::grant).into_iter().flatten().flat_map(|grant| GrantBlock::check(&grant)));
        let login = connection.and_then(|connection| connection.get(DatabaseConnection::username).known());
        let name = config.get(Self::name).known();
        let own = name.filter(|name| login.as_ref() == Some(name));
        found.extend(own.map(|name| diagnostics::is_own_login(&name).at(Self::name)));
        if config.is_set(Self::preset_databases) && config.get(Self::preset) == Val::Null {
            let detail = "\"preset_databases\" lists the databases for \"preset\", which is not set. Set \"preset\", \
                          or remove \"preset_databases\".";
            found.push(Diagnostic::error("Missing required argument", detail).at(Self::preset_databases));
        }
        found
    }

    /// In another database the user may have existed before.
    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::warn_if_exists(cx, plan).await;
        let (Some(prior), Some(planned)) = (plan.prior(), plan.planned()) else { return Ok(()) };
        let place = |view: &View<'_, Self>| {
            view.block(Self::database_connection).and_then(|block| Place::planned(&block, Engine::Mysql))
        };
        let (old, new) = (place(&prior), place(&planned));
        if new.is_some() && old == new {
            return Ok(());
        }
        if let (Some(old), Some(new), Val::Known(name)) = (old, new, planned.get(Self::name))
            && !plan.changed(Self::name)
            && !plan.changed(Self::host)
        {
            let host = Self::database_connection.path().field(DatabaseConnection::host);
            cx.warn(diagnostics::moves(&name, &old, &new).at(host));
        }
        plan.forget(Self::engine);
        plan.forget(Self::adopted);
        plan.forget(Self::previous_grants);
        Ok(())
    }

    /// `[LOGIN@]HOST[:PORT]/NAME@HOST`, the last being the hosts of the user.
    fn import(id: &str) -> Result<Partial<Self>> {
        let (connection, parts) = DatabaseConnection::of_import(id)?;
        let account = match parts.as_slice() {
            [account] => account.rsplit_once('@').filter(|(name, host)| check_name(name).is_ok() && is_host(host)),
            _ => None,
        };
        let Some((name, host)) = account else {
            let detail = format!(
                "\"{id}\" does not end with /NAME@HOST, such as /app@%: the user name and the host that the user \
                 connects from. Write %2F for a slash, and %25 for a percent sign before two hexadecimal digits."
            );
            return Err(Diagnostic::error("Malformed import id", detail));
        };
        Ok(Partial::default().with(Self::name, name).with(Self::host, host).with(Self::database_connection, connection))
    }
}

impl Owned for MysqlIamUser {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let (name, host) = (of.get(Self::name).known()?, of.get(Self::host).known()?);
        let connection = of.block(Self::database_connection)?;
        let place = Place::planned(&connection, Engine::Mysql)?;
        let escaped = host.replace('%', "%25").replace('/', "%2F");
        Some(Subject {
            kind: Self::TYPE,
            key: format!("{place}/{name}@{host}"),
            noun: "User",
            what: format!("user \"{}\" in the database server {place}", Account { name: &name, host: &host }),
            found: claims::EXISTS,
            arguments: "\"name\" and \"host\"",
            import_id: format!("{}@{escaped}", connection.decode()?.import_id(&[&name])),
            region: None,
            at: Self::name.path(),
        })
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(planned) = planned.decode().filter(|planned| !planned.adopt_existing && cx.databases().is_ok()) else {
            return Ok(None);
        };
        if connection::is_skipped(cx) {
            return Ok(None);
        }
        let Some(session) = connection::for_plan(cx, planned.session(cx).await, true) else { return Ok(None) };
        Ok(planned.read_user(cx, session).await?.map(|_| Creator::Unknown))
    }
}

impl MysqlIamUser {
    fn account_in(of: &View<'_, Self>) -> Val<String> {
        of.get(Self::name).and_then(|name| of.get(Self::host).map(|host| format!("{name}@{host}")))
    }

    fn account(&self) -> Account<'_> {
        Account { name: &self.name, host: &self.host }
    }

    fn patience(&self) -> Duration {
        parse_duration(&self.lock_timeout).unwrap_or_default()
    }

    async fn session(&self, cx: &Ctx) -> Result<Lent<Session>> {
        self.database_connection.mysql(cx, Self::database_connection, self.patience()).await
    }

    async fn session_to_write(&self, cx: &Ctx) -> Result<Lent<Session>> {
        self.database_connection.mysql_to_write(cx, Self::database_connection, self.patience()).await
    }

    /// The user as a refresh finds it, and the server; nothing, with a warning, if the database cannot be reached.
    async fn refreshed(&self, cx: &Ctx) -> Result<Option<Option<(Server, User)>>> {
        let one = || async {
            let opened = connection::for_refresh(cx, self.session(cx)).await?;
            let Some(session) = opened else { return Ok(None) };
            let server = session.server();
            let found = connection::unless_lost(cx, self.read_user(cx, session).await, connection::AS_KNOWN);
            let found = found.context("Cannot read the user", self.account())?;
            Ok(found.map(|user| user.map(|user| (server, user))))
        };
        match connection::is_skipped(cx) {
            true => one().await,
            false => self.database_connection.shared_account(cx, self.account(), self.patience(), one).await,
        }
    }

    async fn find(&self, session: &mut Session) -> Result<Option<User>> {
        let found = users::find(session, self.account()).await;
        self.at_fault(found, "Cannot read the user", Self::name.path())
    }

    /// Reads, in a session that is returned to the pool.
    async fn read_user(&self, cx: &Ctx, mut session: Lent<Session>) -> Result<Option<User>, sql::Error> {
        let found = users::find(&mut session, self.account()).await?;
        self.leave(cx, session);
        Ok(found)
    }

    fn leave(&self, cx: &Ctx, session: Lent<Session>) {
        self.database_connection.leave_mysql(cx, session, self.patience());
    }

    /// From the present account to the wanted one, whether nothing, some or all of it has been done.
    async fn converge(mut self, cx: &Ctx, prior: Option<&Self>) -> Result<Self> {
        let mut session = self.session_to_write(cx).await?;
        let server = session.server();
        if self.wanted(server)?.count() < self.given()?.count() {
            return Err(diagnostics::same_names().at(Self::grant));
        }
        self.check_login(&session)?;
        let place = |of: &Self| Place::of(&of.database_connection, Engine::Mysql);
        let (prior, moved) = match prior {
            Some(prior) if place(prior) == place(&self) => (Some(prior), None),
            prior => (None, prior),
        };
        // A user carries no mark, and a claim of this directory means that its create was cut off.
        let claim = match prior {
            Some(_) => None,
            None => Some(ownership::begin(cx, &self).await?),
        };
        let found = self.find(&mut session).await?;
        if let Some(prior) = prior {
            self.adopted.clone_from(&prior.adopted);
            self.previous_grants.clone_from(&prior.previous_grants);
        }
        let there = match (found, &claim) {
            (None, claim) => {
                claim.iter().for_each(|claim| claim.note(cx, None, None));
                self.create_user(&mut session, claim.as_ref()).await?
            }
            (Some(user), Some(claim)) if moved.is_none_or(|moved| !moved.is_own(server, &user)) => {
                self.adopt(cx, &mut session, user, claim).await?
            }
            (Some(user), _) => self.convert(&mut session, user).await?,
        };
        claim.iter().for_each(|claim| claim.created(cx));
        if self.adopted == Computed::Unknown {
            (self.adopted, self.previous_grants) = (false.into(), None.into());
        }
        self.engine = server.name().to_owned().into();
        cx.save(&self.so_far(server, &there, prior)?);
        let wanted = self.wanted(server)?;
        let previous = self.previous(server)?;
        let surplus = match (*self.adopted.get()?, prior) {
            (false, _) => there.without(&wanted),
            (true, Some(prior)) => there.within(&prior.wanted(server)?).without(&wanted).without(&previous),
            (true, None) => Grants::default(),
        };
        let wanted = wanted.with(&previous.within(&there));
        let applied = users::apply_grants(&mut session, self.account(), &there, &wanted, &surplus).await;
        self.at_fault(applied, "Cannot grant the privileges", Self::grant.path())?;
        self.leave(cx, session);
        Ok(self)
    }

    /// The session's own user must not be locked out. An account of the same name from other hosts could take
    /// precedence over the session's.
    fn check_login(&self, session: &Session) -> Result<()> {
        match session.user() == self.name {
            true => Err(diagnostics::is_own_login(&self.name).at(Self::name)),
            false => Ok(()),
        }
    }

    /// The answer to a statement; an error points at its cause: the connection, or what was to be changed.
    fn at_fault<T>(&self, answer: Result<T, sql::Error>, summary: &str, changed: Path) -> Result<T> {
        let answer = answer.map_err(|error| {
            let connection = &self.database_connection;
            let at = connection.at_fault(&error, Self::database_connection, Self::lock_timeout, changed);
            Diagnostic::from(error).at(at)
        });
        answer.context(summary, self.account())
    }

    /// Copies the present settings.
    fn refresh(&mut self, server: Server, user: &User) -> Result<()> {
        self.refresh_grants(server, &user.grants)?;
        self.plugin = user.plugin.clone().into();
        self.require_ssl = user.requires_tls;
        self.client_certificate_required = Some(user.requires_certificate).into();
        self.account_locked = Some(user.is_locked).into();
        self.engine = server.name().to_owned().into();
        Ok(())
    }

    /// Fills the configuration from what exists, as an import has no other source.
    fn describe(&mut self, user: &User) {
        self.grant = user.grants.granted().into_iter().map(GrantBlock::of).collect();
        (self.adopted, self.previous_grants) = (false.into(), None.into());
    }
}

fn check_name(name: &str) -> Result<(), String> {
    if SYSTEM.contains(&name) {
        return Err(format!("\"{name}\" is a reserved user of the database or of Amazon RDS."));
    }
    check_my_name(name, NAME_MAX).map_err(|error| error.to_string())
}

fn is_host(host: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && !c.is_ascii_uppercase() && !"@'\"`\\".contains(c);
    (1..=HOST_MAX).contains(&host.len()) && host.chars().all(fits)
}
