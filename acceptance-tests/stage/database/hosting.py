"""What RDS does in a PostgreSQL server for its customers and a plain server leaves to superusers."""

import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Master:
    """The master user of an instance or cluster, and the first database."""

    name: str
    password: str
    database: str | None


class Hosting:
    """Masters and databases of instances, made when they are first wanted, and REPLICATION for a login."""

    def __init__(self, postgres):
        self._postgres = postgres
        self._lock, self._equipped, self._borrowers = threading.Lock(), set(), Counter()

    def equip(self, master):
        """Makes the role of a master and its database, unless they are there."""
        wanted = master.name, master.database
        with self._lock:
            if wanted in self._equipped:
                return
            if not self._postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname = {literal(master.name)}"):
                self._postgres.create_master(master.name)
            database = master.database
            if database and not self._postgres.run(f"SELECT 1 FROM pg_database WHERE datname = {literal(database)}"):
                self._postgres.run(f"CREATE DATABASE {identifier(database)} OWNER {identifier(master.name)}")
            self._equipped.add(wanted)

    def lend_replication(self, user):
        """Lets a member of rds_replication log in for replication, for which a plain server wants the attribute.
        Returns whether it was lent, and is to be taken back."""
        with self._lock:
            if not self._borrowers[user]:
                member = "NOT rolsuper AND NOT rolreplication AND pg_has_role(oid, 'rds_replication', 'MEMBER')"
                if not self._postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname = {literal(user)} AND {member}"):
                    return False
                self._postgres.run(f"ALTER ROLE {identifier(user)} REPLICATION")
            self._borrowers[user] += 1
            return True

    def take_replication_back(self, user):
        """The login is over, and with it the last that borrowed the attribute."""
        with self._lock:
            self._borrowers[user] -= 1
            if not self._borrowers[user]:
                with suppress(ValueError):  # the role may have been dropped
                    self._postgres.run(f"ALTER ROLE {identifier(user)} NOREPLICATION")


def identifier(name):
    """A name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    """A text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"
