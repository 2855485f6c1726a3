"""RDS: what AWS says of databases: certificates, versions, recommendations."""

import pytest
from botocore.exceptions import ClientError

from .conftest import control


def test_certificates_end(account, facts):
    account.instance("orders")
    shown = lambda: account.client("rds").describe_db_instances()["DBInstances"][0]["CertificateDetails"]  # noqa: E731
    assert (shown()["CAIdentifier"], shown()["ValidTill"].year) == ("rds-ca-rsa2048-g1", 2061)
    control(facts, "POST", "certificates", account=account.id, identifier="orders", ends="2027-01-02")
    assert shown()["ValidTill"].strftime("%Y-%m-%d") == "2027-01-02"
    with pytest.raises(ValueError, match="no instance absent"):
        control(facts, "POST", "certificates", account=account.id, identifier="absent", ends="2027-01-02")


def test_recommendations_are_listed(account, facts):
    arn = account.instance("orders")["arn"]
    rds = account.client("rds")
    assert rds.describe_db_recommendations()["DBRecommendations"] == []
    control(facts, "POST", "recommendations", account=account.id, kind="ssl", arn=arn)
    (found,) = rds.describe_db_recommendations()["DBRecommendations"]
    assert (found["TypeId"], found["ResourceArn"], found["Category"]) == ("ssl", arn, "security")


def test_major_versions_have_an_end(account):
    found = account.client("rds").describe_db_major_engine_versions(Engine="postgres")["DBMajorEngineVersions"]
    majors = {one["MajorEngineVersion"] for one in found}
    assert "16" in majors and all(one["Engine"] == "postgres" for one in found)
    (lifecycle,) = found[0]["SupportedEngineLifecycles"]
    assert lifecycle["LifecycleSupportName"] == "open-source-rds-standard-support"


def test_extended_support_is_the_default(account, facts):
    account.instance("orders")
    control(facts, "POST", "clusters", account=account.id, identifier="shop")
    rds, expected = account.client("rds"), "open-source-rds-extended-support"
    assert rds.describe_db_instances()["DBInstances"][0]["EngineLifecycleSupport"] == expected
    assert rds.describe_db_clusters()["DBClusters"][0]["EngineLifecycleSupport"] == expected


def test_subnet_groups_have_tags(account, facts):
    control(facts, "POST", "subnet-groups", account=account.id, name="private", tags={"team": "data"})
    rds = account.client("rds")
    (group,) = rds.describe_db_subnet_groups()["DBSubnetGroups"]
    tags = rds.list_tags_for_resource(ResourceName=group["DBSubnetGroupArn"])["TagList"]
    assert (group["VpcId"], tags) == ("vpc-1", [{"Key": "team", "Value": "data"}])


def test_maintenance_is_announced(account, facts):
    arn, rds = account.instance("orders")["arn"], account.client("rds")
    assert rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"] == []
    for action in ("system-update", "ca-certificate-rotation"):
        control(facts, "POST", "maintenance-actions", account=account.id, arn=arn, action=action)
    (found,) = rds.describe_pending_maintenance_actions()["PendingMaintenanceActions"]
    actions = [one["Action"] for one in found["PendingMaintenanceActionDetails"]]
    assert (found["ResourceIdentifier"], actions) == (arn, ["system-update", "ca-certificate-rotation"])


def test_databases_have_a_security_group(account, facts):
    account.instance("orders")
    control(facts, "POST", "clusters", account=account.id, identifier="shop")
    rds, ec2 = account.client("rds"), account.client("ec2")
    (instance,), (cluster,) = rds.describe_db_instances()["DBInstances"], rds.describe_db_clusters()["DBClusters"]
    ids = {group["VpcSecurityGroupId"] for one in (instance, cluster) for group in one["VpcSecurityGroups"]}
    for _ in range(2):
        shown = ec2.describe_security_groups(Filters=[{"Name": "group-id", "Values": list(ids)}])["SecurityGroups"]
        assert [(group["GroupId"], group["GroupName"]) for group in shown] == [(ids.copy().pop(), "databases")]
        assert shown[0]["IpPermissions"] == []


def test_ec2_denies_in_its_own_words(account):
    role = account.role("reader")
    ec2 = account.client("ec2", account.session(role))
    messages = set()
    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            ec2.describe_security_groups()
        assert refused.value.response["Error"]["Code"] == "UnauthorizedOperation"
        messages.add(refused.value.response["Error"]["Message"])
    told = "is not authorized to perform: ec2:DescribeSecurityGroups"
    assert len(messages) == 2 and all(told in message for message in messages)
