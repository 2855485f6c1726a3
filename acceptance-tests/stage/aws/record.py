"""Every call, in order of arrival: what tests count and look at."""

import threading
import time

_READS = ("Get", "List", "Describe", "Simulate", "AssumeRole", "Decode")
_READS += ("Encrypt", "Decrypt", "ReEncrypt", "Generate", "Sign", "Verify")


def is_write(operation):
    """Whether an operation changes something. Taking up a role does not, nor does using a key."""
    return operation is not None and not operation.startswith(_READS)


class Record:
    """The calls of all accounts."""

    def __init__(self):
        self._lock = threading.Lock()
        self._calls = []
        self._count = 0

    def begin(self, call):
        """Notes that a call has arrived; the entry is completed when it is answered."""
        with self._lock:
            self._count += 1
            entry = {
                "number": self._count,
                "time": round(time.time(), 3),
                "account": call.account,
                "caller": call.identity.arn if call.identity else None,
                "access_key": call.access_key,
                "service": call.service,
                "region": call.region,
                "operation": call.operation,
                "parameters": call.parameters,
                "write": is_write(call.operation),
                "violations": call.violations,
                "fault": None,
                "took_effect": False,
                "status": None,
                "code": None,
                "request_id": None,
                "user_agent": call.headers.get("user-agent"),
            }
            self._calls.append(entry)
        return entry

    def calls(self, **wanted):
        """The calls whose fields have the wanted values, oldest first."""
        with self._lock:
            return [c for c in self._calls if all(c.get(name) == value for name, value in wanted.items())]

    def clear(self, account=None):
        """Forgets the calls of one account, or of all."""
        with self._lock:
            self._calls = [c for c in self._calls if account and c["account"] != account]
