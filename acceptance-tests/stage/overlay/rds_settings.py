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


def windows(backup=None):
    """A backup window, the given one if there is one, and a maintenance window that does not overlap it, as AWS chooses
    them."""
    backup = backup or "{0:02}:00-{0:02}:30".format(random.randrange(24))
    # At the other end of the day; a backup window is at most some hours long.
    hour, day = (int(backup[:2]) + 12) % 24, random.choice(_DAYS)
    return backup, f"{day}:{hour:02}:00-{day}:{hour:02}:30"


@after("rds", "CreateDBInstance", "ModifyDBInstance")
def keep_settings(_aws, call):
    """A new instance has the defaults, and what is asked for is shown."""
    instance = find(call, call.parameters)
    for parameter, (attribute, default) in SETTINGS.items():
        if parameter in call.parameters:
            setattr(instance, attribute, call.parameters[parameter])
        elif call.operation == "CreateDBInstance":
            setattr(instance, attribute, default)
