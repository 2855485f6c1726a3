"""RDS: zero-ETL integrations, which moto does not have."""

import uuid
from datetime import UTC, datetime

from stage.aws.errors import AwsError

from . import before
from .rds_state import backend_of, named, page


@before("rds", "CreateIntegration")
def create(_aws, call):
    """One of a database that exists, under a name of its own."""
    parameters, integrations = call.parameters, _integrations(call)
    name, source = parameters["IntegrationName"], parameters["SourceArn"]
    if any(one["IntegrationName"] == name for one in integrations.values()):
        raise AwsError("IntegrationAlreadyExistsFault", f"Integration {name} already exists.")
    backend = backend_of(call)
    if not named(backend.clusters if ":cluster:" in source else backend.databases, source):
        raise AwsError("InvalidParameterValue", f"The source {source} doesn't exist.")
    identifier = str(uuid.uuid4())
    integrations[identifier] = {
        "SourceArn": source,
        "TargetArn": parameters["TargetArn"],
        "IntegrationName": name,
        "IntegrationArn": f"{source.rsplit(':', 2)[0]}:integration:{identifier}",
        "Status": "active",
        "CreateTime": datetime.now(UTC),
    }
    return integrations[identifier] | {"Status": "creating"}


@before("rds", "DescribeIntegrations")
def describe(_aws, call):
    """All of an account in a region, page after page."""
    shown, more = page(call, list(_integrations(call).values()))
    return {"Integrations": shown, **more}


def _integrations(call):
    return backend_of(call).__dict__.setdefault("stage_integrations", {})
