"""IAM: roles that are a service's own. This comes before all other rules, which look into the role."""

from stage.aws import moto_backend
from stage.aws.errors import AwsError
from stage.aws.identity import role_or_none

from . import before

_SERVICE_LINKED = "/aws-service-role/"
#: What only AWS does to a role that is linked to a service.
_PROTECTED = [
    *("AddRoleToInstanceProfile", "AttachRolePolicy", "DeleteRole", "DeleteRolePermissionsBoundary"),
    *("DeleteRolePolicy", "DetachRolePolicy", "PutRolePermissionsBoundary", "PutRolePolicy"),
    *("RemoveRoleFromInstanceProfile", "UpdateAssumeRolePolicy", "UpdateRole"),
]


@before("iam", *_PROTECTED)
def role_is_not_the_services_own(_aws, call):
    """Of a role that is linked to a service, users change the description and no more."""
    role = role_or_none(moto_backend.iam(call.account, call.partition), call.parameters["RoleName"])
    only_described = call.operation == "UpdateRole" and "MaxSessionDuration" not in call.parameters
    if role and role.path.startswith(_SERVICE_LINKED) and not only_described:
        message = f"Cannot perform the operation on the protected role '{role.name}'"
        raise AwsError("UnmodifiableEntity", f"{message} - this role is only modifiable by AWS")
