//! Requests, pages, refusals and answers of DMS.

use tf_provider::schema::Map;

use super::*;
use crate::aws::error::{Error, Kind};
use crate::aws::testing::{Answer, Server, json, json_fault};

const ARN: &str = "arn:aws:dms:eu-west-1:123456789012:task:ORDERS";

async fn dms(server: &Server) -> Dms {
    server.clients().dms(None).await.unwrap()
}

fn task(more: &str) -> Answer {
    json(&format!(
        r#"{{"ReplicationTasks":[{{"ReplicationTaskIdentifier":"orders","ReplicationTaskArn":"{ARN}","Status":"stopped"{more}}}]}}"#
    ))
}

#[tokio::test]
async fn a_task_is_read_by_its_identifier() {
    let stats = r#","StopReason":"Stop Reason FULL_LOAD_ONLY_FINISHED","TableMappings":"{}","ReplicationTaskSettings":"{}",
        "LastFailureMessage":"","MigrationType":"full-load","ReplicationTaskStats":{"FullLoadProgressPercent":100,
        "TablesLoaded":3,"TablesErrored":1,"StartDate":1780000000.5}"#;
    let server = Server::start([task(stats)]).await;
    let found = dms(&server).await.task("orders", Among::Instances).await.unwrap().unwrap();
    let expected = Task {
        id: "orders".to_owned(),
        arn: ARN.to_owned(),
        status: "stopped".to_owned(),
        stop_reason: Some("FULL_LOAD_ONLY_FINISHED".to_owned()),
        migration_type: "full-load".to_owned(),
        mappings: Some("{}".to_owned()),
        settings: Some("{}".to_owned()),
        stats: Stats {
            progress: 100,
            loaded: 3,
            errored: 1,
            started: Some("1780000000.5".to_owned()),
            ..Stats::default()
        },
        ..Task::default()
    };
    assert_eq!(found, expected);
    let seen = &server.seen()[0];
    assert_eq!(
        seen.json(),
        serde_json::json!({ "Filters": [{ "Name": "replication-task-id", "Values": ["orders"] }], "MaxRecords": 100 })
    );
    assert_eq!(seen.header("x-amz-target"), "AmazonDMSv20160101.DescribeReplicationTasks");
    assert_eq!(seen.header("content-type"), "application/x-amz-json-1.1");
    assert_eq!(seen.scope(), "eu-west-1/dms/aws4_request");
}

/// DMS answers with an error if nothing fits a filter.
#[tokio::test]
async fn what_is_absent_is_none() {
    let none = || json_fault(400, "ResourceNotFoundFault", "No Tasks found matching provided filters");
    let server = Server::start([none(), none(), none(), none()]).await;
    let dms = dms(&server).await;
    assert_eq!(dms.task("orders", Among::Instances).await, Ok(None));
    assert_eq!(dms.task_tags(ARN).await, Ok(None));
    assert_eq!(dms.endpoints(&["arn"]).await, Ok(Vec::new()));
    assert_eq!(dms.delete_task(ARN).await, Ok(()));
}

#[tokio::test]
async fn tables_are_read_from_all_pages() {
    let page = |name: &str, more: &str| {
        json(&format!(
            r#"{{"TableStatistics":[{{"SchemaName":"public","TableName":"{name}","Inserts":5,"AppliedInserts":3,"Updates":1,
            "AppliedUpdates":1,"Deletes":2,"ValidationFailedRecords":4}}]{more}}}"#
        ))
    };
    let server = Server::start([page("a", r#","Marker":"next""#), page("b", "")]).await;
    let found = dms(&server).await.tables(ARN).await.unwrap();
    let told: Vec<_> = found.iter().map(|table| (table.full_name(), table.behind, table.failed)).collect();
    // Deletes that the engine does not count as applied say nothing.
    assert_eq!(told, [("public.a".to_owned(), 2, 4), ("public.b".to_owned(), 2, 4)]);
    let asked: Vec<_> = server.seen().iter().map(|seen| seen.json()["Marker"].clone()).collect();
    assert_eq!(asked, [serde_json::Value::Null, "next".into()]);
}

#[tokio::test]
async fn refusals_have_code_message_and_request_id() {
    let code = "com.amazonaws.dms#InvalidResourceStateFault:http://internal.amazon.com/";
    let server = Server::start([json_fault(400, code, "Replication Task cannot be started, invalid state")]).await;
    let error = dms(&server).await.start_task(ARN, "start-replication").await.unwrap_err();
    assert!(error.is_invalid_state());
    assert_eq!(
        (error.service, error.operation, error.kind.clone(), error.message.as_str()),
        ("dms", "StartReplicationTask", Kind::Service, "Replication Task cannot be started, invalid state")
    );
    assert!(error.request_id.is_some());
    let denied = Server::start([json_fault(400, "AccessDeniedException", "User is not authorized")]).await;
    let error = dms(&denied).await.stop_task(ARN).await.unwrap_err();
    assert!(error.reason().ends_with("Allow the action \"dms:StopReplicationTask\"."), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_none_of_dms_is_told() {
    for (answer, words) in [
        (Answer::Xml(200, "<html>".to_owned()), "cannot be parsed"),
        (json("{}"), "the response contains no ReplicationTasks"),
        (json(r#"{"ReplicationTasks":[{}]}"#), "the response contains no identifier"),
        (Answer::Xml(400, "<html></html>".to_owned()), "HTTP status 400 without an error code"),
    ] {
        let error: Error =
            dms(&Server::start([answer]).await).await.task("orders", Among::Instances).await.unwrap_err();
        assert!(error.kind == Kind::Answer && error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_task_is_created_with_tags() {
    let made = format!(
        r#"{{"ReplicationTask":{{"ReplicationTaskIdentifier":"orders","ReplicationTaskArn":"{ARN}","Status":"creating"}}}}"#
    );
    let server = Server::start([json(&made)]).await;
    let tags = Map::from([("team".to_owned(), "data".to_owned())]);
    let new = Definition {
        id: "orders",
        runs_on: &RunsOn::Instance("i".to_owned()),
        source: "s",
        target: "t",
        migration_type: "full-load",
        mappings: "{}",
        settings: "{}",
        tags: &tags,
    };
    assert_eq!(dms(&server).await.create_task(new).await.unwrap().status, "creating");
    assert_eq!(server.seen()[0].json()["Tags"], serde_json::json!([{ "Key": "team", "Value": "data" }]));
}

const CONFIG_ARN: &str = "arn:aws:dms:eu-west-1:123456789012:replication-config:ORDERS";

fn part(list: &str, more: &str) -> Answer {
    json(&format!(
        r#"{{"{list}":[{{"ReplicationConfigIdentifier":"orders","ReplicationConfigArn":"{CONFIG_ARN}"{more}}}]}}"#
    ))
}

/// A serverless task consists of a configuration and its replication.
#[tokio::test]
async fn a_serverless_task_is_read_in_two_parts() {
    let failed = r#","Status":"failed","FailureMessages":["No","route"],"ReplicationStats":{"TablesLoaded":2}"#;
    let config = r#","ReplicationType":"cdc","ReplicationSettings":"{}","ComputeConfig":{"MaxCapacityUnits":4,"MultiAZ":false,
        "VpcSecurityGroupIds":["sg-2","sg-1"],"DnsNameServers":""}"#;
    let none = || json_fault(400, "ResourceNotFoundFault", "No Tasks found matching provided filters");
    let server = Server::start([
        none(),
        part("Replications", failed),
        part("ReplicationConfigs", config),
        part("Replications", failed),
        none(),
        part("ReplicationConfigs", config),
    ])
    .await;
    let dms = dms(&server).await;
    let found = dms.task("orders", Among::Both).await.unwrap().unwrap();
    let capacity = Capacity {
        most: 4,
        multi_az: Some(false),
        security_groups: Some(vec!["sg-1".to_owned(), "sg-2".to_owned()]),
        ..Capacity::default()
    };
    let expected = Task {
        id: "orders".to_owned(),
        arn: CONFIG_ARN.to_owned(),
        status: "failed".to_owned(),
        last_failure: Some("No route".to_owned()),
        migration_type: "cdc".to_owned(),
        runs_on: RunsOn::Serverless(Some(capacity)),
        settings: Some("{}".to_owned()),
        stats: Stats { loaded: 2, ..Stats::default() },
        ..Task::default()
    };
    assert_eq!(found, expected);
    let short = dms.task_status(CONFIG_ARN).await.unwrap().unwrap();
    assert_eq!((short.runs_on, short.status.as_str()), (RunsOn::Serverless(None), "failed"));
    let young = dms.task("orders", Among::Serverless).await.unwrap().unwrap();
    assert_eq!((young.status.as_str(), young.is_busy()), ("creating", true));
    let filters: Vec<_> = server.seen().iter().map(|seen| seen.json()["Filters"][0]["Name"].clone()).collect();
    let (task, id, arn) = ("replication-task-id", "replication-config-id", "replication-config-arn");
    assert_eq!(filters, [task, id, id, arn, id, id]);
}

#[tokio::test]
async fn operations_on_a_serverless_task_have_other_names() {
    let made = format!(
        r#"{{"ReplicationConfig":{{"ReplicationConfigIdentifier":"orders","ReplicationConfigArn":"{CONFIG_ARN}"}}}}"#
    );
    let tables = r#"{"ReplicationTableStatistics":[{"SchemaName":"public","TableName":"a"}]}"#;
    let done = || json("{}");
    let server = Server::start([json(&made), done(), done(), json(tables), done(), done()]).await;
    let dms = dms(&server).await;
    let runs_on = RunsOn::Serverless(Some(Capacity { most: 8, least: Some(2), ..Capacity::default() }));
    let new = Definition {
        id: "orders",
        runs_on: &runs_on,
        source: "s",
        target: "t",
        migration_type: "full-load",
        mappings: "{}",
        settings: "{}",
        tags: &Map::new(),
    };
    assert_eq!(dms.create_task(new).await.unwrap().status, "creating");
    dms.modify_task(CONFIG_ARN, &Changes { runs_on: Some(runs_on), ..Changes::default() }).await.unwrap();
    dms.start_task(CONFIG_ARN, "start-replication").await.unwrap();
    assert_eq!(dms.tables(CONFIG_ARN).await.unwrap().len(), 1);
    dms.stop_task(CONFIG_ARN).await.unwrap();
    dms.delete_task(CONFIG_ARN).await.unwrap();
    let seen = server.seen();
    let compute = serde_json::json!({ "MaxCapacityUnits": 8, "MinCapacityUnits": 2 });
    assert_eq!(seen[0].json()["ComputeConfig"], compute);
    assert_eq!(seen[1].json(), serde_json::json!({ "ReplicationConfigArn": CONFIG_ARN, "ComputeConfig": compute }));
    assert_eq!(seen[2].json()["StartReplicationType"], "start-replication");
    let operations: Vec<_> = seen.iter().filter_map(|seen| seen.header("x-amz-target").split('.').nth(1)).collect();
    assert_eq!(
        operations,
        [
            "CreateReplicationConfig",
            "ModifyReplicationConfig",
            "StartReplication",
            "DescribeReplicationTableStatistics",
            "StopReplication",
            "DeleteReplicationConfig"
        ]
    );
}

/// Capacity is taken back some time after a stop.
#[test]
fn a_serverless_task_forgets_what_it_has_done() {
    let stopped = |status: &str| Task {
        status: status.to_owned(),
        stop_reason: Some("FULL_LOAD_ONLY_FINISHED".to_owned()),
        runs_on: RunsOn::Serverless(None),
        ..Task::default()
    };
    for status in ["stopped", "deprovisioning"] {
        let task = stopped(status);
        assert!(task.has_lost_statistics() && task.was_started() && task.is_finished() && task.is_loaded());
    }
    assert!(!stopped("failed").was_started());
    let on_instance = Task { runs_on: RunsOn::default(), ..stopped("stopped") };
    assert!(!on_instance.was_started() && !on_instance.is_loaded());
}

#[tokio::test]
async fn endpoints_tell_whether_they_truncate() {
    let one = |kind: &str, more: &str| format!(r#"{{"EndpointArn":"{kind}","EndpointType":"{kind}"{more}}}"#);
    let body = format!(
        r#"{{"Endpoints":[{},{},{}]}}"#,
        one("source", r#","PostgreSQLSettings":{"FailTasksOnLobTruncation":true}"#),
        one("TARGET", r#","ExtraConnectionAttributes":"a=b; failTasksOnLobTruncation=true""#),
        one("other", r#","SslMode":"none""#),
    );
    let found = dms(&Server::start([json(&body)]).await).await.endpoints(&["source"]).await.unwrap();
    let told: Vec<_> = found.iter().map(|one| (one.kind.as_str(), one.fails_on_truncation)).collect();
    assert_eq!(told, [("source", true), ("target", true), ("other", false)]);
}
