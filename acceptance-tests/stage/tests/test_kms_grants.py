"""KMS: grants."""

import pytest

from .conftest import refused
from .test_kms_policies import ACTIONS, Key, make_role

OPERATIONS = [action.removeprefix("kms:") for action in ACTIONS]


def grant(key, principal, name="loader", **more):
    wanted = {"KeyId": key.id, "GranteePrincipal": principal, "Operations": OPERATIONS, "Name": name} | more
    return key.kms.create_grant(**wanted)


def grants(key, **more):
    return key.kms.list_grants(KeyId=key.id, **more)["Grants"]


def test_round_trip(account):
    key, role = Key(account), account.role()
    made = grant(key, role["arn"], RetiringPrincipal=role["arn"])
    [shown] = grants(key)
    assert shown.pop("CreationDate")
    assert shown == {
        "KeyId": key.arn,
        "GrantId": made["GrantId"],
        "Name": "loader",
        "GranteePrincipal": role["arn"],
        "RetiringPrincipal": role["arn"],
        "IssuingAccount": f"arn:aws:iam::{account.id}:root",
        "Operations": OPERATIONS,
    }
    assert len(made["GrantId"]) == 64
    assert key.kms.list_retirable_grants(RetiringPrincipal=role["arn"])["Grants"][0]["GrantId"] == made["GrantId"]


def test_same_name_and_parameters_are_the_same_grant(account):
    key, role = Key(account), account.role()
    first = grant(key, role["arn"])["GrantId"]
    assert grant(key, role["arn"], Operations=OPERATIONS[::-1])["GrantId"] == first
    assert grant(key, role["arn"], Operations=["Decrypt"])["GrantId"] != first
    assert grant(key, role["arn"], "other")["GrantId"] != first
    assert len(grants(key)) == 3
    nameless = {"KeyId": key.id, "GranteePrincipal": role["arn"], "Operations": OPERATIONS}
    assert key.kms.create_grant(**nameless)["GrantId"] != key.kms.create_grant(**nameless)["GrantId"]


@pytest.mark.parametrize("principal", ["app", "arn:aws:iam::{account}:role/nobody", "AROAABCDEFGHIJKLMNOPQ"])
def test_principals_that_do_not_exist(account, principal):
    key = Key(account)
    message = refused("InvalidArnException", lambda: grant(key, principal.format(account=account.id)))
    assert message.startswith("ARN does not refer to a valid principal")


def test_young_principals_are_absent_for_a_while(account):
    account.control("POST", "youths", account=account.id, service="kms", looks=1)
    key, role = Key(account), make_role(account)
    refused("InvalidArnException", lambda: grant(key, role["Arn"]))
    assert grant(key, role["Arn"])


def test_list_by_id_and_grantee_in_pages(account):
    key, one, two = Key(account), account.role("one"), account.role("two")
    made = [grant(key, role["arn"], name)["GrantId"] for role, name in ((one, "a"), (one, "b"), (two, "a"))]
    assert [g["GrantId"] for g in grants(key, GrantId=made[1])] == [made[1]]
    assert [g["GrantId"] for g in grants(key, GranteePrincipal=one["arn"])] == made[:2]
    first = key.kms.list_grants(KeyId=key.id, Limit=2)
    second = key.kms.list_grants(KeyId=key.id, Limit=2, Marker=first["NextMarker"])
    assert [g["GrantId"] for g in first["Grants"] + second["Grants"]] == made
    assert (first["Truncated"], second["Truncated"]) == (True, False)


@pytest.mark.parametrize("verb", ["revoke_grant", "retire_grant"])
def test_take_back(account, verb):
    key = Key(account)
    made = grant(key, account.role()["arn"])["GrantId"]
    getattr(key.kms, verb)(KeyId=key.arn, GrantId=made)
    assert grants(key) == []
    refused("NotFoundException", getattr(key.kms, verb), KeyId=key.arn, GrantId=made)


def test_deleted_grantee_is_shown_by_its_id(account):
    key, role = Key(account), make_role(account)
    grant(key, role["Arn"])
    account.client("iam").delete_role(RoleName="app")
    assert grants(key)[0]["GranteePrincipal"] == role["RoleId"]


def test_grant_gives_what_it_says(account):
    key, role = Key(account), account.role()
    session = account.session(role)
    assert key.trip(session) == "AccessDeniedException"
    made = grant(key, role["arn"])["GrantId"]
    assert key.trip(session) is True
    refused("AccessDeniedException", account.client("kms", session).encrypt, KeyId=key.id, Plaintext=b"x")
    key.kms.revoke_grant(KeyId=key.id, GrantId=made)
    assert key.trip(session) == "AccessDeniedException"


def test_grant_for_an_encryption_context(account):
    key, role = Key(account), account.role()
    grant(key, role["arn"], Constraints={"EncryptionContextSubset": {"app": "orders"}})
    kms, more = account.client("kms", account.session(role)), {"KeyId": key.id, "KeySpec": "AES_256"}
    assert kms.generate_data_key(EncryptionContext={"app": "orders", "more": "x"}, **more)
    refused("AccessDeniedException", kms.generate_data_key, EncryptionContext={"app": "other"}, **more)


def test_grantee_is_a_principal_or_a_service(account):
    key = Key(account)
    refused("ValidationException", key.kms.create_grant, KeyId=key.id, Operations=OPERATIONS)
