"""DMS: where an endpoint leads to, and with which credentials."""

import json
import re

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from stage.aws import identity, moto_backend
from stage.aws.policy import Question
from stage.database.login import LIFE
from stage.database.migration_places import Place, Refused

from .sts import find_role, service_may_assume

#: What DMS calls each engine.
ENGINES = {
    "postgres": "PostgreSQL",
    "aurora-postgresql": "Amazon Aurora PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "aurora": "Amazon Aurora MySQL",
    "oracle": "Oracle",
    "sqlserver": "Microsoft SQL Server",
    "s3": "Amazon S3",
    "redshift": "Amazon Redshift",
    "mongodb": "MongoDB",
    "docdb": "Amazon DocumentDB",
    "dynamodb": "Amazon DynamoDB",
    "kinesis": "Amazon Kinesis",
    "kafka": "Kafka",
}
#: Engines that lead to a server here, with what that is.
PLAYED = {
    "postgres": "postgres",
    "aurora-postgresql": "postgres",
    "mysql": "mysql",
    "mariadb": "mysql",
    "aurora": "mysql",
}

#: Extra connection attributes and the settings that they are.
_ATTRIBUTES = {
    "afterconnectscript": "AfterConnectScript",
    "captureddls": "CaptureDdls",
    "ddlartifactsschema": "DdlArtifactsSchema",
    "slotname": "SlotName",
    "mapbooleanasboolean": "MapBooleanAsBoolean",
    "pluginname": "PluginName",
    "initstmt": "Initstmt",
}


def place_of(aws, region, endpoint):
    """Where an endpoint leads to. The credentials are asked for with each login, and so is the address."""
    given, settings = endpoint.parameters, _settings(endpoint)
    certificate = region.certificates.get(given.get("CertificateArn"))
    databases, secret = aws.databases, {}

    def credentials():
        with aws.lock:
            if name := settings.get("SecretsManagerSecretId"):
                secret.update(_secret(aws, region, name, settings["SecretsManagerAccessRoleArn"]))
                return secret.get("username", ""), secret.get("password", "")
            if settings.get("AuthenticationMethod") == "iam":
                return told("Username"), _token(
                    aws, region, settings["ServiceAccessRoleArn"], host, port, told("Username")
                )
            return told("Username"), told("Password")

    def told(name):
        return given.get(name, settings.get(name))

    if settings.get("SecretsManagerSecretId"):
        with_secret = _secret_or_nothing(aws, region, settings)
        host, port = with_secret.get("host", ""), int(with_secret.get("port", 0))
    else:
        host, port = told("ServerName"), told("Port")
    server = databases and databases.server_at(host)
    return Place(
        family=PLAYED[given["EngineName"]],
        host=host,
        port=port,
        database=told("DatabaseName"),
        ssl_mode=given.get("SslMode", "none"),
        certificate=certificate.pem if certificate else None,
        credentials=credentials,
        address_of=lambda name: databases and databases.address_of(name),
        after_connect=settings.get("AfterConnectScript"),
        slot=settings.get("SlotName"),
        captures_ddl=_is_on(settings.get("CaptureDdls", True)),
        ddl_schema=settings.get("DdlArtifactsSchema") or "public",
        maps_booleans=_is_on(settings.get("MapBooleanAsBoolean", False)),
        first=settings.get("Initstmt"),
        parameters=lambda: databases.parameters_at(host),
        owner_runs=server.run if server else None,
    )


def _settings(endpoint):
    """The settings of an endpoint, with those that its extra connection attributes have."""
    found = dict(endpoint.settings)
    for one in re.split(r";(?=\s*\w+\s*=|\s*$)", endpoint.parameters.get("ExtraConnectionAttributes") or ""):
        name, equals, value = one.partition("=")
        if equals:
            found[_ATTRIBUTES.get(name.strip().lower(), name.strip())] = value.strip()
    return found


def _is_on(value):
    return str(value).lower() in ("true", "y", "yes", "1")


def _secret_or_nothing(aws, region, settings):
    try:
        return _secret(aws, region, settings["SecretsManagerSecretId"], settings["SecretsManagerAccessRoleArn"])
    except Refused:
        return {}


def _secret(aws, region, name, role_arn):
    """What is in a secret, if DMS may assume the role for it, and the role may read it."""
    _, session = _assume(aws, region, role_arn)
    backend = moto_backend.secretsmanager(region.account, region.name)
    found = next((one for one in backend.secrets.values() if name in (one.arn, one.name)), None)
    question = Question("secretsmanager:GetSecretValue", found and found.arn, identity.context(session, region.name))
    if found is None or not identity.permissions(session).allow(question):
        raise Refused(f"The role {role_arn} can't read the secret {name}.")
    return json.loads(found.versions[found.default_version_id]["secret_string"])


def _token(aws, region, role_arn, host, port, user):
    """A token with which the role logs in to a database."""
    key, session = _assume(aws, region, role_arn)
    request = AWSRequest("GET", f"https://{host}:{port}/", params={"Action": "connect", "DBUser": user})
    credentials = Credentials(key, session.secret, session.token)
    SigV4QueryAuth(credentials, "rds-db", region.name, expires=LIFE).add_auth(request)
    return request.url.removeprefix("https://")


def _assume(aws, region, role_arn):
    """A session of a role, if it trusts DMS."""
    role = find_role(role_arn)
    services = "dms.amazonaws.com", f"dms.{region.name}.amazonaws.com"
    if role is None or not any(service_may_assume(role, one) for one in services):
        raise Refused(f"The role {role_arn} can't be assumed by DMS.")
    return aws.identities.mint(role, "dms", LIFE)
