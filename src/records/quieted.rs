//! What is stored while a restored database is made quiet: in its claim what is stopped, in a tag of its temporary
//! parameter group what that stands for.

use serde_json::json;

/// The key of the tag of a temporary parameter group. Its value is the name of the group that the database shall have in
/// the end.
pub const STANDS_FOR: &str = "rdsauth:stands-for";

/// Something that is stopped: kind, database, name, how it was, and the statements that start it again.
pub type Entry = [String; 5];

/// A list as the claim of the create has it.
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
        let entry = |name: &str| ["event", "shop", name, "enabled", "ALTER EVENT `it's` ENABLE"].map(str::to_owned);
        let all = vec![entry("it's"), entry("\"b\"\n")];
        assert_eq!(parse(&text(&all)), Some(all));
        for other in ["arn:aws:kms:eu-west-1:123456789012:key/k", "[[\"event\"]]", "{}"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
