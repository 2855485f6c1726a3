"""Logins to the real server with database tokens: what gets in and, above all, what does not."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count
from unittest import mock

import botocore.session
import pytest

from stage.database.certificates import Authority

from .conftest import Account, addresses, allow

_SESSION = botocore.session.Session()
_USERS = count(1)


class Client:
    """An instance, a role with a policy for it, a database user, and psql."""

    def __init__(self, account, engine="postgres"):
        self.account = account
        self.instance = account.instance()
        self.user = account.control("POST", "database-users", name=f"user_{next(_USERS)}", engine=engine)["name"]
        self.arn = self.database_user(self.instance["resource_id"], self.user)
        self.role = account.role(policies={"connect": allow("rds-db:connect", self.arn)})
        self.keys = account.session(self.role)

    def database_user(self, resource_id, user, region="us-east-1"):
        return f"arn:aws:rds-db:{region}:{self.account.id}:dbuser:{resource_id}/{user}"

    def token(self, user=None, keys=None, host=None, port=None, region="us-east-1", age=0):
        keys = keys or self.keys
        rds = _SESSION.create_client(
            "rds",
            region_name=region,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            aws_session_token=keys.get("session_token"),
        )
        then = (datetime.now(UTC) - timedelta(seconds=age)).replace(tzinfo=None)
        with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: then):
            return rds.generate_db_auth_token(
                host or self.instance["host"], port or self.instance["port"], user or self.user, region
            )

    def psql(self, password, user=None, host=None, sql="select current_user", **options):
        """What a statement answers, or psql's complaint."""
        server = {"host": host or self.instance["host"], "port": self.instance["port"], "dbname": "app"}
        server |= {"user": user or self.user} | options
        command = ["psql", " ".join(f"{k}='{v}'" for k, v in server.items()), "-XAtqc", sql]
        environment = {"PATH": os.environ["PATH"], **self.account.facts["environment"], "PGPASSWORD": password}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
        return done.stdout.strip() or done.stderr.strip()

    def accepted(self, password, **options):
        assert self.psql(password, **options) == options.get("user", self.user)

    def refused(self, reason, password, **options):
        """The client hears nothing but the failure; the record of logins has the reason."""
        answer = self.psql(password, **options)
        assert f'LDAP authentication failed for user "{options.get("user", self.user)}"' in answer
        assert reason in self.account.control("GET", "logins", account=self.account.id)["logins"][-1]["reason"]


@pytest.fixture
def client(account):
    return Client(account)


def test_token_of_a_session_gets_in(client):
    assert len(client.token()) > 1000, "as long as AWS's own, which some servers cut"
    client.accepted(client.token())


def test_token_of_a_user_and_of_an_administrator(client, account):
    policies = {"p": allow("rds-db:connect", client.arn)}
    jane = account.control("POST", "access-keys", account=account.id, user="jane", policies=policies)
    client.accepted(client.token(keys=jane))
    client.accepted(client.token(keys=account.credentials))


def test_driver_without_libpq(client, account):
    code = (
        "import os, ssl, pg8000.native as pg;"
        "context = ssl.create_default_context(cafile=os.environ['PGSSLROOTCERT']);"
        "host, user = os.environ['STAGE_HOST'], os.environ['STAGE_USER'];"
        "server = pg.Connection(user, host=host, database='app', password=os.environ['TOKEN'], ssl_context=context);"
        "print(server.run('select current_user')[0][0])"
    )
    environment = os.environ | account.facts["environment"] | {"TOKEN": client.token()}
    environment |= {"STAGE_HOST": client.instance["host"], "STAGE_USER": client.user}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == client.user, done.stderr


@pytest.mark.parametrize("user", ["ann@example.com", "a+b&c#d", "with space", "50%", "zoë", 'quo"te', "uid=x,ou=y"])
def test_user_names_of_every_kind(client, account, user):
    account.control("POST", "database-users", name=user)
    client.accepted(client.token(keys=account.credentials, user=user), user=user)


def test_token_of_another_user(client):
    other = client.account.control("POST", "database-users", name=f"other_{client.user}")["name"]
    client.refused(f"the token is for the user '{client.user}'", client.token(), user=other)
    client.refused("may not rds-db:connect", client.token(user=other), user=other)


def test_token_that_is_old(client):
    client.accepted(client.token(age=880))
    client.refused("the token has expired", client.token(age=901))


def test_token_made_after_the_clock_was_moved_is_fresh(client, account):
    for offset in 901, 1802:
        old = client.token()
        account.control("POST", "clock", account=account.id, offset=offset)
        client.refused("the token has expired", old)
        client.accepted(client.token())


def test_token_ages_with_the_clock(client, account):
    token = client.token()
    account.control("POST", "clock", account=account.id, offset=901)
    client.refused("the token has expired", token)


def test_token_of_a_session_that_has_expired(client, account):
    keys = account.session(client.role, seconds=-1)
    client.refused("the credentials have expired", client.token(keys=keys))


def test_forged_tokens(client):
    token = client.token()
    last = "0" if token[-1] != "0" else "1"
    client.refused("the signature is wrong", token[:-1] + last)
    client.refused("the signature is wrong", client.token(keys=client.keys | {"secret_access_key": "guessed"}))
    client.refused("a life of 90000 seconds", token.replace("X-Amz-Expires=900", "X-Amz-Expires=90000"))
    client.refused(
        "access key or session token", client.token(keys=client.keys | {"access_key_id": "AKIANOTKNOWN00000000"})
    )
    client.refused("access key or session token", client.token(keys=client.keys | {"session_token": "other"}))
    client.refused("access key or session token", client.token(keys=client.keys | {"session_token": None}))
    client.refused("not a database token", "a password")
    client.refused("not a database token", token + "&More=1")
    other = token.replace("X-Amz-Algorithm=AWS4-HMAC-SHA256", "X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256")
    client.refused("not one for rds-db:connect", other)


def test_token_of_the_wrong_host_port_or_region(client, account):
    other = account.instance("other")
    keys = account.credentials
    client.refused(f"the token is for the host {other['host']}", client.token(keys=keys, host=other["host"]))
    client.refused("the token is for the host db.example.com", client.token(keys=keys, host="db.example.com"))
    client.refused("the token is for the host", client.token(keys=keys, port=client.instance["port"] + 1))
    client.refused("the token is for the region eu-west-1", client.token(keys=keys, region="eu-west-1"))
    client.accepted(client.token(keys=keys, host=other["host"]), host=other["host"])


def test_policy_is_the_one_of_this_moment(client, account):
    iam, token = account.client("iam"), client.token()
    iam.delete_role_policy(RoleName="app", PolicyName="connect")
    client.refused("may not rds-db:connect", token)
    put(iam, allow("rds-db:connect", client.arn))
    client.accepted(token)
    iam.delete_role_policy(RoleName="app", PolicyName="connect")
    iam.delete_role(RoleName="app")
    client.refused("may not rds-db:connect", token)


def test_policies_that_do_not_fit(client, account):
    iam, resource = account.client("iam"), client.instance["resource_id"]
    for policy in (
        allow("rds-db:connect", client.database_user(account.instance("other")["resource_id"], client.user)),
        allow("rds-db:connect", client.database_user(resource, "another")),
        allow("rds-db:connect", client.database_user(resource, client.user.upper())),
        allow("rds-db:connect", client.database_user(resource, client.user, region="eu-west-1")),
        allow("rds-db:connect", client.arn.replace(account.id, "111122223333")),
        allow("rds-db:connect", client.arn.replace("rds-db", "rds")),
        allow("rds:connect", client.arn),
        allow("rds-db:connect", client.arn, Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        allow("rds-db:connect", client.arn, effect="Deny"),
    ):
        put(iam, policy)
        client.refused("may not rds-db:connect", client.token())


def test_policies_that_fit(client, account):
    iam, resource = account.client("iam"), client.instance["resource_id"]
    tags = [{"Key": "team", "Value": "data"}]
    account.client("rds").add_tags_to_resource(ResourceName=client.instance["arn"], Tags=tags)
    for policy in (
        allow("rds-db:*", "*"),
        allow(["RDS-DB:Connect"], [client.database_user("db-OTHER", "x"), client.database_user(resource, "user_*")]),
        allow("rds-db:connect", client.arn, Condition={"StringEquals": {"aws:PrincipalAccount": account.id}}),
        allow("rds-db:connect", client.arn, Condition={"StringEquals": {"aws:ResourceTag/team": "data"}}),
    ):
        put(iam, policy)
        client.accepted(client.token())


def test_user_name_as_a_policy_variable(account, client):
    resource = client.database_user(client.instance["resource_id"], "${aws:username}")
    keys = account.control(
        "POST", "access-keys", account=account.id, user=client.user, policies={"p": allow("rds-db:connect", resource)}
    )
    client.accepted(client.token(keys=keys))


def test_explicit_denial_wins(client, account):
    iam = account.client("iam")
    put(iam, allow("rds-db:connect", "*", effect="Deny"), "deny")
    client.refused("may not rds-db:connect", client.token())


def test_many_accounts_at_once(facts):
    def log_in(number):
        client = Client(Account(facts, str(500000000001 + number)))
        client.accepted(client.token())
        client.account.client("iam").delete_role_policy(RoleName="app", PolicyName="connect")
        client.refused("may not rds-db:connect", client.token())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(log_in, range(12)))


def test_another_account_cannot_let_itself_in(client, other_account):
    role = other_account.role(policies={"p": allow("*", "*")})
    client.refused("is of another account", client.token(keys=other_account.session(role)))


def test_iam_authentication_that_is_off(client, account):
    rds, who = account.client("rds"), {"DBInstanceIdentifier": "orders"}
    rds.modify_db_instance(**who, ApplyImmediately=True, EnableIAMDatabaseAuthentication=False)
    client.accepted(client.token())
    for _ in range(3):
        rds.describe_db_instances(**who)
    client.refused("IAM authentication is off", client.token())


def test_cluster_is_reached_by_its_own_resource_id(account, client):
    cluster = account.control("POST", "clusters", account=account.id, identifier="au")
    member = account.instance("au-1", engine="aurora-postgresql", cluster="au")
    iam = account.client("iam")
    put(iam, allow("rds-db:connect", client.database_user(member["resource_id"], client.user)))
    client.refused("may not rds-db:connect", client.token(host=member["host"]), host=member["host"])
    put(iam, allow("rds-db:connect", client.database_user(cluster["resource_id"], client.user)))
    for host in (cluster["host"], cluster["reader_host"], member["host"]):
        client.accepted(client.token(host=host), host=host)


def test_connections_without_tls(client):
    assert "no encryption" in client.psql(client.token(), sslmode="disable")
    master = client.account.facts["database"]
    assert "no encryption" in client.psql(master["master_password"], user=master["master_user"], sslmode="disable")


def test_certificate_is_for_the_endpoints_name(client, account, tmp_path):
    address = addresses(account.facts)[client.instance["host"]]
    assert "does not match host name" in client.psql(client.token(), host=address)
    another = tmp_path / "another-authority.pem"
    another.write_bytes(Authority().certificate())
    assert "certificate verify failed" in client.psql(client.token(), sslrootcert=another)


def test_endpoint_goes_with_its_instance(client, account):
    account.client("rds").delete_db_instance(DBInstanceIdentifier="orders", SkipFinalSnapshot=True)
    assert "could not translate host name" in client.psql(client.token())


def test_master_is_no_superuser_but_rules_over_users(client):
    database = client.account.facts["database"]
    master = {"user": database["master_user"], "host": database["host"]}
    client.accepted(database["master_password"], **master)
    run = client.account.control
    assert run("POST", "sql", sql="select rolsuper from pg_roles where rolname = 'pgadmin'")["output"] == "f"
    name = f"made_by_master_{client.user}"
    sql = f"SET ROLE pgadmin; CREATE ROLE {name} LOGIN; GRANT rds_iam TO {name};"
    run("POST", "sql", sql=sql)
    client.accepted(client.token(keys=client.account.credentials, user=name), user=name)
    with pytest.raises(ValueError, match="permission denied|must be superuser"):
        run("POST", "sql", sql="SET ROLE pgadmin; CREATE ROLE boss SUPERUSER")


def test_owner_of_the_server_is_out_of_reach(client):
    assert "rejects connection" in client.psql("anything", user="rdsadmin")


def put(iam, policy, name="connect"):
    iam.put_role_policy(RoleName="app", PolicyName=name, PolicyDocument=json.dumps(policy))


def test_proxy_asks_for_a_token_of_its_own(client, account):
    proxy = account.control("POST", "proxies", account=account.id, name="front", target="orders")
    where = {"host": proxy["host"], "port": proxy["port"]}
    token = client.token(**where)
    client.refused(f"/{client.user}", token, **where)
    policy = allow("rds-db:connect", client.database_user(proxy["resource_id"], client.user))
    account.control("POST", "policies", account=account.id, owner="role/app", name="connect", document=policy)
    client.accepted(token, **where)
