//! What is read of a database and of what depends on it, and why something could not be read.

use tf_provider::diagnostic::Result;

use crate::aws::rds::parameters::Group;
use crate::aws::rds::{Database, Dependent, Kind, Rds, Relative, Source};
use crate::sql::Engine;
use crate::sql::movability::Movability;

/// An answer, or the reason why there is none.
pub type Seen<T> = Result<T, String>;

/// What decides which ways are open.
#[derive(Debug)]
pub struct Facts {
    /// The database.
    pub source: Source,
    /// The members of a cluster, or the read replicas of an instance in the same region.
    pub relatives: Seen<Vec<Relative>>,
    /// The proxies before it.
    pub proxies: Seen<Vec<Dependent>>,
    /// Its zero-ETL integrations.
    pub integrations: Seen<Vec<Dependent>>,
    /// Its blue/green deployments.
    pub deployments: Seen<Vec<Dependent>>,
    /// What is in it, if there is a connection to it.
    pub contents: Option<Movability>,
    /// Whether replication can follow its changes.
    pub capture: Capture,
    /// Whether the event scheduler of MySQL or MariaDB is on, as far as that is known.
    pub schedules_events: bool,
}

/// Whether the log of a database has what replication needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Capture {
    /// It has.
    Ready,
    /// It has not: what to do.
    Off(String),
    /// It is not known whether: why.
    Unknown(String),
}

const LOGICAL: &str = "rds.logical_replication";
const FORMAT: &str = "binlog_format";
const SCHEDULER: &str = "event_scheduler";

impl Facts {
    /// Reads what AWS knows beside the source and its [relatives](Rds::relatives).
    pub async fn read(rds: &Rds, source: Source, relatives: Seen<Vec<Relative>>, contents: Option<Movability>) -> Self {
        let Database { kind, arn, identifier, engine, .. } = &source.database;
        // Members of a cluster are in its VPC.
        let members = if *kind == Kind::Cluster { relatives.as_deref().unwrap_or_default() } else { &[] };
        let vpc = source.vpc_id.as_deref().or(members.iter().find_map(|member| member.vpc_id.as_deref()));
        let (proxies, integrations, deployments, (capture, schedules_events)) = tokio::join!(
            rds.proxies_of(*kind, identifier, engine, vpc),
            rds.integrations_of(arn),
            rds.blue_green_deployments_of(arn),
            settings(rds, &source, contents.as_ref()),
        );
        Self {
            proxies: proxies.map_err(|error| error.reason()),
            integrations: integrations.map_err(|error| error.reason()),
            deployments: deployments.map_err(|error| error.reason()),
            relatives,
            source,
            contents,
            capture,
            schedules_events,
        }
    }

    /// The family of its engine.
    pub fn family(&self) -> Option<Engine> {
        Engine::of(&self.source.database.engine)
    }
}

/// Whether replication can follow the changes, and whether events are scheduled: as the database itself says, or else its
/// parameter group.
async fn settings(rds: &Rds, source: &Source, contents: Option<&Movability>) -> (Capture, bool) {
    let Database { kind, group, engine, .. } = &source.database;
    let Some(family) = Engine::of(engine) else {
        return (Capture::Unknown(format!("Replication from the engine \"{engine}\" is not covered.")), false);
    };
    // Aurora writes binary logs without backups, of which it always has some.
    let is_off = family == Engine::Mysql && *kind == Kind::Instance && source.backup_retention_period == 0;
    let without_backups = || {
        let detail =
            "Automated backups are off, so MySQL and MariaDB write no binary logs: set the backup retention period.";
        Capture::Off(detail.to_owned())
    };
    if let Some(contents) = contents {
        let schedules = contents.settings.get(SCHEDULER).is_some_and(|value| is_on(value));
        return (if is_off { without_backups() } else { capture_in(family, contents) }, schedules);
    }
    let names: &[&str] = match family {
        Engine::Postgres => &[LOGICAL],
        Engine::Mysql => &[FORMAT, SCHEDULER],
    };
    match rds.parameters_named(&Group { kind: *kind, name: group.clone() }, names).await {
        Ok(found) => {
            let value =
                |name: &str| found.iter().find(|found| found.name == name).and_then(|found| found.value.clone());
            let capture =
                if is_off { without_backups() } else { configured(family, &source.database, value(names[0])) };
            (capture, value(SCHEDULER).is_some_and(|value| is_on(&value)))
        }
        Err(_) if is_off => (without_backups(), false),
        Err(error) => (Capture::Unknown(error.reason()), false),
    }
}

/// Whether a Boolean parameter is on.
fn is_on(value: &str) -> bool {
    ["1", "on"].contains(&value.to_ascii_lowercase().as_str())
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
pub(crate) mod tests {
    use tf_provider::schema::Map;

    use super::*;
    use crate::aws::rds;

    /// A DB instance that nothing speaks against, and that nothing depends on.
    pub(crate) fn facts(engine: &str) -> Facts {
        let database = Database { engine: engine.to_owned(), ..rds::tests::database("orders", "db-ABC") };
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
            has_custom_endpoints: false,
            is_protected: false,
            tags: Map::new(),
            settings: Vec::new(),
            kept: Vec::new(),
        };
        Facts {
            source,
            relatives: Ok(Vec::new()),
            proxies: Ok(Vec::new()),
            integrations: Ok(Vec::new()),
            deployments: Ok(Vec::new()),
            contents: None,
            capture: Capture::Ready,
            schedules_events: false,
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
