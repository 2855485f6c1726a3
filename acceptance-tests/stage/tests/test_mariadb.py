"""Logins to the real MariaDB: by password, with tokens, and what AWSAuthenticationPlugin takes."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from stage.database.certificates import Authority

from .conftest import Account, addresses, allow
from .test_login import Client, put

_USERS = count(1)


class MySqlClient(Client):
    """An instance, a role with a policy for it, a database user, and the client `mariadb`."""

    def __init__(self, account, **instance):
        self.account = account
        self.instance = account.instance(engine="mariadb", **instance)
        self.user = self.made(f"user_{next(_USERS)}")
        self.arn = self.database_user(self.instance["resource_id"], self.user)
        self.role = account.role(policies={"connect": allow("rds-db:connect", self.arn)})
        self.keys = account.session(self.role)
        self.master = account.facts["mysql"]

    def made(self, user, **how):
        return self.account.control("POST", "database-users", engine="mysql", name=user, **how)["name"]

    def mariadb(self, password, user=None, host=None, tls=True, ca=None, sql="select current_user()"):
        """What a statement answers, or the client's complaint."""
        command = ["mariadb", "--no-defaults", "-h", host or self.instance["host"], "-P", str(self.instance["port"])]
        command += ["-u", user or self.user, "-NBr", "--default-character-set=utf8mb4", "-e", sql]
        ca = ca or self.account.facts["environment"]["PGSSLROOTCERT"]
        command += [f"--ssl-ca={ca}", "--ssl-verify-server-cert"] if tls else ["--skip-ssl"]
        environment = {"PATH": os.environ["PATH"], **self.account.facts["environment"], "MYSQL_PWD": password}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        return done.stdout.strip() or done.stderr.strip()

    def as_master(self, sql, **options):
        """The same as the master."""
        return self.mariadb(self.master["master_password"], user=self.master["master_user"], sql=sql, **options)

    def accepted(self, password, **options):
        assert self.mariadb(password, **options) == f"{options.get('user', self.user)}@%"

    def denied(self, password, **options):
        assert f"Access denied for user '{options.get('user', self.user)}'@" in self.mariadb(password, **options)

    def refused(self, reason, password, **options):
        """The client hears nothing but the failure; the record of logins has the reason."""
        self.denied(password, **options)
        assert reason in self.account.control("GET", "logins", account=self.account.id)["logins"][-1]["reason"]


@pytest.fixture
def client(account):
    return MySqlClient(account)


def test_token_gets_in(client):
    assert len(client.token()) > 1000, "as long as AWS's own"
    client.accepted(client.token())
    client.accepted(client.token(keys=client.account.credentials))
    [login, _] = client.account.control("GET", "logins", account=client.account.id)["logins"]
    assert login["accepted"] and login["caller"].endswith("assumed-role/app/stage")


def test_tokens_that_do_not_get_in(client):
    other = client.account.instance("other", engine="mariadb")
    token = client.token()
    client.refused("for the user 'bob'", client.token(user="bob"))
    client.refused("has expired", client.token(age=901))
    client.refused("signature is wrong", token[:-1] + ("0" if token[-1] != "0" else "1"))
    client.refused("is for the host", token, host=other["host"])
    client.refused("not a database token", "a password")
    client.denied("")
    put(client.account.client("iam"), allow("rds-db:connect", client.database_user("db-OTHER", client.user)))
    client.refused("may not rds-db:connect", token)


def test_users_of_the_plugin_must_use_tls(client):
    client.denied(client.token(), tls=False)
    assert client.as_master("select 1", tls=False) == "1"
    assert client.as_master("show status like 'ssl_cipher'", tls=False) == "Ssl_cipher"
    assert client.as_master("show status like 'ssl_cipher'").startswith("Ssl_cipher\tTLS_")


def test_driver_that_verifies_everything(client, account, tmp_path):
    code = (
        "import os, pymysql;"
        "ssl = {'ca': os.environ['CA'], 'check_hostname': True};"
        "server = pymysql.connect(host=os.environ['HOST'], user=os.environ['DB_USER'], password=os.environ['TOKEN'],"
        " ssl=ssl);"
        "cursor = server.cursor(); cursor.execute('select current_user()'); print(cursor.fetchone()[0])"
    )
    environment = os.environ | account.facts["environment"] | {"TOKEN": client.token(), "DB_USER": client.user}
    environment |= {"CA": environment["PGSSLROOTCERT"], "HOST": client.instance["host"]}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == f"{client.user}@%", done.stderr
    another = tmp_path / "another-authority.pem"
    another.write_bytes(Authority().certificate())
    assert "certificate" in client.as_master("select 1", ca=another)


def test_certificate_is_for_the_endpoints_name(client, account):
    address = addresses(account.facts)[client.instance["host"]]
    assert "Validation of SSL server certificate failed" in client.as_master("select 1", host=address)


def test_cluster_and_proxy(account, client):
    cluster = account.control("POST", "clusters", account=account.id, identifier="au", engine="aurora-mysql", members=1)
    put(account.client("iam"), allow("rds-db:connect", client.database_user(cluster["resource_id"], client.user)))
    for host in (cluster["host"], cluster["reader_host"]):
        client.accepted(client.token(host=host), host=host)
    proxy = account.control(
        "POST", "proxies", account=account.id, name="front", target="orders", engine_family="MYSQL"
    )
    client.refused("may not rds-db:connect", client.token(host=proxy["host"]), host=proxy["host"])
    put(account.client("iam"), allow("rds-db:connect", client.database_user(proxy["resource_id"], client.user)))
    client.accepted(client.token(host=proxy["host"]), host=proxy["host"])


def test_plugin_is_not_there_without_iam_authentication(account):
    client = MySqlClient(account, iam=False)
    create = "CREATE /* a */ USER {}@'%' IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"
    name = f"late_{client.user}"
    not_loaded = "ERROR 1524 (HY000) at line 1: Plugin 'AWSAuthenticationPlugin' is not loaded"
    assert not_loaded in client.as_master(create.format(name))
    assert not_loaded in client.as_master(f"ALTER USER {client.user} IDENTIFIED VIA `awsauthenticationplugin`")
    assert client.as_master(f"CREATE USER {name} IDENTIFIED BY 'x'; DROP USER {name}") == ""
    client.refused("IAM authentication is off", client.token())
    rds = account.client("rds")
    who = {"DBInstanceIdentifier": "orders"}
    rds.modify_db_instance(**who, ApplyImmediately=True, EnableIAMDatabaseAuthentication=True)
    for _ in range(4):
        rds.describe_db_instances(**who)
    assert client.as_master(create.format(name)) == ""
    client.accepted(client.token())


def test_plugin_takes_nothing_but_rds(client):
    create = f"CREATE USER wrong_{client.user} IDENTIFIED WITH AWSAuthenticationPlugin"
    assert "ERROR 1396" in client.as_master(f"{create} AS 'XYZ'")
    assert client.as_master(create) == ""
    client.denied(client.token(user=f"wrong_{client.user}"), user=f"wrong_{client.user}")


def test_password_users_and_token_users(client):
    name = client.made(f"old_{client.user}", iam=False, password="it's a \\ secret")
    client.accepted("it's a \\ secret", user=name)
    assert client.as_master(f"ALTER USER {name} IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL") == ""
    client.denied("it's a \\ secret", user=name)
    client.accepted(client.token(keys=client.account.credentials, user=name), user=name)
    shown = client.as_master(f"select plugin, authentication_string, ssl_type from mysql.user where user = '{name}'")
    assert shown == "AWSAuthenticationPlugin\tRDS\tANY"


@pytest.mark.parametrize("user", ["ann@example.com", "with space", "50%", "zoë", "quo'te", "back\\slash", "a\tb"])
def test_user_names_of_every_kind(client, user):
    client.made(user)
    client.accepted(client.token(keys=client.account.credentials, user=user), user=user)


def test_master_is_no_super(client):
    assert "SUPER" in client.as_master("SET GLOBAL max_connections = 10")
    assert "Access denied" in client.as_master(f"GRANT SUPER ON *.* TO {client.user}")
    assert client.as_master(f"GRANT SELECT, REPLICATION SLAVE ON *.* TO {client.user}") == ""
    assert client.mariadb(client.token(), sql="select count(*) > 0 from mysql.user") == "1"


def test_masters_of_instances_that_were_made_through_the_api(client, account):
    rds, database = account.client("rds"), f"shop_{account.id}"
    account.control("POST", "transitions", account=account.id, busy=0)
    parameters = {"DBInstanceClass": "db.t4g.micro", "Engine": "mysql", "AllocatedStorage": 20}
    parameters |= {"VpcSecurityGroupIds": ["sg-0123456789abcdef0"], "MasterUsername": "admin", "DBName": database}
    hosts = []
    for name, password in (("first", "first word"), ("second", "second word")):
        made = rds.create_db_instance(DBInstanceIdentifier=name, MasterUserPassword=password, **parameters)
        hosts.append(made["DBInstance"]["Endpoint"]["Address"])
    first, second = hosts
    client.accepted("first word", user="admin", host=first)
    client.accepted("second word", user="admin", host=second)
    client.denied("first word", user="admin", host=second)
    client.denied(client.master["master_password"], user="admin", host=first)
    rds.modify_db_instance(DBInstanceIdentifier="first", MasterUserPassword="changed word", ApplyImmediately=True)
    client.accepted("changed word", user="admin", host=first)
    assert database in client.mariadb("changed word", user="admin", host=first, sql="show databases")
    rds.create_db_instance(
        DBInstanceIdentifier="third", MasterUserPassword="3rd word", **parameters | {"MasterUsername": "it's"}
    )
    third = rds.describe_db_instances(DBInstanceIdentifier="third")["DBInstances"][0]["Endpoint"]["Address"]
    assert client.mariadb("3rd word", user="it's", host=third, sql=f"create user made_{account.id}") == ""
    client.denied("3rd word", user="it's", host=first)
    client.denied("", user="admin", host=second)


def test_masters_of_clusters_and_copies(client, account):
    rds, chief = account.client("rds"), {"user": "chief", "sql": "select current_user()"}
    account.control("POST", "transitions", account=account.id, busy=0)
    cluster = rds.create_db_cluster(
        DBClusterIdentifier="au",
        Engine="aurora-mysql",
        MasterUsername="chief",
        MasterUserPassword="cluster word",
        DatabaseName=f"fleet_{account.id}",
    )["DBCluster"]
    member = {"DBInstanceClass": "db.r6g.large", "Engine": "aurora-mysql", "DBClusterIdentifier": "au"}
    writer = rds.create_db_instance(DBInstanceIdentifier="au-1", **member)["DBInstance"]
    for host in (cluster["Endpoint"], cluster["ReaderEndpoint"], writer["Endpoint"]["Address"]):
        assert client.mariadb("cluster word", host=host, **chief) == "chief@%"
    made = {"MasterUsername": "chief", "MasterUserPassword": "own word", "AllocatedStorage": 20}
    made |= {"DBInstanceClass": "db.t4g.micro", "Engine": "mariadb", "VpcSecurityGroupIds": ["sg-0123456789abcdef0"]}
    rds.create_db_instance(DBInstanceIdentifier="source", **made)
    rds.create_db_snapshot(DBInstanceIdentifier="source", DBSnapshotIdentifier="snap")
    restored = rds.restore_db_instance_from_db_snapshot(
        DBInstanceIdentifier="restored", DBSnapshotIdentifier="snap"
    )["DBInstance"]
    replica = rds.create_db_instance_read_replica(
        DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="source"
    )["DBInstance"]
    for copy in (restored, replica):
        host = copy["Endpoint"]["Address"]
        assert client.mariadb("own word", host=host, **chief) == "chief@%", copy["DBInstanceIdentifier"]
        client.denied("cluster word", host=host, **chief)


def test_many_instances_at_once(facts):
    def log_in(number):
        client = MySqlClient(Account(facts, str(510000000001 + number)))
        client.accepted(client.token())
        assert client.as_master(f"create user late_{client.user}") == ""
        client.account.client("iam").delete_role_policy(RoleName="app", PolicyName="connect")
        client.refused("may not rds-db:connect", client.token())

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(log_in, range(12)))


@pytest.mark.parametrize("user", ["rdsadmin", "root"])
def test_owner_of_the_server_is_out_of_reach(client, user):
    client.denied("", user=user)
    assert client.account.control("POST", "sql", engine="mysql", sql="select 1")["output"] == "1"


def test_the_master_ends_sessions_of_others_by_a_procedure(client):
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(client.mariadb, client.token(), sql="select sleep(60)")
        find = f"select max(id) from information_schema.processlist where user = '{client.user}'"
        deadline = time.monotonic() + 20
        while (thread := client.as_master(find)) == "NULL":
            assert time.monotonic() < deadline
        assert "You are not owner of thread" in client.as_master(f"kill {thread}")
        assert client.as_master(f"call mysql.rds_kill({thread})") == ""
        assert "onnection" in other.result(20), "it was ended"
    assert "Unknown thread" in client.as_master("call mysql.rds_kill(4000000000)")
