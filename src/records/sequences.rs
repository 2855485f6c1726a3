//! What the claim of a synchronization of sequences notes: where those of the target were before the first write.

use serde_json::json;

/// A sequence: schema, name, and the last value used, or null.
pub type Entry = (String, String, Option<String>);

/// A list as the claim has it.
pub fn text(all: &[Entry]) -> String {
    json!(all).to_string()
}

/// Reads a claim; nothing if it is of another kind.
pub fn parse(text: &str) -> Option<Vec<Entry>> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_again() {
        let entry = |name: &str, value: Option<&str>| ("shop".to_owned(), name.to_owned(), value.map(str::to_owned));
        let all = vec![entry("it's \"q\"", None), entry("n", Some("18446744073709551615"))];
        assert_eq!(parse(&text(&all)), Some(all));
        assert_eq!(parse("arn:aws:kms:eu-west-1:123456789012:key/k"), None);
    }
}
