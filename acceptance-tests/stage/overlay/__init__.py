"""Where AWS behaves differently from moto: one module per service, one function per rule.

A rule runs under the stage's lock, around moto. `before` may refuse the call (raise AwsError), change it, or
answer it (return a dict in the shape of the operation's output). `after` runs once moto has succeeded. `unlocked` runs
before all of these, without the lock: it may wait.
"""

from collections import defaultdict

ACCESS = {}
BEFORE = defaultdict(list)
AFTER = defaultdict(list)
UNLOCKED = defaultdict(list)


def before(service, *operations):
    """Registers a rule that runs before moto sees the call."""

    def register(rule):
        for operation in operations:
            BEFORE[service, operation].append(rule)
        return rule

    return register


def after(service, *operations):
    """Registers a rule that runs after moto has carried out the call."""

    def register(rule):
        for operation in operations:
            AFTER[service, operation].append(rule)
        return rule

    return register


def unlocked(service, operation):
    """Registers what may wait before a call is carried out."""

    def register(rule):
        UNLOCKED[service, operation].append(rule)
        return rule

    return register


def access(service):
    """Registers what decides whether the caller may make a call of a service, instead of the caller's own policies
    alone. It refuses by raising AwsError."""

    def register(decision):
        ACCESS[service] = decision
        return decision

    return register
