"""The parameters of PostgreSQL on RDS and Aurora: recorded settings, and by hand what RDS changes and adds.

Sources: [RUG] the RDS user guide's "Working with parameters on your RDS for PostgreSQL DB instance", "Configuring IAM
authentication for logical replication connections", "Parameters for logging" and "Requiring an SSL connection"; [AUG]
the Aurora guide's "Aurora PostgreSQL parameters"; [D] public listings of DescribeDBParameters for default.postgres13.
"""

from .table import entry, rows

_LIBRARIES = (
    "auto_explain,orafce,pgaudit,pglogical,pg_bigm,pg_cron,pg_hint_plan,pg_partman_bgw,pg_prewarm,pg_similarity,"
    "pg_stat_statements,pg_tle,pg_transport,plprofiler,plrust"
)

#: Values that RDS sets: their source is "system". [RUG], [D]
_SYSTEM = {
    "archive_command": "/etc/rds/dbbin/pgscripts/rds_wal_archive %p",
    "archive_timeout": "300",
    "autovacuum_analyze_scale_factor": "0.05",
    "autovacuum_max_workers": "GREATEST({DBInstanceClassMemory/64371566592},3)",
    "autovacuum_naptime": "15",
    "autovacuum_vacuum_cost_limit": "GREATEST({log(DBInstanceClassMemory/21474836480)*600},200)",
    "autovacuum_vacuum_scale_factor": "0.1",
    "checkpoint_completion_target": "0.9",
    "config_file": "/rdsdbdata/config/postgresql.conf",
    "data_directory": "/rdsdbdata/db",
    "effective_cache_size": "{DBInstanceClassMemory/16384}",
    "hba_file": "/rdsdbdata/config/pg_hba.conf",
    "ident_file": "/rdsdbdata/config/pg_ident.conf",
    "idle_in_transaction_session_timeout": "86400000",
    "listen_addresses": "*",
    "log_destination": "stderr",
    "log_directory": "/rdsdbdata/log/error",
    "log_file_mode": "0644",
    "log_filename": "postgresql.log.%Y-%m-%d-%H",
    "log_hostname": "0",
    "log_line_prefix": "%t:%r:%u@%d:[%p]:",
    "log_rotation_age": "60",
    "log_timezone": "UTC",
    "log_truncate_on_rotation": "0",
    "logging_collector": "1",
    "maintenance_work_mem": "GREATEST({DBInstanceClassMemory*1024/63963136},65536)",
    "max_connections": "LEAST({DBInstanceClassMemory/9531392},5000)",
    "max_locks_per_transaction": "64",
    "max_prepared_transactions": "0",
    "max_replication_slots": "20",
    "max_stack_depth": "6144",
    "max_wal_senders": "20",
    "max_worker_processes": "GREATEST({DBInstanceVCPU*2},8)",
    "port": "{EndPointPort}",
    "shared_buffers": "{DBInstanceClassMemory/32768}",
    "shared_preload_libraries": "pg_stat_statements",
    "ssl": "1",
    "superuser_reserved_connections": "3",
    "tcp_keepalives_count": "2",
    "tcp_keepalives_idle": "300",
    "tcp_keepalives_interval": "30",
    "unix_socket_directories": "/tmp",
    "unix_socket_permissions": "0700",
    "update_process_title": "1",
    "wal_buffers": "-1",
}
_UNMODIFIABLE = {
    *("archive_command", "archive_timeout", "config_file", "data_directory", "data_sync_retry", "dynamic_library_path"),
    *("fsync", "full_page_writes", "hba_file", "ident_file", "listen_addresses", "lc_messages", "log_directory"),
    *("log_file_mode", "log_hostname", "log_truncate_on_rotation", "logging_collector", "port", "restart_after_crash"),
    *("ssl_cert_file", "ssl_key_file", "ssl_ca_file", "superuser_reserved_connections", "unix_socket_directories"),
    *("unix_socket_group", "unix_socket_permissions", "update_process_title", "wal_receiver_create_temp_slot"),
}
#: [RUG] says static, though a plain server could change them while it runs.
_STATIC = {"ssl", "temp_file_limit"}
_VALUES = {
    "log_destination": "stderr,csvlog",
    "log_filename": "postgresql.log.%Y-%m-%d,postgresql.log.%Y-%m-%d-%H,postgresql.log.%Y-%m-%d-%H%M",
    "log_rotation_age": "1-1440",
    "shared_preload_libraries": _LIBRARIES,
}
_LISTS = {"log_destination", "search_path", "shared_preload_libraries", "session_preload_libraries"}
#: Settings that RDS does not list: recovery, the operating system, what only developers use.
_HIDDEN = {
    *("archive_cleanup_command", "archive_library", "archive_mode", "allow_alter_system", "allow_system_table_mods"),
    *("allow_in_place_tablespaces", "bonjour", "bonjour_name", "cluster_name", "event_source", "external_pid_file"),
    *("extension_destdir", "hot_standby", "db_user_namespace", "ignore_checksum_failure", "ignore_invalid_pages"),
    *("ignore_system_indexes", "jit_provider", "output_plugin_libraries", "promote_trigger_file", "restore_command"),
    *("shared_memory_type", "dynamic_shared_memory_type", "wal_consistency_checking", "wal_level", "wal_sync_method"),
    *("zero_damaged_pages", "local_preload_libraries", "summarize_wal", "wal_log_hints"),
    "remove_temp_files_after_crash",
}
_HIDDEN_PREFIXES = (
    *("debug_io", "debug_log", "debug_par", "jit_", "krb_", "primary_", "recovery_", "send_abort", "syslog", "trace_"),
)
#: [AUG] On Aurora only in the cluster's group.
_OF_CLUSTER = {
    *("autovacuum", "default_toast_compression", "max_logical_replication_workers", "max_replication_slots"),
    *("max_wal_senders", "password_encryption", "rds.accepted_password_auth_method", "rds.adaptive_autovacuum"),
    *("rds.allowed_extensions", "rds.enable_plan_management", "rds.force_autovacuum_logging_level", "rds.force_ssl"),
    *("rds.global_db_rpo", "rds.iam_auth_for_replication", "rds.log_retention_period", "rds.logical_replication"),
    *("rds.restrict_password_commands", "synchronous_commit", "timezone", "track_commit_timestamp"),
    *("wal_receiver_timeout", "wal_sender_timeout"),
}


def parameters(major, aurora, cluster):
    """The parameters of a major version, as DescribeDBParameters shows them in a default group; `cluster`: in a
    cluster's group."""
    found = [_recorded(row) for row in rows("postgres.tsv") if _covers(row, major) and not _hidden(row["name"])]
    here = ("both", "aurora" if aurora else "rds")
    found += [_added(row) for row in rows("postgres_rds.tsv") if _covers(row, major) and row["where"] in here]
    if aurora and not cluster:
        found = [p for p in found if not _of_cluster(p["ParameterName"])]
    return found


def _covers(row, major):
    return int(row["since"]) <= major <= int(row["until"])


def _hidden(name):
    return name in _HIDDEN or name.startswith(_HIDDEN_PREFIXES)


def _of_cluster(name):
    return name in _OF_CLUSTER or name.startswith("autovacuum_")


def _recorded(row):
    name, kind = row["name"], row["type"]
    types = {"bool": "boolean", "integer": "integer", "real": "float"}
    values = row["values"] or ("0,1" if kind == "bool" else None)
    if row["least"]:
        values = f"{row['least']}-{row['most']}"
    static = row["context"] == "postmaster" or name in _STATIC
    return entry(
        name,
        "static" if static else "dynamic",
        "list" if name in _LISTS else types.get(kind, "string"),
        _VALUES.get(name, values),
        _SYSTEM.get(name),
        (f"({row['unit']}) " if row["unit"] else "") + row["description"],
        name not in _UNMODIFIABLE,
    )


def _added(row):
    values, value, modifiable = row["values"] or None, row["value"] or None, row["modifiable"] == "yes"
    return entry(row["name"], row["apply"], row["type"], values, value, row["description"], modifiable)
