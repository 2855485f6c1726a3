"""Servers that single instances or clusters have for themselves, with their replicas and members."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

_AT_ONCE = 16


@dataclass
class Running:
    """A server and the front before it. It starts with the first connection."""

    server: object
    front: object
    folder: Path
    address: str


class OwnServers:
    """Makes a server when the first endpoint leads to it, and ends it after the last."""

    def __init__(self, folder, addresses, make):
        self._folder, self._addresses, self._make = folder, addresses, make
        self._running, self._numbers = {}, count(1)

    def of(self, own, family, database):
        """What runs for an `OwnServer`; `make(own, family, database, folder, address)` makes server and front."""
        if own not in self._running:
            folder, address = self._folder / f"own{next(self._numbers)}", self._addresses.popleft()
            self._running[own] = Running(*self._make(own, family, database, folder, address), folder, address)
        return self._running[own]

    def end_all_but(self, used):
        """Ends the servers that nothing leads to, and returns them by whom they were for."""
        unused = {own: self._running.pop(own) for own in self._running.keys() - set(used)}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(_end, unused.values()))
        self._addresses.extend(running.address for running in unused.values())
        return {own: running.server for own, running in unused.items()}


def _end(running):
    running.server.stop()
    running.front.end()
    shutil.rmtree(running.folder, ignore_errors=True)
