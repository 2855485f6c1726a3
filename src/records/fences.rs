//! The last line of a PostgreSQL database's comment while the database is fenced: who has fenced it, and which settings
//! were there before. Everything else in the comment is kept.

use serde_json::{Value, json};

use crate::records::role_comments::{split, with_note};

const FENCED: &str = "Fenced by Terraform (rdsauth): ";

/// A fence around a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fence {
    /// The mark of the create that set it.
    pub mark: String,
    /// Users, or null for the whole database, and the value of the setting before, or null.
    pub before: Vec<Entry>,
}

/// A setting of a user in the database, or of the database itself.
pub type Entry = (Option<String>, Option<String>);

/// The comment with this fence in place of the one that it has.
pub fn with(comment: &str, fence: &Fence) -> String {
    let (others, _) = split(comment, FENCED);
    with_note(others, FENCED, &json!({ "mark": fence.mark, "before": fence.before }).to_string())
}

/// The comment without its fence, and the fence.
pub fn without(comment: &str) -> (&str, Option<Fence>) {
    let (others, note) = split(comment, FENCED);
    match note.and_then(parse) {
        Some(fence) => (others, Some(fence)),
        None => (comment, None),
    }
}

fn parse(note: &str) -> Option<Fence> {
    let mut json: Value = serde_json::from_str(note).ok()?;
    let mark = json["mark"].as_str()?.to_owned();
    Some(Fence { mark, before: serde_json::from_value(json["before"].take()).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_read_again_and_leaves_the_comment() {
        let before = vec![(None, None), (Some("it's \"x\"".to_owned()), Some("off".to_owned()))];
        let fence = Fence { mark: "write_fence/1f".to_owned(), before };
        for comment in ["", "of sales", "of\nsales"] {
            let once = with(comment, &Fence::default());
            let twice = with(&once, &fence);
            assert_eq!(without(&twice), (comment, Some(fence.clone())));
            assert_eq!(without(comment), (comment, None));
        }
        assert_eq!(without("Fenced by Terraform (rdsauth): by hand").1, None);
    }
}
