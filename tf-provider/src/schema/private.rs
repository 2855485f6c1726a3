//! Private state: what Terraform stores with the state of an object and never shows.

use serde_json::{Value, json};

/// The private state of a resource, a few bytes of JSON: `{"version":1,"creation_id":"…"}`.
///
/// Terraform stores it with the answers to create, read, update, import and move, and sends it with each later request.
/// What another version of the provider has stored in another form is kept byte for byte until something here changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Private {
    /// Which create created the object; null if it was imported, or created by a version that kept no such id.
    pub creation_id: Option<String>,
    /// Whether an import or a move has named the object and no read has completed it yet.
    pub is_imported: bool,
}

/// The version of the form; another one is not understood.
const VERSION: u64 = 1;

impl Private {
    /// Reads what [`encode`](Self::encode) wrote; nothing if it has another format.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let json: Value = serde_json::from_slice(bytes).ok()?;
        let creation_id = json["creation_id"].as_str().map(str::to_owned);
        let is_imported = json["is_imported"] == json!(true);
        (json["version"] == json!(VERSION)).then_some(Self { creation_id, is_imported })
    }

    /// The bytes to store; none if there is nothing to keep.
    pub fn encode(&self) -> Vec<u8> {
        if *self == Self::default() {
            return Vec::new();
        }
        let mut json = json!({ "version": VERSION });
        if let Some(id) = &self.creation_id {
            json["creation_id"] = json!(id);
        }
        if self.is_imported {
            json["is_imported"] = json!(true);
        }
        json.to_string().into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for private in [
            Private::default(),
            Private { creation_id: Some("1f".to_owned()), is_imported: false },
            Private { creation_id: None, is_imported: true },
        ] {
            assert_eq!(Private::decode(&private.encode()).as_ref(), Some(&private));
        }
        assert_eq!(Private::default().encode(), b"");
    }

    #[test]
    fn another_form_is_not_understood() {
        for bytes in [&b"private"[..], b"{}", br#"{"version":2,"creation_id":"1f"}"#, b"null"] {
            assert_eq!(Private::decode(bytes), None);
        }
    }
}
