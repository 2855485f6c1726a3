"""What demos are made of: a stage, a folder with an example, and Terraform in it."""

import json
import os
import pathlib
import shlex
import shutil
import subprocess
import time
import urllib.request

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
STAGE = CHECKOUT / "acceptance-tests/stage/run"
NOTHING_TO_DO = 0  # of `terraform plan -detailed-exitcode`
PATIENCE = 120  # seconds for any one command


class Surprise(Exception):
    """Something came out otherwise than the demo says it does."""


class Demo:
    """A folder of its own for Terraform, and a stage. `STEPS` are methods, each of which answers in a few words what came
    of it; `PLAY` is what one can type afterwards."""

    STEPS, PLAY = [], ""

    def __init__(self, folder, binary, cli):
        self.folder, self.binary, self.cli = folder, binary, cli
        self.of_stage = []  # further arguments of the stage
        self.work = folder / "work"
        self.stage = self.facts = self.database = self.instance = self.secret = None
        # Nothing of the machine's own settings: neither AWS's nor Terraform's nor psql's.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "TF_CLI_CONFIG_FILE": str(folder / "cli.tfrc"),
        }

    # === steps ===

    def start_stage(self):
        """start the stage: AWS and a PostgreSQL as on RDS, on loopback"""
        for folder in ("home", "tmp"):
            (self.folder / folder).mkdir()
        self.folder.chmod(0o711)  # PostgreSQL may run as another user, in a folder within
        description = self.folder / "stage.json"
        command = [STAGE, "up", "--json", description, *self.of_stage]
        # In a session of its own, so that Ctrl-C ends the demo, and the demo ends the stage.
        with open(self.folder / "stage.log", "wb") as log:
            self.stage = subprocess.Popen(
                command, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + PATIENCE
        while not description.exists():
            ended = self.stage.poll() is not None or time.monotonic() > deadline
            expect(not ended, "the stage does not come up:\n%s" % (self.folder / "stage.log").read_text())
            time.sleep(0.05)
        self.facts = json.loads(description.read_text())
        self.database = self.facts["database"]
        self.environment |= self.facts["environment"] | {"PGDATABASE": self.database["name"]}
        return "%s, account %s" % (self.facts["front"], self.facts["account"])

    def init(self):
        """terraform init"""
        return closing(self.terraform("init").stdout, ("Terraform has been successfully init", "OpenTofu has been successfully init"))

    def plan_is_empty(self):
        """terraform plan: nothing to do"""
        return closing(self.terraform("plan", "-detailed-exitcode", code=NOTHING_TO_DO).stdout, "No changes.")

    # === what steps are made of ===

    def create(self, name, **more):
        """A DB instance that exists already, and the secret of its master user."""
        account = self.facts["account"]
        self.instance = self.control("instances", account=account, identifier=name, **more)
        self.environment |= {"PGHOST": self.instance["host"], "PGPORT": str(self.instance["port"])}
        master = {"username": self.database["master_user"], "password": self.database["master_password"]}
        self.secret = self.control("secrets", account=account, name="%s-master" % name, value=master)["arn"]

    def put(self, example, variables):
        """Installs the provider, and copies an example with its variables."""
        mirror = self.folder / "mirror"
        run([CHECKOUT / "scripts/install", self.binary, mirror], self.environment)
        shutil.copytree(example, self.work, ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*", "*.tfvars"))
        authority = pathlib.Path(self.environment["PGSSLROOTCERT"]).read_text()
        variables = variables | {"ca_certificate": authority}
        (self.work / "terraform.tfvars.json").write_text(json.dumps(variables, indent=2))
        (self.folder / "cli.tfrc").write_text(
            'disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = "%s"\n  }\n}\n' % mirror
        )
        return example.relative_to(CHECKOUT)

    def terraform(self, *arguments, code=0, may_warn=False):
        """What a command says. It must not warn of anything, unless it may."""
        ended = run([self.cli, *arguments, "-no-color"], self.environment | {"TF_INPUT": "0"}, self.work, code)
        # `init` warns of the lock file, as it does for any mirror.
        warned = arguments[0] != "init" and "Warning:" in ended.stdout + ended.stderr
        expect(may_warn or not warned, "a warning from terraform %s\n%s%s" % (" ".join(arguments), ended.stdout, ended.stderr))
        return ended

    def psql(self, login, sql, code=0):
        return run(["psql", "-XAtc", sql], self.environment | login, self.folder, code)

    def master(self):
        return {"PGUSER": self.database["master_user"], "PGPASSWORD": self.database["master_password"]}

    def control(self, path, **fields):
        """Asks the stage's control, see acceptance-tests/stage/README.md."""
        body = json.dumps(fields).encode() if fields else None
        with urllib.request.urlopen("%s/%s" % (self.facts["control"], path), body, timeout=PATIENCE) as answer:
            return json.load(answer)

    # === how it ends ===

    def stop(self):
        """Ends the stage, which ends its PostgreSQL and removes its own folder."""
        if self.stage and self.stage.poll() is None:
            self.stage.terminate()
            self.stage.wait(PATIENCE)

    def invitation(self):
        """What to type to play with what is left running."""
        names = [name for name in self.environment if name not in ("PATH", "HOME", "TMPDIR")]
        variables = {name: self.environment[name] for name in names} | self.master()
        lines = ["export %s=%s\n" % (name, shlex.quote(value)) for name, value in variables.items()]
        unset = "unset AWS_PROFILE AWS_SESSION_TOKEN AWS_CA_BUNDLE\n"
        with open(os.open(self.folder / "environment", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(unset + "".join(lines))
        return INVITATION.format(folder=self.folder, play=self.PLAY.format(cli=shlex.quote(self.cli)), control=self.facts["control"], stage=self.stage.pid)


INVITATION = """
The stage is still running. To play with it, in a shell of its own:
    cd {folder}/work && . ../environment
{play}    psql                                           # the database, as its master
    curl -s {control}/logins    # who tried a token, and why it was refused
    curl -s {control}/calls     # what AWS was asked
To end it:
    kill {stage}; tail --pid {stage} -f /dev/null; rm -rf {folder}
"""


def run(command, env, cwd=None, code=0):
    """The outcome of a command that has to end with `code`."""
    ended = subprocess.run(
        command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
    )
    said = "%s\n%s%s" % (" ".join(map(str, command)), ended.stdout, ended.stderr)
    expect(ended.returncode == code, "exit code %d instead of %d from %s" % (ended.returncode, code, said))
    return ended


def closing(output, start):
    """The last line that begins with `start`, or one of them: the CLI's own summary."""
    lines = [line.strip() for line in output.splitlines() if line.strip().startswith(start)]
    expect(lines, "no line begins with %r in:\n%s" % (start, output))
    return lines[-1]


def expect(truth, otherwise):
    if not truth:
        raise Surprise(otherwise)
