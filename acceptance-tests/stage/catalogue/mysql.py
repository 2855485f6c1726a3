"""The parameters of MySQL, MariaDB and Aurora MySQL: a table kept by hand."""

from .table import entry, rows

_SIGNS = {"mysql8.0": "m80", "mysql8.4": "m84"}


def parameters(family, aurora, cluster):
    """The parameters of a family, as DescribeDBParameters shows them in a default group; `cluster`: in a cluster's
    group."""
    wanted = {_SIGNS.get(family, "maria")}
    if aurora:
        wanted = {"aurora", "cluster"} if cluster else {"aurora"}
    found = [row for row in rows("mysql.tsv") if wanted & set(row["where"].split())]
    return [_entry(row) for row in found]


def _entry(row):
    values, value, modifiable = row["values"] or None, row["value"] or None, row["modifiable"] == "yes"
    return entry(row["name"], row["apply"], row["type"], values, value, row["description"], modifiable)
