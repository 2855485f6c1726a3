//! What a fence notes in the server itself.
//!
//! In PostgreSQL it is the last line of a database's comment while the database is fenced: who has fenced it, and which
//! settings were there before. Everything else in the comment is kept. In MySQL and MariaDB it is a role without
//! privileges, which the locked accounts have.

use serde_json::{Value, json};

use crate::records::hex;
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

/// The beginning of the name of a fence's role. RDS reserves no name with it, and the whole name has the 32 characters that
/// MySQL allows.
pub const ROLE: &str = "rdsauth_";

/// The ID in a mark, and the digits that stand for databases.
const DIGITS: (usize, usize) = (16, 7);

/// The name of the role of a fence around these databases, whatever their order.
pub fn role(mark: &str, databases: &[String]) -> String {
    let id = mark.rsplit_once('/').map_or(mark, |(_, id)| id);
    format!("{ROLE}{id}_{}", digits(databases))
}

/// The ID of the create that set the fence around these databases with a role of this name.
pub fn id_of_role(name: &str, databases: &[String]) -> Option<String> {
    is_role(name)
        .then(|| name[ROLE.len()..].split_once('_'))
        .flatten()
        .and_then(|(id, of)| (of == digits(databases)).then(|| id.to_owned()))
}

/// Whether a role of this name is that of a fence.
pub fn is_role(name: &str) -> bool {
    let parts = name.strip_prefix(ROLE).and_then(|rest| rest.split_once('_'));
    parts.is_some_and(|(id, of)| {
        (id.len(), of.len()) == DIGITS && [id, of].iter().all(|part| part.bytes().all(|c| c.is_ascii_hexdigit()))
    })
}

fn digits(databases: &[String]) -> String {
    let mut names: Vec<_> = databases.iter().map(|name| format!("{}:{name}", name.len())).collect();
    names.sort_unstable();
    hex(&names.concat()).chars().take(DIGITS.1).collect()
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

    #[test]
    fn a_role_tells_whose_fence_it_is_and_around_what() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let one = role("write_fence/0123456789abcdef", &names(&["shop", "billing"]));
        assert_eq!(one.len(), 32, "{one}");
        assert_eq!(id_of_role(&one, &names(&["billing", "shop"])).as_deref(), Some("0123456789abcdef"));
        assert_eq!(id_of_role(&one, &names(&["shop"])), None);
        assert!(is_role(&one) && !is_role("rdsauth_readers") && !is_role("rdsauth_0123456789abcdef_readers"));
        assert_ne!(role("x", &names(&["ab", "c"])), role("x", &names(&["a", "bc"])));
    }
}
