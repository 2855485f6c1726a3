//! Who owns what, and who may do what.

pub(super) const POLICIES: &str = r#"
SELECT 'policy' AS kind, n.nspname::text AS schema, c.relname::text AS tab, p.polname::text AS name, s.make AS definition,
    ARRAY[s.make] AS facets, ARRAY[s.unmake || '; ' || s.make] AS alters, s.make, s.unmake
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
    LATERAL (SELECT format('DROP POLICY %I ON %I.%I', p.polname, n.nspname, c.relname) AS unmake,
        format('CREATE POLICY %I ON %I.%I AS %s FOR %s TO %s', p.polname, n.nspname, c.relname,
            CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
                ELSE 'ALL' END,
            (SELECT string_agg(coalesce(quote_ident(r.rolname), 'PUBLIC'), ', ' ORDER BY convert_to(r.rolname, 'UTF8'))
                FROM unnest(p.polroles) o LEFT JOIN pg_roles r ON r.oid = o))
        || coalesce(format(' USING (%s)', pg_get_expr(p.polqual, p.polrelid)), '')
        || coalesce(format(' WITH CHECK (%s)', pg_get_expr(p.polwithcheck, p.polrelid)), '') AS make) s
WHERE {ns}"#;

/// Everything that has an owner and privileges of its own: how ALTER and GRANT name it, and its default privileges.
const OBJECTS: &str = r#"
SELECT n.nspname::text AS schema, c.relname::text AS tab, format('%I.%I', n.nspname, c.relname) AS ident, c.relowner AS owner,
    CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
        WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS word,
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS granted, c.relacl AS acl,
    (CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char" AS type, c.oid IN (
        SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND refobjsubid > 0 AND deptype IN ('a', 'i'))
        AND c.relkind = 'S' AS is_part
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {ns} AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_class'::regclass AND deptype = 'e')
UNION ALL
SELECT n.nspname::text, format('%s(%s)', p.proname, oidvectortypes(p.proargtypes)),
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)), p.proowner,
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,
    CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, p.proacl, 'f'::"char", false
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE {ns} AND p.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_proc'::regclass AND deptype IN ('e', 'i'))
UNION ALL
SELECT n.nspname::text, t.typname::text, format('%I.%I', n.nspname, t.typname), t.typowner,
    CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.typacl,
    'T'::"char", false
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
WHERE {ns} AND (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c') AND t.oid NOT IN (
    SELECT objid FROM pg_depend WHERE classid = 'pg_type'::regclass AND deptype = 'e')
UNION ALL
SELECT n.nspname::text, '', format('%I', n.nspname), n.nspowner, 'SCHEMA', 'SCHEMA', n.nspacl, 'n'::"char", false
FROM pg_namespace n
WHERE {ns} AND n.oid NOT IN (SELECT objid FROM pg_depend WHERE classid = 'pg_namespace'::regclass AND deptype = 'e')"#;

/// A sequence of a column has the owner of the table.
const OWNERS: &str = r#"
SELECT 'owner' AS kind, o.schema, o.tab, lower(o.word) AS name, r.rolname::text AS definition,
    ARRAY[r.rolname::text] AS facets, ARRAY[format('ALTER %s %s OWNER TO %I', o.word, o.ident, r.rolname)] AS alters,
    NULL::text AS make, NULL::text AS unmake
FROM ({objects}) o JOIN pg_roles r ON r.oid = o.owner WHERE NOT o.is_part"#;

/// What others than the owner may do, whoever granted it.
const GRANTS: &str = r#"
SELECT 'grant' AS kind, g.schema, g.tab, g.name, g.privileges AS definition, ARRAY[g.privileges] AS facets,
    ARRAY[g.revoke || '; ' || g.grants] AS alters, g.grants AS make, g.revoke AS unmake
FROM (
    SELECT p.schema, p.tab, p.grantee || p.suffix AS name,
        string_agg(p.privilege || CASE WHEN p.option THEN ' WITH GRANT OPTION' ELSE '' END, ', ' ORDER BY p.privilege) AS privileges,
        format('REVOKE ALL%s ON %s FROM %s', p.columns, p.target, p.role) AS revoke,
        concat_ws('; ', 'GRANT ' || string_agg(p.privilege || p.columns, ', ' ORDER BY p.privilege) FILTER (WHERE NOT p.option)
                || format(' ON %s TO %s', p.target, p.role),
            'GRANT ' || string_agg(p.privilege || p.columns, ', ' ORDER BY p.privilege) FILTER (WHERE p.option)
                || format(' ON %s TO %s WITH GRANT OPTION', p.target, p.role)) AS grants
    FROM (
        SELECT o.schema, o.tab, '' AS suffix, '' AS columns, format('%s %s', o.granted, o.ident) AS target,
            coalesce(r.rolname::text, 'PUBLIC') AS grantee, coalesce(quote_ident(r.rolname), 'PUBLIC') AS role,
            x.privilege_type AS privilege, bool_or(x.is_grantable) AS option
        FROM ({objects}) o, LATERAL aclexplode(coalesce(o.acl, acldefault(o.type, o.owner))) x
            LEFT JOIN pg_roles r ON r.oid = x.grantee
        WHERE x.grantee <> o.owner
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        UNION ALL
        SELECT n.nspname::text, c.relname::text, format(', column %s', a.attname), format(' (%I)', a.attname),
            format('TABLE %I.%I', n.nspname, c.relname), coalesce(r.rolname::text, 'PUBLIC'),
            coalesce(quote_ident(r.rolname), 'PUBLIC'), x.privilege_type, bool_or(x.is_grantable)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
            LATERAL aclexplode(a.attacl) x LEFT JOIN pg_roles r ON r.oid = x.grantee
        WHERE {ns} AND NOT a.attisdropped AND x.grantee <> c.relowner
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
    ) p
    GROUP BY p.schema, p.tab, p.grantee, p.suffix, p.columns, p.target, p.role
) g"#;

pub(super) fn owners() -> String {
    OWNERS.replace("{objects}", OBJECTS)
}

pub(super) fn grants() -> String {
    GRANTS.replace("{objects}", OBJECTS)
}
