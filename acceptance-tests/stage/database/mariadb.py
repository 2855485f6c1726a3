"""A throw-away MariaDB that looks like one of RDS: a master without SUPER, and AWSAuthenticationPlugin.

It costs seconds and a hundred megabytes, so it starts when something first needs it.
"""

import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from glob import glob
from pathlib import Path

from . import clients, programs
from .images import Image, copy_files, frozen
from .mysql_front import SERVER_NAME
from .postgres import unprivileged_account
from .token_socket import TokenSocket

MASTER = "admin"
DATABASE = "app"

_OWNER = "rdsadmin"
_PATIENCE = 60
_PLUGIN = Path(__file__).with_name("aws_authentication.c")

_OPTIONS = """
--skip-name-resolve --local-infile=0 --performance-schema=OFF --skip-feedback
--log-bin=binlog --binlog-format=ROW --sync-binlog=0 --relay-log=relay --skip-slave-start
--key-buffer-size=1M --aria-pagecache-buffer-size=8M --max-connections=150
--plugin-load-add=aws_authentication.so
""".split()
_INNODB = """
--innodb-buffer-pool-size=32M --innodb-log-file-size=8M --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF
""".split()
#: The parameters of a group that a server of one's own follows when it starts: option, and value if no user sets it.
_FOLLOWED = {
    "event_scheduler": ("--event-scheduler", "OFF"),
    "log_bin_trust_function_creators": ("--log-bin-trust-function-creators", "0"),
}
_SYSTEM_TABLES = ("system_tables", "performance_tables", "system_tables_data", "sys_schema")

#: What the master of RDS for MariaDB may, all of it for others too; rds_superuser_role and SUPER are not among it.
_MASTERS_PRIVILEGES = """
SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, SHOW DATABASES,
CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, REPLICATION CLIENT, CREATE VIEW, SHOW VIEW,
CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER
"""
_USERS = """
RENAME USER root@localhost TO {owner}@localhost;
DELETE FROM mysql.global_priv WHERE User NOT IN ('{owner}', 'mariadb.sys') OR Host <> 'localhost';
FLUSH PRIVILEGES;
"""
_REPLICATION_USER = """
CREATE USER IF NOT EXISTS rdsrepladmin@'%';
ALTER USER rdsrepladmin@'%' IDENTIFIED BY '{password}';
GRANT REPLICATION SLAVE ON *.* TO rdsrepladmin@'%'
"""
_FOLLOW = """
SET GLOBAL read_only = 1;
CHANGE MASTER TO MASTER_HOST = '{host}', MASTER_PORT = {port}, MASTER_USER = 'rdsrepladmin',
MASTER_PASSWORD = '{password}', MASTER_LOG_FILE = '{file}', MASTER_LOG_POS = {position}, MASTER_CONNECT_RETRY = 1,
MASTER_SSL = 0;
START SLAVE
"""
#: On RDS nobody but RDS may end sessions of others, and lends that to the master.
_PROCEDURES = "CREATE PROCEDURE mysql.rds_kill(IN thread BIGINT) SQL SECURITY DEFINER KILL thread"
_LOCK_PATIENCE = 10
_MASTER_USER = """
CREATE USER IF NOT EXISTS {user} IDENTIFIED VIA stage_master;
GRANT {privileges} ON *.* TO {user} WITH GRANT OPTION;
"""


class MariaDb:
    """One server process, begun by `begin` and up when `await_ready` returns. With an image it has the data and the users
    of another. `parameters` tells the values that are to be in force."""

    def __init__(self, folder, authority, image=None, master_password=None, parameters=dict):
        self.address = self.port = None
        self.master, self.master_password = MASTER, master_password or secrets.token_urlsafe(18)
        self._image, self._replication_password = image, secrets.token_hex(18)
        self._folder, self._authority = Path(folder), authority
        self._account = unprivileged_account()
        self._check = self._password_of = None
        self._equipped = set()
        self._lock = threading.Lock()
        self._begun = self._stopped = False
        self._process = self._failure = self._settings = None
        self._parameters = parameters
        self._ready = threading.Event()

    def place(self, address, port, check, password_of):
        """Says where the server will listen, who decides about tokens, `check(address, user, token)`, and who knows
        masters, `password_of(address, user)`."""
        self.address, self.port, self._check, self._password_of = address, port, check, password_of

    def begin(self):
        """Starts the server in the background, unless that has been done."""
        with self._lock:
            if not self._begun and not self._stopped:
                self._begun = True
                threading.Thread(target=self._live, daemon=True).start()

    def await_ready(self):
        """Waits until the server is up; RuntimeError says why it is not."""
        self.begin()
        if not self._ready.wait(_PATIENCE):
            raise RuntimeError("MariaDB did not start in time")
        if self._failure:
            raise RuntimeError(self._failure)

    def run(self, sql, database=""):
        """Runs SQL as the owner of the server and returns what it printed."""
        try:
            self.await_ready()
        except RuntimeError as error:
            raise ValueError(str(error)) from error
        return self._run(sql, database, _OWNER)

    def equip(self, master):
        """Makes a master and its first database, unless they are there; the server must be up."""
        if (master.name, master.database) not in self._equipped:
            self._equip(master.name, master.database)

    def create_user(self, name, host, password=None):
        """A user who logs in with a token and over TLS only; with a password, as any other."""
        how = "WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL" if password is None else f"BY {_quoted(password)}"
        self.run(f"CREATE USER {_quoted(name)}@{_quoted(host)} IDENTIFIED {how}")

    def photograph(self, folder):
        """An image of this server as it is now, in a folder to be made: the files as they would be after a crash."""
        self.await_ready()
        with clients.Session([*self._client(_OWNER), "--unbuffered"]) as session:
            self._photograph(session, folder)
        return Image(folder)

    def photograph_for_follower(self, folder, name):
        """An image for a server that follows this one, under a name, as a replica."""
        self.run(_REPLICATION_USER.format(password=self._replication_password))
        with clients.Session([*self._client(_OWNER), "--unbuffered"]) as session:
            session.ask(f"SET lock_wait_timeout = {_LOCK_PATIENCE}; FLUSH TABLES WITH READ LOCK")
            file, position, *_ = session.ask("SHOW MASTER STATUS")[0].split("\t")
            self._photograph(session, folder)
        image = Image(folder)
        image.following = _FOLLOW.format(
            host=self.address, port=self.port, password=self._replication_password, file=file, position=position
        )
        return image

    def _photograph(self, session, folder):
        session.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 1; FLUSH ENGINE LOGS")
        with frozen(self._process):
            copy_files(self._folder / "data", folder)
        session.ask("SET GLOBAL innodb_flush_log_at_trx_commit = 0")

    def position(self):
        """How far this server has come, for `has_reached` of one that follows it."""
        return self.run("SHOW MASTER STATUS").split("\t")[:2]

    def has_reached(self, position):
        """Whether this server, which follows another, has applied what that had done at a position."""
        file, offset = position
        return self.run(f"SELECT MASTER_POS_WAIT('{file}', {offset}, 0.1) >= 0") == "1"

    def stop_following(self):
        """From now on this server takes writes."""
        self.run("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0")

    def release_follower(self, name):
        """Nothing is kept for a server that follows this one."""

    def stop(self):
        """Ends the server at once: nothing of it is kept."""
        with self._lock:
            self._stopped = True
            process = self._process
        if process and process.poll() is None:
            process.kill()
            process.wait()

    def restart(self):
        """Starts the server again if it runs and the parameters that are to be in force are others by now."""
        with self._lock:
            if self._stopped or not self._ready.is_set() or self._failure or self._settings == self._wanted():
                return
            self._ready.clear()
            process, self._process = self._process, None
        programs.end(process, signal.SIGTERM, signal.SIGKILL)
        threading.Thread(target=self._live, daemon=True).start()
        self.await_ready()

    def _wanted(self):
        parameters = self._parameters()
        return {option: parameters.get(name, default) for name, (option, default) in _FOLLOWED.items()}

    def _live(self):
        """The life of the server, all of it in this thread: what the kernel ends with its parent ends with the thread
        that started it."""
        try:
            is_new = self._settings is None
            if is_new:
                self._make()
            self._settings = self._wanted()
            command = [programs.find("mariadbd"), *self._places(), *_OPTIONS, *_INNODB, *self._tls()]
            command += [f"--server-id={int.from_bytes(socket.inet_aton(self.address))}"]
            command += [f"--bind-address={self.address}", f"--port={self.port}"]
            command += [f"{option}={value}" for option, value in self._settings.items()]
            server = self._spawn(command, "mariadb.log")
            self._await_socket(server, is_new)
        except (RuntimeError, ValueError, OSError) as error:
            self._failure = str(error)
        self._ready.set()
        if not self._failure:
            server.wait()

    def _make(self):
        """The folder with the plugin, the socket and the data."""
        self._folder.mkdir(mode=0o700)
        for name in ("plugin", "tmp"):
            (self._folder / name).mkdir()
        programs.compile_library(_PLUGIN, self._folder / "plugin" / "aws_authentication.so")
        TokenSocket(self._folder / "token.sock", self._check, self._password_of)
        self._own(self._folder, self._folder / "tmp", self._folder / "token.sock")
        if self._image:
            copy_files(self._image.folder, self._folder / "data", account=self._account)
            return
        (self._folder / "data").mkdir()
        self._own(self._folder / "data")
        # As mariadb-install-db does, which would leave a process behind if it were killed.
        (self._folder / "system.sql").write_text(_system_tables())
        command = [programs.find("mariadbd"), "--no-defaults", "--bootstrap", f"--datadir={self._folder}/data"]
        command += [self._own_tmp(), "--log-warnings=0", "--max-allowed-packet=8M", *_INNODB]
        if self._spawn(command, "bootstrap.log", self._folder / "system.sql").wait() != 0:
            raise RuntimeError(f"MariaDB did not make its tables: {self._tail('bootstrap.log')}")

    def _places(self):
        folder = self._folder
        places = [f"--datadir={folder}/data", f"--socket={folder}/s.sock", f"--pid-file={folder}/pid"]
        return ["--no-defaults", *places, self._own_tmp(), f"--plugin-dir={folder}/plugin"]

    def _own_tmp(self):
        """A server that starts removes the temporary tables that it finds, also those of another server."""
        return f"--tmpdir={self._folder}/tmp"

    def _tls(self):
        path = self._folder / "server.pem"
        path.touch(mode=0o600)
        path.write_bytes(self._authority.server_key() + self._authority.server_certificate(SERVER_NAME))
        self._own(path)
        return [f"--ssl-cert={path}", f"--ssl-key={path}", "--tls-version=TLSv1.2,TLSv1.3"]

    def _await_socket(self, server, is_new):
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                self._run("SELECT 1", "", _OWNER if self._image or not is_new else "root")
                break
            except ValueError as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"MariaDB did not start: {self._tail('mariadb.log')}") from error
                time.sleep(0.05)
        if not is_new:
            return
        if self._image:
            if self._image.following:
                self._run(self._image.following, "", _OWNER)
            return
        self._run(_USERS.format(owner=_OWNER), "", "root")
        self._run(_PROCEDURES, "", _OWNER)
        self._equip(MASTER, DATABASE)
        self._run("RESET MASTER", "", _OWNER)

    def _equip(self, name, database):
        sql = _MASTER_USER.format(user=f"{_quoted(name)}@'%'", privileges=_MASTERS_PRIVILEGES)
        if database:
            sql += f"CREATE DATABASE IF NOT EXISTS `{database.replace('`', '``')}`;"
        self._run(sql, "", _OWNER)
        self._equipped.add((name, database))

    def _run(self, sql, database, user):
        return clients.run([*self._client(user), "-D", database], sql)

    def _client(self, user):
        command = [programs.find("mariadb"), "--no-defaults", "--batch", "--skip-column-names", "--raw"]
        return [*command, "--default-character-set=utf8mb4", "-S", self._folder / "s.sock", "-u", user]

    def _spawn(self, command, log, script=os.devnull):
        drop = ["setpriv", "--pdeathsig", "KILL"]
        if self._account:
            drop += ["--reuid", str(self._account.pw_uid), "--regid", str(self._account.pw_gid), "--clear-groups"]
        environment = {"PATH": os.environ["PATH"], "STAGE_TOKEN_SOCKET": str(self._folder / "token.sock")}
        with self._lock, open(self._folder / log, "wb") as file, open(script) as source:
            if self._stopped:
                raise RuntimeError("the stage has ended")
            self._process = subprocess.Popen(
                [*drop, *command], stdin=source, stdout=file, stderr=file, env=environment, cwd=self._folder
            )
        return self._process

    def _own(self, *paths):
        for path in paths if self._account else ():
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _tail(self, name):
        return (self._folder / name).read_text(errors="replace")[-2000:]


def _system_tables():
    parts = ["CREATE DATABASE mysql;", "USE mysql;", "SET @auth_root_socket=NULL;"]
    for name in _SYSTEM_TABLES:
        files = glob(f"/usr/share/m*/m*_{name}.sql")  # mysql/mysql_…, in newer versions mariadb/mariadb_…
        if not files:
            raise RuntimeError(f"MariaDB's file of {name} is missing; on Debian it is in mariadb-server-core")
        parts.append(Path(files[0]).read_text())
    return "\n".join(parts)


def _quoted(text):
    escaped = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
