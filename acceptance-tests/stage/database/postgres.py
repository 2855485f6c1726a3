"""A throw-away PostgreSQL that looks like one of RDS: a master who is no superuser, and the RDS roles."""

import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from glob import glob
from pathlib import Path

from . import clients, postgres_images
from .hosting import identifier, literal
from .images import copy_files
from .programs import end

MASTER = "pgadmin"
DATABASE = "app"
TOKEN_USER = "app_user"

_OWNER = "rdsadmin"
_PATIENCE = 30
#: For a server with the data of an image: what changed in a database that is not in it changed no file.
_OF_COPIES = "ignore_invalid_pages = on\n"
#: The parameters of a group that a server of one's own follows when it starts, and what they are if no user sets them.
_FOLLOWED = {"max_logical_replication_workers": "4", "cron.max_running_jobs": "5"}
#: One thread that lives as long as this process.
_STARTER = ThreadPoolExecutor(1)
_CHECKOUT = Path(__file__).resolve().parents[3]

_CONFIGURATION = """
unix_socket_directories = '{folder}'
listen_addresses = '{address}'
port = {port}
password_encryption = scram-sha-256
wal_level = logical
min_wal_size = 2MB
max_wal_size = 64MB
fsync = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 100
max_wal_senders = 40
max_replication_slots = 40
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
# Since PostgreSQL 16 CREATEROLE alone does not give away rds_iam; to be asked for a token, membership is enough.
_ADMINISTRATION = "GRANT rds_iam TO {master} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;"
_FIRST = """
CREATE DATABASE {database} OWNER {master};
CREATE ROLE {token_user} LOGIN IN ROLE rds_iam;
"""


class Postgres:
    """One server process. `prepare` may run in the background while the rest of the stage starts. With an image it has
    the data and the users of another. `parameters` tells the values that users have set and that are to be in force."""

    def __init__(self, folder, programs=None, image=None, master_password=None, parameters=dict):
        self.address = self.port = self._rules = None
        self.master, self.master_password = MASTER, master_password or secrets.token_urlsafe(18)
        self._programs, self._image, self._lock = programs or _installed(), image, threading.Lock()
        asked = subprocess.run([self._programs / "postgres", "--version"], capture_output=True, text=True)
        if asked.returncode != 0:
            raise RuntimeError(f"{self._programs}/postgres does not run: {asked.stderr}")
        self.major = int(re.search(r"\d+", asked.stdout).group())
        self._folder = Path(folder)
        self._data = self._folder / "data"
        self._server = self._initdb = self._settings = None
        self._parameters, self._stopped = parameters, False
        self._account = unprivileged_account()

    @property
    def is_newer(self):
        """Whether roles follow the rules of PostgreSQL 16: who gives a role or an attribute must have it himself."""
        return self.major >= 16

    def prepare(self):
        """Begins to make the data directory."""
        self._folder.mkdir(mode=0o700)
        self._own(self._folder)
        command = [self._programs / "initdb", "-D", self._data, "-U", _OWNER, "-A", "trust", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--no-sync", "--no-instructions", "--wal-segsize=1"]
        with open(self._folder / "initdb.log", "wb") as log:
            self._initdb = self._spawn(command, log)

    def place(self, address, port, rules):
        """Says where the server starts as soon as something needs it, and its rules for pg_hba.conf. TLS is the
        endpoints' business."""
        self.address, self.port, self._rules = address, port, rules

    def await_ready(self):
        """Starts the server unless it runs."""
        with self._lock:
            if self._stopped:
                raise RuntimeError("the server has ended")
            if not self._server:
                self._start()

    def _fill(self):
        """Makes the data directory."""
        if self._image:
            self._folder.mkdir(mode=0o700)
            self._own(self._folder)
            copy_files(self._image.folder, self._data, account=self._account)
            return
        if not self._initdb:
            self.prepare()
        if self._initdb.wait() != 0:
            raise RuntimeError(f"initdb failed: {self._tail('initdb.log')}")

    def restart(self):
        """Starts the server again if it runs and the parameters that are to be in force are others by now."""
        with self._lock:
            if not self._server or self._stopped or self._settings == self._wanted():
                return
            end(self._server, signal.SIGINT, signal.SIGQUIT)
            self._launch()
            self._await_socket()

    def _wanted(self):
        return _FOLLOWED | {name: value for name, value in self._parameters().items() if name in _FOLLOWED}

    def _launch(self):
        self._settings = self._wanted()
        with open(self._data / "postgresql.conf", "a") as file:
            file.writelines(f"{name} = {literal(value)}\n" for name, value in self._settings.items())
        with open(self._folder / "postgres.log", "ab") as log:
            self._server = self._spawn([self._programs / "postgres", "-D", self._data], log)

    def _start(self):
        self._fill()
        settings = _CONFIGURATION.format(folder=self._folder, address=self.address, port=self.port)
        if self._image:
            settings += _OF_COPIES
        with open(self._data / "postgresql.conf", "a") as file:
            file.write(settings)
        (self._data / "pg_hba.conf").write_text(_rules(self._rules))
        self._launch()
        server = self._server
        try:
            self._await_socket()
            if self._image:
                self._run("".join(f"DROP DATABASE {identifier(name)};\n" for name in self._image.left_out))
                return
            self._run(_ROLES)
            self._create_master(MASTER, self.master_password)
            self._run(_FIRST.format(database=DATABASE, master=MASTER, token_user=TOKEN_USER))
        except BaseException:
            server.kill()
            self._server = None
            raise

    def run(self, sql, database="postgres"):
        """Runs SQL as the owner of the server and returns what it printed."""
        self.await_ready()
        return self._run(sql, database)

    def photograph(self, folder, others=(), account=""):
        """An image of this server as it is now, in a folder to be made, without the databases of some roles, and of
        accounts other than this one."""
        self.await_ready()
        return postgres_images.take(self._psql("postgres"), self._data, self._programs, folder, others, account)

    def photograph_for_follower(self, folder, name):
        """An image for a server that follows this one, under a name, as a standby: it applies what is done here and
        refuses writes. The log is kept for it."""
        self.run(f"SELECT pg_create_physical_replication_slot({literal(name)}, true)")
        image = postgres_images.take(self._psql("postgres"), self._data, self._programs, folder, with_slots=False)
        (folder / "standby.signal").touch()
        primary = f"host={self._folder} port={self.port} user={_OWNER}"
        with open(folder / "postgresql.auto.conf", "a") as file:
            file.write(f"primary_conninfo = '{primary}'\nprimary_slot_name = '{name}'\n")
        return image

    def position(self):
        """How far this server has come, for `has_reached` of one that follows it."""
        # The end of a record: the place for the next one may be further on, where a page begins.
        return self.run("SELECT pg_logical_emit_message(true, 'position', '')")

    def has_reached(self, position):
        """Whether this server, which follows another, has applied what that had done at a position."""
        return self.run(f"SELECT pg_last_wal_replay_lsn() >= {literal(position)}::pg_lsn") == "t"

    def stop_following(self):
        """From now on this server takes writes."""
        self.run("SELECT pg_promote()")

    def release_follower(self, name):
        """Keeps no log any more for a server that has followed this one; ValueError while it is still connected."""
        self.run(f"SELECT pg_drop_replication_slot({literal(name)})")

    def _run(self, sql, database="postgres"):
        return clients.run(self._psql(database), sql)

    def _psql(self, database):
        command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self._folder, "-p", str(self.port)]
        return [*command, "-U", _OWNER, "-d", database]

    def create_master(self, name):
        """A master user: no superuser, but one who makes roles and databases. Its password is the stage's business."""
        self.await_ready()
        self._create_master(name)

    def _create_master(self, name, password=None):
        self._create_user(name, ["rds_superuser"], password, self.is_newer, "CREATEDB CREATEROLE")
        if self.is_newer:
            self._run(_ADMINISTRATION.format(master=identifier(name)))

    def create_user(self, name, roles=(), password=None, replication=False):
        """A login role, a member of others."""
        self.await_ready()
        self._create_user(name, roles, password, replication)

    def _create_user(self, name, roles, password, replication, options=""):
        options += " REPLICATION" if replication else ""
        options += f" PASSWORD {literal(password)}" if password else ""
        options += f" IN ROLE {', '.join(map(identifier, roles))}" if roles else ""
        self._run(f"CREATE ROLE {identifier(name)} LOGIN {options}")

    def stop(self):
        """Ends the server at once: nothing of it is kept."""
        self._stopped = True
        for process in filter(None, (self._initdb, self._server)):
            if process.poll() is None:
                process.send_signal(signal.SIGQUIT)
                process.wait()

    def _spawn(self, command, log):
        # The server dies with this process, however it ends: PostgreSQL takes SIGQUIT as "now". What the kernel waits
        # for is the end of the thread that starts the server.
        drop = ["setpriv", "--pdeathsig", "QUIT"]
        if self._account:
            drop += ["--reuid", str(self._account.pw_uid), "--regid", str(self._account.pw_gid), "--clear-groups"]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
        return _STARTER.submit(
            subprocess.Popen, [*drop, *command], **streams, env=environment, cwd=self._folder
        ).result()

    def _await_socket(self):
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection((self.address, self.port), timeout=1).close()
                self._run("SELECT 1")
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
    owners = [f"local all {_OWNER} trust", f"local replication {_OWNER} trust"]
    return "\n".join([*owners, f"host all {_OWNER} all reject", *rules, ""])


def newer_programs():
    """The programs of PostgreSQL 17 that scripts/postgres-17 unpacks, or None."""
    found = sorted(_CHECKOUT.glob(".venv/postgresql-*/usr/lib/postgresql/*/bin"))
    return found[-1] if found else None


def _installed():
    """The folder of the newest server's programs on this machine."""
    folders = [Path(folder) for folder in glob("/usr/lib/postgresql/*/bin")]
    found = [folder for folder in folders if os.access(folder / "initdb", os.X_OK)]
    if found:
        return max(found, key=lambda folder: int(folder.parent.name))
    elsewhere = shutil.which("initdb")
    if not elsewhere:
        raise RuntimeError("initdb is not installed; on Debian: apt-get install postgresql-15")
    return Path(elsewhere).resolve().parent


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
