"""Secrets Manager: who may read and write secrets, and the KMS keys that protect them."""

import json

import pytest

from .conftest import allow, refused, trust
from .test_kms_policies import ACTIONS, Key, delegation, make_role, statement

READ = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
WRITE = ["secretsmanager:CreateSecret", "secretsmanager:PutSecretValue"]
NO_KMS = "Access to KMS is not allowed"
SERVICE, TAG = "rds.amazonaws.com", {"assumer": "loader"}


def seed(account, name="app", **more):
    return account.control("POST", "secrets", account=account.id, name=name, value="x", **more)


def reader(account, role):
    """A call that reads secret `app` as a session of a role."""
    client = account.client("secretsmanager", account.session(role))
    return lambda name="app": client.get_secret_value(SecretId=name)["SecretString"]


def both(*statements):
    """A policy of several."""
    return {"Version": "2012-10-17", "Statement": [s for p in statements for s in p["Statement"]]}


@pytest.mark.parametrize("state", ["disable_key", "schedule_key_deletion"])
def test_writing_under_a_key_that_does_not_work(account, state):
    key, secrets, code = Key(account), account.client("secretsmanager"), "EncryptionFailure"
    secrets.create_secret(Name="there", KmsKeyId=key.id, SecretString="x")
    getattr(key.kms, state)(KeyId=key.id)
    message = refused(code, secrets.create_secret, Name="app", KmsKeyId=key.id, SecretString="x")
    assert message.startswith("Secrets Manager can't encrypt the protected secret text using the provided KMS key.")
    refused("ResourceNotFoundException", secrets.describe_secret, SecretId="app")
    refused(code, secrets.put_secret_value, SecretId="there", SecretString="y")
    message = refused("DecryptionFailure", secrets.get_secret_value, SecretId="there")
    assert message == "Secrets Manager can't decrypt the protected secret text using the provided KMS key."


@pytest.mark.parametrize("key", ["alias/none", "12345678-1234-1234-1234-123456789012", "nonsense"])
def test_writing_under_a_key_that_does_not_exist(account, key):
    call = account.client("secretsmanager").create_secret
    message = refused("InvalidParameterException", call, Name="app", KmsKeyId=key, SecretString="x")
    assert message.startswith("The operation failed because of an invalid KMS key: ")


def test_key_of_another_account(account, other_account):
    key, call = Key(other_account), account.client("secretsmanager").create_secret
    assert refused("AccessDeniedException", call, Name="app", KmsKeyId=key.arn, SecretString="x") == NO_KMS
    key.put(delegation(other_account), statement(account.id, ["kms:GenerateDataKey", "kms:Decrypt"]))
    call(Name="app", KmsKeyId=key.arn, SecretString="x")
    assert account.client("secretsmanager").describe_secret(SecretId="app")["KmsKeyId"] == key.arn


def test_key_by_alias_and_the_services_own_key(account):
    key, secrets = Key(account), account.client("secretsmanager")
    key.kms.create_alias(AliasName="alias/app", TargetKeyId=key.id)
    secrets.create_secret(Name="app", KmsKeyId="alias/app", SecretString="x")
    assert secrets.describe_secret(SecretId="app")["KmsKeyId"] == "alias/app"
    secrets.update_secret(SecretId="app", KmsKeyId="alias/aws/secretsmanager")
    assert "KmsKeyId" not in secrets.describe_secret(SecretId="app")


def test_values_follow_the_key_of_the_secret(account):
    old, new, secrets = Key(account), Key(account), account.client("secretsmanager")
    first = secrets.create_secret(Name="app", KmsKeyId=old.id, SecretString="one")["VersionId"]
    secrets.put_secret_value(SecretId="app", SecretString="two")
    secrets.put_secret_value(SecretId="app", SecretString="three")
    secrets.update_secret(SecretId="app", KmsKeyId=new.id)
    old.kms.disable_key(KeyId=old.id)
    assert secrets.get_secret_value(SecretId="app", VersionStage="AWSPREVIOUS")["SecretString"] == "two"
    refused("DecryptionFailure", secrets.get_secret_value, SecretId="app", VersionId=first)


def test_services_own_key_is_not_for_other_accounts(account, other_account):
    key, secrets = Key(account), account.client("secretsmanager")
    arn = secrets.create_secret(Name="app", SecretString="one")["ARN"]
    shared = allow("secretsmanager:*", "*", Principal={"AWS": other_account.id})
    secrets.put_resource_policy(SecretId="app", ResourcePolicy=json.dumps(shared))
    abroad = other_account.client("secretsmanager")
    assert abroad.describe_secret(SecretId=arn)["Name"] == "app"
    for call, more in (abroad.get_secret_value, {}), (abroad.put_secret_value, {"SecretString": "two"}):
        message = refused("InvalidRequestException", call, SecretId=arn, **more)
        assert message.startswith("You can't access a secret from a different AWS account")
    assert secrets.get_secret_value(SecretId="app")["SecretString"] == "one"
    key.put(delegation(account), statement(other_account.id, ["kms:GenerateDataKey", "kms:Decrypt"]))
    secrets.update_secret(SecretId="app", KmsKeyId=key.arn, SecretString="three")
    assert abroad.get_secret_value(SecretId=arn)["SecretString"] == "three"


def test_reading_needs_permission(account):
    arn = seed(account)["arn"]
    read = reader(account, account.role(policies={"p": allow(READ[1], arn)}))
    message = refused("AccessDeniedException", read)
    assert message == (
        f"User: arn:aws:sts::{account.id}:assumed-role/app/stage is not authorized to perform: "
        f"secretsmanager:GetSecretValue on resource: {arn} "
        "because no identity-based policy allows the secretsmanager:GetSecretValue action"
    )
    account.control("POST", "policies", account=account.id, owner="role/app", name="p", document=allow(READ, arn))
    assert read() == "x"
    seed(account, "other")
    refused("AccessDeniedException", read, "other")


def test_creating_needs_permission(account):
    resource = f"arn:aws:secretsmanager:us-east-1:{account.id}:secret:app/*"
    role = account.role(policies={"p": allow(WRITE, resource)})
    create = account.client("secretsmanager", account.session(role)).create_secret
    assert create(Name="app/one", SecretString="x")
    refused("AccessDeniedException", create, Name="other", SecretString="x")
    message = refused("AccessDeniedException", create, Name="app/two", Tags=[{"Key": "a", "Value": "b"}])
    assert "secretsmanager:TagResource" in message


def test_reading_needs_the_key_too(account):
    key = Key(account)
    arn = seed(account, key=key.id)["arn"]
    role = account.role(policies={"p": allow(READ, arn)})
    read = reader(account, role)
    assert refused("AccessDeniedException", read) == NO_KMS
    via = {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com", "kms:EncryptionContext:SecretARN": arn}
    key.put(delegation(account), statement(role["arn"], "kms:Decrypt", Condition={"StringEquals": via}))
    assert read() == "x"
    direct = account.client("kms", account.session(role))
    blob = key.kms.encrypt(KeyId=key.id, Plaintext=b"x", EncryptionContext={"SecretARN": arn})["CiphertextBlob"]
    refused("AccessDeniedException", direct.decrypt, CiphertextBlob=blob, EncryptionContext={"SecretARN": arn})


def test_writing_needs_the_key_too(account):
    key, resource = Key(account), f"arn:aws:secretsmanager:us-east-1:{account.id}:secret:*"
    role = account.role(policies={"p": allow([*WRITE, *READ], resource)})
    create = account.client("secretsmanager", account.session(role)).create_secret
    wanted = {"Name": "app", "KmsKeyId": key.id, "SecretString": "x"}
    for actions in ("kms:GenerateDataKey", "kms:Decrypt"):
        key.put(delegation(account), statement(role["arn"], actions))
        assert refused("AccessDeniedException", create, **wanted) == NO_KMS
    key.put(delegation(account), statement(role["arn"], ["kms:GenerateDataKey", "kms:Decrypt"]))
    assert create(**wanted)


def test_resource_policy(account, other_account):
    key = Key(account)
    arn, may_decrypt = seed(account, key=key.id)["arn"], allow("kms:Decrypt", key.arn)
    role, foreign = account.role(), other_account.role("guest", policies={"p": both(allow(READ, arn), may_decrypt)})
    key.put(delegation(account), statement([role["arn"], foreign["arn"]], "kms:Decrypt"))
    read, guest = reader(account, role), reader(other_account, foreign)

    def put(*statements):
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        account.client("secretsmanager").put_resource_policy(SecretId="app", ResourcePolicy=text)

    refused("AccessDeniedException", read)
    refused("AccessDeniedException", guest, arn)
    put(statement([role["arn"], foreign["arn"]], READ[0]))
    assert (read(), guest(arn)) == ("x", "x")
    put(statement(role["arn"], READ[0]), statement(role["arn"], READ[0], Effect="Deny"))
    assert "explicit deny in a resource-based policy" in refused("AccessDeniedException", read)


def test_resource_policy_round_trip(account):
    seed(account)
    secrets, role = account.client("secretsmanager"), make_role(account)
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId="app")
    policy = {"Version": "2012-10-17", "Statement": [statement(role["Arn"], READ[0])]}
    secrets.put_resource_policy(SecretId="app", ResourcePolicy=json.dumps(policy))
    assert json.loads(secrets.get_resource_policy(SecretId="app")["ResourcePolicy"]) == policy
    account.client("iam").delete_role(RoleName="app")
    shown = json.loads(secrets.get_resource_policy(SecretId="app")["ResourcePolicy"])
    assert shown["Statement"][0]["Principal"] == {"AWS": role["RoleId"]}
    secrets.delete_resource_policy(SecretId="app")
    assert "ResourcePolicy" not in secrets.get_resource_policy(SecretId="app")


@pytest.mark.parametrize(
    "code, statement_of, more",
    [
        ("MalformedPolicyDocumentException", statement("arn:aws:iam::111122223333:role/nobody"), {}),
        ("MalformedPolicyDocumentException", {"Effect": "Allow"}, {}),
        ("PublicPolicyException", statement("*"), {"BlockPublicPolicy": True}),
    ],
)
def test_resource_policies_that_are_refused(account, code, statement_of, more):
    seed(account)
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement_of]})
    refused(code, account.client("secretsmanager").put_resource_policy, SecretId="app", ResourcePolicy=text, **more)


class Loader:
    """A loader's role with its key and two secrets; only what is given is permitted."""

    def __init__(self, account):
        self.account, self.key = account, Key(account)
        self.arns = [seed(account, name, key=self.key.id)["arn"] for name in ("source", "destination")]
        self.role = account.role("loader", trust=trust({"Service": SERVICE}), tags=TAG)

    def permit(self, secrets=READ, keys=ACTIONS, in_key=ACTIONS):
        document = both(allow(secrets, self.arns), allow(keys, self.key.arn)) if keys else allow(secrets, self.arns)
        owner = {"account": self.account.id, "owner": "role/loader", "name": "p"}
        self.account.control("POST", "policies", document=document, **owner)
        own = statement(f"arn:aws:iam::{self.account.id}:user/administrator")
        self.key.put(own, *([statement(self.role["arn"], in_key)] if in_key else []))

    def works(self):
        """Whether a session of the service reads both secrets and decrypts."""
        session = self.account.session(self.role, service=SERVICE, required_tag=TAG)
        secrets = self.account.client("secretsmanager", session)
        try:
            for arn in self.arns:
                secrets.get_secret_value(SecretId=arn), secrets.describe_secret(SecretId=arn)
        except secrets.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
            return False
        return self.key.trip(session) is True


def test_loader_reads_both_secrets_and_decrypts(account):
    loader = Loader(account)
    loader.permit()
    assert loader.works()
    for action in READ:
        loader.permit(secrets=[a for a in READ if a != action])
        assert not loader.works()
    loader.permit(in_key=[])
    assert not loader.works(), "the key's policy does not leave it to IAM"
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        loader.permit(in_key=[a for a in ACTIONS if a != action])
        assert not loader.works()
    with pytest.raises(ValueError, match="is not tagged"):
        account.session(loader.role, service=SERVICE, required_tag={"assumer": "other"})


def test_youth_counts_for_secrets_too(account):
    seed(account)
    account.control("POST", "youths", account=account.id, service="secretsmanager", looks=1)
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement(make_role(account)["Arn"], READ)]})
    put = account.client("secretsmanager").put_resource_policy
    refused("MalformedPolicyDocumentException", put, SecretId="app", ResourcePolicy=text)
    put(SecretId="app", ResourcePolicy=text)
