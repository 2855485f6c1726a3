"""What RDS knows of engines and their parameters: tables recorded from real servers and tables kept by hand."""

import re
from functools import cache

from . import mysql, postgres
from .engines import FAMILIES, engine_and_major

_NUMBERS = ("integer", "float")
_RANGE = re.compile(r"(-?[\d.]+(?:e\+?\d+)?)-(-?[\d.]+(?:e\+?\d+)?)")
_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
# DBInstanceClassMemory and its like, which RDS computes per instance.
_FORMULA = re.compile(r"(GREATEST|LEAST|SUM)\(.*\)|\{.+\}", re.IGNORECASE)


@cache
def parameters(family, cluster=False):
    """The parameters of a family by name, as DescribeDBParameters or, with `cluster`, DescribeDBClusterParameters
    shows them in a default group. The entries are shared: copy before changing one."""
    if family not in FAMILIES:
        return {}
    engine, major = engine_and_major(family)
    aurora = engine.startswith("aurora-")
    if engine.endswith(("postgres", "postgresql")):
        found = postgres.parameters(int(major), aurora, cluster)
    else:
        found = mysql.parameters(family, aurora, cluster)
    modes = {"SupportedEngineModes": ["provisioned"]} if cluster else {}
    return {p["ParameterName"]: p | modes for p in sorted(found, key=lambda p: p["ParameterName"])}


def allows(parameter, value):
    """Whether a parameter may have a value."""
    allowed = parameter.get("AllowedValues")
    if allowed is None:
        return True
    if parameter["DataType"] in _NUMBERS:
        return bool(_FORMULA.fullmatch(value)) or any(_within(value, part) for part in allowed.split(","))
    choices = allowed.split(",")
    if parameter["DataType"] == "list":
        return all(part.strip() in choices for part in value.split(","))
    return value in choices


def _within(value, part):
    if not _NUMBER.fullmatch(value):
        return False
    bounds = _RANGE.fullmatch(part)
    if not bounds:
        return value == part
    least, most = map(float, bounds.groups())
    return least <= float(value) <= most
