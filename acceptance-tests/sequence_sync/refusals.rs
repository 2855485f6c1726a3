//! What is refused, before anything is changed.

use crate::sequence_sync::{IT, Scene};

#[test]
fn a_source_that_can_be_written_to_is_refused() {
    let scene = Scene::new("CREATE SEQUENCE s", "SELECT setval('s', 50)", "");
    let refused = |name: &str| {
        let run = scene.tf.apply_fails();
        run.assert_refused(&scene.named(name), "host");
        assert_eq!(run.error().summary, "Source can still be written to");
        assert_eq!(scene.target("s"), "1|f");
    };
    scene.sql("postgres", "ALTER DATABASE source_ID RESET default_transaction_read_only");
    refused("can still be written to by \"");
    scene.fence();
    scene.sql("postgres", "ALTER ROLE raiser_ID IN DATABASE source_ID SET default_transaction_read_only = off");
    refused("can still be written to by \"raiser_ID\": ");
    scene.sql("postgres", "ALTER ROLE raiser_ID IN DATABASE source_ID SET default_transaction_read_only = true");
    scene.tf.apply();
    assert_eq!(scene.target("s"), "1050|t");
    scene.tf.destroy();
}

#[test]
fn it_can_be_asked_for_while_the_source_is_in_use() {
    let scene = Scene::new("CREATE SEQUENCE s", "SELECT setval('s', 50)", "");
    scene.sql("postgres", "ALTER DATABASE source_ID RESET default_transaction_read_only");
    scene.configure("  allow_writable_source = true");
    scene.tf.apply();
    assert_eq!(scene.target("s"), "1050|t");
    scene.tf.destroy();
}

#[test]
fn what_cannot_be_raised_is_named() {
    let schema = "CREATE SEQUENCE good; CREATE SEQUENCE small; CREATE SEQUENCE turned";
    let scene = Scene::new(
        schema,
        "SELECT setval('good', 5), setval('small', 120)",
        "ALTER SEQUENCE small MAXVALUE 127; ALTER SEQUENCE turned INCREMENT -1 MINVALUE -9 MAXVALUE 9",
    );
    scene.configure("  margin = 8");
    let run = scene.tf.apply_fails();
    run.assert_refused("\"public.small\" is at 120 at the source", "margin");
    run.assert_refused("\"public.turned\" ascends in one database", "margin");
    assert_eq!(scene.target("good"), "1|f", "nothing was changed");
    scene.at_target("DROP SEQUENCE turned; CREATE SEQUENCE turned; GRANT SELECT, UPDATE ON turned TO raiser_ID");
    scene.configure("  margin = 7");
    scene.tf.apply();
    assert_eq!((scene.target("good"), scene.target("small")), ("12|t".to_owned(), "127|t".to_owned()));
    scene.tf.destroy();
}

#[test]
fn privileges_that_are_missing_are_named() {
    let scene = Scene::new("CREATE SEQUENCE s; CREATE SEQUENCE t", "SELECT setval('s', 50)", "");
    scene.sql("target_ID", "REVOKE UPDATE ON s FROM raiser_ID");
    let run = scene.tf.apply_fails();
    run.assert_refused("\"public.s\": it needs USAGE on the schema and UPDATE", "host");
    scene.sql("target_ID", "GRANT UPDATE ON s TO raiser_ID; REVOKE UPDATE ON t FROM raiser_ID");
    scene.sql("source_ID", "SET default_transaction_read_only = off; REVOKE SELECT ON s FROM reader_ID");
    let run = scene.tf.apply_fails();
    run.assert_refused("\"public.s\": it needs USAGE on the schema and SELECT", "host");
    assert_eq!(scene.target("s"), "1|f", "nothing was changed");
    scene.sql("source_ID", "SET default_transaction_read_only = off; GRANT SELECT ON s TO reader_ID");
    scene.tf.apply();
    assert_eq!(scene.target("s"), "1050|t", "what is not raised needs no privilege");
    scene.tf.destroy();
}

#[test]
fn sessions_of_the_target_may_hold_values() {
    let scene = Scene::new("CREATE SEQUENCE s CACHE 20", "SELECT setval('s', 50)", "SELECT nextval('s')");
    scene.tf.apply().expect_text("Sessions may hold older values").expect_text("public.s");
    assert_eq!(scene.target("s"), "1050|t");
    let run = scene.tf.destroy();
    run.expect_text("Sequences were left as they are");
}

#[test]
fn source_and_target_are_two_databases() {
    let scene = Scene::new("CREATE SEQUENCE s", "", "");
    let text = scene.tf.read("main.tf").replace("target_1", "source_1").replace("target_2", "source_2");
    let text = text.replace(&scene.named("\"target_ID\""), &scene.named("\"source_ID\""));
    scene.tf.write("main.tf", &text);
    scene.tf.plan_fails().assert_refused("both lead to", "host");
    assert_eq!(scene.tf.state().addresses(), [""; 0], "{IT}");
}
