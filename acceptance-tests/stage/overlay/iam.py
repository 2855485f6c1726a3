"""IAM: names, quotas and principals as AWS checks them."""

from moto.iam.models import Role

from stage.aws import moto_backend, principals
from stage.aws.errors import AwsError, no_such_entity
from stage.aws.identity import role_or_none, user_or_fail
from stage.aws.policy import document
from stage.aws.policy_grammar import as_list

from . import after, before

#: Characters, white space not counted, of all inline policies of one owner together.
INLINE_QUOTA = {"role": 10240, "user": 2048, "group": 5120}

_KIND_TOLD = {"AWS": "AWS", "Service": "SERVICE"}
_KINDS = {"Role": "role", "User": "user", "Group": "group"}
_OPERATIONS = [f"{verb}{kind}Policy" for verb in ("Put", "Get", "Delete") for kind in _KINDS]


@before("iam", *_OPERATIONS, *(f"List{kind}Policies" for kind in _KINDS))
def inline_policy(_aws, call):
    """The owner and the policy must exist, and all policies of the owner must fit its quota."""
    kind = next(kind for kind in _KINDS if kind in call.operation)
    owner, name = find_owner(call, kind), call.parameters.get("PolicyName")
    if call.operation.startswith("List"):
        return _page(call, sorted(owner.policies))
    if call.operation.startswith("Put"):
        others = sum(size(text) for other, text in owner.policies.items() if other != name)
        quota = INLINE_QUOTA[_KINDS[kind]]
        if others + size(call.parameters["PolicyDocument"]) > quota:
            message = f"Maximum policy size of {quota} bytes exceeded for {_KINDS[kind]} {owner.name}"
            raise AwsError("LimitExceeded", message, 409)
    elif name not in owner.policies:
        raise no_such_entity(f"{_KINDS[kind]} policy", name)
    return None


@before("iam", *(o for o in _OPERATIONS if o.startswith("Put")), "CreatePolicy", "CreatePolicyVersion")
def resources_are_of_the_partition(_aws, call):
    """A policy cannot name resources of another partition than its own."""
    for statement in as_list(document(call.parameters["PolicyDocument"])["Statement"]):
        for resource in as_list(statement.get("Resource", statement.get("NotResource"))):
            partition = resource.split(":")[1] if resource.startswith("arn:") else "*"
            if partition not in (call.partition, "*") and "$" not in partition:
                message = f'Partition "{partition}" is not valid for resource "{resource}".'
                raise AwsError("MalformedPolicyDocument", message)


@before("iam", "GetRole", "GetGroup")
def owner_exists(_aws, call):
    """AWS's words for a role or group that does not exist."""
    find_owner(call, call.operation.removeprefix("Get"))


@before("iam", "GetUser")
def get_user(_aws, call):
    """Without a name, the caller."""
    identity = call.identity
    if "UserName" in call.parameters:
        find_owner(call, "User")
        return None
    if identity.kind == "role":
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    if identity.kind == "user":
        return {"User": moto_backend.iam(call.account, call.partition).users[identity.name]}
    user = {"Path": "/", "UserName": identity.name, "UserId": identity.user_id, "Arn": identity.arn}
    return {"User": user | {"CreateDate": "2026-01-01T00:00:00Z"}}


@before("iam", "CreateRole")
def role_name_is_new(_aws, call):
    """Names that differ only in case are the same name."""
    name = call.parameters["RoleName"]
    if any(r.name.lower() == name.lower() for r in moto_backend.iam(call.account, call.partition).roles.values()):
        raise AwsError("EntityAlreadyExists", f"Role with name {name} already exists.", 409)


@before("iam", "CreateRole", "UpdateAssumeRolePolicy")
def trusted_principals_exist(_aws, call):
    """A trust policy may name only principals that exist, in any account."""
    text = call.parameters.get("AssumeRolePolicyDocument") or call.parameters["PolicyDocument"]
    for kind, name in principals.unknown(document(text), "iam"):
        raise AwsError("MalformedPolicyDocument", f'Invalid principal in policy: "{_KIND_TOLD[kind]}":"{name}"')


@after("iam", "CreateRole", "CreateUser")
def is_young(aws, call):
    """A new principal is not known everywhere at once."""
    aws.youths.begin(find_owner(call, call.operation.removeprefix("Create")))


@before("iam", "TagRole", "TagUser", "TagPolicy", "CreateRole", "CreateUser", "CreatePolicy")
def tag_keys_are_not_reserved(_aws, call):
    """Tag keys that begin with aws: belong to AWS."""
    if any(tag["Key"].lower().startswith("aws:") for tag in call.parameters.get("Tags", [])):
        raise AwsError("InvalidInput", "aws: prefixed tag key names are not allowed for external use.")


@before("iam", "CreateRole", "CreateUser", "PutRolePermissionsBoundary", "PutUserPermissionsBoundary")
def boundary_exists(_aws, call):
    """A permissions boundary must be a policy that exists; AWS-managed ones are taken to."""
    arn = call.parameters.get("PermissionsBoundary")
    if arn and ":iam::aws:" not in arn and arn not in _backend(call).managed_policies:
        raise AwsError("NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.", 404)


def find_owner(call, kind):
    """The role, user or group that a call names; NoSuchEntity in AWS's words otherwise."""
    backend, name = _backend(call), call.parameters[f"{kind}Name"]
    if kind == "User":
        return user_or_fail(backend, name)
    owner = role_or_none(backend, name) if kind == "Role" else backend.groups.get(name)
    if owner is None:
        raise no_such_entity(_KINDS[kind], name)
    return owner


def size(text):
    """What counts of a policy for a quota: everything but white space."""
    return len("".join(text.split()))


def _backend(call):
    return moto_backend.iam(call.account, call.partition)


def _page(call, names):
    start = int(call.parameters.get("Marker", 0))
    end = start + call.parameters.get("MaxItems", 100)
    more = end < len(names)
    return {"PolicyNames": names[start:end], "IsTruncated": more} | ({"Marker": str(end)} if more else {})


Role.assume_role_policy_document = principals.bound("stage_trust", lambda role: role.partition)
