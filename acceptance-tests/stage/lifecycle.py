"""One stage: everything it starts, what it tells its users, and how it ends."""

import os
import resource
import shlex
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from .database import mariadb
from .database.postgres import DATABASE, MASTER, TOKEN_USER, Postgres

ACCOUNT = "111122223333"
REGION = "us-east-1"
INSTANCE = "orders"
#: A Unix socket's path has at most 107 bytes, and the temporary folder holds one.
_LONGEST_FOLDER = 60
#: Bytes that must be free in memory for the folder to go there; it takes a tenth of them.
_MEMORY = 512 << 20
#: Open files and connections that a stage wants. MariaDB takes memory for each one that it may have.
FILES = 65536
_PREFIX = "rdsauth-stage-"


class Stage:
    """Starts on construction, stops with `stop`. Holds one temporary folder."""

    def __init__(self, databases=True):
        began = time.monotonic()
        parent = parent_folder()
        sweep(parent)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=parent))
        self.folder.chmod(0o755)  # clients of other users read the certificate and the names
        self.databases = self.front = self._postgres = None
        try:
            self._start(databases)
        except BaseException:
            self.stop()
            raise
        self.seconds = round(time.monotonic() - began, 2)

    def _start(self, databases):
        if databases:
            self._postgres = Postgres(self.folder / "postgres")
            self._postgres.prepare()
        # moto takes seconds to import; initdb runs meanwhile.
        from .aws import moto_backend
        from .aws.service import Aws
        from .control import Control
        from .front import Front

        aws = Aws()
        control = Control(aws, self.describe)
        self.front = Front(aws, control)
        if databases:
            from .database.databases import Databases

            aws.databases = self.databases = Databases(self.folder, aws, self._postgres)
            self.databases.start()
        self.instance = control.rds.create_instance(ACCOUNT, INSTANCE, REGION)
        moto_backend.warm()
        self.front.start()

    def stop(self):
        """Ends everything and removes the folder."""
        if self.front:
            self.front.server_close()
        if self._postgres:
            self._postgres.stop()
        if self.databases:
            self.databases.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self):
        """Variables with which terraform, the AWS CLI and psql use this stage."""
        from .aws.identity import administrator_key, administrator_secret

        variables = {
            "AWS_ENDPOINT_URL": self.front.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": administrator_key(ACCOUNT),
            "AWS_SECRET_ACCESS_KEY": administrator_secret(ACCOUNT),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if self.databases:
            variables |= {
                **self.databases.names.environment(),
                "PGSSLROOTCERT": str(self.databases.certificate_path),
                "PGSSLMODE": "verify-full",
            }
        return variables

    def describe(self):
        """What a test harness needs to know."""
        facts = {
            "front": self.front.url,
            "control": f"{self.front.url}/stage",
            "account": ACCOUNT,
            "region": REGION,
            "environment": self.environment(),
            "start_seconds": self.seconds,
        }
        if self.databases:
            facts["database"] = {
                **self.instance,
                "name": DATABASE,
                "master_user": MASTER,
                "master_password": self.databases.postgres.master_password,
                "token_user": TOKEN_USER,
                "certificate": str(self.databases.certificate_path),
            }
            if newer := self.databases.newer:
                facts["newer_postgres"] = {"major": newer.major, "master_password": newer.master_password}
            facts["mysql"] = {
                "database": mariadb.DATABASE,
                "master_user": mariadb.MASTER,
                "master_password": self.databases.mariadb.master_password,
            }
        return facts

    def instructions(self):
        """Shell lines for use by hand."""
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self.environment().items()]
        lines.insert(0, "unset AWS_SESSION_TOKEN AWS_PROFILE AWS_CA_BUNDLE")
        if self.databases:
            host, port = self.instance["host"], self.instance["port"]
            server = f"host={host} port={port} dbname={DATABASE}"
            password = shlex.quote(self.databases.postgres.master_password)
            token = f"aws rds generate-db-auth-token --hostname {host} --port {port} --username {TOKEN_USER}"
            lines += [
                f"# instance {INSTANCE} of account {ACCOUNT}, resource id {self.instance['resource_id']}",
                f"# as the master:    PGPASSWORD={password} psql '{server} user={MASTER}'",
                f"# with a token:     PGPASSWORD=\"$({token})\" psql '{server} user={TOKEN_USER}'",
            ]
        return "\n".join([*lines, f"# control: {self.front.url}/stage/health, see acceptance-tests/stage/README.md"])


def allow_files():
    """Lets this process and its servers have as many open files as a stage wants, or as many as they may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def parent_folder():
    """Where the temporary folder goes: into memory if there is room, because the database is not worth a disk, and if
    programs may load libraries from there, as containers often forbid."""
    memory = Path("/dev/shm")
    has_room = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _MEMORY
    if has_room and not os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return memory
    parent = tempfile.gettempdir()
    return Path(parent if len(parent) <= _LONGEST_FOLDER else "/tmp")


def sweep(parent):
    """Removes what stages left behind that were killed and could not do it themselves."""
    for folder in parent.glob(f"{_PREFIX}*-*"):
        process = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not process.isdigit() or Path(f"/proc/{process}").exists():
            continue
        with suppress(FileNotFoundError):  # another stage sweeps, too
            if folder.stat().st_uid == os.geteuid():
                shutil.rmtree(folder, ignore_errors=True)
