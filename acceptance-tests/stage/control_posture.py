"""The part of the control for checks of the security posture: recommendations, certificates, subnet groups."""

from datetime import UTC, datetime
from types import SimpleNamespace

from stage.aws import moto_backend
from stage.overlay import rds_posture
from stage.overlay.rds_state import named

_REGION = "us-east-1"


class PostureControl:
    """Handlers for `Control`; what is refused raises ValueError."""

    def __init__(self, aws):
        self._aws = aws
        self.routes = {
            ("POST", "recommendations"): self.recommend,
            ("POST", "maintenance-actions"): self.announce_maintenance,
            ("POST", "certificates"): self.set_certificate,
            ("POST", "subnet-groups"): self.create_subnet_group,
        }

    def recommend(self, account, kind, arn, category="security", status="active", region=_REGION):
        """A recommendation of RDS about something."""
        with self._aws.lock:
            all_of_them = rds_posture.recommendations(moto_backend.rds(account, region))
            all_of_them.append(
                {
                    "RecommendationId": f"recommendation-{len(all_of_them) + 1}",
                    "TypeId": kind,
                    "ResourceArn": arn,
                    "Category": category,
                    "Status": status,
                    "Severity": "high",
                }
            )

    def announce_maintenance(self, account, arn, action, region=_REGION):
        """A maintenance action that is pending for a database."""
        with self._aws.lock:
            pending = rds_posture.maintenance(moto_backend.rds(account, region))
            pending.setdefault(arn, []).append({"Action": action, "Description": action})

    def set_certificate(self, account, identifier, ends, authority=rds_posture.AUTHORITY, region=_REGION):
        """The certificate of an instance, by its authority and the day on which it ends."""
        with self._aws.lock:
            instance = named(moto_backend.rds(account, region).databases, identifier)
            if instance is None:
                raise ValueError(f"there is no instance {identifier}")
            instance.stage_certificate = (authority, datetime.fromisoformat(ends).replace(tzinfo=UTC))

    def create_subnet_group(self, account, name, tags=None, region=_REGION):
        """A DB subnet group with one subnet, which EC2 does not know."""
        subnet = SimpleNamespace(id="subnet-1", vpc_id="vpc-1", availability_zone=f"{region}a")
        tags = [{"Key": key, "Value": value} for key, value in (tags or {}).items()]
        with self._aws.lock:
            moto_backend.rds(account, region).create_subnet_group(name, name, [subnet], tags)
