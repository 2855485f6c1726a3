"""Programs of the machine that the stage needs beside Python and PostgreSQL."""

import os
import shutil

from . import clients

_PACKAGES = "mariadb-server-core mariadb-client-core libmariadb3 gcc libc6-dev"
_PATIENCE = 60


def find(name):
    """The path of a program; RuntimeError tells how to install it."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if not found:
        raise RuntimeError(f"{name} is not installed; on Debian: apt-get install --no-install-recommends {_PACKAGES}")
    return found


def compile_library(source, target):
    """Makes a shared library of a file of C; RuntimeError with the compiler's complaint."""
    command = [find("cc"), "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", source, "-o", target]
    try:
        clients.run(command, "", _PATIENCE)
    except ValueError as error:
        raise RuntimeError(f"{source.name} does not compile: {str(error)[:2000]}") from error
