"""RDS: instances and clusters that get another name."""

from moto.rds.models import DBCluster

from .rds_state import Change, backend_of, begin, follow


def begin_renaming(aws, call, database):
    """A new name comes after a while: the database is `renaming` under the old one, for a look nothing has either name,
    and then it is `rebooting` under the new one."""
    looks, name = aws.transition_of(call.account)["renaming"], call.stage_new_name
    if name_of(database) == name.lower():
        return
    if not looks:
        rename(database, name.lower())
        return

    def vanish(database):
        if aws.databases:
            aws.databases.hold(database)
        del all_like(database)[name_of(database)]
        _under_way(call).append((database, name.lower(), looks))
        follow(aws, call)

    begin(database, Change(status="renaming", busy=looks, finish=vanish))


def appear(aws, call):
    """What had no name in the look before has its new one."""
    under_way = _under_way(call)
    for entry in [entry for entry in under_way if entry[0].__dict__.get("stage_unseen")]:
        under_way.remove(entry)
        database, name, looks = entry
        del database.__dict__["stage_unseen"]
        _set_name(database, name)
        all_like(database)[name] = database
        begin(database, Change(status="rebooting", busy=looks))
        follow(aws, call)
        if aws.databases:
            aws.databases.let_go(database)
    for database, _, _ in under_way:
        database.__dict__["stage_unseen"] = True


def rename(database, name):
    """Another name for an instance or cluster, at once."""
    everything = all_like(database)
    del everything[name_of(database)]
    everything[name] = database
    _set_name(database, name)


def name_of(database):
    """The identifier of an instance or cluster."""
    return database.db_cluster_identifier if isinstance(database, DBCluster) else database.db_instance_identifier


def all_like(database):
    """The instances or clusters beside one, by their names."""
    return database.backend.clusters if isinstance(database, DBCluster) else database.backend.databases


def _under_way(call):
    return backend_of(call).__dict__.setdefault("stage_renames", [])


def _set_name(database, name):
    if not isinstance(database, DBCluster):
        database.db_instance_identifier = name
        return
    members = database.members
    database.db_cluster_identifier = name
    for member in members:
        member.db_cluster_identifier = name
