"""IAM: roles, their quotas and tags."""

from stage.aws import moto_backend
from stage.aws.errors import AwsError

from . import before
from .iam import find_owner, size

#: Characters of a trust policy, white space not counted.
TRUST_QUOTA = 2048
#: Characters of a managed policy, white space not counted.
MANAGED_QUOTA = 6144
#: Managed policies of a role.
ATTACHMENT_QUOTA = 10
#: Tags of a role.
TAG_QUOTA = 50

_ON_A_ROLE = [
    *("UpdateRole", "UpdateRoleDescription", "UpdateAssumeRolePolicy", "DeleteRole", "ListInstanceProfilesForRole"),
    *("TagRole", "UntagRole", "ListRoleTags", "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies"),
    *("PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"),
]


@before("iam", *_ON_A_ROLE)
def role_exists(_aws, call):
    """AWS's words for a role that does not exist."""
    find_owner(call, "Role")


@before("iam", "CreateRole", "UpdateAssumeRolePolicy")
def trust_fits(_aws, call):
    """Trust policies are short."""
    parameters = call.parameters
    if size(parameters.get("AssumeRolePolicyDocument") or parameters["PolicyDocument"]) > TRUST_QUOTA:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for ACLSizePerRole: {TRUST_QUOTA}", 409)


@before("iam", "CreatePolicy", "CreatePolicyVersion")
def managed_policy_fits(_aws, call):
    """Managed policies are not long either."""
    if size(call.parameters["PolicyDocument"]) > MANAGED_QUOTA:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_QUOTA}", 409)


@before("iam", "AttachRolePolicy")
def attachments_fit(_aws, call):
    """A role takes a few managed policies."""
    attached = find_owner(call, "Role").managed_policies
    if call.parameters["PolicyArn"] not in attached and len(attached) >= ATTACHMENT_QUOTA:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {ATTACHMENT_QUOTA}", 409)


@before("iam", "DetachRolePolicy")
def policy_is_attached(_aws, call):
    """Only what is attached can be detached."""
    arn = call.parameters["PolicyArn"]
    if arn not in find_owner(call, "Role").managed_policies:
        raise AwsError("NoSuchEntity", f"Policy {arn} was not found.", 404)


@before("iam", "UpdateRole")
def update_role(_aws, call):
    """A description that is not given stays; a session length that is not given becomes an hour."""
    role = find_owner(call, "Role")
    role.description = call.parameters.get("Description", role.description)
    role.max_session_duration = str(call.parameters.get("MaxSessionDuration", 3600))
    return {}


@before("iam", "CreateRole", "TagRole")
def tag_keys_are_different(_aws, call):
    """Within one call, keys must differ in more than case."""
    names = [tag["Key"].lower() for tag in call.parameters.get("Tags", [])]
    if len(set(names)) != len(names):
        message = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
        raise AwsError("InvalidInput", message)


@before("iam", "TagRole")
def tag_role(_aws, call):
    """A tag takes the place of one whose key differs in case only."""
    role, tags = find_owner(call, "Role"), call.parameters["Tags"]
    kept = _without(role.tags, [tag["Key"] for tag in tags])
    if len(kept) + len(tags) > TAG_QUOTA:
        raise AwsError("LimitExceeded", "The number of tags has reached the maximum limit.", 409)
    role.tags = kept + tags
    return {}


@before("iam", "UntagRole")
def untag_role(_aws, call):
    """Without these tags, whether it had them or not."""
    role = find_owner(call, "Role")
    role.tags = _without(role.tags, call.parameters["TagKeys"])
    return {}


@before("iam", "DeletePolicy")
def boundary_is_not_in_use(_aws, call):
    """A policy that bounds a role or user stays."""
    arn, backend = call.parameters["PolicyArn"], moto_backend.iam(call.account, call.partition)
    if any(owner.permissions_boundary_arn == arn for owner in [*backend.roles.values(), *backend.users.values()]):
        raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.", 409)


def _without(tags, names):
    names = {name.lower() for name in names}
    return [tag for tag in tags if tag["Key"].lower() not in names]
