"""Principals in trust, key and secret policies: whom they mean, who exists, and what is shown of the deleted."""

import json
import re
import time
from dataclasses import dataclass

from . import moto_backend
from .policy_grammar import as_list

_SERVICE = re.compile(r"[a-z0-9][a-z0-9.-]*\.(amazonaws\.com(\.cn)?|aws\.internal|api\.aws)")
_ACCOUNT = re.compile(r"\d{12}")


@dataclass
class Youth:
    """How long a service does not know a new role or user: a number of looks, and then seconds of the clock."""

    looks: int = 0
    seconds: float = 0
    born: float = 0

    def is_over(self):
        """One look: whether the principal is known by now."""
        if self.looks > 0:
            self.looks -= 1
            return False
        return time.time() >= self.born + self.seconds


class Youths:
    """How long, in each account, new roles and users stay unknown to each service."""

    def __init__(self):
        self._settings = {}

    def set(self, account, service, looks=0, seconds=0):
        """For principals made by IAM calls from now on."""
        self._settings[account, service] = (looks, seconds)

    def begin(self, owner):
        """A role or user has just been made."""
        owner.stage_youth = {
            service: Youth(looks, seconds, time.time())
            for (account, service), (looks, seconds) in self._settings.items()
            if account == owner.account_id
        }


def means(statement, caller, account=True, everyone=True):
    """Whether a statement's principal means a caller: by ARN, and if asked for as somebody of an `account` or as
    `everyone`."""
    if "NotPrincipal" in statement:
        return not means({"Principal": statement["NotPrincipal"]}, caller)
    names = _names(statement, "AWS")
    if any(name in (caller.arn, caller.principal) for name in names) or (everyone and "*" in names):
        return True
    return account and means_account(statement, caller.account, caller.arn.split(":")[1])


def means_account(statement, account, partition):
    """Whether a statement's principal is an account as a whole."""
    wanted = (account, root(account, partition))
    return any(name in wanted for name in _names(statement, "AWS"))


def unknown(policy, service):
    """The principals of a policy that a service does not know, as (kind, name)."""
    for statement in as_list(policy["Statement"]):
        principal = statement.get("Principal", statement.get("NotPrincipal"))
        for kind, names in principal.items() if isinstance(principal, dict) else ():
            for name in as_list(names):
                if not _is_known(kind, name, service):
                    yield kind, name


def is_known(name, service):
    """Whether an account, role, user or session exists, in any account, and a service knows it by now."""
    return _is_known("AWS", name, service)


def root(account, partition):
    """The ARN of an account as a whole."""
    return f"arn:{partition}:iam::{account}:root"


def bound(kept, partition):
    """A property that holds a policy as AWS does: account ids become ARNs, and who is deleted is shown by the unique
    id, also after somebody else has got the name. `partition` tells an object's partition."""

    def put(self, text):
        if text is None:
            self.__dict__[kept] = None, {}
            return
        text = renamed(text, lambda name: root(name, partition(self)) if _ACCOUNT.fullmatch(name) else name)
        self.__dict__[kept] = text, unique_ids(_aws_names(text))

    def get(self):
        text, ids = self.__dict__[kept]
        return renamed(text, lambda name: shown(name, ids)) if ids else text

    return property(get, put)


def unique_ids(names):
    """The unique id of each name that is a role's or user's ARN."""
    found = {name: find(name) for name in names}
    return {name: owner.id for name, owner in found.items() if owner}


def shown(name, ids):
    """A principal as AWS shows it: by its unique id once it is deleted."""
    owner = find(name) if name in ids else None
    return name if name not in ids or (owner and owner.id == ids[name]) else ids[name]


def renamed(text, rename):
    """A policy with its AWS principals renamed; the same text if none is."""
    if all(rename(name) == name for name in _aws_names(text)):
        return text
    policy = json.loads(text)
    for statement in as_list(policy["Statement"]):
        for element in ("Principal", "NotPrincipal"):
            if isinstance(statement.get(element), dict) and "AWS" in statement[element]:
                names = statement[element]["AWS"]
                one = isinstance(names, str)
                statement[element]["AWS"] = rename(names) if one else [rename(name) for name in names]
    return json.dumps(policy)


def find(arn):
    """The role or user with this ARN, or None."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or not _ACCOUNT.fullmatch(parts[4]):
        return None
    backend = moto_backend.iam(parts[4], parts[1])
    owners = {"role": backend.roles, "user": backend.users}.get(parts[5].partition("/")[0], {})
    return next((owner for owner in owners.values() if owner.arn == arn), None)


def _is_known(kind, name, service):
    if kind == "Service":
        return _SERVICE.fullmatch(name) is not None
    if kind != "AWS" or name == "*" or _ACCOUNT.fullmatch(name):
        return True
    parts = name.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn" or not _ACCOUNT.fullmatch(parts[4]):
        return False
    _, partition, of, _, account, resource = parts
    if of == "sts" and resource.startswith("assumed-role/"):
        roles = moto_backend.iam(account, partition).roles.values()
        owner = next((role for role in roles if role.name == resource.split("/")[1]), None)
    elif of == "iam" and resource in ("root", "user/administrator"):
        return True
    else:
        owner = find(name)
    youth = owner.__dict__.get("stage_youth", {}).get(service) if owner else None
    return owner is not None and (youth is None or youth.is_over())


def _names(statement, kind):
    principal = statement.get("Principal", {})
    return ["*"] if principal == "*" else as_list(principal.get(kind, []))


def _aws_names(text):
    try:
        statements = as_list(json.loads(text)["Statement"])
    except (ValueError, TypeError, KeyError):
        return []
    principals = (s.get(e) for s in statements if isinstance(s, dict) for e in ("Principal", "NotPrincipal"))
    return [name for p in principals if isinstance(p, dict) for name in as_list(p.get("AWS", []))]
