"""RDS: settings of DB instances that moto does not keep, and what they are if nobody sets them."""

import random

from . import after
from .rds_state import find

#: Parameters of CreateDBInstance and ModifyDBInstance, the attribute that shows each, and what it is if it is not given.
SETTINGS = {
    "EnablePerformanceInsights": ("performance_insights_enabled", False),
    "PerformanceInsightsKMSKeyId": ("performance_insights_kms_key_id", None),
    "PerformanceInsightsRetentionPeriod": ("performance_insights_retention_period", None),
    "DatabaseInsightsMode": ("database_insights_mode", "standard"),
    "EngineLifecycleSupport": ("engine_lifecycle_support", "open-source-rds-extended-support"),
    "NetworkType": ("network_type", "IPV4"),
    "DedicatedLogVolume": ("dedicated_log_volume", False),
    "CACertificateIdentifier": ("ca_certificate_identifier", "rds-ca-rsa2048-g1"),
}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def random_windows():
    """A backup window and a maintenance window, as AWS chooses them."""
    hour, day = random.randrange(12), random.choice(_DAYS)
    return f"{hour:02}:00-{hour:02}:30", f"{day}:{hour + 12:02}:00-{day}:{hour + 12:02}:30"


@after("rds", "CreateDBInstance", "ModifyDBInstance")
def keep_settings(_aws, call):
    """A new instance has the defaults, and what is asked for is shown."""
    instance = find(call, call.parameters)
    for parameter, (attribute, default) in SETTINGS.items():
        if parameter in call.parameters:
            setattr(instance, attribute, call.parameters[parameter])
        elif call.operation == "CreateDBInstance":
            setattr(instance, attribute, default)
