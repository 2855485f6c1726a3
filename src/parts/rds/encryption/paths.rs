//! The ways from a database to one with another encryption, and what blocks each.

use crate::aws::rds::{Dependent, Kind};
use crate::parts::rds::encryption::facts::{Capture, Facts, Seen};
use crate::sql::Engine;

/// A way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Its name.
    pub name: &'static str,
    /// What blocks it, each a sentence or two with the way out.
    pub blocked_by: Vec<String>,
    /// What keeps it from being known to be open.
    pub unknown: Vec<String>,
    /// For how long applications cannot write.
    pub downtime: &'static str,
    /// What it costs, and what else it takes.
    pub cost: String,
}

/// A snapshot, its encrypted copy, and a restore.
pub const SNAPSHOT: &str = "snapshot";
/// A blue/green deployment with a key.
pub const BLUE_GREEN: &str = "blue_green";
/// AWS DMS.
pub const DMS: &str = "dms";
/// Logical replication, or binary logs.
pub const NATIVE: &str = "native_replication";
/// A read replica with another key.
pub const REPLICA: &str = "read_replica";

impl Way {
    fn new(name: &'static str, downtime: &'static str, cost: String) -> Self {
        Self { name, blocked_by: Vec::new(), unknown: Vec::new(), downtime, cost }
    }

    fn block(&mut self, why: impl Into<String>) {
        self.blocked_by.push(why.into());
    }

    /// `open`, `blocked` or `unknown`.
    pub fn status(&self) -> &'static str {
        match (self.blocked_by.is_empty(), self.unknown.is_empty()) {
            (false, _) => "blocked",
            (true, false) => "unknown",
            (true, true) => "open",
        }
    }
}

/// All ways, the one with the shortest downtime not necessarily first.
pub fn all(facts: &Facts) -> Vec<Way> {
    vec![snapshot(facts), blue_green(facts), dms(facts), native_replication(facts), read_replica(facts)]
}

/// The size of the storage, where RDS tells it.
fn size(facts: &Facts) -> String {
    facts.source.allocated_storage.map(|size| format!(" ({size} GiB)")).unwrap_or_default()
}

fn is_aurora(facts: &Facts) -> bool {
    facts.source.database.engine.starts_with("aurora")
}

/// The status that every way needs the database to have.
fn require_available(way: &mut Way, facts: &Facts) {
    let database = &facts.source.database;
    if !database.is_operational() {
        let advice = database.advice().unwrap_or("wait until it is \"available\"");
        way.block(format!("The status of the DB {} is \"{}\": {advice}.", database.kind, database.status));
    }
}

fn snapshot(facts: &Facts) -> Way {
    let copy = match facts.source.database.kind {
        Kind::Instance => "a snapshot and its encrypted copy, and the restored DB instance",
        Kind::Cluster => "a snapshot, and the restored DB cluster with its members",
    };
    let cost = format!("Storage of {copy}{}, and both databases until the original is deleted.", size(facts));
    let downtime = "From the last write before the snapshot until applications use the restored database: the time of \
                    snapshot, copy and restore, which grows with the storage.";
    let mut way = Way::new(SNAPSHOT, downtime, cost);
    require_available(&mut way, facts);
    way
}

fn blue_green(facts: &Facts) -> Way {
    let source = &facts.source;
    let (database, kind) = (&source.database, source.database.kind);
    let cost = format!(
        "A second environment{} with a copy of each read replica or member, until the old one is deleted.",
        size(facts)
    );
    let mut way =
        Way::new(BLUE_GREEN, "Usually less than a minute, during the switchover. The endpoint is kept.", cost);
    require_available(&mut way, facts);
    if database.is_multi_az_cluster() {
        way.block("Blue/green deployments do not support Multi-AZ DB clusters.");
    } else if facts.family().is_none() {
        way.block(format!("Blue/green deployments do not support the engine \"{}\".", database.engine));
    }
    if source.is_serverless_v1 {
        way.block("Blue/green deployments do not support Aurora Serverless v1.");
    }
    if source.is_limitless {
        way.unknown.push(
            "Whether blue/green deployments support Aurora Limitless Database was not found documented.".to_owned(),
        );
    }
    if source.global_cluster.is_some() {
        way.unknown.push("Blue/green deployments support global databases only in some versions.".to_owned());
    }
    if let Some(original) = &source.replica_of {
        way.block(format!("It is a read replica of \"{original}\": create the deployment for that database."));
    }
    if kind == Kind::Instance && source.backup_retention_period == 0 {
        way.block("Automated backups are off: set the backup retention period.");
    }
    if source.master_user_secret_arn.is_some() {
        way.block(
            "RDS manages the password of the master user in Secrets Manager: set ManageMasterUserPassword to false for \
             the time of the deployment.",
        );
    }
    if let Some(far) = source.remote_replicas().next() {
        way.block(format!("It has read replicas in other regions, such as \"{far}\": delete them first."));
    }
    block_by(&mut way, "proxies", &facts.proxies, |found| {
        format!("RDS Proxies have it as their target: deregister it from {}.", names(found))
    });
    block_by(&mut way, "integrations", &facts.integrations, |found| {
        format!("It has zero-ETL integrations: delete {} first.", names(found))
    });
    block_by(&mut way, "blue/green deployments", &facts.deployments, |found| {
        format!("It already is in a blue/green deployment: switch over or delete {}.", names(found))
    });
    if facts.schedules_events {
        way.block(format!(
            "The event scheduler is on, and would run the events in the green environment as well: set the parameter \
             event_scheduler of the group \"{}\" to OFF for the time of the deployment.",
            database.group
        ));
    }
    block_by_replicas(&mut way, facts);
    // RDS copies an Aurora cluster by logical replication, others by the storage.
    if is_aurora(facts) {
        block_by_capture(&mut way, facts);
    }
    if facts.family() == Some(Engine::Postgres)
        && let Some(contents) = &facts.contents
    {
        for (kind, role) in [("subscription", "a subscriber"), ("replication_slot", "a publisher")] {
            let found: Vec<_> = contents.objects(kind).collect();
            if !found.is_empty() {
                way.block(format!(
                    "The database is {role} of logical replication, which blue/green deployments do not support: drop {}.",
                    found.join(", ")
                ));
            }
        }
    }
    way
}

fn block_by_replicas(way: &mut Way, facts: &Facts) {
    if facts.source.database.kind == Kind::Cluster {
        return;
    }
    let relatives = match &facts.relatives {
        Ok(relatives) => relatives,
        Err(why) => return way.unknown.push(format!("The read replicas could not be read: {why}")),
    };
    if let Some(cascading) = relatives.iter().find(|replica| replica.has_replicas) {
        way.block(format!(
            "Its read replica \"{}\" has read replicas itself, which blue/green deployments do not support.",
            cascading.identifier
        ));
    }
    let own = facts.source.has_dedicated_log_volume;
    if let Some(other) = relatives.iter().find(|replica| replica.has_dedicated_log_volume != own) {
        way.block(format!(
            "Either all or none of the DB instances must have a dedicated log volume, and that of \"{}\" differs.",
            other.identifier
        ));
    }
}

fn dms(facts: &Facts) -> Way {
    let cost = format!(
        "A DMS replication instance or serverless capacity, and the target database{}, while both run. Every row is \
         copied by SQL.",
        size(facts)
    );
    let downtime = "Minutes, from the last write until the task has applied all changes.";
    let mut way = Way::new(DMS, downtime, cost);
    replicate(&mut way, facts);
    way
}

fn native_replication(facts: &Facts) -> Way {
    let cost = format!(
        "The target database{}, which a restored snapshot seeds, while both run. The original keeps its log until the \
         target has caught up.",
        size(facts)
    );
    let downtime = "Seconds to minutes, from the last write until the target has applied all changes.";
    let mut way = Way::new(NATIVE, downtime, cost);
    replicate(&mut way, facts);
    way
}

/// What every replication by changes needs.
fn replicate(way: &mut Way, facts: &Facts) {
    require_available(way, facts);
    if let Some(original) = &facts.source.replica_of {
        way.block(format!("It is a read replica of \"{original}\": replicate from that database."));
    }
    block_by_capture(way, facts);
}

fn block_by_capture(way: &mut Way, facts: &Facts) {
    match &facts.capture {
        Capture::Ready => {}
        Capture::Off(why) => way.block(why),
        Capture::Unknown(why) => way.unknown.push(why.clone()),
    }
}

fn read_replica(facts: &Facts) -> Way {
    let source = &facts.source;
    let cost = format!("A read replica{} until the original is deleted.", size(facts));
    let downtime = "Minutes, from the last write until the replica is promoted.";
    let mut way = Way::new(REPLICA, downtime, cost);
    if !source.is_encrypted() {
        way.block("A read replica of an unencrypted database cannot be encrypted.");
    }
    if source.database.kind == Kind::Cluster {
        way.block("Only read replicas of DB instances can have another KMS key in the same region.");
        return way;
    }
    require_available(&mut way, facts);
    if source.backup_retention_period == 0 {
        way.block("Automated backups are off: set the backup retention period.");
    }
    way
}

/// Blocks if there are any, or leaves it unknown.
fn block_by(way: &mut Way, what: &str, seen: &Seen<Vec<Dependent>>, why: impl Fn(&[Dependent]) -> String) {
    match seen {
        Ok(found) if found.is_empty() => {}
        Ok(found) => way.block(why(found)),
        Err(reason) => way.unknown.push(format!("The {what} could not be read: {reason}")),
    }
}

fn names(found: &[Dependent]) -> String {
    found.iter().map(|one| format!("\"{}\"", one.name)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::Map;

    use super::*;
    use crate::aws::rds::Relative;
    use crate::parts::rds::encryption::facts::tests::facts;
    use crate::sql::movability::{Finding, Movability};

    fn status(facts: &Facts) -> Vec<(&'static str, &'static str)> {
        all(facts).iter().map(|way| (way.name, way.status())).collect()
    }

    fn of(name: &str, facts: &Facts) -> Way {
        all(facts).into_iter().find(|way| way.name == name).unwrap()
    }

    /// What blocks a blue/green deployment after a change of the facts: all must contain the text.
    #[track_caller]
    fn check_blue_green(text: &str, change: impl FnOnce(&mut Facts)) {
        let mut facts = facts("postgres");
        change(&mut facts);
        let way = of(BLUE_GREEN, &facts);
        assert_eq!(way.status(), "blocked", "{way:?}");
        assert!(way.blocked_by.len() == 1 && way.blocked_by[0].contains(text), "{way:?}");
    }

    #[test]
    fn an_instance_that_nothing_speaks_against() {
        let open = [(SNAPSHOT, "open"), (BLUE_GREEN, "open"), (DMS, "open"), (NATIVE, "open")];
        for engine in ["postgres", "mysql", "mariadb"] {
            let mut facts = facts(engine);
            assert_eq!(status(&facts), [&open[..], &[(REPLICA, "blocked")]].concat(), "unencrypted");
            for kind in ["sse-kms", "sse-rds"] {
                facts.source.database.encryption = kind.to_owned();
                assert_eq!(status(&facts), [&open[..], &[(REPLICA, "open")]].concat(), "another key");
            }
        }
    }

    #[test]
    fn other_engines_have_the_snapshot() {
        let mut facts = facts("oracle-se2");
        facts.capture = Capture::Unknown("not covered".to_owned());
        let want =
            [(SNAPSHOT, "open"), (BLUE_GREEN, "blocked"), (DMS, "unknown"), (NATIVE, "unknown"), (REPLICA, "blocked")];
        assert_eq!(status(&facts), want);
    }

    #[test]
    fn each_thing_that_blocks_a_deployment() {
        let one = || vec![Dependent { name: "it".to_owned(), arn: None, status: String::new() }];
        let relative = || Relative {
            identifier: "near".to_owned(),
            arn: String::new(),
            resource_id: String::new(),
            status: String::new(),
            tags: Map::new(),
            vpc_id: None,
            has_replicas: false,
            has_dedicated_log_volume: false,
            settings: Vec::new(),
        };
        check_blue_green("\"backing-up\"", |facts| facts.source.database.status = "backing-up".to_owned());
        check_blue_green("read replica of \"main\"", |facts| facts.source.replica_of = Some("main".to_owned()));
        check_blue_green("backup retention", |facts| facts.source.backup_retention_period = 0);
        check_blue_green("ManageMasterUserPassword", |facts| {
            facts.source.master_user_secret_arn = Some("arn".to_owned())
        });
        check_blue_green("other regions", |facts| facts.source.replicas = vec!["arn:aws:rds:x:1:db:far".to_owned()]);
        check_blue_green("deregister it from \"it\"", |facts| facts.proxies = Ok(one()));
        check_blue_green("zero-ETL", |facts| facts.integrations = Ok(one()));
        check_blue_green("already is in", |facts| facts.deployments = Ok(one()));
        check_blue_green("\"near\" has read replicas itself", |facts| {
            facts.relatives = Ok(vec![Relative { has_replicas: true, ..relative() }]);
        });
        check_blue_green("dedicated log volume", |facts| {
            facts.relatives = Ok(vec![Relative { has_dedicated_log_volume: true, ..relative() }]);
        });
        for (kind, text) in [("subscription", "a subscriber"), ("replication_slot", "a publisher")] {
            check_blue_green(text, |facts| {
                let found = Finding { kind: kind.to_owned(), object: "s".to_owned(), detail: String::new() };
                facts.contents = Some(Movability { findings: vec![found], ..Movability::default() });
            });
        }
        check_blue_green("event scheduler is on", |facts| facts.schedules_events = true);
        check_blue_green("Multi-AZ DB clusters", |facts| facts.source.database.kind = Kind::Cluster);
        check_blue_green("Serverless v1", |facts| {
            facts.source.database.kind = Kind::Cluster;
            facts.source.database.engine = "aurora-postgresql".to_owned();
            facts.source.is_serverless_v1 = true;
        });
        check_blue_green("logical", |facts| {
            facts.source.database.kind = Kind::Cluster;
            facts.source.database.engine = "aurora-postgresql".to_owned();
            facts.capture = Capture::Off("logical".to_owned());
        });
    }

    #[test]
    fn what_could_not_be_read_leaves_it_unknown() {
        let denied = || Err("AccessDenied".to_owned());
        let mut all_denied = facts("mysql");
        (all_denied.proxies, all_denied.integrations, all_denied.deployments) = (denied(), denied(), denied());
        all_denied.relatives = Err("AccessDenied".to_owned());
        let way = of(BLUE_GREEN, &all_denied);
        assert_eq!((way.status(), way.unknown.len()), ("unknown", 4), "{way:?}");
        // What blocks it is known all the same.
        all_denied.source.backup_retention_period = 0;
        assert_eq!(of(BLUE_GREEN, &all_denied).status(), "blocked");
        for change in [
            |facts: &mut Facts| facts.source.global_cluster = Some("world".to_owned()),
            |facts: &mut Facts| facts.source.is_limitless = true,
        ] {
            let mut aurora = facts("aurora-postgresql");
            aurora.source.database.kind = Kind::Cluster;
            change(&mut aurora);
            assert_eq!(of(BLUE_GREEN, &aurora).status(), "unknown");
        }
    }

    #[test]
    fn replication_needs_the_log_and_the_original() {
        for (capture, status) in [
            (Capture::Off("off".to_owned()), "blocked"),
            (Capture::Unknown("why".to_owned()), "unknown"),
            (Capture::Ready, "open"),
        ] {
            let mut facts = facts("mysql");
            facts.capture = capture;
            assert_eq!([DMS, NATIVE].map(|name| of(name, &facts).status()), [status; 2]);
            facts.source.replica_of = Some("main".to_owned());
            assert_eq!([DMS, NATIVE].map(|name| of(name, &facts).status()), ["blocked"; 2]);
        }
    }

    #[test]
    fn a_stopped_database_has_no_way() {
        let mut facts = facts("postgres");
        facts.source.database.encryption = "sse-kms".to_owned();
        facts.source.database.status = "stopped".to_owned();
        for way in all(&facts) {
            assert!(way.status() == "blocked" && way.blocked_by[0].contains("start it first"), "{way:?}");
        }
    }
}
