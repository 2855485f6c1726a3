"""RDS: tags of databases, groups and snapshots, and of those that do not exist."""

import pytest

from .conftest import refused

NOT_FOUND = {
    "db": "DBInstanceNotFound",
    "cluster": "DBClusterNotFoundFault",
    "snapshot": "DBSnapshotNotFound",
    "cluster-snapshot": "DBClusterSnapshotNotFoundFault",
    "pg": "DBParameterGroupNotFound",
    "cluster-pg": "DBParameterGroupNotFound",
    "subgrp": "DBSubnetGroupNotFoundFault",
    "og": "OptionGroupNotFoundFault",
    "es": "SubscriptionNotFound",
    "db-proxy": "DBProxyNotFoundFault",
}


def tags(*names):
    return [{"Key": str(name), "Value": "x"} for name in names]


@pytest.fixture
def rds(account):
    account.control("POST", "transitions", account=account.id, busy=0)
    return account.client("rds")


@pytest.fixture
def arns(account, rds):
    """One resource of each of the usual kinds."""
    found = {"db": account.instance("orders")["arn"]}
    found["cluster"] = account.control("POST", "clusters", account=account.id, identifier="au")["arn"]
    for kind, noun in ("pg", "instance"), ("cluster-pg", "cluster"):
        fields = {"name": "tuned", "family": "aurora-postgresql15", "kind": noun}
        found[kind] = account.control("POST", "parameter-groups", account=account.id, **fields)["arn"]
    snapshot = rds.create_db_snapshot(DBInstanceIdentifier="orders", DBSnapshotIdentifier="before")["DBSnapshot"]
    found["snapshot"] = snapshot["DBSnapshotArn"]
    names = {"DBClusterIdentifier": "au", "DBClusterSnapshotIdentifier": "before"}
    found["cluster-snapshot"] = rds.create_db_cluster_snapshot(**names)["DBClusterSnapshot"]["DBClusterSnapshotArn"]
    return found


@pytest.mark.parametrize("kind", NOT_FOUND)
def test_tags_of_what_does_not_exist(account, rds, kind):
    arn = f"arn:aws:rds:us-east-1:{account.id}:{kind}:none"
    refused(NOT_FOUND[kind], rds.list_tags_for_resource, ResourceName=arn)
    refused(NOT_FOUND[kind], rds.add_tags_to_resource, ResourceName=arn, Tags=tags("a"))
    refused(NOT_FOUND[kind], rds.remove_tags_from_resource, ResourceName=arn, TagKeys=["a"])


def test_tags_elsewhere(account, other_account, rds, arns):
    for change in ("us-east-1", "eu-west-1"), (account.id, other_account.id):
        message = refused("InvalidParameterValue", rds.list_tags_for_resource, ResourceName=arns["db"].replace(*change))
        assert message == "The specified resource name does not match an RDS resource in this region."
    refused("InvalidParameterValue", rds.list_tags_for_resource, ResourceName="orders")


def test_tags_come_and_go(rds, arns):
    for arn in arns.values():
        rds.add_tags_to_resource(ResourceName=arn, Tags=tags("a", "b"))
        rds.remove_tags_from_resource(ResourceName=arn, TagKeys=["a", "never there"])
        assert rds.list_tags_for_resource(ResourceName=arn)["TagList"] == tags("b"), arn


def test_automated_snapshots_and_default_groups_have_tags(account, rds, arns):
    automated = rds.describe_db_snapshots(SnapshotType="automated")["DBSnapshots"][0]["DBSnapshotArn"]
    assert ":snapshot:rds:orders-" in automated
    default = f"arn:aws:rds:us-east-1:{account.id}:pg:default.postgres15"
    for arn in automated, default, arns["db"].replace("orders", "Orders"):
        assert rds.list_tags_for_resource(ResourceName=arn)["TagList"] == []


def test_number_of_tags(rds, arns):
    for arn in arns.values():
        rds.add_tags_to_resource(ResourceName=arn, Tags=tags(*range(30)))
        rds.add_tags_to_resource(ResourceName=arn, Tags=tags(*range(20, 50)))
        refused("InvalidParameterValue", rds.add_tags_to_resource, ResourceName=arn, Tags=tags("one more"))
        rds.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "7", "Value": "another"}])
        assert len(rds.list_tags_for_resource(ResourceName=arn)["TagList"]) == 50
    group = {"DBParameterGroupFamily": "postgres15", "Description": "x"}
    for name in "one", "two":
        call, many = rds.create_db_parameter_group, tags(*range(50 if name == "one" else 51))
        if len(many) > 50:
            refused("InvalidParameterValue", call, DBParameterGroupName=name, Tags=many, **group)
        else:
            call(DBParameterGroupName=name, Tags=many, **group)


def test_reserved_tags_and_tags_given_twice(rds, arns):
    for wanted in tags("aws:mine"), tags("rds:mine"), tags("a", "a"):
        refused("InvalidParameterValue", rds.add_tags_to_resource, ResourceName=arns["db"], Tags=wanted)
    rds.add_tags_to_resource(ResourceName=arns["db"], Tags=tags("a", "A", "rdsauth:mine"))
