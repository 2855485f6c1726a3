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
    let found = dms(&server).await.task("orders").await.unwrap().unwrap();
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
    assert_eq!(dms.task("orders").await, Ok(None));
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
        let error: Error = dms(&Server::start([answer]).await).await.task("orders").await.unwrap_err();
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
        instance: "i",
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
