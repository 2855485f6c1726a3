"""Records the settings of real PostgreSQL servers: python3 -m stage.catalogue.record BIN... > postgres.tsv

Each BIN is the folder of a server's `initdb` and `postgres`. A server is asked once, in single-user mode. What several
versions share is one row. No server is needed once the table is written.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

COLUMNS = "name", "since", "until", "context", "type", "unit", "least", "most", "values", "description"
_NOTE = "# Written by record.py: pg_settings of PostgreSQL {}, from the major version `since` to the version `until`."
_QUERY = (
    "COPY (SELECT lower(name), context, vartype, unit, min_val, max_val, array_to_string(enumvals, ','), short_desc"
    " FROM pg_settings WHERE context <> 'internal' ORDER BY 1) TO '{path}' WITH (NULL '')\n"
)


def record(folder):
    """Version of a server and its settings: name to the other columns."""
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o777)
        data, answer = Path(scratch, "data"), Path(scratch, "settings")
        drop, libraries = _drop_root(), {"LD_LIBRARY_PATH": str(Path(folder).parent / "lib")}
        environment = os.environ | libraries | {"LC_ALL": "C"}
        init = [*drop, f"{folder}/initdb", "-D", data, "-U", "rdsadmin", "-A", "trust", "-E", "UTF8"]
        subprocess.run(init, check=True, env=environment, stdout=subprocess.DEVNULL)
        single = [*drop, f"{folder}/postgres", "--single", "-D", data, "template1"]
        query = _QUERY.format(path=answer)
        subprocess.run(single, check=True, env=environment, input=query, text=True, stdout=subprocess.DEVNULL)
        rows = [line.split("\t") for line in answer.read_text().splitlines()]
        version = subprocess.run([f"{folder}/postgres", "--version"], env=environment, capture_output=True, text=True)
        return version.stdout.split()[2], {row[0]: tuple(row[1:]) for row in rows}


def merge(recorded):
    """Rows of the table: equal settings of neighbouring versions become one."""
    recorded = {int(version.partition(".")[0]): settings for version, settings in recorded.items()}
    rows, versions = [], sorted(recorded)
    for name in sorted({name for settings in recorded.values() for name in settings}):
        row = None
        for version in versions:
            found = recorded[version].get(name)
            if row and found == tuple(row[3:]):
                row[2] = version
            elif found:
                row = [name, version, version, *found]
                rows.append(row)
            else:
                row = None
    return rows


def _drop_root():
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return []
    nobody = pwd.getpwnam("nobody")
    return ["setpriv", "--reuid", str(nobody.pw_uid), "--regid", str(nobody.pw_gid), "--clear-groups"]


if __name__ == "__main__":
    servers = dict(map(record, sys.argv[1:]))
    print(_NOTE.format(", ".join(servers)), "\t".join(COLUMNS), sep="\n")
    for row in merge(servers):
        print(*row, sep="\t")
