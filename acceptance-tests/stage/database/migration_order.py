"""What a migration is told, and what stays of it between its runs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from .migration_places import Place

FULL_LOAD, CDC, BOTH = "full-load", "cdc", "full-load-and-cdc"
FRESH, RELOADED = "start-replication", "reload-target"


@dataclass
class Journal:
    """What stays of a migration between its runs."""

    tables: dict = field(default_factory=dict)
    slot: str = None
    loaded: bool = False
    position: int = 0
    fresh: datetime = None
    began: datetime = None
    ended: datetime = None
    load_began: datetime = None
    load_ended: datetime = None


@dataclass
class Order:
    """What is to be migrated and how. `rank` tells the load order of a table, None if it is not selected, and `renamed`
    its schema and name at the target; `named` are the tables that were selected by their names."""

    name: str
    kind: str
    start: str
    source: Place
    target: Place
    settings: dict
    rank: Callable
    renamed: Callable
    journal: Journal
    named: list = ()
    position: str = None
