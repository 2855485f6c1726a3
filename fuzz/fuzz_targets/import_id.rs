//! Import ids, given to every resource: what is accepted can be told back from the attributes, and the object that is
//! imported by its identity is the same one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rdsauth_fuzz::{NAME, core, has_errors, object};
use terraform_provider_rdsauth::provider::Rdsauth;
use terraform_provider_rdsauth::world::World;
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::proto::tfplugin5::import_resource_state::{Request, Response};
use tf_provider::proto::tfplugin5::provider_server::Provider as _;
use tf_provider::schema::{Provider, ResourceEntry};
use tf_provider::value::{Object, Value};

fuzz_target!(|id: &str| {
    for entry in <Rdsauth as Provider>::resources() {
        match entry.import(id) {
            Ok(found) => {
                assert_eq!(Value::Map(found.clone()).conforms(&entry.table().ty()), Ok(()));
                if !has_several_spellings(entry.name()) {
                    let told = told(entry.name(), &found).unwrap_or_else(|| of_identity(*entry, &found));
                    assert_eq!(Value::string(told), Value::string(id), "{}", entry.name());
                }
                import(*entry, id, &found);
            }
            Err(error) => {
                assert_eq!(error.summary, "Malformed import id");
                assert!(error.detail.ends_with('.'), "{}", error.detail);
            }
        }
    }
});

/// Users in a database: the parts of their ids are percent-encoded, some more and some less.
fn has_several_spellings(resource: &str) -> bool {
    matches!(resource, "mysql_iam_user" | "postgresql_iam_user")
}

/// The id of an object, where it is not the attributes of its identity.
fn told(resource: &str, object: &Object) -> Option<String> {
    let get = |name: &str| object.get(name).and_then(Value::as_str);
    let one_of = |kinds: &[(&str, &str)]| {
        kinds.iter().find_map(|(kind, attribute)| Some(format!("{kind}{}", get(attribute)?))).unwrap_or_default()
    };
    let region = get("region").map(|region| format!("@{region}")).unwrap_or_default();
    let told = match resource {
        "db_secret" => one_of(&[("", "arn"), ("", "name")]),
        "iam_authentication" | "replication_iam_auth" => {
            one_of(&[("instance/", "db_instance_identifier"), ("cluster/", "db_cluster_identifier")]) + &region
        }
        "iam_db_user_policy" => {
            let owner = one_of(&[("role/", "role"), ("user/", "user"), ("group/", "group")]);
            format!("{owner}/{}", get("policy_name")?)
        }
        "kms_key" => one_of(&[("", "alias"), ("", "arn"), ("", "key_id")]),
        "kms_key_user" => format!("{}|{}", get("kms_key_arn")?, get("sid")?),
        "parameter" => {
            let groups = [
                ("db-parameter-group/", "db_parameter_group_name"),
                ("db-cluster-parameter-group/", "db_cluster_parameter_group_name"),
            ];
            format!("{}/{}{region}", one_of(&groups), get("name")?)
        }
        _ => return None,
    };
    Some(told)
}

fn of_identity(entry: ResourceEntry<World>, object: &Object) -> String {
    let text = |name: &str| match object.get(name) {
        Some(Value::Number(number)) => number.to_string(),
        value => value.and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    entry.table().identity().map(|attribute| text(attribute.name)).collect::<Vec<_>>().join("/")
}

/// Imports as core does, by the id and then by the identity that this tells.
fn import(entry: ResourceEntry<World>, id: &str, known: &Object) {
    let type_name = format!("{NAME}_{}", entry.name());
    let call = |id: String, identity| {
        let request = Request { type_name: type_name.clone(), id, identity, ..Default::default() };
        let answer: Response = core().answer(core().provider.import_resource_state(tonic::Request::new(request)));
        assert!(!has_errors(&answer.diagnostics), "{answer:?}");
        let [imported] = <[_; 1]>::try_from(answer.imported_resources).expect("one object");
        let state = object(entry.table(), imported.state.as_ref());
        (state, imported.identity)
    };
    let (state, identity) = call(id.to_owned(), None);
    for (name, value) in known {
        assert_eq!(state.get(name), Some(value), "{name}");
    }
    let Some(identity) = identity else { return };
    let (by_identity, again) = call(String::new(), Some(wire::ResourceIdentityData::clone(&identity)));
    assert_eq!(again, Some(identity));
    for (name, value) in by_identity.iter().filter(|(_, value)| !value.is_null()) {
        assert_eq!(state.get(name), Some(value), "{name}");
    }
}
