"""DMS: replication instances, endpoints, connections and tags."""

import json
from itertools import count
from pathlib import Path

import pytest

from .conftest import allow, refused, trust
from .dms import Dms, both, servers, until  # noqa: F401

_NUMBERS = count(1)


@pytest.fixture
def dms(account):
    return Dms(account)


def test_instance_needs_the_role_and_passes_through_its_states(account, dms):
    message = refused("AccessDeniedFault", dms.instance)
    assert message == f"The IAM Role arn:aws:iam::{account.id}:role/dms-vpc-role is not configured properly."
    account.role("other")
    dms.role()
    made = dms.instance("Mover", Tags=[{"Key": "team", "Value": "a"}])
    assert (made["ReplicationInstanceStatus"], made["ReplicationInstanceIdentifier"]) == ("creating", "mover")
    assert made["PubliclyAccessible"] and made["ReplicationInstanceArn"].rpartition(":")[2].isalnum()
    refused("ResourceAlreadyExistsFault", dms.instance, "MOVER")
    looks = [dms.api.describe_replication_instances()["ReplicationInstances"][0] for _ in range(3)]
    assert [one["ReplicationInstanceStatus"] for one in looks] == ["creating", "creating", "available"]
    arn = {"ReplicationInstanceArn": made["ReplicationInstanceArn"]}
    changed = dms.api.modify_replication_instance(**arn, MultiAZ=True, ApplyImmediately=True)["ReplicationInstance"]
    assert changed["ReplicationInstanceStatus"] == "modifying" and changed["MultiAZ"]
    refused("InvalidResourceStateFault", dms.api.delete_replication_instance, **arn)
    account.control("POST", "transitions", account=account.id, busy=0)
    until(
        lambda: dms.api.describe_replication_instances()["ReplicationInstances"][0],
        lambda one: one["ReplicationInstanceStatus"] == "available",
    )
    assert dms.api.delete_replication_instance(**arn)["ReplicationInstance"]["ReplicationInstanceStatus"] == "deleting"
    refused("ResourceNotFoundFault", dms.api.delete_replication_instance, **arn)
    wanted = [{"Name": "replication-instance-arn", "Values": [made["ReplicationInstanceArn"]]}]
    refused("ResourceNotFoundFault", dms.api.describe_replication_instances, Filters=wanted)


def test_role_that_trusts_somebody_else_is_no_role(account, dms):
    dms.role("ec2.amazonaws.com")
    refused("AccessDeniedFault", dms.instance)
    group = {"ReplicationSubnetGroupDescription": "some", "SubnetIds": ["subnet-1", "subnet-2"]}
    refused("AccessDeniedFault", dms.api.create_replication_subnet_group, ReplicationSubnetGroupIdentifier="a", **group)


def test_subnet_group_in_use_stays(account, dms):
    dms.role()
    group = {"ReplicationSubnetGroupDescription": "some", "SubnetIds": ["subnet-1", "subnet-2"]}
    dms.api.create_replication_subnet_group(ReplicationSubnetGroupIdentifier="nets", **group)
    made = dms.instance(ReplicationSubnetGroupIdentifier="nets")
    assert made["ReplicationSubnetGroup"]["ReplicationSubnetGroupIdentifier"] == "nets"
    message = refused(
        "InvalidResourceStateFault",
        dms.api.delete_replication_subnet_group,
        ReplicationSubnetGroupIdentifier="nets",
    )
    assert message.startswith("Cannot delete the subnet group 'nets' because at least one database instance: mover")
    refused("ResourceNotFoundFault", dms.instance, "second", ReplicationSubnetGroupIdentifier="others")


PLACE = {"ServerName": "db.example.com", "Port": 5432, "DatabaseName": "app", "Username": "jane", "Password": "secret"}


def test_endpoints_never_show_their_password(account, dms):
    made = dms.endpoint("source", PLACE)
    expected = {
        "EndpointType": "SOURCE",
        "EngineName": "postgres",
        "EngineDisplayName": "PostgreSQL",
        "Status": "active",
    }
    expected |= {"ServerName": "db.example.com", "Username": "jane", "SslMode": "require"}
    assert {name: made[name] for name in expected} == expected
    assert "secret" not in json.dumps(made)
    refused("ResourceAlreadyExistsFault", dms.endpoint, "source", PLACE)
    settings = {"PostgreSQLSettings": {"SlotName": "own", "Password": "hidden"}}
    changed = dms.api.modify_endpoint(EndpointArn=made["EndpointArn"], Port=5433, **settings)["Endpoint"]
    assert (changed["Port"], changed["PostgreSQLSettings"]["SlotName"]) == (5433, "own")
    found = dms.api.describe_endpoints(Filters=[{"Name": "endpoint-id", "Values": ["source-one"]}])["Endpoints"]
    assert found == [changed] and "hidden" not in json.dumps(found, default=str)
    nothing = [{"Name": "endpoint-id", "Values": ["none"]}]
    assert refused("ResourceNotFoundFault", dms.api.describe_endpoints, Filters=nothing).startswith(
        "No Endpoints found"
    )
    account.control("POST", "transitions", account=account.id, busy=0)
    assert dms.api.delete_endpoint(EndpointArn=made["EndpointArn"])["Endpoint"]["Status"] == "deleting"
    assert dms.api.describe_endpoints()["Endpoints"] == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"EngineName": "cassandra"}, "InvalidParameterValueException"),
        ({"SslMode": "verify-full"}, "InvalidParameterCombinationException"),
        (
            {"CertificateArn": "arn:aws:dms:us-east-1:111122223333:cert:A", "SslMode": "verify-ca"},
            "ResourceNotFoundFault",
        ),
        ({"PostgreSQLSettings": {"SecretsManagerSecretId": "a"}}, "InvalidParameterCombinationException"),
        ({"MySQLSettings": {}}, "InvalidParameterCombinationException"),
        ({"Username": None}, "InvalidParameterCombinationException"),
        ({"SslMode": "sometimes"}, "ValidationException"),
    ],
)
def test_endpoints_that_cannot_be(dms, more, code):
    place = {name: value for name, value in (PLACE | more).items() if value is not None}
    refused(code, dms.endpoint, "source", place)


class Connections(Dms):
    """Connections of one replication instance, in an account that tests have in common."""

    def __init__(self, account):
        super().__init__(account)
        if not account.control("GET", "roles", account=account.id)["roles"].get("dms-vpc-role"):
            self.role()
        self.mover = self.instance(f"mover-{next(_NUMBERS)}")["ReplicationInstanceArn"]

    def test(self, endpoint):
        """Tests an endpoint; the connection when that is over."""
        made = {"ReplicationInstanceArn": self.mover, "EndpointArn": endpoint["EndpointArn"]}
        assert self.api.test_connection(**made)["Connection"]["Status"] == "testing"
        wanted = [{"Name": "endpoint-arn", "Values": [endpoint["EndpointArn"]]}]
        shown = lambda: self.api.describe_connections(Filters=wanted)["Connections"][0]  # noqa: E731
        return until(shown, lambda one: one["Status"] != "testing")


def test_connection_is_a_real_login(both):
    source, account = both[0], both[0].account
    dms = Connections(account)
    assert dms.test(dms.endpoint("source", source.named()))["Status"] == "successful"
    for number, (more, words) in enumerate(
        [
            ({"Password": "wrong"}, "password authentication failed"),
            ({"SslMode": "none"}, "no encryption"),
            ({"ServerName": "nowhere.example.com"}, "could not translate host name"),
            ({"DatabaseName": "none"}, "does not exist"),
        ]
    ):
        endpoint = dms.endpoint("source", source.named() | more, EndpointIdentifier=f"wrong-{number}")
        failed = dms.test(endpoint)
        assert failed["Status"] == "failed" and words in failed["LastFailureMessage"], failed


def test_certificate_is_checked(both):
    source, account = both[0], both[0].account
    dms = Connections(account)
    refused(
        "InvalidParameterValueException", dms.api.import_certificate, CertificateIdentifier="ca", CertificatePem="no"
    )
    pem = Path(account.facts["database"]["certificate"]).read_text()
    made = dms.api.import_certificate(CertificateIdentifier="rds", CertificatePem=pem)["Certificate"]
    more = {"SslMode": "verify-full", "CertificateArn": made["CertificateArn"]}
    endpoint = dms.endpoint("source", source.named() | more)
    assert dms.test(endpoint)["Status"] == "successful"
    refused("InvalidResourceStateFault", dms.api.delete_certificate, CertificateArn=made["CertificateArn"])


def test_credentials_from_a_secret(both):
    source, account = both[0], both[0].account
    dms, secrets = Connections(account), account.client("secretsmanager")
    value = {
        "username": source.user,
        "password": source.password,
        "host": source.made["host"],
        "port": source.made["port"],
    }
    secret = secrets.create_secret(Name="mover", SecretString=json.dumps(value))["ARN"]
    roles = {
        name: account.role(name, trust=trust({"Service": service}), policies=policies)["arn"]
        for name, service, policies in (
            ("good", "dms.us-east-1.amazonaws.com", {"read": allow("secretsmanager:GetSecretValue", secret)}),
            ("mute", "dms.us-east-1.amazonaws.com", {}),
            ("alien", "ec2.amazonaws.com", {"read": allow("secretsmanager:GetSecretValue", secret)}),
        )
    }
    found = {}
    for name, role in roles.items():
        settings = {"SecretsManagerSecretId": secret, "SecretsManagerAccessRoleArn": role}
        place = {"PostgreSQLSettings": settings, "DatabaseName": "app"}
        found[name] = dms.test(dms.endpoint("source", place, EndpointIdentifier=name))["Status"]
    assert found == {"good": "successful", "mute": "failed", "alien": "failed"}


def test_login_with_a_role(both):
    source, account = both[0], both[0].account
    dms = Connections(account)
    made = {"name": "by_token", "endpoint": source.made["host"]}
    account.control("POST", "database-users", **made)
    user = f"arn:aws:rds-db:us-east-1:{account.id}:dbuser:{source.made['resource_id']}/by_token"
    found = {}
    for name, policy in (("allowed", allow("rds-db:connect", user)), ("other", allow("rds-db:connect", user + "2"))):
        trusted = trust({"Service": "dms.us-east-1.amazonaws.com"})
        role = account.role(name, trust=trusted, policies={"connect": policy})["arn"]
        settings = {"AuthenticationMethod": "iam", "ServiceAccessRoleArn": role}
        place = source.named() | {"Username": "by_token", "PostgreSQLSettings": settings}
        del place["Password"]
        found[name] = dms.test(dms.endpoint("source", place, EndpointIdentifier=name))["Status"]
    assert found == {"allowed": "successful", "other": "failed"}


def test_endpoint_that_is_modified_is_tested_again(both):
    source, account = both[0], both[0].account
    dms = Connections(account)
    endpoint = dms.endpoint("source", source.named())
    dms.test(endpoint)
    dms.api.modify_endpoint(EndpointArn=endpoint["EndpointArn"], Password="wrong")
    until(lambda: dms.api.describe_connections()["Connections"][0], lambda one: one["Status"] == "failed")
    both_arns = {"ReplicationInstanceArn": dms.mover, "EndpointArn": endpoint["EndpointArn"]}
    assert dms.api.delete_connection(**both_arns)["Connection"]["Status"] == "deleting"
    refused("ResourceNotFoundFault", dms.api.delete_connection, **both_arns)


def test_tags(account, dms):
    made = dms.endpoint("source", PLACE, Tags=[{"Key": "team", "Value": "a"}])
    arn = made["EndpointArn"]
    dms.api.add_tags_to_resource(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "1"}])
    dms.api.remove_tags_from_resource(ResourceArn=arn, TagKeys=["team"])
    assert dms.api.list_tags_for_resource(ResourceArn=arn)["TagList"] == [{"Key": "cost", "Value": "1"}]
    refused("InvalidParameterValueException", dms.api.add_tags_to_resource, ResourceArn=arn, Tags=[{"Key": "aws:a"}])
    absent = f"arn:aws:dms:us-east-1:{account.id}:rep:ABC"
    message = refused("ResourceNotFoundFault", dms.api.list_tags_for_resource, ResourceArn=absent)
    assert message == f"Could not find a ReplicationInstance matching the resource name: {absent}"


def test_permissions_are_for_one_endpoint(account, dms):
    made = dms.endpoint("source", PLACE)
    role = account.role("mover", policies={"one": allow("dms:DeleteEndpoint", made["EndpointArn"])})
    api = account.client("dms", account.session(role))
    refused("AccessDeniedException", api.describe_endpoints)
    other = made["EndpointArn"] + "2"
    refused("AccessDeniedException", api.delete_endpoint, EndpointArn=other)
    api.delete_endpoint(EndpointArn=made["EndpointArn"])
