"""RDS: what moto's objects show."""

import random
import string

from moto.rds.models import DBCluster, DBInstance, DBInstanceClustered, DBProxy

from .rds_application import application_of, effective, statuses
from .rds_groups import default_group_of
from .rds_keys import managed_password
from .rds_proxies import requires_iam
from .rds_state import change_of, host_suffix

#: The password of the master of what the control makes: it is not the one that lets in, which the server has.
SEEDED_PASSWORD = "not-the-real-one"

# What moto gives a cluster as its parameter group if it has none.
_DEFAULTS_OF_MOTO = ("default.aurora8.0", "default.neptune1.3")


def iam_enabled(database):
    """Whether IAM authentication is in force; for a member of a cluster, the cluster's; for a proxy, its own."""
    if isinstance(database, DBProxy):
        return requires_iam(database)
    owner = database.cluster if isinstance(database, DBInstanceClustered) else database
    return bool(owner.__dict__.get("stage_iam_enabled", False))


def resource_id_of(database):
    """The id of an instance, cluster or proxy in the ARNs of its database users."""
    if isinstance(database, DBProxy):
        return database.unique_id
    return database.db_cluster_resource_id if isinstance(database, DBCluster) else database.dbi_resource_id


def parameters_of(database):
    """The values that users set and that are in force in an instance or cluster; None for a proxy, which has none."""
    return None if isinstance(database, DBProxy) else effective(database)


def server_parameters_of(database):
    """The same for the server of an instance, or of a cluster, where the writer's own group goes before the cluster's.
    MySQL has the event scheduler on, and MariaDB has not."""
    writer = database.writer if isinstance(database, DBCluster) else None
    default = {} if database.engine == "mariadb" else {"event_scheduler": "ON"}
    return default | effective(writer or database)


def master_of(database):
    """Name and password of the master and the first database of an instance or cluster; None for a proxy, and for what
    the control made: that has the master and the database of the server behind it."""
    # moto lets nobody read the password.
    password = managed_password(database) or database.__dict__.get("_master_user_password")
    if isinstance(database, DBProxy) or password == SEEDED_PASSWORD:
        return None
    first = database.database_name if isinstance(database, DBCluster) else database.db_name
    return database.master_username, password, first


def become_another(database):
    """A copy that moto made of an instance is one of its own."""
    for name in [name for name in database.__dict__ if name.startswith("stage_") and name != "stage_server"]:
        del database.__dict__[name]
    database.dbi_resource_id = "one that no other has"


def _resource_id(prefix):
    def put(self, _):
        letters = random.SystemRandom().choices(string.ascii_uppercase + string.digits, k=26)
        self.__dict__["stage_resource_id"] = f"{prefix}-{''.join(letters)}"

    return property(lambda self: self.__dict__["stage_resource_id"], put)


def _status(self):
    change = change_of(self)
    kept = self.__dict__.get("_status", "available")
    # moto leaves a cluster at "creating"; how long that takes is for the change under way to say.
    return change.status if change.busy and not change.queued else "available" if kept == "creating" else kept


def _set_status(self, value):
    self.__dict__["_status"] = value


def _pending(self):
    wanted = change_of(self).wanted
    return {} if wanted is None else {"IAMDatabaseAuthenticationEnabled": wanted}


def _cluster_group(self):
    return self.__dict__.get("stage_group") or default_group_of(self.engine, self.engine_version)


def _set_cluster_group(self, name):
    self.__dict__["stage_group"] = None if name in _DEFAULTS_OF_MOTO else name.lower()


def _members(self):
    return [
        {
            "DBInstanceIdentifier": member.db_instance_identifier,
            "IsClusterWriter": member.is_cluster_writer,
            "DBClusterParameterGroupStatus": application_of(member, True).status,
            "PromotionTier": member.promotion_tier,
        }
        for member in self.members
    ]


for _model in (DBInstance, DBCluster):
    _model.status = property(_status, _set_status)
    _model.pending_modified_values = property(_pending)
    _model.iam_database_authentication_enabled = property(iam_enabled)

DBInstance.dbi_resource_id = _resource_id("db")
DBInstance.db_parameter_group_status_list = property(statuses)
DBInstance.address = property(lambda self: f"{self.db_instance_identifier}.{host_suffix(self.account_id, self.region)}")

DBCluster.db_cluster_resource_id = _resource_id("cluster")
DBCluster.parameter_group = property(_cluster_group, _set_cluster_group)
DBCluster.db_cluster_members = property(_members)
# moto shows one on every cluster; AWS on clusters of Aurora Serverless v1, which the stage does not play.
DBCluster.scaling_configuration_info = None
DBCluster.endpoint = property(
    lambda self: f"{self.db_cluster_identifier}.cluster-{host_suffix(self.account_id, self.region)}"
)
DBCluster.reader_endpoint = property(
    lambda self: f"{self.db_cluster_identifier}.cluster-ro-{host_suffix(self.account_id, self.region)}"
)
