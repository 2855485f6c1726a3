"""Engines, versions and parameter group families that the stage's RDS knows."""

import re
from functools import cache

#: Major versions of each engine, the newest last, with the lowest and highest minor version.
_MAJORS = {
    "postgres": {
        **{"11": (4, 22), "12": (2, 22), "13": (2, 23), "14": (1, 23)},
        **{"15": (2, 18), "16": (1, 14), "17": (1, 10)},
    },
    "mysql": {"8.0": (11, 45), "8.4": (3, 8)},
    "mariadb": {"10.11": (4, 16), "11.4": (3, 10)},
    "aurora-postgresql": {
        **{"11": (9, 21), "12": (9, 22), "13": (6, 23), "14": (3, 22)},
        **{"15": (2, 17), "16": (1, 13), "17": (4, 9)},
    },
    "aurora-mysql": {"8.0": (1, 11)},
}
#: The version that a new database gets if none is asked for.
DEFAULT_VERSIONS = {
    "postgres": "15.14",
    "aurora-postgresql": "15.14",
    "mysql": "8.0.43",
    "mariadb": "10.11.14",
    "aurora-mysql": "8.0.mysql_aurora.3.10.0",
}
#: Engines with IAM database authentication, and the first major version that has it.
_IAM_SINCE = {
    **{"postgres": (10,), "aurora-postgresql": (10,)},
    **{"mysql": (5, 7), "aurora-mysql": (5, 7), "mariadb": (10, 6)},
}
#: [AUG] "IAM database authentication": classes of Aurora MySQL that are too small for it.
_IAM_CLASSES_LACKING = ("db.t2.small", "db.t3.small")
#: Types of logs that go to CloudWatch.
_LOG_TYPES = {
    "postgres": ("iam-db-auth-error", "postgresql", "upgrade"),
    "aurora-postgresql": ("iam-db-auth-error", "instance", "postgresql"),
    "mysql": ("audit", "error", "general", "iam-db-auth-error", "slowquery"),
    "mariadb": ("audit", "error", "general", "iam-db-auth-error", "slowquery"),
    "aurora-mysql": ("audit", "error", "general", "iam-db-auth-error", "instance", "slowquery"),
}
#: Classes that can be ordered; AWS has hundreds.
_CLASSES = {
    "aurora-postgresql": "t3.medium t4g.medium r5.large r6g.large r7g.large serverless",
    "aurora-mysql": "t2.small t3.small t3.medium t4g.medium r5.large r6g.large r7g.large serverless",
}
_USUAL_CLASSES = (
    "t3.micro t3.small t3.medium t4g.micro t4g.small t4g.medium m5.large m6g.large m6gd.large m7g.large r5.large "
    "r6g.large r6gd.large"
)
#: Families without a catalogue: their groups exist, with no parameters to show.
_OTHER_FAMILIES = ("mysql5.7", "aurora-mysql5.7", "mariadb10.6", "oracle-ee-19", "oracle-se2-19", "sqlserver-ee-16.0")

#: Families with a catalogue of parameters.
FAMILIES = tuple(engine + major for engine, majors in _MAJORS.items() for major in majors)
#: Families whose groups can be made.
KNOWN_FAMILIES = (*FAMILIES, *_OTHER_FAMILIES)
#: Families that have DB cluster parameter groups: those of Aurora and of Multi-AZ DB clusters.
CLUSTER_FAMILIES = tuple(
    family
    for family in (*FAMILIES, "aurora-mysql5.7")
    if family.startswith(("aurora-", "mysql8")) or family in [f"postgres{n}" for n in range(13, 18)]
)


def family_of(engine, version):
    """The parameter group family of an engine's version; of any version, for it may be one seeded by a test."""
    if engine == "aurora-mysql":
        return "aurora-mysql5.7" if version.startswith("5.7") else "aurora-mysql8.0"
    numbers = re.findall(r"\d+", version)
    if engine in ("mysql", "mariadb"):
        return engine + ".".join(numbers[:2])
    return f"{engine}{numbers[0]}" if engine in _MAJORS else f"{engine}-{numbers[0]}"


def engine_and_major(family):
    """The engine and the major version of a family, such as "aurora-postgresql" and "16"."""
    engine, major = re.fullmatch(r"(.*?)-?(\d[\d.]*)", family).groups()
    return engine, major


@cache
def versions(engine):
    """Every version of an engine that can be asked for, the oldest first."""
    found = []
    for major, (lowest, highest) in _MAJORS.get(engine, {}).items():
        for minor in range(lowest, highest + 1):
            if engine == "aurora-mysql":
                found += [f"{major}.mysql_aurora.3.{minor:02}.{patch}" for patch in range(2)]
            else:
                found.append(f"{major}.{minor}")
                # Limitless versions are versions of their own.
                found += [f"16.{minor}-limitless"] * (engine == "aurora-postgresql" and major == "16" and minor > 3)
    return tuple(found)


def complete(engine, version):
    """The version that AWS takes for what was asked for: a major version means its newest one. None if there is
    no such version."""
    known = versions(engine)
    if not version:
        return DEFAULT_VERSIONS.get(engine)
    if version in known or not known:
        return version
    newest = [v for v in known if v.startswith((f"{version}.", f"{version}-")) and not v.endswith("limitless")]
    return newest[-1] if version in _MAJORS[engine] else None


def has_iam(engine, version, instance_class=None):
    """Whether an engine's version has IAM database authentication, on instances of a class."""
    numbers = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if engine not in _IAM_SINCE or numbers < _IAM_SINCE[engine]:
        return False
    return engine != "aurora-mysql" or instance_class not in _IAM_CLASSES_LACKING


def log_types(engine):
    """The types of logs of an engine that can go to CloudWatch."""
    return _LOG_TYPES.get(engine, ())


def classes(engine):
    """Classes of instances that an engine can be ordered with."""
    return [f"db.{name}" for name in _CLASSES.get(engine, _USUAL_CLASSES).split()]


def engine_names():
    """The engines with a catalogue."""
    return tuple(_MAJORS)
