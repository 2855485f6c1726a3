"""The part of the control that seeds and shows keys and secrets, and calls AWS as somebody."""

import json
import secrets
import time
import uuid

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import UndefinedModelAttributeError
from moto.core.utils import utcnow

from stage.aws import moto_backend
from stage.overlay import kms_grants, kms_keys, secretsmanager

_REGION = "us-east-1"
_STATES = ("Enabled", "Disabled", "PendingDeletion", "PendingImport")


class Keys:
    """Handlers like Control's. A refusal is a ValueError."""

    def __init__(self, aws, describe):
        self._aws, self._describe = aws, describe
        self.routes = {
            ("GET", "keys"): self.keys,
            ("POST", "keys"): self.create_key,
            ("GET", "key-policies"): self.key_policy,
            ("POST", "key-policies"): self.put_key_policy,
            ("GET", "secrets"): self.secrets,
            ("POST", "secrets"): self.create_secret,
            ("DELETE", "secrets"): self.delete_secret,
            ("POST", "youths"): self.set_youth,
            ("POST", "calls"): self.call,
            ("POST", "round-trips"): self.round_trip,
        }

    def create_key(self, account, alias=None, policy=None, state="Enabled", tags=None, region=_REGION, key=None, **kind):
        """A key with or without an alias, or another state for one that is there. `kind` is any of usage, spec, origin and
        description."""
        kind = {"usage": "ENCRYPT_DECRYPT", "spec": "SYMMETRIC_DEFAULT", "origin": "AWS_KMS", "description": ""} | kind
        if state not in _STATES or len(kind) > 4:
            raise ValueError(f"a key has usage, spec, origin, description, and a state of {', '.join(_STATES)}")
        with self._aws.lock:
            if key:
                there = _find(account, key, region)
                there.key_state, there.enabled = state, state == "Enabled"
                return {"id": there.id, "arn": there.arn}
            backend = moto_backend.kms(account, region)
            wanted = [{"TagKey": name, "TagValue": value} for name, value in (tags or {}).items()]
            about = (kind["usage"], kind["spec"], kind["description"], wanted)
            made = backend.create_key(policy and _text(policy), *about, origin=kind["origin"])
            if alias:
                kms_keys.add_alias(backend, alias, made)
            if state == "PendingDeletion":
                backend.schedule_key_deletion(made.id, 7)
            made.key_state, made.enabled = state, state == "Enabled"
            return {"id": made.id, "arn": made.arn, "alias": alias}

    def keys(self, account, key=None, region=_REGION):
        """All that there is of the customer's keys, or of one, oldest first."""
        with self._aws.lock:
            backend = moto_backend.kms(account, region)
            found = [_find(account, key, region)] if key else backend.keys.values()
            return {"keys": [_key(backend, k) for k in found if key or k.key_manager == "CUSTOMER"]}

    def key_policy(self, account, key, region=_REGION):
        """The policy of a key, by id, ARN or alias, as GetKeyPolicy would show it."""
        with self._aws.lock:
            return {"policy": json.loads(_find(account, key, region).policy)}

    def put_key_policy(self, account, key, policy, region=_REGION):
        """Writes a key policy, as somebody else would; it is not checked."""
        with self._aws.lock:
            _find(account, key, region).policy = _text(policy)
        return {}

    def secrets(self, account, name=None, region=_REGION):
        """All that there is of a secret, its values by version too, or of all secrets by name."""
        with self._aws.lock:
            if name:
                return _secret(self._secret(account, name, region))
            found = dict.values(moto_backend.secretsmanager(account, region).secrets)
            return {"secrets": {secret.name: _secret(secret) for secret in found}}

    def create_secret(self, account, name, value=None, key=None, tags=None, region=_REGION):
        """A secret, or another value for one that is there, as somebody else would write it. `value` is text or JSON,
        `key` a KMS key by id, ARN or alias."""
        with self._aws.lock:
            there = name in moto_backend.secretsmanager(account, region).secrets
            listed = [{"Key": k, "Value": v} for k, v in (tags or {}).items()]
            secret = self._secret(account, name, region) if there else secretsmanager.make(account, region, name)
            secret.tags = listed if tags is not None else secret.tags
            secret.kms_key_id = _find(account, key, region).arn if key else secret.kms_key_id
            if value is not None:
                version = {"secret_string": _text(value)}
                version = secretsmanager.add_version(secret, str(uuid.uuid4()), version)
                version["stage_key"] = secret.kms_key_id
            return {"name": name, "arn": secret.arn, "version": secret.default_version_id}

    def delete_secret(self, account, name, days=None, region=_REGION):
        """Takes a secret away, as somebody else would; with `days`, marks it for deletion."""
        with self._aws.lock:
            secret = self._secret(account, name, region)
            if days is None:
                dict.pop(moto_backend.secretsmanager(account, region).secrets, secret.name)
            else:
                secret.deleted_date = time.time() + int(days) * 86400
        return {}

    def _secret(self, account, name, region):
        secrets = moto_backend.secretsmanager(account, region).secrets
        if name not in secrets:
            raise ValueError(f"there is no secret {name}")
        return secrets[name]

    def set_youth(self, account, service, looks=0, seconds=0):
        """How long roles and users that calls make from now on are unknown as principals to iam or kms."""
        self._aws.youths.set(account, service, int(looks), float(seconds))
        return {}

    def call(self, credentials, service, operation, parameters=None, region=_REGION):
        """One AWS call as somebody: the answer, or the error that AWS gives."""
        if not {"access_key_id", "secret_access_key"} <= set(credentials):
            raise ValueError("credentials have access_key_id, secret_access_key and perhaps session_token")
        try:
            answer = self._client(credentials, service, region)._make_api_call(operation, parameters or {})
        except ClientError as error:
            return {"error": {"code": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}}
        except (BotoCoreError, UndefinedModelAttributeError) as error:
            raise ValueError(str(error)) from error
        answer.pop("ResponseMetadata", None)
        return {"answer": answer}

    def round_trip(self, credentials, key, region=_REGION):
        """A data key made and decrypted again as somebody; the error if either is refused."""
        made = self.call(credentials, "kms", "GenerateDataKey", {"KeyId": key, "KeySpec": "AES_256"}, region)
        if "error" in made:
            return made
        blob = made["answer"]["CiphertextBlob"]
        opened = self.call(credentials, "kms", "Decrypt", {"CiphertextBlob": blob}, region)
        if "error" in opened:
            return opened
        return {"same": secrets.compare_digest(opened["answer"]["Plaintext"], made["answer"]["Plaintext"])}

    def _client(self, credentials, service, region):
        return botocore.session.get_session().create_client(
            service,
            region_name=region,
            endpoint_url=self._describe()["front"],
            aws_access_key_id=credentials["access_key_id"],
            aws_secret_access_key=credentials["secret_access_key"],
            aws_session_token=credentials.get("session_token"),
            config=Config(retries={"total_max_attempts": 1}),
        )


def _key(backend, key):
    grants = [
        {
            "name": grant.name,
            "grantee": kms_grants.principal_of(grant),
            "operations": sorted(grant.operations),
            "constraints": grant.constraints,
        }
        for grant in key.grants.values()
    ]
    return {
        "id": key.id,
        "arn": key.arn,
        "aliases": sorted(key.aliases),
        "description": key.description,
        "state": key.key_state,
        "deleted": round((key.deletion_date - utcnow()).total_seconds() / 86400) if key.deletion_date else None,
        "rotation": key.__dict__.get("stage_rotation", (365,))[0] if key.key_rotation_status else None,
        "tags": backend.tagger.get_tag_dict_for_resource(key.id),
        "policy": json.loads(key.policy),
        "grants": sorted(grants, key=json.dumps),
    }


def _secret(secret):
    values = {i: v.get("secret_string", v.get("secret_binary")) for i, v in secret.versions.items()}
    return {
        "name": secret.name,
        "arn": secret.arn,
        "description": secret.description,
        "value": values.get(secret.default_version_id),
        "values": values,
        "stages": {i: v["version_stages"] for i, v in secret.versions.items()},
        "key": secret.kms_key_id,
        "policy": secret.policy and json.loads(secret.policy),
        "tags": {tag["Key"]: tag["Value"] for tag in secret.tags or []},
        "deleted": round((secret.deleted_date - time.time()) / 86400) if secret.deleted_date else None,
    }


def _find(account, name, region):
    resource = name.split(":", 5)[-1]
    key = kms_keys.key_in(account, region, resource if "/" in resource else f"key/{resource}")
    if key is None:
        raise ValueError(f"there is no key {name}")
    return key


def _text(policy):
    return policy if isinstance(policy, str) else json.dumps(policy)
