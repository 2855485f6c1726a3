"""What the real AWS would refuse for its form, the stage refuses."""

import json
from urllib import request
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest

from .conftest import allow, refused, trust

TRUST = json.dumps(trust({"Service": "rds.amazonaws.com"}))
POLICY = json.dumps(allow("rds-db:connect", "arn:aws:rds-db:us-east-1:111122223333:dbuser:db-ABC/app"))

BAD_PARAMETERS = [
    ("iam", "create_role", "ValidationError", {"RoleName": "bad name!", "AssumeRolePolicyDocument": TRUST}),
    ("iam", "create_role", "ValidationError", {"RoleName": "x" * 65, "AssumeRolePolicyDocument": TRUST}),
    ("iam", "create_role", "ValidationError", {"RoleName": "app"}),
    (
        "iam",
        "create_role",
        "ValidationError",
        {"RoleName": "a", "AssumeRolePolicyDocument": TRUST, "MaxSessionDuration": 100},
    ),
    (
        "iam",
        "create_role",
        "ValidationError",
        {"RoleName": "a", "AssumeRolePolicyDocument": TRUST, "Tags": [{"Key": "k"}]},
    ),
    ("iam", "put_role_policy", "ValidationError", {"RoleName": "app", "PolicyName": "a b", "PolicyDocument": POLICY}),
    ("iam", "put_role_policy", "ValidationError", {"RoleName": "app", "PolicyName": "", "PolicyDocument": POLICY}),
    (
        "iam",
        "put_user_policy",
        "ValidationError",
        {"UserName": "app", "PolicyName": "p" * 129, "PolicyDocument": POLICY},
    ),
    ("iam", "get_group_policy", "ValidationError", {"GroupName": "g"}),
    ("iam", "list_role_policies", "ValidationError", {"RoleName": "app", "MaxItems": 1001}),
    ("sts", "assume_role", "ValidationError", {"RoleArn": "short", "RoleSessionName": "s"}),
    (
        "sts",
        "assume_role",
        "ValidationError",
        {"RoleArn": "arn:aws:iam::111122223333:role/app", "RoleSessionName": "a b"},
    ),
    (
        "sts",
        "assume_role",
        "ValidationError",
        {"RoleArn": "arn:aws:iam::111122223333:role/app", "RoleSessionName": "ab", "DurationSeconds": 60},
    ),
    ("rds", "modify_db_instance", "MissingParameter", {"EnableIAMDatabaseAuthentication": True}),
    ("rds", "create_db_instance", "MissingParameter", {"DBInstanceIdentifier": "orders"}),
    (
        "rds",
        "modify_db_parameter_group",
        "InvalidParameterValue",
        {"DBParameterGroupName": "a", "Parameters": [{"ParameterName": "x", "ApplyMethod": "now"}]},
    ),
    ("kms", "create_alias", "ValidationException", {"AliasName": "my alias!", "TargetKeyId": "k"}),
    ("kms", "enable_key_rotation", "ValidationException", {"KeyId": "k", "RotationPeriodInDays": 10}),
    ("kms", "create_grant", "ValidationException", {"KeyId": "k", "GranteePrincipal": "p", "Operations": ["Fly"]}),
]

BAD_IDENTITY_POLICIES = {
    "not JSON": "{",
    "a duplicate key": '{"Statement": [], "Statement": []}',
    "no statement": '{"Version": "2012-10-17"}',
    "an unknown version": json.dumps(allow("a:b", "*") | {"Version": "2026-01-01"}),
    "an unknown element": json.dumps(allow("a:b", "*", Resources="*")),
    "a lower-case effect": json.dumps(allow("a:b", "*", effect="allow")),
    "an action without vendor": json.dumps(allow("connect", "*")),
    "no action": json.dumps(allow([], "*")),
    "a resource that is no ARN": json.dumps(allow("rds-db:connect", "db-ABC/app")),
    "a partition that does not exist": json.dumps(allow("rds-db:connect", "arn:amazon:rds-db:us-east-1:1:dbuser:x/y")),
    "no resource": json.dumps({"Statement": {"Effect": "Allow", "Action": "a:b"}}),
    "a principal": json.dumps(allow("a:b", "*", Principal="*")),
    "a condition operator that does not exist": json.dumps(allow("a:b", "*", Condition={"StringIs": {"aws:x": "y"}})),
    "a condition key without vendor": json.dumps(allow("a:b", "*", Condition={"StringEquals": {"x": "y"}})),
    "a Sid with a space": json.dumps(allow("a:b", "*", Sid="a b")),
    "the same Sid twice": json.dumps(
        {"Statement": 2 * [{"Sid": "a", "Effect": "Deny", "Action": "*", "Resource": "*"}]}
    ),
}

BAD_TRUST_POLICIES = {
    "not JSON": "{",
    "no principal": json.dumps(allow("sts:AssumeRole", "*")),
    "a resource": json.dumps(trust({"Service": "rds.amazonaws.com"}, Resource="*")),
    "a principal that does not exist": json.dumps(trust({"AWS": "arn:aws:iam::111122223333:role/nobody"})),
    "a principal that is no ARN": json.dumps(trust({"AWS": "somebody"})),
}


@pytest.mark.parametrize("service, operation, code, parameters", BAD_PARAMETERS)
def test_parameters_the_model_forbids(account, service, operation, code, parameters):
    message = refused(code, getattr(account.client(service), operation), **parameters)
    assert "validation error" in message
    assert account.calls()[-1]["took_effect"] is False


@pytest.mark.parametrize("fault", BAD_IDENTITY_POLICIES)
@pytest.mark.parametrize("kind", ["Role", "User", "Group"])
def test_identity_policies_against_the_grammar(account, kind, fault):
    put = getattr(account.client("iam"), f"put_{kind.lower()}_policy")
    name = {f"{kind}Name": "app"}
    refused("MalformedPolicyDocument", put, PolicyName="p", PolicyDocument=BAD_IDENTITY_POLICIES[fault], **name)


@pytest.mark.parametrize("fault", BAD_TRUST_POLICIES)
def test_trust_policies_against_the_grammar(account, fault):
    account.role()
    iam, text = account.client("iam"), BAD_TRUST_POLICIES[fault]
    refused("MalformedPolicyDocument", iam.create_role, RoleName="new", AssumeRolePolicyDocument=text)
    refused("MalformedPolicyDocument", iam.update_assume_role_policy, RoleName="app", PolicyDocument=text)


def test_violations_are_told_in_the_words_of_aws(account):
    message = refused("ValidationError", account.client("iam").get_role, RoleName="bad name!")
    assert message == (
        "1 validation error detected: Value 'bad name!' at 'roleName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]+"
    )


def test_key_policies_against_the_grammar(account):
    refused("MalformedPolicyDocumentException", account.client("kms").create_key, Policy="{")


@pytest.mark.parametrize(
    "service, form, code",
    [
        (
            "rds",
            {"Action": "DescribeDBInstances", "Version": "2014-10-31", "DBInstanceIdentifer": "typo"},
            "InvalidParameterValue",
        ),
        ("iam", {"Action": "GetRole", "Version": "2010-05-08", "RoleName": "a", "Role": "b"}, "ValidationError"),
        (
            "rds",
            {"Action": "DescribeDBInstances", "Version": "2014-10-31", "MaxRecords": "many"},
            "InvalidParameterValue",
        ),
        (
            "rds",
            {
                "Action": "ModifyDBInstance",
                "Version": "2014-10-31",
                "DBInstanceIdentifier": "a",
                "ApplyImmediately": "yes",
            },
            "InvalidParameterValue",
        ),
        ("rds", {"Action": "DescribeDBInstances", "Version": "2014-09-01"}, "InvalidAction"),
        ("rds", {"Action": "DescribeDatabases", "Version": "2014-10-31"}, "InvalidAction"),
        ("iam", {"Action": "MakeRole", "Version": "2010-05-08"}, "InvalidAction"),
    ],
)
def test_forms_the_model_does_not_explain(account, service, form, code):
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    status, text = account.raw(service, urlencode(form), headers)
    assert status == 400 and f"<Code>{code}</Code>" in text
    assert [(c["status"], c["code"], c["took_effect"]) for c in account.calls()] == [(400, code, False)]


@pytest.mark.parametrize(
    "target, body, code",
    [
        ("TrentService.ListKeys", '{"Limits": 1}', "ValidationException"),
        ("TrentService.ListLocks", "{}", "UnknownOperationException"),
        ("KMS.ListKeys", "{}", "UnknownOperationException"),
        ("TrentService.ListKeys", "[]", "SerializationException"),
    ],
)
def test_json_the_model_does_not_explain(account, target, body, code):
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    status, text = account.raw("kms", body, headers)
    assert status == 400 and json.loads(text)["__type"] == code


def test_iam_is_signed_in_its_global_region(account):
    refused("SignatureDoesNotMatch", account.client("iam", region="eu-west-1").list_roles)
    assert account.client("iam", region="cn-north-1").list_roles()["Roles"] == []


def test_unsigned_requests(account):
    for headers, code in (
        ({}, "<Code>MissingAuth"),
        ({"X-Amz-Target": "TrentService.ListKeys"}, '"__type": "MissingAuth'),
    ):
        wanted = request.Request(account.facts["front"], b"Action=ListRoles", headers)
        with pytest.raises(HTTPError) as caught:
            request.urlopen(wanted, timeout=10)
        assert caught.value.code == 403 and code in caught.value.read().decode()


def test_services_that_are_not_played(account):
    status, text = account.raw("sqs", "")
    assert status == 400 and "UnknownServiceException" in text


def test_operations_that_moto_lacks_are_named(account):
    message = refused("StageNotImplemented", account.client("rds").describe_source_regions)
    assert "DescribeSourceRegions" in message
