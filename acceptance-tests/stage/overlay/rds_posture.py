"""RDS: what checks of the security posture read and moto does not have."""

from datetime import UTC, datetime

from moto.rds.models import DBCluster, DBInstance

from stage.catalogue import engines

from . import before
from .rds_settings import SETTINGS
from .rds_state import backend_of, page

#: The certificate authority of new instances.
AUTHORITY = "rds-ca-rsa2048-g1"
_CERTIFICATE_ENDS = datetime(2061, 5, 21, tzinfo=UTC)

#: Engines with major versions whose support ends on a day that AWS tells.
_OPEN_SOURCE = ("aurora-mysql", "aurora-postgresql", "mariadb", "mysql", "postgres")
_STANDARD_SUPPORT = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 2, 28, tzinfo=UTC))


@before("rds", "DescribeDBMajorEngineVersions")
def describe_major_versions(_aws, call):
    """Those of the open-source engines, in standard support."""
    wanted = call.parameters.get("Engine")
    names = [name for name in _OPEN_SOURCE if wanted in (None, name)]
    majors = [(name, major) for name in names for major in _majors(name)]
    shown, more = page(call, [_major(name, major) for name, major in majors])
    return {"DBMajorEngineVersions": shown, **more}


@before("rds", "DescribeDBRecommendations")
def describe_recommendations(_aws, call):
    """Those that the control has put there."""
    shown, more = page(call, list(recommendations(backend_of(call))))
    return {"DBRecommendations": shown, **more}


@before("rds", "DescribePendingMaintenanceActions")
def describe_maintenance(_aws, call):
    """What the control has put there, by database."""
    found = [{"ResourceIdentifier": a, "PendingMaintenanceActionDetails": d} for a, d in maintenance(backend_of(call)).items()]
    shown, more = page(call, found)
    return {"PendingMaintenanceActions": shown, **more}


def maintenance(backend):
    """The pending maintenance actions of an account in a region by ARN, which can be added to."""
    return backend.__dict__.setdefault("stage_maintenance", {})


def recommendations(backend):
    """The recommendations of an account in a region, which can be added to."""
    return backend.__dict__.setdefault("stage_recommendations", [])


def _majors(engine):
    families = {engines.family_of(engine, version) for version in engines.versions(engine)}
    return sorted({engines.engine_and_major(family)[1] for family in families})


def _major(engine, major):
    begins, ends = _STANDARD_SUPPORT
    lifecycle = {
        "LifecycleSupportName": "open-source-rds-standard-support",
        "LifecycleSupportStartDate": begins,
        "LifecycleSupportEndDate": ends,
    }
    return {"Engine": engine, "MajorEngineVersion": major, "SupportedEngineLifecycles": [lifecycle]}


def _certificate(self):
    authority, ends = self.__dict__.get("stage_certificate", (AUTHORITY, _CERTIFICATE_ENDS))
    return {"CAIdentifier": authority, "ValidTill": ends}


DBInstance.certificate_details = property(_certificate)
for _model in (DBInstance, DBCluster):
    _model.engine_lifecycle_support = SETTINGS["EngineLifecycleSupport"][1]
