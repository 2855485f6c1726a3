"""Policies as parliament sees them."""

import pytest

from .conftest import allow, trust

KEY = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"
ROLE = {"AWS": "arn:aws:iam::111122223333:role/app"}


@pytest.fixture
def lint(account):
    return lambda policy, kind="identity": [
        f["issue"] for f in account.control("POST", "lint", policy=policy, type=kind)["findings"]
    ]


@pytest.mark.parametrize(
    "kind, policy",
    [
        ("identity", allow(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"], KEY)),
        ("identity", allow("rds-db:connect", "arn:aws:rds-db:us-east-1:111122223333:dbuser:db-ABC/app")),
        ("trust", trust({"Service": ["rds.amazonaws.com"]})),
        ("trust", trust(ROLE, Action=["sts:AssumeRole", "sts:TagSession"])),
        (
            "trust",
            trust(ROLE, Condition={"StringEquals": {"sts:ExternalId": "x", "aws:SourceAccount": "111122223333"}}),
        ),
        ("resource", allow(["kms:Decrypt", "kms:DescribeKey"], "*", Principal=ROLE)),
    ],
)
def test_policies_that_pass(lint, kind, policy):
    assert lint(policy, kind) == []


@pytest.mark.parametrize(
    "kind, policy, issue",
    [
        ("identity", allow("kms:Decrypts", KEY), "UNKNOWN_ACTION"),
        ("identity", allow("kmz:Decrypt", KEY), "UNKNOWN_PREFIX"),
        ("identity", allow("kms:Decrypt", "*"), "RESOURCE_STAR"),
        ("identity", allow("kms:Decrypt", "arn:aws:kms:us-east-1:111122223333:alias/app"), "RESOURCE_MISMATCH"),
        ("identity", allow("kms:Decrypt", KEY, Principal=ROLE), "GRAMMAR"),
        ("trust", trust(ROLE, Action="sts:AssumeRol"), "UNKNOWN_ACTION"),
        ("trust", trust(ROLE, Condition={"StringEquals": {"sts:Nothing": "x"}}), "UNKNOWN_CONDITION_FOR_ACTION"),
        ("trust", allow("sts:AssumeRole", "*"), "GRAMMAR"),
        ("resource", allow("kms:Decrypts", "*", Principal=ROLE), "UNKNOWN_ACTION"),
        ("resource", "{", "GRAMMAR"),
    ],
)
def test_policies_with_findings(lint, kind, policy, issue):
    assert lint(policy, kind) == [issue]


def test_kinds_of_policies(lint):
    with pytest.raises(ValueError, match="type must be one of"):
        lint(allow("kms:Decrypt", KEY), "bucket")
