"""KMS: key policies, what they may say and whom they let use a key."""

import json
import time

import pytest

from .conftest import allow, refused

INVALID = "Policy contains a statement with one or more invalid principals."
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
ACTIONS = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]


class Key:
    """A key of an account, with the calls on its policy."""

    def __init__(self, account, **more):
        self.account, self.kms = account, account.client("kms")
        self.id, self.arn = self.kms.create_key(**more)["KeyMetadata"]["KeyId"], None
        self.arn = self.kms.describe_key(KeyId=self.id)["KeyMetadata"]["Arn"]

    def put(self, *statements, **more):
        return self.kms.put_key_policy(KeyId=self.id, Policy=policy(*statements), **more)

    def get(self):
        return json.loads(self.kms.get_key_policy(KeyId=self.id)["Policy"])

    def trip(self, credentials):
        """What a data key's round trip ends in for somebody: True or the code of the refusal."""
        answer = self.account.control("POST", "round-trips", credentials=credentials, key=self.id)
        return answer.get("same") or answer["error"]["code"]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(principal, action="kms:*", **more):
    principal = {"AWS": principal} if isinstance(principal, (str, list)) else principal
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": "*"} | more


def delegation(account):
    return statement(f"arn:aws:iam::{account.id}:root")


def make_role(account, name="app"):
    """A role made by a call."""
    trust = policy({"Effect": "Allow", "Principal": {"AWS": account.id}, "Action": "sts:AssumeRole"})
    return account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]


def test_default_policy_in_the_layout_of_aws(account):
    key = Key(account)
    assert key.kms.get_key_policy(KeyId=key.id)["Policy"] == (
        '{\n  "Version" : "2012-10-17",\n  "Id" : "key-default-1",\n  "Statement" : [ {\n'
        '    "Sid" : "Enable IAM User Permissions",\n    "Effect" : "Allow",\n'
        f'    "Principal" : {{\n      "AWS" : "arn:aws:iam::{account.id}:root"\n    }},\n'
        '    "Action" : "kms:*",\n    "Resource" : "*"\n  } ]\n}'
    )


def test_policy_round_trip(account):
    key, role = Key(account), account.role()
    users = statement([role["arn"], f"arn:aws:iam::{account.id}:user/administrator"], ACTIONS, Sid="Use of the key")
    service = statement({"Service": "rds.amazonaws.com"}, "kms:Decrypt")
    key.put(delegation(account), users, service)
    assert key.get()["Statement"] == [delegation(account), users, service]
    raw = account.control("GET", "key-policies", account=account.id, key=key.id)["policy"]
    assert raw == key.get()


def test_account_ids_become_arns(account):
    key = Key(account)
    key.put(statement(account.id))
    assert key.get()["Statement"] == [delegation(account)]


def test_policy_at_creation(account):
    key = Key(account, Policy=policy(delegation(account), statement(account.role()["arn"], ACTIONS)))
    assert len(key.get()["Statement"]) == 2


@pytest.mark.parametrize(
    "principal",
    [
        "arn:aws:iam::{account}:role/nobody",
        "arn:aws:iam::{account}:user/nobody",
        "arn:aws:iam::{account}:group/team",
        "arn:aws:sts::{account}:assumed-role/nobody/session",
        "AROAABCDEFGHIJKLMNOPQ",
        "AIDAABCDEFGHIJKLMNOPQ",
        "somebody",
    ],
)
def test_principals_that_do_not_exist(account, principal):
    key, principal = Key(account), principal.format(account=account.id)
    text = policy(delegation(account), statement(principal, ACTIONS))
    for call, more in ((key.kms.put_key_policy, {"KeyId": key.id}), (key.kms.create_key, {})):
        assert refused("MalformedPolicyDocumentException", call, Policy=text, **more) == INVALID
    assert len(key.get()["Statement"]) == 1, "the old policy is untouched"
    assert len(key.kms.list_keys()["Keys"]) == 1, "a refused key is not made"


def test_services_that_do_not_exist(account):
    key, text = Key(account), policy(delegation(account), statement({"Service": "rds"}))
    assert refused("MalformedPolicyDocumentException", key.kms.put_key_policy, KeyId=key.id, Policy=text) == INVALID


def test_deleted_principal_is_shown_by_its_id_and_spoils_the_next_write(account):
    key, role = Key(account), make_role(account)
    users = statement(role["Arn"], ACTIONS)
    key.put(delegation(account), users)
    account.client("iam").delete_role(RoleName="app")
    assert key.get()["Statement"][1]["Principal"] == {"AWS": role["RoleId"]}
    assert refused("MalformedPolicyDocumentException", lambda: key.put(*key.get()["Statement"])) == INVALID
    again = make_role(account)
    assert again["RoleId"] != role["RoleId"]
    assert key.get()["Statement"][1]["Principal"] == {"AWS": role["RoleId"]}, "another role of the same name"
    key.put(delegation(account), users)
    assert key.get()["Statement"][1]["Principal"] == {"AWS": role["Arn"]}


def test_policy_written_by_somebody_else_is_not_checked(account):
    key, stale = Key(account), statement("AROAABCDEFGHIJKLMNOPQ", ACTIONS)
    text = json.loads(policy(delegation(account), stale))
    account.control("POST", "key-policies", account=account.id, key=key.arn, policy=text)
    assert key.get() == text


@pytest.mark.parametrize("setting", [{"looks": 2}, {"seconds": 1}])
def test_young_principals_are_absent_for_a_while(account, setting):
    account.control("POST", "youths", account=account.id, service="kms", **setting)
    key, role = Key(account), make_role(account)
    statements = delegation(account), statement(role["Arn"], ACTIONS)
    for _ in range(setting.get("looks", 1)):
        assert refused("MalformedPolicyDocumentException", key.put, *statements) == INVALID
    time.sleep(setting.get("seconds", 0))
    key.put(*statements)


def test_lockout(account):
    key, role = Key(account), account.role()
    only_role = statement(role["arn"])
    for call in (lambda: key.put(only_role), lambda: Key(account, Policy=policy(only_role))):
        assert refused("MalformedPolicyDocumentException", call) == LOCKED_OUT
    use_only = statement(f"arn:aws:iam::{account.id}:root", ACTIONS)
    assert refused("MalformedPolicyDocumentException", lambda: key.put(use_only)) == LOCKED_OUT
    denied = statement(f"arn:aws:iam::{account.id}:root", "kms:PutKeyPolicy", Effect="Deny")
    assert refused("MalformedPolicyDocumentException", lambda: key.put(delegation(account), denied)) == LOCKED_OUT
    key.put(statement(f"arn:aws:iam::{account.id}:user/administrator", "kms:Put*"))


def test_lockout_that_is_asked_for(account):
    key, role = Key(account), account.role()
    key.put(statement(role["arn"]), BypassPolicyLockoutSafetyCheck=True)
    message = refused("AccessDeniedException", lambda: key.put(delegation(account)))
    assert message == (
        f"User: arn:aws:iam::{account.id}:user/administrator is not authorized to perform: kms:PutKeyPolicy "
        f"on resource: {key.arn} because no resource-based policy allows the kms:PutKeyPolicy action"
    )


def test_size_of_a_policy(account):
    key = Key(account)
    padding = 32768 - len(policy(delegation(account), statement(account.id, Sid="")))
    key.put(delegation(account), statement(account.id, Sid="x" * padding))
    refused(
        "LimitExceededException", lambda: key.put(delegation(account), statement(account.id, Sid="x" * (padding + 1)))
    )


@pytest.mark.parametrize("text", ["{", '{"Version": "2012-10-17"}', policy({"Effect": "Allow"}), policy()])
def test_policies_that_are_malformed(account, text):
    key = Key(account)
    refused("MalformedPolicyDocumentException", key.kms.put_key_policy, KeyId=key.id, Policy=text)


def test_a_key_has_only_the_default_policy(account):
    key = Key(account)
    assert key.kms.list_key_policies(KeyId=key.id)["PolicyNames"] == ["default"]
    refused("NotFoundException", key.kms.get_key_policy, KeyId=key.id, PolicyName="other")


def test_use_by_the_policy_of_the_key_alone(account):
    key, role = Key(account), account.role()
    session = account.session(role)
    assert key.trip(session) == "AccessDeniedException"
    key.put(delegation(account), statement(role["arn"], ACTIONS))
    assert key.trip(session) is True
    key.put(delegation(account), statement(role["arn"], ["kms:GenerateDataKey"]))
    assert key.trip(session) == "AccessDeniedException"


def test_use_by_iam_needs_the_delegation(account):
    key = Key(account)
    role = account.role(policies={"p": allow(ACTIONS, key.arn)})
    session = account.session(role)
    assert key.trip(session) is True
    key.put(statement(f"arn:aws:iam::{account.id}:user/administrator"))
    assert key.trip(session) == "AccessDeniedException"
    key.put(delegation(account))
    account.control(
        "POST", "policies", account=account.id, owner="role/app", name="p", document=allow(ACTIONS[1:], key.arn)
    )
    message = refused("AccessDeniedException", decrypt(key, session))
    assert "on the resource associated with this ciphertext because no identity-based policy" in message


def decrypt(key, credentials):
    blob = key.kms.encrypt(KeyId=key.id, Plaintext=b"x")["CiphertextBlob"]
    kms = key.account.client("kms", credentials)
    return lambda: kms.decrypt(CiphertextBlob=blob)


def test_denial_wins(account):
    key = Key(account)
    role = account.role(policies={"p": allow("kms:*", "*")})
    session = account.session(role)
    key.put(delegation(account), statement(role["arn"], "kms:Decrypt", Effect="Deny"))
    assert "explicit deny in a resource-based policy" in refused("AccessDeniedException", decrypt(key, session))
    key.put(delegation(account), statement(role["arn"]))
    account.control(
        "POST", "policies", account=account.id, owner="role/app", name="d", document=allow("kms:*", "*", "Deny")
    )
    assert "explicit deny in an identity-based policy" in refused("AccessDeniedException", decrypt(key, session))


def test_conditions(account):
    key, role = Key(account), account.role()
    session = account.session(role)
    via = {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}
    key.put(delegation(account), statement(role["arn"], ACTIONS, Condition=via))
    assert key.trip(session) == "AccessDeniedException"
    wanted = {"kms:EncryptionContext:app": "orders", "kms:CallerAccount": account.id, "aws:ResourceTag/team": "data"}
    wanted = {"StringEquals": wanted}
    key.kms.tag_resource(KeyId=key.id, Tags=[{"TagKey": "team", "TagValue": "data"}])
    key.put(delegation(account), statement(role["arn"], ACTIONS, Condition=wanted))
    kms, more = account.client("kms", session), {"KeyId": key.id, "KeySpec": "AES_256"}
    assert kms.generate_data_key(EncryptionContext={"app": "orders"}, **more)
    refused("AccessDeniedException", kms.generate_data_key, EncryptionContext={"app": "other"}, **more)


def test_role_that_was_made_again_has_lost_its_use(account):
    key, role = Key(account), make_role(account)
    key.put(delegation(account), statement(role["Arn"], ACTIONS))
    account.client("iam").delete_role(RoleName="app")
    session = account.session({"arn": make_role(account)["Arn"]})
    assert key.trip(session) == "AccessDeniedException"


def test_calls_without_a_key_are_up_to_iam(account):
    role = account.role(policies={"p": allow("kms:CreateKey", "*")})
    kms = account.client("kms", account.session(role))
    key = kms.create_key(BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]
    message = refused("AccessDeniedException", kms.create_key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    assert "kms:TagResource" in message
    assert "kms:ListKeys on resource: *" in refused("AccessDeniedException", kms.list_keys)
    refused("AccessDeniedException", kms.create_alias, AliasName="alias/app", TargetKeyId=key["KeyId"])


def test_boundary_binds_what_the_key_gives(account):
    key, iam = Key(account), account.client("iam")
    role = make_role(account)
    key.put(delegation(account), statement(role["Arn"], ACTIONS))
    session = account.session({"arn": role["Arn"]})
    assert key.trip(session) is True
    text = json.dumps(allow("kms:Decrypt", key.arn))
    bound = iam.create_policy(PolicyName="bound", PolicyDocument=text)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=bound)
    assert key.trip(session) == "AccessDeniedException"
