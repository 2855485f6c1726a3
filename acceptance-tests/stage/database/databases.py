"""The servers behind the instances and clusters that the stage's RDS knows."""

from itertools import count

from stage.overlay.rds import iam_enabled

from .certificates import Authority
from .endpoints import AddressBlock, Endpoint, HostsFile, Relays, bind
from .ldap import Responder
from .login import Logins

PORT = 5432
_POSTGRES = ("postgres", "aurora-postgresql")


class Databases:
    """One PostgreSQL, and an endpoint to it for every instance and cluster of a PostgreSQL engine.

    A second server would be a second Postgres with relays of its own; `follow` would choose between them."""

    def __init__(self, folder, aws, postgres):
        self.authority = Authority()
        self.certificate_path = folder / "rds-ca.pem"
        self.certificate_path.write_bytes(self.authority.certificate())
        self.hosts = HostsFile(folder / "hosts")
        self._block = AddressBlock()
        self._numbers = count(1)
        self._endpoints = {}
        self._by_key = {}
        self.postgres = postgres
        self.address = self._block.take()
        probe = bind(self.address, PORT)
        self.port = probe.getsockname()[1]
        probe.close()
        self._relays = Relays(self.address, self.port)
        self.logins = Logins(aws, lambda key: self._by_key.get(key))
        self._responder = Responder(self.logins.check)

    def start(self):
        """Starts the server; its data directory must have been prepared."""
        certificate, _ = self.authority.server_certificate([self.address])
        self.postgres.start(self.address, self.port, self.authority.server_key(), certificate, self._rules())

    def follow(self, account, region, backend):
        """Opens and closes endpoints so that they are those of what RDS knows in an account and region."""
        wanted = dict(_hosts(backend))
        present = {h for h, e in self._endpoints.items() if (e.account, e.region) == (account, region)}
        if present == set(wanted):
            return
        for host in present - set(wanted):
            endpoint = self._endpoints.pop(host)
            self._by_key.pop(endpoint.key)
            self._relays.close(endpoint.relay)
        for host in wanted.keys() - present:
            self._open(account, region, host, wanted[host])
        certificate, fingerprint = self.authority.server_certificate([*self._endpoints, self.address])
        self.postgres.reload(certificate, fingerprint, self._rules())
        self.hosts.write({host: endpoint.address for host, endpoint in self._endpoints.items()})

    def stop(self):
        """Ends the server and gives back its addresses."""
        self.postgres.stop()
        self._block.release()

    def _open(self, account, region, host, database):
        address = self._block.take()
        relay, port = self._relays.open(address, database.port)
        database.port = port
        owner = getattr(database, "cluster", database)
        endpoint = Endpoint(
            key=f"endpoint-{next(self._numbers)}",
            account=account,
            region=region,
            host=host,
            address=address,
            port=port,
            resource_id=lambda: getattr(owner, "db_cluster_resource_id", None) or owner.dbi_resource_id,
            iam_enabled=lambda: iam_enabled(owner),
            tags=lambda: {tag["Key"]: tag["Value"] for tag in owner.tags},
            relay=relay,
        )
        self._endpoints[host] = self._by_key[endpoint.key] = endpoint

    def _rules(self):
        """pg_hba.conf as on RDS with rds.force_ssl: only TLS, and tokens for whoever is in rds_iam."""
        responder = f'ldap ldapserver=127.0.0.1 ldapport={self._responder.port} ldapprefix="uid="'
        tokens = [
            f'hostssl all +rds_iam {e.address}/32 {responder} ldapsuffix=",ou={e.key}"'
            for e in self._endpoints.values()
        ]
        network = self._block.network
        return [*tokens, f"host all +rds_iam {network} reject", f"hostssl all all {network} scram-sha-256"]


def _hosts(backend):
    """The host names of an account and region, each with the instance or cluster it belongs to."""
    for instance in backend.databases.values():
        if instance.engine in _POSTGRES:
            yield instance.address, instance
    for cluster in backend.clusters.values():
        if cluster.engine in _POSTGRES:
            yield cluster.endpoint, cluster
            yield cluster.reader_endpoint, cluster
