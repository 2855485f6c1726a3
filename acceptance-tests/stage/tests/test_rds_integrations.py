"""RDS: zero-ETL integrations."""

from .conftest import refused


def test_integrations_are_listed(account):
    made = account.instance("orders")
    rds = account.client("rds")
    target = f"arn:aws:redshift:us-east-1:{account.id}:namespace:1"
    wanted = {"SourceArn": made["arn"], "TargetArn": target, "IntegrationName": "etl"}
    assert rds.describe_integrations()["Integrations"] == []
    new = rds.create_integration(**wanted)
    assert (new["Status"], new["IntegrationArn"].rsplit(":", 1)[0]) == (
        "creating",
        f"arn:aws:rds:us-east-1:{account.id}:integration",
    )
    (found,) = rds.describe_integrations()["Integrations"]
    assert (found["IntegrationName"], found["SourceArn"], found["Status"]) == ("etl", made["arn"], "active")
    refused("IntegrationAlreadyExistsFault", rds.create_integration, **wanted)
    nothing = wanted | {"IntegrationName": "other", "SourceArn": made["arn"].replace("orders", "absent")}
    refused("InvalidParameterValue", rds.create_integration, **nothing)
