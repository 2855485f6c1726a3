"""Programs of the machine that the stage needs beside Python and PostgreSQL."""

import os
import shutil
import subprocess

from . import clients

_PACKAGES = "mariadb-server-core mariadb-client-core libmariadb3 gcc libc6-dev"
_PATIENCE, _PATIENCE_AT_END = 60, 5


def find(name):
    """The path of a program; RuntimeError tells how to install it."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if not found:
        raise RuntimeError(f"{name} is not installed; on Debian: apt-get install --no-install-recommends {_PACKAGES}")
    return found


def end(process, signal, last):
    """Ends a server in order, or at once if that takes too long: a login may wait for who waits here."""
    process.send_signal(signal)
    try:
        process.wait(_PATIENCE_AT_END)
    except subprocess.TimeoutExpired:
        process.send_signal(last)
        process.wait()


def compile_library(source, target):
    """Makes a shared library of a file of C; RuntimeError with the compiler's complaint."""
    command = [find("cc"), "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", source, "-o", target]
    try:
        clients.run(command, "", _PATIENCE)
    except ValueError as error:
        raise RuntimeError(f"{source.name} does not compile: {str(error)[:2000]}") from error
