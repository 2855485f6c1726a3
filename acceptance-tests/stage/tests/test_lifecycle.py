"""Starting and, above all, ending: no process and no file is left, however the stage ends."""

import fcntl
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from stage.database import clients
from stage.database.certificates import Authority
from stage.database.endpoints import CAPACITY, AddressBlock, Relays, bind
from stage.database.mariadb import MariaDb
from stage.database.names import Names
from stage.lifecycle import FILES, parent_folder, sweep

from .conftest import PACKAGE, Account, addresses, control, start


def alive(pid):
    """Whether a process runs; one that only waits to be collected does not."""
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def soon(test, seconds=20):
    deadline = time.monotonic() + seconds
    while not test():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def server_of(facts):
    """The process id of the stage's PostgreSQL."""
    folder = Path(facts["database"]["certificate"]).parent
    return int((folder / "postgres/data/postmaster.pid").read_text().split()[0])


def mariadb_of(facts):
    """The process id of the stage's MariaDB, which something has to need first."""
    control(facts, "POST", "sql", engine="mysql", sql="SELECT 1")
    return int((Path(facts["database"]["certificate"]).parent / "mariadb/pid").read_text())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_everything(tmp_path, number):
    process, facts = start(tmp_path)
    folder, servers = Path(facts["database"]["certificate"]).parent, (server_of(facts), mariadb_of(facts))
    assert {os.getpgid(server) for server in servers} == {os.getpgid(process.pid)}, "one process group"
    process.send_signal(number)
    assert process.wait(20) == 0
    assert not any(map(alive, servers)) and not folder.exists()


def test_mariadb_waits_until_it_is_needed(tmp_path):
    process, facts = start(tmp_path)
    folder = Path(facts["database"]["certificate"]).parent
    assert not (folder / "mariadb").exists()
    Account(facts, facts["account"]).instance("shop", engine="mariadb")
    soon(lambda: (folder / "mariadb/data").exists())
    process.terminate()  # while MariaDB starts
    assert process.wait(20) == 0
    assert not folder.exists()


def test_end_of_the_parent_ends_everything(tmp_path):
    file, output = tmp_path / "stage.json", tmp_path / "output"
    line = f"{sys.executable} -m stage up --json {file} >{output} & while ! [ -e {file} ]; do sleep 0.1; done; echo $!"
    environment = os.environ | {"PYTHONPATH": str(PACKAGE)}
    shell = subprocess.run(["sh", "-c", line], env=environment, stdout=subprocess.PIPE, text=True, timeout=60)
    facts = json.loads(file.read_text())
    soon(lambda: not alive(int(shell.stdout)))
    assert not Path(facts["database"]["certificate"]).parent.exists()


def test_start_that_fails_says_why_and_leaves_nothing(tmp_path):
    file = tmp_path / "stage.json"
    file.write_text("of an earlier stage")
    environment = os.environ | {"PYTHONPATH": str(PACKAGE), "PATH": str(tmp_path)}
    command = [sys.executable, "-m", "stage", "up", "--json", file]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    _, complaint = process.communicate(timeout=60)
    assert process.returncode == 1
    assert complaint.startswith("stage: ") and "setpriv" in complaint
    assert not file.exists()
    assert not list(parent_folder().glob(f"*-{process.pid}-*"))


def test_mariadb_that_cannot_start_says_why(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    server = MariaDb(tmp_path / "mariadb", Authority())
    for _ in range(2):
        with pytest.raises(ValueError, match="cc is not installed; on Debian: apt-get install"):
            server.run("SELECT 1")
    server.stop()


def test_no_server_survives_a_killed_stage(tmp_path):
    process, facts = start(tmp_path)
    servers = server_of(facts), mariadb_of(facts)
    folder = Path(facts["database"]["certificate"]).parent
    process.kill()
    process.wait()
    soon(lambda: not any(map(alive, servers)))
    sweep(folder.parent)
    assert not folder.exists()


def test_second_stage_beside_the_first(facts, tmp_path):
    process, second = start(tmp_path)
    try:
        assert Path(facts["database"]["certificate"]).exists()
        assert second["front"] != facts["front"]
        networks = [{address.split(".")[1] for address in addresses(f).values()} for f in (facts, second)]
        assert all(len(network) == 1 for network in networks) and networks[0] != networks[1]
        Account(second, facts["account"]).role("only-here")
        assert [r["RoleName"] for r in Account(second, facts["account"]).client("iam").list_roles()["Roles"]] == [
            "only-here"
        ]
    finally:
        process.terminate()
        process.wait(20)


def test_stage_without_databases(tmp_path):
    process, facts = start(tmp_path, "--without-databases")
    try:
        assert "database" not in facts and "LD_PRELOAD" not in facts["environment"]
        account = Account(facts, facts["account"])
        assert account.client("rds").describe_db_instances()["DBInstances"][0]["DBInstanceIdentifier"] == "orders"
        with pytest.raises(ValueError, match="without databases"):
            account.control("GET", "logins")
    finally:
        process.terminate()
        process.wait(20)


def test_control_explains_itself(facts):
    assert control(facts, "GET", "health")["account"] == facts["account"]
    with pytest.raises(ValueError, match="there is GET /stage/health"):
        control(facts, "GET", "nothing")
    with pytest.raises(ValueError, match="unexpected keyword"):
        control(facts, "POST", "clock", account="1", shift=3)
    with pytest.raises(ValueError, match="12 digits"):
        control(facts, "POST", "accounts", account="1")


def test_control_refuses_what_no_client_can_send(facts):
    account = Account(facts, "200000000000")
    keys = account.credentials
    for fields, words in (
        ({"service": "iam", "operation": "GetRole", "parameters": {"RoleNames": 3}}, "Unknown parameter"),
        ({"service": "iam", "operation": "GetRole"}, "Missing required parameter"),
        ({"service": "iam", "operation": "GetRoll"}, "GetRoll"),
        ({"service": "iam2", "operation": "GetRole"}, "iam2"),
        ({"service": "iam", "operation": "GetRole", "credentials": {}}, "credentials have"),
    ):
        with pytest.raises(ValueError, match=words):
            account.control("POST", "calls", **({"credentials": keys} | fields))


def test_control_says_when_it_fails(facts):
    with pytest.raises(ValueError, match="The stage failed: AttributeError"):
        control(facts, "POST", "accounts", account=111122223333)  # a number, not a text


def test_environment_of_the_stage_is_not_that_of_its_clients(monkeypatch):
    monkeypatch.setenv("LD_PRELOAD", "/nowhere/names.so")
    with pytest.raises(ValueError, match="^ERROR:  no$"):
        clients.run(["sh", "-c", "cat >/dev/null; echo 'ERROR:  no' >&2; exit 1"], "select 1")


def test_addresses_are_not_shared():
    one, two = AddressBlock(), AddressBlock()
    taken = [block.take() for block in (one, two) for _ in range(CAPACITY)]
    assert len(set(taken)) == 2 * CAPACITY
    with pytest.raises(RuntimeError, match="room for 1000"):
        one.take()
    one.give_back(taken[5])
    assert one.take() == taken[5]
    one.release(), two.release()


def test_port_that_is_taken_gives_way():
    first = bind("127.0.0.1", 0)
    port = first.getsockname()[1]
    second = bind("127.0.0.1", port)
    assert second.getsockname()[1] != port
    first.close(), second.close()


def test_shared_stage_ends_with_its_last_user(tmp_path):
    lock = tmp_path / "lock"
    with open(lock, "w") as user:
        fcntl.flock(user, fcntl.LOCK_SH)
        process, facts = start(tmp_path, "--without-databases", "--while-locked", lock)
        assert control(facts, "GET", "health")["front"] == facts["front"]
    assert process.wait(20) == 0


def test_threads_of_a_client_find_all_names_while_they_change(tmp_path):
    names = Names(tmp_path)
    hosts = [f"db{n}.c0123456789a.us-east-1.rds.amazonaws.com" for n in range(CAPACITY)]
    endpoints = {host: f"127.9.{n // 250}.{n % 250 + 1}" for n, host in enumerate(hosts)}
    names.write(endpoints)
    code = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(8) as threads:
    print(*threads.map(socket.gethostbyname, sys.argv[1:]))
"""
    wanted = [host.upper() if n % 2 else host for n, host in enumerate(hosts)]
    client = subprocess.Popen(
        [sys.executable, "-c", code, *wanted], env=os.environ | names.environment(), stdout=subprocess.PIPE, text=True
    )
    while client.poll() is None:
        names.write(endpoints)
    assert client.communicate()[0].split() == list(endpoints.values())


def test_other_names_are_looked_up_as_ever(tmp_path):
    names = Names(tmp_path)
    names.write({"db.example": "127.9.0.1"})
    code = "import socket; print(socket.gethostbyname('localhost'), socket.gethostbyname('127.9.0.3'))"
    for environment in (names.environment(), names.environment() | {"STAGE_NAMES": str(tmp_path / "none")}):
        found = subprocess.check_output([sys.executable, "-c", code], env=os.environ | environment, text=True)
        assert found.split() == ["127.0.0.1", "127.9.0.3"]


def test_client_of_a_server_that_does_not_answer():
    with pytest.raises(ValueError, match="no answer within 0.2 seconds"):
        clients.run(["sleep", "10"], "", 0.2)
    with pytest.raises(ValueError, match="no-such-file"):
        clients.run(["cat", "no-such-file"], "", 10)
    assert clients.run(["cat"], " zoë\n", 10) == "zoë"


def test_stage_may_have_many_connections(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
    try:
        process, _ = start(tmp_path, "--without-databases")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE) == (min(hard, FILES), hard)
    finally:
        process.terminate()
        process.wait(20)


def test_endpoint_survives_a_connection_that_cannot_be_accepted(monkeypatch):
    greeted, failures = threading.Event(), [OSError(24, "Too many open files")] * 2

    class Greeter(Relays):
        async def _serve(self, client, address, context):
            greeted.set()
            client.close()

    relays = Greeter(None, None)
    accept = relays._loop.sock_accept

    def failing(listener):
        if failures:
            raise failures.pop()
        return accept(listener)

    monkeypatch.setattr(relays._loop, "sock_accept", failing)
    relay, port = relays.open("127.0.0.1", 0, None)
    socket.create_connection(("127.0.0.1", port), timeout=5).close()
    assert greeted.wait(5)
    relays.close(relay, "127.0.0.1")


def test_folder_that_another_stage_sweeps_at_the_same_time(tmp_path, monkeypatch):
    (tmp_path / "rdsauth-stage-4194999-a").mkdir()
    (tmp_path / "rdsauth-stage-4194999-b").mkdir()
    exists = Path.exists

    def removed_meanwhile(path):
        if path.name == "4194999":
            for folder in tmp_path.iterdir():
                shutil.rmtree(folder)
        return exists(path)

    monkeypatch.setattr(Path, "exists", removed_meanwhile)
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("flags, in_memory", [(0, True), (os.ST_NOEXEC, False)])
def test_folder_is_where_libraries_can_be_loaded_from(monkeypatch, flags, in_memory):
    memory = Path("/dev/shm")
    monkeypatch.setattr(os, "access", lambda path, mode: path == memory)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1 << 40))
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(f_flag=flags))
    assert (parent_folder() == memory) is in_memory
