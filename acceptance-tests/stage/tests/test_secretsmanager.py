"""Secrets Manager: secrets, versions, deletion and tags."""

import json
import time
import uuid

import pytest

from .conftest import refused

MARKED = "You can't perform this operation on the secret because it was marked for deletion."
NOT_FOUND = "Secrets Manager can't find the specified secret."


@pytest.fixture
def secrets(account):
    return account.client("secretsmanager")


def token():
    return str(uuid.uuid4())


def test_round_trip(account, secrets):
    tags = [{"Key": "team", "Value": "data"}]
    made = secrets.create_secret(Name="app/db", Description="test", SecretString="one", Tags=tags)
    assert made["ARN"].startswith(f"arn:aws:secretsmanager:us-east-1:{account.id}:secret:app/db-")
    assert len(made["ARN"].rpartition("-")[2]) == 6
    value = secrets.get_secret_value(SecretId="app/db")
    assert (value["SecretString"], value["VersionId"]) == ("one", made["VersionId"])
    assert (value["ARN"], value["VersionStages"]) == (made["ARN"], ["AWSCURRENT"])
    shown = secrets.describe_secret(SecretId=made["ARN"])
    assert (shown["Name"], shown["Description"], shown["Tags"]) == ("app/db", "test", tags)
    assert shown["VersionIdsToStages"] == {made["VersionId"]: ["AWSCURRENT"]}
    assert abs(shown["LastChangedDate"].timestamp() - time.time()) < 60
    assert not {"KmsKeyId", "DeletedDate", "RotationEnabled"} & set(shown)
    (listed,) = secrets.list_secrets()["SecretList"]
    assert (listed["LastChangedDate"], listed["CreatedDate"]) == (shown["LastChangedDate"], shown["CreatedDate"])


def test_binary_values(secrets):
    secrets.create_secret(Name="app", SecretBinary=b"\x00\xff")
    assert secrets.get_secret_value(SecretId="app")["SecretBinary"] == b"\x00\xff"


def test_endings_of_arns_are_up_to_chance(secrets):
    arns = set()
    for _ in range(2):
        arns.add(secrets.create_secret(Name="app")["ARN"])
        secrets.delete_secret(SecretId="app", ForceDeleteWithoutRecovery=True)
    assert len(arns) == 2
    refused("ResourceNotFoundException", secrets.describe_secret, SecretId=arns.pop())


def test_arns_without_their_ending(secrets):
    for name, found in (("app", True), ("app-abc123", False)):
        arn = secrets.create_secret(Name=name)["ARN"]
        call = secrets.describe_secret
        if found:
            assert call(SecretId=arn[:-7])["Name"] == name
        else:
            refused("ResourceNotFoundException", call, SecretId=arn[:-7])


def test_secret_without_a_value(secrets):
    assert "VersionId" not in secrets.create_secret(Name="app")
    assert "VersionIdsToStages" not in secrets.describe_secret(SecretId="app")
    message = refused("ResourceNotFoundException", secrets.get_secret_value, SecretId="app")
    assert message == "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"


@pytest.mark.parametrize("name", ["a name", "name?", "näme", "name:x"])
def test_names_that_are_refused(secrets, name):
    assert refused("ValidationException", secrets.create_secret, Name=name).startswith("Invalid name.")


def test_names_that_are_taken(secrets):
    secrets.create_secret(Name="app", SecretString="one")
    message = refused("ResourceExistsException", secrets.create_secret, Name="app", SecretString="one")
    assert message == "The operation failed because the secret app already exists."


def test_token_makes_creation_repeatable(secrets):
    wanted = {"Name": "app", "SecretString": "one", "ClientRequestToken": token()}
    made = secrets.create_secret(**wanted)
    again = secrets.create_secret(**wanted)
    assert (again["ARN"], again["VersionId"]) == (made["ARN"], wanted["ClientRequestToken"])
    refused("ResourceExistsException", secrets.create_secret, **wanted | {"SecretString": "two"})


@pytest.mark.parametrize("verb", ["put_secret_value", "update_secret"])
def test_token_makes_writing_repeatable(secrets, verb):
    arn = secrets.create_secret(Name="app", SecretString="one")["ARN"]
    wanted, write = {"SecretId": "app", "SecretString": "two", "ClientRequestToken": token()}, getattr(secrets, verb)
    for _ in range(2):
        assert write(**wanted)["VersionId"] == wanted["ClientRequestToken"]
    assert len(secrets.describe_secret(SecretId="app")["VersionIdsToStages"]) == 2
    message = refused("ResourceExistsException", write, **wanted | {"SecretString": "three"})
    assert wanted["ClientRequestToken"] in message and arn in message


def test_calls_need_a_token(account):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager.CreateSecret"}
    status, text = account.raw("secretsmanager", '{"Name": "app", "SecretString": "x"}', headers)
    assert status == 400 and "You must provide a ClientRequestToken value" in text


def test_labels_move(secrets):
    one = secrets.create_secret(Name="app", SecretString="one")["VersionId"]
    answer = secrets.put_secret_value(SecretId="app", SecretString="two")
    two = answer["VersionId"]
    assert answer["VersionStages"] == ["AWSCURRENT"]
    shown = secrets.describe_secret(SecretId="app")
    assert shown["VersionIdsToStages"] == {one: ["AWSPREVIOUS"], two: ["AWSCURRENT"]}
    three = secrets.put_secret_value(SecretId="app", SecretString="three", VersionStages=["NEXT"])["VersionId"]
    assert secrets.get_secret_value(SecretId="app")["SecretString"] == "two"
    assert secrets.get_secret_value(SecretId="app", VersionStage="NEXT")["VersionId"] == three
    four = secrets.update_secret(SecretId="app", SecretString="four")["VersionId"]
    shown = secrets.describe_secret(SecretId="app")
    assert shown["VersionIdsToStages"] == {two: ["AWSPREVIOUS"], three: ["NEXT"], four: ["AWSCURRENT"]}
    assert secrets.get_secret_value(SecretId="app", VersionId=one)["SecretString"] == "one"
    refused("InvalidRequestException", secrets.get_secret_value, SecretId="app", VersionId=one, VersionStage="NEXT")


def test_update_leaves_what_is_not_given(secrets):
    one = secrets.create_secret(Name="app", Description="old", SecretString="one")["VersionId"]
    assert "VersionId" not in secrets.update_secret(SecretId="app", Description="new")
    shown = secrets.describe_secret(SecretId="app")
    assert shown["Description"] == "new" and shown["VersionIdsToStages"] == {one: ["AWSCURRENT"]}
    secrets.update_secret(SecretId="app", SecretString="two")
    assert secrets.describe_secret(SecretId="app")["Description"] == "new"


def test_values_that_are_refused(secrets):
    refused("InvalidParameterException", secrets.create_secret, Name="app", SecretString="x", SecretBinary=b"x")
    secrets.create_secret(Name="app")
    refused("InvalidRequestException", secrets.put_secret_value, SecretId="app")


def test_secrets_that_do_not_exist(secrets):
    calls = {
        "get_secret_value": {},
        "describe_secret": {},
        "put_secret_value": {"SecretString": "x"},
        "update_secret": {"Description": "x"},
        "delete_secret": {},
        "restore_secret": {},
        "tag_resource": {"Tags": [{"Key": "a", "Value": "b"}]},
        "get_resource_policy": {},
    }
    for verb, more in calls.items():
        assert refused("ResourceNotFoundException", getattr(secrets, verb), SecretId="none", **more) == NOT_FOUND


def test_secret_marked_for_deletion(secrets):
    secrets.create_secret(Name="app", SecretString="one")
    answer = secrets.delete_secret(SecretId="app", RecoveryWindowInDays=7)
    assert abs(answer["DeletionDate"].timestamp() - time.time() - 7 * 86400) < 60
    assert secrets.describe_secret(SecretId="app")["DeletedDate"] == answer["DeletionDate"]
    message = refused("InvalidRequestException", secrets.create_secret, Name="app", SecretString="two")
    assert message == (
        "You can't create this secret because a secret with this name is already scheduled for deletion."
    )
    calls = {
        "get_secret_value": {},
        "put_secret_value": {"SecretString": "x"},
        "update_secret": {"Description": "x"},
        "tag_resource": {"Tags": [{"Key": "a", "Value": "b"}]},
        "untag_resource": {"TagKeys": ["a"]},
    }
    for verb, more in calls.items():
        assert refused("InvalidRequestException", getattr(secrets, verb), SecretId="app", **more) == MARKED
    assert "already scheduled" in refused("InvalidRequestException", secrets.delete_secret, SecretId="app")
    assert [s["Name"] for s in secrets.list_secrets()["SecretList"]] == []
    secrets.restore_secret(SecretId="app")
    assert secrets.get_secret_value(SecretId="app")["SecretString"] == "one"
    assert "DeletedDate" not in secrets.describe_secret(SecretId="app")


def test_deletion_at_once(secrets):
    secrets.create_secret(Name="app")
    secrets.delete_secret(SecretId="app")
    secrets.delete_secret(SecretId="app", ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", secrets.restore_secret, SecretId="app")
    secrets.delete_secret(SecretId="app", ForceDeleteWithoutRecovery=True)
    secrets.create_secret(Name="app")


def test_deletions_that_are_refused(secrets):
    secrets.create_secret(Name="app")
    for days in (3, 31):
        message = refused("InvalidParameterException", secrets.delete_secret, SecretId="app", RecoveryWindowInDays=days)
        assert message == "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."
    both = {"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}
    refused("InvalidParameterException", secrets.delete_secret, SecretId="app", **both)


def test_tags(secrets):
    secrets.create_secret(Name="app", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    secrets.tag_resource(SecretId="app", Tags=[{"Key": "a", "Value": "3"}])
    secrets.untag_resource(SecretId="app", TagKeys=["b", "never there"])
    assert secrets.describe_secret(SecretId="app")["Tags"] == [{"Key": "a", "Value": "3"}]


@pytest.mark.parametrize("names", [["aws:mine"], ["a", "a"], [f"k{n}" for n in range(51)]])
def test_tags_that_are_refused(secrets, names):
    tags = [{"Key": name, "Value": "x"} for name in names]
    refused("InvalidParameterException", secrets.create_secret, Name="app", Tags=tags)
    secrets.create_secret(Name="app")
    refused("InvalidParameterException", secrets.tag_resource, SecretId="app", Tags=tags)


def test_seeded_secrets(account, secrets):
    seeded = account.control("POST", "secrets", account=account.id, name="app", value={"a": 1}, tags={"x": "y"})
    assert json.loads(secrets.get_secret_value(SecretId="app")["SecretString"]) == {"a": 1}
    account.control("POST", "secrets", account=account.id, name="app", value="two")
    shown = account.control("GET", "secrets", account=account.id, name="app")
    assert (shown["arn"], shown["value"], shown["tags"]) == (seeded["arn"], "two", {"x": "y"})
    assert shown["stages"][seeded["version"]] == ["AWSPREVIOUS"] and shown["deleted"] is None
    assert account.control("GET", "secrets", account=account.id)["secrets"] == {"app": shown}
    account.control("DELETE", "secrets", account=account.id, name="app", days=7)
    assert account.control("GET", "secrets", account=account.id, name="app")["deleted"] == 7
    account.control("DELETE", "secrets", account=account.id, name="app")
    refused("ResourceNotFoundException", secrets.describe_secret, SecretId="app")


def test_stale_reads(account, secrets):
    secrets.create_secret(Name="app", Description="old")
    account.rules({"service": "secretsmanager", "operation": "DescribeSecret", "fault": "stale", "times": 1})
    secrets.update_secret(SecretId="app", Description="new")
    assert secrets.describe_secret(SecretId="app")["Description"] == "old"
    assert secrets.describe_secret(SecretId="app")["Description"] == "new"
