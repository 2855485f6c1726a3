//! `data.rdsauth_db_endpoint` under the real CLI, against the stage.

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "data.rdsauth_db_endpoint.it";

/// An account with an instance and a cluster, and a configuration of one data source, initialised.
fn scene(body: &str) -> (Terraform, Account, [Value; 2]) {
    let account = Account::new();
    let databases = [account.add_database("instance", "orders"), account.add_database("cluster", "ledger")];
    let host = |database: &Value| database["host"].as_str().expect("a host").to_owned();
    let body = body.replace("INSTANCE-HOST", &host(&databases[0])).replace("CLUSTER-HOST", &host(&databases[1]));
    let data = format!("data \"rdsauth_db_endpoint\" \"it\" {{\n  {body}\n}}\n");
    let tf = Terraform::of(&account).initialised(&data);
    (tf, account, databases)
}

#[track_caller]
fn check(body: &str, kind: &str, operation: &str) {
    let (tf, account, databases) = scene(body);
    let expected = &databases[usize::from(kind == "cluster")];
    account.forget_calls();
    tf.apply();
    assert!(account.operations().iter().all(|called| called == operation), "{:?}", account.operations());
    let state = |attribute: &str| tf.state_value(IT, attribute);
    assert_eq!(state("kind"), json!(kind));
    for attribute in ["identifier", "resource_id", "arn", "host", "port"] {
        assert_eq!(state(attribute), expected[attribute], "{attribute}");
    }
    assert_eq!((state("region"), state("account_id")), (json!("us-east-1"), json!(account.id)));
    assert_eq!(state("iam_database_authentication_pending"), Value::Null);
    tf.assert_plan_empty();
}

#[test]
fn an_instance_by_its_identifier() {
    check("db_instance_identifier = \"orders\"", "instance", "DescribeDBInstances");
}

#[test]
fn a_cluster_by_its_identifier() {
    check("db_cluster_identifier = \"ledger\"", "cluster", "DescribeDBClusters");
}

#[test]
fn a_database_by_its_resource_id_whatever_it_is_called() {
    let (tf, account, [instance, cluster]) = scene("db_instance_identifier = \"orders\"");
    let rename =
        json!({ "DBInstanceIdentifier": "orders", "NewDBInstanceIdentifier": "orders-old", "ApplyImmediately": true });
    account.call("rds", "ModifyDBInstance", rename);
    for (argument, of, identifier) in
        [("dbi_resource_id", &instance, "orders-old"), ("db_cluster_resource_id", &cluster, "ledger")]
    {
        let id = of["resource_id"].as_str().expect("a resource ID");
        tf.write("main.tf", &format!("data \"rdsauth_db_endpoint\" \"it\" {{\n  {argument} = \"{id}\"\n}}\n"));
        tf.apply();
        let state = |attribute: &str| tf.state_value(IT, attribute);
        assert_eq!((state("identifier"), state("resource_id")), (json!(identifier), json!(id)));
        let other = id.replace(&id[id.len() - 4..], "ABCD");
        tf.write("main.tf", &format!("data \"rdsauth_db_endpoint\" \"it\" {{\n  {argument} = \"{other}\"\n}}\n"));
        tf.plan_fails().assert_refused("with the resource ID", argument);
        tf.write("main.tf", &format!("data \"rdsauth_db_endpoint\" \"it\" {{\n  {argument} = \"orders\"\n}}\n"));
        tf.plan_fails().assert_refused("must be a resource ID that begins with", argument);
    }
}

/// Neither the old name, which leads nowhere soon, nor an error while there is no name.
#[test]
fn a_database_that_is_being_renamed_is_waited_for() {
    let (tf, account, databases) = scene("db_instance_identifier = \"orders\"");
    account.command("transitions", json!({ "renaming": 1 }));
    for (kind, argument, database, old, new, has_no_name) in [
        ("Instance", "dbi_resource_id", &databases[0], "orders", "orders-old", false),
        ("Cluster", "db_cluster_resource_id", &databases[1], "ledger", "ledger-old", false),
        ("Instance", "dbi_resource_id", &databases[0], "orders-old", "orders", true),
    ] {
        let (identifier, changed) = (format!("DB{kind}Identifier"), format!("NewDB{kind}Identifier"));
        let rename = json!({ identifier: old, changed: new, "ApplyImmediately": true });
        account.call("rds", &format!("ModifyDB{kind}"), rename);
        if has_no_name {
            account.call("rds", &format!("DescribeDB{kind}s"), json!({}));
        }
        let id = database["resource_id"].as_str().expect("a resource ID");
        tf.write("main.tf", &format!("data \"rdsauth_db_endpoint\" \"it\" {{\n  {argument} = \"{id}\"\n}}\n"));
        tf.apply();
        assert_eq!(tf.state_value(IT, "identifier"), json!(new));
        let host = tf.state_value(IT, "host");
        assert!(host.as_str().is_some_and(|host| host.starts_with(&format!("{new}."))), "{host}");
    }
}

#[test]
fn a_member_has_what_policies_name_from_its_cluster() {
    let (tf, account, [_, cluster]) = scene("db_instance_identifier = \"ledger-member\"");
    let fields = json!({ "engine": "aurora-postgresql", "cluster": "ledger" });
    let member = account.add_database_of("instance", "ledger-member", fields);
    assert_ne!(member["resource_id"], cluster["resource_id"]);
    let by_name = tf.read("main.tf");
    let host = member["host"].as_str().expect("a host");
    for way in ["db_instance_identifier = \"ledger-member\"".to_owned(), format!("endpoint = {host:?}")] {
        tf.write("main.tf", &by_name.replace("db_instance_identifier = \"ledger-member\"", &way));
        tf.apply();
        let state = |attribute: &str| tf.state_value(IT, attribute);
        assert_eq!((state("kind"), state("cluster_identifier")), (json!("instance"), json!("ledger")));
        assert_eq!((state("arn"), state("host")), (member["arn"].clone(), member["host"].clone()));
        assert_eq!(state("resource_id"), cluster["resource_id"], "IAM compares the resource ID");
    }
}

#[test]
fn an_instance_and_a_cluster_by_their_hosts() {
    check("endpoint = \"INSTANCE-HOST\"", "instance", "DescribeDBInstances");
    check("endpoint = \"CLUSTER-HOST\"", "cluster", "DescribeDBClusters");
}

#[test]
fn a_proxy_by_its_name_and_its_hosts() {
    let (tf, account, _) = scene("db_proxy_name = \"front\"");
    let proxy = account.add_proxy("front", "orders", &json!({ "readers": "READ_ONLY" }));
    let by_name = tf.read("main.tf");
    let check = |way: String, host: &Value, operations: &[&str]| {
        tf.write("main.tf", &by_name.replace("db_proxy_name = \"front\"", &way));
        account.forget_calls();
        tf.apply();
        assert!(account.operations().iter().all(|called| operations.contains(&called.as_str())));
        let state = |attribute: &str| tf.state_value(IT, attribute);
        assert_eq!((state("kind"), state("identifier"), state("host")), (json!("proxy"), json!("front"), host.clone()));
        for attribute in ["resource_id", "arn", "port"] {
            assert_eq!(state(attribute), proxy[attribute], "{attribute}");
        }
        assert_eq!((state("engine"), state("engine_version")), (json!("postgresql"), Value::Null));
        assert_eq!(state("iam_database_authentication_enabled"), json!(true));
        tf.assert_plan_empty();
    };
    let (host, readers) = (&proxy["host"], &proxy["endpoints"]["readers"]);
    check("db_proxy_name = \"front\"".to_owned(), host, &["DescribeDBProxies"]);
    check(format!("endpoint = {host}"), host, &["DescribeDBProxies"]);
    check(format!("endpoint = {readers}"), readers, &["DescribeDBProxies", "DescribeDBProxyEndpoints"]);
}

#[track_caller]
fn check_refused(body: &str, sentence: &str, line: &str) {
    let (tf, account, _) = scene(body);
    account.forget_calls();
    tf.plan_fails().assert_refused(sentence, line);
    assert_eq!(account.writes(), [""; 0]);
}

#[test]
fn errors_point_at_their_line() {
    check_refused("db_instance_identifier = \"absent\"", "no DB instance", "absent");
    check_refused("db_proxy_name = \"absent\"", "no DB proxy", "absent");
    check_refused("endpoint = \"db.example.com\"", "host name of an RDS endpoint", "example.com");
    check_refused(
        "db_instance_identifier = \"a\"\n  db_cluster_identifier = \"b\"",
        "Only one of",
        "db_cluster_identifier",
    );
    check_refused("region = \"us-east-1\"", "must be set", "");
    check_refused("db_instance_identifier = \"orders\"\n  region = \"us-east-1a\"", "Availability Zone", "us-east-1a");
}
