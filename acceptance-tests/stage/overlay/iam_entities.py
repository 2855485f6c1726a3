"""IAM: unique ids, permissions boundaries of users, and all that an account has."""

import random

from moto.iam.models import SERVICE_NAME_CONVERSION, Group, InstanceProfile, Policy, User
from moto.iam.utils import AWS_ROLE_ALPHABET

from stage.aws import moto_backend
from stage.aws.errors import AwsError

from . import after, before
from .iam import find_owner

_ID_LENGTH = 21
_MOST_ITEMS = 100


@before("iam", "RemoveRoleFromInstanceProfile")
def role_is_in_the_profile(_aws, call):
    """Only what is in a profile can be taken out of it."""
    profile = _backend(call).instance_profiles.get(call.parameters["InstanceProfileName"])
    if profile and find_owner(call, "Role") not in profile.roles:
        message = f"The role with name {call.parameters['RoleName']} cannot be found in the instance profile."
        raise AwsError("NoSuchEntity", message, 404)


@after("iam", "CreateRole", "CreateServiceLinkedRole")
def new_role(_aws, call):
    """A new role is shown without its session length and its last use, which GetRole shows."""
    if call.operation == "CreateServiceLinkedRole":
        *_, role = _backend(call).roles.values()
    else:
        role = find_owner(call, "Role")
    return {"Role": _New(role)}


@after("iam", "CreateUser")
def keep_boundary(_aws, call):
    """moto drops the permissions boundary of a user."""
    user = find_owner(call, "User")
    user.permissions_boundary_arn = call.parameters.get("PermissionsBoundary")
    return {"User": user}


@before("iam", "PutUserPermissionsBoundary", "DeleteUserPermissionsBoundary")
def change_boundary(_aws, call):
    """A user has one permissions boundary at most."""
    user = find_owner(call, "User")
    user.permissions_boundary_arn = call.parameters.get("PermissionsBoundary")
    return {}


@before("iam", "GetAccountAuthorizationDetails")
def account_in_pages(_aws, call):
    """Users, groups, roles and policies in one list, which comes in pages."""
    details = _backend(call).get_account_authorization_details(call.parameters.get("Filter", []))
    lists = {"UserDetailList": "users", "GroupDetailList": "groups"}
    lists |= {"RoleDetailList": "roles", "Policies": "managed_policies"}
    items = [(name, item) for name, kind in lists.items() for item in details[kind]]
    marker = call.parameters.get("Marker", "0")
    if not marker.isdigit():
        raise AwsError("ValidationError", f"Invalid Marker: {marker}")
    start, end = int(marker), int(marker) + call.parameters.get("MaxItems", _MOST_ITEMS)
    answer = {name: [item for of, item in items[start:end] if of == name] for name in lists}
    return answer | {"IsTruncated": end < len(items)} | ({"Marker": str(end)} if end < len(items) else {})


class _New:
    """A role as it is shown when it is made."""

    max_session_duration = role_last_used = None

    def __init__(self, role):
        self._role = role

    def __getattr__(self, name):
        return getattr(self._role, name)


def _backend(call):
    return moto_backend.iam(call.account, call.partition)


def _unique_id(prefix):
    def get(self):
        return self.__dict__["stage_id"]

    def put(self, _):
        # An instance profile gets its id before its account: what of the id is the account's is of no use here.
        letters = random.SystemRandom().choices(AWS_ROLE_ALPHABET, k=_ID_LENGTH - len(prefix))
        self.__dict__["stage_id"] = prefix + "".join(letters)

    return property(get, put)


def _boundary(self):
    arn = self.permissions_boundary_arn
    return arn and {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}


# moto names the role of RDS otherwise than AWS.
SERVICE_NAME_CONVERSION["rds"] = "RDS"
User.id, Group.id = _unique_id("AIDA"), _unique_id("AGPA")
Policy.id, InstanceProfile.id = _unique_id("ANPA"), _unique_id("AIPA")
# moto shows the name of a managed policy only where it is attached.
Policy.policy_name = property(lambda self: self.name)
User.permissions_boundary_arn, User.permissions_boundary = None, property(_boundary)
