"""What the provider asks of AWS, measured on the stage: calls for one instance of each resource, and a large refresh."""

import dataclasses
import json
import pathlib
import statistics
import subprocess
import time
import urllib.parse
import urllib.request

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
REFRESHED = 1000  # resources, of all kinds
REFRESHES = 5
END = {"host": "orders.example", "port": 5432, "user": "app", "password": "none", "database": "app"}  # of a migration
FLOOR = 'resource "terraform_data" "it" {\n  count = %d\n}\n'


class Failure(Exception):
    """A measurement that could not be made."""


def run(command, cwd=None, env=None):
    """Standard output of a command that has to succeed."""
    ended = subprocess.run(command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode != 0:
        said = "%s\n%s%s" % (" ".join(map(str, command)), ended.stdout, ended.stderr)
        raise Failure("exit code %d from %s" % (ended.returncode, said))
    return ended.stdout


@dataclasses.dataclass
class Kind:
    """A resource or data source, and what must be there before it."""

    name: str  # its type without the provider's name
    configuration: str  # the body of the resource; it may use `count.index` and the names in `facts`
    update: tuple  # what to replace in it, and by what
    # (path of the stage's control, fields), %d is the index, and FIRST.arn the ARN that the first answer has
    seeds: list = dataclasses.field(default_factory=list)
    facts: dict = dataclasses.field(default_factory=dict)  # name of a local list: field of the first seed's answers
    most: str = ""  # the calls that it may take at most, as they are printed, if that is settled
    is_data: bool = False


KINDS = [
    Kind(
        name="iam_db_user_policy",
        configuration="""
  role = "app-${count.index}"
  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    account_id  = "123456789012"
    db_users    = ["app"]
  }
""",
        update=('["app"]', '["app", "reports"]'),
        seeds=[("roles", {"name": "app-%d"})],
        most="plan 1r; create 2r 1w; refresh 1r; update 1r 1w; destroy 1w",
    ),
    Kind(
        name="iam_db_access_role",
        configuration="""
  name             = "access-${count.index}"
  preset           = "dms"
  trusted_services = ["dms.us-east-1.amazonaws.com"]
  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    account_id  = "123456789012"
    db_users    = ["app"]
  }
""",
        update=('["app"]', '["app", "reports"]'),
    ),
    Kind(
        name="aurora_loader_role",
        configuration="""
  name                   = "loader-${count.index}"
  source_secret_arn      = "arn:aws:secretsmanager:us-east-1:123456789012:secret:source-a1B2c3"
  destination_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:destination-d4E5f6"
  kms_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
""",
        update=("source-a1B2c3", "source-x1Y2z3"),
    ),
    Kind(
        name="db_secret",
        configuration="""
  name                = "secret-${count.index}"
  kms_key_id          = FACT.keys[0]
  username            = "reader"
  password_wo         = "not a password"
  password_wo_version = 1
""",
        update=("password_wo_version = 1", "password_wo_version = 2"),
        seeds=[("keys", {"alias": "alias/secrets"})],
        facts={"keys": "arn"},
    ),
    Kind(
        name="dms_migration",
        configuration="""
  replication_task_id      = "task-${count.index}"
  replication_instance_arn = FACT.instances[0]
  source_endpoint_arn      = FACT.sources[0]
  target_endpoint_arn      = FACT.targets[0]
  start                    = false
  tags                     = { team = "one" }
  include {
    schema = "public"
  }
""",
        update=('"one"', '"two"'),
        most="plan 3r; create 9r 1w; refresh 2r; update 1r 1w; destroy 4r 1w",
        seeds=[("replication-tasks", {"identifier": "seed", "source": END, "target": END})],
        facts={"instances": "instance_arn", "sources": "source_arn", "targets": "target_arn"},
    ),
    Kind(
        name="encrypted_cluster_restore",
        configuration="""
  cluster_identifier        = "restored-${count.index}"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "shop"
  kms_key_arn               = FACT.keys[0]
  allow_delete              = true
  skip_final_snapshot       = true
  quiet                     = false
  tags                      = { team = "one" }
""",
        update=('"one"', '"two"'),
        most="plan 4r 1w; create 20r 5w; refresh 2r; update 1r 1w; destroy 4r 2w",
        seeds=[
            ("keys", {"alias": "alias/clusters"}),
            ("quotas", {"clusters": 2000, "instances": 2000}),
            ("clusters", {"identifier": "shop", "members": 1}),
            ("cluster-snapshots", {"identifier": "shop", "cluster": "shop"}),
        ],
        facts={"keys": "arn"},
    ),
    Kind(
        name="encrypted_restore",
        configuration="""
  db_instance_identifier        = "copy-${count.index}"
  snapshot_identifier           = "sealed-${count.index}"
  source_db_instance_identifier = "original-${count.index}"
  allow_delete                  = true
  skip_final_snapshot           = true
  quiet                         = false
  tags                          = { team = "one" }
""",
        update=('"one"', '"two"'),
        most="plan 3r; create 11r 2w; refresh 1r; update 1r 1w; destroy 3r 1w",
        seeds=[
            ("keys", {"alias": "alias/restores"}),
            ("quotas", {"instances": 2000}),
            ("instances", {"identifier": "original-%d", "key": "FIRST.arn"}),
            ("snapshots", {"identifier": "sealed-%d", "instance": "original-%d"}),
        ],
    ),
    Kind(
        name="encrypted_snapshot",
        configuration="""
  db_snapshot_identifier = "encrypted-${count.index}"
  db_instance_identifier = "plain-${count.index}"
  kms_key_arn            = FACT.keys[0]
  tags                   = { team = "one" }
""",
        update=('"one"', '"two"'),
        most="plan 3r 1w; create 10r 4w; refresh 1r; update 1r 1w; destroy 4r 2w",
        seeds=[("keys", {"alias": "alias/snapshots"}), ("instances", {"identifier": "plain-%d"})],
        facts={"keys": "arn"},
    ),
    Kind(
        name="blue_green_encryption",
        configuration="""
  blue_green_deployment_name = "encrypted-${count.index}"
  db_instance_identifier     = "blue-${count.index}"
  kms_key_arn                = FACT.keys[0]
  tags                       = { team = "one" }
""",
        update=('"one"', '"two"'),
        most="plan 7r 1w; create 18r 3w; refresh 2r; update 3r 1w; destroy 4r 1w",
        seeds=[("keys", {"alias": "alias/deployments"}), ("instances", {"identifier": "blue-%d"})],
        facts={"keys": "arn"},
    ),
    Kind(
        name="endpoint_swap",
        configuration="""
  db_instance_identifier = "app-${count.index}"
  replacement_identifier = "sealed-app-${count.index}"
  swap_back_on_destroy   = true
""",
        update=("= true", "= true\n  require_encryption = false"),
        seeds=[
            ("keys", {"alias": "alias/swaps"}),
            ("instances", {"identifier": "app-%d"}),
            ("instances", {"identifier": "sealed-app-%d", "key": "FIRST.arn"}),
        ],
        most="plan 4r; create 14r 2w; refresh 1r; update 0r; destroy 5r 2w",
    ),
    Kind(
        name="kms_key",
        configuration="""
  alias       = "alias/bench-${count.index}"
  description = "one"
""",
        update=('"one"', '"two"'),
    ),
    Kind(
        name="kms_key_user",
        configuration="""
  kms_key_arn   = FACT.keys[count.index]
  principal_arn = "arn:aws:iam::${split(":", FACT.keys[count.index])[4]}:role/user-${count.index}"
""",
        update=("principal_arn", 'permission_set = "console_key_user"\n  sid = "RdsAuth"\n  principal_arn'),
        seeds=[("keys", {"alias": "alias/user-%d"}), ("roles", {"name": "user-%d"})],
        facts={"keys": "arn"},
    ),
    Kind(
        name="iam_authentication",
        configuration="""
  db_instance_identifier = "login-${count.index}"
  enabled                = true
""",
        update=("= true", "= false"),
        seeds=[("instances", {"identifier": "login-%d", "iam": False})],
    ),
    Kind(
        name="parameter",
        configuration="""
  db_parameter_group_name = "group-${count.index}"
  name                    = "rds.force_ssl"
  value                   = "1"
""",
        update=('"1"', '"0"'),
        seeds=[("parameter-groups", {"name": "group-%d", "family": "postgres16"})],
    ),
    Kind(
        name="replication_iam_auth",
        configuration="""
  db_instance_identifier = "publisher-${count.index}"
  on_destroy             = "restore"
""",
        update=("restore", "reset"),
        seeds=[
            ("parameter-groups", {"name": "own-%d", "family": "postgres16", "values": {"rds.logical_replication": "1"}}),
            ("instances", {"identifier": "publisher-%d", "version": "16.4", "iam": True, "parameter_group": "own-%d"}),
        ],
    ),
]

# Data sources, which a plan alone reads.
DATA = [
    Kind(
        name="encryption_plan",
        configuration="""
  db_instance_identifier = "orders-${count.index}"
""",
        update=("", ""),
        seeds=[("instances", {"identifier": "orders-%d"})],
        most="plan 8r",
        is_data=True,
    ),
    Kind(
        name="posture",
        configuration="""
  db_instance_identifiers = ["checked-${count.index}"]
""",
        update=("", ""),
        seeds=[("instances", {"identifier": "checked-%d"})],
        most="plan 6r",
        is_data=True,
    ),
]

# A region with many DB instances and manual snapshots, whose security posture one data source checks.
REGION, REGION_SNAPSHOTS = 1000, 100
REGION_PLAN = 'data "rdsauth_posture" "it" {}\n'
REGION_CALLS, REGION_SECONDS = 40, 5


class Stage:
    """The stand-in for AWS. Each account is empty at first."""

    def __init__(self, folder, databases=False):
        self.facts = folder / "stage.json"
        without = [] if databases else ["--without-databases"]
        self.command = [CHECKOUT / "acceptance-tests/stage/run", "up", *without, "--json", self.facts]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while not self.facts.exists():
            if self.process.poll() is not None:
                raise Failure("the stage ended")
            time.sleep(0.05)
        self.described = json.loads(self.facts.read_text())
        self.front, self.environment = self.described["front"], self.described.get("environment", {})
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.facts.unlink()

    def env(self, account):
        return {
            "AWS_ENDPOINT_URL": self.front,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIA%sTEST" % account,
            "AWS_SECRET_ACCESS_KEY": "stage-secret-access-key-for-%s" % account,
        }

    def of_clients(self):
        """What a program needs to find and to trust the databases."""
        names = ("LD_PRELOAD", "STAGE_NAMES")
        return {name: value for name, value in self.environment.items() if name in names or name.startswith("PGSSL")}

    def ask(self, method, path, **fields):
        """What the control of the stage answers."""
        url, body = "%s/stage/%s" % (self.front, path), json.dumps(fields).encode()
        if method == "GET":
            url, body = "%s?%s" % (url, urllib.parse.urlencode(fields)), None
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
            return json.load(answer)

    def call(self, account, service, operation, **parameters):
        """The answer of an operation of AWS to the administrator of an account."""
        env = self.env(account)
        keys = {"access_key_id": env["AWS_ACCESS_KEY_ID"], "secret_access_key": env["AWS_SECRET_ACCESS_KEY"]}
        answer = self.ask("POST", "calls", credentials=keys, service=service, operation=operation, parameters=parameters)
        if "error" in answer:
            raise Failure("%s: %s" % (operation, answer["error"]))
        return answer["answer"]

    def parameters(self, account, group):
        """All parameters of a DB parameter group."""
        found, asked = [], {"DBParameterGroupName": group}
        while True:
            page = self.call(account, "rds", "DescribeDBParameters", **asked)
            found += page["Parameters"]
            if not page.get("Marker"):
                return found
            asked["Marker"] = page["Marker"]

    def configuration(self, kind, account, count):
        """Prepares the account, and answers the configuration that needs it."""
        answers = []
        for path, fields in kind.seeds:
            many = any("%d" in value for value in fields.values() if isinstance(value, str))
            for index in range(count if many else 1):
                arn = answers[0][1].get("arn", "") if answers else ""
                words = {"%d": str(index), "FIRST.arn": arn}
                filled = {key: replaced(value, words) if isinstance(value, str) else value for key, value in fields.items()}
                answers.append((path, self.ask("POST", path, account=account, **filled)))
        first = [answer for path, answer in answers if kind.seeds and path == kind.seeds[0][0]]
        facts = {name: [answer[field] for answer in first] for name, field in kind.facts.items()}
        lines = ["  %s_%s = %s" % (kind.name, name, json.dumps(values)) for name, values in facts.items()]
        body = kind.configuration.replace("123456789012", account)
        for name in facts:
            body = body.replace("FACT.%s" % name, "local.%s_%s" % (kind.name, name))
        block = '%s "rdsauth_%s" "it" {\n  count = %d\n%s}\n' % ("data" if kind.is_data else "resource", kind.name, count, body)
        return ("locals {\n%s\n}\n" % "\n".join(lines) if lines else "") + block

    def hurry(self, account):
        """Lets changes of databases be in force at once, so that no look at one under way is counted."""
        self.ask("POST", "transitions", account=account, busy=0, lingering=0, applying=0, rebooting=0)

    def calls(self, account):
        """Reads and writes since the last time, but not the question for the account."""
        calls = self.ask("GET", "calls", account=account)["calls"]
        self.ask("DELETE", "calls", account=account)
        written = [call["write"] for call in calls if call["operation"] != "GetCallerIdentity"]
        return written.count(False), written.count(True)


def replaced(text, words):
    """A text in which each of the words stands for another."""
    for word, other in words.items():
        text = text.replace(word, other)
    return text


def calls(bench):
    """The calls that each command makes for one instance; a refresh on its own, so that each is counted once."""
    rows = []
    with Stage(bench.folder) as stage:
        for number, kind in enumerate(KINDS + DATA):
            account = "%012d" % (123456789012 if number == 0 else number)
            stage.hurry(account)
            configuration = bench.required + stage.configuration(kind, account, 1)
            workspace = bench.workspace("%s-calls" % kind.name, configuration)
            updated = configuration.replace(*kind.update)
            said = []
            steps = (
                ("plan", ["plan"], configuration),
                ("create", ["apply", "-auto-approve"], configuration),
                ("refresh", ["plan", "-refresh-only"], configuration),
                ("update", ["apply", "-auto-approve", "-refresh=false"], updated),
                ("destroy", ["destroy", "-auto-approve", "-refresh=false"], updated),
            )
            for title, command, text in steps[:1] if kind.is_data else steps:
                (workspace / "main.tf").write_text(text)
                stage.calls(account)
                run([bench.terraform, *command, "-no-color"], cwd=workspace, env={**bench.env, **stage.env(account)})
                read, written = stage.calls(account)
                parts = ["%dr" % read] if read or not written else []
                parts += ["%dw" % written] if written else []
                said.append("%s %s" % (title, " ".join(parts)))
            said = "; ".join(said)
            rows.append(("calls of " + kind.name, said, "", "", kind.most, not kind.most or said == kind.most))
    return rows


def shares(count, parts):
    """How many each part gets, none more than one more than another."""
    return [count // parts + (part < count % parts) for part in range(parts)]


def refresh(bench):
    """A refresh of many resources of all kinds, in one account."""
    account = "123456789012"
    with Stage(bench.folder) as stage:
        env = {**bench.env, **stage.env(account)}
        stage.hurry(account)
        blocks = [stage.configuration(kind, account, count) for kind, count in zip(KINDS, shares(REFRESHED, len(KINDS)))]
        ours = bench.workspace("refresh", bench.required + "\n".join(blocks))
        floor = bench.workspace("refresh-floor", FLOOR % REFRESHED)
        for folder in (ours, floor):
            run([bench.terraform, "apply", "-auto-approve", "-no-color"], cwd=folder, env=env)
        stage.calls(account)
        seconds = {ours: [], floor: []}
        for _ in range(REFRESHES):
            for folder, measured in seconds.items():
                started = time.perf_counter()
                run([bench.terraform, "plan", "-refresh-only", "-no-color"], cwd=folder, env=env)
                measured.append(time.perf_counter() - started)
        read, written = stage.calls(account)
        if written:
            raise Failure("the refreshes wrote %d times" % written)
    ours, floor = (statistics.median(measured) for measured in seconds.values())
    title = "refresh of %d resources of %d kinds, median of %d" % (REFRESHED, len(KINDS), REFRESHES)
    said = "%.1f s, %d calls" % (ours, read / REFRESHES)
    return [(title, said, "%.1f s terraform_data" % floor, "× %.1f" % (ours / floor), "", True)]


def region(bench):
    """The security posture of a region with many DB instances, in one plan."""
    account = "123456789012"
    with Stage(bench.folder) as stage:
        for index in range(REGION):
            stage.ask("POST", "instances", account=account, identifier="orders-%d" % index, version="16.4")
        stage.ask("POST", "transitions", account=account, busy=0, backing=0)
        stage.ask("POST", "quotas", account=account, snapshots=2 * REGION)
        for index in range(REGION_SNAPSHOTS):
            stage.call(account, "rds", "CreateDBSnapshot", DBInstanceIdentifier="orders-%d" % index, DBSnapshotIdentifier="kept-%d" % index)
        workspace = bench.workspace("region", bench.required + REGION_PLAN)
        stage.calls(account)
        started = time.perf_counter()
        run([bench.terraform, "plan", "-no-color"], cwd=workspace, env={**bench.env, **stage.env(account)})
        seconds = time.perf_counter() - started
        read, written = stage.calls(account)
    title = "posture of a region with %d DB instances and %d snapshots" % (REGION, REGION_SNAPSHOTS)
    most = "%d calls, %d s" % (REGION_CALLS, REGION_SECONDS)
    said = "%d calls, %.1f s" % (read + written, seconds)
    return [(title, said, "", "", most, read <= REGION_CALLS and not written and seconds <= REGION_SECONDS)]
