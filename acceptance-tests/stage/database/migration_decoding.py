"""What PostgreSQL's test_decoding says of a change."""

import re
from dataclasses import dataclass, field

#: The value of a column that did not change and is not told.
UNCHANGED = object()

_HEAD = re.compile(r'table ((?:"(?:[^"]|"")+"|[^.":]+))\.((?:"(?:[^"]|"")+"|[^":]+)): (INSERT|UPDATE|DELETE|TRUNCATE):')
_COLUMN = re.compile(r' ("(?:[^"]|"")+"|[^\[" ]+)\[')
_QUOTED = re.compile(r"(?:B|X)?'((?:[^']|'')*)'")
_PLAIN = re.compile(r"[^ ]*")
_TUPLES = {" old-key:": "old", " new-tuple:": "new"}


@dataclass
class Change:
    """One row that was changed: its old key, if told, and its new values, as texts by column."""

    kind: str
    schema: str
    table: str
    old: dict = field(default_factory=dict)
    new: dict = field(default_factory=dict)


def decode(line):
    """The change in a line of test_decoding; None for what is no change of a table."""
    head = _HEAD.match(line)
    if not head:
        return None
    schema, table, kind = head.groups()
    change = Change(kind, _unquoted(schema), _unquoted(table))
    if kind == "TRUNCATE":
        return change
    place, into = head.end(), change.old if kind == "DELETE" else change.new
    while place < len(line):
        marker = next((words for words in _TUPLES if line.startswith(words, place)), None)
        if marker:
            into, place = getattr(change, _TUPLES[marker]), place + len(marker)
            continue
        column = _COLUMN.match(line, place)
        if not column:  # (no-tuple-data)
            break
        place = _end_of_type(line, column.end()) + 1
        into[_unquoted(column.group(1))], place = _value(line, place)
    return change


def _end_of_type(line, place):
    """Where the name of a type ends, which may be that of an array: behind the bracket that closes it."""
    depth, quoted = 1, False
    while depth:
        letter = line[place]
        if letter == '"':
            quoted = not quoted
        elif not quoted:
            depth += {"[": 1, "]": -1}.get(letter, 0)
        place += 1
    return place


def _value(line, place):
    for words, value in (("null", None), ("unchanged-toast-datum", UNCHANGED)):
        end = place + len(words)
        if line.startswith(words, place) and (end == len(line) or line[end] == " "):
            return value, end
    quoted = _QUOTED.match(line, place)
    if quoted:
        return quoted.group(1).replace("''", "'"), quoted.end()
    plain = _PLAIN.match(line, place)
    return plain.group(), plain.end()


def _unquoted(name):
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
