//! DB instances: how they are encrypted, what a restore would lose, and what depends on them.

use serde_json::{Value, json};

use crate::encryption_plan::{Scene, pairs, text};
use crate::support::stage::Account;

const ORDERS: &str = "db_instance_identifier = \"orders\"";

/// A DB instance that is created with the API.
fn create(account: &Account, more: Value) -> Value {
    let mut fields = json!({
        "DBInstanceIdentifier": "orders", "Engine": "postgres", "DBInstanceClass": "db.r6g.large",
        "AllocatedStorage": 100, "MasterUsername": "pgadmin", "MasterUserPassword": "long-enough-password",
    });
    let fields = {
        let object = fields.as_object_mut().unwrap();
        object.extend(more.as_object().unwrap().clone());
        object.retain(|_, value| !value.is_null());
        fields
    };
    account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
    account.call("rds", "CreateDBInstance", fields)["DBInstance"].clone()
}

#[test]
fn an_unencrypted_instance() {
    let scene = Scene::new(ORDERS);
    let group = json!({ "name": "orders-pg16", "family": "postgres16", "values": { "rds.logical_replication": "1" } });
    scene.account.command("parameter-groups", group);
    let database = create(&scene.account, json!({ "DBParameterGroupName": "orders-pg16", "EngineVersion": "16.4" }));
    scene.account.forget_calls();
    scene.read();
    assert_eq!(scene.account.writes(), [""; 0]);
    assert_eq!((scene.value("encrypted"), scene.value("storage_encryption_type")), (json!(false), json!("none")));
    assert_eq!((scene.value("kms_key_id"), scene.value("database_findings")), (Value::Null, Value::Null));
    assert_eq!(
        (scene.value("resource_id"), scene.value("region")),
        (database["DbiResourceId"].clone(), json!("us-east-1"))
    );
    assert_eq!((scene.value("engine"), scene.value("engine_version")), (json!("postgres"), json!("16.4")));
    let open = [("snapshot", "open"), ("blue_green", "open"), ("dms", "open"), ("native_replication", "open")];
    assert_eq!(scene.paths(), pairs(&[&open[..], &[("read_replica", "blocked")]].concat()));
    assert!(scene.value("paths")[0]["cost"].as_str().unwrap().contains("100 GiB"));
    assert_eq!(scene.unknown(), []);
    let always =
        [("alarms", "DBInstanceIdentifier=orders"), ("automated_backups", database["DbiResourceId"].as_str().unwrap())];
    assert_eq!(scene.follow_ups(), pairs(&always));

    // One call for each question.
    scene.account.forget_calls();
    scene.tf.assert_plan_empty();
    let mut calls = scene.account.operations();
    calls.sort();
    let expected = [
        "DescribeBlueGreenDeployments",
        "DescribeDBInstances",
        "DescribeDBParameters",
        "DescribeDBProxies",
        "DescribeEventSubscriptions",
        "DescribeIntegrations",
        "GetAccountAuthorizationDetails",
        "ListSecrets",
    ];
    assert_eq!(calls, expected);
}

#[test]
fn an_encrypted_instance_can_get_another_key() {
    let scene = Scene::new(ORDERS);
    let key = scene.account.add_key(json!({}));
    create(&scene.account, json!({ "StorageEncrypted": true, "KmsKeyId": key }));
    scene.read();
    assert_eq!((scene.value("encrypted"), scene.value("storage_encryption_type")), (json!(true), json!("sse-kms")));
    assert_eq!(scene.value("kms_key_id"), json!(key));
    assert_eq!(scene.paths().last().unwrap(), &pairs(&[("read_replica", "open")])[0]);
}

#[test]
fn what_a_restore_would_lose() {
    let scene = Scene::new(ORDERS);
    scene.account.add("role/monitoring");
    let role = format!("arn:aws:iam::{}:role/monitoring", scene.account.id);
    let tags = json!([{ "Key": "team", "Value": "orders" }]);
    create(
        &scene.account,
        json!({
            "DeletionProtection": true, "MultiAZ": true, "EnableIAMDatabaseAuthentication": true, "Tags": tags,
            "MonitoringInterval": 60, "MonitoringRoleArn": role, "MaxAllocatedStorage": 500, "CopyTagsToSnapshot": true,
            "PreferredMaintenanceWindow": "mon:03:00-mon:04:00", "EnableCloudwatchLogsExports": ["postgresql"],
        }),
    );
    scene.read();
    let told = scene.carry_over("orders");
    let restore = "RestoreDBInstanceFromDBSnapshot";
    for (setting, value, carried_by) in [
        ("deletion_protection", "true", format!("{restore}.DeletionProtection")),
        ("multi_az", "true", format!("{restore}.MultiAZ")),
        ("iam_database_authentication_enabled", "true", format!("{restore}.EnableIAMDatabaseAuthentication")),
        ("tags", "team", format!("{restore}.Tags")),
        ("copy_tags_to_snapshot", "true", format!("{restore}.CopyTagsToSnapshot")),
        ("enabled_cloudwatch_logs_exports", "postgresql", format!("{restore}.EnableCloudwatchLogsExports")),
        ("monitoring_interval", "60", "ModifyDBInstance.MonitoringInterval".to_owned()),
        ("monitoring_role_arn", &role, "ModifyDBInstance.MonitoringRoleArn".to_owned()),
        ("max_allocated_storage", "500", "ModifyDBInstance.MaxAllocatedStorage".to_owned()),
        (
            "preferred_maintenance_window",
            "mon:03:00-mon:04:00",
            "ModifyDBInstance.PreferredMaintenanceWindow".to_owned(),
        ),
    ] {
        assert_eq!(told.get(setting), Some(&(value.to_owned(), carried_by)), "{setting} of {told:?}");
    }

    // What is as a restore makes it is not told.
    let other = Scene::new(ORDERS);
    create(&other.account, json!({}));
    other.read();
    let told = other.carry_over("orders");
    for setting in ["deletion_protection", "multi_az", "tags", "monitoring_interval", "max_allocated_storage"] {
        assert!(!told.contains_key(setting), "{setting} of {told:?}");
    }
}

#[test]
fn what_depends_on_it() {
    let scene = Scene::new(ORDERS);
    let account = &scene.account;
    let database = create(account, json!({}));
    let resource_id = text(&database, "DbiResourceId");
    account.add_proxy("front", "orders", &json!({}));
    account.add_database("instance", "shop");
    account.add_proxy("other", "shop", &json!({}));
    let topic = format!("arn:aws:sns:us-east-1:{}:events", account.id);
    for (name, source) in [("mine", "orders"), ("others", "shop")] {
        let fields = json!({ "SubscriptionName": name, "SnsTopicArn": topic, "SourceType": "db-instance", "SourceIds": [source] });
        account.call("rds", "CreateEventSubscription", fields);
    }
    let target = format!("arn:aws:redshift:us-east-1:{}:namespace:1", account.id);
    let integration = json!({ "SourceArn": database["DBInstanceArn"], "TargetArn": target, "IntegrationName": "etl" });
    account.call("rds", "CreateIntegration", integration);
    let replica = json!({ "DBInstanceIdentifier": "orders-replica", "SourceDBInstanceIdentifier": "orders" });
    account.call("rds", "CreateDBInstanceReadReplica", replica);
    account.put_secret("prod/orders", json!({ "value": "{}" }));
    account.put_secret("prod/preorders", json!({ "value": "{}" }));
    let connect = |id: &str| {
        let resource = format!("arn:aws:rds-db:us-east-1:{}:dbuser:{id}/app", account.id);
        let statement = json!({ "Effect": "Allow", "Action": "rds-db:connect", "Resource": resource });
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    };
    for (owner, id) in [("role/app", resource_id.as_str()), ("user/jane", &resource_id), ("group/other", "db-OTHER")] {
        account.add(owner);
        account.put_policy(owner, "login", &connect(id));
    }
    let managed = json!({ "PolicyName": "shared", "PolicyDocument": connect(&resource_id).to_string() });
    account.call("iam", "CreatePolicy", managed);
    account.forget_calls();
    scene.read();
    assert_eq!(account.writes(), [""; 0]);
    let expected = [
        ("iam_policy", "role/app/login"),
        ("iam_policy", "user/jane/login"),
        ("iam_policy", "shared"),
        ("proxy", "front"),
        ("secret", "prod/orders"),
        ("event_subscription", "mine"),
        ("alarms", "DBInstanceIdentifier=orders"),
        ("read_replica", "orders-replica"),
        ("integration", "etl"),
        ("automated_backups", &resource_id),
    ];
    assert_eq!(scene.follow_ups(), pairs(&expected));
    let steps = scene.value("follow_ups");
    assert_eq!(steps[0]["arn"], json!(format!("arn:aws:iam::{}:role/app", account.id)));
    assert!(steps[3]["arn"].as_str().is_some_and(|arn| arn.contains(":db-proxy:prx-")), "{steps}");

    // A proxy and an integration block a deployment; a replica without replicas does not.
    let reasons = scene.blocked_by("blue_green");
    assert!(reasons.len() == 2 && reasons[0].contains("\"front\"") && reasons[1].contains("\"etl\""), "{reasons:?}");
    assert_eq!(scene.carry_over("orders")["read_replicas"].0, "orders-replica");
}

#[test]
fn what_blocks_a_deployment() {
    let scene = Scene::new(ORDERS);
    let account = &scene.account;
    create(
        account,
        json!({ "BackupRetentionPeriod": 0, "ManageMasterUserPassword": true, "MasterUserPassword": null }),
    );
    scene.read();
    let reasons = scene.blocked_by("blue_green");
    assert!(reasons.len() == 2 && reasons[0].contains("backup retention period"), "{reasons:?}");
    assert!(reasons[1].contains("ManageMasterUserPassword"), "{reasons:?}");
    assert_eq!(scene.follow_ups().iter().filter(|(kind, _)| kind == "secret").count(), 1, "the managed secret, once");
    let lost = scene.carry_over("orders");
    assert_eq!(lost["master_user_secret"].1, "ModifyDBInstance.ManageMasterUserPassword");
    let off = scene.blocked_by("native_replication");
    assert!(off.len() == 1 && off[0].contains("rds.logical_replication to 1"), "{off:?}");

    account.command("status", json!({ "identifier": "orders", "status": "stopped" }));
    scene.read();
    let reasons = scene.blocked_by("snapshot");
    assert!(reasons.len() == 1 && reasons[0].contains("start it first"), "{reasons:?}");
}

#[test]
fn a_deployment_that_exists_blocks_another() {
    let scene = Scene::new(ORDERS);
    let database = create(&scene.account, json!({ "Engine": "mysql" }));
    scene.read();
    assert_eq!(scene.paths()[1], pairs(&[("blue_green", "open")])[0]);
    let deployment = json!({ "BlueGreenDeploymentName": "next", "Source": database["DBInstanceArn"] });
    scene.account.call("rds", "CreateBlueGreenDeployment", deployment);
    scene.read();
    let reasons = scene.blocked_by("blue_green");
    assert!(reasons.iter().any(|reason| reason.contains("switch over or delete \"next\"")), "{reasons:?}");
}

#[test]
fn errors_point_at_their_line() {
    let scene = Scene::new("db_instance_identifier = \"absent\"");
    let error = scene.tf.plan_fails().error();
    let place = format!("region \"us-east-1\" of account {}", scene.account.id);
    assert!(error.summary == "Database not found" && error.detail.contains(&place), "{error:?}");
    assert!(error.code.contains("absent"), "{error:?}");
    for (body, sentence) in [
        ("region = \"us-east-1\"", "must be set"),
        ("db_instance_identifier = \"a\"\n  db_cluster_identifier = \"b\"", "Only one of"),
        ("db_instance_identifier = \"a\"\n  database_connection {\n    host = \"db.example.com\"\n  }", "\"username\""),
    ] {
        scene.configure(body);
        let error = scene.tf.plan_fails().error();
        assert!(error.detail.contains(sentence), "{error:?}");
    }
    // A refusal of the database itself is an error, unlike all others.
    create(&scene.account, json!({}));
    scene.configure(ORDERS);
    let denied = json!({ "operation": "DescribeDBInstances", "fault": "error", "code": "AccessDenied", "message": "no", "status": 403 });
    scene.account.fault(denied);
    let error = scene.tf.plan_fails().error();
    assert!(error.detail.contains("AccessDenied") && error.code.contains("orders"), "{error:?}");
}
