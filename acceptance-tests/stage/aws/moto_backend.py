"""The one door to moto: calls carried out in this process, and moto's own objects."""

import copy
import os
from functools import cache
from importlib import import_module

import botocore.session

# moto reads this when it is imported.
os.environ.setdefault("MOTO_ALLOW_NONEXISTENT_REGION", "true")
# It would count automated snapshots, too; the quota of manual ones is the stage's own.
os.environ.setdefault("MOTO_RDS_SNAPSHOT_LIMIT", "100000")

# moto opens many sessions while it is imported. With one loader between them, each model is read once and not each
# time, which halves the time to start.
botocore.session.create_loader = cache(botocore.session.create_loader)

from moto.core.common_models import BaseModel  # noqa: E402
from moto.core.request import Request  # noqa: E402
from moto.core.serialize import XFormedAttributePicker, get_serializer_class  # noqa: E402
from moto.core.utils import get_service_model  # noqa: E402
from moto.iam.models import iam_backends  # noqa: E402

from .errors import AwsError
from .wire import REQUEST_ID, Answer

# moto keeps each object for a reset that the stage never asks for, and with a snapshot its data.
BaseModel.__new__ = staticmethod(lambda cls, *_arguments, **_named: object.__new__(cls))

_RESPONSES = {
    "iam": ("moto.iam.responses", "IamResponse"),
    "sts": ("moto.sts.responses", "TokenResponse"),
    "rds": ("moto.rds.responses", "RDSResponse"),
    "kms": ("moto.kms.responses", "KmsResponse"),
    "secretsmanager": ("moto.secretsmanager.responses", "SecretsManagerResponse"),
    "dms": ("moto.dms.responses", "DatabaseMigrationServiceResponse"),
    "ec2": ("moto.ec2.responses", "EC2Response"),
}
_BACKENDS = {
    service: (f"moto.{service}.models", f"{service}_backends") for service in ("iam", "rds", "kms", "secretsmanager")
}


def warm(services=("iam", "sts", "rds")):
    """Imports moto's services and their models ahead of the first call."""
    for service in services:
        _resolve(_RESPONSES[service])
        get_service_model(service)


def carry_out(call, account):
    """Lets moto answer a call in an account."""
    url = f"http://{call.service}.{call.region}.amazonaws.com{call.target}"
    headers = {name: value for name, value in call.headers.items() if name not in ("host", "content-length")}
    headers["x-moto-account-id"] = account
    request = Request.from_primitives(call.method, url, headers, call.body)
    try:
        status, headers, body = _resolve(_RESPONSES[call.service]).dispatch(request)
    except NotImplementedError as error:
        raise AwsError("StageNotImplemented", f"{call.service}:{call.operation} is not played: {error}", 501) from error
    headers = {name.lower(): str(value) for name, value in headers.items()}
    body = body.encode() if isinstance(body, str) else body
    content_type = headers.get("content-type", "text/xml")
    kept = {name: value for name, value in headers.items() if name.startswith("x-amzn-")}
    return Answer(int(status), body, content_type, kept)


def answer(call, result, request_id):
    """An answer that the stage gives itself, written from a dictionary by moto's serializer."""
    model = get_service_model(call.service)
    serializer = get_serializer_class(model.service_name, str(model.protocol))
    operation = model.operation_model(call.operation)
    written = serializer(operation_model=operation, value_picker=XFormedAttributePicker()).serialize(result)
    body = written["body"]
    headers = {REQUEST_ID: request_id}
    content_type = written["headers"].get("Content-Type", "text/xml")
    return Answer(200, body.encode() if isinstance(body, str) else body, content_type, headers)


def iam(account, partition="aws"):
    """moto's IAM of an account."""
    return iam_backends[account][partition]


def iam_accounts():
    """Accounts in which IAM has been used; shadows are not among them."""
    return [account for account in list(iam_backends) if account.isdigit()]


def rds(account, region):
    """moto's RDS of an account and region."""
    return _resolve(("moto.rds.models", "rds_backends"))[account][region]


def rds_regions(account):
    """The regions of an account in which RDS has been used."""
    return list(_resolve(("moto.rds.models", "rds_backends"))[account])


def kms(account, region):
    """moto's KMS of an account and region."""
    return _resolve(("moto.kms.models", "kms_backends"))[account][region]


def secretsmanager(account, region):
    """moto's Secrets Manager of an account and region."""
    return _resolve(("moto.secretsmanager.models", "secretsmanager_backends"))[account][region]


def photograph(call, account, shadow):
    """Keeps a copy of what moto knows in an account, under the name of a shadow account, for stale reads."""
    if call.service not in _BACKENDS:
        raise AwsError("StageNotImplemented", f"no stale reads of {call.service}", 501)
    backends = _resolve(_BACKENDS[call.service])
    place = call.partition if call.service == "iam" else call.region
    backends[shadow][place] = copy.deepcopy(backends[account][place])


def _resolve(place):
    module, name = place
    return getattr(import_module(module), name)
