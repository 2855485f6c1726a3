"""The part of the control that is about RDS: databases, parameter groups, how long things take."""

from stage.aws import moto_backend
from stage.catalogue.engines import DEFAULT_VERSIONS
from stage.database.images import OwnServer
from stage.overlay import dms_tasks, ec2, rds, rds_application, rds_clusters, rds_encryption, rds_groups, rds_parameter_groups
from stage.overlay import rds_proxies
from stage.overlay.rds_models import SEEDED_PASSWORD
from stage.overlay.rds_snapshots import snapshots_of
from stage.overlay.rds_state import Change, disconnect, named, restart_server

_REGION = "us-east-1"
_CLASS = "db.t4g.micro"
_MYSQL = ("mysql", "mariadb", "aurora-mysql")
_KINDS = ("instance", "cluster")


class RdsControl:
    """Handlers for `Control`; what is refused raises ValueError."""

    def __init__(self, aws):
        self._aws = aws
        self.routes = {
            ("POST", "instances"): self.create_instance,
            ("POST", "clusters"): self.create_cluster,
            ("POST", "cluster-snapshots"): self.create_cluster_snapshot,
            ("POST", "snapshots"): self.create_snapshot,
            ("POST", "proxies"): self.create_proxy,
            ("POST", "parameter-groups"): self.create_parameter_group,
            ("GET", "parameters"): self.parameters,
            ("POST", "parameters"): self.set_parameters,
            ("POST", "busy"): self.set_busy,
            ("POST", "status"): self.set_status,
            ("POST", "reboot"): self.reboot,
            ("POST", "transitions"): self.set_transition,
            ("POST", "quotas"): self.set_quotas,
            ("POST", "switchovers"): self.fail_switchover,
            ("POST", "maintenance"): self.maintain,
            ("DELETE", "databases"): self.forget_databases,
        }

    def create_instance(
        self,
        account,
        identifier,
        region=_REGION,
        engine="postgres",
        iam=True,
        cluster=None,
        version=None,
        instance_class=_CLASS,
        parameter_group=None,
        status="available",
        key=None,
        own_server=False,
    ):
        """A DB instance that is available at once, encrypted if there is the ARN of a `key`; with `cluster`, a member
        of it; with `own_server`, behind it is a server that it has for itself."""
        parameters = {"db_instance_identifier": identifier, "engine": engine, "db_instance_class": instance_class}
        parameters |= {"engine_version": version or DEFAULT_VERSIONS.get(engine)}
        parameters |= {"vpc_security_group_ids": [ec2.SECURITY_GROUP], "publicly_accessible": False}
        if cluster:
            parameters["db_cluster_identifier"] = cluster
        else:
            parameters |= {"allocated_storage": 20, **_master(engine)}
        with self._aws.lock:
            backend = moto_backend.rds(account, region)
            if parameter_group:
                rds_groups.find_group(backend, parameter_group, False)
                parameters["db_parameter_group_name"] = parameter_group
            instance = backend.create_db_instance(parameters)
            instance.stage_iam_enabled = bool(iam)
            if key:
                rds_encryption.encrypt(instance, key)
            if own_server:
                instance.stage_server = OwnServer()
            instance.status = status
            self._follow(account, region)
            return {
                "identifier": instance.db_instance_identifier,
                "resource_id": instance.dbi_resource_id,
                "arn": instance.arn,
                "host": instance.address,
                "port": instance.port,
            }

    def create_cluster(
        self,
        account,
        identifier,
        region=_REGION,
        engine="aurora-postgresql",
        iam=True,
        version=None,
        members=0,
        instance_class=None,
        parameter_group=None,
        status="available",
        key=None,
        owned_key=False,
        own_server=False,
    ):
        """A DB cluster that is available at once: of Aurora, with as many members as asked for, or with the engine
        postgres or mysql a Multi-AZ DB cluster, which has three. It is encrypted if there is the ARN of a `key`, or
        with `owned_key`, by a key that AWS owns; with `own_server`, behind it is a server that it has for itself."""
        with self._aws.lock:
            backend = moto_backend.rds(account, region)
            parameters = {"db_cluster_identifier": identifier, "engine": engine, **_master(engine)}
            parameters["vpc_security_group_ids"] = [ec2.SECURITY_GROUP]
            parameters["engine_version"] = version or DEFAULT_VERSIONS.get(engine)
            if parameter_group:
                rds_groups.find_group(backend, parameter_group, True)
                parameters["db_cluster_parameter_group_name"] = parameter_group
            cluster = backend.create_db_cluster(parameters)
            cluster.stage_iam_enabled = bool(iam)
            cluster.stage_owned_by_aws = bool(owned_key)
            if key:
                rds_encryption.encrypt(cluster, key)
            if own_server:
                cluster.stage_server = OwnServer()
            cluster.status = status
            rds_clusters.add_members(backend, cluster, instance_class, members)
            self._follow(account, region)
            return {
                "identifier": cluster.db_cluster_identifier,
                "resource_id": cluster.db_cluster_resource_id,
                "arn": cluster.arn,
                "host": cluster.endpoint,
                "reader_host": cluster.reader_endpoint,
                "port": cluster.port,
                "members": [member.db_instance_identifier for member in cluster.members],
            }

    def create_cluster_snapshot(self, account, identifier, cluster, region=_REGION):
        """A snapshot of a cluster that is available at once. It has no data: what is restored leads to the common
        server."""
        with self._aws.lock:
            snapshot = moto_backend.rds(account, region).create_db_cluster_snapshot(cluster, identifier)
            snapshot.status = "available"
            return {"arn": snapshot.arn}

    def create_snapshot(self, account, identifier, instance, region=_REGION):
        """The same of an instance."""
        with self._aws.lock:
            snapshot = moto_backend.rds(account, region).create_db_snapshot(instance, identifier)
            snapshot.status = "available"
            return {"arn": snapshot.db_snapshot_arn}

    def create_proxy(
        self,
        account,
        name,
        target=None,
        kind="instance",
        engine_family="POSTGRESQL",
        iam=True,
        require_tls=True,
        endpoints=None,
        role_arn=None,
        region=_REGION,
    ):
        """An RDS Proxy that is available at once, before an instance or cluster `target`; `endpoints` are further ones,
        name to READ_WRITE or READ_ONLY."""
        auth = {"AuthScheme": "SECRETS", "IAMAuth": "REQUIRED" if iam else "DISABLED"}
        auth["SecretArn"] = f"arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf"
        role_arn = role_arn or f"arn:aws:iam::{account}:role/{name}"
        with self._aws.lock:
            backend = moto_backend.rds(account, region)
            if target:
                target = _database(backend, target, _is_cluster(kind)).resource_id
            proxy = rds_proxies.seed(backend, name, engine_family, [auth], role_arn, bool(require_tls))
            if target:
                rds_proxies.add_target(proxy, kind, target)
            for endpoint, role in (endpoints or {}).items():
                rds_proxies.add_endpoint(proxy, endpoint, role)
            self._follow(account, region)
            return {
                "name": proxy.db_proxy_name,
                "resource_id": proxy.unique_id,
                "arn": proxy.arn,
                "host": proxy.endpoint,
                "port": proxy.port,
                "endpoints": {endpoint.name: endpoint.host for endpoint in rds_proxies.endpoints_of(proxy)},
            }

    def create_parameter_group(self, account, name, family, kind="instance", values=None, region=_REGION):
        """A parameter group of an `instance` or a `cluster`, with values (parameter to value)."""
        with self._aws.lock:
            backend, cluster = moto_backend.rds(account, region), _is_cluster(kind)
            group = rds_groups.make_group(backend, name, family, "Made by a test", cluster)
            rds_groups.groups(backend, cluster)[group.name] = group
            self._change(account, backend, group, cluster, values or {})
            return {"name": group.name, "arn": group.arn, "values": rds_groups.values_of(group)}

    def parameters(self, account, group=None, identifier=None, kind="instance", region=_REGION):
        """The values that users set in a group, or those of the group of an instance or cluster, together with those
        that are in force there and the status."""
        with self._aws.lock:
            backend, cluster = moto_backend.rds(account, region), _is_cluster(kind)
            if group:
                return {"values": rds_groups.values_of(rds_groups.find_group(backend, group, cluster))}
            database = _database(backend, identifier, cluster)
            name = rds_application.group_name_of(database, cluster)
            bearer = rds_application.bearers(database)[0] if cluster else database
            return {
                "group": name,
                "values": rds_groups.values_of(rds_groups.find_group(backend, name, cluster)),
                "effective": rds_application.effective(database),
                "status": rds_application.application_of(bearer, cluster).status,
            }

    def set_parameters(self, account, group, values, kind="instance", method=None, region=_REGION):
        """Sets parameters of a group, or with null resets them, as somebody else would: with the method that goes with
        each unless one is given."""
        with self._aws.lock:
            backend, cluster = moto_backend.rds(account, region), _is_cluster(kind)
            found = rds_groups.find_group(backend, group, cluster)
            self._change(account, backend, found, cluster, values, method)
            return {"values": rds_groups.values_of(found)}

    def set_busy(self, account, group, calls, kind="instance", region=_REGION):
        """Makes a group refuse as many calls that change it."""
        with self._aws.lock:
            found = rds_groups.find_group(moto_backend.rds(account, region), group, _is_cluster(kind))
            found.stage_busy = int(calls)
        return {}

    def set_status(self, account, identifier, status, kind="instance", looks=None, region=_REGION):
        """Gives an instance or cluster a status, for as many looks or for good."""
        with self._aws.lock:
            database = _database(moto_backend.rds(account, region), identifier, _is_cluster(kind))
            if looks is None:
                database.status = status
            else:
                database.stage_change = Change(status=status, busy=int(looks))
        return {}

    def reboot(self, account, identifier, kind="instance", region=_REGION):
        """Restarts an instance, or all of a cluster, at once: all parameters are in force."""
        with self._aws.lock:
            database = _database(moto_backend.rds(account, region), identifier, _is_cluster(kind))
            for one in database.members or [database] if _is_cluster(kind) else [database]:
                rds_application.restart(one)
            disconnect(self._aws, database)
            restart_server(self._aws, database)
        return {}

    def set_transition(self, account, busy=None, lingering=0, **others):
        """How many looks things take, see `Aws.transition_of`. What is not given stays."""
        unknown = ", ".join(others.keys() - self._aws.transition_of(account).keys())
        if unknown:
            raise ValueError(f"there is no transition {unknown}")
        given = {} if busy is None else {"busy": int(busy), "lingering": int(lingering)}
        given |= {name: int(looks) for name, looks in others.items() if looks is not None}
        self._aws.transitions[account] = self._aws.transitions.get(account, {}) | given
        return self._aws.transition_of(account)

    def set_quotas(self, account, **quotas):
        """How much of something an account may have, see `Aws.quota_of`. What is not given stays."""
        unknown = ", ".join(quotas.keys() - self._aws.quota_of(account).keys())
        if unknown:
            raise ValueError(f"there is no quota of {unknown}")
        self._aws.quotas[account] = self._aws.quotas.get(account, {}) | {n: int(most) for n, most in quotas.items()}
        return self._aws.quota_of(account)

    def fail_switchover(self, account, deployment, details, status="SWITCHOVER_FAILED", region=_REGION):
        """Lets the next switchover of a blue/green deployment, by its id, fail with these details, and leave a status."""
        with self._aws.lock:
            found = moto_backend.rds(account, region).blue_green_deployments.get(deployment)
            if found is None:
                raise ValueError(f"there is no blue/green deployment {deployment}")
            found.stage_failure, found.stage_undone = details, status
        return {}

    def maintain(self, account, region=_REGION):
        """The maintenance window: deferred changes take effect."""
        with self._aws.lock:
            rds.maintain(account, region)
        return {}

    def _change(self, account, backend, group, cluster, values, method=None):
        known = rds_groups.catalogue_of(group)
        unknown = ", ".join(values.keys() - known)
        if unknown:
            raise ValueError(f"{rds_groups.family_of_group(group)} has no {unknown}")
        wanted = [
            {
                "ParameterName": name,
                "ParameterValue": value if value is None else str(value),
                "ApplyMethod": method or rds_parameter_groups.natural_method(known[name]),
            }
            for name, value in values.items()
        ]
        rds_parameter_groups.change(self._aws, account, backend, group, cluster, wanted)

    def forget_databases(self, account):
        """Removes the databases and snapshots of an account with their data, whatever AWS would say."""
        with self._aws.lock:
            dms_tasks.abandon(self._aws, account)
            for region in moto_backend.rds_regions(account):
                backend = moto_backend.rds(account, region)
                for kept in (backend.databases, backend.clusters, backend.db_proxies, backend.blue_green_deployments):
                    kept.clear()
                self._follow(account, region)
                for of_clusters in (False, True):
                    snapshots_of(backend, of_clusters).clear()
        return {}

    def _follow(self, account, region):
        if self._aws.databases:
            self._aws.databases.follow(account, region, moto_backend.rds(account, region))


def _master(engine):
    """The server's own master, whose password RDS does not know."""
    return {"master_username": "admin" if engine in _MYSQL else "pgadmin", "master_user_password": SEEDED_PASSWORD}


def _is_cluster(kind):
    if kind not in _KINDS:
        raise ValueError(f"{kind} is neither an instance nor a cluster")
    return kind == "cluster"


def _database(backend, identifier, cluster):
    found = named(backend.clusters if cluster else backend.databases, identifier)
    if found is None:
        raise ValueError(f"there is no {'cluster' if cluster else 'instance'} {identifier}")
    return found
