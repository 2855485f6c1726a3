"""DMS: endpoints, the certificates that they trust, and connections of replication instances to them."""

import threading
from dataclasses import dataclass, field

from cryptography import x509

from stage.aws.errors import AwsError
from stage.database.migration_places import Refused, Unreachable

from . import before
from .dms_instances import default_key
from .dms_places import ENGINES, PLAYED, place_of
from .dms_state import Passing, Resource, exists_already, filtered, find, invalid_combination, invalid_state
from .dms_state import invalid_value, not_found, page, region_of, require_new, tags_of

_KINDS = ("PostgreSQLSettings", "MySQLSettings")
_SECRET = ("SecretsManagerSecretId", "SecretsManagerAccessRoleArn")
_PLAIN = ("Username", "Password", "ServerName", "Port")
_FAILED = (
    "Test Endpoint failed: Application-Status: 1020912, Application-Message: Failed to connect Network error has "
    "occurred, Application-Detailed-Message: RetCode: SQL_ERROR SqlState: 08001 NativeError: 101 Message: "
)


@dataclass
class Endpoint(Resource):
    """One end of migrations. `parameters` are those of the call, of `settings` those for its engine."""

    parameters: dict = field(default_factory=dict)

    @property
    def settings(self):
        """The settings for its engine."""
        return self.parameters.get(self.kind, {})

    @property
    def kind(self):
        """The name of these settings."""
        return _KINDS[PLAYED.get(self.parameters["EngineName"]) == "mysql"]

    def shown(self):
        """What DescribeEndpoints shows: no password."""
        given, settings = self.parameters, self.settings
        shown = {
            "EndpointIdentifier": self.identifier,
            "EndpointType": given["EndpointType"].upper(),
            "EngineName": given["EngineName"],
            "EngineDisplayName": ENGINES[given["EngineName"]],
            "Status": self.status,
            "KmsKeyId": given.get("KmsKeyId") or default_key(self.arn),
            "EndpointArn": self.arn,
            "SslMode": given.get("SslMode", "none"),
            "IsReadOnly": False,
        }
        for name in ("Username", "ServerName", "Port", "DatabaseName"):
            if (value := given.get(name, settings.get(name))) is not None:
                shown[name] = value
        for name in ("ExtraConnectionAttributes", "CertificateArn", "ServiceAccessRoleArn"):
            if given.get(name):
                shown[name] = given[name]
        if given["EngineName"] in PLAYED:
            kept = {name: value for name, value in settings.items() if name != "Password"}
            same = {name: shown[name] for name in ("Username", "ServerName", "Port", "DatabaseName") if name in shown}
            shown[self.kind] = kept | same
        return shown


@dataclass
class Certificate(Resource):
    """A certificate that was imported."""

    pem: str = ""

    def shown(self):
        """What DescribeCertificates shows."""
        first = x509.load_pem_x509_certificates(self.pem.encode())[0]
        return {
            "CertificateIdentifier": self.identifier,
            "CertificateCreationDate": self.made,
            "CertificatePem": self.pem,
            "CertificateArn": self.arn,
            "ValidFromDate": first.not_valid_before_utc,
            "ValidToDate": first.not_valid_after_utc,
        }


@dataclass
class Connection(Resource):
    """The last test of an endpoint from a replication instance."""

    instance: Resource = None
    endpoint: Endpoint = None
    failure: str = ""

    def shown(self):
        """What DescribeConnections shows."""
        told = {"LastFailureMessage": self.failure} if self.status == "failed" else {}
        return told | {
            "ReplicationInstanceArn": self.instance.arn,
            "EndpointArn": self.endpoint.arn,
            "Status": self.status,
            "EndpointIdentifier": self.endpoint.identifier,
            "ReplicationInstanceIdentifier": self.instance.identifier,
        }


@before("dms", "CreateEndpoint")
def create_endpoint(aws, call):
    """One that is active at once."""
    endpoint = make_endpoint(region_of(aws, call), call.parameters)
    return {"Endpoint": endpoint.shown()}


def make_endpoint(region, parameters):
    """An endpoint."""
    identifier = parameters["EndpointIdentifier"].lower()
    require_new(region.endpoints, "Endpoint", identifier)
    _check(region, parameters)
    arn = region.arn("endpoint", parameters.get("ResourceIdentifier"))
    endpoint = Endpoint(arn, identifier, tags_of(parameters), "active")
    endpoint.parameters = parameters
    region.endpoints[arn] = endpoint
    return endpoint


@before("dms", "DescribeEndpoints")
def describe_endpoints(aws, call):
    """All of them, or those that fit."""
    filters = {
        "endpoint-arn": lambda one: one.arn,
        "endpoint-type": lambda one: one.parameters["EndpointType"],
        "endpoint-id": lambda one: one.identifier,
        "engine-name": lambda one: one.parameters["EngineName"],
    }
    found = filtered(call, list(region_of(aws, call).endpoints.values()), filters, "Endpoints")
    shown, more = page(call, found)
    answer = {"Endpoints": [one.shown() for one in shown], **more}
    for one in shown:
        one.look()
    return answer


@before("dms", "ModifyEndpoint")
def modify_endpoint(aws, call):
    """Not with tasks running on it. It is tested again wherever it was."""
    region, given = region_of(aws, call), dict(call.parameters)
    endpoint = _endpoint(region, call)
    for task in region.migrations:
        if endpoint.arn in (task.source.arn, task.target.arn) and task.is_busy:
            raise invalid_state(f"Endpoint {endpoint.arn} is in use by task {task.arn}, which is {task.status}.")
    exact, changed = given.pop("ExactSettings", False), endpoint.parameters | given
    for kind in _KINDS:
        if kind in given and not exact:
            changed[kind] = endpoint.parameters.get(kind, {}) | given[kind]
    _check(region, changed)
    endpoint.parameters = changed
    endpoint.identifier = given.get("EndpointIdentifier", endpoint.identifier).lower()
    for (instance, arn), connection in region.connections.items():
        if arn == endpoint.arn and instance in region.instances:
            _test(aws, region, connection)
    return {"Endpoint": endpoint.shown()}


@before("dms", "DeleteEndpoint")
def delete_endpoint(aws, call):
    """Not while a task has it."""
    region = region_of(aws, call)
    endpoint = _endpoint(region, call)
    if any(endpoint.arn in (task.source.arn, task.target.arn) for task in region.migrations):
        raise invalid_state(f"Endpoint {endpoint.arn} is part of one or more ReplicationTasks.")

    def forget():
        region.endpoints.pop(endpoint.arn, None)
        for key in [key for key in region.connections if key[1] == endpoint.arn]:
            del region.connections[key]

    answer = {"Endpoint": endpoint.shown() | {"Status": "deleting"}}
    endpoint.pass_through(Passing("deleting", aws.transition_of(call.account)["busy"], finish=forget))
    return answer


@before("dms", "ImportCertificate")
def import_certificate(aws, call):
    """A PEM file with one certificate or more."""
    region, parameters = region_of(aws, call), call.parameters
    identifier = parameters["CertificateIdentifier"].lower()
    if any(one.identifier == identifier for one in region.certificates.values()):
        raise exists_already("Certificate", identifier)
    certificate = Certificate(region.arn("cert"), identifier, tags_of(parameters), "")
    certificate.pem = parameters.get("CertificatePem", "")
    try:
        answer = {"Certificate": certificate.shown()}
    except ValueError as error:
        raise invalid_value("The certificate is not a valid PEM file.") from error
    region.certificates[certificate.arn] = certificate
    return answer


@before("dms", "DescribeCertificates")
def describe_certificates(aws, call):
    """All of them, or those that fit."""
    filters = {"certificate-arn": lambda one: one.arn, "certificate-id": lambda one: one.identifier}
    found = filtered(call, list(region_of(aws, call).certificates.values()), filters, "Certificates")
    shown, more = page(call, found)
    return {"Certificates": [one.shown() for one in shown], **more}


@before("dms", "DeleteCertificate")
def delete_certificate(aws, call):
    """Not while an endpoint trusts it."""
    region = region_of(aws, call)
    certificate = find(region.certificates, call.parameters["CertificateArn"], "Certificate")
    if any(one.parameters.get("CertificateArn") == certificate.arn for one in region.endpoints.values()):
        raise invalid_state(f"Certificate {certificate.arn} is in use by one or more endpoints.")
    del region.certificates[certificate.arn]
    return {"Certificate": certificate.shown()}


@before("dms", "TestConnection")
def start_test(aws, call):
    """Logs in at the endpoint, which takes a while."""
    region, parameters = region_of(aws, call), call.parameters
    instance = find(region.instances, parameters["ReplicationInstanceArn"], "Replication instance")
    endpoint = _endpoint(region, call)
    if endpoint.parameters["EngineName"] not in PLAYED:
        raise AwsError("StageNotImplemented", f"{endpoint.parameters['EngineName']} is not played", 501)
    if instance.status != "available":
        raise invalid_state(f"Replication instance {instance.arn} is not in available state.")
    connection = region.connections.get((instance.arn, endpoint.arn))
    if connection and connection.status in ("testing", "deleting"):
        message = f"Connection between {instance.arn} and {endpoint.arn} is in {connection.status} state."
        raise invalid_state(message)
    connection = connect(region, instance, endpoint)
    _test(aws, region, connection)
    return {"Connection": connection.shown() | {"Status": "testing"}}


def connect(region, instance, endpoint):
    """The connection of an instance to an endpoint, as if it had been tested with success."""
    key = instance.arn, endpoint.arn
    if key not in region.connections:
        region.connections[key] = Connection("", "", {}, "successful", None)
        region.connections[key].instance, region.connections[key].endpoint = instance, endpoint
    return region.connections[key]


@before("dms", "DescribeConnections")
def describe_connections(aws, call):
    """All of them, or those that fit."""
    filters = {
        "endpoint-arn": lambda one: one.endpoint.arn,
        "replication-instance-arn": lambda one: one.instance.arn,
    }
    found = filtered(call, list(region_of(aws, call).connections.values()), filters, "Connections")
    for one in found:
        one.settle()
    shown, more = page(call, found)
    answer = {"Connections": [one.shown() for one in shown], **more}
    for one in shown:
        one.look()
    return answer


@before("dms", "DeleteConnection")
def delete_connection(aws, call):
    """Forgets a test."""
    region, parameters = region_of(aws, call), call.parameters
    key = parameters["ReplicationInstanceArn"], parameters["EndpointArn"]
    connection = region.connections.get(key)
    if connection is None:
        raise not_found(f"Connection between {key[0]} and {key[1]} not found.")
    looks = aws.transition_of(call.account)["busy"]
    answer = {"Connection": connection.shown() | {"Status": "deleting"}}
    connection.pass_through(Passing("deleting", looks, finish=lambda: region.connections.pop(key, None)))
    return answer


class Trial:
    """A login at an endpoint, in a thread of its own: the front asks the stage who may."""

    def __init__(self, aws, region, endpoint):
        self._place, self.failure = place_of(aws, region, endpoint), None
        self._thread = threading.Thread(target=self._log_in, daemon=True)
        self._thread.start()

    def _log_in(self):
        try:
            self._place.log_in().close()
            self.failure = ""
        except (Refused, Unreachable) as error:
            self.failure = f"{_FAILED}{error}"
        except Exception as error:  # a fault of the stage: the test must not go on for ever
            self.failure = f"the stage: {type(error).__name__}: {error}"

    @property
    def goes_on(self):
        """Whether it has not come to its end."""
        return self.failure is None

    def await_end(self):
        """Waits for its end."""
        self._thread.join()


def _test(aws, region, connection):
    trial = Trial(aws, region, connection.endpoint)

    def finish():
        connection.failure = trial.failure
        connection.settled = "failed" if trial.failure else "successful"

    looks = aws.transition_of(region.account)["busy"]
    connection.passing = Passing("testing", looks, lambda: trial.goes_on, finish)


def _endpoint(region, call):
    return find(region.endpoints, call.parameters["EndpointArn"], "Endpoint")


def _check(region, given):
    """Refuses what cannot be an endpoint."""
    engine, mode = given["EngineName"], given.get("SslMode", "none")
    if engine not in ENGINES:
        raise invalid_value(f"Invalid engine name: {engine}")
    kind = _KINDS[PLAYED.get(engine) == "mysql"]
    other = next((one for one in _KINDS if one != kind and one in given), None)
    if other:
        raise invalid_combination(f"{other} can't be specified for the engine {engine}.")
    settings = given.get(kind, {})
    secret = [name for name in _SECRET if settings.get(name)]
    plain = [name for name in _PLAIN if given.get(name) or settings.get(name)]
    if len(secret) == 1:
        raise invalid_combination(f"{' and '.join(_SECRET)} must be specified together.")
    if secret and plain:
        raise invalid_combination(f"{', '.join(plain)} can't be specified together with {_SECRET[0]}.")
    by_role = settings.get("AuthenticationMethod") == "iam"
    if by_role and not settings.get("ServiceAccessRoleArn"):
        raise invalid_combination("ServiceAccessRoleArn must be specified for IAM authentication.")
    needed = [name for name in _PLAIN if not (by_role and name == "Password")]
    missing = [name for name in needed if name not in plain]
    if engine in PLAYED and missing and not secret:
        raise invalid_combination(f"{', '.join(missing)} must be specified for the engine {engine}.")
    if PLAYED.get(engine) == "postgres" and not (given.get("DatabaseName") or settings.get("DatabaseName")):
        raise invalid_combination(f"DatabaseName must be specified for the engine {engine}.")
    certificate = given.get("CertificateArn")
    if certificate:
        find(region.certificates, certificate, "Certificate")
    if mode.startswith("verify") and not certificate:
        raise invalid_combination(f"CertificateArn must be specified for the SSL mode {mode}.")
