"""RDS: what AWS says to operations on parameter groups, those of instances and those of clusters."""

import re

from stage.aws.errors import AwsError
from stage.catalogue import allows, engines, parameters

from . import before
from .rds_application import spread, users_of
from .rds_groups import catalogue_of, find_group, groups, is_default, values_of
from .rds_state import backend_of, page

_NAME = re.compile(r"[a-z](?!.*--)[a-z0-9-]{0,254}(?<!-)", re.IGNORECASE)
_SOURCES = ("user", "system", "engine-default")
_MOST = 20
#: What a change of parameters is called with, and what it answers.
_NAMES = {False: "DBParameterGroupName", True: "DBClusterParameterGroupName"}


@before("rds", "CreateDBParameterGroup", "CreateDBClusterParameterGroup")
def create(_aws, call):
    """A name of the right form, a family that has such groups, and no group of that name."""
    cluster, name, family = _of_clusters(call), _name(call), call.parameters["DBParameterGroupFamily"]
    _require_form(name, _NAMES[cluster])
    _require_family(family, engines.CLUSTER_FAMILIES if cluster else engines.KNOWN_FAMILIES)
    _require_new(call, name, cluster)


@before("rds", "CopyDBParameterGroup", "CopyDBClusterParameterGroup")
def copy(_aws, call):
    """A name of the right form and not in use, and a source that somebody has made."""
    cluster = _of_clusters(call)
    kind = _NAMES[cluster].removesuffix("Name")
    source, target = (call.parameters[f"{end}{kind}Identifier"] for end in ("Source", "Target"))
    if is_default(source.rpartition(":")[2]):
        raise AwsError("InvalidParameterValue", "Cannot copy a default parameter group.")
    _require_form(target, f"Target{kind}Identifier")
    _require_new(call, target, cluster)
    find_group(backend_of(call), source.rpartition(":")[2], cluster)


@before("rds", "DeleteDBParameterGroup", "DeleteDBClusterParameterGroup")
def delete(_aws, call):
    """Not a default group, and none that a database has."""
    cluster, name = _of_clusters(call), _name(call).lower()
    if is_default(name):
        message = f"Default DB{'Cluster' if cluster else ''}ParameterGroup cannot be deleted: {name}"
        raise AwsError("InvalidDBParameterGroupState", message)
    group = find_group(backend_of(call), name, cluster)
    if users_of(backend_of(call), name, cluster):
        users = "clusters" if cluster else "instances"
        message = f"One or more database {users} are still members of this parameter group {name}, "
        message += "so the group cannot be deleted"
        raise AwsError("InvalidDBParameterGroupState", message)
    _require_idle(group)


@before("rds", "DescribeDBParameterGroups", "DescribeDBClusterParameterGroups")
def describe_groups(_aws, call):
    """Default groups are shown by name, and among the others once something has used them."""
    cluster, backend = _of_clusters(call), backend_of(call)
    if call.parameters.get(_NAMES[cluster]):
        found, more = [find_group(backend, _name(call), cluster)], {}
    else:
        known = groups(backend, cluster)
        found, more = page(call, [known[name] for name in sorted(known)])
    return {"DBClusterParameterGroups" if cluster else "DBParameterGroups": found, **more}


@before("rds", "DescribeDBParameters", "DescribeDBClusterParameters")
def describe_parameters(_aws, call):
    """The whole catalogue, with the values that users set; by source and by name if so asked."""
    source = call.parameters.get("Source")
    if source and source not in _SOURCES:
        raise AwsError("InvalidParameterValue", f"Invalid source: {source}. Valid values: {', '.join(_SOURCES)}")
    group = find_group(backend_of(call), _name(call), _of_clusters(call))
    shown = [_with_value(group, p) for p in _filtered(call, catalogue_of(group))]
    found, more = page(call, [p for p in shown if source in (None, p["Source"])])
    return {"Parameters": found, **more}


@before("rds", "DescribeEngineDefaultParameters", "DescribeEngineDefaultClusterParameters")
def describe_defaults(_aws, call):
    """The catalogue of a family, without what belongs to groups."""
    family, cluster = call.parameters["DBParameterGroupFamily"], _of_clusters(call)
    _require_family(family, engines.CLUSTER_FAMILIES if cluster else engines.KNOWN_FAMILIES)
    found, more = page(call, _filtered(call, parameters(family, cluster)))
    shown = [{key: part for key, part in p.items() if key != "ApplyMethod"} for p in found]
    return {"EngineDefaults": {"DBParameterGroupFamily": family, "Parameters": shown, **more}}


@before("rds", "ModifyDBParameterGroup", "ModifyDBClusterParameterGroup")
def modify(aws, call):
    """All parameters of the call are set, or none."""
    group, wanted = _modifiable(call), call.parameters["Parameters"]
    if not wanted:
        raise AwsError("InvalidParameterValue", "At least one parameter must be supplied.")
    for parameter in wanted:
        known = _known(group, parameter)
        if "ParameterValue" not in parameter:
            _missing("ParameterValue")
        if not allows(known, parameter["ParameterValue"]):
            message = (
                f"Invalid parameter value: {parameter['ParameterValue']} for: {known['ParameterName']} "
                f"allowed values are: {known['AllowedValues']}"
            )
            raise AwsError("InvalidParameterValue", message)
        _require_method(known, parameter)
    return change(aws, call.account, backend_of(call), group, _of_clusters(call), wanted)


@before("rds", "ResetDBParameterGroup", "ResetDBClusterParameterGroup")
def reset(aws, call):
    """Back to the defaults: the parameters that are named or, if none is, all that users set."""
    group, wanted = _modifiable(call), call.parameters.get("Parameters", [])
    if wanted and call.parameters.get("ResetAllParameters"):
        message = "Parameters cannot be specified when ResetAllParameters is true."
        raise AwsError("InvalidParameterCombination", message)
    for parameter in wanted:
        _require_method(_known(group, parameter), parameter)
    if not wanted:
        known = catalogue_of(group)
        wanted = [{"ParameterName": name, "ApplyMethod": natural_method(known[name])} for name in group.parameters]
    wanted = [{**parameter, "ParameterValue": None} for parameter in wanted]
    return change(aws, call.account, backend_of(call), group, _of_clusters(call), wanted)


def change(aws, account, backend, group, cluster, wanted):
    """Sets parameters of a group, or with None for a value resets them, and carries that to its databases."""
    before_it = values_of(group)
    spread(
        backend,
        group,
        cluster,
        [
            (p["ParameterName"], p["ParameterValue"], p["ApplyMethod"] == "immediate")
            for p in wanted
            if p["ParameterValue"] != before_it.get(p["ParameterName"]) or p["ApplyMethod"] == "immediate"
        ],
        aws.transition_of(account),
    )
    for parameter in wanted:
        name, value, method = (parameter[key] for key in ("ParameterName", "ParameterValue", "ApplyMethod"))
        if value is None:
            group.parameters.pop(name, None)
        else:
            group.parameters[name] = {"ParameterName": name, "ParameterValue": value, "ApplyMethod": method}
    return {_NAMES[cluster]: group.name}


def natural_method(parameter):
    """The apply method that goes with a parameter: at once if that is possible."""
    return "immediate" if parameter["ApplyType"] == "dynamic" else "pending-reboot"


def _modifiable(call):
    group = find_group(backend_of(call), _name(call), _of_clusters(call))
    if is_default(group.name):
        raise AwsError("InvalidParameterValue", "Cannot modify a default parameter group.")
    if len(call.parameters.get("Parameters", [])) > _MOST:
        message = f"A maximum of {_MOST} parameters can be modified in a single request."
        raise AwsError("InvalidParameterValue", message)
    _require_idle(group)
    return group


def _require_idle(group):
    busy = group.__dict__.get("stage_busy", 0)
    if busy:
        group.stage_busy = busy - 1
        message = f"The parameter group {group.name} has pending changes. Try again later."
        raise AwsError("InvalidDBParameterGroupState", message)


def _known(group, parameter):
    if "ParameterName" not in parameter:
        _missing("ParameterName")
    known = catalogue_of(group).get(parameter["ParameterName"])
    if not known:
        message = f"Could not find parameter with name: {parameter['ParameterName']}"
        raise AwsError("InvalidParameterValue", message)
    if not known["IsModifiable"]:
        raise AwsError("InvalidParameterValue", f"The parameter {known['ParameterName']} cannot be modified.")
    return known


def _require_method(known, parameter):
    if "ApplyMethod" not in parameter:
        _missing("ApplyMethod")
    if known["ApplyType"] == "static" and parameter["ApplyMethod"] == "immediate":
        message = "cannot use immediate apply method for static parameter"
        raise AwsError("InvalidParameterCombination", message)


def _missing(name):
    raise AwsError("InvalidParameterValue", f"The parameter {name} must be provided and must not be blank.")


def _with_value(group, parameter):
    kept = group.parameters.get(parameter["ParameterName"])
    if not kept:
        return parameter
    return {**parameter, "Source": "user", **{key: kept[key] for key in ("ParameterValue", "ApplyMethod")}}


def _filtered(call, known):
    names = None
    for wanted in call.parameters.get("Filters", []):
        if wanted["Name"] != "parameter-name":
            raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {wanted['Name']}")
        names = wanted["Values"]
    return [p for name, p in known.items() if names is None or name in names]


def _require_family(family, families):
    if family not in families:
        message = f"ParameterGroupFamily {family} is not a valid parameter group family"
        raise AwsError("InvalidParameterValue", message)


def _require_form(name, parameter):
    if not _NAME.fullmatch(name):
        message = (
            f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must "
            "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
            "consecutive hyphens."
        )
        raise AwsError("InvalidParameterValue", message)


def _require_new(call, name, cluster):
    if name.lower() in groups(backend_of(call), cluster):
        raise AwsError("DBParameterGroupAlreadyExists", f"Parameter group {name.lower()} already exists")


def _of_clusters(call):
    return "Cluster" in call.operation


def _name(call):
    return call.parameters[_NAMES[_of_clusters(call)]]
