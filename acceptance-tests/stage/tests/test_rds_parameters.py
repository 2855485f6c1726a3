"""RDS: the catalogue of parameters, and parameter groups that refuse what AWS refuses."""

from functools import partial

import pytest

from .conftest import refused

KINDS = ["instance", "cluster"]


class Groups:
    """Operations on the parameter groups of instances or clusters, by their short names."""

    def __init__(self, account, kind="instance", family="postgres16", name="tuned"):
        self.account, self.rds, self.kind, self.name = account, account.client("rds"), kind, name
        self._noun = "db_cluster" if kind == "cluster" else "db"
        self.key = "DBClusterParameterGroupName" if kind == "cluster" else "DBParameterGroupName"
        if family:
            self.create(family, name)

    def call(self, verb, suffix="parameter_group", name=None, **more):
        operation = getattr(self.rds, f"{verb}_{self._noun}_{suffix}")
        return operation(**{self.key: name or self.name}, **more)

    def create(self, family, name):
        return self.call("create", name=name, DBParameterGroupFamily=family, Description="of a test")

    def modify(self, *parameters, name=None):
        keys = "ParameterName", "ParameterValue", "ApplyMethod"
        return self.call("modify", name=name, Parameters=[dict(zip(keys, p, strict=True)) for p in parameters])

    def refuse(self, code, *parameters, **more):
        """A change that is refused with a code; the message."""
        return refused(code, partial(self.modify, *parameters), **more)

    def parameters(self, *names, name=None, **more):
        """The parameters of a group by name, page after page."""
        filters = {"Filters": [{"Name": "parameter-name", "Values": list(names)}]} if names else {}
        found, marker = [], {}
        while True:
            answer = self.call("describe", "parameters", name=name, **filters, **marker, **more)
            found += answer["Parameters"]
            if "Marker" not in answer:
                return {p["ParameterName"]: p for p in found}
            marker = {"Marker": answer["Marker"]}


@pytest.mark.parametrize(
    "family",
    [
        *(f"{engine}{major}" for engine in ("postgres", "aurora-postgresql") for major in range(11, 18)),
        *("mysql8.0", "mysql8.4", "mariadb10.11", "mariadb11.4", "aurora-mysql8.0"),
    ],
)
def test_default_group_of_each_family(account, family):
    groups = Groups(account, family=None)
    shown = groups.rds.describe_db_parameter_groups(DBParameterGroupName=f"default.{family}")["DBParameterGroups"]
    assert [g["DBParameterGroupFamily"] for g in shown] == [family]
    parameters = groups.parameters(name=f"default.{family}")
    assert len(parameters) > (200 if "postgres" in family else 25)
    assert {p["ApplyType"] for p in parameters.values()} == {"static", "dynamic"}
    assert {p["Source"] for p in parameters.values()} == {"system", "engine-default"}
    assert all(p["Description"] and p["DataType"] and "IsModifiable" in p for p in parameters.values())
    change = ("max_connections", "9", "pending-reboot")
    assert "default" in groups.refuse("InvalidParameterValue", change, name=f"default.{family}")


def test_parameters_of_postgresql(account):
    found = Groups(account).parameters()
    assert found["rds.logical_replication"] == {
        "ParameterName": "rds.logical_replication",
        "ParameterValue": "0",
        "Description": "Enables logical decoding.",
        "Source": "system",
        "ApplyType": "static",
        "DataType": "boolean",
        "AllowedValues": "0,1",
        "IsModifiable": True,
        "ApplyMethod": "pending-reboot",
    }
    assert found["rds.iam_auth_for_replication"]["ApplyType"] == "dynamic"
    assert "ParameterValue" not in found["statement_timeout"]
    assert found["statement_timeout"]["AllowedValues"] == "0-2147483647"
    assert found["max_connections"]["ParameterValue"] == "LEAST({DBInstanceClassMemory/9531392},5000)"
    assert found["datestyle"]["ApplyType"] == "dynamic"
    assert found["rds.extensions"]["IsModifiable"] is False
    assert not {"wal_level", "server_version"} & found.keys()


@pytest.mark.parametrize(
    "family, name, value", [("postgres14", "rds.force_ssl", "0"), ("postgres15", "rds.force_ssl", "1")]
)
def test_values_that_differ_by_version(account, family, name, value):
    assert Groups(account, family=family).parameters(name)[name]["ParameterValue"] == value


def test_parameters_come_and_go_with_versions(account):
    old, new = (Groups(account, family=f, name=f).parameters().keys() for f in ("postgres11", "postgres17"))
    assert "wal_keep_segments" in old - new and "transaction_timeout" in new - old


def test_aurora_keeps_replication_in_the_group_of_the_cluster(account):
    names = {"rds.logical_replication", "rds.iam_auth_for_replication", "rds.force_ssl"}
    instance = Groups(account, family="aurora-postgresql16").parameters()
    cluster = Groups(account, "cluster", "aurora-postgresql16").parameters()
    assert not names & instance.keys() and names <= cluster.keys()
    assert cluster["rds.logical_replication"]["SupportedEngineModes"] == ["provisioned"]
    assert names <= Groups(account, "cluster", "postgres16", "multi-az").parameters().keys()


def test_tls_of_mysql(account):
    name = "require_secure_transport"
    assert Groups(account, family="mysql8.0", name="my").parameters(name)[name]["AllowedValues"] == "0,1"
    assert Groups(account, "cluster", "aurora-mysql8.0").parameters(name)[name]["AllowedValues"] == "ON,OFF"
    assert not Groups(account, family="aurora-mysql8.0", name="aurora").parameters(name)


@pytest.mark.parametrize("kind", KINDS)
def test_value_of_a_user(account, kind):
    groups = Groups(account, kind)
    answer = groups.modify(("rds.logical_replication", "1", "pending-reboot"), ("statement_timeout", "9", "immediate"))
    assert answer[groups.key] == "tuned"
    assert groups.parameters(Source="user").keys() == {"rds.logical_replication", "statement_timeout"}
    shown = groups.parameters()["statement_timeout"]
    assert (shown["ParameterValue"], shown["Source"], shown["ApplyMethod"]) == ("9", "user", "immediate")
    assert "rds.logical_replication" not in groups.parameters(Source="system")
    assert "statement_timeout" not in groups.parameters(Source="engine-default")
    refused("InvalidParameterValue", groups.parameters, Source="users")


def test_filter_and_pages(account):
    groups = Groups(account)
    assert groups.parameters("statement_timeout", "none").keys() == {"statement_timeout"}
    wrong = [{"Name": "source", "Values": ["user"]}]
    refused("InvalidParameterValue", groups.call, verb="describe", suffix="parameters", Filters=wrong)
    first = groups.call("describe", "parameters")
    assert len(first["Parameters"]) == 100
    second = groups.call("describe", "parameters", Marker=first["Marker"], MaxRecords=20)
    assert len(second["Parameters"]) == 20
    assert first["Parameters"][-1]["ParameterName"] < second["Parameters"][0]["ParameterName"]
    for size in (19, 101):
        refused("InvalidParameterValue", groups.call, verb="describe", suffix="parameters", MaxRecords=size)


def test_defaults_of_an_engine(account):
    rds = account.client("rds")
    wanted = {"Filters": [{"Name": "parameter-name", "Values": ["rds.logical_replication"]}]}
    found = rds.describe_engine_default_parameters(DBParameterGroupFamily="postgres16", **wanted)["EngineDefaults"]
    assert found["DBParameterGroupFamily"] == "postgres16"
    assert [p["ParameterValue"] for p in found["Parameters"]] == ["0"] and "ApplyMethod" not in found["Parameters"][0]
    aurora = {"DBParameterGroupFamily": "aurora-postgresql16", **wanted}
    assert not rds.describe_engine_default_parameters(**aurora)["EngineDefaults"]["Parameters"]
    assert rds.describe_engine_default_cluster_parameters(**aurora)["EngineDefaults"]["Parameters"]
    paged = rds.describe_engine_default_parameters(DBParameterGroupFamily="postgres16")["EngineDefaults"]
    assert len(paged["Parameters"]) == 100 and paged["Marker"]
    refused("InvalidParameterValue", rds.describe_engine_default_parameters, DBParameterGroupFamily="postgres99")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name, value, method, code, message",
    [
        ("no_such", "1", "immediate", "InvalidParameterValue", "Could not find parameter with name: no_such"),
        ("rds.extensions", "x", "pending-reboot", "InvalidParameterValue", "rds.extensions cannot be modified"),
        ("statement_timeout", "-1", "immediate", "InvalidParameterValue", "allowed values are: 0-2147483647"),
        ("statement_timeout", "1s", "immediate", "InvalidParameterValue", "Invalid parameter value: 1s for: state"),
        ("rds.logical_replication", "on", "pending-reboot", "InvalidParameterValue", "allowed values are: 0,1"),
        ("log_statement", "some", "immediate", "InvalidParameterValue", "allowed values are: none,ddl,mod,all"),
        ("shared_preload_libraries", "pgaudit,x", "pending-reboot", "InvalidParameterValue", "allowed values"),
        *(
            (name, "1", "immediate", "InvalidParameterCombination", "immediate apply method for static parameter")
            for name in ("rds.logical_replication", "max_prepared_transactions")
        ),
        ("statement_timeout", "1", "soon", "InvalidParameterValue", "enum value set: [immediate, pending-reboot]"),
    ],
)
def test_refused_changes(account, kind, name, value, method, code, message):
    groups = Groups(account, kind)
    assert message in groups.refuse(code, ("lock_timeout", "1", "immediate"), (name, value, method))
    assert not groups.parameters(Source="user"), "all or nothing"


@pytest.mark.parametrize(
    "name, value",
    [
        *(("max_connections", "LEAST({DBInstanceClassMemory/9531392},100)"), ("seq_page_cost", "1.5")),
        *(("log_min_duration_statement", "-1"), ("shared_preload_libraries", "pg_stat_statements,pgaudit")),
        *(("timezone", "Europe/Berlin"), ("rds.log_retention_period", "1440")),
    ],
)
def test_accepted_values(account, name, value):
    groups = Groups(account)
    groups.modify((name, value, "pending-reboot"))
    assert groups.parameters(name)[name]["ParameterValue"] == value


def test_twenty_parameters_at_most(account):
    groups = Groups(account)
    known = groups.parameters().values()
    names = [p["ParameterName"] for p in known if p.get("AllowedValues") == "0,1" and p["IsModifiable"]][:21]
    many = [(name, "1", "pending-reboot") for name in names]
    assert "20" in groups.refuse("InvalidParameterValue", *many)
    groups.modify(*many[:20])
    assert len(groups.parameters(Source="user")) == 20


@pytest.mark.parametrize("kind", KINDS)
def test_reset(account, kind):
    groups = Groups(account, kind)
    groups.modify(("rds.logical_replication", "1", "pending-reboot"), ("statement_timeout", "9", "immediate"))
    one = {"ParameterName": "statement_timeout", "ApplyMethod": "immediate"}
    groups.call("reset", Parameters=[one])
    assert groups.parameters(Source="user").keys() == {"rds.logical_replication"}
    static = {"ParameterName": "rds.logical_replication", "ApplyMethod": "immediate"}
    refused("InvalidParameterCombination", groups.call, verb="reset", Parameters=[static])
    refused("InvalidParameterCombination", groups.call, verb="reset", Parameters=[one], ResetAllParameters=True)
    groups.call("reset", ResetAllParameters=True)
    assert not groups.parameters(Source="user")
    assert groups.parameters("rds.logical_replication")["rds.logical_replication"]["Source"] == "system"


@pytest.mark.parametrize("kind", KINDS)
def test_absent_group(account, kind):
    groups = Groups(account, kind, family=None, name="none")
    for verb, more in (("modify", {"Parameters": [{"ParameterName": "x"}]}), ("reset", {}), ("delete", {})):
        refused("DBParameterGroupNotFound", groups.call, verb=verb, **more)
    refused("DBParameterGroupNotFound", groups.call, verb="describe", suffix="parameters")
    refused("DBParameterGroupNotFound", groups.call, verb="describe", suffix="parameter_groups")


@pytest.mark.parametrize("kind", KINDS)
def test_new_group(account, kind):
    groups = Groups(account, kind)
    refused("DBParameterGroupAlreadyExists", groups.create, family="postgres16", name="Tuned")
    refused("InvalidParameterValue", groups.create, family="postgres99", name="other")
    for name in ("default.postgres16", "two--hyphens", "9lives", "ends-"):
        refused("InvalidParameterValue", groups.create, family="postgres16", name=name)
    assert groups.call("describe", "parameter_groups", name="TUNED")
    groups.call("delete")
    refused("DBParameterGroupNotFound", groups.call, verb="delete")


@pytest.mark.parametrize("family", ["mariadb10.11", "postgres12", "mysql5.7"])
def test_families_without_groups_of_clusters(account, family):
    refused("InvalidParameterValue", Groups, account=account, kind="cluster", family=family)


@pytest.mark.parametrize("kind", KINDS)
def test_copied_group(account, kind):
    family = "aurora-postgresql16" if kind == "cluster" else "postgres16"
    groups = Groups(account, kind, family)
    groups.modify(("log_min_messages", "error", "immediate"))
    noun = "DBClusterParameterGroup" if kind == "cluster" else "DBParameterGroup"

    def copy(source, target):
        names = {f"Source{noun}Identifier": source, f"Target{noun}Identifier": target}
        described = {f"Target{noun}Description": "a copy", "Tags": [{"Key": "team", "Value": "data"}]}
        operation = f"copy_{groups._noun}_parameter_group"
        return getattr(groups.rds, operation)(**names, **described)[noun]

    made = copy("tuned", "copied")
    assert made["DBParameterGroupFamily"] == family
    tags = groups.rds.list_tags_for_resource(ResourceName=made[f"{noun}Arn"])["TagList"]
    assert tags == [{"Key": "team", "Value": "data"}]
    groups.modify(("log_min_messages", "panic", "immediate"))
    level = groups.parameters("log_min_messages", name="copied")["log_min_messages"]
    assert (level["ParameterValue"], level["Source"]) == ("error", "user")
    assert refused("DBParameterGroupAlreadyExists", copy, "tuned", "copied")
    assert refused("DBParameterGroupNotFound", copy, "none", "other")
    assert "valid identifier" in refused("InvalidParameterValue", copy, "tuned", "two--hyphens")
    assert "default" in refused("InvalidParameterValue", copy, f"default.{family}", "other")


@pytest.mark.parametrize("kind", KINDS)
def test_default_group_stays(account, kind):
    groups = Groups(account, kind, family=None, name="default.postgres16")
    refused("InvalidDBParameterGroupState", groups.call, verb="delete")
    refused("InvalidParameterValue", groups.call, verb="reset", ResetAllParameters=True)


@pytest.mark.parametrize("kind", KINDS)
def test_group_that_is_busy(account, kind):
    groups = Groups(account, kind)
    account.control("POST", "busy", account=account.id, group="tuned", kind=kind, calls=2)
    wanted = ("statement_timeout", "9", "immediate")
    assert "has pending changes" in groups.refuse("InvalidDBParameterGroupState", wanted)
    refused("InvalidDBParameterGroupState", groups.call, verb="reset", ResetAllParameters=True)
    groups.modify(wanted)


def test_groups_come_in_pages(account):
    for number in range(21):
        groups = Groups(account, name=f"g{number:02}")
    first = groups.rds.describe_db_parameter_groups(MaxRecords=20)
    assert len(first["DBParameterGroups"]) == 20
    second = groups.rds.describe_db_parameter_groups(Marker=first["Marker"])
    assert [g["DBParameterGroupName"] for g in second["DBParameterGroups"]] == ["g20"]


def test_groups_are_seeded_and_changed_behind_the_back(account):
    wanted = {"account": account.id, "name": "seeded", "family": "aurora-postgresql16", "kind": "cluster"}
    made = account.control("POST", "parameter-groups", **wanted, values={"rds.logical_replication": 1})
    assert made["arn"] == f"arn:aws:rds:us-east-1:{account.id}:cluster-pg:seeded"
    groups = Groups(account, "cluster", family=None, name="seeded")
    assert groups.parameters(Source="user")["rds.logical_replication"]["ApplyMethod"] == "pending-reboot"
    who = {"account": account.id, "group": "seeded", "kind": "cluster"}
    account.control("POST", "parameters", **who, values={"rds.logical_replication": None, "lock_timeout": "5"})
    assert account.control("GET", "parameters", **who) == {"values": {"lock_timeout": "5"}}
    assert groups.parameters(Source="user")["lock_timeout"]["ApplyMethod"] == "immediate"
    with pytest.raises(ValueError, match="has no no_such"):
        account.control("POST", "parameters", **who, values={"no_such": "1"})
