"""Many users on one database server, measured on the stage: sessions, statements and wall time of each command."""

import json
import time

from remote import Stage, run

USERS = 100
ACCOUNT = "123456789012"
APPLICATION = "terraform-provider-rdsauth"

STEPS = (
    ("apply", ["apply", "-auto-approve"]),
    ("plan with nothing to do", ["plan", "-detailed-exitcode"]),
    ("destroy", ["destroy", "-auto-approve"]),
)

# Sessions and statements of each step; what a client sends at once counts as one. Those of MySQL are petoju/mysql's, except
# that a plan of ours looks whether the users exist, in a process and thus a session of its own. None is no bound.
MOST = {
    "postgres": ((12, 600, 6.5), (12, 15, None), (None, None, None)),
    "mariadb": ((2, 402, None), (1, 6, None), (2, 504, None)),
}

RESOURCES = {
    "postgres": """
resource "rdsauth_postgresql_iam_user" "it" {
  count = %(count)d
  name  = "bench_${count.index}"
%(connection)s}
""",
    "mariadb": """
resource "rdsauth_mysql_iam_user" "it" {
  count = %(count)d
  name  = "bench_${count.index}"
  grant {
    privileges = ["INSERT", "SELECT"]
    database   = "app"
  }
%(connection)s}
""",
}

CONNECTION = """  database_connection {
    host           = "%(host)s"
    port           = %(port)d
    auth           = "secret"
    secret_arn     = "%(secret)s"
    ca_certificate = file(%(authority)s)
  }
"""


def users(bench):
    """The commands on users of each engine."""
    with Stage(bench.folder, databases=True) as stage:
        return [row for engine in RESOURCES for row in measured(bench, stage, engine)]


def measured(bench, stage, engine):
    text = configuration(engine, connection(stage, engine), USERS)
    workspace = bench.workspace("users-" + engine, bench.required + text)
    env = {**bench.env, **stage.env(ACCOUNT), **stage.of_clients()}
    rows = []
    for (title, command), most in zip(STEPS, MOST[engine]):
        stage.ask("DELETE", "statements", account=ACCOUNT)
        stage.calls(ACCOUNT)
        started = time.perf_counter()
        run([bench.terraform, *command, "-no-color"], cwd=workspace, env=env)
        seconds = time.perf_counter() - started
        sessions, statements = counted(stage.ask("GET", "statements", account=ACCOUNT)["statements"])
        reads, _ = stage.calls(ACCOUNT)
        rows.append(row("%s of %d users of %s" % (title, USERS, engine), sessions, statements, seconds, reads, most))
    return rows


def connection(stage, engine):
    """The block of a new database, whose master's password is in a secret."""
    made = stage.ask("POST", "instances", account=ACCOUNT, identifier="users-" + engine, engine=engine, iam=True, own_server=True)
    master = stage.described["database" if engine == "postgres" else "mysql"]
    value = {"username": master["master_user"], "password": master["master_password"]}
    secret = stage.ask("POST", "secrets", account=ACCOUNT, name="master-" + engine, value=value)
    authority = json.dumps(stage.of_clients()["PGSSLROOTCERT"])
    return CONNECTION % {"host": made["host"], "port": made["port"], "secret": secret["arn"], "authority": authority}


def configuration(engine, block, count):
    return RESOURCES[engine] % {"count": count, "connection": block}


def counted(statements):
    """The sessions and the statements of the provider in a record."""
    ours = [statement["session"] for statement in statements if statement["application"] == APPLICATION]
    return len(set(ours)), len(ours)


def row(title, sessions, statements, seconds, reads, most):
    """A row of the table, with the bounds that there are."""
    figures = ((sessions, "%d sessions"), (statements, "%d statements"), (seconds, "%.1f s"))
    bounds = [(figure, bound, form) for (figure, form), bound in zip(figures, most) if bound is not None]
    said = ", ".join(form % figure for figure, form in figures)
    wanted = ", ".join(form % bound for _, bound, form in bounds)
    return (title, said, "%d calls of AWS" % reads, "", wanted, all(figure <= bound for figure, bound, _ in bounds))
