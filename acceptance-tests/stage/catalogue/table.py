"""Tables of parameters, and one parameter in the form of the API."""

from functools import cache
from pathlib import Path


@cache
def rows(file):
    """The rows of a table beside this file: one dictionary each, its keys from the first line. Lines that start with
    # are comments."""
    lines = Path(__file__).with_name(file).read_text().splitlines()
    names, *found = [line.split("\t") for line in lines if not line.startswith("#")]
    return [dict(zip(names, row, strict=True)) for row in found]


def entry(name, apply, kind, values, value, description, modifiable=True):
    """A parameter as DescribeDBParameters shows it in a default group: with a value that RDS sets, or as the engine
    has it."""
    found = {"ParameterName": name, "ParameterValue": value, "Description": description}
    found |= {"Source": "engine-default" if value is None else "system", "ApplyType": apply, "DataType": kind}
    found |= {"AllowedValues": values, "IsModifiable": modifiable, "ApplyMethod": "pending-reboot"}
    return {key: part for key, part in found.items() if part is not None}
