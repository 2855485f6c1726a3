"""An account of its own for each test."""

import pytest

from .conftest import allow, refused


def test_the_access_key_chooses_the_account(account, other_account):
    assert account.credentials == {
        "account": account.id,
        "access_key_id": f"AKIA{account.id}TEST",
        "secret_access_key": f"stage-secret-access-key-for-{account.id}",
    }
    account.role("app")
    refused("NoSuchEntity", other_account.client("iam").get_role, RoleName="app")
    assert other_account.role("app")["arn"] != account.client("iam").get_role(RoleName="app")["Role"]["Arn"]


def test_databases_belong_to_an_account_and_a_region(account, other_account):
    account.instance("orders")
    refused("DBInstanceNotFound", other_account.client("rds").describe_db_instances, DBInstanceIdentifier="orders")
    elsewhere = account.client("rds", region="eu-west-1")
    refused("DBInstanceNotFound", elsewhere.describe_db_instances, DBInstanceIdentifier="orders")


def test_keys_of_users_and_sessions_lead_to_their_account(account, other_account):
    role = account.role(policies={"p": allow("iam:*", "*")})
    keys = other_account.control(
        "POST", "access-keys", account=other_account.id, user="jane", policies={"p": allow("iam:*", "*")}
    )
    session = account.session(role)
    assert account.client("iam", session).get_role(RoleName="app")
    assert account.client("iam", keys).get_user()["User"]["Arn"] == f"arn:aws:iam::{other_account.id}:user/jane"
    refused("NoSuchEntity", account.client("iam", keys).get_role, RoleName="app")


def test_key_that_is_no_longer_active(account):
    keys = account.control("POST", "access-keys", account=account.id, user="jane")
    account.client("iam").update_access_key(UserName="jane", AccessKeyId=keys["access_key_id"], Status="Inactive")
    refused("InvalidClientTokenId", account.client("sts", keys).get_caller_identity)


def test_record_is_kept_by_account(account, other_account):
    account.client("iam").list_roles()
    assert len(account.calls()) == 1 and other_account.calls() == []


def test_inline_policies_are_seeded_and_read_without_a_trace(account):
    account.role("app", policies={"p": allow("s3:*", "*")})
    for kind in ("user", "group"):
        account.control("POST", f"{kind}s", account=account.id, name="app", policies={"p": allow("s3:*", "*")})
    for owner in ("role/app", "user/app", "group/app"):
        where = {"account": account.id, "owner": owner}
        account.control("POST", "policies", **where, name="q", document='{"as": "written"}')
        account.control("DELETE", "policies", **where, name="p")
        assert account.control("GET", "policies", **where) == {"policies": {"q": '{"as": "written"}'}}
        with pytest.raises(ValueError, match=f"{owner} has no policy p"):
            account.control("DELETE", "policies", **where, name="p")
    assert account.calls() == []
    account.control("DELETE", "roles", account=account.id, name="app")
    refused("NoSuchEntity", account.client("iam").get_role, RoleName="app")
    with pytest.raises(ValueError, match="there is no role/app"):
        account.control("GET", "policies", account=account.id, owner="role/app")
