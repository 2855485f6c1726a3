"""KMS: keys, their states, tags, rotation and aliases."""

import re
import time

import pytest

from .conftest import refused

ABSENT = "12345678-1234-1234-1234-123456789012"
#: What a key that is not enabled must refuse to do.
USES = {
    "encrypt": {"Plaintext": b"x"},
    "generate_data_key": {"KeySpec": "AES_256"},
    "generate_data_key_without_plaintext": {"KeySpec": "AES_256"},
    "enable_key_rotation": {},
    "disable_key_rotation": {},
    "create_grant": {"Operations": ["Decrypt"]},
}
#: What a key that waits for its deletion must refuse as well.
CHANGES = {
    "enable_key": {},
    "disable_key": {},
    "schedule_key_deletion": {},
    "update_key_description": {"Description": "new"},
    "tag_resource": {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "untag_resource": {"TagKeys": ["a"]},
    "put_key_policy": {"Policy": '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}'},
}


@pytest.fixture
def kms(account):
    return account.client("kms")


def make(kms, **more):
    return kms.create_key(**more)["KeyMetadata"]


def grantee(account):
    return f"arn:aws:iam::{account.id}:root"


def test_what_a_new_key_looks_like(account, kms):
    made = make(kms, Description="test")
    shown = kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]
    assert shown == made
    assert abs(shown.pop("CreationDate").timestamp() - time.time()) < 60
    assert shown == {
        "AWSAccountId": account.id,
        "KeyId": made["KeyId"],
        "Arn": f"arn:aws:kms:us-east-1:{account.id}:key/{made['KeyId']}",
        "Description": "test",
        "Enabled": True,
        "KeyState": "Enabled",
        "KeyManager": "CUSTOMER",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "Origin": "AWS_KMS",
        "MultiRegion": False,
    }


def test_other_kinds_of_keys(kms):
    assert make(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyUsage"] == "SIGN_VERIFY"
    assert make(kms, Origin="EXTERNAL")["KeyState"] == "PendingImport"
    several = make(kms, MultiRegion=True)
    assert re.fullmatch("mrk-[0-9a-f]{32}", several["KeyId"])
    assert kms.describe_key(KeyId=several["Arn"])["KeyMetadata"]["MultiRegion"]
    assert "KeyUsage value" in refused("ValidationException", kms.create_key, KeySpec="ECC_NIST_P256")
    refused("ValidationException", kms.create_key, KeySpec="HMAC_256", KeyUsage="ENCRYPT_DECRYPT")


def test_a_key_is_used_for_what_it_is_made_for(kms):
    signing = make(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    message = refused("InvalidKeyUsageException", kms.encrypt, KeyId=signing["KeyId"], Plaintext=b"x")
    assert message == f"{signing['Arn']} key usage is SIGN_VERIFY which is not valid for Encrypt."


def test_keys_are_named_by_id_or_arn(account, kms):
    key = make(kms)
    kms.create_alias(AliasName="alias/app", TargetKeyId=key["Arn"])
    alias = f"arn:aws:kms:us-east-1:{account.id}:alias/app"
    for name in (key["KeyId"], key["Arn"], "alias/app", alias):
        assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == key["KeyId"]
    assert refused("NotFoundException", kms.get_key_policy, KeyId="alias/app") == "Invalid keyId 'alias/app'"
    assert "Aliases are not supported" in refused("InvalidArnException", kms.get_key_policy, KeyId=alias)
    assert refused("NotFoundException", kms.list_aliases, KeyId="alias/app") == "Invalid keyId 'alias/app'"


def test_keys_that_do_not_exist(account, kms):
    arn = f"arn:aws:kms:us-east-1:{account.id}:key/{ABSENT}"
    for name in (ABSENT, arn):
        assert refused("NotFoundException", kms.describe_key, KeyId=name) == f"Key '{arn}' does not exist"
    assert refused("NotFoundException", kms.describe_key, KeyId="fake") == "Invalid keyId 'fake'"
    assert "alias/none is not found" in refused("NotFoundException", kms.describe_key, KeyId="alias/none")
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    assert refused("NotFoundException", kms.describe_key, KeyId=elsewhere) == "Invalid arn eu-west-1"


def test_key_of_another_account_is_not_managed(account, other_account):
    foreign = make(other_account.client("kms"))["Arn"]
    kms = account.client("kms")
    assert "no resource-based policy" in refused("AccessDeniedException", kms.describe_key, KeyId=foreign)
    other_account.control("POST", "key-policies", account=other_account.id, key=foreign, policy=everyone())
    assert kms.describe_key(KeyId=foreign)["KeyMetadata"]["AWSAccountId"] == other_account.id
    blob = kms.encrypt(KeyId=foreign, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(KeyId=foreign, CiphertextBlob=blob)["Plaintext"] == b"x"
    refused("AccessDeniedException", kms.get_key_policy, KeyId=foreign)


def everyone():
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


@pytest.mark.parametrize("use", USES)
def test_disabled_keys_are_not_used(account, kms, use):
    key, more = make(kms), dict(USES[use])
    if use == "create_grant":
        more["GranteePrincipal"] = grantee(account)
    call = getattr(kms, use)
    call(KeyId=key["KeyId"], **more)
    kms.disable_key(KeyId=key["KeyId"])
    shown = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"]) == ("Disabled", False)
    assert refused("DisabledException", call, KeyId=key["KeyId"], **more) == f"{key['Arn']} is disabled."
    kms.enable_key(KeyId=key["KeyId"])
    call(KeyId=key["KeyId"], **more)


@pytest.mark.parametrize("change", CHANGES)
def test_disabled_keys_are_managed(kms, change):
    key = make(kms)
    kms.disable_key(KeyId=key["KeyId"])
    getattr(kms, change)(KeyId=key["KeyId"], **CHANGES[change])


@pytest.mark.parametrize("operation", [*USES, *CHANGES])
def test_keys_that_wait_for_their_deletion(account, kms, operation):
    key, more = make(kms), dict((USES | CHANGES)[operation])
    if operation == "create_grant":
        more["GranteePrincipal"] = grantee(account)
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    message = refused("KMSInvalidStateException", getattr(kms, operation), KeyId=key["KeyId"], **more)
    assert message == f"{key['Arn']} is pending deletion."


def test_keys_that_wait_for_their_material(kms):
    key = make(kms, Origin="EXTERNAL")
    for call, more in ((kms.encrypt, {"Plaintext": b"x"}), (kms.enable_key, {})):
        message = refused("KMSInvalidStateException", call, KeyId=key["KeyId"], **more)
        assert message == f"{key['Arn']} is pending import."


def test_deletion_is_scheduled_and_cancelled(kms):
    key = make(kms)
    assert "is not pending deletion" in refused("KMSInvalidStateException", kms.cancel_key_deletion, KeyId=key["KeyId"])
    answer = kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    assert (answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]) == (key["Arn"], "PendingDeletion", 7)
    assert abs(answer["DeletionDate"].timestamp() - time.time() - 7 * 86400) < 60
    shown = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"]) == ("PendingDeletion", False)
    assert shown["DeletionDate"] == answer["DeletionDate"]
    assert kms.cancel_key_deletion(KeyId=key["KeyId"])["KeyId"] == key["Arn"]
    shown = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    assert shown["KeyState"] == "Disabled" and "DeletionDate" not in shown


def test_default_of_the_deletion_window(kms):
    assert kms.schedule_key_deletion(KeyId=make(kms)["KeyId"])["PendingWindowInDays"] == 30


@pytest.mark.parametrize("days", [3, 6, 31])
def test_deletion_windows_that_are_refused(kms, days):
    call = kms.schedule_key_deletion
    message = refused("ValidationException", call, KeyId=make(kms)["KeyId"], PendingWindowInDays=days)
    assert f"Value '{days}' at 'pendingWindowInDays'" in message


def test_rotation_keeps_its_period(kms):
    key = make(kms)["KeyId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyId"], status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (key, True, 180)
    assert abs(status["NextRotationDate"].timestamp() - time.time() - 180 * 86400) < 60
    kms.enable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 365
    kms.schedule_key_deletion(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.cancel_key_deletion(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is True


def test_keys_that_do_not_rotate(kms):
    for more in ({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, {"Origin": "EXTERNAL"}):
        key = make(kms, **more)
        code = "KMSInvalidStateException" if "Origin" in more else "UnsupportedOperationException"
        refused(code, kms.enable_key_rotation, KeyId=key["KeyId"])


def test_tags(kms):
    tags = [{"TagKey": f"k{n}", "TagValue": "v"} for n in range(3)]
    key = make(kms, Tags=tags)["KeyId"]
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "k0", "TagValue": "new"}])
    kms.untag_resource(KeyId=key, TagKeys=["k1", "never there"])
    first = kms.list_resource_tags(KeyId=key, Limit=1)
    assert (first["Tags"], first["Truncated"]) == ([{"TagKey": "k0", "TagValue": "new"}], True)
    second = kms.list_resource_tags(KeyId=key, Limit=1, Marker=first["NextMarker"])
    assert (second["Tags"], second["Truncated"]) == ([{"TagKey": "k2", "TagValue": "v"}], False)


@pytest.mark.parametrize(
    "tags, message",
    [
        ([("aws:mine", "x")], "Tags beginning with aws: are reserved"),
        ([("AWS:mine", "x")], "Tags beginning with aws: are reserved"),
        ([("a", "1"), ("a", "2")], "Duplicate tag keys"),
        ([(f"k{n}", "x") for n in range(51)], "Too many tags"),
    ],
)
def test_tags_that_are_refused(kms, tags, message):
    tags = [{"TagKey": name, "TagValue": value} for name, value in tags]
    assert refused("TagException", kms.create_key, Tags=tags) == message
    assert kms.list_keys()["Keys"] == [], "a refused key is not made"
    assert refused("TagException", kms.tag_resource, KeyId=make(kms)["KeyId"], Tags=tags) == message


def test_list_of_keys_comes_in_pages(kms):
    made = sorted(make(kms)["KeyId"] for _ in range(3))
    first = kms.list_keys(Limit=2)
    second = kms.list_keys(Limit=2, Marker=first["NextMarker"])
    assert [k["KeyId"] for k in first["Keys"] + second["Keys"]] == made
    assert (first["Truncated"], second["Truncated"]) == (True, False)


def test_encryption_round_trip(account, kms):
    key = make(kms)
    made = kms.generate_data_key(KeyId=key["KeyId"], KeySpec="AES_256", EncryptionContext={"a": "b"})
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert (opened["Plaintext"], opened["KeyId"]) == (made["Plaintext"], key["Arn"])
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=made["CiphertextBlob"])
    other = make(kms)["KeyId"]
    refused("IncorrectKeyException", kms.decrypt, CiphertextBlob=made["CiphertextBlob"], KeyId=other)


def test_ciphertext_of_a_disabled_key(kms):
    key = make(kms)
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key["KeyId"])
    refused("DisabledException", kms.decrypt, CiphertextBlob=blob)
    kms.schedule_key_deletion(KeyId=key["KeyId"])
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob)


def test_aliases(account, kms):
    key, other = make(kms), make(kms)
    kms.create_alias(AliasName="alias/b", TargetKeyId=key["KeyId"])
    kms.create_alias(AliasName="alias/a", TargetKeyId=key["Arn"])
    first = kms.list_aliases(KeyId=key["KeyId"], Limit=1)
    assert [a["AliasName"] for a in first["Aliases"]] == ["alias/a"] and first["Truncated"]
    second = kms.list_aliases(KeyId=key["Arn"], Limit=1, Marker=first["NextMarker"])
    alias = second["Aliases"][0]
    assert abs(alias["CreationDate"].timestamp() - time.time()) < 60 and not second["Truncated"]
    assert (alias["AliasName"], alias["TargetKeyId"]) == ("alias/b", key["KeyId"])
    assert alias["AliasArn"] == f"arn:aws:kms:us-east-1:{account.id}:alias/b"
    kms.update_alias(AliasName="alias/b", TargetKeyId=other["KeyId"])
    assert [a["AliasName"] for a in kms.list_aliases(KeyId=other["KeyId"])["Aliases"]] == ["alias/b"]
    kms.delete_alias(AliasName="alias/b")
    refused("NotFoundException", kms.describe_key, KeyId="alias/b")
    assert kms.describe_key(KeyId=other["KeyId"])


def test_aliases_that_are_refused(account, kms):
    key, doomed, signing = make(kms), make(kms), make(kms, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    create, update = kms.create_alias, kms.update_alias
    assert 'prefix "alias/"' in refused("ValidationException", create, AliasName="app", TargetKeyId=key["KeyId"])
    refused("NotAuthorizedException", create, AliasName="alias/aws/mine", TargetKeyId=key["KeyId"])
    refused("NotFoundException", create, AliasName="alias/app", TargetKeyId=ABSENT)
    refused("NotFoundException", update, AliasName="alias/app", TargetKeyId=key["KeyId"])
    refused("NotFoundException", kms.delete_alias, AliasName="alias/app")
    create(AliasName="alias/app", TargetKeyId=key["KeyId"])
    message = refused("AlreadyExistsException", create, AliasName="alias/app", TargetKeyId=key["KeyId"])
    assert message == f"An alias with the name arn:aws:kms:us-east-1:{account.id}:alias/app already exists"
    refused("NotFoundException", create, AliasName="alias/other", TargetKeyId="alias/app")
    refused("ValidationException", update, AliasName="alias/app", TargetKeyId=signing["KeyId"])
    kms.schedule_key_deletion(KeyId=doomed["KeyId"])
    refused("KMSInvalidStateException", create, AliasName="alias/other", TargetKeyId=doomed["KeyId"])
    refused("KMSInvalidStateException", update, AliasName="alias/app", TargetKeyId=doomed["KeyId"])


def test_aws_managed_keys(kms):
    predefined = next(a for a in kms.list_aliases()["Aliases"] if a["AliasName"] == "alias/aws/secretsmanager")
    assert "TargetKeyId" not in predefined, "the key is made when it is first used"
    shown = kms.describe_key(KeyId="alias/aws/secretsmanager")["KeyMetadata"]
    assert (shown["KeyManager"], shown["KeyState"]) == ("AWS", "Enabled")
    predefined = next(a for a in kms.list_aliases()["Aliases"] if a["AliasName"] == "alias/aws/secretsmanager")
    assert predefined["TargetKeyId"] == shown["KeyId"]
    policy = kms.get_key_policy(KeyId=shown["KeyId"])["Policy"]
    for call, more in (
        (kms.put_key_policy, {"Policy": policy}),
        (kms.schedule_key_deletion, {}),
        (kms.disable_key, {}),
    ):
        assert "no resource-based policy" in refused("AccessDeniedException", call, KeyId=shown["KeyId"], **more)
    refused("AccessDeniedException", kms.encrypt, KeyId="alias/aws/secretsmanager", Plaintext=b"x")


def test_stale_reads(account, kms):
    key = make(kms)["KeyId"]
    account.rules({"service": "kms", "operation": "DescribeKey", "fault": "stale", "times": 1})
    kms.update_key_description(KeyId=key, Description="new")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == ""
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "new"


def test_seeded_keys(account, kms):
    seeded = account.control("POST", "keys", account=account.id, alias="alias/app", state="Disabled", tags={"a": "b"})
    shown = kms.describe_key(KeyId="alias/app")["KeyMetadata"]
    assert (shown["KeyId"], shown["Arn"], shown["KeyState"]) == (seeded["id"], seeded["arn"], "Disabled")
    assert kms.list_resource_tags(KeyId=seeded["id"])["Tags"] == [{"TagKey": "a", "TagValue": "b"}]
    account.control("POST", "keys", account=account.id, key="alias/app", state="PendingImport")
    assert kms.describe_key(KeyId="alias/app")["KeyMetadata"]["KeyState"] == "PendingImport"
    doomed = account.control("POST", "keys", account=account.id, state="PendingDeletion")
    assert kms.describe_key(KeyId=doomed["id"])["KeyMetadata"]["DeletionDate"]
    with pytest.raises(ValueError, match="a state of"):
        account.control("POST", "keys", account=account.id, state="Lost")


def test_all_that_there_is_of_keys(account, kms):
    role = account.role()
    kms.describe_key(KeyId="alias/aws/rds")
    key = make(kms, Description="test", Tags=[{"TagKey": "a", "TagValue": "b"}])
    kms.create_alias(AliasName="alias/app", TargetKeyId=key["KeyId"])
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=role["arn"], Operations=["Decrypt"], Name="loader")
    [shown] = account.control("GET", "keys", account=account.id)["keys"]
    assert shown.pop("policy")["Statement"]
    assert shown == {
        "id": key["KeyId"],
        "arn": key["Arn"],
        "aliases": ["alias/app"],
        "description": "test",
        "state": "Enabled",
        "deleted": None,
        "rotation": 90,
        "tags": {"a": "b"},
        "grants": [{"name": "loader", "grantee": role["arn"], "operations": ["Decrypt"], "constraints": None}],
    }
    one = account.control("GET", "keys", account=account.id, key="alias/app")["keys"]
    assert [k["id"] for k in one] == [key["KeyId"]]
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    [doomed] = account.control("GET", "keys", account=account.id)["keys"]
    assert (doomed["state"], doomed["deleted"]) == ("PendingDeletion", 7)
