"""Refreshes of many resources whose reads lists answer, measured on the stage: calls and wall time by kind, and of all kinds together."""

import time

import remote
from remote import FLOOR, Failure, Kind, Stage, run

COUNTS = [1, 100, 1000]
MIXED = 1000
MOST = 30  # calls of a refresh of all kinds together, whatever their number
FAMILY = "postgres16"
GROUP, KEY = 40, 60  # as many parameters as a group has room for tags of, and statements as fit into a key policy
ALONE = {"iam_db_access_role": 2, "aurora_loader_role": 2}  # calls of one, if more than one
LISTED = ["iam_db_user_policy", "iam_db_access_role", "aurora_loader_role", "db_secret", "iam_authentication"]

# Several of a group, and of a key: what they read is that.
PARAMETER = Kind(
    name="parameter",
    configuration="""
  db_parameter_group_name = "many-${floor(count.index / %d)}"
  name                    = local.settings[count.index %% %d][0]
  value                   = local.settings[count.index %% %d][1]
"""
    % (GROUP, GROUP, GROUP),
    update=("", ""),
)
KEY_USER = Kind(
    name="kms_key_user",
    configuration="""
  kms_key_arn   = local.keys[floor(count.index / %d)]
  principal_arn = "arn:aws:iam::${split(":", local.keys[0])[4]}:role/user-${count.index}"
"""
    % KEY,
    update=("", ""),
    seeds=[("roles", {"name": "user-%d"})],
)
KINDS = [kind for kind in remote.KINDS if kind.name in LISTED] + [PARAMETER, KEY_USER]


def many(bench):
    """A row for each kind and number, and one for all together."""
    rows = []
    with Stage(bench.folder) as stage:
        for number, kind in enumerate(KINDS):
            for count in COUNTS:
                account = "%012d" % (1000 * (number + 1) + count)
                title = "refresh of %d %s" % (count, kind.name)
                rows.append(measured(bench, stage, account, title, [(kind, count)], count * ALONE.get(kind.name, 1)))
        shares = list(zip(KINDS, remote.shares(MIXED, len(KINDS))))
        title = "refresh of %d of these %d kinds" % (MIXED, len(KINDS))
        rows.append(measured(bench, stage, "123456789012", title, shares, MOST))
    return rows


def measured(bench, stage, account, title, shares, most):
    """Calls of a refresh, and its wall time and that of a plan beside as many `terraform_data`."""
    env = {**bench.env, **stage.env(account)}
    stage.hurry(account)
    blocks = [stage.configuration(kind, account, count) for kind, count in shares] + [shared(stage, account, dict_of(shares))]
    count = sum(count for _, count in shares)
    ours = bench.workspace("many-%s" % account, bench.required + "\n".join(blocks))
    floor = bench.workspace("many-floor-%s" % account, FLOOR % count)
    for folder in (ours, floor):
        run([bench.terraform, "apply", "-auto-approve", "-no-color"], cwd=folder, env=env)
    stage.calls(account)
    refreshed = seconds(bench, ours, env, "-refresh-only")
    read, written = stage.calls(account)
    if written:
        raise Failure("the refresh wrote %d times" % written)
    planned, least = seconds(bench, ours, env), seconds(bench, floor, env)
    said = "%d calls, %.2f s, plan %.2f s" % (read, refreshed, planned)
    return (title, said, "%.2f s terraform_data" % least, "× %.1f" % (planned / least), "≤ %d calls" % most, read <= most)


def seconds(bench, folder, env, *options):
    """Wall time of a plan."""
    started = time.perf_counter()
    run([bench.terraform, "plan", "-no-color", *options], cwd=folder, env=env)
    return time.perf_counter() - started


def dict_of(shares):
    """The number of each kind, by its name."""
    return {kind.name: count for kind, count in shares}


def shared(stage, account, counts):
    """The groups and keys that the configuration shares, as locals."""
    text = ""
    if counts.get("parameter"):
        for index in range(needed(counts["parameter"], GROUP)):
            stage.ask("POST", "parameter-groups", account=account, name="many-%d" % index, family=FAMILY)
        settings = settable(stage.parameters(account, "many-0"))[:GROUP]
        if len(settings) < GROUP:
            raise Failure("only %d parameters of %s can be set" % (len(settings), FAMILY))
        text += "  settings = [%s]\n" % ", ".join('["%s", "%s"]' % setting for setting in settings)
    if counts.get("kms_key_user"):
        keys = range(needed(counts["kms_key_user"], KEY))
        arns = [stage.ask("POST", "keys", account=account, alias="alias/many-%d" % index)["arn"] for index in keys]
        text += "  keys = [%s]\n" % ", ".join('"%s"' % arn for arn in arns)
    return "locals {\n%s}\n" % text if text else ""


def needed(count, each):
    """How many hold so many, each a certain number at most."""
    return -(-count // each)


def settable(parameters):
    """Parameters that take effect at once and have a range, each with a value of it that it does not have."""
    settings = []
    for parameter in parameters:
        low, found, high = parameter.get("AllowedValues", "").partition("-")
        is_number = parameter.get("DataType") == "integer" and found and low.isdigit() and high.isdigit()
        if is_number and parameter.get("ApplyType") == "dynamic" and parameter.get("IsModifiable"):
            value = low if parameter.get("ParameterValue") != low else high
            settings.append((parameter["ParameterName"], value))
    return settings
