//! Kinds of clusters, what a configuration overrides, and what cannot be carried over.

use serde_json::{Value, json};

use crate::encrypted_cluster_restore::{IT, NEW, RESTORE, Scene, with};
use crate::support::stage::{Account, tags_of};
use crate::support::terraform::Terraform;

#[test]
fn a_multi_az_cluster_brings_its_members() {
    let scene = Scene::multi_az(RESTORE);
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["RestoreDBClusterFromSnapshot", "ModifyDBCluster"]);
    scene.assert_settled();
    let (original, restored) = (scene.cluster("shop"), scene.cluster(NEW));
    for name in ["EngineVersion", "DBClusterInstanceClass", "StorageType", "Iops", "PreferredMaintenanceWindow"] {
        assert_eq!(restored[name], original[name], "{name}");
    }
    assert_eq!(tags_of(&restored), json!({ "cost": "7", "team": "data" }));
    assert_eq!(scene.state("members").as_array().map(Vec::len), Some(3));
    scene.tf.destroy();
    assert_eq!(scene.names(), ["shop", "shop-instance-1", "shop-instance-2", "shop-instance-3"]);
}

#[test]
fn overrides_and_names() {
    let more = r#"
  member_identifiers = { reports = "slow-queries" }
  overrides {
    port                                = 5999
    backup_retention_period             = 14
    storage_type                        = "aurora"
    instance_class                      = "db.r6g.2xlarge"
    deletion_protection                 = false
    iam_database_authentication_enabled = false
    db_cluster_parameter_group_name     = "other"
    db_parameter_group_name             = "other-members"
    vpc_security_group_ids              = ["sg-0fedcba9876543210"]
    publicly_accessible                 = true
  }
"#;
    let scene = Scene::new(&with(RESTORE, more));
    for (name, kind) in [("other", "cluster"), ("other-members", "instance")] {
        let group = json!({ "name": name, "family": "aurora-postgresql15", "kind": kind });
        scene.account.command("parameter-groups", group);
    }
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
    let restored = scene.cluster(NEW);
    for (name, value) in [
        ("Port", json!(5999)),
        ("BackupRetentionPeriod", json!(14)),
        ("IAMDatabaseAuthenticationEnabled", json!(false)),
        ("DBClusterParameterGroup", json!("other")),
        ("EngineVersion", json!("15.10")),
    ] {
        assert_eq!(restored[name], value, "{name}");
    }
    assert_eq!(restored["VpcSecurityGroups"][0]["VpcSecurityGroupId"], "sg-0fedcba9876543210");
    let instances = scene.instances();
    for member in ["shop-encrypted-1", "slow-queries"] {
        assert_eq!(instances[member]["DBInstanceClass"], "db.r6g.2xlarge");
        assert_eq!(instances[member]["PubliclyAccessible"], true);
        assert_eq!(instances[member]["DBParameterGroups"][0]["DBParameterGroupName"], "other-members");
    }
    assert_eq!(scene.tf.state_value(IT, "members")[1]["source_identifier"], "reports");
}

#[test]
fn the_data_api_and_roles_are_carried_over() {
    let scene = Scene::new(RESTORE);
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": { "Service": "rds.amazonaws.com" }, "Action": "sts:AssumeRole" }]
    });
    scene.account.command("roles", json!({ "name": "imports", "trust": trust }));
    let role = format!("arn:aws:iam::{}:role/imports", scene.account.id);
    scene.rds(
        "AddRoleToDBCluster",
        json!({ "DBClusterIdentifier": "shop", "RoleArn": role, "FeatureName": "s3Import" }),
    );
    let arn = scene.cluster("shop")["DBClusterArn"].clone();
    scene.rds("EnableHttpEndpoint", json!({ "ResourceArn": arn }));
    scene.tf.apply();
    let restored = scene.cluster(NEW);
    assert_eq!(restored["HttpEndpointEnabled"], true);
    assert_eq!(restored["AssociatedRoles"][0]["RoleArn"], json!(role));
    assert_eq!(restored["AssociatedRoles"][0]["FeatureName"], "s3Import");
    scene.assert_settled();
}

#[test]
fn what_is_not_carried_over_is_told() {
    let scene = Scene::new(&RESTORE.replace("\"shop\"", "\"pair\"").replace("\"before\"", "\"of-pair\""));
    scene.busy(0);
    scene.rds("CreateDBCluster", json!({
        "DBClusterIdentifier": "pair", "Engine": "aurora-postgresql", "EngineVersion": "15.10", "MasterUsername": "boss",
        "MasterUserPassword": "long-enough", "EnableGlobalWriteForwarding": true,
        "VpcSecurityGroupIds": ["sg-0123456789abcdef0"],
    }));
    scene.rds(
        "CreateDBClusterSnapshot",
        json!({ "DBClusterIdentifier": "pair", "DBClusterSnapshotIdentifier": "of-pair" }),
    );
    let run = scene.tf.apply();
    run.expect_text("Settings differ from the original").expect_text("global_write_forwarding is the default");
    let want = json!([{ "identifier": NEW, "name": "global_write_forwarding", "source": "true", "restored": null }]);
    assert_eq!((scene.state("differences"), scene.state("complete")), (want, json!(true)));
    scene.tf.assert_plan_empty();
}

#[test]
fn the_data_is_that_of_the_snapshot() {
    for (engine, total) in
        [("aurora-postgresql", "select sum(id) from item"), ("aurora-mysql", "select sum(id) from app.item")]
    {
        let account = Account::with_databases();
        account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
        let fields = json!({ "engine": engine, "members": 2, "own_server": true });
        let made = account.add_database_of("cluster", "shop", fields);
        let host = |of: &Value| of.as_str().expect("a host").to_owned();
        let sql = |at: &str, sql: &str| account.sql_behind(at, "app", sql).trim().to_owned();
        let table = if engine.ends_with("mysql") { "app.item" } else { "item" };
        sql(&host(&made["host"]), &format!("create table {table} (id int primary key)"));
        sql(&host(&made["host"]), &format!("insert into {table} values (1), (41)"));
        let names = json!({ "DBClusterIdentifier": "shop", "DBClusterSnapshotIdentifier": "before" });
        account.call("rds", "CreateDBClusterSnapshot", names);
        sql(&host(&made["host"]), &format!("insert into {table} values (1000)"));
        let key = account.add_key(json!({}));
        let tf = Terraform::of(&account).variables([("key", &key)]).initialised(RESTORE);
        tf.apply().expect_text("1 added");
        let endpoint = host(&tf.state_value(IT, "endpoint"));
        assert_eq!((sql(&endpoint, total), sql(&host(&made["host"]), total)), ("42".to_owned(), "1042".to_owned()));
        sql(&endpoint, &format!("insert into {table} values (8)"));
        let reader = host(&tf.state_value(IT, "reader_endpoint"));
        assert_eq!(sql(&reader, total), "50");
        tf.destroy();
    }
}
