//! What is read, and what becomes of a call that is refused.

use std::collections::BTreeMap;

use crate::aws::Clients;
use crate::aws::testing::{Answer, Seen, Server, json, json_fault, result};
use crate::posture::check::{Check, Status};
use crate::posture::facts::Options;
use crate::posture::findings::{Finding, findings};
use crate::posture::reading::{Targets, read};
use crate::posture::sources::Source;
use crate::posture::table;

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/own";
const AWS_KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/aws";

/// An answer of EC2, whose form is another one.
fn of_ec2(operation: &str, inner: &str) -> Answer {
    Answer::Xml(200, format!("<{operation}Response><requestId>x</requestId>{inner}</{operation}Response>"))
}

fn snapshot(kind: &str, name: &str, key: Option<&str>) -> String {
    let key = key.map(|key| format!("<Encrypted>true</Encrypted><KmsKeyId>{key}</KmsKeyId>")).unwrap_or_default();
    format!(
        "<{kind}><{kind}Identifier>{name}</{kind}Identifier><{kind}Arn>arn:aws:rds:eu-west-1:123456789012:{name}</{kind}Arn>\
         {key}</{kind}>"
    )
}

/// A region with one thing of each kind.
fn answer(seen: &Seen) -> Answer {
    let operation = seen.operation();
    let inner = match operation.as_str() {
        "DescribeDBInstances" => &format!(
            "<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier><Engine>postgres</Engine>\
             <EngineVersion>16.4</EngineVersion><DBInstanceArn>arn:aws:rds:eu-west-1:123456789012:db:orders</DBInstanceArn>\
             <StorageEncrypted>true</StorageEncrypted><KmsKeyId>{KEY}</KmsKeyId><MonitoringInterval>60</MonitoringInterval>\
             <MonitoringRoleArn>arn:aws:iam::123456789012:role/monitoring</MonitoringRoleArn>\
             <Endpoint><Port>5432</Port></Endpoint>\
             <DBSubnetGroup><VpcId>vpc-1</VpcId><Subnets><Subnet><SubnetIdentifier>subnet-1</SubnetIdentifier></Subnet>\
             </Subnets></DBSubnetGroup>\
             <VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId>\
             </VpcSecurityGroupMembership></VpcSecurityGroups>\
             <DBParameterGroups><DBParameterGroup><DBParameterGroupName>own</DBParameterGroupName></DBParameterGroup>\
             </DBParameterGroups></DBInstance></DBInstances>"
        ),
        "DescribeDBClusters" => {
            "<DBClusters><DBCluster><DBClusterIdentifier>shop</DBClusterIdentifier><Engine>aurora-mysql</Engine>\
             <EngineVersion>8.0</EngineVersion><DBClusterParameterGroup>own</DBClusterParameterGroup></DBCluster>\
             </DBClusters>"
        }
        "DescribeDBSnapshots" => &format!("<DBSnapshots>{}</DBSnapshots>", snapshot("DBSnapshot", "one", None)),
        "DescribeDBClusterSnapshots" => {
            &format!("<DBClusterSnapshots>{}</DBClusterSnapshots>", snapshot("DBClusterSnapshot", "two", None))
        }
        "DescribeDBSubnetGroups" => {
            "<DBSubnetGroups><DBSubnetGroup><DBSubnetGroupName>private</DBSubnetGroupName>\
             <DBSubnetGroupArn>arn:aws:rds:eu-west-1:123456789012:subgrp:private</DBSubnetGroupArn></DBSubnetGroup>\
             </DBSubnetGroups>"
        }
        "DescribeSecurityGroups" => {
            let rule = "<item><ipProtocol>-1</ipProtocol><prefixListIds><item><prefixListId>pl-1</prefixListId></item>\
                        </prefixListIds></item>";
            let group = format!("<groupId>sg-1</groupId><ipPermissions>{rule}</ipPermissions>");
            let inner = format!("<securityGroupInfo><item>{group}</item></securityGroupInfo>");
            return of_ec2(&operation, &inner);
        }
        "GetManagedPrefixListEntries" => return of_ec2(&operation, "<entrySet/>"),
        "DescribeRouteTables" => return of_ec2(&operation, "<routeTableSet/>"),
        "DescribeVpcEndpoints" => return of_ec2(&operation, "<vpcEndpointSet/>"),
        "GetRole" => {
            "<Role><Path>/</Path><RoleName>r</RoleName><RoleId>AROA</RoleId><Arn>arn:aws:iam::123456789012:role/r</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument></Role>"
        }
        "DescribeKey" => {
            let arn = seen.json()["KeyId"].as_str().unwrap_or_default().to_owned();
            let manager = if arn == AWS_KEY { "AWS" } else { "CUSTOMER" };
            let key = format!(
                r#"{{"KeyMetadata":{{"Arn":"{arn}","KeyId":"k","KeyManager":"{manager}","KeyState":"Enabled","KeySpec":"SYMMETRIC_DEFAULT","KeyUsage":"ENCRYPT_DECRYPT","Origin":"AWS_KMS","CreationDate":1}}}}"#
            );
            return json(&key);
        }
        "GetKeyRotationStatus" => return json(r#"{"KeyRotationEnabled":true}"#),
        "GetKeyPolicy" => return json(r#"{"Policy":"{\"Statement\":[]}"}"#),
        "DescribeSecret" => {
            return json(r#"{"ARN":"arn:aws:secretsmanager:eu-west-1:123456789012:secret:app-AbCdEf","Name":"app"}"#);
        }
        "GetResourcePolicy" => return json("{}"),
        _ => "",
    };
    result(&operation, inner)
}

/// A refusal in the form of the protocol, which has something in it that differs each time.
fn refusal(seen: &Seen) -> Answer {
    let words = format!("User: reader is not authorized to perform: {}", seen.operation());
    if seen.scope().contains("/ec2/") {
        let message = format!(
            "You are not authorized to perform this operation. {words}. Encoded authorization failure \
                               message: {}",
            seen.header("amz-sdk-invocation-id")
        );
        let error = format!("<Error><Code>UnauthorizedOperation</Code><Message>{message}</Message></Error>");
        return Answer::Xml(403, format!("<Response><Errors>{error}</Errors></Response>"));
    }
    match seen.header("x-amz-target").is_empty() {
        true => crate::aws::testing::fault(403, "AccessDenied", &words),
        false => json_fault(400, "AccessDeniedException", &words),
    }
}

async fn findings_of(clients: &Clients, checks: &[&'static Check], snapshot_reads: usize) -> Vec<Finding> {
    let targets = Targets { secrets: vec!["app".to_owned()], snapshot_reads, ..Targets::default() };
    let facts = read(clients, None, &targets, Options::default(), checks).await.unwrap();
    findings(&facts, checks, &[])
}

/// What findings say of refusals, by check and thing.
fn refusals(found: &[Finding]) -> BTreeMap<(&'static str, Option<String>), (Status, String)> {
    let is_it =
        |one: &&Finding| one.evidence.contains("AccessDenied") || one.evidence.contains("UnauthorizedOperation");
    let key = |one: &Finding| (one.check.id, one.name.clone());
    found.iter().filter(is_it).map(|one| (key(one), (one.status, one.evidence.clone()))).collect()
}

#[tokio::test]
async fn nothing_is_refused_here() {
    let server = Server::answering(answer).await;
    let found = findings_of(&server.clients(), &table::all().collect::<Vec<_>>(), 10).await;
    assert_eq!(refusals(&found), BTreeMap::new());
    let mut calls = server.operations();
    calls.sort();
    let mut once = calls.clone();
    once.dedup();
    // By version, role and region of the two databases; nothing else is asked twice.
    for call in ["DescribeDBEngineVersions", "GetRole"] {
        calls.remove(calls.iter().position(|own| own == call).unwrap());
    }
    assert_eq!(calls, once);
    for source in Source::ALL {
        for action in source.actions() {
            let (_, operation) = action.split_once(':').unwrap();
            assert!(once.iter().any(|call| call == operation), "{action} of {source:?} is never asked");
        }
    }
}

/// Only the checks that need it are unknown, with the action that is missing, and each time with the same words.
#[tokio::test]
async fn a_missing_permission_is_told_in_the_same_words_each_time() {
    let checks: Vec<_> = table::all().collect();
    for source in Source::ALL {
        for action in source.actions() {
            let (_, operation) = action.split_once(':').unwrap();
            let server =
                Server::answering(move |seen| if seen.operation() == operation { refusal(seen) } else { answer(seen) });
            let clients = server.await.clients();
            let first = refusals(&findings_of(&clients, &checks, 10).await);
            assert!(!first.is_empty(), "{action} is not missed");
            for ((check, _), (status, evidence)) in &first {
                let check = table::named(check).next().unwrap();
                assert!(check.sources.contains(&source), "{} needs no {action}", check.id);
                assert_eq!(*status, Status::Unknown, "{}", check.id);
                assert!(evidence.ends_with(&format!(". Allow the action \"{action}\".")), "{evidence}");
                assert!(!evidence.contains("req-") && !evidence.contains("request id"), "{evidence}");
            }
            assert_eq!(refusals(&findings_of(&clients, &checks, 10).await), first, "{action}");
        }
    }
}

/// Those that cannot be shared are not asked about, and those that can be public come first.
#[tokio::test]
async fn snapshots_are_asked_about_up_to_a_limit() {
    let keys = [None, Some(KEY), Some(AWS_KEY), Some(KEY), None, Some(KEY)];
    let all: Vec<_> = keys.iter().enumerate().map(|(n, key)| snapshot("DBSnapshot", &format!("s{n}"), *key)).collect();
    let all = format!("<DBSnapshots>{}</DBSnapshots>", all.concat());
    let server = Server::answering(move |seen| match seen.operation().as_str() {
        operation @ "DescribeDBSnapshots" => result(operation, &all),
        operation @ "DescribeDBClusterSnapshots" => result(operation, ""),
        _ => answer(seen),
    });
    let server = server.await;
    let clients = server.clients();
    let both: Vec<_> = ["RDS.1", "snapshot_not_shared", "KMS.3"].into_iter().flat_map(table::named).collect();
    // Of two that are not encrypted, and three with a key of the customer.
    for (limit, asked, unknown) in [(9, 5, [0, 0]), (4, 4, [0, 1]), (2, 2, [0, 3]), (1, 1, [1, 4]), (0, 0, [2, 5])] {
        let before = server.seen().len();
        let found = findings_of(&clients, &both, limit).await;
        let calls = server.operations().split_off(before);
        let number = calls.iter().filter(|call| *call == "DescribeDBSnapshotAttributes").count();
        assert_eq!(number, asked, "limit {limit}");
        let is = |id: &str| {
            let own = found.iter().filter(|one| one.check.id == id && one.status == Status::Unknown);
            own.inspect(|one| assert!(one.evidence.contains("max_snapshot_reads"), "{}", one.evidence)).count()
        };
        assert_eq!([is("snapshot_private"), is("snapshot_not_shared")], unknown, "limit {limit}");
    }
    let before = server.seen().len();
    let found = findings_of(&clients, &table::named("RDS.1").collect::<Vec<_>>(), 9).await;
    assert!(found.iter().all(|one| one.status == Status::Passed), "{found:?}");
    let calls = server.operations().split_off(before);
    assert_eq!(calls.iter().filter(|call| *call == "DescribeDBSnapshotAttributes").count(), 2);
}
