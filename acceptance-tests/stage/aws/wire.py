"""An AWS request as it arrives and an answer as it leaves: the query, EC2 and JSON protocols in one form."""

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape

import botocore.session

from .errors import AwsError

#: Services the stage plays, by the name in the credential scope.
SERVICES = ("iam", "sts", "rds", "kms", "secretsmanager", "dms", "ec2")

#: Regions in which IAM requests are signed: the global region of each partition.
IAM_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}

#: The header in which a request's id is answered.
REQUEST_ID = "x-amzn-requestid"

_SESSION = botocore.session.get_session()
_SCOPE = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]*)/([^/]+)/aws4_request, *"
    r"SignedHeaders=([^,]+), *Signature=([0-9a-f]+)"
)
_ABSENT = object()


@dataclass
class Answer:
    """What goes back to the client."""

    status: int
    body: bytes
    content_type: str = "text/xml"
    headers: dict = field(default_factory=dict)


@dataclass
class Call:
    """One request, understood: which operation of which service, by whom, with which parameters."""

    method: str
    target: str
    headers: dict
    body: bytes
    service: str
    region: str
    access_key: str
    date: str
    signed_headers: list
    signature: str
    operation: str = None
    parameters: dict = field(default_factory=dict)
    violations: list = field(default_factory=list)
    unintelligible: AwsError | None = None
    identity: object = None

    @property
    def model(self):
        """botocore's model of the operation."""
        return service_model(self.service).operation_model(self.operation)

    @property
    def account(self):
        """The account the call acts in, known once the caller is."""
        return self.identity.account if self.identity else None

    @property
    def partition(self):
        """The AWS partition of the call's region."""
        return partition_of(self.region)

    def drop(self, *names):
        """Removes parameters of a query call, so that moto does not act on them."""
        pairs = parse_qsl(self.body.decode(), keep_blank_values=True)
        self.body = urlencode([p for p in pairs if p[0].split(".")[0] not in names]).encode()
        # The record keeps the parameters that the caller sent.
        self.parameters = {name: value for name, value in self.parameters.items() if name not in names}

    def put(self, name, value):
        """Sets a parameter of a query call that is a text."""
        self.drop(name)
        self.body += b"&" + urlencode({name: value}).encode()
        self.parameters = self.parameters | {name: value}


@lru_cache
def service_model(service):
    """botocore's model of a service."""
    return _SESSION.get_service_model(service)


def partition_of(region):
    """The partition a region belongs to."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def parse(method, target, headers, body):
    """Understands a request. Headers have lower-case names. What the model does not allow is noted in
    `violations`, why the operation cannot be told in `unintelligible`; an unsigned request raises AwsError."""
    scope = _SCOPE.match(headers.get("authorization", ""))
    if not scope:
        raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    access_key, date, region, service, signed, signature = scope.groups()
    call = Call(method, target, headers, body, service, region, access_key, date, signed.split(";"), signature)
    try:
        _parse_operation(call)
    except AwsError as error:
        call.unintelligible = error
    return call


def _parse_operation(call):
    if call.service not in SERVICES:
        raise AwsError("UnknownServiceException", f"The stage does not play the service {call.service}")
    if call.headers.get("content-encoding"):
        raise AwsError("MalformedInput", "The stage takes no compressed request")
    if urlsplit(call.target).path != "/":
        call.violations.append(f"path {call.target} is not /")
    model = service_model(call.service)
    json_protocol = model.metadata["protocol"] == "json"
    try:
        _parse_json(call, model) if json_protocol else _parse_query(call, model)
    except ValueError as error:
        code = "SerializationException" if json_protocol else "MalformedQueryString"
        raise AwsError(code, str(error)) from error


def _parse_json(call, model):
    prefix, _, operation = call.headers.get("x-amz-target", "").rpartition(".")
    if operation not in model.operation_names or prefix != model.metadata["targetPrefix"]:
        raise AwsError("UnknownOperationException", f"Unknown operation {prefix}.{operation}")
    call.operation = operation
    call.parameters = json.loads(call.body or b"{}")
    if not isinstance(call.parameters, dict):
        raise ValueError("the body is not a JSON object")
    shape = call.model.input_shape
    if shape is not None:
        _unknown_members(shape, call.parameters, operation, call.violations)


def _parse_query(call, model):
    pairs = parse_qsl(call.body.decode(), keep_blank_values=True, strict_parsing=bool(call.body))
    form = dict(pairs)
    operation, version = form.get("Action"), form.get("Version")
    if operation not in model.operation_names or version != model.api_version:
        raise AwsError("InvalidAction", f"Could not find operation {operation} for version {version}")
    call.operation = operation
    if len(form) != len(pairs):
        call.violations.append("a parameter is given twice")
    explained = {"Action", "Version"}
    shape = call.model.input_shape
    if shape is not None:
        reader = _FormReader(form, explained, model.metadata["protocol"] == "ec2", call.violations)
        parameters = reader.read(shape, "")
        call.parameters = {} if parameters is _ABSENT else parameters
    call.violations += [f"unknown parameter {key}" for key in sorted(set(form) - explained)]


@dataclass
class _FormReader:
    """Reads a form by its model and remembers every key the model explains."""

    form: dict
    explained: set
    ec2: bool
    violations: list

    def read(self, shape, key):
        reader = getattr(self, f"_{shape.type_name}", None)
        return reader(shape, key) if reader else self._scalar(shape, key)

    def _structure(self, shape, key):
        if key and not any(k == key or k.startswith(f"{key}.") for k in self.form):
            return _ABSENT
        found = {}
        for name, member in shape.members.items():
            value = self.read(member, ".".join(filter(None, (key, self._wire_name(name, member)))))
            if value is not _ABSENT:
                found[name] = value
        return found

    def _wire_name(self, name, member):
        wire = member.serialization.get("name", name)
        return member.serialization.get("queryName") or wire[0].upper() + wire[1:] if self.ec2 else wire

    def _list(self, shape, key):
        if self.form.get(key) == "":
            self.explained.add(key)
            return []
        item = key
        if not self.ec2:
            name = shape.member.serialization.get("name")
            if not shape.serialization.get("flattened"):
                item = f"{key}.{name or 'member'}"
            elif name:
                item = ".".join([*key.split(".")[:-1], name])
        found = []
        while (value := self.read(shape.member, f"{item}.{len(found) + 1}")) is not _ABSENT:
            found.append(value)
        return found or _ABSENT

    def _map(self, shape, key):
        entry = key if shape.serialization.get("flattened") else f"{key}.entry"
        names = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
        found = {}
        while (name := self.read(shape.key, f"{entry}.{len(found) + 1}.{names[0]}")) is not _ABSENT:
            found[name] = self.read(shape.value, f"{entry}.{len(found) + 1}.{names[1]}")
        return found or _ABSENT

    def _scalar(self, shape, key):
        if key not in self.form:
            return _ABSENT
        self.explained.add(key)
        value, kind = self.form[key], shape.type_name
        try:
            if kind in ("integer", "long"):
                return int(value)
            if kind in ("float", "double"):
                return float(value)
        except ValueError:
            self.violations.append(f"{key}: {value!r} is not a number")
            return 0
        if kind == "boolean":
            if value not in ("true", "false"):
                self.violations.append(f"{key}: {value!r} is neither true nor false")
            return value == "true"
        return value


def _unknown_members(shape, value, path, violations):
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in value.items():
            if name not in shape.members:
                violations.append(f"unknown parameter {path}.{name}")
            elif member is not None:
                _unknown_members(shape.members[name], member, f"{path}.{name}", violations)
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            _unknown_members(shape.member, item, path, violations)


def render_error(service, error, request_id):
    """An error answer in the protocol of the service."""
    protocol = service_model(service).metadata["protocol"] if service in SERVICES else "query"
    headers = {REQUEST_ID: request_id}
    if protocol == "json":
        body = json.dumps({"__type": error.code, "message": error.message, "Message": error.message})
        return Answer(error.status, body.encode(), "application/x-amz-json-1.1", headers)
    code, message = escape(error.code), escape(error.message)
    if protocol == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    else:
        fault = "Receiver" if error.status >= 500 else "Sender"
        namespace = service_model(service).metadata.get("xmlNamespace", "") if service in SERVICES else ""
        body = (
            f'<ErrorResponse xmlns="{namespace}"><Error><Type>{fault}</Type><Code>{code}</Code>'
            f"<Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return Answer(error.status, f'<?xml version="1.0"?>\n{body}'.encode(), "text/xml", headers)
