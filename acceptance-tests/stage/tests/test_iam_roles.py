"""IAM: roles, their trust policies, quotas and tags."""

import json

import pytest

from .conftest import allow, refused, trust

TRUST = json.dumps(trust({"Service": "rds.amazonaws.com"}))


@pytest.fixture
def iam(account):
    return account.client("iam")


def make(iam, name="app", document=TRUST, **more):
    return iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)["Role"]


def policy(iam, name="p"):
    return iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(allow("rds:*", "*")))["Policy"]["Arn"]


def principals(iam, name):
    return iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]


def test_trust_names_services_that_exist(iam):
    message = refused("MalformedPolicyDocument", make, iam, document=json.dumps(trust({"Service": "rds"})))
    assert message == 'Invalid principal in policy: "SERVICE":"rds"'


def test_trust_shows_a_deleted_principal_by_its_id(account, iam):
    trusted = make(iam, "trusted")
    make(iam, document=json.dumps(trust({"AWS": [trusted["Arn"], account.id]})))
    root = f"arn:aws:iam::{account.id}:root"
    assert principals(iam, "app") == {"AWS": [trusted["Arn"], root]}, "an account id becomes its ARN"
    iam.delete_role(RoleName="trusted")
    gone = {"AWS": [trusted["RoleId"], root]}
    assert principals(iam, "app") == gone
    assert iam.list_roles()["Roles"][0]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == gone
    make(iam, "trusted")
    assert principals(iam, "app") == gone, "another role of the same name"
    text = json.dumps(trust(gone))
    message = refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName="app", PolicyDocument=text)
    assert message == f'Invalid principal in policy: "AWS":"{trusted["RoleId"]}"'


def test_trust_in_a_role_that_was_made_again_is_lost(account, iam):
    trusted = account.role("trusted", policies={})
    target = make(iam, document=json.dumps(trust({"AWS": trusted["arn"]})))
    wanted = {"RoleArn": target["Arn"], "RoleSessionName": "test"}
    assert account.client("sts", account.session(trusted)).assume_role(**wanted)
    iam.delete_role(RoleName="trusted")
    again = account.role("trusted")
    refused("AccessDenied", account.client("sts", account.session(again)).assume_role, **wanted)


def test_young_principals_are_absent_for_a_while(account, iam):
    account.control("POST", "youths", account=account.id, service="iam", looks=2)
    text = json.dumps(trust({"AWS": make(iam, "trusted")["Arn"]}))
    for _ in range(2):
        refused("MalformedPolicyDocument", make, iam, document=text)
    make(iam, document=text)
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=text)


def test_size_of_a_trust_policy(iam):
    def padded(size):
        text = json.dumps(trust({"Service": "rds.amazonaws.com"}, Sid=""))
        padding = size - len("".join(text.split()))
        return text.replace('"Sid": ""', f'"Sid": "{"x" * padding}"')

    make(iam, document=padded(2048))
    message = refused("LimitExceeded", make, iam, "other", padded(2049))
    assert message == "Cannot exceed quota for ACLSizePerRole: 2048"
    refused("LimitExceeded", iam.update_assume_role_policy, RoleName="app", PolicyDocument=padded(2049))


def test_update_leaves_the_description(iam):
    make(iam, Description="old", MaxSessionDuration=7200)
    iam.update_role(RoleName="app", MaxSessionDuration=10800)
    role = iam.get_role(RoleName="app")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("old", 10800)
    iam.update_role(RoleName="app", Description="new")
    role = iam.get_role(RoleName="app")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("new", 3600)


def test_unique_ids(iam):
    first = make(iam)["RoleId"]
    iam.delete_role(RoleName="app")
    second = make(iam)["RoleId"]
    assert first != second and first.startswith("AROA") and len(first) == 21


def test_tag_keys_do_not_differ_in_case_only(iam):
    make(iam, Tags=[{"Key": "Team", "Value": "a"}])
    iam.tag_role(RoleName="app", Tags=[{"Key": "team", "Value": "b"}])
    assert iam.list_role_tags(RoleName="app")["Tags"] == [{"Key": "team", "Value": "b"}]
    both = [{"Key": "x", "Value": "1"}, {"Key": "X", "Value": "2"}]
    for message in (
        refused("InvalidInput", iam.tag_role, RoleName="app", Tags=both),
        refused("InvalidInput", make, iam, "other", Tags=both),
    ):
        assert message == "Duplicate tag keys found. Please note that Tag keys are case insensitive."
    iam.untag_role(RoleName="app", TagKeys=["TEAM", "never there"])
    assert iam.list_role_tags(RoleName="app")["Tags"] == []


def test_reserved_tags(iam):
    tags = [{"Key": "aws:mine", "Value": "x"}]
    refused("InvalidInput", make, iam, Tags=tags)
    make(iam)
    refused("InvalidInput", iam.tag_role, RoleName="app", Tags=tags)


def test_number_of_tags(iam):
    make(iam, Tags=[{"Key": f"k{n}", "Value": "x"} for n in range(50)])
    iam.tag_role(RoleName="app", Tags=[{"Key": "k0", "Value": "new"}])
    refused("LimitExceeded", iam.tag_role, RoleName="app", Tags=[{"Key": "one more", "Value": "x"}])


def test_lists_come_in_pages(account, iam):
    make(iam, Tags=[{"Key": f"k{n}", "Value": "x"} for n in range(3)])
    arns = [policy(iam, f"p{n}") for n in range(3)]
    for arn in arns:
        iam.attach_role_policy(RoleName="app", PolicyArn=arn)
    make(iam, "b"), make(iam, "c")
    for operation, result, about in (
        ("list_role_tags", "Tags", {"RoleName": "app"}),
        ("list_attached_role_policies", "AttachedPolicies", {"RoleName": "app"}),
        ("list_roles", "Roles", {}),
    ):
        pages = list(iam.get_paginator(operation).paginate(**about, PaginationConfig={"PageSize": 2}))
        assert [len(page[result]) for page in pages] == [2, 1]
        assert [page["IsTruncated"] for page in pages] == [True, False]


def test_managed_policies(iam):
    make(iam)
    refused("NoSuchEntity", iam.attach_role_policy, RoleName="app", PolicyArn=policy(iam, "x") + "none")
    arns = [policy(iam, f"p{n}") for n in range(11)]
    for arn in arns[:10]:
        iam.attach_role_policy(RoleName="app", PolicyArn=arn)
    iam.attach_role_policy(RoleName="app", PolicyArn=arns[0])
    message = refused("LimitExceeded", iam.attach_role_policy, RoleName="app", PolicyArn=arns[10])
    assert message == "Cannot exceed quota for PoliciesPerRole: 10"
    refused("NoSuchEntity", iam.detach_role_policy, RoleName="app", PolicyArn=arns[10])
    long = json.dumps(allow("rds:*", "*", Sid="x" * 6144))
    refused("LimitExceeded", iam.create_policy, PolicyName="long", PolicyDocument=long)


def test_boundary(iam):
    arn = policy(iam)
    make(iam, PermissionsBoundary=arn)
    assert iam.get_role(RoleName="app")["Role"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    refused("DeleteConflict", iam.delete_policy, PolicyArn=arn)
    missing = arn + "none"
    message = refused("NoSuchEntity", iam.put_role_permissions_boundary, RoleName="app", PermissionsBoundary=missing)
    assert message == f"Scope ARN: {missing} does not exist or is not attachable."
    iam.delete_role_permissions_boundary(RoleName="app")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="app")["Role"]


def test_roles_that_cannot_be_deleted(iam):
    def told():
        return refused("DeleteConflict", iam.delete_role, RoleName="app")

    make(iam)
    arn = policy(iam)
    iam.attach_role_policy(RoleName="app", PolicyArn=arn)
    assert told() == "Cannot delete entity, must detach all policies first."
    iam.detach_role_policy(RoleName="app", PolicyArn=arn)
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(allow("rds:*", "*")))
    assert told() == "Cannot delete entity, must delete policies first."
    iam.delete_role_policy(RoleName="app", PolicyName="p")
    iam.create_instance_profile(InstanceProfileName="app")
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    assert told() == "Cannot delete entity, must remove roles from instance profile first."
    iam.remove_role_from_instance_profile(InstanceProfileName="app", RoleName="app")
    iam.delete_role(RoleName="app")


@pytest.mark.parametrize(
    "verb, more",
    [
        ("get_role", {}),
        ("delete_role", {}),
        ("update_role", {"Description": "x"}),
        ("update_assume_role_policy", {"PolicyDocument": TRUST}),
        ("tag_role", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_role", {"TagKeys": ["a"]}),
        ("list_role_tags", {}),
        ("list_attached_role_policies", {}),
        ("attach_role_policy", {"PolicyArn": "arn:aws:iam::111122223333:policy/none"}),
        ("delete_role_permissions_boundary", {}),
    ],
)
def test_roles_that_do_not_exist(iam, verb, more):
    message = refused("NoSuchEntity", getattr(iam, verb), RoleName="none", **more)
    assert message == "The role with name none cannot be found."


def test_all_that_there_is_of_roles(account, iam):
    made, bound = make(iam, Description="test", Tags=[{"Key": "a", "Value": "b"}]), policy(iam)
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=bound)
    iam.attach_role_policy(RoleName="app", PolicyArn=bound)
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(allow("rds:*", "*")))
    assert account.control("GET", "roles", account=account.id)["roles"] == {
        "app": {
            "arn": made["Arn"],
            "id": made["RoleId"],
            "description": "test",
            "seconds": 3600,
            "trust": json.loads(TRUST),
            "policies": {"p": allow("rds:*", "*")},
            "attached": [bound],
            "boundary": bound,
            "tags": {"a": "b"},
        }
    }
