//! The parts of a PostgreSQL role's comment that this provider writes: which create created the role, or what it was
//! granted when it was adopted.
//!
//! The first line of a role that was created here is `Made by Terraform (rdsauth) at TIME, creation ID MARK`; roles of
//! older versions lack the second part. The last line of an adopted role is `Granted by Terraform (rdsauth): ["ROLE",
//! …]`. Everything else in the comment is kept.

use jiff::Timestamp;

const MADE: &str = "Made by Terraform (rdsauth) at ";
const MARKED: &str = ", creation ID ";

/// The beginning of the line with the roles that an adopted role was made a member of. If an answer is lost, the next
/// run must not take them for earlier memberships.
pub const GRANTED: &str = "Granted by Terraform (rdsauth): ";

/// The comment on a role that is created now, with the mark of its create.
pub fn created(now: Timestamp, mark: Option<&str>) -> String {
    let mark = mark.map(|mark| format!("{MARKED}{mark}")).unwrap_or_default();
    format!("{MADE}{}{mark}", Timestamp::from_second(now.as_second()).unwrap_or(now))
}

/// When a role with this comment was created.
pub fn created_at(comment: &str) -> Option<Timestamp> {
    let created = comment.lines().next()?.strip_prefix(MADE)?;
    created.split_once(MARKED).map_or(created, |(time, _)| time).parse().ok()
}

/// The mark of the create that created a role with this comment.
pub fn mark(comment: &str) -> Option<String> {
    let (_, mark) = comment.lines().next()?.strip_prefix(MADE)?.split_once(MARKED)?;
    Some(mark.to_owned())
}

/// The roles that an adopted role with this comment was granted; nothing if that was not noted.
pub fn granted(comment: &str) -> Option<Vec<String>> {
    serde_json::from_str(split(comment, GRANTED).1?).ok()
}

/// The comment with a note of these roles in place of the one that it has.
pub fn with_granted(comment: &str, roles: Vec<String>) -> String {
    let (others, _) = split(comment, GRANTED);
    with_note(others, GRANTED, &serde_json::Value::from(roles).to_string())
}

/// The comment without its note of what was granted; nothing if it has none.
pub fn without_granted(comment: &str) -> Option<&str> {
    let (others, note) = split(comment, GRANTED);
    note.map(|_| others)
}

/// A comment with a note of this beginning as its last line.
pub(super) fn with_note(others: &str, begin: &str, note: &str) -> String {
    let line = if others.is_empty() { "" } else { "\n" };
    format!("{others}{line}{begin}{note}")
}

/// A comment without its last line, if that is a note of this beginning, and the rest of that note.
pub(super) fn split<'a>(comment: &'a str, begin: &str) -> (&'a str, Option<&'a str>) {
    let (before, last) = comment.rsplit_once('\n').unwrap_or(("", comment));
    match last.strip_prefix(begin) {
        Some(noted) => (before, Some(noted)),
        None => (comment, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_back() {
        let now: Timestamp = "2026-11-22T11:00:00.25Z".parse().unwrap();
        let text = created(now, None);
        assert_eq!(text, "Made by Terraform (rdsauth) at 2026-11-22T11:00:00Z");
        assert_eq!(created_at(&text), "2026-11-22T11:00:00Z".parse().ok());
        let marked = format!("{}\nby sales", created(now, Some("user/1f")));
        assert_eq!((created_at(&marked), mark(&marked).as_deref()), (created_at(&text), Some("user/1f")));
        assert_eq!((created_at("Made by hand"), created_at(MADE), mark(&text)), (None, None, None));
    }

    #[test]
    fn what_was_granted_is_noted_below_the_comment() {
        let both = vec!["rds_iam".to_owned(), "reader".to_owned()];
        for comment in ["", "of sales", "of\nsales", &created(Timestamp::UNIX_EPOCH, None)] {
            let once = with_granted(comment, vec!["rds_iam".to_owned()]);
            assert_eq!(granted(&once), Some(vec!["rds_iam".to_owned()]));
            let twice = with_granted(&once, both.clone());
            assert_eq!((granted(&twice), created_at(&twice)), (Some(both.clone()), created_at(comment)));
            assert_eq!(without_granted(&twice), Some(comment), "what others wrote stays");
            assert_eq!(without_granted(comment), None);
        }
        assert_eq!(
            (granted("of sales"), granted(&format!("{GRANTED}[]\nof sales")), granted(GRANTED)),
            (None, None, None)
        );
    }
}
