"""Faults by rule, seen through boto3 with and without its retries; the record of calls; stale reads."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from .conftest import allow, refused

DOCUMENT = json.dumps(allow("rds-db:connect", "*"))


def put(client, name="p"):
    return client.put_role_policy(RoleName="app", PolicyName=name, PolicyDocument=DOCUMENT)


def get(client, name="p"):
    return client.get_role_policy(RoleName="app", PolicyName=name)


@pytest.mark.parametrize(
    "service, operation, code, status",
    [
        ("iam", "list_roles", "Throttling", 400),
        ("sts", "get_caller_identity", "Throttling", 400),
        ("rds", "describe_db_instances", "Throttling", 400),
        ("kms", "list_keys", "ThrottlingException", 400),
        ("secretsmanager", "list_secrets", "ThrottlingException", 400),
        ("ec2", "describe_vpcs", "RequestLimitExceeded", 503),
    ],
)
def test_throttling_in_each_protocols_words(account, service, operation, code, status):
    account.rules({"service": service, "fault": "throttle", "times": 1})
    call = getattr(account.client(service), operation)
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    assert call()


def test_retries_overcome_throttling(account):
    account.rules({"operation": "ListRoles", "fault": "throttle", "times": 2})
    assert account.client("iam", retries=3).list_roles()
    assert [c["code"] for c in account.calls()] == ["Throttling", "Throttling", None]


@pytest.mark.parametrize("status", [500, 503])
def test_server_error_without_a_code(account, status):
    account.rules({"operation": "ListRoles", "fault": "http", "status": status, "times": 1})
    refused(str(status), account.client("iam").list_roles)
    assert account.client("iam").list_roles()


def test_error_of_ones_own(account):
    account.rules({"operation": "ListRoles", "fault": "error", "code": "ServiceFailure", "message": "m", "status": 500})
    assert refused("ServiceFailure", account.client("iam").list_roles) == "m"


def test_reset_before_the_call(account):
    account.role()
    account.rules({"operation": "PutRolePolicy", "fault": "reset", "times": 1})
    iam = account.client("iam")
    with pytest.raises(ConnectionClosedError):
        put(iam)
    refused("NoSuchEntity", lambda: get(iam))
    assert [c["took_effect"] for c in account.calls(write=True)] == [False]


def test_lost_answer_of_a_call_that_took_effect(account):
    account.role()
    account.rules({"operation": "PutRolePolicy", "fault": "lose_answer", "times": 1})
    iam = account.client("iam")
    with pytest.raises(ConnectionClosedError):
        put(iam)
    assert get(iam)["PolicyDocument"] == json.loads(DOCUMENT)
    assert [(c["fault"], c["took_effect"], c["status"]) for c in account.calls(write=True)] == [
        ("lose_answer", True, "reset")
    ]


@pytest.mark.parametrize("fault, took_effect", [("reset", False), ("lose_answer", True)])
def test_call_under_way_is_in_the_record(account, fault, took_effect):
    account.role()
    account.rules({"operation": "PutRolePolicy", "fault": fault, "seconds": 2})
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(put, account.client("iam"))
        while not (calls := account.calls(write=True)) or calls[0]["took_effect"] is not took_effect:
            time.sleep(0.02)
        assert not under_way.done() and calls[0]["status"] is None
        with pytest.raises(ConnectionClosedError):
            under_way.result()


def test_retry_after_a_lost_answer_meets_its_own_work(account):
    account.rules({"operation": "CreateUser", "fault": "lose_answer", "times": 1})
    refused("EntityAlreadyExists", account.client("iam", retries=2).create_user, UserName="jane")


@pytest.mark.parametrize("when", ["before", "after"])
def test_delay_before_or_after_the_effect(account, when):
    account.role()
    account.rules({"operation": "PutRolePolicy", "fault": "delay", "seconds": 0.5, "when": when})
    began = time.monotonic()
    put(account.client("iam"))
    assert time.monotonic() - began >= 0.5
    assert account.calls(write=True)[0]["took_effect"]


def test_a_refusal_is_late_or_lost_too(account):
    account.role()
    account.rules({"fault": "delay", "seconds": 0.5, "when": "after", "calls": [1]})
    account.rules({"fault": "lose_answer"})
    iam = account.client("iam")
    began = time.monotonic()
    refused("NoSuchEntity", lambda: get(iam))
    assert time.monotonic() - began >= 0.5
    with pytest.raises(ConnectionClosedError):
        get(iam)
    assert [(c["took_effect"], c["status"], c["code"]) for c in account.calls()] == [
        (False, 404, "NoSuchEntity"),
        (False, "reset", "NoSuchEntity"),
    ]


def test_stale_reads_after_a_write(account):
    account.role()
    account.rules({"service": "iam", "operation": "Get.*", "fault": "stale", "times": 2})
    iam = account.client("iam")
    assert iam.get_role(RoleName="app"), "nothing is stale before the first write"
    put(iam)
    refused("NoSuchEntity", lambda: get(iam))
    refused("NoSuchEntity", lambda: get(iam))
    assert get(iam)


def test_stale_reads_show_the_state_before_the_last_write(account):
    account.instance("orders", iam=False)
    account.control("POST", "transitions", account=account.id, busy=0)
    account.rules({"service": "rds", "operation": "Describe.*", "fault": "stale", "times": 1})
    rds, who = account.client("rds"), {"DBInstanceIdentifier": "orders"}
    rds.modify_db_instance(**who, ApplyImmediately=True, EnableIAMDatabaseAuthentication=True)
    flags = [rds.describe_db_instances(**who)["DBInstances"][0]["IAMDatabaseAuthenticationEnabled"] for _ in range(2)]
    assert flags == [False, True]


def test_rule_by_parameters_and_by_number(account):
    account.role("one"), account.role("two")
    account.rules({"operation": "GetRole", "parameters": {"RoleName": "two"}, "calls": [2], "fault": "throttle"})
    iam = account.client("iam")
    for name in ("one", "two", "one"):
        iam.get_role(RoleName=name)
    refused("Throttling", iam.get_role, RoleName="two")
    iam.get_role(RoleName="two")
    rule = next(r for r in account.control("GET", "rules")["rules"] if r["account"] == account.id)
    assert (rule["matched"], rule["struck"]) == (3, 1)


def test_rules_keep_to_their_account(account, other_account):
    account.rules({"fault": "throttle"})
    refused("Throttling", account.client("iam").list_roles)
    other_account.client("iam").list_roles()
    account.control("DELETE", "rules", account=account.id)
    account.client("iam").list_roles()


@pytest.mark.parametrize(
    "rule, words",
    [
        ({"fault": "explode"}, "fault must be one of"),
        ({"fault": "throttle", "service": "iam", "op": "x"}, "takes no op"),
        ({"fault": "delay"}, "lacks an argument"),
        ({"fault": "error"}, "lacks an argument"),
        ({"fault": "stale", "writes": "("}, "writes is no regular expression"),
        ({"fault": "stale", "reads": -1}, "reads must be an integer from 0"),
    ],
)
def test_ill_formed_rules(account, rule, words):
    with pytest.raises(ValueError, match=words):
        account.rules(rule)


def test_record_tells_who_called_what(account):
    account.role()
    iam = account.client("iam")
    put(iam)
    answer = get(iam)
    refused("NoSuchEntity", lambda: get(iam, "none"))
    calls = account.calls()
    assert calls[1]["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert len({c["request_id"] for c in calls}) == 3
    assert [c["operation"] for c in calls] == ["PutRolePolicy", "GetRolePolicy", "GetRolePolicy"]
    assert [c["write"] for c in calls] == [True, False, False]
    assert [c["code"] for c in calls] == [None, None, "NoSuchEntity"]
    assert calls[0]["parameters"]["PolicyName"] == "p"
    assert calls[0]["caller"] == f"arn:aws:iam::{account.id}:user/administrator"
    assert account.calls(operation="PutRolePolicy") == calls[:1]
    account.control("DELETE", "calls", account=account.id)
    assert account.calls() == []


def test_new_role_that_is_not_found_for_a_while(account):
    rule = {"service": "iam", "operation": "(Get|Put|Tag|Attach).*Role.*", "parameters": {"RoleName": "app"}}
    told = {"code": "NoSuchEntity", "message": "The role with name app cannot be found.", "status": 404}
    account.rules(rule | told | {"fault": "error", "times": 2})
    account.role()
    iam = account.client("iam")
    for _ in range(2):
        refused("NoSuchEntity", lambda: put(iam))
    put(iam)


def policy_of(account, *names):
    """A key policy by whose statements one can tell it."""
    policy = allow("kms:*", "*", Principal={"AWS": f"arn:aws:iam::{account.id}:root"})
    return json.dumps(policy | {"Statement": [policy["Statement"][0] | {"Sid": name} for name in names]})


def sids(kms, key):
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    return [statement["Sid"] for statement in policy["Statement"]]


def test_key_policy_before_the_last_write_again_and_again(account):
    kms = account.client("kms")
    keys = [account.control("POST", "keys", account=account.id, policy=policy_of(account, "a"))["id"] for _ in "12"]
    account.rules({"operation": "GetKeyPolicy", "parameters": {"KeyId": keys[0]}, "fault": "stale", "times": 3})
    kms.put_key_policy(KeyId=keys[0], Policy=policy_of(account, "a", "b"))
    kms.put_key_policy(KeyId=keys[1], Policy=policy_of(account, "c"))  # another key's write ends nothing
    assert sids(kms, keys[1]) == ["c"]
    assert [sids(kms, keys[0]) for _ in range(4)] == [["a"], ["a"], ["a"], ["a", "b"]]


def test_each_write_is_unseen_by_so_many_reads(account):
    kms = account.client("kms")
    key = account.control("POST", "keys", account=account.id, policy=policy_of(account, "a"))["id"]
    account.rules({"operation": "GetKeyPolicy", "fault": "stale", "writes": "PutKeyPolicy", "reads": 2})
    for before, now in (["a"], ["a", "b"]), (["a", "b"], ["c"]):
        kms.put_key_policy(KeyId=key, Policy=policy_of(account, *now))
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "data"}])  # is none of the `writes`
        assert [sids(kms, key) for _ in range(3)] == [before, before, now]


def test_new_key_that_is_not_found_for_a_while(account):
    kms = account.client("kms")
    account.rules({"operation": "DescribeKey", "fault": "stale", "writes": "CreateKey", "times": 2})
    account.rules({"operation": "List(Keys|Aliases)", "fault": "stale", "times": 2})
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/own", TargetKeyId=key)
    refused("NotFoundException", kms.describe_key, KeyId=key)
    refused("NotFoundException", kms.describe_key, KeyId="alias/own")
    assert kms.describe_key(KeyId=key)
    lists = [[a["AliasName"] for a in kms.list_aliases()["Aliases"] if "TargetKeyId" in a] for _ in range(3)]
    assert lists == [[], [], ["alias/own"]]
    assert kms.list_keys()["Keys"]


def test_new_key_that_is_not_listed_for_a_while(account):
    kms = account.client("kms")
    account.rules({"operation": "ListKeys", "fault": "stale", "times": 2})
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert [[k["KeyId"] for k in kms.list_keys()["Keys"]] for _ in range(3)] == [[], [], [key]]


def test_stale_lists_of_databases(account):
    account.rules({"operation": "DescribeDBInstances", "fault": "stale", "writes": "CreateDBInstance", "times": 1})
    rds = account.client("rds")
    what = {"Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20}
    what |= {"MasterUsername": "boss", "MasterUserPassword": "long-enough"}
    rds.create_db_instance(DBInstanceIdentifier="orders", **what)
    assert [len(rds.describe_db_instances()["DBInstances"]) for _ in range(2)] == [0, 1]


def test_writes_are_never_stale_and_other_regions_neither(account):
    account.control("POST", "keys", account=account.id, region="eu-west-1", alias="alias/far")
    account.rules({"service": "kms", "fault": "stale"})
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/own", TargetKeyId=key)
    kms.delete_alias(AliasName="alias/own")
    assert account.client("kms", region="eu-west-1").describe_key(KeyId="alias/far")
    account.control("DELETE", "rules", account=account.id)
    refused("NotFoundException", kms.describe_key, KeyId="alias/own")


def test_stale_reads_of_a_database_that_is_about_to_reboot(account):
    rds, who = account.client("rds"), {"DBInstanceIdentifier": "orders"}
    account.control("POST", "transitions", account=account.id, busy=0, queued=1, rebooting=1)
    what = {"Engine": "postgres", "DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20}
    rds.create_db_instance(**who, **what, MasterUsername="boss", ManageMasterUserPassword=True)
    rds.reboot_db_instance(**who)
    account.rules({"operation": "DescribeDBInstances", "fault": "stale", "times": 2})
    rds.add_tags_to_resource(ResourceName=rds_arn(account), Tags=[{"Key": "team", "Value": "data"}])
    seen = [rds.describe_db_instances(**who)["DBInstances"][0] for _ in range(5)]
    statuses = [found["DBInstanceStatus"] for found in seen]
    assert statuses == ["available", "rebooting", "available", "rebooting", "available"], "the copy has its own looks"
    assert [len(found["TagList"]) for found in seen] == [0, 0, 1, 1, 1]


def rds_arn(account):
    return f"arn:aws:rds:us-east-1:{account.id}:db:orders"
