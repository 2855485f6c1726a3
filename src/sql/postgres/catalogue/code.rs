//! Types, functions, views and what is run by triggers. `{bodies}` says whether to show the bodies of functions.

pub(super) const EXTENSIONS: &str = r"
SELECT 'extension' AS kind, '' AS schema, '' AS tab, e.extname::text AS name,
    format('version %s in schema %I', e.extversion, n.nspname) AS definition,
    ARRAY[e.extversion, n.nspname::text] AS facets,
    ARRAY[format('ALTER EXTENSION %I UPDATE TO %L', e.extname, e.extversion),
        format('ALTER EXTENSION %I SET SCHEMA %I', e.extname, n.nspname)] AS alters,
    format('CREATE EXTENSION %I SCHEMA %I VERSION %L', e.extname, n.nspname, e.extversion) AS make,
    format('DROP EXTENSION %I', e.extname) AS unmake
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace";

/// The facets of an enum are its labels, and its first `alters` is its name: see [`super::add_values`].
pub(super) const TYPES: &str = r"
SELECT 'enum' AS kind, n.nspname::text AS schema, '' AS tab, t.typname::text AS name, s.definition,
    s.labels AS facets, ARRAY[format('%I.%I', n.nspname, t.typname)] AS alters, s.definition AS make,
    format('DROP TYPE %I.%I', n.nspname, t.typname) AS unmake
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace,
    LATERAL (SELECT format('CREATE TYPE %I.%I AS ENUM (%s)', n.nspname, t.typname,
            string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)) AS definition,
        coalesce(array_agg(e.enumlabel::text ORDER BY e.enumsortorder), '{}') AS labels
        FROM pg_enum e WHERE e.enumtypid = t.oid) s
WHERE {ns} AND t.typtype = 'e' AND t.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_type'::regclass AND deptype = 'e')
UNION ALL
SELECT 'domain', n.nspname::text, '', t.typname::text,
    s.make, ARRAY[s.type, t.typnotnull::text, coalesce(s.expression, '')],
    ARRAY[NULL, format('ALTER DOMAIN %s %s NOT NULL', s.dom, CASE WHEN t.typnotnull THEN 'SET' ELSE 'DROP' END),
        format('ALTER DOMAIN %s %s', s.dom, coalesce('SET DEFAULT ' || s.expression, 'DROP DEFAULT'))],
    s.make, 'DROP DOMAIN ' || s.dom
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype,
    LATERAL (SELECT format('%I.%I', n.nspname, t.typname) AS dom, pg_get_expr(t.typdefaultbin, 0) AS expression,
        format_type(t.typbasetype, t.typtypmod) || coalesce((SELECT format(' COLLATE %I.%I', cn.nspname, co.collname)
            FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
            WHERE co.oid = t.typcollation AND t.typcollation <> b.typcollation), '') AS type) d,
    LATERAL (SELECT d.*, concat_ws(' ', 'CREATE DOMAIN', d.dom, 'AS', d.type, 'DEFAULT ' || d.expression,
        CASE WHEN t.typnotnull THEN 'NOT NULL' END) AS make) s
WHERE {ns} AND t.typtype = 'd' AND t.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_type'::regclass AND deptype = 'e')
UNION ALL
SELECT 'type', n.nspname::text, '', t.typname::text, s.definition, ARRAY[s.definition], ARRAY[NULL]::text[], s.definition,
    format('DROP TYPE %I.%I', n.nspname, t.typname)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c',
    LATERAL (SELECT format('CREATE TYPE %I.%I AS (%s)', n.nspname, t.typname, string_agg(format('%I %s', a.attname,
            format_type(a.atttypid, a.atttypmod)) || coalesce((SELECT format(' COLLATE %I.%I', cn.nspname, co.collname)
                FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace
                WHERE co.oid = a.attcollation AND a.attcollation <> b.typcollation), ''), ', ' ORDER BY a.attnum))
            AS definition
        FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) s
WHERE {ns} AND t.typtype = 'c' AND t.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_type'::regclass AND deptype = 'e')
UNION ALL
SELECT 'type', n.nspname::text, '', t.typname::text, s.definition, ARRAY[s.definition], ARRAY[NULL]::text[], s.definition,
    format('DROP TYPE %I.%I', n.nspname, t.typname)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_range r ON r.rngtypid = t.oid,
    LATERAL (SELECT format('CREATE TYPE %I.%I AS RANGE (SUBTYPE = %s%s%s)', n.nspname, t.typname,
        format_type(r.rngsubtype, NULL), (SELECT format(', COLLATION = %I.%I', cn.nspname, co.collname)
            FROM pg_collation co JOIN pg_namespace cn ON cn.oid = co.collnamespace JOIN pg_type b ON b.oid = r.rngsubtype
            WHERE co.oid = r.rngcollation AND r.rngcollation <> b.typcollation),
        CASE WHEN r.rngsubdiff <> 0 THEN format(', SUBTYPE_DIFF = %s', r.rngsubdiff::regproc) END) AS definition) s
WHERE {ns} AND t.typtype = 'r' AND t.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_type'::regclass AND deptype = 'e')";

/// Functions and procedures by the types of their arguments. CREATE OR REPLACE changes neither the result nor the names
/// of arguments.
pub(super) const FUNCTIONS: &str = r"
SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind, n.nspname::text AS schema, '' AS tab,
    s.signature AS name, CASE WHEN {bodies} THEN s.def ELSE s.digest END AS definition,
    ARRAY[concat_ws(' ', pg_get_function_identity_arguments(p.oid), 'RETURNS', pg_get_function_result(p.oid)), s.digest]
        AS facets,
    ARRAY[CASE WHEN {bodies} THEN s.unmake || '; ' || s.def END, CASE WHEN {bodies} THEN s.def END] AS alters,
    CASE WHEN {bodies} THEN s.def END AS make, s.unmake
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace,
    LATERAL (SELECT rtrim(pg_get_functiondef(p.oid), E'\n') AS def) d,
    LATERAL (SELECT d.def, 'sha256:' || encode(sha256(convert_to(d.def, 'UTF8')), 'hex') AS digest,
        format('%s(%s)', p.proname, oidvectortypes(p.proargtypes)) AS signature,
        format('DROP %s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, n.nspname, p.proname,
            oidvectortypes(p.proargtypes)) AS unmake) s
WHERE {ns} AND p.prokind IN ('f', 'w', 'p') AND p.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND deptype IN ('e', 'i'))";

pub(super) const AGGREGATES: &str = r"
SELECT 'aggregate' AS kind, n.nspname::text AS schema, '' AS tab,
    format('%s(%s)', p.proname, oidvectortypes(p.proargtypes)) AS name, s.definition, ARRAY[s.definition] AS facets,
    ARRAY[NULL]::text[] AS alters, NULL::text AS make,
    format('DROP AGGREGATE %I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS unmake
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_aggregate g ON g.aggfnoid = p.oid,
    LATERAL (SELECT format('SFUNC = %s, STYPE = %s, FINALFUNC = %s, COMBINEFUNC = %s, INITCOND = %L, RETURNS = %s',
        g.aggtransfn, format_type(g.aggtranstype, NULL), g.aggfinalfn, g.aggcombinefn, g.agginitval,
        pg_get_function_result(p.oid)) AS definition) s
WHERE {ns} AND p.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND deptype IN ('e', 'i'))";

/// CREATE OR REPLACE VIEW cannot change the columns that there are.
pub(super) const VIEWS: &str = r"
SELECT CASE c.relkind WHEN 'm' THEN 'materialized_view' ELSE 'view' END AS kind, n.nspname::text AS schema, '' AS tab,
    c.relname::text AS name, s.definition, ARRAY[s.columns, s.definition] AS facets,
    ARRAY[s.unmake || '; ' || s.make, CASE c.relkind WHEN 'm' THEN s.unmake || '; ' || s.make ELSE s.make END] AS alters,
    s.make, s.unmake
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT rtrim(ltrim(pg_get_viewdef(c.oid)), ';') AS definition,
        CASE WHEN c.relkind = 'v' AND c.reloptions IS NOT NULL
            THEN format(' WITH (%s)', array_to_string(c.reloptions, ', ')) ELSE '' END AS options,
        (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
            FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns) d,
    LATERAL (SELECT concat_ws(' ', nullif(ltrim(d.options), ''), d.definition) AS definition, coalesce(d.columns, '') AS columns,
        CASE c.relkind WHEN 'm' THEN format('CREATE MATERIALIZED VIEW %I.%I AS %s', n.nspname, c.relname, d.definition)
            ELSE format('CREATE OR REPLACE VIEW %I.%I%s AS %s', n.nspname, c.relname, d.options, d.definition) END AS make,
        format('DROP %s %I.%I', CASE c.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, n.nspname, c.relname)
            AS unmake) s
WHERE {ns} AND c.relkind IN ('v', 'm') AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')";

/// Triggers with their states. What a partition has from its parent is here only if its state is its own.
pub(super) const TRIGGERS: &str = r"
SELECT 'trigger' AS kind, n.nspname::text AS schema, c.relname::text AS tab, t.tgname::text AS name,
    pg_get_triggerdef(t.oid) || s.shown AS definition, ARRAY[pg_get_triggerdef(t.oid), t.tgenabled::text] AS facets,
    ARRAY[s.unmake || '; ' || pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE '; ' || s.state END,
        s.state] AS alters,
    pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'O' THEN '' ELSE '; ' || s.state END AS make, s.unmake
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT format('DROP TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname) AS unmake,
        CASE t.tgenabled WHEN 'D' THEN ' (disabled)' WHEN 'R' THEN ' (enabled on replicas)' WHEN 'A' THEN ' (enabled always)'
            ELSE '' END AS shown,
        format('ALTER TABLE %I.%I %s TRIGGER %I', n.nspname, c.relname, CASE t.tgenabled WHEN 'D' THEN 'DISABLE'
            WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, t.tgname) AS state) s
WHERE {ns} AND NOT t.tgisinternal AND t.tgparentid = 0 AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')
UNION ALL
SELECT 'trigger', n.nspname::text, c.relname::text, t.tgname::text, s.word || ' (unlike its parent)', ARRAY[s.word],
    ARRAY[s.make], s.make, format('ALTER TABLE %I.%I %s TRIGGER %I', n.nspname, c.relname, CASE p.tgenabled
        WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, t.tgname)
FROM pg_trigger t JOIN pg_trigger p ON p.oid = t.tgparentid JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS'
        ELSE 'ENABLE' END AS word) w,
    LATERAL (SELECT w.word, format('ALTER TABLE %I.%I %s TRIGGER %I', n.nspname, c.relname, w.word, t.tgname) AS make) s
WHERE {ns} AND NOT t.tgisinternal AND t.tgenabled <> p.tgenabled
UNION ALL
SELECT 'rule', n.nspname::text, c.relname::text, r.rulename::text, s.def || s.shown, ARRAY[s.def, r.ev_enabled::text],
    ARRAY[s.unmake || '; ' || s.def || CASE r.ev_enabled WHEN 'O' THEN '' ELSE '; ' || s.state END, s.state],
    s.def || CASE r.ev_enabled WHEN 'O' THEN '' ELSE '; ' || s.state END, s.unmake
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT rtrim(pg_get_ruledef(r.oid), ';') AS def, format('DROP RULE %I ON %I.%I', r.rulename, n.nspname,
        c.relname) AS unmake,
        CASE r.ev_enabled WHEN 'D' THEN ' (disabled)' WHEN 'R' THEN ' (enabled on replicas)' WHEN 'A' THEN ' (enabled always)'
            ELSE '' END AS shown,
        format('ALTER TABLE %I.%I %s RULE %I', n.nspname, c.relname, CASE r.ev_enabled WHEN 'D' THEN 'DISABLE'
            WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END, r.rulename) AS state) s
WHERE {ns} AND r.rulename <> '_RETURN' AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')";

/// Those of superusers belong to RDS.
pub(super) const EVENT_TRIGGERS: &str = r"
SELECT 'event_trigger' AS kind, '' AS schema, '' AS tab, e.evtname::text AS name, s.def || s.shown AS definition,
    ARRAY[s.def, e.evtenabled::text] AS facets, ARRAY[s.unmake || '; ' || s.def || CASE e.evtenabled WHEN 'O' THEN ''
        ELSE '; ' || s.state END, s.state] AS alters,
    s.def || CASE e.evtenabled WHEN 'O' THEN '' ELSE '; ' || s.state END AS make, s.unmake
FROM pg_event_trigger e JOIN pg_roles r ON r.oid = e.evtowner JOIN pg_proc p ON p.oid = e.evtfoid
    JOIN pg_namespace n ON n.oid = p.pronamespace,
    LATERAL (SELECT format('CREATE EVENT TRIGGER %I ON %s%s EXECUTE FUNCTION %I.%I()', e.evtname, e.evtevent,
        (SELECT format(' WHEN TAG IN (%s)', string_agg(quote_literal(g), ', ' ORDER BY g)) FROM unnest(e.evttags) g
            HAVING count(*) > 0), n.nspname, p.proname) AS def,
        format('DROP EVENT TRIGGER %I', e.evtname) AS unmake,
        CASE e.evtenabled WHEN 'D' THEN ' (disabled)' WHEN 'R' THEN ' (enabled on replicas)' WHEN 'A' THEN ' (enabled always)'
            ELSE '' END AS shown,
        format('ALTER EVENT TRIGGER %I %s', e.evtname, CASE e.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
            WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END) AS state) s
WHERE NOT r.rolsuper AND e.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_event_trigger'::regclass AND deptype = 'e')";
