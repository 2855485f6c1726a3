"""RDS: IAM roles of DB instances and clusters, which RDS assumes for a feature."""

from moto.rds.models import AssociatedRole

from stage.aws.errors import AwsError

from . import after, before
from .rds_state import find, is_instance
from .sts import find_role, service_may_assume

_SERVICE = "rds.amazonaws.com"
_ADDING = ("AddRoleToDBInstance", "AddRoleToDBCluster")
_REMOVING = ("RemoveRoleFromDBInstance", "RemoveRoleFromDBCluster")


def associate(database, arn, feature, looks):
    """Gives a role to an instance or cluster; it is pending for so many looks."""
    role = AssociatedRole(arn, feature)
    role.status, role.stage_looks = "PENDING", looks
    database._associated_roles = [*database.associated_roles, role]
    _advance(role)


def progress_roles(database):
    """One look at the roles of an instance or cluster; a member of a cluster has none."""
    for role in database.__dict__.get("_associated_roles", []):
        if role.__dict__.get("stage_looks"):
            role.stage_looks -= 1
            _advance(role)


@before("rds", *_ADDING)
def role_can_be_added(_aws, call):
    """The database is available, and neither the role nor the feature is associated with it yet."""
    database, feature = find(call, call.parameters), call.parameters.get("FeatureName", "")
    if database.status != "available":
        raise _busy(call, database, feature)
    for role in database.associated_roles:
        if role.role_arn == call.parameters["RoleArn"] or role.feature_name == feature:
            code = f"DB{'Instance' if is_instance(call) else 'Cluster'}RoleAlreadyExists"
            raise AwsError(code, "The specified RoleArn or FeatureName value is already associated.")


@after("rds", *_ADDING)
def role_is_pending(aws, call):
    """moto takes any role, at once."""
    database, parameters = find(call, call.parameters), call.parameters
    database._associated_roles = database.associated_roles[:-1]
    looks = aws.transition_of(call.account)["busy"]
    associate(database, parameters["RoleArn"], parameters.get("FeatureName", ""), looks)


@before("rds", *_REMOVING)
def remove_role(_aws, call):
    """moto cannot."""
    database, feature = find(call, call.parameters), call.parameters.get("FeatureName", "")
    if database.status != "available":
        raise _busy(call, database, feature)
    wanted = call.parameters["RoleArn"], feature
    kept = [role for role in database.associated_roles if (role.role_arn, role.feature_name) != wanted]
    if len(kept) == len(database.associated_roles):
        code = f"DB{'Instance' if is_instance(call) else 'Cluster'}RoleNotFound"
        message = f"The specified RoleArn doesn't match the specified feature for {call.parameters['RoleArn']}."
        raise AwsError(code, message, 404)
    database._associated_roles = kept
    return {}


def _advance(role):
    if role.stage_looks:
        return
    found = find_role(role.role_arn)
    role.status = "ACTIVE" if found is not None and service_may_assume(found, _SERVICE) else "INVALID"


def _busy(call, database, feature):
    if is_instance(call):
        name = database.db_instance_identifier
        message = f"The status for the {name} DB instance is {database.status}. "
        message += f"The DB instance is not available for {feature} feature."
        return AwsError("InvalidDBInstanceState", message)
    message = (
        f"DB Cluster {database.db_cluster_identifier} is not available for IAM role association, disassociation, or "
        f"updates. Current DB cluster status: {database.status}"
    )
    return AwsError("InvalidDBClusterStateFault", message)
