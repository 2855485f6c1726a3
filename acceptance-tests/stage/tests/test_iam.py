"""IAM: inline policies of roles, users and groups, quotas, principals."""

import json
from urllib.parse import unquote, urlencode

import pytest

from .conftest import allow, refused, trust

KINDS = ["Role", "User", "Group"]
QUOTAS = {"Role": 10240, "User": 2048, "Group": 5120}


def document(size=None):
    """A policy, padded to a number of characters that are not white space."""
    text = json.dumps(allow("rds-db:connect", "arn:aws:rds-db:us-east-1:111122223333:dbuser:db-A/app", Sid=""))
    padding = (size or 0) - len("".join(text.split()))
    return text.replace('"Sid": ""', f'"Sid": "{"x" * padding}"')


class Owner:
    """A role, user or group of an account and the calls on its inline policies."""

    def __init__(self, account, kind, name="app"):
        self.iam, self.kind, self.who = account.client("iam"), kind, {f"{kind}Name": name}
        more = {"AssumeRolePolicyDocument": json.dumps(trust({"AWS": account.id}))} if kind == "Role" else {}
        getattr(self.iam, f"create_{kind.lower()}")(**self.who, **more)

    def __getattr__(self, verb):
        call = getattr(self.iam, f"{verb}_{self.kind.lower()}_policy")
        return lambda name="p", **more: call(**({**self.who, "PolicyName": name, **more}))

    def names(self, **more):
        return getattr(self.iam, f"list_{self.kind.lower()}_policies")(**self.who, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_inline_policy_round_trip(account, kind):
    owner = Owner(account, kind)
    owner.put(PolicyDocument=document())
    assert owner.get()["PolicyDocument"] == json.loads(document())
    owner.put(PolicyDocument=document(300))
    assert owner.get()["PolicyDocument"] == json.loads(document(300))
    owner.delete()
    assert owner.names()["PolicyNames"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_resources_of_another_partition(account, kind):
    there = json.dumps(allow("rds-db:connect", "arn:aws-cn:rds-db:cn-north-1:111122223333:dbuser:db-A/app"))
    message = refused("MalformedPolicyDocument", Owner(account, kind).put, PolicyDocument=there)
    assert message.startswith('Partition "aws-cn" is not valid for resource')


def test_documents_are_url_encoded_on_the_wire(account):
    account.role(policies={"p": document()})
    form = {"Action": "GetRolePolicy", "Version": "2010-05-08", "RoleName": "app", "PolicyName": "p"}
    _, text = account.raw("iam", urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
    encoded = text.partition("<PolicyDocument>")[2].partition("</PolicyDocument>")[0]
    assert encoded.startswith("%7B") and unquote(encoded) == document()


@pytest.mark.parametrize("kind", KINDS)
def test_missing_policy_and_missing_owner(account, kind):
    owner, word = Owner(account, kind), kind.lower()
    for verb in ("get", "delete"):
        assert refused("NoSuchEntity", getattr(owner, verb)) == f"The {word} policy with name p cannot be found."
    owner.who = {f"{kind}Name": "nobody"}
    for verb, more in (("get", {}), ("delete", {}), ("put", {"PolicyDocument": document()})):
        assert refused("NoSuchEntity", getattr(owner, verb), **more) == f"The {word} with name nobody cannot be found."
    assert "nobody" in refused("NoSuchEntity", owner.names)
    assert "nobody" in refused("NoSuchEntity", getattr(owner.iam, f"get_{word}"), **owner.who)


@pytest.mark.parametrize("kind", KINDS)
def test_quota_of_all_inline_policies_together(account, kind):
    owner, quota = Owner(account, kind), QUOTAS[kind]
    owner.put("one", PolicyDocument=document(quota - 500))
    owner.put("two", PolicyDocument=document(500))
    message = refused("LimitExceeded", owner.put, name="two", PolicyDocument=document(501))
    assert message == f"Maximum policy size of {quota} bytes exceeded for {kind.lower()} app"
    assert owner.get("two")["PolicyDocument"] == json.loads(document(500)), "the old policy is untouched"
    owner.put("two", PolicyDocument=document(500).replace(", ", ",\n        "))


@pytest.mark.parametrize("kind", KINDS)
def test_list_of_policies_comes_in_pages(account, kind):
    owner = Owner(account, kind)
    for name in ("c", "a", "b"):
        owner.put(name, PolicyDocument=document())
    first = owner.names(MaxItems=2)
    assert (first["PolicyNames"], first["IsTruncated"]) == (["a", "b"], True)
    second = owner.names(MaxItems=2, Marker=first["Marker"])
    assert (second["PolicyNames"], second["IsTruncated"]) == (["c"], False)


def test_get_role_round_trip(account):
    iam, text = account.client("iam"), json.dumps(trust({"Service": "rds.amazonaws.com"}))
    tags = [{"Key": "team", "Value": "data"}]
    made = iam.create_role(RoleName="app", AssumeRolePolicyDocument=text, MaxSessionDuration=7200, Tags=tags)
    role = iam.get_role(RoleName="app")["Role"]
    assert role["Arn"] == f"arn:aws:iam::{account.id}:role/app"
    assert role["RoleId"] == made["Role"]["RoleId"] and role["RoleId"].startswith("AROA")
    assert role["AssumeRolePolicyDocument"] == json.loads(text)
    assert (role["MaxSessionDuration"], role["Tags"]) == (7200, tags)


def test_role_names_that_differ_in_case_are_the_same(account):
    account.role("App")
    document = json.dumps(trust({"Service": "rds.amazonaws.com"}))
    refused("EntityAlreadyExists", account.client("iam").create_role, RoleName="app", AssumeRolePolicyDocument=document)


def test_trust_may_name_whoever_exists(account, other_account):
    role, user = account.role("one"), f"arn:aws:iam::{other_account.id}:user/administrator"
    names = [role["arn"], user, other_account.id, f"arn:aws:iam::{account.id}:root", "*"]
    for number, name in enumerate(names):
        account.client("iam").create_role(
            RoleName=f"r{number}", AssumeRolePolicyDocument=json.dumps(trust({"AWS": name}))
        )


def test_boundary_that_does_not_exist(account):
    arn = f"arn:aws:iam::{account.id}:policy/none"
    refused(
        "NoSuchEntity",
        account.client("iam").create_role,
        RoleName="app",
        AssumeRolePolicyDocument=json.dumps(trust({"AWS": account.id})),
        PermissionsBoundary=arn,
    )
