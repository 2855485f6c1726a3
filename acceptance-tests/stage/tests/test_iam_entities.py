"""IAM: unique ids, boundaries of users, roles that are AWS's own, all that an account has."""

import json
import re

import pytest

from .conftest import allow, refused, trust

TRUST = json.dumps(trust({"Service": "ec2.amazonaws.com"}))
LINKED = {"AWSServiceName": "rds.amazonaws.com"}
LINKED_NAME = "AWSServiceRoleForRDS"


@pytest.fixture
def iam(account):
    return account.client("iam")


def policy(iam, name="p", actions="rds:*"):
    return iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(allow(actions, "*")))["Policy"]


def test_unique_ids_tell_what_they_are_of(account, iam):
    ids = {
        "AROA": iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)["Role"]["RoleId"],
        "AIDA": iam.create_user(UserName="jane")["User"]["UserId"],
        "AGPA": iam.create_group(GroupName="team")["Group"]["GroupId"],
        "ANPA": policy(iam)["PolicyId"],
        "AIPA": iam.create_instance_profile(InstanceProfileName="app")["InstanceProfile"]["InstanceProfileId"],
    }
    for prefix, unique in ids.items():
        assert re.fullmatch(f"{prefix}[A-Z2-7]{{17}}", unique)
    assert iam.get_user(UserName="jane")["User"]["UserId"] == ids["AIDA"]
    assert iam.list_users()["Users"][0]["UserId"] == ids["AIDA"]
    keys = account.control("POST", "access-keys", account=account.id, user="jane")
    assert account.client("sts", keys).get_caller_identity()["UserId"] == ids["AIDA"]


@pytest.mark.parametrize("of", ["key", "role", "secret"])
def test_policies_show_a_deleted_user_by_the_id(account, iam, of):
    user = iam.create_user(UserName="jane")["User"]
    names = [user["Arn"], f"arn:aws:iam::{account.id}:root"]
    kms, secrets = account.client("kms"), account.client("secretsmanager")
    if of == "key":
        text = json.dumps(allow("kms:*", "*", Principal={"AWS": names}))
        key = kms.create_key(Policy=text)["KeyMetadata"]["KeyId"]
        read = lambda: json.loads(kms.get_key_policy(KeyId=key)["Policy"])  # noqa: E731
    elif of == "role":
        iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(trust({"AWS": names})))
        read = lambda: iam.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]  # noqa: E731
    else:
        secrets.create_secret(Name="s", SecretString="x")
        text = json.dumps(allow("secretsmanager:*", "*", Principal={"AWS": names}))
        secrets.put_resource_policy(SecretId="s", ResourcePolicy=text)
        read = lambda: json.loads(secrets.get_resource_policy(SecretId="s")["ResourcePolicy"])  # noqa: E731
    iam.delete_user(UserName="jane")
    iam.create_user(UserName="jane")
    assert read()["Statement"][0]["Principal"]["AWS"] == [user["UserId"], names[1]]


def test_role_of_a_service_is_changed_by_aws_only(account, iam):
    role, arn = iam.create_service_linked_role(**LINKED)["Role"], policy(iam)["Arn"]
    assert role["RoleName"] == LINKED_NAME
    for verb, more in {
        "delete_role": {},
        "attach_role_policy": {"PolicyArn": arn},
        "detach_role_policy": {"PolicyArn": arn},
        "put_role_policy": {"PolicyName": "p", "PolicyDocument": json.dumps(allow("rds:*", "*"))},
        "delete_role_policy": {"PolicyName": "p"},
        "update_assume_role_policy": {"PolicyDocument": TRUST},
        "update_role": {"MaxSessionDuration": 7200},
        "put_role_permissions_boundary": {"PermissionsBoundary": arn},
        "delete_role_permissions_boundary": {},
        "add_role_to_instance_profile": {"InstanceProfileName": "app"},
    }.items():
        message = refused("UnmodifiableEntity", getattr(iam, verb), RoleName=LINKED_NAME, **more)
        assert message.endswith(f"protected role '{LINKED_NAME}' - this role is only modifiable by AWS")
    iam.update_role(RoleName=LINKED_NAME, Description="ours")
    iam.update_role_description(RoleName=LINKED_NAME, Description="ours still")
    assert iam.get_role(RoleName=LINKED_NAME)["Role"]["Description"] == "ours still"
    iam.delete_service_linked_role(RoleName=LINKED_NAME)
    refused("NoSuchEntity", iam.get_role, RoleName=LINKED_NAME)


def test_role_that_is_not_in_the_profile(iam):
    iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST)
    who = {"InstanceProfileName": "app", "RoleName": "app"}
    refused("NoSuchEntity", iam.remove_role_from_instance_profile, **who)
    iam.create_instance_profile(InstanceProfileName="app")
    refused("NoSuchEntity", iam.remove_role_from_instance_profile, **who)
    refused("NoSuchEntity", iam.remove_role_from_instance_profile, **(who | {"RoleName": "none"}))
    iam.add_role_to_instance_profile(**who)
    iam.remove_role_from_instance_profile(**who)
    assert iam.get_instance_profile(InstanceProfileName="app")["InstanceProfile"]["Roles"] == []


def test_new_role_is_shown_without_its_session_length(iam):
    arn, tags = policy(iam)["Arn"], [{"Key": "team", "Value": "data"}]
    more = {"Description": "d", "Tags": tags, "PermissionsBoundary": arn, "MaxSessionDuration": 7200}
    made = iam.create_role(RoleName="app", AssumeRolePolicyDocument=TRUST, **more)["Role"]
    shown = iam.get_role(RoleName="app")["Role"]
    assert (shown.pop("MaxSessionDuration"), shown.pop("RoleLastUsed")) == (7200, {})
    assert made == shown and made["Tags"] == tags


def test_boundary_of_a_user(account, iam):
    arn = policy(iam, "bound", "rds:*")["Arn"]
    made = iam.create_user(UserName="jane", PermissionsBoundary=arn)["User"]
    bounded = {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    for shown in made, iam.get_user(UserName="jane")["User"]:
        assert shown["PermissionsBoundary"] == bounded
    iam.put_user_policy(UserName="jane", PolicyName="p", PolicyDocument=json.dumps(allow("*", "*")))
    keys = account.control("POST", "access-keys", account=account.id, user="jane")
    account.client("rds", keys).describe_db_instances()
    refused("AccessDenied", account.client("iam", keys).list_roles)
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    iam.delete_user_permissions_boundary(UserName="jane")
    account.client("iam", keys).list_roles()
    refused("NoSuchEntity", iam.put_user_permissions_boundary, UserName="jane", PermissionsBoundary=arn + "x")
    iam.put_user_permissions_boundary(UserName="jane", PermissionsBoundary=arn)
    refused("AccessDenied", account.client("iam", keys).list_roles)


def test_all_that_an_account_has_comes_in_pages(iam):
    for name in "ab":
        iam.create_user(UserName=name)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    iam.create_group(GroupName="g"), policy(iam)
    iam.put_role_policy(RoleName="a", PolicyName="p", PolicyDocument=json.dumps(allow("rds:*", "*")))
    first = iam.get_account_authorization_details(MaxItems=3)
    assert (len(first["UserDetailList"]), len(first["GroupDetailList"]), first["IsTruncated"]) == (2, 1, True)
    second = iam.get_account_authorization_details(MaxItems=3, Marker=first["Marker"])
    assert (len(second["RoleDetailList"]), len(second["Policies"]), second["IsTruncated"]) == (2, 1, False)
    assert second["Policies"][0]["PolicyName"] == second["Policies"][0]["Arn"].rpartition("/")[2]
    assert second["RoleDetailList"][0]["RolePolicyList"][0]["PolicyDocument"] == allow("rds:*", "*")
    whole = iam.get_account_authorization_details(Filter=["Role"])
    assert len(whole["RoleDetailList"]) == 2 and not whole["UserDetailList"] and not whole["IsTruncated"]
