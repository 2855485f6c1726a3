"""Whether a database token lets somebody in: what RDS checks when a user of rds_iam logs in."""

import hmac
import re
import threading
import time
from calendar import timegm
from functools import partial
from urllib.parse import unquote, urlsplit

from stage.aws import identity
from stage.aws.policy import Question
from stage.aws.signature import canonical_query, sign

#: Seconds for which a token is good at most.
LIFE = 900

_REQUIRED = {"Action", "DBUser", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires"}
_REQUIRED |= {"X-Amz-SignedHeaders", "X-Amz-Signature"}
_OPTIONAL = {"X-Amz-Security-Token"}
_SCOPE = re.compile(r"([A-Za-z0-9]{4,128})/(\d{8})/([a-z0-9-]+)/rds-db/aws4_request")
_EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_SKEW = 300


class Refused(Exception):
    """Why a token does not let its bearer in. The client is not told; the record of logins is."""


class Logins:
    """Decides token logins and keeps a record of them."""

    def __init__(self, aws, endpoint_of):
        self._aws, self._endpoint_of = aws, endpoint_of
        self._lock, self._record = threading.Lock(), []

    def check(self, address, user, token):
        """Whether this token lets this user in at the endpoint with this address."""
        endpoint = self._endpoint_of(address)
        entry = {"time": round(time.time(), 3), "user": user, "accepted": False, "reason": None}
        entry |= {"host": endpoint.host, "account": endpoint.account} if endpoint else {}
        try:
            with self._aws.lock:
                entry["caller"] = verify(token, user, endpoint, self._aws.identities)
            entry["accepted"] = True
        except Refused as reason:
            entry["reason"] = str(reason)
        except Exception as error:  # a malformed token must not look like a dead server
            entry["reason"] = f"{type(error).__name__}: {error}"
        with self._lock:
            self._record.append(entry)
        return entry["accepted"]

    def record(self, account=None):
        """Every login with a token, oldest first."""
        with self._lock:
            return [e for e in self._record if account in (None, e.get("account"))]


def verify(token, user, endpoint, identities):
    """The ARN of the caller whom a token lets in as `user`; Refused otherwise."""
    if endpoint is None:
        raise Refused("no such endpoint")
    if not endpoint.iam_enabled():
        raise Refused("IAM authentication is off")
    parts, fields = _parse(token)
    if parts.netloc != f"{endpoint.host}:{endpoint.port}":
        raise Refused(f"the token is for the host {parts.netloc}")
    if fields["DBUser"] != user:
        raise Refused(f"the token is for the user {fields['DBUser']!r}")
    scope = _SCOPE.fullmatch(fields["X-Amz-Credential"])
    fixed = {"Action": "connect", "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-SignedHeaders": "host"}
    if not scope or any(fields[name] != value for name, value in fixed.items()):
        raise Refused("the token is not one for rds-db:connect")
    key, _, region = scope.groups()
    if region != endpoint.region:
        raise Refused(f"the token is for the region {region}")
    caller = identities.find(key)
    if caller is None or caller.token != fields.get("X-Amz-Security-Token", ""):
        raise Refused("the access key or session token is unknown")
    _check_time(fields, caller, partial(identities.then, endpoint.account))
    _check_signature(parts, fields, region, caller.secret)
    _check_policy(user, endpoint, caller)
    return caller.arn


def _parse(token):
    parts = urlsplit(f"https://{token}")
    fields = {}
    for pair in parts.query.split("&"):
        name, _, value = pair.partition("=")
        if fields.setdefault(unquote(name), unquote(value)) != unquote(value):
            raise Refused("a field is given twice")
    if parts.path != "/" or not _REQUIRED <= set(fields) <= _REQUIRED | _OPTIONAL:
        raise Refused("not a database token")
    return parts, fields


def _check_time(fields, caller, as_seen):
    stamp, life = fields["X-Amz-Date"], int(fields["X-Amz-Expires"])
    now, issued = as_seen(time.time()), as_seen(timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ")))
    if not 0 < life <= LIFE:
        raise Refused(f"a life of {life} seconds is not allowed")
    if issued > now + _SKEW:
        raise Refused("the token is from the future")
    if now >= issued + life:
        raise Refused("the token has expired")
    if caller.expires and now >= caller.expires:
        raise Refused("the credentials have expired")


def _check_signature(parts, fields, region, secret):
    query = canonical_query((n, v) for n, v in fields.items() if n != "X-Amz-Signature")
    canonical = f"GET\n/\n{query}\nhost:{parts.netloc}\n\nhost\n{_EMPTY}"
    expected = sign(secret, fields["X-Amz-Date"], region, "rds-db", canonical)
    dated = fields["X-Amz-Credential"].split("/")[1] == fields["X-Amz-Date"][:8]
    if not dated or not hmac.compare_digest(expected, fields["X-Amz-Signature"]):
        raise Refused("the signature is wrong")


def _check_policy(user, endpoint, caller):
    partition = caller.arn.split(":")[1]
    prefix = f"arn:{partition}:rds-db:{endpoint.region}:{endpoint.account}:dbuser"
    resource = f"{prefix}:{endpoint.resource_id()}/{user}"
    tags = {f"aws:resourcetag/{name.lower()}": value for name, value in endpoint.tags().items()}
    question = Question("rds-db:connect", resource, identity.context(caller, endpoint.region, **tags))
    if caller.account != endpoint.account:
        raise Refused(f"{caller.arn} is of another account")
    if not identity.permissions(caller).allow(question):
        raise Refused(f"{caller.arn} may not rds-db:connect on {resource}")
