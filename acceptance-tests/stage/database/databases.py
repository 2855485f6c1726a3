"""The servers behind the instances and clusters that the stage's RDS knows."""

from stage.overlay.rds_models import iam_enabled, resource_id_of
from stage.overlay.rds_proxies import endpoints_of

from .certificates import Authority
from .endpoints import AddressBlock, Endpoint, HostsFile, Relays, bind, server_context
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
        self.postgres = postgres
        self.logins = Logins(aws, lambda address: self._by_address.get(address))
        self._folder = folder
        self._block = AddressBlock()
        self._endpoints = {}
        self._by_address = {}
        self._responder = Responder(self.logins.check)
        with bind(self._block.server, PORT) as probe:
            self._server = probe.getsockname()
        self._relays = Relays(self._server, self._block.without_tls)

    def start(self):
        """Starts the server; its data directory must have been prepared."""
        self.postgres.start(*self._server, self._rules())

    def follow(self, account, region, backend):
        """Opens and closes endpoints so that they are those of what RDS knows in an account and region."""
        wanted = dict(_hosts(backend))
        present = {h for h, e in self._endpoints.items() if (e.account, e.region) == (account, region)}
        if present == set(wanted):
            return
        for host in present - set(wanted):
            self._close(host)
        for host in wanted.keys() - present:
            self._open(account, region, host, wanted[host])
        self.hosts.write({host: endpoint.address for host, endpoint in self._endpoints.items()})

    def release(self):
        """Gives back the addresses."""
        self._block.release()

    def _open(self, account, region, host, database):
        address = self._block.take()
        path = self._folder / "endpoint.pem"
        path.touch(mode=0o600)
        path.write_bytes(self.authority.server_key() + self.authority.server_certificate(host))
        relay, port = self._relays.open(address, database.port, server_context(path))
        path.unlink()
        database.port = port
        owner = getattr(database, "cluster", database)
        self._endpoints[host] = self._by_address[address] = Endpoint(
            account=account,
            region=region,
            host=host,
            address=address,
            port=port,
            resource_id=lambda: resource_id_of(owner),
            iam_enabled=lambda: iam_enabled(owner),
            tags=lambda: {tag["Key"]: tag["Value"] for tag in owner.tags},
            relay=relay,
        )

    def _close(self, host):
        endpoint = self._endpoints.pop(host)
        self._by_address.pop(endpoint.address)
        self._relays.close(endpoint.relay)
        self._block.give_back(endpoint.address)

    def _rules(self):
        """pg_hba.conf as on RDS with rds.force_ssl: only TLS, and tokens for whoever is in rds_iam."""
        responder = f'ldap ldapserver=127.0.0.1 ldapport={self._responder.port} ldapprefix="uid="'
        tokens = [f'host all +rds_iam {a}/32 {responder} ldapsuffix=",ou={a}"' for a in self._block.endpoints]
        network, without_tls = self._block.network, self._block.without_tls
        return [
            f"host all all {without_tls}/32 reject",
            *tokens,
            f"host all +rds_iam {network} reject",
            f"host all all {network} scram-sha-256",
        ]


def _hosts(backend):
    """The host names of an account and region, each with the instance, cluster or proxy it belongs to."""
    for instance in backend.databases.values():
        if instance.engine in _POSTGRES:
            yield instance.address, instance
    for cluster in backend.clusters.values():
        if cluster.engine in _POSTGRES:
            yield cluster.endpoint, cluster
            yield cluster.reader_endpoint, cluster
    for proxy in backend.db_proxies.values():
        if proxy.engine_family == "POSTGRESQL":
            for endpoint in endpoints_of(proxy):
                yield endpoint.host, proxy
