//! Settings of tables, code and privileges of PostgreSQL. `@` is the beginning of roles' names.

use crate::schema_drift::cases::{AT_SOURCE, AT_TARGET, Case, OTHER, case};

const TABLE: &str = "CREATE TABLE ~.t (id integer, v text)";
const FUNCTION: &str = "CREATE TABLE ~.t (id integer, v text); CREATE FUNCTION ~.f() RETURNS trigger LANGUAGE plpgsql AS \
                        'BEGIN RETURN NEW; END'";
const ORIGIN: &str = "CREATE TABLE ~.t (id integer, v text); CREATE FUNCTION ~.f() RETURNS trigger LANGUAGE plpgsql AS \
                      'BEGIN RETURN NEW; END'; CREATE TRIGGER g BEFORE INSERT ON ~.t FOR EACH ROW EXECUTE FUNCTION ~.f()";
const PARTS: &str = "CREATE TABLE ~.t (id integer) PARTITION BY RANGE (id); CREATE TABLE ~.a (id integer)";

/// Each has a statement that ends it.
pub(in crate::schema_drift) const ENDABLE: &[Case] = &[
    // Partitions and settings of tables.
    case(
        PARTS,
        "ALTER TABLE ~.t ATTACH PARTITION ~.a FOR VALUES FROM (1) TO (5)",
        "ALTER TABLE ~.t ATTACH PARTITION ~.a FOR VALUES FROM (1) TO (9)",
        &[[
            "partition",
            "a",
            "~.t",
            OTHER,
            "ALTER TABLE ~.t DETACH PARTITION ~.a; ALTER TABLE ~.t ATTACH PARTITION ~.a FOR VALUES FROM (1) TO (5)",
        ]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t REPLICA IDENTITY FULL",
        "",
        &[["replica_identity", "t", "t", AT_TARGET, "ALTER TABLE ~.t REPLICA IDENTITY FULL"]],
    ),
    case(
        TABLE,
        "",
        "ALTER TABLE ~.t REPLICA IDENTITY NOTHING",
        &[["replica_identity", "t", "t", AT_SOURCE, "ALTER TABLE ~.t REPLICA IDENTITY DEFAULT"]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t ENABLE ROW LEVEL SECURITY",
        "",
        &[[
            "row_security",
            "t",
            "t",
            AT_TARGET,
            "ALTER TABLE ~.t ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY",
        ]],
    ),
    case(
        TABLE,
        "ALTER TABLE ~.t SET (fillfactor = 70)",
        "",
        &[["storage_parameter", "t", "fillfactor", AT_TARGET, "ALTER TABLE ~.t SET (fillfactor = '70')"]],
    ),
    case(
        TABLE,
        "CREATE POLICY \"P é\" ON ~.t AS RESTRICTIVE FOR UPDATE TO \"@_é\", @_role USING (id > 1) WITH CHECK (id > 2)",
        "CREATE POLICY \"P é\" ON ~.t",
        &[[
            "policy",
            "t",
            "P é",
            OTHER,
            "DROP POLICY \"P é\" ON ~.t; CREATE POLICY \"P é\" ON ~.t AS RESTRICTIVE FOR UPDATE TO @_role, \"@_é\" USING ((id > 1)) WITH CHECK ((id > 2))",
        ]],
    ),
    // Views and what is run.
    case(
        TABLE,
        "CREATE VIEW ~.w AS SELECT id FROM ~.t WHERE id > 1",
        "CREATE VIEW ~.w AS SELECT id FROM ~.t",
        &[["view", "", "w", OTHER, "CREATE OR REPLACE VIEW ~.w AS SELECT t.id\n   FROM ~.t\n  WHERE (t.id > 1)"]],
    ),
    case(
        TABLE,
        "CREATE VIEW ~.w WITH (security_barrier) AS SELECT id FROM ~.t",
        "CREATE VIEW ~.w AS SELECT v FROM ~.t",
        &[[
            "view",
            "",
            "w",
            OTHER,
            "DROP VIEW ~.w; CREATE OR REPLACE VIEW ~.w WITH (security_barrier=true) AS SELECT t.id\n   FROM ~.t",
        ]],
    ),
    case("", "", "CREATE VIEW ~.w AS SELECT 1 AS one", &[["view", "", "w", AT_SOURCE, "DROP VIEW ~.w"]]),
    case(
        "",
        "CREATE MATERIALIZED VIEW ~.m AS SELECT 1 AS one",
        "CREATE MATERIALIZED VIEW ~.m AS SELECT 2 AS one",
        &[[
            "materialized_view",
            "",
            "m",
            OTHER,
            "DROP MATERIALIZED VIEW ~.m; CREATE MATERIALIZED VIEW ~.m AS SELECT 1 AS one",
        ]],
    ),
    case(
        "",
        "CREATE FUNCTION ~.f(a integer) RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "CREATE FUNCTION ~.f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        &[[
            "function",
            "",
            "f(integer)",
            OTHER,
            "CREATE OR REPLACE FUNCTION ~.f(a integer)\n RETURNS integer\n LANGUAGE sql\n SECURITY DEFINER\nAS $function$SELECT 1$function$",
        ]],
    ),
    case(
        "",
        "CREATE FUNCTION ~.f(a integer) RETURNS text LANGUAGE sql AS 'SELECT ''1'''",
        "CREATE FUNCTION ~.f(a integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        &[[
            "function",
            "",
            "f(integer)",
            OTHER,
            "DROP FUNCTION ~.f(integer); CREATE OR REPLACE FUNCTION ~.f(a integer)\n RETURNS text\n LANGUAGE sql\nAS $function$SELECT '1'$function$",
        ]],
    ),
    case(
        "",
        "",
        "CREATE PROCEDURE ~.p(text) LANGUAGE sql AS 'SELECT 1'",
        &[["procedure", "", "p(text)", AT_SOURCE, "DROP PROCEDURE ~.p(text)"]],
    ),
    case(
        "",
        "",
        "CREATE AGGREGATE ~.g (integer) (SFUNC = int4pl, STYPE = integer)",
        &[["aggregate", "", "g(integer)", AT_SOURCE, "DROP AGGREGATE ~.g(integer)"]],
    ),
    case(
        FUNCTION,
        "CREATE TRIGGER g BEFORE INSERT ON ~.t FOR EACH ROW EXECUTE FUNCTION ~.f(); ALTER TABLE ~.t ENABLE ALWAYS TRIGGER g",
        "",
        &[[
            "trigger",
            "t",
            "g",
            AT_TARGET,
            "CREATE TRIGGER g BEFORE INSERT ON ~.t FOR EACH ROW EXECUTE FUNCTION ~.f(); ALTER TABLE ~.t ENABLE ALWAYS TRIGGER g",
        ]],
    ),
    case(
        ORIGIN,
        "ALTER TABLE ~.t ENABLE REPLICA TRIGGER g",
        "ALTER TABLE ~.t DISABLE TRIGGER g",
        &[["trigger", "t", "g", OTHER, "ALTER TABLE ~.t ENABLE REPLICA TRIGGER g"]],
    ),
    case(
        ORIGIN,
        "",
        "ALTER TABLE ~.t DISABLE TRIGGER g",
        &[["trigger", "t", "g", OTHER, "ALTER TABLE ~.t ENABLE TRIGGER g"]],
    ),
    case(
        "CREATE TABLE ~.t (id integer) PARTITION BY RANGE (id); CREATE TABLE ~.a PARTITION OF ~.t DEFAULT; CREATE FUNCTION ~.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER g AFTER INSERT ON ~.t FOR EACH ROW EXECUTE FUNCTION ~.f()",
        "ALTER TABLE ~.a DISABLE TRIGGER g",
        "",
        &[["trigger", "a", "g", AT_TARGET, "ALTER TABLE ~.a DISABLE TRIGGER g"]],
    ),
    case(
        TABLE,
        "CREATE RULE r AS ON DELETE TO ~.t DO INSTEAD NOTHING",
        "",
        &[["rule", "t", "r", AT_TARGET, "CREATE RULE r AS\n    ON DELETE TO ~.t DO INSTEAD NOTHING"]],
    ),
    // Owners and grants.
    case(
        TABLE,
        "ALTER TABLE ~.t OWNER TO \"@_é\"",
        "",
        &[["owner", "t", "table", OTHER, "ALTER TABLE ~.t OWNER TO \"@_é\""]],
    ),
    case(
        "CREATE FUNCTION ~.f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "ALTER FUNCTION ~.f OWNER TO @_role",
        "",
        &[["owner", "f(integer)", "function", OTHER, "ALTER FUNCTION ~.f(integer) OWNER TO @_role"]],
    ),
    case(
        TABLE,
        "GRANT SELECT, INSERT ON ~.t TO \"@_é\"; GRANT UPDATE ON ~.t TO \"@_é\" WITH GRANT OPTION",
        "GRANT SELECT, DELETE ON ~.t TO \"@_é\"",
        &[[
            "grant",
            "t",
            "@_é",
            OTHER,
            "REVOKE ALL ON TABLE ~.t FROM \"@_é\"; GRANT INSERT, SELECT ON TABLE ~.t TO \"@_é\"; GRANT UPDATE ON TABLE ~.t TO \"@_é\" WITH GRANT OPTION",
        ]],
    ),
    case(
        TABLE,
        "GRANT SELECT (v) ON ~.t TO @_role",
        "",
        &[["grant", "t", "@_role, column v", AT_TARGET, "GRANT SELECT (v) ON TABLE ~.t TO @_role"]],
    ),
    case(
        TABLE,
        "",
        "GRANT SELECT (v) ON ~.t TO @_role",
        &[["grant", "t", "@_role, column v", AT_SOURCE, "REVOKE ALL (v) ON TABLE ~.t FROM @_role"]],
    ),
    case(
        "CREATE FUNCTION ~.f() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "REVOKE EXECUTE ON FUNCTION ~.f() FROM PUBLIC",
        "",
        &[["grant", "f()", "PUBLIC", AT_SOURCE, "REVOKE ALL ON FUNCTION ~.f() FROM PUBLIC"]],
    ),
    case(
        "",
        "GRANT USAGE ON SCHEMA ~ TO @_role",
        "",
        &[["grant", "", "@_role", AT_TARGET, "GRANT USAGE ON SCHEMA ~ TO @_role"]],
    ),
];
