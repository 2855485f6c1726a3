#!/usr/bin/env python3
"""Measures providers beside what cannot be had for less, all in one run: figures of one machine mean little, ratios more.

start    process start to handshake line, beside a Rust program that only prints one
memory   peak of the plugin in a plan of 1000 instances, with a refresh of those that call AWS
size     the release binary
plan     wall time of `terraform plan` without a refresh, beside as many built-in `terraform_data`, which need no plugin
calls    calls of AWS that a command makes for one instance of each resource, and that a data source makes, counted by the stage
refresh  calls and wall time of a refresh of 1000 resources of all kinds, beside as many `terraform_data`
many     calls and wall time of refreshes of 1, 100 and 1000 resources whose reads lists answer (takes ten minutes)
region   calls and wall time of the security posture of a region with 1000 DB instances
polls    calls of each look at a migration of 500 tables
users    sessions, statements and wall time of commands on 100 users of one database server, of each engine
drift    wall time and memory of a plan that compares two databases with 10 000 tables, of each engine
builds   cold and warm builds in a folder of their own (takes a quarter of an hour; `--only` leaves it out)
"""

import argparse
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from remote import Failure, run
import drift as large
import many as listed
import polls as migration
import remote
import users as accounts

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or CHECKOUT / "target").resolve()
PARTS = ["start", "memory", "size", "plan", "calls", "refresh", "many", "region", "polls", "users", "drift", "builds"]
STARTS = 50
PLANS = {1: 15, 100: 11, 1000: 7}  # number of resources: number of plans
MB = 1_000_000


@dataclasses.dataclass
class Provider:
    """What is measured, and the figures it has to stay under."""

    title: str
    build: list  # how cargo is told to build it
    binary: str  # below the target folder's `release`
    name: str  # its type, which its source address ends in
    configuration: str  # with %d, once or more, for the number of instances
    start_ms: float  # more than the null program
    memory_mb: float
    size_mb: float
    plan_ratio: dict  # number of resources: times the floor
    same: str = ""  # `terraform_data` that holds the same values: what core takes for them without any plugin
    calls_aws: bool = False


# The account is given, so that only the refresh calls anybody.
POLICIES = """
resource "rdsauth_iam_db_user_policy" "it" {
  count = %d
  role  = "app-%d-${count.index}"

  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    account_id  = "123456789012"
    db_users    = ["app"]
  }
}
"""

SAME = """
resource "terraform_data" "it" {
  count = %d
  input = {
    role = "app-${count.index}"
    policy_json = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Effect   = "Allow"
        Action   = ["rds-db:connect"]
        Resource = ["arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/app"]
      }]
    })
    database = [{
      resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
      account_id  = "123456789012"
      db_users    = toset(["app"])
    }]
  }
}
"""

PROVIDERS = [
    Provider(
        title="demo_provider",
        build=["-p", "tf-provider", "--example", "demo_provider"],
        binary="examples/demo_provider",
        name="demo",
        configuration='provider "demo" {\n  directory = "."\n}\nresource "demo_null" "it" {\n  count = %d\n}\n',
        start_ms=4,
        memory_mb=15,
        size_mb=8,
        plan_ratio={1: 3, 1000: 1.6},
    ),
    Provider(
        title="rdsauth",
        build=["--bin", "terraform-provider-rdsauth"],
        binary="terraform-provider-rdsauth",
        name="rdsauth",
        configuration=POLICIES,
        start_ms=4,
        memory_mb=25,
        size_mb=30,
        plan_ratio={1: 3, 1000: 1.6},
        same=SAME,
        calls_aws=True,
    ),
]
FLOOR = 'resource "terraform_data" "it" {\n  count = %d\n}\n'
NULL = 'fn main() { println!("1|5|unix|/none|grpc|"); }\n'


class Bench:
    """A folder with its own HOME, TMPDIR, CLI configuration and provider mirror."""

    def __init__(self, folder, terraform="terraform"):
        self.folder = pathlib.Path(folder)
        self.terraform = terraform
        self.required = ""
        for name in ("home", "tmp", "mirror"):
            (self.folder / name).mkdir()
        (self.folder / "cli.tfrc").write_text(
            'disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n'
            % (self.folder / "mirror")
        )
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "TF_CLI_CONFIG_FILE": str(self.folder / "cli.tfrc"),
            "TF_INPUT": "0",
        }

    def workspace(self, name, configuration):
        """A folder where `terraform init` has run."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "main.tf").write_text(configuration)
        run([self.terraform, "init", "-no-color"], cwd=folder, env=self.env)
        return folder

    def install(self, provider, binary):
        """Puts the binary into the mirror, and the configuration that asks for it into `required`."""
        version = run([self.terraform, "version", "-json"], env=self.env)
        platform = version.split('"platform": "')[1].split('"')[0]
        folder = self.folder / "mirror/registry.terraform.io/bench" / provider.name / "0.1.0" / platform
        folder.mkdir(parents=True)
        shutil.copy(binary, folder / ("terraform-provider-%s_v0.1.0" % provider.name))
        self.required = 'terraform {\n  required_providers {\n    %s = { source = "bench/%s" }\n  }\n}\n' % (
            provider.name,
            provider.name,
        )

    def plan_seconds(self, workspace, env=None):
        """Wall time of one plan, without a refresh: what the plugin costs, not what AWS takes."""
        started = time.perf_counter()
        run([self.terraform, "plan", "-refresh=false", "-no-color"], cwd=workspace, env=env or self.env)
        return time.perf_counter() - started

    def peak_memory(self, workspace, name="terraform-provider-", env=None):
        """The most bytes that any child process of one plan held, among those whose program is called so."""
        peak = 0
        log = self.folder / "memory.log"
        with log.open("w") as output:
            plan = subprocess.Popen(
                [self.terraform, "plan", "-no-color"],
                cwd=workspace,
                env=env or self.env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            while plan.poll() is None:
                peak = max([peak, *(high_water(pid) for pid in children(plan.pid, name))])
                time.sleep(0.002)
        if plan.returncode != 0:
            raise Failure("terraform plan ended with %d:\n%s" % (plan.returncode, log.read_text()))
        if not peak:
            raise Failure("no process called %s… was seen" % name)
        return peak

    def start_seconds(self, program, certificate):
        """Process start to the end of the first line on standard output."""
        env = {
            "PATH": self.env["PATH"],
            "HOME": self.env["HOME"],
            "TMPDIR": self.env["TMPDIR"],
            "TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
            "PLUGIN_PROTOCOL_VERSIONS": "6,5",
            "PLUGIN_MIN_PORT": "10000",
            "PLUGIN_MAX_PORT": "25000",
            "PLUGIN_CLIENT_CERT": certificate,
        }
        started = time.perf_counter()
        plugin = subprocess.Popen(
            [program], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        line = plugin.stdout.readline()
        elapsed = time.perf_counter() - started
        plugin.kill()
        plugin.wait()
        plugin.stdout.close()
        if line.count(b"|") < 5:
            raise Failure("%s wrote %r, which is no handshake line" % (program, line))
        return elapsed


# === the parts: each answers rows of (what, measured, beside, difference or ratio, target, within) ===


def start(bench, provider, binary):
    source = bench.folder / "null.rs"
    source.write_text(NULL)
    null = bench.folder / "null"
    run(["rustc", "-O", "-C", "strip=symbols", "-o", null, source])
    certificate = client_certificate()
    ours, nulls = [], []
    for _ in range(STARTS):
        nulls.append(bench.start_seconds(null, certificate))
        ours.append(bench.start_seconds(binary, certificate))
    ours, null = statistics.median(ours) * 1000, statistics.median(nulls) * 1000
    more = ours - null
    return [
        (
            "start to handshake line, median of %d" % STARTS,
            "%.2f ms" % ours,
            "%.2f ms null program" % null,
            "%+.2f ms" % more,
            "< +%g ms" % provider.start_ms,
            more < provider.start_ms,
        )
    ]


def memory(bench, provider, binary):
    with applied(bench, provider, "memory", [1000]) as (env, [workspace]):
        peak = bench.peak_memory(workspace, env=env) / MB
    target = provider.memory_mb
    return [("peak memory, plan of 1000", "%.1f MB" % peak, "", "", "< %g MB" % target, peak < target)]


def size(bench, provider, binary):
    stripped = bench.folder / (provider.name + "-stripped")
    run(["strip", "-o", stripped, binary])
    bytes_, least = binary.stat().st_size / MB, stripped.stat().st_size / MB
    target = provider.size_mb
    return [("release binary", "%.2f MB" % bytes_, "%.2f MB stripped" % least, "", "< %g MB" % target, bytes_ < target)]


def plan(bench, provider, binary):
    rows = []
    with applied(bench, provider, "plan", PLANS) as (env, workspaces):
        for workspace, (count, times) in zip(workspaces, PLANS.items()):
            floors = {"terraform_data": FLOOR, "terraform_data with the same": provider.same}
            floors = {
                title: bench.workspace("%s-floor-%d-%d" % (provider.name, count, number), floor % count)
                for number, (title, floor) in enumerate(floors.items())
                if floor
            }
            if provider.calls_aws:  # They exist, like ours.
                for floor in floors.values():
                    run([bench.terraform, "apply", "-auto-approve", "-no-color"], cwd=floor, env=env)
            seconds = {folder: [] for folder in [*floors.values(), workspace]}
            for _ in range(times):
                for folder, measured in seconds.items():
                    measured.append(bench.plan_seconds(folder, env))
            ours, target = statistics.median(seconds[workspace]) * 1000, provider.plan_ratio.get(count)
            for title, floor in floors.items():
                least = statistics.median(seconds[floor]) * 1000
                is_target = target and (title != "terraform_data" or not provider.same)
                rows.append(
                    (
                        "terraform plan of %d, median of %d" % (count, times),
                        "%.0f ms" % ours,
                        "%.0f ms %s" % (least, title),
                        "× %.2f" % (ours / least),
                        "≤ %g" % target if is_target else "",
                        not is_target or ours / least <= target,
                    )
                )
    return rows


@contextlib.contextmanager
def applied(bench, provider, part, counts):
    """The environment, and for each count a workspace: of a provider that calls AWS, on the stage, where the resources exist."""
    def workspace(count):
        return bench.workspace("%s-%s-%d" % (provider.name, part, count), bench.required + provider.configuration.replace("%d", str(count)))

    if not provider.calls_aws:
        yield bench.env, [workspace(count) for count in counts]
        return
    with remote.Stage(bench.folder) as stage:
        env, workspaces = {**bench.env, **stage.env("123456789012")}, []
        for count in counts:
            for index in range(count):
                stage.ask("POST", "roles", account="123456789012", name="app-%d-%d" % (count, index))
            workspaces.append(workspace(count))
            run([bench.terraform, "apply", "-auto-approve", "-no-color"], cwd=workspaces[-1], env=env)
        yield env, workspaces


def calls(bench, provider, binary):
    return remote.calls(bench) if provider.calls_aws else []


def refresh(bench, provider, binary):
    return remote.refresh(bench) if provider.calls_aws else []


def many(bench, provider, binary):
    return listed.many(bench) if provider.calls_aws else []


def region(bench, provider, binary):
    return remote.region(bench) if provider.calls_aws else []


def polls(bench, provider, binary):
    return migration.polls(bench) if provider.calls_aws else []


def users(bench, provider, binary):
    return accounts.users(bench) if provider.calls_aws else []


def drift(bench, provider, binary):
    return large.drift(bench) if provider.calls_aws else []


def builds(bench, provider, binary):
    folder = TARGET / "bench-builds"
    rows = []
    for profile, options in (("debug", []), ("release", ["--release"])):
        shutil.rmtree(folder, ignore_errors=True)
        cold = build_seconds(provider, options, folder)
        (CHECKOUT / "tf-provider/src/lib.rs").touch()
        warm = build_seconds(provider, options, folder)
        rows.append(("%s build, cold and after a change" % profile, "%.1f s" % cold, "%.1f s warm" % warm, "", "", True))
    shutil.rmtree(folder)
    return rows


# === what the parts are made of ===


def build_seconds(provider, options, folder):
    started = time.perf_counter()
    env = {**os.environ, "CARGO_TARGET_DIR": str(folder)}
    run(["cargo", "build", "--locked", *options, *provider.build], cwd=CHECKOUT, env=env)
    return time.perf_counter() - started


def children(parent, name):
    """Ids of the processes that `parent` started and whose program's name begins with `name`."""
    found = []
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            if "\nPPid:\t%d\n" % parent in status.read_text():
                program = (status.parent / "cmdline").read_bytes().split(b"\0")[0].decode()
                if pathlib.PurePath(program).name.startswith(name):
                    found.append(status.parent.name)
        except OSError:  # It ended meanwhile.
            continue
    return found


def high_water(pid):
    """The most bytes a process held so far, 0 when it is gone."""
    try:
        lines = pathlib.Path("/proc/%s/status" % pid).read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def client_certificate():
    """A one-time certificate such as core hands to a plugin."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP521R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA512())
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def table(rows):
    """Columns as wide as their widest cell."""
    cells = [(*row[:5], "" if not row[4] else "ok" if row[5] else "OVER") for row in rows]
    cells.insert(0, ("what", "measured", "beside", "ratio", "target", ""))
    widths = [max(map(len, column)) for column in zip(*cells)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells)


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help="parts, with commas; default %(default)s")
    parser.add_argument("--provider", help="title of the only provider to measure")
    parser.add_argument("--binary", type=pathlib.Path, help="measure this binary instead of building one")
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args(arguments)
    parts = options.only.split(",")
    chosen = [provider for provider in PROVIDERS if options.provider in (None, provider.title)]
    if not chosen or not set(parts) <= set(PARTS):
        parser.error("parts are %s; providers are %s" % (PARTS, [provider.title for provider in PROVIDERS]))
    missed = False
    try:
        for provider in chosen:
            binary = (options.binary or TARGET / "release" / provider.binary).resolve()
            if not options.binary:
                run(["cargo", "build", "--locked", "--release", *provider.build], cwd=CHECKOUT)
            with tempfile.TemporaryDirectory(prefix="bench") as folder:
                bench = Bench(folder)
                bench.install(provider, binary)
                rows = [row for part in parts for row in globals()[part](bench, provider, binary)]
            print("%s\n%s\n" % (provider.title, table(rows)))
            missed |= not all(row[-1] for row in rows)
    except Failure as failure:
        return "bench: %s" % failure
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
