"""RDS: IAM roles that are associated with instances and clusters."""

import pytest

from .conftest import refused, trust

FEATURE = "s3Import"


class Roles:
    """An instance or a cluster, and what gives it roles."""

    def __init__(self, account, kind):
        self.account, self.api, self.kind = account, account.client("rds"), kind
        account.control("POST", f"{kind}s", account=account.id, identifier="orders")
        self.name = {f"DB{kind.title()}Identifier": "orders"}

    def add(self, arn, feature=FEATURE):
        call = getattr(self.api, f"add_role_to_db_{self.kind}")
        return call(**self.name, RoleArn=arn, FeatureName=feature)

    def remove(self, arn, feature=FEATURE):
        call = getattr(self.api, f"remove_role_from_db_{self.kind}")
        return call(**self.name, RoleArn=arn, FeatureName=feature)

    def shown(self):
        found = getattr(self.api, f"describe_db_{self.kind}s")(**self.name)[f"DB{self.kind.title()}s"][0]
        return [(r["RoleArn"], r["FeatureName"], r["Status"]) for r in found.get("AssociatedRoles", [])]


@pytest.fixture(params=["instance", "cluster"])
def roles(account, request):
    return Roles(account, request.param)


@pytest.fixture
def arn(account):
    return account.role("loader", trust=trust({"Service": "rds.amazonaws.com"}))["arn"]


def test_role_is_pending_at_first(roles, arn):
    roles.add(arn)
    assert [roles.shown() for _ in range(3)] == 2 * [[(arn, FEATURE, "PENDING")]] + [[(arn, FEATURE, "ACTIVE")]]
    roles.remove(arn)
    assert roles.shown() == []


def test_role_that_cannot_be_assumed_is_invalid(roles, account):
    account.control("POST", "transitions", account=account.id, busy=0)
    other = account.role("other")["arn"]
    roles.add(other), roles.add(other.replace("other", "none"), "s3Export")
    assert [status for _, _, status in roles.shown()] == ["INVALID", "INVALID"]


def test_roles_that_are_refused(roles, arn, account):
    kind = "Instance" if roles.kind == "instance" else "Cluster"
    refused(f"DB{kind}RoleNotFound", roles.remove, arn)
    roles.add(arn)
    refused(f"DB{kind}RoleAlreadyExists", roles.add, arn, "s3Export")
    refused(f"DB{kind}RoleAlreadyExists", roles.add, account.role("other")["arn"])
    refused(f"DB{kind}RoleNotFound", roles.remove, arn, "s3Export")
    status = {"identifier": "orders", "status": "modifying", "kind": roles.kind}
    account.control("POST", "status", account=account.id, **status)
    code = "InvalidDBInstanceState" if roles.kind == "instance" else "InvalidDBClusterStateFault"
    assert "modifying" in refused(code, roles.add, arn)
    assert "not available for" in refused(code, roles.remove, arn)
