"""RDS Proxy: names and ids of the real form, targets, endpoints."""

import re

import pytest

from .conftest import Account, refused

AUTH = [{"AuthScheme": "SECRETS", "IAMAuth": "REQUIRED", "SecretArn": "arn:aws:secretsmanager:us-east-1:1:secret:x"}]


def seed(account, **more):
    """A proxy `front`."""
    return account.control("POST", "proxies", account=account.id, name="front", **more)


def new(account, **more):
    """Parameters of a new proxy."""
    subnets = account.client("ec2").describe_subnets()["Subnets"]
    wanted = {"DBProxyName": "front", "EngineFamily": "POSTGRESQL", "Auth": AUTH, "RequireTLS": True}
    wanted |= {"RoleArn": f"arn:aws:iam::{account.id}:role/front", "VpcSubnetIds": [s["SubnetId"] for s in subnets]}
    return wanted | more


def test_proxy_is_creating_for_a_while(account):
    rds = account.client("rds")
    made = rds.create_db_proxy(**new(account))["DBProxy"]
    looks = [rds.describe_db_proxies(DBProxyName="front")["DBProxies"][0] for _ in range(3)]
    assert [p["Status"] for p in (made, *looks)] == [*3 * ["creating"], "available"]
    found = looks[-1]
    assert re.fullmatch(rf"arn:aws:rds:us-east-1:{account.id}:db-proxy:prx-[0-9a-f]{{17}}", found["DBProxyArn"])
    assert re.fullmatch(r"front\.proxy-c[a-z0-9]{11}\.us-east-1\.rds\.amazonaws\.com", found["Endpoint"])
    assert (found["RequireTLS"], found["EngineFamily"]) == (True, "POSTGRESQL")
    assert (found["Auth"][0]["IAMAuth"], found["RoleArn"]) == ("REQUIRED", f"arn:aws:iam::{account.id}:role/front")
    assert found["DBProxyArn"] == made["DBProxyArn"]
    refused("DBProxyAlreadyExistsFault", rds.create_db_proxy, **new(account))


def test_proxies_that_are_refused(account):
    create = account.client("rds").create_db_proxy
    enabled = [AUTH[0] | {"IAMAuth": "ENABLED"}]
    refused("InvalidParameterValue", create, **new(account, Auth=enabled))
    refused("InvalidParameterValue", create, **new(account, DBProxyName="two--hyphens"))
    refused("InvalidParameterCombination", create, **new(account, Auth=[]))


def test_proxy_with_iam_from_end_to_end(account):
    wanted = new(account, DefaultAuthScheme="IAM_AUTH")
    del wanted["Auth"]
    made = account.client("rds").create_db_proxy(**wanted)["DBProxy"]
    assert made["DefaultAuthScheme"] == "IAM_AUTH" and made["Auth"] == []


def test_seeded_proxy(account):
    account.instance("orders")
    made = seed(account, target="orders", endpoints={"readers": "READ_ONLY"})
    rds = account.client("rds")
    (found,) = rds.describe_db_proxies()["DBProxies"]
    assert (found["DBProxyArn"], found["Endpoint"]) == (made["arn"], made["host"]) and found["Status"] == "available"
    assert made["arn"].endswith(f":db-proxy:{made['resource_id']}")
    endpoints = rds.describe_db_proxy_endpoints()["DBProxyEndpoints"]
    assert [(e["DBProxyEndpointName"], e["IsDefault"], e["TargetRole"]) for e in endpoints] == [
        *(("default", True, "READ_WRITE"), ("readers", False, "READ_ONLY"))
    ]
    assert {e["DBProxyEndpointName"]: e["Endpoint"] for e in endpoints} == made["endpoints"]
    suffix = made["host"].removeprefix("front.")
    assert made["endpoints"]["readers"] == f"readers.endpoint.{suffix}"
    assert re.search(r":db-proxy-endpoint:prx-endpoint-[0-9a-f]{17}$", endpoints[1]["DBProxyEndpointArn"])
    with pytest.raises(ValueError, match="there is no instance none"):
        account.control("POST", "proxies", account=account.id, name="other", target="none")


def test_instance_behind_a_proxy(account):
    instance = account.instance("orders")
    seed(account)
    rds, who = account.client("rds"), {"DBProxyName": "front"}
    assert rds.describe_db_proxy_targets(**who)["Targets"] == []
    made = rds.register_db_proxy_targets(**who, DBInstanceIdentifiers=["orders"])["DBProxyTargets"]
    assert [t["TargetHealth"]["State"] for t in made] == ["REGISTERING"]
    assert rds.describe_db_proxy_targets(**who)["Targets"] == [
        {
            "RdsResourceId": "orders",
            "Type": "RDS_INSTANCE",
            "Role": "READ_WRITE",
            "Endpoint": instance["host"],
            "Port": instance["port"],
            "TargetHealth": {"State": "AVAILABLE"},
        }
    ]
    who |= {"DBInstanceIdentifiers": ["orders"]}
    refused("DBProxyTargetAlreadyRegisteredFault", rds.register_db_proxy_targets, **who)
    rds.deregister_db_proxy_targets(**who)
    refused("DBProxyTargetNotFoundFault", rds.deregister_db_proxy_targets, **who)


def test_cluster_behind_a_proxy(account):
    account.control("POST", "clusters", account=account.id, identifier="au", members=2)
    seed(account, target="au", kind="cluster")
    targets = account.client("rds").describe_db_proxy_targets(DBProxyName="front")["Targets"]
    shown = [(t["Type"], t["RdsResourceId"], t.get("TrackedClusterId"), t.get("Role")) for t in targets]
    assert shown == [
        ("TRACKED_CLUSTER", "au", None, None),
        ("RDS_INSTANCE", "au-instance-1", "au", "READ_WRITE"),
        ("RDS_INSTANCE", "au-instance-2", "au", "READ_ONLY"),
    ]


def test_targets_that_do_not_fit(account):
    account.instance("my", engine="mysql")
    seed(account)
    register = account.client("rds").register_db_proxy_targets
    refused("InvalidParameterCombination", register, DBProxyName="front", DBInstanceIdentifiers=["my"])
    refused("DBInstanceNotFound", register, DBProxyName="front", DBInstanceIdentifiers=["none"])
    refused("DBClusterNotFoundFault", register, DBProxyName="front", DBClusterIdentifiers=["none"])


def test_what_is_missing(account):
    rds = account.client("rds")
    for name in ("describe_db_proxies", "describe_db_proxy_targets", "describe_db_proxy_endpoints", "delete_db_proxy"):
        refused("DBProxyNotFoundFault", getattr(rds, name), DBProxyName="none")
    refused("DBProxyEndpointNotFoundFault", rds.describe_db_proxy_endpoints, DBProxyEndpointName="none")
    refused("DBProxyEndpointNotFoundFault", rds.delete_db_proxy_endpoint, DBProxyEndpointName="none")


def test_endpoints_come_and_go(account):
    seed(account)
    rds, who = account.client("rds"), {"DBProxyEndpointName": "readers"}
    more = {"DBProxyName": "front", "VpcSubnetIds": ["subnet-1"], "TargetRole": "READ_ONLY"}
    made = rds.create_db_proxy_endpoint(**who, **more)["DBProxyEndpoint"]
    assert made["TargetRole"] == "READ_ONLY" and made["Endpoint"].startswith("readers.endpoint.proxy-")
    refused("DBProxyEndpointAlreadyExistsFault", rds.create_db_proxy_endpoint, **who, **more)
    assert rds.describe_db_proxy_endpoints(**who)["DBProxyEndpoints"][0]["DBProxyName"] == "front"
    rds.delete_db_proxy_endpoint(**who)
    assert len(rds.describe_db_proxy_endpoints(DBProxyName="front")["DBProxyEndpoints"]) == 1
    rds.delete_db_proxy(DBProxyName="front")
    assert rds.describe_db_proxies()["DBProxies"] == []


def test_proxies_come_in_pages(account):
    for number in range(21):
        account.control("POST", "proxies", account=account.id, name=f"p{number:02}")
    rds = account.client("rds")
    first = rds.describe_db_proxies(MaxRecords=20)
    assert len(first["DBProxies"]) == 20
    assert [p["DBProxyName"] for p in rds.describe_db_proxies(Marker=first["Marker"])["DBProxies"]] == ["p20"]


def test_tags(account):
    rds = account.client("rds")
    arns = [seed(account)["arn"], rds.describe_db_proxy_endpoints()["DBProxyEndpoints"][0]["DBProxyEndpointArn"]]
    for who in ({"ResourceName": arn} for arn in arns):
        rds.add_tags_to_resource(**who, Tags=[{"Key": "team", "Value": "a"}, {"Key": "gone", "Value": ""}])
        rds.remove_tags_from_resource(**who, TagKeys=["gone"])
        assert rds.list_tags_for_resource(**who)["TagList"] == [{"Key": "team", "Value": "a"}]
    wrong = arns[1].replace("prx-endpoint-", "prx-endpoint-0")
    refused("DBProxyEndpointNotFoundFault", rds.list_tags_for_resource, ResourceName=wrong)


def test_ids_are_unique(account, facts):
    ids = {seed(Account(facts, str(int(account.id) + 500000 + n)))["resource_id"] for n in range(3)}
    assert len(ids) == 3
