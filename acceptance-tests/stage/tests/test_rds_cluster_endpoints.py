"""RDS: custom endpoints of Aurora clusters."""

import pytest

from .conftest import refused
from .test_rds_snapshots import Rds

MEMBER = {"DBInstanceClass": "db.r6g.large", "Engine": "aurora-postgresql"}


@pytest.fixture
def rds(account):
    rds = Rds(account)
    rds.cluster()
    for name in "orders-1", "orders-2":
        rds.api.create_db_instance(DBInstanceIdentifier=name, DBClusterIdentifier="orders", **MEMBER)
    return rds


def make(rds, name="reports", cluster="orders", **more):
    names = {"DBClusterEndpointIdentifier": name, "DBClusterIdentifier": cluster, "EndpointType": "READER"}
    return rds.api.create_db_cluster_endpoint(**{**names, **more})


def custom(rds):
    kinds = [{"Name": "db-cluster-endpoint-type", "Values": ["custom"]}]
    return rds.api.describe_db_cluster_endpoints(DBClusterIdentifier="orders", Filters=kinds)["DBClusterEndpoints"]


def test_custom_endpoints_come_and_go(rds):
    rds.busy(2)
    made = make(rds, StaticMembers=["orders-2"], Tags=[{"Key": "team", "Value": "a"}])
    assert (made["Status"], made["EndpointType"], made["CustomEndpointType"]) == ("creating", "CUSTOM", "READER")
    assert made["Endpoint"].startswith("reports.cluster-custom-")
    assert [[one["Status"] for one in custom(rds)] for _ in range(2)] == [["creating"], ["available"]]
    assert custom(rds)[0]["StaticMembers"] == ["orders-2"]
    shown = rds.api.describe_db_clusters(DBClusterIdentifier="orders")["DBClusters"][0]
    assert shown["CustomEndpoints"] == [made["Endpoint"]]
    kinds = [one["EndpointType"] for one in rds.api.describe_db_cluster_endpoints()["DBClusterEndpoints"]]
    assert kinds == ["WRITER", "READER", "CUSTOM"]
    rds.api.delete_db_cluster_endpoint(DBClusterEndpointIdentifier="reports")
    assert custom(rds) == []


def test_tags_of_custom_endpoints(rds):
    arn = make(rds, Tags=[{"Key": "team", "Value": "a"}])["DBClusterEndpointArn"]
    rds.api.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "cost", "Value": "7"}])
    rds.api.remove_tags_from_resource(ResourceName=arn, TagKeys=["team"])
    assert rds.api.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "cost", "Value": "7"}]
    refused("DBClusterEndpointNotFoundFault", rds.api.list_tags_for_resource, ResourceName=f"{arn}-other")


def test_custom_endpoints_that_are_refused(rds):
    make(rds)
    refused("DBClusterEndpointAlreadyExistsFault", make, rds)
    refused("DBClusterNotFoundFault", make, rds, "other", "none")
    refused("DBInstanceNotFound", make, rds, "other", StaticMembers=["none"])
    refused("InvalidParameterCombination", make, rds, "other", StaticMembers=["orders-1"], ExcludedMembers=["orders-2"])
    refused("DBClusterEndpointNotFoundFault", rds.api.delete_db_cluster_endpoint, DBClusterEndpointIdentifier="other")
    refused(
        "DBClusterEndpointNotFoundFault", rds.api.describe_db_cluster_endpoints, DBClusterEndpointIdentifier="other"
    )


def test_custom_endpoints_go_with_their_cluster(rds):
    make(rds)
    for name in "orders-1", "orders-2":
        rds.api.delete_db_instance(DBInstanceIdentifier=name)
    rds.api.delete_db_cluster(DBClusterIdentifier="orders", SkipFinalSnapshot=True)
    everything = rds.api.describe_db_cluster_endpoints()
    assert everything["DBClusterEndpoints"] == []


def test_data_api_is_enabled_by_a_call_of_its_own(rds):
    def shown():
        return rds.api.describe_db_clusters(DBClusterIdentifier="orders")["DBClusters"][0]

    arn = shown()["DBClusterArn"]
    assert shown()["HttpEndpointEnabled"] is False
    assert rds.api.enable_http_endpoint(ResourceArn=arn)["HttpEndpointEnabled"] is True
    assert shown()["HttpEndpointEnabled"] is True
    refused("ResourceNotFoundException", rds.api.enable_http_endpoint, ResourceArn=f"{arn}-other")
