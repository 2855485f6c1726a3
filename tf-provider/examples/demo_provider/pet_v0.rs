//! Version 0 of the state of `demo_pet`, frozen: it had `title` for `nickname`, and labels as a list of `key=value`.

use serde_json::{Map, Value as Json};
use tf_provider::diagnostic::{Diagnostic, Result};

/// Makes a state of version 1 of it.
pub(crate) fn upgrade(mut state: Json) -> Result<Json> {
    let object = state.as_object_mut().ok_or_else(|| Diagnostic::error("Unreadable state", "It is no object."))?;
    if let Some(title) = object.remove("title") {
        object.insert("nickname".to_owned(), title);
    }
    if let Some(Json::Array(labels)) = object.get("labels") {
        let pairs = labels.iter().filter_map(|label| label.as_str()?.split_once('='));
        let labels: Map<_, _> = pairs.map(|(key, value)| (key.to_owned(), value.into())).collect();
        object.insert("labels".to_owned(), Json::Object(labels));
    }
    Ok(state)
}
