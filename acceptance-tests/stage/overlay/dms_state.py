"""DMS: what there is of it in an account and region, and how the other rules find it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from stage.aws.errors import AwsError
from stage.aws.wire import partition_of

#: Tags of a resource.
TAG_QUOTA = 50

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_USUAL_PAGE = 100


@dataclass
class Passing:
    """A status that shows for so many looks, and longer while `lasts` says so; then `finish` is done."""

    status: str
    looks: int = 0
    lasts: Callable = bool
    finish: Callable = lambda: None

    @property
    def over(self):
        """Whether it has come to its end."""
        return not (self.looks or self.lasts())


@dataclass
class Resource:
    """What has a status that changes with the looks at it."""

    arn: str
    identifier: str
    tags: dict
    settled: str
    passing: Passing = None
    made: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def status(self):
        """What a look shows."""
        return self.passing.status if self.passing else self.settled

    def pass_through(self, passing):
        """Puts a status under way, which ends at once if it takes no look."""
        self.passing = passing
        self.settle()

    def settle(self):
        """Ends a status that has come to its end."""
        passing = self.passing
        if passing and passing.over:
            self.passing = None
            passing.finish()

    def look(self):
        """One look has shown the status; the next may show another."""
        if self.passing:
            self.passing.looks = max(0, self.passing.looks - 1)
            self.settle()


@dataclass
class Region:
    """The DMS of an account in a region: every kind of resource by ARN, connections by instance and endpoint."""

    account: str
    name: str
    instances: dict = field(default_factory=dict)
    subnet_groups: dict = field(default_factory=dict)
    endpoints: dict = field(default_factory=dict)
    certificates: dict = field(default_factory=dict)
    tasks: dict = field(default_factory=dict)
    replications: dict = field(default_factory=dict)
    connections: dict = field(default_factory=dict)

    def arn(self, kind, identifier=None):
        """The ARN of a new resource of a kind, with the identifier that the caller wants in it."""
        identifier = identifier or "".join(secrets.choice(_ALPHABET) for _ in range(26))
        return f"arn:{partition_of(self.name)}:dms:{self.name}:{self.account}:{kind}:{identifier}"

    @property
    def migrations(self):
        """All that migrates: tasks and replications without an instance."""
        return [*self.tasks.values(), *self.replications.values()]

    def tagged(self, arn):
        """What an ARN is of; None if there is no such thing."""
        kinds = (self.instances, self.subnet_groups, self.endpoints, self.certificates, self.tasks, self.replications)
        return next((kind[arn] for kind in kinds if arn in kind), None)


def region_of(aws, call):
    """The DMS that a call is about."""
    return region_named(aws, call.account, call.region)


def region_named(aws, account, region):
    """The DMS of an account in a region."""
    return aws.dms.setdefault((account, region), Region(account, region))


def not_found(message):
    """The answer when something does not exist."""
    return AwsError("ResourceNotFoundFault", message)


def invalid_state(message):
    """The answer when something is not in the state for a call."""
    return AwsError("InvalidResourceStateFault", message)


def invalid_value(message):
    """The answer to a value that cannot be."""
    return AwsError("InvalidParameterValueException", message)


def invalid_combination(message):
    """The answer to values that do not go together."""
    return AwsError("InvalidParameterCombinationException", message)


def exists_already(kind, name):
    """The answer when a name is taken."""
    return AwsError("ResourceAlreadyExistsFault", f"{kind} already exists: {name}")


def find(resources, arn, words):
    """What an ARN is of; `words` are those of AWS for its kind."""
    if arn not in resources:
        raise not_found(f"{words} {arn} not found.")
    return resources[arn]


def require_new(resources, kind, identifier):
    """Refuses a name that is taken, whatever its case."""
    if any(one.identifier.lower() == identifier.lower() for one in resources.values()):
        raise exists_already(kind, identifier)


def tags_of(parameters):
    """The tags that a call gives to what it makes."""
    tags = parameters.get("Tags", [])
    check_tags(tags, ())
    return {tag["Key"]: tag.get("Value", "") for tag in tags}


def check_tags(tags, there):
    """Refuses tags that AWS reserves, and more than a resource may have."""
    keys = [tag.get("Key", "") for tag in tags]
    reserved = next((key for key in keys if key.lower().startswith(("aws:", "dms:"))), None)
    if reserved:
        raise invalid_value(f"Tag key {reserved} is reserved.")
    if len({*keys, *there}) > TAG_QUOTA:
        raise AwsError("ResourceQuotaExceededFault", f"A resource can have at most {TAG_QUOTA} tags.")


def filtered(call, found, filters, words=None):
    """Those that fit the filters of a call; `filters` are the names with what they look at. With `words`, none at all
    under a filter is refused."""
    wanted = call.parameters.get("Filters", [])
    for one in wanted:
        if one["Name"] not in filters:
            raise invalid_value(f"The filter name {one['Name']} is not valid.")
        found = [each for each in found if filters[one["Name"]](each) in one["Values"]]
    if wanted and not found and words:
        raise not_found(f"No {words} found matching provided filters")
    return found


def page(call, found, most=100):
    """The part of a list that a call asks for, and the marker of the next."""
    size = call.parameters.get("MaxRecords", _USUAL_PAGE)
    if not 20 <= size <= most:
        raise invalid_value(f"Invalid value {size} for MaxRecords. Must be between 20 and {most}")
    marker = call.parameters.get("Marker") or "0"
    if not marker.isdigit():
        raise invalid_value(f"The marker {marker} is not valid.")
    start = int(marker)
    more = {"Marker": str(start + size)} if start + size < len(found) else {}
    return found[start : start + size], more
