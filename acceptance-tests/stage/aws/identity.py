"""Who calls: access keys, the accounts they belong to, and what their owners may do."""

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass, field

from . import moto_backend
from .errors import AwsError, denied, no_such_entity
from .policy import EVERYTHING, Permissions, Question, document
from .signature import request_is_signed_by

_ADMINISTRATOR_KEY = re.compile(r"AKIA(\d{12})TEST")
#: What the caller must be allowed as well to give what it makes tags at once.
_TAGGING = {"CreateRole": "TagRole", "CreateUser": "TagUser", "CreatePolicy": "TagPolicy"}
_TAGGING |= {f"CreateDB{what}": "AddTagsToResource" for what in ("Instance", "Cluster", "ParameterGroup")}
_TAGGING |= {"CreateDBClusterParameterGroup": "AddTagsToResource", "CreateBlueGreenDeployment": "AddTagsToResource"}
#: The parameters of DMS that name what a call is about, the narrowest first.
_OF_DMS = ("ReplicationTaskArn", "ReplicationConfigArn", "ResourceArn", "EndpointArn", "CertificateArn")
_OF_DMS += ("ReplicationInstanceArn",)
_EXPLICIT = "with an explicit deny in an identity-based policy"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def administrator_key(account):
    """The access key id of an account's administrator: the account is written in it."""
    return f"AKIA{account}TEST"


def administrator_secret(account):
    """The secret access key of an account's administrator."""
    return f"stage-secret-access-key-for-{account}"


@dataclass
class Identity:
    """A caller. `principal` is the IAM ARN that policies name: a session's is its role's."""

    account: str
    arn: str
    user_id: str
    principal: str
    secret: str
    token: str = ""
    expires: float = None
    kind: str = "administrator"
    name: str = "administrator"
    session_name: str = None
    session_policies: list = None
    session_tags: dict = field(default_factory=dict)
    transitive_tags: dict = field(default_factory=dict)


class Identities:
    """Every access key the stage knows: administrators, IAM users in moto, sessions minted here."""

    def __init__(self):
        self._sessions = {}
        self._clocks = {}

    def now(self, account):
        """The time as an account sees it, in seconds since the epoch."""
        return self.then(account, time.time())

    def then(self, account, moment):
        """The time as an account saw it at a moment in the past: what was made then has aged since by what the clock
        was moved."""
        offsets = (offset for since, offset in reversed(self._clocks.get(account, [])) if since <= moment)
        return moment + next(offsets, 0)

    def set_clock(self, account, offset):
        """Moves an account's clock: the sessions and database tokens that there are age by it."""
        # Tokens bear whole seconds. Those of before must not have the same one as those of afterwards.
        time.sleep(1 - time.time() % 1)
        self._clocks.setdefault(account, []).append((int(time.time()), offset))

    def find(self, access_key, partition="aws"):
        """The owner of an access key, or None."""
        if found := _ADMINISTRATOR_KEY.fullmatch(access_key):
            return _administrator(found.group(1), partition)
        if access_key in self._sessions:
            return self._sessions[access_key]
        for account in moto_backend.iam_accounts():
            backend = moto_backend.iam(account, partition)
            key = backend.access_keys.get(access_key)
            if key and key.user_name in backend.users and key.status == "Active":
                return _user(backend.users[key.user_name], key)
        return None

    def authenticate(self, call):
        """Sets the call's identity, or refuses as AWS does."""
        json = "x-amz-target" in call.headers
        identity = self.find(call.access_key, call.partition)
        invalid = "UnrecognizedClientException" if json else "InvalidClientTokenId"
        refusal = AwsError(invalid, "The security token included in the request is invalid.", 403)
        if not identity:
            raise refusal
        call.identity = identity
        if identity.token != call.headers.get("x-amz-security-token", ""):
            raise refusal
        if identity.expires and self.now(identity.account) >= identity.expires:
            expired = "ExpiredTokenException" if json else "ExpiredToken"
            raise AwsError(expired, "The security token included in the request is expired", 403)
        if not request_is_signed_by(call, identity.secret):
            code = "InvalidSignatureException" if json else "SignatureDoesNotMatch"
            raise AwsError(
                code,
                "The request signature we calculated does not match the signature you provided. "
                "Check your AWS Secret Access Key and signing method.",
                403,
            )

    def mint(self, role, session_name, seconds, policies=None, tags=None, transitive_tags=None):
        """A session of a role; of its tags, it hands on the transitive ones. A negative life makes one that has already
        expired."""
        key = "ASIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16))
        account, partition = role.account_id, role.partition
        session = Identity(
            account=account,
            arn=f"arn:{partition}:sts::{account}:assumed-role/{role.name}/{session_name}",
            user_id=f"{role.id}:{session_name}",
            principal=role.arn,
            secret=secrets.token_urlsafe(30),
            # As long as AWS's own, because the length has broken clients.
            token=base64.b64encode(secrets.token_bytes(525)).decode(),
            expires=self.now(account) + seconds,
            kind="role",
            name=role.name,
            session_name=session_name,
            session_policies=[document(p) for p in policies] if policies else None,
            session_tags=tags or {},
            transitive_tags=transitive_tags or {},
        )
        self._sessions[key] = session
        return key, session


def _administrator(account, partition):
    arn = f"arn:{partition}:iam::{account}:user/administrator"
    user_id = "AIDA" + base64.b32encode(hashlib.sha256(account.encode()).digest())[:17].decode()
    return Identity(account, arn, user_id, arn, administrator_secret(account))


def _user(user, key):
    return Identity(
        account=user.account_id,
        arn=user.arn,
        user_id=user.id,
        principal=user.arn,
        secret=key.secret_access_key,
        kind="user",
        name=user.name,
    )


def permissions(identity):
    """What IAM, as it stands now, lets an identity do."""
    if identity.kind == "administrator":
        return EVERYTHING
    backend = moto_backend.iam(identity.account, identity.arn.split(":")[1])
    if identity.kind == "user":
        user = backend.users.get(identity.name)
        owners = [user, *backend.get_groups_for_user(identity.name)] if user else []
        boundary = user and user.permissions_boundary_arn
    else:
        role = role_or_none(backend, identity.name)
        # A role that was deleted and made again is another role: its old sessions are worth nothing.
        owners = [role] if role and identity.user_id.startswith(f"{role.id}:") else []
        boundary = role and role.permissions_boundary_arn
    granted = [p for owner in owners for p in _policies(owner)]
    limit = [_managed(backend, boundary)] if boundary else None
    return Permissions(granted, identity.session_policies, limit)


def context(identity, region, **more):
    """The condition keys that AWS sets for a caller, by lower-case name."""
    keys = {
        "aws:principalarn": identity.principal,
        "aws:principalaccount": identity.account,
        "aws:principaltype": "AssumedRole" if identity.kind == "role" else "User",
        "aws:userid": identity.user_id,
        "aws:requestedregion": region,
        "aws:currenttime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "aws:epochtime": str(int(time.time())),
    }
    if identity.kind != "role":
        keys["aws:username"] = identity.name
    tags = dict(_tags(identity)) | identity.session_tags
    keys |= {f"aws:principaltag/{name.lower()}": value for name, value in tags.items()}
    return keys | more


def authorize(call):
    """Refuses a call that the caller's policies do not allow. Administrators may do everything."""
    identity = call.identity
    unchecked = ("GetCallerIdentity", "AssumeRole")  # the first is free, the second has rules of its own
    if identity.kind == "administrator" or (call.service == "sts" and call.operation in unchecked):
        return
    for operation in filter(None, (call.operation, call.parameters.get("Tags") and _TAGGING.get(call.operation))):
        check(call, f"{call.service}:{operation}", _resource(call))


def check(call, action, resource, more=None):
    """Refuses what the caller's own policies do not allow. `more` are condition keys."""
    question = Question(action, resource, context(call.identity, call.region, **(more or {})))
    own = permissions(call.identity)
    if not own.allow(question):
        reason = f"because no identity-based policy allows the {action} action"
        raise denied(call, action, resource, _EXPLICIT if own.deny(question) else reason)


def role_or_none(backend, name):
    """A role of moto's by name."""
    return next((role for role in backend.roles.values() if role.name == name), None)


def user_or_fail(backend, name):
    """A user of moto's by name; NoSuchEntity in AWS's words otherwise."""
    if name not in backend.users:
        raise no_such_entity("user", name)
    return backend.users[name]


def _resource(call):
    """The ARN a call is about, as far as IAM policies need it; None where the stage cannot tell."""
    parameters, account, partition = call.parameters, call.account, call.partition
    if call.service == "iam":
        backend = moto_backend.iam(account, partition)
        if name := parameters.get("RoleName"):
            role = role_or_none(backend, name)
            return role.arn if role else f"arn:{partition}:iam::{account}:role/{name}"
        for kind, key, owners in (("user", "UserName", backend.users), ("group", "GroupName", backend.groups)):
            if name := parameters.get(key):
                return owners[name].arn if name in owners else f"arn:{partition}:iam::{account}:{kind}/{name}"
    if call.service == "rds":
        prefix = f"arn:{partition}:rds:{call.region}:{account}"
        for kind, key in (("db", "DBInstanceIdentifier"), ("cluster", "DBClusterIdentifier")):
            if name := parameters.get(key):
                return name if name.startswith("arn:") else f"{prefix}:{kind}:{name.lower()}"
    if call.service == "dms":
        return next((parameters[name] for name in _OF_DMS if parameters.get(name)), None)
    return None


def _policies(owner):
    yield from (document(text) for text in owner.policies.values())
    yield from (_default_version(policy) for policy in owner.managed_policies.values())


def _default_version(policy):
    return next(document(v.document) for v in policy.versions if v.version_id == policy.default_version_id)


def _managed(backend, arn):
    policy = backend.managed_policies.get(arn)
    return _default_version(policy) if policy else {"Statement": []}


def _tags(identity):
    if identity.kind == "administrator":
        return
    backend = moto_backend.iam(identity.account, identity.arn.split(":")[1])
    role = role_or_none(backend, identity.name) if identity.kind == "role" else None
    user = backend.users.get(identity.name) if identity.kind == "user" else None
    for tag in (role.tags if role else user.tags if user else None) or ():
        yield tag["Key"], tag["Value"]
