"""DMS: what a task is told: its settings, which AWS completes, and the tables that are selected."""

import copy
import json
import re
from dataclasses import dataclass

from stage.aws.errors import AwsError

from .dms_state import invalid_combination, invalid_value

_COMPONENTS = (
    *("TRANSFORMATION", "SOURCE_UNLOAD", "IO", "TARGET_LOAD", "PERFORMANCE", "SOURCE_CAPTURE", "SORTER"),
    *("REST_SERVER", "VALIDATOR_EXT", "TARGET_APPLY", "TASK_MANAGER", "TABLES_MANAGER", "METADATA_MANAGER"),
    *("FILE_FACTORY", "COMMON", "ADDONS", "DATA_STRUCTURE", "COMMUNICATION", "FILE_TRANSFER"),
)
_SEVERITIES = ("ERROR", "WARNING", "INFO", "DEFAULT", "DEBUG", "DETAILED_DEBUG")
#: The settings of a task that says nothing.
DEFAULTS = {
    "TargetMetadata": {
        "TargetSchema": "",
        "SupportLobs": True,
        "FullLobMode": False,
        "LobChunkSize": 0,
        "LimitedSizeLobMode": True,
        "LobMaxSize": 32,
        "InlineLobMaxSize": 0,
        "LoadMaxFileSize": 0,
        "ParallelLoadThreads": 0,
        "ParallelLoadBufferSize": 0,
        "ParallelLoadQueuesPerThread": 0,
        "ParallelApplyThreads": 0,
        "ParallelApplyBufferSize": 0,
        "ParallelApplyQueuesPerThread": 0,
        "BatchApplyEnabled": False,
        "TaskRecoveryTableEnabled": False,
    },
    "FullLoadSettings": {
        "TargetTablePrepMode": "DROP_AND_CREATE",
        "CreatePkAfterFullLoad": False,
        "StopTaskCachedChangesApplied": False,
        "StopTaskCachedChangesNotApplied": False,
        "MaxFullLoadSubTasks": 8,
        "TransactionConsistencyTimeout": 600,
        "CommitRate": 10000,
    },
    "Logging": {
        "EnableLogging": False,
        "EnableLogContext": False,
        "LogComponents": [{"Id": one, "Severity": "LOGGER_SEVERITY_DEFAULT"} for one in _COMPONENTS],
        "CloudWatchLogGroup": None,
        "CloudWatchLogStream": None,
    },
    "ControlTablesSettings": {
        "ControlSchema": "",
        "HistoryTimeslotInMinutes": 5,
        "historyTimeslotInMinutes": 5,
        "HistoryTableEnabled": False,
        "SuspendedTablesTableEnabled": False,
        "StatusTableEnabled": False,
        "FullLoadExceptionTableEnabled": False,
    },
    "StreamBufferSettings": {"StreamBufferCount": 3, "StreamBufferSizeInMB": 8, "CtrlStreamBufferSizeInMB": 5},
    "ChangeProcessingDdlHandlingPolicy": {
        "HandleSourceTableDropped": True,
        "HandleSourceTableTruncated": True,
        "HandleSourceTableAltered": True,
    },
    "ErrorBehavior": {
        "DataErrorPolicy": "LOG_ERROR",
        "EventErrorPolicy": "IGNORE",
        "DataTruncationErrorPolicy": "LOG_ERROR",
        "DataMaskingErrorPolicy": "STOP_TASK",
        "DataErrorEscalationPolicy": "SUSPEND_TABLE",
        "DataErrorEscalationCount": 0,
        "TableErrorPolicy": "SUSPEND_TABLE",
        "TableErrorEscalationPolicy": "STOP_TASK",
        "TableErrorEscalationCount": 0,
        "RecoverableErrorCount": -1,
        "RecoverableErrorInterval": 5,
        "RecoverableErrorThrottling": True,
        "RecoverableErrorThrottlingMax": 1800,
        "RecoverableErrorStopRetryAfterThrottlingMax": True,
        "ApplyErrorDeletePolicy": "IGNORE_RECORD",
        "ApplyErrorInsertPolicy": "LOG_ERROR",
        "ApplyErrorUpdatePolicy": "LOG_ERROR",
        "ApplyErrorEscalationPolicy": "LOG_ERROR",
        "ApplyErrorEscalationCount": 0,
        "ApplyErrorFailOnTruncationDdl": False,
        "FullLoadIgnoreConflicts": True,
        "FailOnTransactionConsistencyBreached": False,
        "FailOnNoTablesCaptured": True,
    },
    "ChangeProcessingTuning": {
        "BatchApplyPreserveTransaction": True,
        "BatchApplyTimeoutMin": 1,
        "BatchApplyTimeoutMax": 30,
        "BatchApplyMemoryLimit": 500,
        "BatchSplitSize": 0,
        "MinTransactionSize": 1000,
        "CommitTimeout": 1,
        "MemoryLimitTotal": 1024,
        "MemoryKeepTime": 60,
        "StatementCacheSize": 50,
        "RecoveryTimeout": -1,
    },
    "ValidationSettings": {
        "EnableValidation": False,
        "ValidationMode": "ROW_LEVEL",
        "ThreadCount": 5,
        "PartitionSize": 10000,
        "FailureMaxCount": 10000,
        "RecordFailureDelayInMinutes": 5,
        "RecordFailureDelayLimitInMinutes": 0,
        "RecordSuspendDelayInMinutes": 30,
        "MaxKeyColumnSize": 8096,
        "TableFailureMaxCount": 1000,
        "ValidationOnly": False,
        "HandleCollationDiff": False,
        "SkipLobColumns": False,
        "ValidationPartialLobSize": 0,
        "ValidationQueryCdcDelaySeconds": 0,
    },
    "ResyncSettings": None,
    "PostProcessingRules": None,
    "CharacterSetSettings": None,
    "LoopbackPreventionSettings": None,
    "BeforeImageSettings": None,
    "FailTaskWhenCleanTaskResourceFailed": False,
    "TTSettings": {"EnableTT": False, "FailTaskOnTTFailure": False, "TTS3Settings": None, "TTRecordSettings": None},
}
#: What a setting may be, by its path.
_CHOICES = {
    "FullLoadSettings.TargetTablePrepMode": ("DO_NOTHING", "DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD"),
    "ValidationSettings.ValidationMode": ("ROW_LEVEL", "GROUP_LEVEL"),
    "ErrorBehavior.TableErrorPolicy": ("SUSPEND_TABLE", "STOP_TASK"),
    "ErrorBehavior.DataErrorPolicy": ("IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"),
    "ErrorBehavior.ApplyErrorDeletePolicy": ("IGNORE_RECORD", "LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK"),
    "ErrorBehavior.ApplyErrorInsertPolicy": ("LOG_ERROR", "SUSPEND_TABLE", "STOP_TASK", "UPDATE_RECORD"),
    "ErrorBehavior.ApplyErrorUpdatePolicy": (
        "IGNORE_RECORD",
        "LOG_ERROR",
        "SUSPEND_TABLE",
        "STOP_TASK",
        "INSERT_RECORD",
    ),
}
#: What AWS does and the stage does not: a test must not believe that it was done.
_NOT_PLAYED = {
    ("ErrorBehavior", "ApplyErrorInsertPolicy", "UPDATE_RECORD"),
    ("ErrorBehavior", "ApplyErrorUpdatePolicy", "INSERT_RECORD"),
    ("ValidationSettings", "ValidationOnly", True),
}
_RANGES = {
    "FullLoadSettings.MaxFullLoadSubTasks": (1, 49),
    "ErrorBehavior.RecoverableErrorCount": (-1, 2**31 - 1),
    "ErrorBehavior.RecoverableErrorInterval": (0, 2**31 - 1),
}


def completed(text, before=None):
    """The settings of a task, whole: those of the text, over those that it had `before`, over the usual ones."""
    given = _object(text or "{}", "Task settings")
    if not isinstance(given, dict):
        raise invalid_value("Task Settings are not a JSON object.")
    logging = given.get("Logging") or {}
    if before is None and (logging.get("CloudWatchLogGroup") or logging.get("CloudWatchLogStream")):
        message = "Task Settings CloudWatchLogGroup or CloudWatchLogStream cannot be set on create."
        raise invalid_value(message)
    made = copy.deepcopy(before or DEFAULTS)
    for section, values in given.items():
        if section not in DEFAULTS:
            raise invalid_value(f"Invalid task settings JSON: unknown setting {section}.")
        known = DEFAULTS[section]
        if not isinstance(known, dict) or values is None:
            made[section] = values
            continue
        for name, value in values.items():
            _check(known, section, name, value)
            made[section][name] = _logged(value) if name == "LogComponents" else value
    _check_together(made)
    return made


def _check(known, section, name, value):
    path = f"{section}.{name}"
    if name not in known:
        raise invalid_value(f"Invalid task settings JSON: unknown setting {path}.")
    usual = known[name]
    if usual is not None and value is not None and type(value) is not type(usual):
        raise invalid_value(f"Invalid task settings JSON: {path} is of the wrong type.")
    if path in _CHOICES and value not in _CHOICES[path]:
        raise invalid_value(f"Invalid task settings JSON: {path} must be one of {', '.join(_CHOICES[path])}.")
    low, high = _RANGES.get(path, (value, value))
    if path in _RANGES and not low <= value <= high:
        raise invalid_value(f"Invalid task settings JSON: {path} must be between {low} and {high}.")
    if isinstance(value, (str, bool)) and (section, name, value) in _NOT_PLAYED:
        raise AwsError("StageNotImplemented", f"{path} {value} is not played", 501)


def _check_together(settings):
    stops = settings["FullLoadSettings"]
    if stops["StopTaskCachedChangesApplied"] and stops["StopTaskCachedChangesNotApplied"]:
        message = "StopTaskCachedChangesApplied and StopTaskCachedChangesNotApplied can't be set together."
        raise invalid_combination(message)
    lobs = settings["TargetMetadata"]
    if lobs["FullLobMode"] and lobs["LimitedSizeLobMode"]:
        raise invalid_combination("FullLobMode and LimitedSizeLobMode can't be set together.")
    logging = settings["Logging"]
    if logging["EnableLogContext"] and not logging["EnableLogging"]:
        raise invalid_combination("EnableLogContext can't be set without EnableLogging.")


def _logged(components):
    """All components of the log, with the severities of those that are named."""
    severities = {one: "LOGGER_SEVERITY_DEFAULT" for one in _COMPONENTS}
    for one in components:
        severity = one.get("Severity", "LOGGER_SEVERITY_DEFAULT")
        if one.get("Id") not in severities or severity.removeprefix("LOGGER_SEVERITY_") not in _SEVERITIES:
            raise invalid_value(f"Invalid task settings JSON: log component {one.get('Id')}: {severity}.")
        severities[one["Id"]] = severity
    return [{"Id": name, "Severity": severity} for name, severity in severities.items()]


@dataclass
class Mappings:
    """Which tables are selected, in which order they are loaded, and what they are called at the target."""

    selections: list
    renames: list

    def rank(self, schema, table):
        """The load order of a table; None if it is not selected. What is excluded is excluded whatever comes before."""
        rank = None
        for action, where, order in self.selections:
            if _fits(where, schema, table):
                if action == "exclude":
                    return None
                rank = max(rank or 0, order)
        return rank

    def named(self):
        """The tables that are named in full."""
        names = [
            (where["schema-name"], where["table-name"]) for action, where, _ in self.selections if action != "exclude"
        ]
        return [place for place in names if "%" not in "".join(place)]

    def renamed(self, schema, table):
        """Schema and name of a table at the target."""
        place = [schema, table]
        for kind, where, value in self.renames:
            if _fits(where, schema, table):
                place[0 if kind == "schema" else 1] = value
        return tuple(place)


def mappings(text):
    """The table mappings of a task."""
    given = _object(text, "Table mappings")
    rules = given.get("rules") if isinstance(given, dict) else None
    if not isinstance(rules, list) or not rules:
        raise invalid_value("Invalid table mappings document. There must be at least one rule.")
    found, seen = Mappings([], []), set()
    for rule in rules:
        kind, where = rule.get("rule-type"), rule.get("object-locator") or {}
        names = {"rule-type", "rule-id", "rule-name", "rule-action", "object-locator"}
        if missing := names - rule.keys():
            raise invalid_value(f"Invalid table mappings document. A rule has no {', '.join(sorted(missing))}.")
        if rule["rule-id"] in seen or rule["rule-name"] in seen:
            raise invalid_value(f"Invalid table mappings document. The rule {rule['rule-name']} is there twice.")
        seen |= {rule["rule-id"], rule["rule-name"]}
        if not where.get("schema-name"):
            raise invalid_value("Invalid table mappings document. A rule has no schema-name.")
        if kind == "selection":
            _select(found, rule, where)
        elif kind == "transformation" and rule["rule-action"] == "rename" and rule.get("rule-target") in _RENAMED:
            found.renames.append((rule["rule-target"], where, rule["value"]))
        else:
            raise AwsError("StageNotImplemented", f"the rule {kind} {rule['rule-action']} is not played", 501)
    if not any(action != "exclude" for action, *_ in found.selections):
        raise invalid_value("Invalid table mappings document. There must be at least one selection rule that includes.")
    return found


_RENAMED = ("schema", "table")


def _select(found, rule, where):
    if rule["rule-action"] not in ("include", "exclude", "explicit") or not where.get("table-name"):
        raise invalid_value(f"Invalid table mappings document. The rule {rule['rule-name']} is not valid.")
    if rule.get("filters"):
        raise AwsError("StageNotImplemented", "filters of selection rules are not played", 501)
    found.selections.append((rule["rule-action"], where, int(rule.get("load-order", 0))))


def _fits(where, schema, table):
    names = ((where["schema-name"], schema), (where.get("table-name", "%"), table))
    return all(re.fullmatch(re.escape(pattern).replace("%", ".*"), name, re.DOTALL) for pattern, name in names)


def _object(text, words):
    try:
        return json.loads(text)
    except ValueError as error:
        raise invalid_value(f"{words} are not valid JSON: {error}") from error
