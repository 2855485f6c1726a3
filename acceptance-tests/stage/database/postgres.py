"""A throw-away PostgreSQL that looks like one of RDS: a master who is no superuser, and the RDS roles."""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from glob import glob
from pathlib import Path

from .hosting import identifier, literal

MASTER = "pgadmin"
DATABASE = "app"
TOKEN_USER = "app_user"

_OWNER = "rdsadmin"
_PATIENCE = 30

_CONFIGURATION = """
unix_socket_directories = '{folder}'
listen_addresses = '{address}'
port = {port}
password_encryption = scram-sha-256
wal_level = logical
min_wal_size = 2MB
max_wal_size = 64MB
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 100
autovacuum = off
log_connections = on
"""

# rds_iam is deliberately not granted to rds_superuser: membership is followed in pg_hba.conf, and the master
# would be asked for a token. The same happens on RDS to a master who is granted rds_iam.
_ROLES = """
CREATE ROLE rds_superuser NOLOGIN;
GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION;
GRANT SET ON PARAMETER session_replication_role TO rds_superuser;
CREATE ROLE rds_iam NOLOGIN;
CREATE ROLE rds_replication NOLOGIN;
CREATE ROLE rds_password NOLOGIN;
CREATE ROLE rds_ad NOLOGIN;
GRANT rds_replication, rds_password TO rds_superuser WITH ADMIN OPTION;
"""
_FIRST = """
CREATE DATABASE {database} OWNER {master};
CREATE ROLE {token_user} LOGIN IN ROLE rds_iam;
"""


class Postgres:
    """One server process. `prepare` may run in the background while the rest of the stage starts."""

    def __init__(self, folder):
        self.address = self.port = None
        self.master_password = secrets.token_urlsafe(18)
        self._folder = Path(folder)
        self._data = self._folder / "data"
        self._server = None
        self._initdb = None
        self._account = unprivileged_account()

    def prepare(self):
        """Begins to make the data directory."""
        self._folder.mkdir(mode=0o700)
        self._own(self._folder)
        command = [_program("initdb"), "-D", self._data, "-U", _OWNER, "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync", "--no-instructions", "--wal-segsize=1"]
        with open(self._folder / "initdb.log", "wb") as log:
            self._initdb = self._spawn(command, log)

    def start(self, address, port, rules):
        """Starts the server on an address, with rules for pg_hba.conf. TLS is the endpoints' business."""
        self.address, self.port = address, port
        if self._initdb.wait() != 0:
            raise RuntimeError(f"initdb failed: {self._tail('initdb.log')}")
        settings = _CONFIGURATION.format(folder=self._folder, address=self.address, port=self.port)
        with open(self._data / "postgresql.conf", "a") as file:
            file.write(settings)
        (self._data / "pg_hba.conf").write_text(_rules(rules))
        with open(self._folder / "postgres.log", "wb") as log:
            self._server = self._spawn([_program("postgres"), "-D", self._data], log)
        self._await_socket()
        self.run(_ROLES)
        self.create_master(MASTER, self.master_password)
        self.run(_FIRST.format(database=DATABASE, master=MASTER, token_user=TOKEN_USER))

    def run(self, sql, database="postgres"):
        """Runs SQL as the owner of the server and returns what it printed."""
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self._folder, "-p", str(self.port)]
        command += ["-U", _OWNER, "-d", database]
        done = subprocess.run(command, input=sql, capture_output=True, text=True, timeout=_PATIENCE)
        if done.returncode != 0:
            raise ValueError(done.stderr.strip())
        return done.stdout.strip()

    def create_master(self, name, password=None):
        """A master user: no superuser, but one who makes roles and databases."""
        self.create_user(name, ["rds_superuser"], password, options="CREATEDB CREATEROLE")

    def create_user(self, name, roles=(), password=None, replication=False, options=""):
        """A login role, a member of others."""
        options += " REPLICATION" if replication else ""
        options += f" PASSWORD {literal(password)}" if password else ""
        options += f" IN ROLE {', '.join(map(identifier, roles))}" if roles else ""
        self.run(f"CREATE ROLE {identifier(name)} LOGIN {options}")

    def stop(self):
        """Ends the server at once: nothing of it is kept."""
        for process in filter(None, (self._initdb, self._server)):
            if process.poll() is None:
                process.send_signal(signal.SIGQUIT)
                process.wait()

    def _spawn(self, command, log):
        # The server dies with this process, however it ends: PostgreSQL takes SIGQUIT as "now".
        drop = ["setpriv", "--pdeathsig", "QUIT"]
        if self._account:
            drop += ["--reuid", str(self._account.pw_uid), "--regid", str(self._account.pw_gid), "--clear-groups"]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        return subprocess.Popen(
            [*drop, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self._folder
        )

    def _await_socket(self):
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection((self.address, self.port), timeout=1).close()
                self.run("SELECT 1")
                return
            except (OSError, ValueError) as error:
                if self._server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {self._tail('postgres.log')}") from error
                time.sleep(0.02)

    def _own(self, path):
        if self._account:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _tail(self, name):
        return (self._folder / name).read_text(errors="replace")[-2000:]


def _rules(rules):
    return "\n".join([f"local all {_OWNER} trust", f"host all {_OWNER} all reject", *rules, ""])


def _program(name):
    folders = sorted(glob("/usr/lib/postgresql/*/bin"), key=lambda f: int(f.split("/")[4]))
    found = next((f for f in (f"{folder}/{name}" for folder in reversed(folders)) if os.access(f, os.X_OK)), None)
    found = found or shutil.which(name)
    if not found:
        raise RuntimeError(f"{name} is not installed; on Debian: apt-get install postgresql-15")
    return found


def unprivileged_account():
    """Whom the server runs as when the stage is started by root, which PostgreSQL refuses to be."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is neither a user postgres nor a user nobody to run PostgreSQL as")
