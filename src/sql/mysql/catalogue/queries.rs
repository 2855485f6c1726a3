//! What the information schema says about each kind of object: kind, schema, table and name, and a part of what is
//! compared. Rows with the same name are parts of the same object.
//!
//! There are neither joins nor subqueries, since MariaDB makes each view of the information schema anew for them. `{ns}`
//! is the condition on a schema. Facets have the character 30 between them.

pub(super) const SCHEMAS: &str = "
SELECT 'schema', SCHEMA_NAME, '', SCHEMA_NAME,
    CONCAT('CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME)
FROM information_schema.SCHEMATA WHERE SCHEMA_NAME {ns}";

/// The names of sequences, whose options are rows of their own.
pub(super) const SEQUENCE_NAMES: &str = "SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES WHERE TABLE_TYPE = 'SEQUENCE' AND TABLE_SCHEMA {ns}";

/// A sequence. The part is what follows its name in statements.
pub(super) const SEQUENCE: &str = "
SELECT 'sequence', {schema}, '', {name}, CONCAT_WS(' ', 'START WITH', start_value, 'MINVALUE', minimum_value, 'MAXVALUE',
    maximum_value, 'INCREMENT BY', increment, CASE cache_size WHEN 0 THEN 'NOCACHE' ELSE CONCAT('CACHE ', cache_size) END,
    CASE cycle_option WHEN 0 THEN 'NOCYCLE' ELSE 'CYCLE' END)
FROM {path}";

pub(super) const TABLES: &str = "
SELECT 'table', TABLE_SCHEMA, '', TABLE_NAME,
    CONCAT_WS(CHAR(30), COALESCE(ENGINE, ''), COALESCE(TABLE_COLLATION, ''), CONCAT(TABLE_TYPE, ' ', COALESCE(CREATE_OPTIONS, '')))
FROM information_schema.TABLES WHERE TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA {ns}";

/// Views and sequences, whose columns are not compared by themselves.
pub(super) const NOT_TABLES: &str = "
SELECT '', TABLE_SCHEMA, '', TABLE_NAME, '' FROM information_schema.TABLES
WHERE TABLE_TYPE NOT IN ('BASE TABLE', 'SYSTEM VERSIONED') AND TABLE_SCHEMA {ns}";

pub(super) const COLUMNS: &str = "
SELECT 'column', TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME,
    CONCAT_WS(CHAR(30), COALESCE(GENERATION_EXPRESSION, ''), COLUMN_TYPE, COALESCE(COLLATION_NAME, ''),
        CONCAT_WS(' ', IS_NULLABLE, QUOTE(COLUMN_DEFAULT), LOWER(EXTRA)))
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA {ns}";

pub(super) const COLUMN_ORDER: &str = "
SELECT 'column_order', TABLE_SCHEMA, TABLE_NAME, TABLE_NAME,
    CONCAT(LPAD(ORDINAL_POSITION, 4, '0'), CHAR(30), COLUMN_NAME)
FROM information_schema.COLUMNS WHERE TABLE_SCHEMA {ns}";

pub(super) const PARTITIONS: &str = "
SELECT 'partition', TABLE_SCHEMA, TABLE_NAME, COALESCE(SUBPARTITION_NAME, PARTITION_NAME),
    CONCAT_WS(' ', PARTITION_METHOD, PARTITION_EXPRESSION, SUBPARTITION_METHOD, SUBPARTITION_EXPRESSION, PARTITION_DESCRIPTION)
FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL AND TABLE_SCHEMA {ns}";

/// A row for each column of an index. `{visibility}` depends on the server.
pub(super) const INDEXES: &str = "
SELECT CASE INDEX_NAME WHEN 'PRIMARY' THEN 'primary_key' ELSE 'index' END,
    TABLE_SCHEMA, TABLE_NAME, INDEX_NAME,
    CONCAT_WS(' ', LPAD(SEQ_IN_INDEX, 2, '0'), NON_UNIQUE, QUOTE(COLUMN_NAME), QUOTE(SUB_PART), QUOTE(COLLATION), INDEX_TYPE,
        {visibility})
FROM information_schema.STATISTICS WHERE TABLE_SCHEMA {ns}";

pub(super) const VISIBILITY_IN_MYSQL: &str = "QUOTE(EXPRESSION), IS_VISIBLE";
pub(super) const VISIBILITY_IN_MARIADB: &str = "IGNORED";

pub(super) const CHECKS_IN_MARIADB: &str = "
SELECT 'check', CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE
FROM information_schema.CHECK_CONSTRAINTS WHERE CONSTRAINT_SCHEMA {ns}";

/// MySQL has indexes for these.
pub(super) const CHECKS_IN_MYSQL: &str = "
SELECT 'check', t.TABLE_SCHEMA, t.TABLE_NAME, t.CONSTRAINT_NAME, CONCAT(c.CHECK_CLAUSE, ' ENFORCED ', t.ENFORCED)
FROM information_schema.CHECK_CONSTRAINTS c JOIN information_schema.TABLE_CONSTRAINTS t
    ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME
WHERE t.CONSTRAINT_TYPE = 'CHECK' AND t.TABLE_SCHEMA {ns}";

/// A row for each column, and one for the rules. `NO ACTION` and `RESTRICT` are the same.
pub(super) const FOREIGN_KEYS: &str = "
SELECT 'foreign_key', TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, CONCAT_WS(' ', LPAD(ORDINAL_POSITION, 2, '0'),
    QUOTE(COLUMN_NAME), QUOTE(REFERENCED_TABLE_SCHEMA), QUOTE(REFERENCED_TABLE_NAME), QUOTE(REFERENCED_COLUMN_NAME))
FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_NAME IS NOT NULL AND TABLE_SCHEMA {ns}
UNION ALL
SELECT 'foreign_key', CONSTRAINT_SCHEMA, TABLE_NAME, CONSTRAINT_NAME,
    REPLACE(CONCAT_WS(' ', 'ON UPDATE', UPDATE_RULE, 'ON DELETE', DELETE_RULE), 'NO ACTION', 'RESTRICT')
FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA {ns}";

/// `{algorithm}` depends on the server.
pub(super) const VIEWS: &str = "
SELECT 'view', TABLE_SCHEMA, '', TABLE_NAME,
    CONCAT_WS(' ', {algorithm}, SECURITY_TYPE, CHECK_OPTION, COLLATION_CONNECTION, VIEW_DEFINITION)
FROM information_schema.VIEWS WHERE TABLE_SCHEMA {ns}";

/// A row for each parameter, and one for the rest.
pub(super) const ROUTINES: &str = "
SELECT LOWER(ROUTINE_TYPE), ROUTINE_SCHEMA, '', ROUTINE_NAME, CONCAT_WS(' ', DTD_IDENTIFIER, IS_DETERMINISTIC,
    SQL_DATA_ACCESS, SECURITY_TYPE, QUOTE(SQL_MODE), COLLATION_CONNECTION, QUOTE(ROUTINE_DEFINITION))
FROM information_schema.ROUTINES WHERE ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE') AND ROUTINE_SCHEMA {ns}
UNION ALL
SELECT LOWER(ROUTINE_TYPE), SPECIFIC_SCHEMA, '', SPECIFIC_NAME, CONCAT_WS(' ', 'parameter', LPAD(ORDINAL_POSITION, 4, '0'),
    PARAMETER_MODE, QUOTE(PARAMETER_NAME), DTD_IDENTIFIER)
FROM information_schema.PARAMETERS WHERE ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE') AND SPECIFIC_SCHEMA {ns}";

pub(super) const TRIGGERS: &str = "
SELECT 'trigger', TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME, CONCAT_WS(' ', ACTION_TIMING, EVENT_MANIPULATION,
    QUOTE(SQL_MODE), COLLATION_CONNECTION, QUOTE(ACTION_STATEMENT))
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA {ns}";

/// Where there are several for one event.
pub(super) const TRIGGER_ORDER: &str = "
SELECT 'trigger_order', TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, LOWER(CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION)),
    GROUP_CONCAT(TRIGGER_NAME ORDER BY ACTION_ORDER SEPARATOR ', ')
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA {ns}
GROUP BY TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION HAVING COUNT(*) > 1";

pub(super) const EVENTS: &str = "
SELECT 'event', EVENT_SCHEMA, '', EVENT_NAME, CONCAT_WS(' ', EVENT_TYPE, QUOTE(EXECUTE_AT), QUOTE(INTERVAL_VALUE),
    INTERVAL_FIELD, QUOTE(STARTS), QUOTE(ENDS), ON_COMPLETION, TIME_ZONE, QUOTE(SQL_MODE), COLLATION_CONNECTION,
    QUOTE(EVENT_DEFINITION))
FROM information_schema.EVENTS WHERE EVENT_SCHEMA {ns}
UNION ALL
SELECT 'event_status', EVENT_SCHEMA, EVENT_NAME, EVENT_NAME, STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA {ns}";

pub(super) const DEFINERS: &str = "
SELECT 'definer', TABLE_SCHEMA, TABLE_NAME, 'view', DEFINER FROM information_schema.VIEWS WHERE TABLE_SCHEMA {ns}
UNION ALL
SELECT 'definer', ROUTINE_SCHEMA, ROUTINE_NAME, LOWER(ROUTINE_TYPE), DEFINER FROM information_schema.ROUTINES
WHERE ROUTINE_TYPE IN ('FUNCTION', 'PROCEDURE') AND ROUTINE_SCHEMA {ns}
UNION ALL
SELECT 'definer', TRIGGER_SCHEMA, TRIGGER_NAME, 'trigger', DEFINER FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA {ns}
UNION ALL
SELECT 'definer', EVENT_SCHEMA, EVENT_NAME, 'event', DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA {ns}";

/// A row for each privilege: what it is on, the account, the column, the privilege, and whether it can be granted. A
/// database is a pattern there, in which a backslash takes the meaning from the next character.
pub(super) const GRANTS: &str = r"
SELECT 'grant', REPLACE(TABLE_SCHEMA, '\\', ''), '', GRANTEE, CONCAT_WS(CHAR(30),
    CONCAT('`', REPLACE(TABLE_SCHEMA, '`', '``'), '`.*'), GRANTEE, '', PRIVILEGE_TYPE, IS_GRANTABLE)
FROM information_schema.SCHEMA_PRIVILEGES WHERE {grantee} AND REPLACE(TABLE_SCHEMA, '\\', '') {ns}
UNION ALL
SELECT 'grant', TABLE_SCHEMA, TABLE_NAME, GRANTEE, CONCAT_WS(CHAR(30),
    CONCAT('`', REPLACE(TABLE_SCHEMA, '`', '``'), '`.`', REPLACE(TABLE_NAME, '`', '``'), '`'), GRANTEE, '', PRIVILEGE_TYPE,
    IS_GRANTABLE)
FROM information_schema.TABLE_PRIVILEGES WHERE {grantee} AND TABLE_SCHEMA {ns}
UNION ALL
SELECT 'grant', TABLE_SCHEMA, TABLE_NAME, CONCAT(GRANTEE, ', column ', COLUMN_NAME), CONCAT_WS(CHAR(30),
    CONCAT('`', REPLACE(TABLE_SCHEMA, '`', '``'), '`.`', REPLACE(TABLE_NAME, '`', '``'), '`'), GRANTEE,
    CONCAT(' (`', REPLACE(COLUMN_NAME, '`', '``'), '`)'), PRIVILEGE_TYPE, IS_GRANTABLE)
FROM information_schema.COLUMN_PRIVILEGES WHERE {grantee} AND TABLE_SCHEMA {ns}
UNION ALL
SELECT 'grant', p.Db, p.Routine_name, CONCAT(p.GRANTEE, ', ', LOWER(p.Routine_type)), CONCAT_WS(CHAR(30),
    CONCAT(p.Routine_type, ' `', REPLACE(p.Db, '`', '``'), '`.`', REPLACE(p.Routine_name, '`', '``'), '`'), p.GRANTEE, '',
    UPPER(p.Proc_priv), '')
FROM (SELECT {of Db} AS Db, {of Routine_name} AS Routine_name, Routine_type, Proc_priv,
    CONCAT(QUOTE({of User}), '@', QUOTE(Host)) AS GRANTEE FROM mysql.procs_priv) p WHERE p.{grantee} AND p.Db {ns}";

/// Accounts of RDS and of the servers themselves.
pub(super) const GRANTEE: &str = "GRANTEE NOT REGEXP '^.(rdsadmin|rdsrepladmin|rdstopmgr|mysql\\\\.|mariadb\\\\.)'";

/// MariaDB takes names in this table for Latin-1 when it writes them.
pub(super) const AS_WRITTEN_BY_MARIADB: &str = "CONVERT(CAST(CONVERT({} USING latin1) AS BINARY) USING utf8mb4)";
