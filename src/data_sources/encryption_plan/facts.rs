//! What is read of a database and of what depends on it, and why something could not be read.

use tf_provider::diagnostic::Result;

use crate::aws::Clients;
use crate::aws::iam::mentions::Mentions;
use crate::aws::rds::parameters::Group;
use crate::aws::rds::{Database, Dependent, Kind, Rds, Relative, Source};
use crate::aws::secrets::Listed;
use crate::parts::db::connection::Engine;
use crate::sql::movability::Movability;

/// An answer, or the reason why there is none.
pub(super) type Seen<T> = Result<T, String>;

/// All that a plan is made of.
#[derive(Debug)]
pub(super) struct Facts {
    /// The database.
    pub source: Source,
    /// The members of a cluster, or the read replicas of an instance in the same region.
    pub relatives: Seen<Vec<Relative>>,
    /// The proxies before it.
    pub proxies: Seen<Vec<Dependent>>,
    /// The event subscriptions that name it.
    pub subscriptions: Seen<Vec<Dependent>>,
    /// Its zero-ETL integrations.
    pub integrations: Seen<Vec<Dependent>>,
    /// Its blue/green deployments.
    pub deployments: Seen<Vec<Dependent>>,
    /// The policies that name its resource ID.
    pub mentions: Seen<Mentions>,
    /// The secrets that seem to be about it.
    pub secrets: Seen<Vec<Listed>>,
    /// What is in it, if there is a connection to it.
    pub contents: Option<Movability>,
    /// Whether replication can follow its changes.
    pub capture: Capture,
}

/// Whether the log of a database has what replication needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    /// It has.
    Ready,
    /// It has not: what to do.
    Off(String),
    /// It is not known whether: why.
    Unknown(String),
}

const LOGICAL: &str = "rds.logical_replication";
const FORMAT: &str = "binlog_format";

impl Facts {
    /// Reads everything that AWS knows, in as few calls as there are questions.
    pub(super) async fn read(
        clients: &Clients,
        region: Option<&str>,
        rds: &Rds,
        source: Source,
        contents: Option<Movability>,
    ) -> Self {
        let relatives = rds.relatives(&source).await.map_err(|error| error.reason());
        let (kind, arn) = (source.database.kind, &source.database.arn);
        let (identifier, engine) = (source.database.identifier.as_str(), &source.database.engine);
        let known = relatives.as_deref().unwrap_or_default();
        // Members of a cluster are in its VPC, and policies, subscriptions can name each.
        let members = if kind == Kind::Cluster { known } else { &[] };
        let vpc = source.vpc_id.as_deref().or(members.iter().find_map(|member| member.vpc_id.as_deref()));
        let mut named = vec![(kind, identifier)];
        named.extend(members.iter().map(|member| (Kind::Instance, member.identifier.as_str())));
        let mut ids = vec![source.database.resource_id.as_str()];
        ids.extend(members.iter().map(|member| member.resource_id.as_str()).filter(|id| !id.is_empty()));
        let (proxies, subscriptions, integrations, deployments, mentions, secrets, capture) = tokio::join!(
            rds.proxies_of(kind, identifier, engine, vpc),
            rds.event_subscriptions_of(&named),
            rds.integrations_of(arn),
            rds.blue_green_deployments_of(arn),
            async { clients.iam().await?.mentions(&ids).await },
            async { clients.secrets(region).await?.about(&[identifier]).await },
            capture(rds, &source, contents.as_ref()),
        );
        Self {
            proxies: proxies.map_err(|error| error.reason()),
            subscriptions: subscriptions.map_err(|error| error.reason()),
            integrations: integrations.map_err(|error| error.reason()),
            deployments: deployments.map_err(|error| error.reason()),
            mentions: mentions.map_err(|error| error.reason()),
            secrets: secrets.map_err(|error| error.reason()),
            relatives,
            source,
            contents,
            capture,
        }
    }

    /// The family of its engine.
    pub(super) fn family(&self) -> Option<Engine> {
        Engine::of(&self.source.database.engine)
    }
}

/// Whether replication can follow the changes: as the database itself says, or else its parameter group.
async fn capture(rds: &Rds, source: &Source, contents: Option<&Movability>) -> Capture {
    let Database { kind, group, engine, .. } = &source.database;
    let Some(family) = Engine::of(engine) else {
        return Capture::Unknown(format!("Replication from the engine \"{engine}\" is not covered."));
    };
    // Aurora writes binary logs without backups, of which it always has some.
    if family == Engine::Mysql && *kind == Kind::Instance && source.backup_retention_period == 0 {
        let detail =
            "Automated backups are off, so MySQL and MariaDB write no binary logs: set the backup retention period.";
        return Capture::Off(detail.to_owned());
    }
    if let Some(contents) = contents {
        return capture_in(family, contents);
    }
    let name = match family {
        Engine::Postgres => LOGICAL,
        Engine::Mysql => FORMAT,
    };
    match rds.parameters_named(&Group { kind: *kind, name: group.clone() }, &[name]).await {
        Ok(found) => configured(family, &source.database, found.into_iter().next().and_then(|found| found.value)),
        Err(error) => Capture::Unknown(error.reason()),
    }
}

/// By the settings of the running server.
fn capture_in(family: Engine, contents: &Movability) -> Capture {
    let setting = |name: &str| contents.settings.get(name).map_or("", String::as_str);
    match family {
        Engine::Postgres if setting("wal_level") == "logical" => Capture::Ready,
        Engine::Postgres => off_in_postgres(),
        Engine::Mysql if setting("log_bin") == "ON" && setting(FORMAT) == "ROW" => Capture::Ready,
        Engine::Mysql if setting("log_bin") == "ON" => off_in_mysql(setting(FORMAT)),
        Engine::Mysql => off_in_mysql("OFF"),
    }
}

/// By the value of the parameter in the group.
fn configured(family: Engine, database: &Database, value: Option<String>) -> Capture {
    let group = &database.group;
    let pending = database.group_status == "pending-reboot";
    match (family, value.as_deref()) {
        (Engine::Postgres, Some("1" | "on")) | (Engine::Mysql, Some("ROW")) if pending => Capture::Unknown(format!(
            "Parameters of the group \"{group}\" wait for a reboot. Reboot the database, or add \"database_connection\"."
        )),
        (Engine::Postgres, Some("1" | "on")) | (Engine::Mysql, Some("ROW")) => Capture::Ready,
        (Engine::Postgres, _) => off_in_postgres(),
        (Engine::Mysql, Some(format)) => off_in_mysql(format),
        (Engine::Mysql, None) => Capture::Unknown(format!(
            "The group \"{group}\" does not set {FORMAT}, whose default depends on the version. Add \"database_connection\"."
        )),
    }
}

fn off_in_postgres() -> Capture {
    Capture::Off(format!("Logical replication is off: set the parameter {LOGICAL} to 1 and reboot the database."))
}

fn off_in_mysql(format: &str) -> Capture {
    Capture::Off(format!("{FORMAT} is \"{format}\": set the parameter to ROW, and reconnect all sessions or reboot."))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A DB instance that nothing speaks against, and that nothing depends on.
    pub(in crate::data_sources::encryption_plan) fn facts(engine: &str) -> Facts {
        let database = Database {
            kind: Kind::Instance,
            identifier: "orders".to_owned(),
            arn: "arn:aws:rds:eu-west-1:123456789012:db:orders".to_owned(),
            resource_id: "db-ABC".to_owned(),
            host: None,
            reader_host: None,
            port: None,
            engine: engine.to_owned(),
            engine_version: "1".to_owned(),
            status: "available".to_owned(),
            cluster_identifier: None,
            encryption: "none".to_owned(),
            iam_enabled: false,
            iam_pending: None,
            group: "orders".to_owned(),
            group_status: "in-sync".to_owned(),
            members: Vec::new(),
        };
        let source = Source {
            database,
            kms_key_id: None,
            allocated_storage: Some(100),
            backup_retention_period: 7,
            vpc_id: None,
            replica_of: None,
            replicas: Vec::new(),
            master_user_secret_arn: None,
            has_dedicated_log_volume: false,
            global_cluster: None,
            is_serverless_v1: false,
            is_limitless: false,
            is_protected: false,
            tags: tf_provider::schema::Map::new(),
            settings: Vec::new(),
            kept: Vec::new(),
        };
        Facts {
            source,
            relatives: Ok(Vec::new()),
            proxies: Ok(Vec::new()),
            subscriptions: Ok(Vec::new()),
            integrations: Ok(Vec::new()),
            deployments: Ok(Vec::new()),
            mentions: Ok(Mentions { found: Vec::new(), is_complete: true }),
            secrets: Ok(Vec::new()),
            contents: None,
            capture: Capture::Ready,
        }
    }

    #[test]
    fn a_running_server_knows_better_than_its_group() {
        let told = |family, settings: &[(&str, &str)]| {
            let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            capture_in(family, &Movability { settings, ..Movability::default() }) == Capture::Ready
        };
        assert!(told(Engine::Postgres, &[("wal_level", "logical")]));
        assert!(!told(Engine::Postgres, &[("wal_level", "replica")]) && !told(Engine::Postgres, &[]));
        assert!(told(Engine::Mysql, &[("log_bin", "ON"), (FORMAT, "ROW")]));
        assert!(!told(Engine::Mysql, &[("log_bin", "ON"), (FORMAT, "MIXED")]));
        assert!(!told(Engine::Mysql, &[("log_bin", "OFF"), (FORMAT, "ROW")]));
    }

    #[test]
    fn a_value_that_waits_for_a_reboot_is_not_known_to_apply() {
        let mut database = facts("postgres").source.database;
        let value =
            |database: &Database, value: Option<&str>| configured(Engine::Postgres, database, value.map(str::to_owned));
        assert_eq!(value(&database, Some("1")), Capture::Ready);
        assert!(matches!(value(&database, None), Capture::Off(_)));
        database.group_status = "pending-reboot".to_owned();
        assert!(matches!(value(&database, Some("1")), Capture::Unknown(_)));
        assert!(matches!(value(&database, Some("0")), Capture::Off(_)));
        assert!(matches!(configured(Engine::Mysql, &database, None), Capture::Unknown(_)));
    }
}
