"""The packets of MySQL's protocol, as far as the front must understand them."""

import re
import struct

#: The commands that the front looks at, and those that have no answer.
QUIT, QUERY, CHANGE_USER, PREPARE, EXECUTE, LONG_DATA, CLOSE, BULK_EXECUTE = 1, 3, 0x11, 0x16, 0x17, 0x18, 0x19, 0xFA
WITHOUT_ANSWER = (QUIT, LONG_DATA, CLOSE)

_OK, _MORE_OF_LOGIN, _OTHER_PLUGIN, _ERROR = 0, 1, 0xFE, 0xFF
_WHOLE = 0xFFFFFF  # a payload of this length goes on in the next packet
_LAST_PREPARED = 0xFFFFFFFF  # MariaDB: the statement prepared last, whose number the client does not know yet
_FIXED = 32  # bytes of the client's first packet before the user: capabilities, sizes, filler
_TLS = 0x800
# Capabilities that say what the login packet holds: the first one's answer, a database, a plugin and attributes.
_LONG_ANSWER, _WITH_DATABASE, _WITH_PLUGIN_NAME, _WITH_ATTRIBUTES = 1 << 21, 8, 1 << 19, 1 << 20
# Capabilities that the client must not hear of: compression, query attributes; and of MariaDB's own, progress reports.
_HIDDEN, _HIDDEN_OF_MARIADB = 0x20 | 1 << 26 | 1 << 27, 1
_STATES = {1213: "40001"}
_PLUGIN = "awsauthenticationplugin"
_QUOTED_OR_COMMENT = re.compile(
    r"""(?P<quoted>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`)"""
    r"""|/\*m?!\d*(?P<executed>.*?)\*/|/\*.*?\*/|--(?!\S)[^\n]*|\#[^\n]*""",
    re.DOTALL,
)
_WITH_PLUGIN = re.compile(
    rf"\b(?:(?:create|alter)\b.*?\buser|grant)\b.*?\bidentified\b.*?\b(?:with|via|or)\s+['\"`]?{_PLUGIN}\b", re.DOTALL
)
_WRITES = re.compile(
    r"\s*(?:insert|update|delete|replace|truncate|grant|revoke|rename|load|alter|drop(?!\s+temporary)|set\s+password"
    r"|create(?!\s+(?:or\s+replace\s+)?temporary))\b"
)
_RUNS_TEXT = re.compile(r"\bexecute\s+immediate\b|\bprepare\b.*?\bfrom\b", re.DOTALL)


async def read_packet(exactly):
    """A packet with its header; `exactly` reads as many bytes as it is told."""
    header = await exactly(4)
    return header + await exactly(int.from_bytes(header[:3], "little"))


async def read_message(exactly):
    """A packet and those in which it goes on, with their headers, and the payload of all."""
    packet = whole = await read_packet(exactly)
    payload = whole[4:]
    while len(packet) == _WHOLE + 4:
        packet = await read_packet(exactly)
        whole, payload = whole + packet, payload + packet[4:]
    return whole, payload, packet[3]


def whole_packets(data):
    """Where each packet begins and ends that is there as a whole."""
    end = 0
    while len(data) >= end + 4:
        start, end = end, end + 4 + int.from_bytes(data[end : end + 3], "little")
        if len(data) < end:
            return
        yield start, end


def packet(sequence, payload):
    """A packet with its header."""
    return len(payload).to_bytes(3, "little") + bytes([sequence % 256]) + payload


def error(sequence, code, message, state=None):
    """An error packet."""
    text = f"#{state or _STATES.get(code, 'HY000')}{message}"
    return packet(sequence, bytes([_ERROR]) + struct.pack("<H", code) + text.encode())


def is_error(payload):
    """Whether an answer is an error."""
    return payload[:1] == bytes([_ERROR])


def greeting_for_client(greeting):
    """The server's greeting without what would hide statements and answers from the front."""
    data = bytearray(greeting)
    low = data.index(0, 5) + 1 + 4 + 8 + 1  # behind the version, the connection's number, the first of the salt, a zero
    high, of_mariadb = low + 5, low + 14
    for place, hidden in ((low, _HIDDEN & 0xFFFF), (high, _HIDDEN >> 16), (of_mariadb, _HIDDEN_OF_MARIADB)):
        kept = int.from_bytes(data[place : place + 2], "little") & ~hidden
        data[place : place + 2] = kept.to_bytes(2, "little")
    return bytes(data)


def asks_for_tls(first):
    """Whether the client's first packet is a request for TLS: the beginning of a login, with nothing in it."""
    return len(first) == 4 + _FIXED and struct.unpack_from("<I", first, 4)[0] & _TLS != 0


def user_of_login(login):
    """The user of a client's login packet."""
    return _text(login, 4 + _FIXED)


def application_of_login(login):
    """The `program_name` among the attributes of a client's login packet; empty if there is none."""
    capabilities = struct.unpack_from("<I", login, 4)[0]
    if not capabilities & _WITH_ATTRIBUTES:
        return ""
    rest = login[4 + _FIXED :].partition(b"\0")[2]
    length, rest = _number(rest) if capabilities & _LONG_ANSWER else (rest[0], rest[1:])
    rest = rest[length:]
    for present in (_WITH_DATABASE, _WITH_PLUGIN_NAME):
        rest = rest.partition(b"\0")[2] if capabilities & present else rest
    length, rest = _number(rest)
    texts = _texts(rest[:length])
    return dict(zip(texts, texts, strict=False)).get("program_name", "")


def goes_on(payload):
    """Whether an answer is a question, to which the client's next packet is the answer: a login is not decided yet."""
    return payload[:1] in (bytes([_OTHER_PLUGIN]), bytes([_MORE_OF_LOGIN]))


def is_ok(payload):
    """Whether an answer says that all went well, and nothing else."""
    return payload[:1] == bytes([_OK])


def user_of_change(payload):
    """The user whom a connection changes to."""
    return _text(payload, 1)


def statement_number(prepared_answer):
    """The number of a statement that was prepared, from the answer; None if it was refused."""
    return struct.unpack_from("<I", prepared_answer, 1)[0] if prepared_answer[0] == _OK else None


class Prepared:
    """The texts of a connection's prepared statements by number."""

    def __init__(self):
        self._texts, self._last = {}, ""

    def begin(self, text):
        """A text is to be prepared; until the client knows its number, it may speak of the last one."""
        self._last = text

    def add(self, number, text):
        """Keeps a text."""
        self._texts[number] = text

    def find(self, payload):
        """The text that an execution is of."""
        number = struct.unpack_from("<I", payload, 1)[0]
        return self._last if number == _LAST_PREPARED else self._texts.get(number, "")

    def close(self, payload):
        """Forgets a text."""
        self._texts.pop(struct.unpack_from("<I", payload, 1)[0], None)


def names_the_plugin(sql):
    """Whether a statement gives a user AWSAuthenticationPlugin."""
    sql = sql.lower()
    if _PLUGIN not in sql:
        return False
    bare = _bare(sql)
    return any(map(_WITH_PLUGIN.search, (bare, sql) if _RUNS_TEXT.search(bare) else (bare,)))


def writes(sql):
    """Whether a statement changes something that others see, and so is not for a reader."""
    bare = _bare(sql.lower())
    if _RUNS_TEXT.search(bare):
        return any(map(_WRITES.match, re.split("['\"]", sql.lower())))
    return any(map(_WRITES.match, bare.split(";")))


def _bare(sql):
    """A statement without comments, but for those that the server executes, and without texts."""

    def bare(found):
        if found["quoted"]:
            return found[0] if found[0][1:-1] == _PLUGIN else "''"
        return f" {_bare(found['executed'] or '')} "

    return _QUOTED_OR_COMMENT.sub(bare, sql)


def _texts(data):
    """Each text that is preceded by its length."""
    while data:
        length, data = _number(data)
        yield data[:length].decode(errors="replace")
        data = data[length:]


def _number(data):
    """A number of a length of its own, and what follows it."""
    size = {0xFC: 2, 0xFD: 3, 0xFE: 8}.get(data[0])
    return (data[0], data[1:]) if size is None else (int.from_bytes(data[1 : 1 + size], "little"), data[1 + size :])


def _text(data, start):
    end = data.find(0, start)
    return data[start : end if end >= 0 else len(data)].decode(errors="replace")
