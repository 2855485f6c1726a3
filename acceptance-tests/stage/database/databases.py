"""The servers behind the instances and clusters that the stage's RDS knows."""

import time
from contextlib import suppress
from functools import partial
from itertools import count

from stage.overlay.rds_models import iam_enabled, master_of, parameters_of, resource_id_of, server_parameters_of
from stage.overlay.rds_proxies import FAMILIES, endpoints_of

from .certificates import Authority
from .endpoints import AddressBlock, Endpoint, bind, server_context
from .hosting import Master
from .images import OwnServer
from .ldap import Responder
from .login import Logins
from .mariadb import MariaDb
from .mysql_front import MySqlFront
from .names import Names
from .own_servers import OwnServers
from .postgres import MASTER, Postgres, newer_programs
from .postgres_front import PostgresFront
from .postgres_images import FOLLOWER
from .readers import has_readers, is_reader
from .statements import Statements

PORT, MYSQL_PORT = 5432, 3306
#: Before an endpoint's address: not a token is to be checked, but the password of the master.
_MASTER = "master/"
_NEWER = "POSTGRESQL, newer"
_READ_ONLY = "READ_ONLY"
_PAUSE = 0.05  # seconds
_ATTEMPTS = 100
#: Statuses of instances and clusters that let nobody in.
_DOWN = {"stopping", "stopped"}


class Databases:
    """One PostgreSQL, a newer one if it is there, and one MariaDB; and for every instance, cluster and proxy an endpoint
    to one of them, or to a server of its own."""

    def __init__(self, folder, aws, postgres):
        self.authority = Authority()
        self.certificate_path = folder / "rds-ca.pem"
        self.certificate_path.write_bytes(self.authority.certificate())
        self.names = Names(folder)
        self.postgres = postgres
        self.logins = Logins(aws, lambda address: self._by_address.get(address))
        self._folder, self._aws, self._images = folder, aws, count(1)
        self._block = AddressBlock()
        self._own = OwnServers(folder, self._block.own_servers, self._make_own)
        self._held = []
        self._endpoints = {}
        self._by_address = {}
        self._responder = Responder(self._check)
        self.newer = Postgres(folder / "newer", newer_programs()) if newer_programs() else None
        self.statements = Statements()
        self.mariadb = MariaDb(folder / "mariadb", self.authority)
        self._shared = {
            "POSTGRESQL": (postgres, self._front(postgres, self._block.server)),
            _NEWER: (self.newer, self._front(self.newer, self._block.newer_server)) if self.newer else None,
            "MYSQL": (self.mariadb, self._mysql_front(self.mariadb, self._block.server)),
        }

    def start(self):
        """Starts PostgreSQL, whose data directory must have been prepared. The newer one starts when it is first used,
        MariaDB with its first endpoint."""
        self.postgres.await_ready()

    def follow(self, account, region, backend):
        """Opens and closes endpoints so that they are those of what RDS knows in an account and region."""
        wanted = {host: about for host, *about in _hosts(backend)}
        present = {h: e for h, e in self._endpoints.items() if (e.account, e.region) == (account, region)}
        kept = {host for host, endpoint in present.items() if host in wanted and self._leads_to(endpoint, *wanted[host])}
        if kept == present.keys() == wanted.keys():
            return
        for host in present.keys() - kept:
            self._close(host)
        for host in wanted.keys() - kept:
            self._open(account, region, host, *wanted[host])
        ended = self._own.end_all_but([own for own in map(_own_server, self._endpoints.values()) if own] + self._held)
        for own in ended:
            if own.primary not in ended.values():
                _release(own)
        self.names.write({host: endpoint.address for host, endpoint in self._endpoints.items()})

    def hold(self, database):
        """Keeps the server of an instance or cluster, which has no endpoint for a while."""
        self._held += filter(None, [_owner(database).__dict__.get("stage_server")])

    def let_go(self, database):
        """The opposite."""
        self._held = [own for own in self._held if own is not _owner(database).__dict__.get("stage_server")]

    def disconnect(self, database):
        """Ends the sessions of an instance, or of a cluster and its members, as a restart does."""
        for endpoint in self._endpoints.values():
            if any(one is database for one in endpoint.databases):
                endpoint.disconnect()

    def restart(self, database):
        """Starts the server of an instance or cluster again if other parameters are in force there by now, and it is one
        of its own."""
        own = _owner(database).__dict__.get("stage_server")
        if own and database.engine in FAMILIES:
            self._behind(database, FAMILIES[database.engine])[0].restart()

    def photograph(self, database):
        """An image of the server of an instance or cluster as it is now, without what is known to be another's; None for
        an engine that has no server here."""
        if database.engine not in FAMILIES:
            return None
        server, front = self._behind(database, FAMILIES[database.engine])
        folder = self._folder / f"image{next(self._images)}"
        if isinstance(server, MariaDb):
            return server.photograph(folder)
        master = master_of(database)
        own = {master[0] if master else MASTER, MASTER}
        return server.photograph(folder, sorted(front.masters() - own), database.account_id)

    def follower_of(self, database):
        """A server that follows the one of an instance or cluster, as an `OwnServer`; None for an engine without one."""
        if database.engine not in FAMILIES:
            return None
        server, front = self._behind(database, FAMILIES[database.engine])
        number = next(self._images)
        if master_of(database):
            front.equip(Master(*master_of(database)))  # later it could not be made on the side that follows
        name = f"{FOLLOWER}{number}"
        return OwnServer(server.photograph_for_follower(self._folder / f"image{number}", name), server, name)

    def take_over(self, database, patience):
        """Lets the server of an instance or cluster that follows another catch up and take writes. Returns whether it
        did within so many seconds; if not, it goes on following."""
        own = _owner(database).__dict__.get("stage_server")
        if own is None or own.primary is None:
            return True
        server, _ = self._behind(database, FAMILIES[database.engine])
        position, deadline = own.primary.position(), time.monotonic() + patience
        while not server.has_reached(position):
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        server.stop_following()
        _release(own)
        return True

    def server_at(self, host):
        """The server behind an endpoint; None if there is no such endpoint."""
        endpoint = self._endpoints.get(host)
        return endpoint and endpoint.server

    def address_of(self, host):
        """The address of an endpoint; None if there is no such endpoint."""
        endpoint = self._endpoints.get(host)
        return endpoint and endpoint.address

    def parameters_at(self, host):
        """The parameters that are in force at an endpoint, as far as users set them."""
        with self._aws.lock:
            endpoint = self._endpoints.get(host)
            return (endpoint and endpoint.parameters()) or {}

    def release(self):
        """Ends the servers that were started here and gives back the addresses."""
        self._own.end_all_but(())
        self.mariadb.stop()
        if self.newer:
            self.newer.stop()
        self._block.release()

    def _behind(self, database, family):
        """The server behind an instance, cluster or proxy, and its front."""
        owner = _owner(database)
        if own := owner.__dict__.get("stage_server"):
            running = self._own.of(own, family, owner)
            return running.server, running.front
        if family == "POSTGRESQL" and self._is_newer(owner):
            family = _NEWER
        return self._shared[family]

    def _leads_to(self, endpoint, database, family, _reader):
        """Whether an endpoint is that of an instance, cluster or proxy, and leads to the server behind that."""
        return endpoint.databases[0] is database and endpoint.server is self._behind(database, family)[0]

    def _is_newer(self, database):
        return self.newer is not None and _major(database) == self.newer.major

    def _make_own(self, own, family, database, folder, address):
        parameters = partial(server_parameters_of, database)
        if family == "MYSQL":
            server = MariaDb(folder, self.authority, own.image, self.mariadb.master_password, parameters)
            return server, self._mysql_front(server, address)
        programs = own.image.programs if own.image else newer_programs() if self._is_newer(database) else None
        server = Postgres(folder, programs, own.image, self.postgres.master_password, parameters)
        return server, self._front(server, address)

    def _open(self, account, region, host, database, family, reader):
        server, relays = self._behind(database, family)
        if server is self.mariadb:
            server.begin()
        address = self._block.take()
        path = self._folder / "endpoint.pem"
        path.touch(mode=0o600)
        path.write_bytes(self.authority.server_key() + self.authority.server_certificate(host))
        relay, port = relays.open(address, database.port, server_context(path))
        path.unlink()
        database.port = port
        owner = _owner(database)
        self._endpoints[host] = self._by_address[address] = Endpoint(
            account=account,
            region=region,
            host=host,
            address=address,
            port=port,
            server=server,
            resource_id=lambda: resource_id_of(owner),
            iam_enabled=lambda: iam_enabled(owner),
            tags=lambda: {tag["Key"]: tag["Value"] for tag in owner.tags},
            parameters=lambda: parameters_of(database),
            master=lambda: Master(*master_of(owner)) if master_of(owner) else None,
            is_up=lambda: not {database.status, owner.status} & _DOWN,
            is_reader=lambda: reader(database),
            databases=(database, owner),
            close=lambda: relays.close(relay, address),
            disconnect=lambda: relays.disconnect(address),
        )

    def _close(self, host):
        endpoint = self._endpoints.pop(host)
        self._by_address.pop(endpoint.address)
        endpoint.close()
        self._block.give_back(endpoint.address)

    def _check(self, address, user, password):
        """Whether a token, or the password of an instance's own master, lets a user in."""
        if not address.startswith(_MASTER):
            return self.logins.check(address, user, password)
        endpoint = self._by_address.get(address.removeprefix(_MASTER))
        master = endpoint and endpoint.master()
        return bool(master) and (user, password) == (master.name, master.password)

    def _front(self, postgres, address):
        with bind(address, PORT) as probe:
            postgres.place(*probe.getsockname(), self._rules(postgres))
        return PostgresFront(postgres, self._block, self._aws, self.statements, self._by_address.get)

    def _mysql_front(self, mariadb, address):
        with bind(address, MYSQL_PORT) as probe:
            mariadb.place(*probe.getsockname(), self.logins.check, self._master_password)
        return MySqlFront(mariadb, self.authority, self.statements, self._by_address.get)

    def _master_password(self, address, user):
        """The password of a master of MariaDB at an endpoint: an instance's own, or the server's. None for others."""
        endpoint = self._by_address.get(address)
        if endpoint is None:
            return None
        master = endpoint.master() or Master(self.mariadb.master, self.mariadb.master_password, None)
        return master.password if user == master.name else None

    def _rules(self, postgres):
        """pg_hba.conf as on RDS with rds.force_ssl: only TLS, and tokens for whoever is in rds_iam. The addresses for
        masters are for those whose password the stage's RDS has; on RDS, too, one in rds_iam needs a token, unless he
        replicates. But in a newer server every master has to be in it, to let others in."""
        responder = f'ldap ldapserver=127.0.0.1 ldapport={self._responder.port} ldapprefix="uid="'
        block = self._block
        tokens = [f'host all +rds_iam {a}/32 {responder} ldapsuffix=",ou={a}"' for a in block.endpoints]
        masters = []
        for a in block.endpoints:
            if not postgres.is_newer:
                masters.append(f'host all +rds_iam {block.master_address(a)}/32 {responder} ldapsuffix=",ou={a}"')
            for m in block.master_address(a), block.master_address(a, by_password=True):
                masters.append(f'host all all {m}/32 {responder} ldapsuffix=",ou={_MASTER}{a}"')
        if postgres.is_newer:
            masters.append(f"host all {postgres.master} {block.network} scram-sha-256")
        return [
            f"host all all {block.without_tls}/32 reject",
            f"host all all {block.passwords}/32 scram-sha-256",
            *masters,
            *tokens,
            f"host all +rds_iam {block.network} reject",
            f"host all all {block.network} scram-sha-256",
        ]


def _owner(database):
    """Who has the master, the IAM setting and the server: of a member its cluster."""
    return getattr(database, "cluster", database)


def _release(own):
    """Tells the server that an own server has followed that it does so no more, once that has noticed itself."""
    primary, own.primary = own.primary, None
    for _ in range(_ATTEMPTS if primary else 0):
        with suppress(ValueError):
            primary.release_follower(own.name)
            return
        time.sleep(_PAUSE)


def _own_server(endpoint):
    return _owner(endpoint.databases[0]).__dict__.get("stage_server")


def _always(_database):
    return True


def _major(database):
    """The major version of an instance's or cluster's PostgreSQL; 0 for a proxy."""
    return int(getattr(database, "engine_version", "0").partition(".")[0])


def _hosts(backend):
    """The host names of an account and region, each with its instance, cluster or proxy, the family of engines, and what
    tells whether there it reads only."""
    for instance in backend.databases.values():
        if instance.engine in FAMILIES:
            yield instance.address, instance, FAMILIES[instance.engine], is_reader
    for cluster in backend.clusters.values():
        if cluster.engine in FAMILIES:
            yield cluster.endpoint, cluster, FAMILIES[cluster.engine], is_reader
            yield cluster.reader_endpoint, cluster, FAMILIES[cluster.engine], has_readers
    for proxy in backend.db_proxies.values():
        if proxy.engine_family in FAMILIES.values():
            for endpoint in endpoints_of(proxy):
                yield endpoint.host, proxy, proxy.engine_family, _always if endpoint.role == _READ_ONLY else is_reader
