//! The action `rdsauth_sequence_sync`, which leaves no object in the state.

use serde_json::json;

use crate::sequence_sync::{PASSWORD, Scene};
use crate::support::rpc::Action;

#[test]
fn sequences_are_raised_once_and_never_lowered() {
    let scene = Scene::new("CREATE SEQUENCE numbers", "SELECT setval('numbers', 500)", "SELECT 1");
    scene.tf.write("main.tf", "");
    let login = |side: &str, user: &str| {
        let (database, username) = (scene.named(&format!("{side}_ID")), scene.named(user));
        json!({ "host": scene.host, "database": database, "username": username, "auth": "provider" })
    };
    let authority = scene.account.database_authority();
    let block = json!({ "database_connection": [{ "password": PASSWORD, "ca_certificate": authority }] });
    let action = Action { tf: &scene.tf, block, kind: "rdsauth_sequence_sync" };
    let (source, target) = (login("source", "reader_ID"), login("target", "raiser_ID"));
    let config = json!({ "engine": "postgres", "source_connection": source, "target_connection": target });
    for text in ["Raised public.numbers", "above those of the source already"] {
        let said = action.invoke(&config).unwrap();
        assert!(said.contains(text), "{said}");
        assert_eq!(scene.target("numbers").trim(), "1500|t");
    }
    scene.sql("postgres", "ALTER DATABASE source_ID RESET default_transaction_read_only");
    let said = action.invoke(&config).unwrap_err();
    assert!(said.contains("allow_writable_source"), "{said}");
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
    let said = action
        .invoke(&json!({ "engine": "postgres", "source_connection": target, "target_connection": target }))
        .unwrap_err();
    assert!(said.contains("Source and target are the same database"), "{said}");
}
