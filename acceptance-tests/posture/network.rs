//! Findings about what EC2 knows of a database: security groups, prefix lists, routes, interface endpoints.

use serde_json::{Value, json};

use crate::posture::{ALL, Scene, create_good, text};
use crate::support::stage::Account;

const ORDERS: &str = r#"db_instance_identifiers = ["orders"]"#;

const GROUPS: &str = r#"checks = [
    "security_groups_not_open_to_world", "security_groups_narrow", "security_groups_not_default",
    "security_groups_by_reference",
  ]
  min_severity = "informational""#;

/// A VPC with a security group, to which nobody has access yet.
pub(super) struct Network<'a> {
    account: &'a Account,
    vpc: Value,
    pub(super) group: Value,
}

impl<'a> Network<'a> {
    pub(super) fn new(account: &'a Account) -> Self {
        let vpc = account.call("ec2", "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }))["Vpc"]["VpcId"].clone();
        let fields = json!({ "GroupName": "databases", "Description": "databases", "VpcId": vpc });
        let group = account.call("ec2", "CreateSecurityGroup", fields)["GroupId"].clone();
        Self { account, vpc, group }
    }

    fn call(&self, operation: &str, fields: Value) -> Value {
        self.account.call("ec2", operation, fields)
    }

    /// Lets somebody in; without the rules that there were.
    pub(super) fn let_in(&self, rule: Value) {
        let shown = self.call("DescribeSecurityGroups", json!({ "GroupIds": [self.group] }));
        let rules = &shown["SecurityGroups"][0]["IpPermissions"];
        if rules.as_array().is_some_and(|rules| !rules.is_empty()) {
            self.call("RevokeSecurityGroupIngress", json!({ "GroupId": self.group, "IpPermissions": rules }));
        }
        self.call("AuthorizeSecurityGroupIngress", json!({ "GroupId": self.group, "IpPermissions": [rule] }));
    }

    pub(super) fn prefix_list(&self, cidrs: &[&str]) -> Value {
        let entries: Vec<_> = cidrs.iter().map(|cidr| json!({ "Cidr": cidr })).collect();
        let fields =
            json!({ "PrefixListName": "offices", "MaxEntries": 9, "AddressFamily": "IPv4", "Entries": entries });
        self.call("CreateManagedPrefixList", fields)["PrefixList"]["PrefixListId"].clone()
    }

    /// A DB subnet group of two subnets, one of which may have a route to an internet gateway; with the security group,
    /// these are fields of a call that creates a database.
    pub(super) fn place(&self, name: &str, is_public: bool) -> Value {
        let subnet = |zone: &str, net: &str| {
            let fields = json!({ "VpcId": self.vpc, "CidrBlock": net, "AvailabilityZone": zone });
            self.call("CreateSubnet", fields)["Subnet"]["SubnetId"].clone()
        };
        let third = if is_public { 16 } else { 0 };
        let subnets = [
            subnet("us-east-1a", &format!("10.0.{third}.0/24")),
            subnet("us-east-1b", &format!("10.0.{}.0/24", third + 1)),
        ];
        if is_public {
            self.route(&subnets[1]);
        }
        let fields = json!({ "DBSubnetGroupName": name, "DBSubnetGroupDescription": name, "SubnetIds": subnets });
        self.account.call("rds", "CreateDBSubnetGroup", fields);
        json!({ "DBSubnetGroupName": name, "VpcSecurityGroupIds": [self.group] })
    }

    /// Gives a subnet a route table with a route to the internet.
    fn route(&self, subnet: &Value) {
        let gateway = self.call("CreateInternetGateway", json!({}))["InternetGateway"]["InternetGatewayId"].clone();
        self.call("AttachInternetGateway", json!({ "InternetGatewayId": gateway, "VpcId": self.vpc }));
        let table = self.call("CreateRouteTable", json!({ "VpcId": self.vpc }))["RouteTable"]["RouteTableId"].clone();
        let route = json!({ "RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway });
        self.call("CreateRoute", route);
        self.call("AssociateRouteTable", json!({ "RouteTableId": table, "SubnetId": subnet }));
    }
}

/// A rule for a range of ports of TCP.
fn tcp(first: u16, last: u16, more: Value) -> Value {
    let mut rule = json!({ "IpProtocol": "tcp", "FromPort": first, "ToPort": last });
    rule.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    rule
}

fn from(cidr: &str) -> Value {
    json!({ "IpRanges": [{ "CidrIp": cidr }] })
}

#[test]
fn rules_count_if_they_are_about_the_port() {
    let scene = Scene::new(&format!("{ORDERS}\n  {ALL}\n  {GROUPS}"));
    let network = Network::new(&scene.account);
    create_good(&scene.account, "orders", network.place("private", false));
    let list = network.prefix_list(&["10.0.0.0/16", "0.0.0.0/0"]);
    let everything = |more: Value| {
        let mut rule = json!({ "IpProtocol": "-1" });
        rule.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        rule
    };
    let by_group = json!({ "UserIdGroupPairs": [{ "GroupId": network.group }] });
    // Open to the world, wide or to all ports, by CIDR block.
    for (rule, failed) in [
        (tcp(6432, 6432, by_group.clone()), [false, false, false]),
        (tcp(6432, 6432, from("10.0.0.0/16")), [false, false, true]),
        (tcp(6432, 6432, from("10.0.0.0/15")), [false, true, true]),
        (tcp(6000, 7000, from("0.0.0.0/0")), [true, true, true]),
        (tcp(6432, 6432, json!({ "Ipv6Ranges": [{ "CidrIpv6": "::/0" }] })), [true, true, true]),
        (tcp(6433, 7000, from("0.0.0.0/0")), [false, false, false]),
        (tcp(6432, 6432, json!({ "PrefixListIds": [{ "PrefixListId": list }] })), [true, true, false]),
        (everything(by_group), [false, true, false]),
        (everything(from("0.0.0.0/0")), [true, true, true]),
    ] {
        network.let_in(rule.clone());
        scene.read();
        let checks = ["not_open_to_world", "narrow", "by_reference"].map(|name| format!("security_groups_{name}"));
        for (check, failed) in checks.iter().zip(failed) {
            let expected = if failed { "failed" } else { "passed" };
            assert_eq!(scene.status(check, "orders"), expected, "{check} with {rule}");
        }
        assert_eq!(scene.status("security_groups_not_default", "orders"), "passed");
    }
    let finding = scene.finding("security_groups_not_open_to_world", "orders");
    let group = network.group.as_str().expect("an ID");
    assert_eq!(text(&finding, "severity"), "critical");
    assert_eq!(text(&finding, "evidence"), format!("These rules about port 6432 are: {group} from 0.0.0.0/0."));
}

/// Without any security group in the call, a restore attaches the default one.
#[test]
fn the_default_security_group_is_seen_and_members_are_not_judged() {
    let scene = Scene::new(&format!("{ORDERS}\n  db_cluster_identifiers = [\"shop\"]\n  {ALL}\n  {GROUPS}"));
    let account = &scene.account;
    create_good(account, "orders", json!({}));
    account.add_database_of("cluster", "shop", json!({ "engine": "aurora-postgresql", "members": 1 }));
    scene.read();
    assert_eq!(scene.status("security_groups_not_default", "orders"), "failed");
    assert_eq!(scene.status("security_groups_not_default", "shop"), "passed");
    assert_eq!(scene.status("security_groups_not_default", "shop-instance-1"), "not_applicable");
    account.fault(json!({
        "service": "ec2", "operation": "DescribeSecurityGroups", "fault": "error", "code": "InvalidFilter",
        "message": "No.", "status": 400,
    }));
    scene.read();
    let finding = scene.finding("security_groups_not_default", "shop");
    assert!(finding["status"] == "unknown" && text(&finding, "evidence").contains("InvalidFilter: No"), "{finding}");
}

#[test]
fn subnets_with_a_route_to_the_internet() {
    let scene = Scene::new(&format!("{ALL}\n  checks = [\"RDS.46\", \"RDS.18\", \"api_private_endpoint\"]"));
    let account = &scene.account;
    let network = Network::new(account);
    create_good(account, "private", network.place("private", false));
    create_good(account, "public", network.place("public", true));
    account.add_database("instance", "classic");
    account.forget_calls();
    scene.read();
    assert_eq!(scene.status("RDS.46", "private"), "passed");
    let finding = scene.finding("RDS.46", "public");
    let evidence = text(&finding, "evidence");
    assert!(finding["status"] == "failed" && evidence.matches("igw-").count() == 1, "{finding}");
    assert_eq!(
        (scene.status("RDS.46", "classic"), scene.status("RDS.18", "private")),
        ("not_applicable".into(), "passed".into())
    );
    let endpoint = || {
        let all = scene.findings();
        all.iter().find(|one| one["check"] == "api_private_endpoint").expect("a finding").clone()
    };
    assert!(text(&endpoint(), "evidence").ends_with(" has none."), "{}", endpoint());
    let calls = account.operations();
    for call in ["DescribeRouteTables", "DescribeVpcEndpoints"] {
        assert!(calls.iter().any(|own| own == call), "{call} of {calls:?}");
    }
    let limited = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Allow", "Principal": "*", "Action": "rds:Describe*", "Resource": "*" }],
    });
    let fields = |policy: Option<String>| {
        let service = "com.amazonaws.us-east-1.rds";
        let mut fields = json!({
            "VpcId": network.vpc, "ServiceName": service, "VpcEndpointType": "Interface", "PrivateDnsEnabled": true
        });
        if let Some(policy) = policy {
            fields["PolicyDocument"] = json!(policy);
        }
        fields
    };
    account.call("ec2", "CreateVpcEndpoint", fields(None));
    scene.read();
    assert!(text(&endpoint(), "evidence").contains("whose policy allows everything"), "{}", endpoint());
    account.call("ec2", "CreateVpcEndpoint", fields(Some(limited.to_string())));
    scene.read();
    assert_eq!(endpoint()["status"], "passed", "{}", endpoint());
}
