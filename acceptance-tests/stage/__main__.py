"""Command line: `python -m stage up`."""

import argparse
import fcntl
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

from .lifecycle import Stage, allow_files

#: Seconds without a user after which a shared stage ends.
_GRACE = 10


def main():
    parser = argparse.ArgumentParser(prog="stage", description="AWS and RDS-like databases on loopback, for tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="run in the foreground until SIGINT, SIGTERM or the end of the parent process")
    up.add_argument("--json", metavar="FILE", type=Path, help="write what a harness needs to know once all is up")
    up.add_argument("--without-databases", action="store_true", help="play AWS only")
    up.add_argument("--outlive-parent", action="store_true", help="stay when the process that started this one ends")
    up.add_argument("--while-locked", metavar="FILE", type=Path, help="stay until nobody holds a lock on FILE any more")
    arguments = parser.parse_args()
    if arguments.while_locked:
        unused = _Lock(arguments.while_locked).unused
    elif arguments.outlive_parent:
        unused = bool
    else:
        unused = _orphaned(os.getppid())
    ended = threading.Event()
    endings = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
        endings.append(signal.SIGHUP)
    for number in endings:
        signal.signal(number, lambda *_: ended.set())
    stage, status = None, 0
    if arguments.json:
        arguments.json.unlink(missing_ok=True)  # of an earlier stage
    try:
        allow_files()
        stage = Stage(databases=not arguments.without_databases)
        if arguments.json:
            _write(arguments.json, json.dumps(stage.describe(), indent=2))
        print(stage.instructions(), flush=True)
        print(f"# up in {stage.seconds} s; Ctrl-C ends it", flush=True)
        while not ended.wait(0.25) and not unused():
            pass
    except (RuntimeError, OSError) as error:
        print(f"stage: {error}", file=sys.stderr, flush=True)
        status = 1
    finally:
        # A second Ctrl-C must not leave a server behind.
        for number in endings:
            signal.signal(number, signal.SIG_IGN)
        if stage:
            stage.stop()
    # Everything is closed; taking moto's many objects apart one by one would only take time.
    sys.stdout.flush()
    os._exit(status)


def _orphaned(parent):
    return lambda: os.getppid() != parent


class _Lock:
    """A file on which each user of the stage holds a shared lock for as long as it lives."""

    def __init__(self, path):
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._last_use = time.monotonic()

    def unused(self):
        """Whether nobody has held the lock for a while. It is then taken: who comes now waits, and starts anew."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._last_use = time.monotonic()
            return False
        if time.monotonic() - self._last_use > _GRACE:
            return True
        fcntl.flock(self._file, fcntl.LOCK_UN)
        return False


def _write(path, text):
    """Writes a file that appears whole; it holds keys, so it is for its owner only."""
    temporary = path.with_name(path.name + ".new")
    with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    temporary.replace(path)


main()
