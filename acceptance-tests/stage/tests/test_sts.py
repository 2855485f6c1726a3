"""STS: identities, taking up roles, and sessions that end."""

import json

import pytest

from .conftest import allow, refused, trust


def assume(account, role, credentials=None, **more):
    """The credentials of a new session of a role."""
    wanted = {"RoleArn": role["arn"], "RoleSessionName": "test", **more}
    found = account.client("sts", credentials).assume_role(**wanted)["Credentials"]
    return {
        "access_key_id": found["AccessKeyId"],
        "secret_access_key": found["SecretAccessKey"],
        "session_token": found["SessionToken"],
    }


def identity(account, credentials=None):
    return account.client("sts", credentials).get_caller_identity()


def user(account, **policies):
    return account.control("POST", "access-keys", account=account.id, user="jane", policies=policies)


def test_administrator(account):
    found = identity(account)
    assert found["Account"] == account.id
    assert found["Arn"] == f"arn:aws:iam::{account.id}:user/administrator"
    assert identity(account)["UserId"] == found["UserId"]


def test_identity_follows_the_role(account):
    role = account.role()
    found = identity(account, assume(account, role))
    assert found["Arn"] == f"arn:aws:sts::{account.id}:assumed-role/app/test"
    assert found["UserId"] == f"{role['id']}:test"


def test_any_region_will_do(account):
    assert account.client("sts", region="eu-central-1").get_caller_identity()["Account"] == account.id


def test_missing_role(account):
    arn = f"arn:aws:iam::{account.id}:role/none"
    message = refused("AccessDenied", account.client("sts").assume_role, RoleArn=arn, RoleSessionName="test")
    assert f"is not authorized to perform: sts:AssumeRole on resource: {arn}" in message


def test_trust_denies_the_caller(account, other_account):
    role = account.role(trust=trust({"Service": "rds.amazonaws.com"}))
    call = account.client("sts").assume_role
    refused("AccessDenied", call, RoleArn=role["arn"], RoleSessionName="test")
    role = account.role("other", trust=trust({"AWS": other_account.id}))
    refused("AccessDenied", call, RoleArn=role["arn"], RoleSessionName="test")
    assert assume(other_account, role)


def test_trust_in_the_account_needs_the_callers_own_policy(account):
    role, keys = account.role(), user(account)
    refused("AccessDenied", lambda: assume(account, role, keys))
    account.control("POST", "access-keys", account=account.id, user="jane", policies={"p": allow("sts:*", role["arn"])})
    assert assume(account, role, keys)


def test_trust_in_the_caller_by_name_is_enough(account):
    keys = user(account)
    role = account.role(trust=trust({"AWS": f"arn:aws:iam::{account.id}:user/jane"}))
    assert assume(account, role, keys)


def test_external_id(account):
    wanted = {"StringEquals": {"sts:ExternalId": "secret"}}
    role = account.role(trust=trust({"AWS": account.id}, Condition=wanted))
    refused("AccessDenied", lambda: assume(account, role))
    refused("AccessDenied", lambda: assume(account, role, ExternalId="other"))
    assert assume(account, role, ExternalId="secret")


def test_session_tags_need_their_own_permission(account):
    role = account.role()
    tags = [{"Key": "team", "Value": "data"}]
    refused("AccessDenied", lambda: assume(account, role, Tags=tags))
    both = trust({"AWS": account.id}) | {}
    both["Statement"][0]["Action"] = ["sts:AssumeRole", "sts:TagSession"]
    assert assume(account, account.role("tagged", trust=both), Tags=tags)


def chain(account, *names):
    """Roles that trust their account, tags included, and may take up each other."""
    open_to_all = trust({"AWS": account.id})
    open_to_all["Statement"][0]["Action"] = ["sts:AssumeRole", "sts:TagSession"]
    policies = {"p": allow(["sts:AssumeRole", "sts:TagSession"], "*")}
    return [account.role(name, trust=open_to_all, policies=policies) for name in names]


def test_transitive_tags_go_down_the_chain(account):
    first, second, third = chain(account, "first", "second", "third")
    wanted = {"StringEquals": {"aws:PrincipalTag/team": "data"}}
    for role in "first", "third":
        document = allow("iam:GetRole", "*", Condition=wanted)
        account.control("POST", "policies", account=account.id, owner=f"role/{role}", name="get", document=document)
    tags = [{"Key": "team", "Value": "data"}, {"Key": "stage", "Value": "test"}]

    def last(**more):
        keys = assume(account, first, Tags=tags, **more)
        assert account.client("iam", keys).get_role(RoleName="first")
        return account.client("iam", assume(account, third, assume(account, second, keys))).get_role

    refused("AccessDenied", last(), RoleName="first")
    refused("AccessDenied", last(TransitiveTagKeys=["stage"]), RoleName="first")
    assert last(TransitiveTagKeys=["team"])(RoleName="first")


def test_inherited_tags_stay_and_need_permission(account):
    first, second = chain(account, "first", "second")
    keys = assume(account, first, Tags=[{"Key": "team", "Value": "data"}], TransitiveTagKeys=["team"])
    other = [{"Key": "Team", "Value": "other"}]
    message = refused("InvalidParameterValue", lambda: assume(account, second, keys, Tags=other))
    assert "conflicts with a transitive tag key from the calling session" in message
    assert assume(account, second, keys, Tags=[{"Key": "more", "Value": "x"}])
    untagged = account.role("untagged")
    refused("AccessDenied", lambda: assume(account, untagged, keys))
    assert assume(account, untagged, assume(account, first))


def test_session_tags_that_do_not_fit_together(account):
    (role,) = chain(account, "app")
    twice = [{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": "b"}]
    message = refused("InvalidParameterValue", lambda: assume(account, role, Tags=twice))
    assert message == "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    message = refused("InvalidParameterValue", lambda: assume(account, role, Tags=twice[:1], TransitiveTagKeys=["x"]))
    assert message == "The specified transitive tag key must be included in the requested tags."


@pytest.mark.parametrize(
    "arn, told",
    [
        ("not-an-arn-but-long-enough", "not-an-arn-but-long-enough is invalid"),
        ("arn:aws:iam:111122223333:role/app", "arn:aws:iam:111122223333:role/app is invalid"),
        ("arn:aws:iam::111122223333:user/app", "Request ARN is invalid"),
        ("arn:aws:iam::1111:role/app-of-somebody", "Request ARN is invalid"),
    ],
)
def test_malformed_arn_of_a_role(account, arn, told):
    message = refused("ValidationError", account.client("sts").assume_role, RoleArn=arn, RoleSessionName="test")
    assert message == told


def test_duration_above_the_roles_maximum(account):
    refused("ValidationError", lambda: assume(account, account.role(), DurationSeconds=3601))
    assert assume(account, account.role("long", seconds=7200), DurationSeconds=7200)


def test_chained_sessions_last_an_hour(account):
    first = account.role("first", policies={"p": allow("sts:AssumeRole", "*")})
    second = account.role("second", seconds=43200)
    keys = assume(account, first)
    refused("ValidationError", lambda: assume(account, second, keys, DurationSeconds=7200))
    assert identity(account, assume(account, second, keys))["Arn"].endswith("assumed-role/second/test")


def test_sessions_may_do_what_their_role_may(account):
    role = account.role(policies={"p": allow("iam:GetRole", "*")})
    iam = account.client("iam", assume(account, role))
    assert iam.get_role(RoleName="app")["Role"]["Arn"] == role["arn"]
    message = refused("AccessDenied", iam.list_roles)
    assert "is not authorized to perform: iam:ListRoles" in message
    narrow = account.client(
        "iam", assume(account, role, Policy='{"Statement":{"Effect":"Allow","Action":"rds:*","Resource":"*"}}')
    )
    refused("AccessDenied", narrow.get_role, RoleName="app")


def test_policies_name_resources(account):
    keys = user(account, p=allow("rds:Describe*", f"arn:aws:rds:us-east-1:{account.id}:db:orders"))
    account.instance("orders"), account.instance("sales")
    rds = account.client("rds", keys)
    assert rds.describe_db_instances(DBInstanceIdentifier="orders")["DBInstances"]
    refused("AccessDenied", rds.describe_db_instances, DBInstanceIdentifier="sales")


def test_expired_session(account):
    keys = account.session(account.role(), seconds=-1)
    assert refused("ExpiredToken", account.client("iam", keys).list_roles).endswith("is expired")
    refused("ExpiredTokenException", account.client("kms", keys).list_keys)


def test_sessions_age_with_the_clock(account):
    keys = assume(account, account.role(), DurationSeconds=900)
    assert identity(account, keys)
    account.control("POST", "clock", account=account.id, offset=901)
    refused("ExpiredToken", lambda: identity(account, keys))


@pytest.mark.parametrize(
    "change, code",
    [
        ({"secret_access_key": "wrong"}, "SignatureDoesNotMatch"),
        ({"access_key_id": "AKIANOTKNOWN00000000"}, "InvalidClientTokenId"),
        ({"session_token": "superfluous"}, "InvalidClientTokenId"),
    ],
)
def test_credentials_that_are_wrong(account, change, code):
    refused(code, account.client("iam", account.credentials | change).list_roles)
    refused(code, account.client("sts", account.credentials | change).get_caller_identity)


def test_session_without_its_token(account):
    keys = account.session(account.role()) | {"session_token": None}
    refused("InvalidClientTokenId", lambda: identity(account, keys))


def test_session_as_a_service(account):
    trusted = account.role(trust=trust({"Service": "rds.amazonaws.com"}), tags={"assumer": "loader"})
    wanted = {"service": "rds.amazonaws.com", "required_tag": {"assumer": "loader"}}
    assert identity(account, account.session(trusted, **wanted))["Arn"].endswith("assumed-role/app/stage")
    with pytest.raises(ValueError, match="does not trust"):
        account.session(trusted, service="dms.amazonaws.com")
    with pytest.raises(ValueError, match="is not tagged"):
        account.session(trusted, service="rds.amazonaws.com", required_tag={"assumer": "other"})
    with pytest.raises(ValueError, match="there is no role"):
        account.session({"arn": f"arn:aws:iam::{account.id}:role/none"})


def test_session_of_a_role_that_was_made_again(account):
    keys = account.session(account.role(policies={}))
    account.client("iam").delete_role(RoleName="app")
    account.role(policies={"p": allow("*", "*")})
    refused("AccessDenied", account.client("iam", keys).list_roles)


def test_tags_at_creation_need_their_own_permission(account):
    role = account.role(policies={"p": allow("iam:CreateRole", "*")})
    create = account.client("iam", assume(account, role)).create_role
    wanted = {"RoleName": "new", "AssumeRolePolicyDocument": json.dumps(trust({"AWS": account.id}))}
    message = refused("AccessDenied", create, Tags=[{"Key": "a", "Value": "b"}], **wanted)
    assert "is not authorized to perform: iam:TagRole" in message
    assert create(**wanted)
