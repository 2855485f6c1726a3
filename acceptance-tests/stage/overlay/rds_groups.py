"""RDS: parameter groups as moto keeps them, the default ones included."""

from moto.rds.models import DBClusterParameterGroup, DBParameterGroup

from stage.aws.errors import AwsError
from stage.catalogue import engines, parameters


def groups(backend, cluster):
    """The parameter groups of an account and region, by name; `cluster`: those of clusters."""
    return backend.db_cluster_parameter_groups if cluster else backend.db_parameter_groups


def find_group(backend, name, cluster):
    """A group by name, a default one too. AWS says that it is absent in the words of the operations on groups."""
    name = name.lower()
    known = groups(backend, cluster)
    families = engines.CLUSTER_FAMILIES if cluster else engines.KNOWN_FAMILIES
    family = name.removeprefix("default.")
    if name not in known and is_default(name) and family in families:
        description = f"Default {'cluster ' if cluster else ''}parameter group for {family}"
        known[name] = make_group(backend, name, family, description, cluster)
    if name not in known:
        noun = "DBClusterParameterGroup" if cluster else "DBParameterGroup"
        raise AwsError("DBParameterGroupNotFound", f"{noun} not found: {name}", 404)
    return known[name]


def make_group(backend, name, family, description, cluster):
    """A group that is not yet among those of the account."""
    if cluster:
        return DBClusterParameterGroup(backend, name, description, family)
    return DBParameterGroup(backend, name, description, family)


def is_default(name):
    """Whether a group is one of AWS's own."""
    return name.startswith("default.")


def family_of_group(group):
    """The parameter group family of a group."""
    return group.family if isinstance(group, DBParameterGroup) else group.db_parameter_group_family


def catalogue_of(group):
    """The parameters that a group has, by name, as they are before anybody sets one."""
    return parameters(family_of_group(group), isinstance(group, DBClusterParameterGroup))


def values_of(group):
    """The values that users set in a group, by the name of the parameter."""
    return {name: kept["ParameterValue"] for name, kept in group.parameters.items()}


def default_group_of(engine, version):
    """The name of the group that a database has if it was given none."""
    return f"default.{engines.family_of(engine, version)}"
