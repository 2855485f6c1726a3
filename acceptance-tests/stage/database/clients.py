"""Command-line clients of the servers."""

import os
import subprocess

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
