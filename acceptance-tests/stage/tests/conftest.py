"""One stage for all tests, started by its own command, and an account of its own for each test."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib import request
from urllib.error import HTTPError
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

PACKAGE = Path(__file__).resolve().parents[2]
_SESSION = botocore.session.Session()
_ACCOUNTS = count(200000000001)


def start(folder, *options):
    """Starts a stage; returns its process and what it says of itself."""
    file = Path(folder) / "stage.json"
    environment = os.environ | {"PYTHONPATH": str(PACKAGE)}
    command = [sys.executable, "-m", "stage", "up", "--json", file, *options]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not file.exists():
        assert process.poll() is None and time.monotonic() < deadline, "the stage did not start"
        time.sleep(0.05)
    return process, json.loads(file.read_text())


def control(facts, method, path, **fields):
    """A control request; fails with ValueError and the stage's words."""
    url = f"{facts['control']}/{path}"
    if method == "GET":
        wanted = request.Request(f"{url}?{urlencode(fields)}")
    else:
        wanted = request.Request(url, json.dumps(fields).encode(), method=method)
    try:
        with request.urlopen(wanted, timeout=30) as answer:
            return json.load(answer)
    except HTTPError as error:
        raise ValueError(json.load(error)["error"]) from error


def addresses(facts):
    """The addresses of all endpoints by name, as clients know them."""
    lines = Path(facts["environment"]["STAGE_NAMES"]).read_text().splitlines()
    return {name: address for address, name in map(str.split, lines)}


@dataclass
class Account:
    """An account of the stage: clients, control requests, short cuts."""

    facts: dict
    id: str
    credentials: dict = field(default_factory=dict)

    def __post_init__(self):
        if not self.credentials:
            self.credentials = self.control("POST", "accounts", account=self.id)

    def control(self, method, path, **fields):
        return control(self.facts, method, path, **fields)

    def client(self, service, credentials=None, region="us-east-1", retries=0):
        """A client that leaves it to the stage to complain."""
        keys = credentials or self.credentials
        return _SESSION.create_client(
            service,
            region_name=region,
            endpoint_url=self.facts["front"],
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            aws_session_token=keys.get("session_token"),
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1 + retries, "mode": "standard"}),
        )

    def raw(self, service, body, headers=None, region="us-east-1"):
        """Status and text of a signed request with a body of one's own."""
        keys = Credentials(self.credentials["access_key_id"], self.credentials["secret_access_key"])
        wanted = AWSRequest("POST", f"{self.facts['front']}/", headers or {}, body)
        SigV4Auth(keys, service, region).add_auth(wanted)
        prepared = request.Request(wanted.url, body.encode(), dict(wanted.headers), method="POST")
        try:
            with request.urlopen(prepared, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            return error.code, error.read().decode()

    def rules(self, *rules):
        """Puts fault rules in force for this account."""
        self.control("POST", "rules", rules=[{"account": self.id, **rule} for rule in rules])

    def calls(self, **wanted):
        return self.control("GET", "calls", account=self.id, **wanted)["calls"]

    def role(self, name="app", **more):
        return self.control("POST", "roles", account=self.id, name=name, **more)

    def instance(self, identifier="orders", **more):
        return self.control("POST", "instances", account=self.id, identifier=identifier, **more)

    def session(self, role, **more):
        return self.control("POST", "sessions", role_arn=role["arn"], **more)


def allow(action, resource, effect="Allow", **more):
    """A policy of one statement."""
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def trust(principal, **more):
    """A trust policy of one statement."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def refused(code, call, *arguments, **parameters):
    """Checks that a call is refused with a code; returns the message."""
    with pytest.raises(ClientError) as caught:
        call(*arguments, **parameters)
    assert caught.value.response["Error"]["Code"] == code, caught.value
    return caught.value.response["Error"]["Message"]


@pytest.fixture(scope="session")
def facts(tmp_path_factory):
    process, facts = start(tmp_path_factory.mktemp("stage"))
    yield facts
    process.terminate()
    assert process.wait(20) == 0
    assert not Path(facts["database"]["certificate"]).exists(), "the temporary folder is still there"


def _lent(facts):
    """An account whose databases, each of which may have a server and a copy of the data, go with the test."""
    account = Account(facts, str(next(_ACCOUNTS)))
    yield account
    account.control("DELETE", "databases", account=account.id)


@pytest.fixture
def account(facts):
    yield from _lent(facts)


@pytest.fixture
def other_account(facts):
    yield from _lent(facts)
