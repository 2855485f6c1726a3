//! DMS Serverless: a configuration says what to replicate, and the replication of the same ARN what has become of it.
//! Together they are a task without a replication instance, and the operations on it are those on a task by other names.

use serde_json::{Value, json};

use crate::aws::dms::request::{Object, number, text};

/// What runs a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunsOn {
    /// The replication instance of this ARN.
    Instance(String),
    /// DMS Serverless, with this capacity. None in what was read without settings.
    Serverless(Option<Capacity>),
}

/// The capacity of DMS Serverless, and where it is. What is not told is the choice of DMS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// The most capacity units.
    pub most: i64,
    /// The least.
    pub least: Option<i64>,
    /// Whether there is a standby in another Availability Zone.
    pub multi_az: Option<bool>,
    /// The Availability Zone.
    pub zone: Option<String>,
    /// The replication subnet group.
    pub subnet_group: Option<String>,
    /// The IDs of the security groups, in order.
    pub security_groups: Option<Vec<String>>,
    /// The KMS key.
    pub key: Option<String>,
    /// Name servers, with commas between them.
    pub name_servers: Option<String>,
    /// The maintenance window.
    pub window: Option<String>,
}

/// Among which tasks one is meant: an identifier may be that of a task and of a replication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// Those on replication instances.
    Instances,
    /// Those of DMS Serverless.
    Serverless,
    /// Those of DMS Serverless if there is none on a replication instance.
    Both,
}

/// The names of what DMS has for both.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) id: &'static str,
    pub(super) arn: &'static str,
    pub(super) kind: &'static str,
    pub(super) settings: &'static str,
    pub(super) stats: &'static str,
    pub(super) start_kind: &'static str,
    pub(super) made: &'static str,
    pub(super) create: &'static str,
    pub(super) modify: &'static str,
    pub(super) start: &'static str,
    pub(super) stop: &'static str,
    pub(super) delete: &'static str,
    pub(super) reload: &'static str,
    pub(super) tables: &'static str,
    pub(super) list_of_tables: &'static str,
}

/// Of a task on a replication instance.
pub(super) static TASK: Names = Names {
    id: "ReplicationTaskIdentifier",
    arn: "ReplicationTaskArn",
    kind: "MigrationType",
    settings: "ReplicationTaskSettings",
    stats: "ReplicationTaskStats",
    start_kind: "StartReplicationTaskType",
    made: "ReplicationTask",
    create: "CreateReplicationTask",
    modify: "ModifyReplicationTask",
    start: "StartReplicationTask",
    stop: "StopReplicationTask",
    delete: "DeleteReplicationTask",
    reload: "ReloadTables",
    tables: "DescribeTableStatistics",
    list_of_tables: "TableStatistics",
};

/// Of DMS Serverless.
pub(super) static REPLICATION: Names = Names {
    id: "ReplicationConfigIdentifier",
    arn: "ReplicationConfigArn",
    kind: "ReplicationType",
    settings: "ReplicationSettings",
    stats: "ReplicationStats",
    start_kind: "StartReplicationType",
    made: "ReplicationConfig",
    create: "CreateReplicationConfig",
    modify: "ModifyReplicationConfig",
    start: "StartReplication",
    stop: "StopReplication",
    delete: "DeleteReplicationConfig",
    reload: "ReloadReplicationTables",
    tables: "DescribeReplicationTableStatistics",
    list_of_tables: "ReplicationTableStatistics",
};

impl Names {
    /// Those for the task of an ARN.
    pub(super) fn of(arn: &str) -> &'static Self {
        if Among::of(arn) == Among::Serverless { &REPLICATION } else { &TASK }
    }
}

impl Among {
    /// Among which the task of an ARN is.
    pub fn of(arn: &str) -> Self {
        let is_config = arn.split(':').nth(5) == Some("replication-config");
        if is_config { Self::Serverless } else { Self::Instances }
    }
}

impl Default for RunsOn {
    fn default() -> Self {
        Self::Instance(String::new())
    }
}

impl RunsOn {
    pub(super) fn names(&self) -> &'static Names {
        match self {
            Self::Instance(_) => &TASK,
            Self::Serverless(_) => &REPLICATION,
        }
    }

    /// Adds it to a request.
    pub(super) fn write(&self, input: &mut Value) {
        match self {
            Self::Instance(arn) => input["ReplicationInstanceArn"] = arn.as_str().into(),
            Self::Serverless(Some(capacity)) => input["ComputeConfig"] = capacity.write(),
            Self::Serverless(None) => {}
        }
    }
}

impl Capacity {
    fn write(&self) -> Value {
        let mut written = json!({
            "MaxCapacityUnits": self.most,
            "MinCapacityUnits": self.least,
            "MultiAZ": self.multi_az,
            "AvailabilityZone": self.zone,
            "ReplicationSubnetGroupId": self.subnet_group,
            "VpcSecurityGroupIds": self.security_groups,
            "KmsKeyId": self.key,
            "DnsNameServers": self.name_servers,
            "PreferredMaintenanceWindow": self.window,
        });
        if let Some(members) = written.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        written
    }

    pub(super) fn read(found: &Object) -> Self {
        let own = |name: &str| text(found, name).filter(|text| !text.is_empty());
        let groups = found.get("VpcSecurityGroupIds").and_then(Value::as_array).map(|groups| {
            let mut groups: Vec<_> = groups.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            groups.sort();
            groups
        });
        Self {
            most: number(found, "MaxCapacityUnits"),
            least: found.get("MinCapacityUnits").and_then(Value::as_i64),
            multi_az: found.get("MultiAZ").and_then(Value::as_bool),
            zone: own("AvailabilityZone"),
            subnet_group: own("ReplicationSubnetGroupId"),
            security_groups: groups,
            key: own("KmsKeyId"),
            name_servers: own("DnsNameServers"),
            window: own("PreferredMaintenanceWindow"),
        }
    }
}
