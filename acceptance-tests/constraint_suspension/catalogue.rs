//! A schema that has every kind of foreign key and trigger, and all that the catalogues show of them.

/// Its owner is a role of which the master user is a member. The rows of `half` violate the foreign key `late`.
pub(super) const EVERYTHING: &str = r#"
CREATE ROLE oID; GRANT oID TO mID; GRANT CREATE ON DATABASE dID TO oID;
CREATE ROLE readerID LOGIN PASSWORD 'correct-horse-battery-staple';
CREATE FUNCTION public.nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN NULL; END';
CREATE EVENT TRIGGER "watch ID" ON ddl_command_end EXECUTE FUNCTION public.nothing();
ALTER DEFAULT PRIVILEGES FOR ROLE mID GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE mID GRANT USAGE ON SCHEMAS TO PUBLIC;
SET ROLE oID;
CREATE SCHEMA "Shop é"; CREATE SCHEMA other;
SET search_path = "Shop é";
CREATE FUNCTION pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
CREATE TABLE customer (
    id int PRIMARY KEY, email text UNIQUE,
    boss int CONSTRAINT "own ""boss""" REFERENCES customer DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE "Order" (id int PRIMARY KEY, customer_id int, "État" text,
    CONSTRAINT "fk é" FOREIGN KEY (customer_id) REFERENCES customer ON DELETE CASCADE ON UPDATE SET NULL);
COMMENT ON CONSTRAINT "fk é" ON "Order" IS E'it''s a \\ "key"';
ALTER TABLE customer ADD last_order int CONSTRAINT cycle REFERENCES "Order" DEFERRABLE;
ALTER TABLE customer ADD by_email text CONSTRAINT mail REFERENCES customer (email) ON DELETE SET DEFAULT;
CREATE TABLE pair (a int NOT NULL, b int NOT NULL);
CREATE UNIQUE INDEX pair_first ON pair (a, b);
ALTER TABLE pair ADD PRIMARY KEY (a, b);
CREATE TABLE half (x int, y int,
    CONSTRAINT whole FOREIGN KEY (x, y) REFERENCES pair MATCH FULL,
    CONSTRAINT part FOREIGN KEY (x, y) REFERENCES pair ON DELETE SET NULL (y) ON UPDATE RESTRICT,
    CONSTRAINT first FOREIGN KEY (x, y) REFERENCES pair (a, b) ON UPDATE CASCADE);
INSERT INTO pair VALUES (99, 1); INSERT INTO half VALUES (99, 1);
ALTER TABLE half ADD CONSTRAINT late FOREIGN KEY (x) REFERENCES customer NOT VALID;
CREATE TABLE other.invoice (id int PRIMARY KEY, order_id int REFERENCES "Order");
CREATE TABLE event (id int, at int, customer_id int, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM (0) TO (10);
ALTER TABLE event ADD CONSTRAINT of_customer FOREIGN KEY (customer_id) REFERENCES customer ON DELETE CASCADE;
CREATE TABLE event_2 (id int NOT NULL, at int NOT NULL, customer_id int, PRIMARY KEY (id, at),
    CONSTRAINT "by hand" FOREIGN KEY (customer_id) REFERENCES customer ON DELETE CASCADE);
COMMENT ON CONSTRAINT "by hand" ON event_2 IS 'of a partition';
CREATE TABLE note (id int PRIMARY KEY, event_id int, event_at int);
ALTER TABLE note ADD CONSTRAINT of_event FOREIGN KEY (event_id, event_at) REFERENCES event;
ALTER TABLE event ATTACH PARTITION event_2 FOR VALUES FROM (10) TO (20);
CREATE TABLE event_3 PARTITION OF event FOR VALUES FROM (20) TO (40) PARTITION BY RANGE (at);
CREATE TABLE event_3a PARTITION OF event_3 FOR VALUES FROM (20) TO (30);
CREATE TRIGGER "Zweite ü" BEFORE INSERT ON "Order" FOR EACH ROW EXECUTE FUNCTION pass('x', 'it''s');
CREATE TRIGGER first BEFORE INSERT OR UPDATE OF "État" ON "Order" FOR EACH ROW
    WHEN (NEW."État" IS NOT NULL) EXECUTE FUNCTION pass();
COMMENT ON TRIGGER first ON "Order" IS 'the first';
CREATE TRIGGER statement AFTER UPDATE ON "Order" REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION pass();
CREATE TRIGGER on_truncate BEFORE TRUNCATE ON "Order" FOR EACH STATEMENT EXECUTE FUNCTION fail();
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON customer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail();
CREATE TRIGGER on_replica BEFORE INSERT ON pair FOR EACH ROW EXECUTE FUNCTION pass();
CREATE TRIGGER always BEFORE INSERT ON pair FOR EACH ROW EXECUTE FUNCTION pass();
CREATE TRIGGER never BEFORE INSERT ON pair FOR EACH ROW EXECUTE FUNCTION fail();
ALTER TABLE pair ENABLE REPLICA TRIGGER on_replica, ENABLE ALWAYS TRIGGER always, DISABLE TRIGGER never;
CREATE TRIGGER each AFTER INSERT ON event FOR EACH ROW EXECUTE FUNCTION pass();
ALTER TABLE ONLY event_1 DISABLE TRIGGER each; ALTER TABLE ONLY event_2 ENABLE ALWAYS TRIGGER each;
CREATE VIEW seen AS SELECT * FROM pair;
CREATE TRIGGER instead INSTEAD OF INSERT ON seen FOR EACH ROW EXECUTE FUNCTION fail();
"#;

/// Catalogues and the information schema, field by field. OIDs are names; the names of system triggers, which contain
/// OIDs, are their places in the order of creation.
pub(super) const SNAPSHOT: &str = r#"
WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN ('Shop é', 'other')),
c AS (SELECT k.*, k.conrelid::regclass::text || '.' || k.conname || ' -> ' || k.confrelid::regclass::text AS label
    FROM pg_constraint k WHERE k.connamespace IN (TABLE ours)),
t AS (SELECT t.*, t.tgrelid::regclass::text AS tab, CASE WHEN t.tgisinternal THEN
        'system ' || row_number() OVER (PARTITION BY t.tgrelid, t.tgisinternal ORDER BY t.oid) ELSE t.tgname END AS label
    FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid WHERE r.relnamespace IN (TABLE ours)),
described AS (SELECT d.*, regexp_replace(pg_describe_object(d.classid, d.objid, d.objsubid), '_\d+', '', 'g') AS of,
        regexp_replace(pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid), '_\d+', '', 'g') AS on_
    FROM pg_depend d WHERE d.classid IN ('pg_constraint'::regclass, 'pg_trigger'::regclass)
        AND (d.objid IN (SELECT oid FROM c) OR d.objid IN (SELECT oid FROM t)))
SELECT json_build_object(
'pg_constraint', (SELECT json_agg(json_build_array(label, contype, condeferrable, condeferred, convalidated,
    (SELECT p.label FROM c p WHERE p.oid = c.conparentid), conindid::regclass::text, confupdtype, confdeltype, confmatchtype,
    conislocal, coninhcount, connoinherit, conkey, confkey, conpfeqop::regoperator[]::text, conppeqop::regoperator[]::text,
    conffeqop::regoperator[]::text, confdelsetcols, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint'))
    ORDER BY label, (SELECT p.label FROM c p WHERE p.oid = c.conparentid)) FROM c),
'order', (SELECT json_agg(label ORDER BY oid) FROM c WHERE contype = 'f' AND conparentid = 0),
'pg_trigger', (SELECT json_agg(json_build_array(tab, label, tgfoid::regproc::text, tgtype, tgenabled, tgisinternal,
    tgconstrrelid::regclass::text, tgconstrindid::regclass::text, (SELECT c.label FROM c WHERE c.oid = t.tgconstraint),
    tgdeferrable, tginitdeferred, tgnargs, tgattr::text, encode(tgargs, 'hex'), tgqual::text, tgoldtable, tgnewtable,
    (SELECT p.tab FROM t p WHERE p.oid = t.tgparentid), CASE WHEN NOT tgisinternal THEN pg_get_triggerdef(oid) END,
    obj_description(oid, 'pg_trigger')) ORDER BY tab, label) FROM t),
'pg_depend', (SELECT json_agg(json_build_array(of, on_, deptype) ORDER BY of, on_, deptype) FROM described),
'pg_class', (SELECT json_agg(json_build_array(oid::regclass::text, relhastriggers, relchecks, relacl::text, relowner::regrole::text)
    ORDER BY oid::regclass::text) FROM pg_class WHERE relnamespace IN (TABLE ours)),
'event_triggers', (SELECT json_agg(json_build_array(evtname, evtenabled)) FROM pg_event_trigger),
'table_constraints', (SELECT json_agg(x ORDER BY x::text) FROM information_schema.table_constraints x
    WHERE table_schema IN ('Shop é', 'other') AND constraint_type = 'FOREIGN KEY'),
'referential_constraints', (SELECT json_agg(x ORDER BY x::text) FROM information_schema.referential_constraints x
    WHERE constraint_schema IN ('Shop é', 'other')),
'key_column_usage', (SELECT json_agg(x ORDER BY x::text) FROM information_schema.key_column_usage x
    WHERE table_schema IN ('Shop é', 'other')),
'constraint_column_usage', (SELECT json_agg(x ORDER BY x::text) FROM information_schema.constraint_column_usage x
    WHERE table_schema IN ('Shop é', 'other')),
'triggers', (SELECT json_agg(to_jsonb(x) - 'created' ORDER BY x::text) FROM information_schema.triggers x
    WHERE trigger_schema IN ('Shop é', 'other')))
"#;
