"""The stage's AWS: one call from its arrival to its answer."""

import threading
import time
import traceback
import uuid
from dataclasses import dataclass, replace
from importlib import import_module

from stage import overlay

from . import faults, identity, moto_backend, principals, validation, wire
from .errors import AwsError
from .record import Record

_OVERLAY = ("iam_protected", "iam", "iam_roles", "iam_entities", "sts", "rds")
_OVERLAY += ("kms", "kms_aliases", "kms_grants", "kms_access", "secretsmanager", "secretsmanager_access", "ec2")
_OVERLAY += ("dms_instances", "dms_endpoints", "dms_tasks", "dms_statistics", "dms_serverless")
_USUAL_TRANSITIONS = {"busy": 2, "lingering": 1, "applying": 2, "lagging": 0, "queued": 0, "rebooting": 2}
_USUAL_TRANSITIONS |= {"settling": 0, "loading": 2, "switching": 2, "backing": 0, "renaming": 0, "awaited": 0}
_USUAL_TRANSITIONS |= {"retained": 0}
_USUAL_QUOTAS = {"snapshots": 100, "copies": 20, "instances": 40, "clusters": 40}
_PATIENCE = 300  # seconds that a delay may last at most
_HTML = b"<html><head><title>Service Unavailable</title></head><body>Service Unavailable</body></html>"


@dataclass
class Outcome:
    """An answer, or the lack of one: without an answer the connection is reset."""

    answer: wire.Answer | None


class Aws:
    """Everything that is AWS here. `databases` keeps endpoints to real servers, and may be None."""

    def __init__(self, databases=None):
        self.lock = threading.RLock()
        self.identities = identity.Identities()
        self.faults = faults.Faults()
        self.record = Record()
        self.databases = databases
        self.transitions, self.quotas = {}, {}
        self.dms = {}
        self.youths = principals.Youths()
        for rules in _OVERLAY:
            import_module(f"stage.overlay.{rules}")

    def handle(self, method, target, headers, body):
        """Answers a request. Headers have lower-case names."""
        request_id = str(uuid.uuid4())
        call = entry = None
        try:
            call = wire.parse(method, target, headers, body)
            refused = self._admit(call)
            entry = self.record.begin(call)
            if refused:
                raise refused
            outcome = self._play(call, entry, request_id)
        except AwsError as error:
            outcome = self._refuse(call, entry, error, headers, request_id)
        except Exception as error:  # a fault of moto or of the stage: show it, never a silent success
            traceback.print_exc()
            failure = AwsError("InternalFailure", f"The stage failed: {type(error).__name__}: {error}", 500)
            outcome = self._refuse(call, entry, failure, headers, request_id)
        if entry:
            entry["status"] = outcome.answer.status if outcome.answer else "reset"
            entry["request_id"] = outcome.answer.headers.get(wire.REQUEST_ID) if outcome.answer else None
        return outcome

    def _refuse(self, call, entry, error, headers, request_id):
        if entry:
            entry["code"] = error.code
        service = call.service if call else "kms" if "x-amz-target" in headers else "sts"
        return Outcome(wire.render_error(service, error, request_id))

    def transition_of(self, account):
        """How many polls a change of an instance takes in an account: while busy, then while it lingers; how many
        a change of its parameters, how many before that show, and a reboot, how many until that begins; in
        how many a restored instance is in each status between `creating` and `available`, and how many its storage is
        loaded afterwards; how many a switchover takes, how many an instance is backing up for a
        snapshot, how many a database is in each of the statuses of a rename; whether a look at a replication task
        waits for the end of a full load; and how many more a replication that has stopped keeps its capacity."""
        return _USUAL_TRANSITIONS | self.transitions.get(account, {})

    def quota_of(self, account):
        """How many manual snapshots, copies of snapshots between regions at a time, and DB instances and clusters
        that are made through the API an account may have in a region."""
        return _USUAL_QUOTAS | self.quotas.get(account, {})

    def _admit(self, call):
        """Who calls, whether the request is well formed and whether it is allowed; the refusal, or None."""
        try:
            with self.lock:
                self.identities.authenticate(call)
            if call.unintelligible:
                raise call.unintelligible
            validation.check(call)
            with self.lock:
                overlay.ACCESS.get(call.service, identity.authorize)(call)
        except AwsError as error:
            return error
        return None

    def _play(self, call, entry, request_id):
        rule = self.faults.strike(call) or {"fault": None}
        kind = entry["fault"] = rule["fault"]
        if kind in ("throttle", "error"):
            raise faults.refusal(rule, call.service)
        if kind == "http":
            return Outcome(wire.Answer(rule.get("status", 503), _HTML, "text/html"))
        late = rule.get("when") == "after" or kind == "lose_answer"
        if not late:
            _wait(rule)
        if kind == "reset":
            return Outcome(None)
        if kind == "stale":
            call.identity = replace(call.identity, account=faults.shadow_of(rule, call))
        try:
            answer = self._carry_out(call, request_id)
            entry["code"] = _code(answer)
        except AwsError as error:  # its answer can be late or lost like any other
            answer = wire.render_error(call.service, error, request_id)
            entry["code"] = error.code
        entry["took_effect"] = answer.status < 400
        if late:
            _wait(rule)
        return Outcome(None if kind == "lose_answer" else answer)

    def _carry_out(self, call, request_id):
        key = call.service, call.operation
        for rule in overlay.UNLOCKED[key]:
            rule(self, call)
        with self.lock:
            for shadow in self.faults.shadows_before(call):
                moto_backend.photograph(call, call.account, shadow)
            results = (rule(self, call) for rule in overlay.BEFORE[key])
            result = next((r for r in results if r is not None), None)
            if result is None:
                answer = moto_backend.carry_out(call, call.account)
            else:
                answer = moto_backend.answer(call, result, request_id)
            if answer.status < 400:
                for rule in overlay.AFTER[key]:
                    result = rule(self, call)
                    if result is not None:
                        answer = moto_backend.answer(call, result, request_id)
        answer.headers.setdefault(wire.REQUEST_ID, request_id)
        return answer


def _wait(rule):
    time.sleep(min(rule.get("seconds", 0), _PATIENCE))


def _code(answer):
    if answer.status < 400:
        return None
    text = answer.body.decode(errors="replace")
    for before, after in (("<Code>", "</Code>"), ('"__type": "', '"')):
        if before in text:
            return text.partition(before)[2].partition(after)[0]
    return "Unknown"
