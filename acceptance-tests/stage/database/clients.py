"""Command-line clients of the servers."""

import subprocess


def run(command, sql, patience, environment=None):
    """What a client prints that runs SQL, without white space around it. ValueError with its complaint if it fails, and
    after `patience` seconds; what the server is at goes on all the same."""
    try:
        done = subprocess.run(
            command, input=sql, capture_output=True, timeout=patience, env=environment, encoding="utf-8"
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"no answer within {patience} seconds") from error
    if done.returncode != 0:
        raise ValueError(done.stderr.strip())
    return done.stdout.strip()
