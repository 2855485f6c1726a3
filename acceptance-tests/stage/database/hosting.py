"""What RDS does in a PostgreSQL server for its customers and a plain server leaves to superusers."""

import threading
from collections import Counter
from dataclasses import dataclass

_AGAIN = 0.5  # seconds until it is tried again to take REPLICATION back
_DROPPED = "does not exist"

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
        self._making, self._equipped = threading.Lock(), set()
        self._lending, self._borrowers, self._lent = threading.Lock(), Counter(), set()

    def equip(self, master):
        """Makes the role of a master and its database, unless they are there."""
        wanted = master.name, master.database
        if wanted in self._equipped:
            return
        with self._making:
            if not self._postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname = {literal(master.name)}"):
                self._postgres.create_master(master.name)
            database = master.database
            if database and not self._postgres.run(f"SELECT 1 FROM pg_database WHERE datname = {literal(database)}"):
                self._postgres.run(f"CREATE DATABASE {identifier(database)} OWNER {identifier(master.name)}")
            self._equipped.add(wanted)

    def masters(self):
        """The names of all masters that have been made here."""
        with self._making:
            return {name for name, _ in self._equipped}

    def lend_replication(self, user):
        """Lets a member of rds_replication log in for replication, for which a plain server wants the attribute.
        Returns whether it was lent, and is to be taken back. ValueError if another transaction has the role."""
        with self._lending:
            if user not in self._lent:
                member = "NOT rolsuper AND NOT rolreplication AND pg_has_role(oid, 'rds_replication', 'MEMBER')"
                if not self._postgres.run(f"SELECT 1 FROM pg_roles WHERE rolname = {literal(user)} AND {member}"):
                    return False
                self._alter(user, "REPLICATION")
                self._lent.add(user)
            self._borrowers[user] += 1
            return True

    def take_replication_back(self, user):
        """The login is over, and with it the last that borrowed the attribute."""
        with self._lending:
            self._borrowers[user] -= 1
        self._take_back(user)

    def _take_back(self, user):
        with self._lending:
            if self._borrowers[user] or user not in self._lent:
                return
            try:
                self._alter(user, "NOREPLICATION")
            except ValueError as error:
                if _DROPPED not in str(error):
                    _later(self._take_back, user)
                    return
            self._lent.remove(user)

    def _alter(self, user, attribute):
        # Who changes the role in a transaction of his own must not keep others from logging in.
        self._postgres.run(f"SET lock_timeout = '2s'; ALTER ROLE {identifier(user)} {attribute}")


def identifier(name):
    """A name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    """A text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def _later(work, *arguments):
    timer = threading.Timer(_AGAIN, work, arguments)
    timer.daemon = True
    timer.start()
