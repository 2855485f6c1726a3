//! Requests, pages, refusals and answers of EC2.

use super::*;
use crate::aws::error::{Error, Kind};
use crate::aws::testing::{Answer, Server};

/// A result in the form of EC2.
fn result(operation: &str, inner: &str) -> Answer {
    let space = "http://ec2.amazonaws.com/doc/2016-11-15/";
    Answer::Xml(
        200,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{operation}Response xmlns=\"{space}\">\n    \
             <requestId>req-0</requestId>\n    {inner}\n</{operation}Response>"
        ),
    )
}

/// An error in the form of EC2.
fn fault(status: u16, code: &str, message: &str) -> Answer {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Answer::Xml(status, format!("<Response><Errors>{error}</Errors><RequestID>req-2</RequestID></Response>"))
}

fn groups(items: &str, more: &str) -> Answer {
    result("DescribeSecurityGroups", &format!("<securityGroupInfo>{items}</securityGroupInfo>{more}"))
}

/// The security groups that a server tells when asked for these.
async fn read(server: &Server, ids: &[&str]) -> Result<Vec<SecurityGroup>, Error> {
    let ec2 = server.clients().ec2(None).await?;
    ec2.security_groups(ids.iter().map(|id| (*id).to_owned())).await
}

fn range(cidr: &str) -> Range {
    Range::parse(cidr).unwrap()
}

const RULES: &str = "<item><ownerId>123456789012</ownerId><groupId>sg-1</groupId><groupName>a &amp; b</groupName>\
    <vpcId>vpc-1</vpcId><ipPermissions>\
    <item><ipProtocol>tcp</ipProtocol><fromPort>5432</fromPort><toPort>5433</toPort>\
    <groups><item><userId>123456789012</userId><groupId>sg-2</groupId></item>\
    <item><userId>210987654321</userId><groupId>sg-3</groupId><vpcPeeringConnectionId>pcx-1</vpcPeeringConnectionId></item>\
    </groups><ipRanges><item><cidrIp>10.0.0.0/8</cidrIp><description>all</description></item>\
    <item><cidrIp>192.0.2.1/32</cidrIp></item></ipRanges>\
    <ipv6Ranges><item><cidrIpv6>::/0</cidrIpv6></item></ipv6Ranges>\
    <prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item>\
    <item><ipProtocol>-1</ipProtocol><groups/><ipRanges/><ipv6Ranges/><prefixListIds/></item></ipPermissions>\
    <ipPermissionsEgress><item><ipProtocol>-1</ipProtocol><groups/>\
    <ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item></ipPermissionsEgress><tagSet/></item>";

#[tokio::test]
async fn groups_are_read_from_all_pages() {
    let second = "<item><groupId>sg-9</groupId><groupName>default</groupName><ipPermissions/></item>";
    let server = Server::start([groups(RULES, "<nextToken>a+/=</nextToken>"), groups(second, "<nextToken/>")]).await;
    let found = read(&server, &["sg-1", "sg-9"]).await.unwrap();
    let one = Rule {
        protocol: "tcp".to_owned(),
        ports: Some((5432, 5433)),
        ranges: ["10.0.0.0/8", "192.0.2.1/32", "::/0"].map(range).into(),
        groups: vec!["sg-2".to_owned(), "sg-3".to_owned()],
        prefix_lists: vec!["pl-1".to_owned()],
    };
    let all = Rule { protocol: "-1".to_owned(), ..Rule::default() };
    let first = SecurityGroup { id: "sg-1".to_owned(), name: "a & b".to_owned(), rules: vec![one, all] };
    let last = SecurityGroup { id: "sg-9".to_owned(), name: "default".to_owned(), rules: Vec::new() };
    assert_eq!(found, [first, last]);
    let seen = server.seen();
    let body = "Action=DescribeSecurityGroups&Version=2016-11-15&MaxResults=1000&Filter.1.Name=group-id\
                &Filter.1.Value.1=sg-1&Filter.1.Value.2=sg-9";
    assert_eq!(
        seen.iter().map(|it| it.body.clone()).collect::<Vec<_>>(),
        [body.to_owned(), format!("{body}&NextToken=a%2B%2F%3D")]
    );
}

/// Signature, user agent and identification of attempts are those of the SDK's own clients.
#[tokio::test]
async fn requests_are_like_those_of_other_clients() {
    let server = Server::start([groups("", "")]).await;
    assert_eq!(read(&server, &["sg-1"]).await, Ok(Vec::new()));
    let seen = &server.seen()[0];
    assert_eq!(seen.scope(), "eu-west-1/ec2/aws4_request");
    assert_eq!(seen.access_key(), "AKIAIOSFODNN7EXAMPLE");
    assert!(seen.headers.starts_with("POST / HTTP/1.1"), "{}", seen.headers);
    assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");
    let agent = seen.header("user-agent");
    assert!(
        agent.starts_with("Terraform/1.11.4 (+https://www.terraform.io) rdsauth/") && agent.contains("aws-sdk-rust")
    );
    assert!(seen.header("x-amz-user-agent").contains("api/ec2/"), "{}", seen.headers);
    assert!(!seen.header("amz-sdk-invocation-id").is_empty() && seen.header("amz-sdk-request").contains("attempt=1"));
}

#[tokio::test]
async fn nothing_is_asked_about_nothing_and_some_hundred_at_a_time() {
    let server = Server::start([groups("", "")]).await;
    assert_eq!(read(&server, &[]).await, Ok(Vec::new()));
    assert_eq!(server.operations(), [""; 0]);
    let ids: Vec<String> = (0..201).map(|number| format!("sg-{number}")).collect();
    read(&server, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await.unwrap();
    let seen = server.seen();
    let asked: Vec<_> = seen.iter().map(|it| it.body.matches("Filter.1.Value.").count()).collect();
    assert_eq!((asked, seen[1].parameter("Filter.1.Value.1")), (vec![200, 1], Some("sg-200")));
}

#[tokio::test]
async fn refusals_have_code_message_and_request_id() {
    let server = Server::start([fault(403, "UnauthorizedOperation", "You are not authorized &lt;here&gt;.")]).await;
    let error = read(&server, &["sg-1"]).await.unwrap_err();
    assert_eq!(
        error,
        Error {
            service: "ec2",
            operation: "DescribeSecurityGroups",
            kind: Kind::Service,
            code: Some("UnauthorizedOperation".into()),
            message: "You are not authorized <here>.".to_owned(),
            request_id: Some("req-1".into()),
        }
    );
    assert!(error.is_access_denied() && error.reason().ends_with("Allow the action \"ec2:DescribeSecurityGroups\"."));
    assert_eq!(server.operations().len(), 1, "it is not tried again");
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for passing in [fault(503, "RequestLimitExceeded", "Slow."), fault(500, "InternalError", "x"), Answer::HangUp] {
        let server = Server::start([passing.clone(), passing, groups(RULES, "")]).await;
        assert_eq!(read(&server, &["sg-1"]).await.map(|found| found.len()), Ok(1));
        assert_eq!(server.operations().len(), 3);
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_ec2_is_told() {
    for (answer, words) in [
        (Answer::Xml(200, "<html>".to_owned()), "cannot be parsed"),
        (Answer::Xml(200, "hello".to_owned()), "cannot be parsed"),
        (result("DescribeVpcs", "<vpcSet/>"), "it is not a DescribeSecurityGroupsResponse"),
        (result("DescribeSecurityGroups", ""), "the response contains no securityGroupInfo"),
        (Answer::Xml(403, "<html></html>".to_owned()), "HTTP status 403 without an error code"),
        (groups(&RULES.replace("10.0.0.0/8", "10.0.0.0/99"), ""), "\"10.0.0.0/99\" is not a CIDR block"),
    ] {
        let error = read(&Server::start([answer]).await, &["sg-1"]).await.unwrap_err();
        assert!(error.kind == Kind::Answer && error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn prefix_lists_have_entries() {
    let entry = |cidr: &str| format!("<item><cidr>{cidr}</cidr><description>x</description></item>");
    let inner = format!("<entrySet>{}{}</entrySet>", entry("10.0.0.0/24"), entry("2001:db8::/32"));
    let server = Server::start([result("GetManagedPrefixListEntries", &inner)]).await;
    let found = server.clients().ec2(None).await.unwrap().prefix_list("pl-1").await.unwrap();
    assert_eq!(found, ["10.0.0.0/24", "2001:db8::/32"].map(range));
    let seen = &server.seen()[0];
    assert_eq!((seen.parameter("PrefixListId"), seen.parameter("MaxResults")), (Some("pl-1"), Some("100")));
}

/// The route table of a subnet is its own or the main one. Gateways that let nobody in, or are gone, do not count.
#[tokio::test]
async fn subnets_have_a_route_table() {
    let table = |id: &str, associations: &str, routes: &str| {
        format!(
            "<item><routeTableId>{id}</routeTableId><vpcId>vpc-1</vpcId><routeSet>{routes}</routeSet>\
             <associationSet>{associations}</associationSet></item>"
        )
    };
    let route = |target: &str, state: &str| {
        format!("<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock>{target}<state>{state}</state></item>")
    };
    let to = |gateway: &str| format!("<gatewayId>{gateway}</gatewayId>");
    let private = [
        route(&to("local"), "active"),
        route(&to("vgw-1"), "active"),
        route("<natGatewayId>nat-1</natGatewayId>", "active"),
        route("<egressOnlyInternetGatewayId>eigw-1</egressOnlyInternetGatewayId>", "active"),
        route(&to("igw-gone"), "blackhole"),
    ];
    let tables = [
        table(
            "rtb-1",
            "<item><routeTableAssociationId>a</routeTableAssociationId><main>true</main></item>",
            &private.concat(),
        ),
        table("rtb-2", "<item><subnetId>subnet-2</subnetId><main>false</main></item>", &route(&to("igw-1"), "active")),
    ];
    let inner = format!("<routeTableSet>{}</routeTableSet>", tables.concat());
    let server = Server::start([result("DescribeRouteTables", &inner)]).await;
    let found = server.clients().ec2(None).await.unwrap().route_tables(["vpc-1".to_owned()]).await.unwrap();
    let of = |subnet: &str| found.table_of("vpc-1", subnet).unwrap();
    assert_eq!((of("subnet-1").id.as_str(), of("subnet-1").internet_gateways.len()), ("rtb-1", 0));
    assert_eq!((of("subnet-2").id.as_str(), of("subnet-2").internet_gateways.len()), ("rtb-2", 1));
    assert_eq!(found.table_of("vpc-2", "subnet-1"), None);
    assert_eq!(server.seen()[0].parameter("MaxResults"), Some("100"));
}

#[tokio::test]
async fn endpoints_have_policies() {
    let inner = "<vpcEndpointSet><item><vpcEndpointId>vpce-1</vpcEndpointId><vpcId>vpc-1</vpcId><state>Available</state>\
                 <policyDocument>{&quot;Statement&quot;:[]}</policyDocument><privateDnsEnabled>true</privateDnsEnabled>\
                 </item></vpcEndpointSet>";
    let server = Server::start([result("DescribeVpcEndpoints", inner)]).await;
    let found = server.clients().ec2(None).await.unwrap().endpoints("com.amazonaws.eu-west-1.rds").await.unwrap();
    let expected = VpcEndpoint {
        id: "vpce-1".to_owned(),
        vpc: "vpc-1".to_owned(),
        state: "available".to_owned(),
        has_private_dns: true,
        policy: Some(r#"{"Statement":[]}"#.to_owned()),
    };
    assert_eq!(found, [expected]);
}

#[test]
fn rules_are_about_ports_of_tcp() {
    let rule = |protocol: &str, ports| Rule { protocol: protocol.to_owned(), ports, ..Rule::default() };
    for (protocol, ports, is_about, is_about_all) in [
        ("tcp", Some((5432, 5432)), true, false),
        ("tcp", Some((5000, 6000)), true, false),
        ("6", Some((5432, 5432)), true, false),
        ("tcp", Some((0, 65_535)), true, true),
        ("-1", None, true, true),
        ("-1", Some((-1, -1)), true, true),
        ("tcp", Some((5433, 6000)), false, false),
        ("tcp", Some((0, 5431)), false, false),
        ("udp", Some((5432, 5432)), false, false),
        ("icmp", Some((-1, -1)), false, false),
        ("icmpv6", None, false, false),
        ("50", None, false, false),
    ] {
        let rule = rule(protocol, ports);
        assert_eq!((rule.is_about(5432), rule.is_about_all_ports()), (is_about, is_about_all), "{rule:?}");
    }
}

#[test]
fn ranges_are_as_wide_as_their_prefixes_are_short() {
    for (cidr, is_world, is_wide) in [
        ("0.0.0.0/0", true, true),
        ("::/0", true, true),
        ("128.0.0.0/1", false, true),
        ("10.0.0.0/8", false, true),
        ("10.0.0.0/15", false, true),
        ("10.0.0.0/16", false, false),
        ("192.0.2.1/32", false, false),
        ("2001:db8::/47", false, true),
        ("2001:db8::/48", false, false),
        ("2001:db8::1/128", false, false),
    ] {
        let range = range(cidr);
        assert_eq!((range.is_world(), range.is_wide()), (is_world, is_wide), "{cidr}");
    }
    for cidr in ["", "10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0/8", "x/0"] {
        assert_eq!(Range::parse(cidr), None, "{cidr}");
    }
}
