"""RDS: engine versions, what can be ordered, and what new databases are refused for."""

from stage.aws.errors import AwsError
from stage.catalogue import engines

from . import before
from .rds_state import MULTI_AZ_ENGINES, find, is_instance, page

_SHORTEST_PASSWORD = 8
_MOST_OPTIONS = 1000
_STORAGE = ("gp2", "gp3", "io1")
_FILTERS = {
    **{"engine": "Engine", "engine-version": "EngineVersion"},
    "db-parameter-group-family": "DBParameterGroupFamily",
}


@before("rds", "CreateDBInstance", "CreateDBCluster")
def version_exists(_aws, call):
    """The version is one that AWS has; without one, or with a major version alone, AWS takes its own choice."""
    if call.parameters.get("DBClusterIdentifier") and is_instance(call):
        return
    engine, version = call.parameters["Engine"], call.parameters.get("EngineVersion")
    complete = engines.complete(engine, version)
    if version and not complete:
        raise AwsError("InvalidParameterCombination", f"Cannot find version {version} for {engine}")
    if complete != version:
        call.put("EngineVersion", complete)


@before("rds", "ModifyDBInstance", "ModifyDBCluster")
def upgrade_is_possible(_aws, call):
    """To a later version that AWS has; to another major version only if that is allowed in so many words."""
    database, wanted = find(call, call.parameters), call.parameters.get("EngineVersion")
    engine, known = database.engine, engines.versions(database.engine)
    if wanted in (None, database.engine_version) or database.engine_version not in known:
        return
    if known.index(database.engine_version) > (known.index(wanted) if wanted in known else -1):
        message = f"Cannot upgrade {engine} from {database.engine_version} to {wanted}"
        raise AwsError("InvalidParameterCombination", message)
    same_family = engines.family_of(engine, wanted) == engines.family_of(engine, database.engine_version)
    if not same_family and not call.parameters.get("AllowMajorVersionUpgrade"):
        message = "The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."
        raise AwsError("InvalidParameterCombination", message)


@before("rds", "CreateDBInstance", "CreateDBCluster", "ModifyDBInstance", "ModifyDBCluster")
def password_is_long_enough(_aws, call):
    """moto takes any password for an instance."""
    if len(call.parameters.get("MasterUserPassword", "x" * _SHORTEST_PASSWORD)) < _SHORTEST_PASSWORD:
        message = "The parameter MasterUserPassword is not a valid password because it is shorter than 8 characters."
        raise AwsError("InvalidParameterValue", message)


@before("rds", "DescribeDBEngineVersions")
def describe_versions(_aws, call):
    """The versions that match; none if there is no such version."""
    parameters = call.parameters
    found = [_version(e, v) for e in _engines(parameters) for v in engines.versions(e)]
    wanted = {name: [parameters[name]] for name in ("EngineVersion", "DBParameterGroupFamily") if name in parameters}
    wanted |= _filters(parameters)
    if parameters.get("DefaultOnly"):
        found = [v for v in found if v["EngineVersion"] == engines.DEFAULT_VERSIONS[v["Engine"]]]
    for name, values in wanted.items():
        # A major version alone means all of its versions.
        names = ("EngineVersion", "MajorEngineVersion") if name == "EngineVersion" else (name,)
        found = [v for v in found if any(v[n] in values for n in names)]
    shown, more = page(call, found)
    return {"DBEngineVersions": shown, **more}


@before("rds", "DescribeOrderableDBInstanceOptions")
def describe_orderable(_aws, call):
    """Classes and kinds of storage for an engine, version by version."""
    parameters, engine = call.parameters, call.parameters["Engine"]
    found = [
        option
        for version in engines.versions(engine) or ("19.0.0.0.ru-2025-01.rur-2025-01.r1",)
        if parameters.get("EngineVersion") in (None, version)
        for option in _options(engine, version)
        if parameters.get("DBInstanceClass") in (None, option["DBInstanceClass"])
    ]
    shown, more = page(call, found, _MOST_OPTIONS)
    return {"OrderableDBInstanceOptions": shown, **more}


@before("rds", "CreateDBInstance", "CreateDBCluster", "ModifyDBInstance", "ModifyDBCluster")
def logs_exist(_aws, call):
    """Only logs that the engine has go to CloudWatch."""
    change = call.parameters.get("CloudwatchLogsExportConfiguration", {})
    wanted = call.parameters.get("EnableCloudwatchLogsExports", []) + change.get("EnableLogTypes", [])
    wanted += change.get("DisableLogTypes", [])
    if call.operation.startswith("Create"):
        engine, version = call.parameters["Engine"], call.parameters.get("EngineVersion")
    else:
        database = find(call, call.parameters)
        engine, version = database.engine, database.engine_version
        call.stage_logs = change
        call.drop("CloudwatchLogsExportConfiguration")
    unknown = [name for name in wanted if name not in engines.log_types(engine)]
    if unknown:
        message = f"You cannot use the log types '{','.join(unknown)}' with engine version {engine} {version}. "
        raise AwsError("InvalidParameterCombination", message + "For supported log types, see the documentation.")


def keep_logs(database, change):
    """A database sends some logs to CloudWatch, and others no more."""
    kept = [*database.enabled_cloudwatch_logs_exports, *change.get("EnableLogTypes", [])]
    database.enabled_cloudwatch_logs_exports = sorted(set(kept) - set(change.get("DisableLogTypes", [])))


def _engines(parameters):
    engine = parameters.get("Engine")
    if engine and engine not in engines.engine_names():
        raise AwsError("InvalidParameterValue", f"Unrecognized engine name: {engine}")
    return [engine] if engine else engines.engine_names()


def _filters(parameters):
    for wanted in parameters.get("Filters", []):
        if wanted["Name"] not in (*_FILTERS, "engine-mode", "status"):
            raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {wanted['Name']}")
    return {_FILTERS[f["Name"]]: f["Values"] for f in parameters.get("Filters", []) if f["Name"] in _FILTERS}


def _version(engine, version):
    family = engines.family_of(engine, version)
    later = engines.versions(engine)[engines.versions(engine).index(version) + 1 :]
    return {
        "Engine": engine,
        "MajorEngineVersion": engines.engine_and_major(family)[1],
        "EngineVersion": version,
        "DBParameterGroupFamily": family,
        "DBEngineDescription": engine,
        "DBEngineVersionDescription": f"{engine} {version}",
        "ValidUpgradeTarget": [_target(engine, v, family) for v in later],
        "ExportableLogTypes": list(engines.log_types(engine)),
        "SupportsLogExportsToCloudwatchLogs": True,
        "SupportsReadReplica": not engine.startswith("aurora-"),
        "SupportedEngineModes": ["provisioned"],
        "SupportsLimitlessDatabase": version.endswith("limitless"),
        "Status": "available",
    }


def _target(engine, version, family):
    major = engines.family_of(engine, version) != family
    names = {"Engine": engine, "EngineVersion": version, "Description": f"{engine} {version}"}
    return {**names, "AutoUpgrade": False, "IsMajorVersionUpgrade": major}


def _options(engine, version):
    aurora = engine.startswith("aurora-")
    for name in engines.classes(engine):
        for storage in ("aurora",) if aurora else _STORAGE:
            yield {
                "Engine": engine,
                "EngineVersion": version,
                "DBInstanceClass": name,
                "StorageType": storage,
                "SupportsIAMDatabaseAuthentication": engines.has_iam(engine, version, name),
                "SupportsStorageEncryption": True,
                "SupportsClusters": engine in MULTI_AZ_ENGINES and "gd." in name,
                "SupportedEngineModes": ["provisioned"],
                "MultiAZCapable": True,
                "Vpc": True,
            }
