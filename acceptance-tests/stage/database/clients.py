"""Command-line clients of the servers."""

import os
import subprocess
from contextlib import suppress

_DONE = "done with this statement"
#: Seconds until an answer; fewer than whoever asks the control is likely to wait.
PATIENCE = 25


#: What programs get of the stage's environment: whatever else there is, such as LD_PRELOAD or PGOPTIONS, is not theirs.
_KEPT = ("PATH", "HOME", "TMPDIR")


def environment():
    """The variables that a program of the stage gets."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | {"LC_ALL": "C.UTF-8"}


def run(command, sql, patience=PATIENCE):
    """What a client prints that runs SQL, without white space around it. ValueError with its complaint if it fails, and
    after `patience` seconds; what the server is at goes on all the same."""
    try:
        done = subprocess.run(
            command, input=sql, capture_output=True, timeout=patience, env=environment(), encoding="utf-8"
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"no answer within {patience} seconds") from error
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    return done.stdout.strip()


class Session:
    """A client that stays open between statements."""

    def __init__(self, command):
        pipe = subprocess.PIPE
        self._client = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(), encoding="utf-8"
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with suppress(BrokenPipeError):  # it has failed, and said so
            self._client.stdin.close()
        self._client.wait()
        self._client.stdout.close(), self._client.stderr.close()

    def ask(self, sql):
        """The lines of an answer; ValueError with the complaint of the server."""
        with suppress(BrokenPipeError):
            self._client.stdin.write(f"{sql};\nSELECT '{_DONE}';\n")
            self._client.stdin.flush()
        lines = []
        for line in self._client.stdout:
            if line.rstrip("\n") == _DONE:
                return [line for line in lines if line]
            lines.append(line.rstrip("\n"))
        raise ValueError(self._client.stderr.read().strip())
