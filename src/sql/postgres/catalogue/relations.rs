//! Tables and what belongs to them. `{ns}` selects schemas; `{columns}` are the definitions of columns.

/// Schemas, and what the database was created with.
pub(super) const SCHEMAS: &str = r"
SELECT 'schema' AS kind, n.nspname::text AS schema, '' AS tab, n.nspname::text AS name,
    format('CREATE SCHEMA %I', n.nspname) AS definition, ARRAY['']::text[] AS facets, ARRAY[NULL]::text[] AS alters,
    format('CREATE SCHEMA %I', n.nspname) AS make, format('DROP SCHEMA %I', n.nspname) AS unmake
FROM pg_namespace n
WHERE {ns} AND n.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND deptype = 'e')";

pub(super) const DATABASE: &str = r"
SELECT 'database_setting' AS kind, '' AS schema, '' AS tab, s.name, s.value AS definition, ARRAY[s.value] AS facets,
    ARRAY[NULL]::text[] AS alters, NULL::text AS make, NULL::text AS unmake
FROM pg_database d, LATERAL (VALUES ('encoding', pg_encoding_to_char(d.encoding)::text), ('lc_collate', d.datcollate::text),
    ('lc_ctype', d.datctype::text)) s (name, value)
WHERE d.datname = current_database()";

/// Sequences of identity columns are a part of the column.
pub(super) const SEQUENCES: &str = r"
SELECT 'sequence' AS kind, n.nspname::text AS schema, '' AS tab, c.relname::text AS name,
    format('CREATE SEQUENCE %I.%I %s', n.nspname, c.relname, o.options) AS definition, ARRAY[o.options] AS facets,
    ARRAY[format('ALTER SEQUENCE %I.%I %s', n.nspname, c.relname, o.options)] AS alters,
    format('CREATE SEQUENCE %I.%I %s', n.nspname, c.relname, o.options) AS make,
    format('DROP SEQUENCE %I.%I', n.nspname, c.relname) AS unmake
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid,
    LATERAL (SELECT format('AS %s INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %s',
        format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart, s.seqcache,
        CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END) AS options) o
WHERE {ns} AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype IN ('e', 'i'))";

/// The columns that sequences are owned by, of `serial` and OWNED BY.
pub(super) const SEQUENCE_OWNERS: &str = r"
SELECT 'sequence_owner' AS kind, n.nspname::text AS schema, '' AS tab, c.relname::text AS name, o.by AS definition,
    ARRAY[o.by] AS facets, ARRAY[format('ALTER SEQUENCE %I.%I OWNED BY %s', n.nspname, c.relname, o.by)] AS alters,
    format('ALTER SEQUENCE %I.%I OWNED BY %s', n.nspname, c.relname, o.by) AS make,
    format('ALTER SEQUENCE %I.%I OWNED BY NONE', n.nspname, c.relname) AS unmake
FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid,
    LATERAL (SELECT format('%I.%I.%I', tn.nspname, t.relname, a.attname) AS by) o
WHERE {ns} AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a'
    AND d.refobjsubid > 0";

/// Columns are compared by themselves, and are here only for the statement that creates the table.
pub(super) const TABLES: &str = r"
SELECT CASE c.relkind WHEN 'f' THEN 'foreign_table' ELSE 'table' END AS kind, n.nspname::text AS schema, '' AS tab,
    c.relname::text AS name,
    concat_ws(' ', CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' END, s.shape) AS definition,
    ARRAY[s.shape, c.relpersistence::text] AS facets,
    ARRAY[NULL, format('ALTER TABLE %s SET %s', s.rel, CASE c.relpersistence WHEN 'u' THEN 'UNLOGGED' ELSE 'LOGGED' END)]
        AS alters,
    CASE WHEN c.relkind <> 'f' THEN format('CREATE%s TABLE %s (%s)%s', CASE c.relpersistence WHEN 'u' THEN ' UNLOGGED' END,
        s.rel, (SELECT string_agg(x.definition, ', ' ORDER BY x.attnum) FROM ({columns}) x WHERE x.attrelid = c.oid),
        CASE c.relkind WHEN 'p' THEN ' PARTITION BY ' || pg_get_partkeydef(c.oid) END) END AS make,
    format('DROP %s %s', CASE c.relkind WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, s.rel) AS unmake
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am m ON m.oid = c.relam,
    LATERAL (SELECT format('%I.%I', n.nspname, c.relname) AS rel, CASE c.relkind
        WHEN 'p' THEN 'TABLE PARTITION BY ' || pg_get_partkeydef(c.oid)
        WHEN 'f' THEN (SELECT format('FOREIGN TABLE SERVER %I', v.srvname) FROM pg_foreign_table f
            JOIN pg_foreign_server v ON v.oid = f.ftserver WHERE f.ftrelid = c.oid)
        ELSE 'TABLE' || CASE WHEN m.amname <> 'heap' THEN format(' USING %I', m.amname) ELSE '' END END AS shape) s
WHERE {ns} AND c.relkind IN ('r', 'p', 'f') AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')";

/// The definition of each column, as CREATE TABLE and ADD COLUMN have it, and its parts.
pub(super) const DEFINITIONS: &str = r"
SELECT p.*, format('%I %s', p.attname, p.type) || CASE
        WHEN p.generation <> '' THEN ' ' || p.generation
        WHEN p.attidentity <> '' THEN format(' GENERATED %s AS IDENTITY (%s)', p.identity, p.options)
        WHEN p.expression <> '' THEN ' DEFAULT ' || p.expression ELSE '' END
    || CASE WHEN p.attnotnull THEN ' NOT NULL' ELSE '' END AS definition
FROM (
    SELECT a.attrelid, a.attnum, a.attname, a.attnotnull, a.attidentity,
        format_type(a.atttypid, a.atttypmod) || coalesce((
            SELECT format(' COLLATE %I.%I', cn.nspname, co.collname)
            FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
            WHERE co.oid = a.attcollation AND a.attcollation <> t.typcollation), '') AS type,
        CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' ELSE '' END AS identity,
        CASE WHEN a.attgenerated = '' THEN '' ELSE format('GENERATED ALWAYS AS (%s) %s', pg_get_expr(d.adbin, d.adrelid),
            CASE a.attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END) END AS generation,
        CASE WHEN a.attgenerated = '' THEN coalesce(pg_get_expr(d.adbin, d.adrelid), '') ELSE '' END AS expression,
        CASE WHEN a.attidentity = '' THEN '' ELSE coalesce((
            SELECT format('INCREMENT BY %s MINVALUE %s MAXVALUE %s START WITH %s CACHE %s %s', s.seqincrement, s.seqmin,
                s.seqmax, s.seqstart, s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)
            FROM pg_depend i JOIN pg_sequence s ON s.seqrelid = i.objid
            WHERE i.refclassid = 'pg_class'::regclass AND i.refobjid = a.attrelid AND i.refobjsubid = a.attnum
                AND i.classid = 'pg_class'::regclass AND i.deptype = 'i'), '') END AS options
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped) p";

/// What a table inherits is compared in its parent.
pub(super) const COLUMNS: &str = r"
SELECT 'column' AS kind, n.nspname::text AS schema, c.relname::text AS tab, x.attname::text AS name, x.definition,
    ARRAY[x.generation, x.type, (x.identity <> '')::text, x.attnotnull::text, x.expression, x.identity, x.options] AS facets,
    ARRAY[
        CASE WHEN x.generation = '' THEN format('%s DROP EXPRESSION', s.alter)
            ELSE format('ALTER TABLE %s DROP COLUMN %I, ADD COLUMN %s', s.rel, x.attname, x.definition) END,
        CASE WHEN x.generation <> '' OR x.identity <> '' OR x.expression = ''
            THEN format('%1$s TYPE %2$s', s.alter, x.type) || s.using
            ELSE format('%1$s DROP DEFAULT, ALTER COLUMN %2$I TYPE %3$s%4$s, ALTER COLUMN %2$I SET DEFAULT %5$s',
                s.alter, x.attname, x.type, s.using, x.expression) END,
        CASE WHEN x.identity = '' THEN format('%s DROP IDENTITY IF EXISTS', s.alter)
            ELSE format('%1$s DROP DEFAULT; %1$s SET NOT NULL; %1$s ADD GENERATED %2$s AS IDENTITY (%3$s)', s.alter,
                x.identity, x.options) END,
        format('%s %s NOT NULL', s.alter, CASE WHEN x.attnotnull THEN 'SET' ELSE 'DROP' END),
        CASE WHEN x.generation <> '' OR x.identity <> '' THEN ''
            WHEN x.expression = '' THEN format('%s DROP DEFAULT', s.alter)
            ELSE format('%s SET DEFAULT %s', s.alter, x.expression) END,
        CASE WHEN x.identity = '' THEN '' ELSE format('%s SET GENERATED %s', s.alter, x.identity) END,
        CASE WHEN x.identity = '' THEN '' ELSE s.alter || ' ' || regexp_replace(x.options,
            '(INCREMENT|MINVALUE|MAXVALUE|START|CACHE|NO CYCLE|(?<!NO )CYCLE)', 'SET \1', 'g') END
    ] AS alters,
    format('ALTER TABLE %s ADD COLUMN %s', s.rel, x.definition) AS make,
    format('ALTER TABLE %s DROP COLUMN %I', s.rel, x.attname) AS unmake
FROM ({columns}) x JOIN pg_class c ON c.oid = x.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = x.attrelid AND a.attnum = x.attnum,
    LATERAL (SELECT format('%I.%I', n.nspname, c.relname) AS rel,
        format('ALTER TABLE %I.%I ALTER COLUMN %I', n.nspname, c.relname, x.attname) AS alter,
        format(' USING %I::%s', x.attname, format_type(a.atttypid, a.atttypmod)) AS using) s
WHERE {ns} AND c.relkind IN ('r', 'p', 'f') AND (a.attinhcount = 0 OR a.attislocal) AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')";

/// The order of the columns, by name.
pub(super) const COLUMN_ORDER: &str = r"
SELECT 'column_order' AS kind, n.nspname::text AS schema, c.relname::text AS tab, c.relname::text AS name,
    o.columns AS definition, ARRAY[o.columns] AS facets, ARRAY[NULL]::text[] AS alters, NULL::text AS make, NULL::text AS unmake
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT coalesce(string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), '') AS columns
        FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) o
WHERE {ns} AND c.relkind IN ('r', 'p', 'f') AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')";

pub(super) const PARENTS: &str = r"
SELECT CASE WHEN c.relispartition THEN 'partition' ELSE 'inheritance' END AS kind, n.nspname::text AS schema,
    c.relname::text AS tab, s.parent AS name, s.bound AS definition, ARRAY[s.bound] AS facets,
    ARRAY[s.unmake || '; ' || s.make] AS alters, s.make, s.unmake
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace,
    LATERAL (SELECT format('%I.%I', n.nspname, c.relname) AS rel, format('%I.%I', pn.nspname, p.relname) AS parent,
        coalesce(pg_get_expr(c.relpartbound, c.oid), '') AS bound) r,
    LATERAL (SELECT r.parent, r.bound,
        CASE WHEN c.relispartition THEN format('ALTER TABLE %s ATTACH PARTITION %s %s', r.parent, r.rel, r.bound)
            ELSE format('ALTER TABLE %s INHERIT %s', r.rel, r.parent) END AS make,
        CASE WHEN c.relispartition THEN format('ALTER TABLE %s DETACH PARTITION %s', r.parent, r.rel)
            ELSE format('ALTER TABLE %s NO INHERIT %s', r.rel, r.parent) END AS unmake) s
WHERE {ns} AND c.relkind IN ('r', 'p', 'f')";

/// Settings of tables that most do not have: a table without one has the default.
pub(super) const TABLE_SETTINGS: &str = r"
SELECT 'replica_identity' AS kind, n.nspname::text AS schema, c.relname::text AS tab, c.relname::text AS name,
    s.identity AS definition, ARRAY[s.identity] AS facets,
    ARRAY[format('ALTER TABLE %I.%I REPLICA IDENTITY %s', n.nspname, c.relname, s.identity)] AS alters,
    format('ALTER TABLE %I.%I REPLICA IDENTITY %s', n.nspname, c.relname, s.identity) AS make,
    format('ALTER TABLE %I.%I REPLICA IDENTITY DEFAULT', n.nspname, c.relname) AS unmake
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT CASE c.relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE coalesce((
        SELECT format('USING INDEX %I', x.relname) FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident), 'NOTHING') END AS identity) s
WHERE {ns} AND c.relkind IN ('r', 'p') AND c.relreplident <> 'd'
UNION ALL
SELECT 'row_security', n.nspname::text, c.relname::text, c.relname::text, s.state, ARRAY[s.state],
    ARRAY[format('ALTER TABLE %I.%I %s', n.nspname, c.relname, s.state)],
    format('ALTER TABLE %I.%I %s', n.nspname, c.relname, s.state),
    format('ALTER TABLE %I.%I DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT format('%s ROW LEVEL SECURITY, %s ROW LEVEL SECURITY', CASE WHEN c.relrowsecurity THEN 'ENABLE'
        ELSE 'DISABLE' END, CASE WHEN c.relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END) AS state) s
WHERE {ns} AND (c.relrowsecurity OR c.relforcerowsecurity)
UNION ALL
SELECT 'storage_parameter', n.nspname::text, c.relname::text, s.parameter, s.value, ARRAY[s.value],
    ARRAY[format('%s SET (%I = %L)', s.alter, s.parameter, s.value)], format('%s SET (%I = %L)', s.alter, s.parameter, s.value),
    format('%s RESET (%I)', s.alter, s.parameter)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, unnest(c.reloptions) o (option),
    LATERAL (SELECT split_part(o.option, '=', 1) AS parameter, substr(o.option, strpos(o.option, '=') + 1) AS value,
        format('ALTER %s %I.%I', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, n.nspname, c.relname)
            AS alter) s
WHERE {ns} AND c.relkind IN ('r', 'p', 'm') AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')";

/// Indexes of constraints are a part of these, and those of partitions a part of their parents.
pub(super) const INDEXES: &str = r"
SELECT 'index' AS kind, n.nspname::text AS schema, t.relname::text AS tab, c.relname::text AS name,
    s.def || CASE WHEN i.indisvalid THEN '' ELSE ' (invalid)' END AS definition, ARRAY[s.def, i.indisvalid::text] AS facets,
    ARRAY[format('DROP INDEX %I.%I; %s', n.nspname, c.relname, s.def),
        CASE WHEN i.indisvalid THEN format('REINDEX INDEX %I.%I', n.nspname, c.relname) END] AS alters,
    s.def AS make, format('DROP INDEX %I.%I', n.nspname, c.relname) AS unmake
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT CASE c.relkind WHEN 'I' THEN regexp_replace(pg_get_indexdef(c.oid), ' ON ONLY ', ' ON ')
        ELSE pg_get_indexdef(c.oid) END AS def) s
WHERE {ns} AND t.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.oid NOT IN (
        SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u', 'x'))
    AND t.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')";

/// Those that a table inherits are a part of its parent, and those of NOT NULL a part of the column.
pub(super) const CONSTRAINTS: &str = r"
SELECT CASE k.contype WHEN 'p' THEN 'primary_key' WHEN 'u' THEN 'unique' WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign_key'
        ELSE 'exclusion' END AS kind,
    n.nspname::text AS schema, coalesce(c.relname, t.typname)::text AS tab, k.conname::text AS name,
    s.def AS definition, ARRAY[regexp_replace(s.def, ' NOT VALID$', ''), k.convalidated::text] AS facets,
    ARRAY[s.unmake || '; ' || s.make, CASE WHEN k.convalidated
        THEN format('ALTER %s VALIDATE CONSTRAINT %I', s.owner, k.conname) ELSE s.unmake || '; ' || s.make END] AS alters,
    s.make, s.unmake
FROM pg_constraint k LEFT JOIN pg_class c ON c.oid = k.conrelid LEFT JOIN pg_type t ON t.oid = k.contypid
    JOIN pg_namespace n ON n.oid = coalesce(c.relnamespace, t.typnamespace),
    LATERAL (SELECT pg_get_constraintdef(k.oid) AS def, CASE WHEN c.oid IS NULL THEN format('DOMAIN %I.%I', n.nspname,
        t.typname) ELSE format('TABLE %I.%I', n.nspname, c.relname) END AS owner) d,
    LATERAL (SELECT d.def, d.owner, format('ALTER %s ADD CONSTRAINT %I %s', d.owner, k.conname, d.def) AS make,
        format('ALTER %s DROP CONSTRAINT %I', d.owner, k.conname) AS unmake) s
WHERE {ns} AND k.contype IN ('p', 'u', 'c', 'f', 'x') AND k.conparentid = 0 AND (k.coninhcount = 0 OR k.conislocal)
    AND coalesce(k.conrelid, k.contypid) NOT IN (SELECT objid FROM pg_depend WHERE deptype = 'e'
        AND classid IN ('pg_class'::regclass, 'pg_type'::regclass))";

pub(super) const STATISTICS: &str = r"
SELECT 'statistics' AS kind, n.nspname::text AS schema, c.relname::text AS tab, s.stxname::text AS name,
    pg_get_statisticsobjdef(s.oid) AS definition, ARRAY[pg_get_statisticsobjdef(s.oid)] AS facets,
    ARRAY[format('DROP STATISTICS %I.%I; %s', n.nspname, s.stxname, pg_get_statisticsobjdef(s.oid))] AS alters,
    pg_get_statisticsobjdef(s.oid) AS make, format('DROP STATISTICS %I.%I', n.nspname, s.stxname) AS unmake
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace JOIN pg_class c ON c.oid = s.stxrelid
WHERE {ns}";
