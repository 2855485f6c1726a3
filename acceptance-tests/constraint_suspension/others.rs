//! Objects that others changed, dropped or created meanwhile, and sessions that hold locks.

use serde_json::json;

use crate::constraint_suspension::Scene;

#[test]
fn what_others_have_changed_is_told_and_not_overwritten() {
    let scene = Scene::new();
    scene.tf.apply();
    scene.sql(
        "SET search_path = \"Shop é\"; \
         ALTER TABLE pair ENABLE TRIGGER always; DROP TRIGGER statement ON \"Order\"; \
         ALTER TABLE \"Order\" ADD CONSTRAINT \"fk é\" FOREIGN KEY (customer_id) REFERENCES customer; \
         ALTER TABLE other.invoice ADD CONSTRAINT invoice_order_id_fkey FOREIGN KEY (order_id) REFERENCES \"Order\"; \
         CREATE TRIGGER fresh BEFORE INSERT ON pair FOR EACH ROW EXECUTE FUNCTION pass(); \
         DROP TABLE half; ALTER TABLE note RENAME TO remark",
    );
    scene.tf.run(&["apply", "-auto-approve", "-refresh-only"]).expect_code(0);
    let active = [
        "foreign key \"fk é\" of table \"Shop é\".\"Order\"",
        "foreign key \"invoice_order_id_fkey\" of table \"other\".\"invoice\"",
        "trigger \"always\" of table \"Shop é\".\"pair\"",
        "trigger \"fresh\" of table \"Shop é\".\"pair\"",
    ];
    assert_eq!(scene.state("active_objects"), json!(active));
    let run = scene.tf.ok(&["destroy", "-auto-approve", "-json"]);
    let mut told = run.diagnostics();
    told.retain(|told| told.summary == "Suspended object was changed by others");
    let told: Vec<_> = told.into_iter().map(|told| told.detail).collect();
    for part in ["\"always\" of table", "\"statement\" of table", "\"fk é\" of table", "\"whole\" of table"] {
        assert!(told.iter().any(|told| told.contains(part)), "{part} is not told: {told:#?}");
    }
    assert!(!told.iter().any(|told| told.contains("invoice")), "it is as it was: {told:#?}");
    assert_eq!(scene.sql("SELECT tgenabled FROM pg_trigger WHERE tgname = 'always'"), "O");
    assert_eq!(scene.sql("SELECT confdeltype FROM pg_constraint WHERE conname = 'fk é'"), "a");
    assert_eq!(
        scene.sql("SELECT conrelid::regclass FROM pg_constraint WHERE conname = 'of_event'"),
        "\"Shop é\".remark"
    );
    assert!(!scene.has_inventory());
}

#[test]
fn a_renamed_reference_stops_only_its_own_key() {
    let scene = Scene::new();
    scene.tf.apply();
    scene.sql("ALTER TABLE \"Shop é\".\"Order\" RENAME TO purchase");
    let detail = scene.destroy_fails().detail;
    assert!(detail.contains("is called \"Shop é\".\"purchase\" now") && detail.contains("cycle"), "{detail}");
    scene.sql("ALTER TABLE \"Shop é\".purchase RENAME TO \"Order\"");
    scene.tf.destroy();
    assert!(!scene.has_inventory());
}
