//! Names and texts as parts of SQL. No other module adds quotes to anything.

use std::fmt;

/// The longest name of PostgreSQL, in bytes; it cuts longer ones off and says nothing.
const POSTGRES_MAX: usize = 63;

/// A name that the server cannot have: one whole sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NameError(String);

/// A name of PostgreSQL in double quotes, whatever `standard_conforming_strings` says.
///
/// # Errors
/// It is empty, longer than 63 bytes, or contains the character NUL.
pub fn pg_name(name: &str) -> Result<String, NameError> {
    check_pg_name(name)?;
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// Why a name is impossible in PostgreSQL.
///
/// # Errors
/// It is empty, longer than 63 bytes, or contains the character NUL.
pub fn check_pg_name(name: &str) -> Result<(), NameError> {
    check(name, name.len() <= POSTGRES_MAX, || {
        format!("has {} bytes, and PostgreSQL truncates names after {POSTGRES_MAX}", name.len())
    })
}

/// A text of PostgreSQL, whatever `standard_conforming_strings` says.
///
/// # Errors
/// It contains the character NUL.
pub fn pg_text(text: &str) -> Result<String, NameError> {
    match text.contains('\0') {
        true => Err(NameError("PostgreSQL text cannot contain the character NUL.".to_owned())),
        false => Ok(format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))),
    }
}

/// A name of MySQL or MariaDB in backticks, in which a backslash is a character like any other, whatever `sql_mode`
/// says. User and host of an account are such names, too.
///
/// # Errors
/// It is empty, has more than `max` characters, ends with a space, or contains NUL or a character beyond U+FFFF.
pub fn my_name(name: &str, max: usize) -> Result<String, NameError> {
    check_my_name(name, max)?;
    Ok(my_given(name))
}

/// A name from a server's answer, in backticks again.
pub(crate) fn my_given(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text of MySQL or MariaDB, in sessions in which a backslash has a meaning, and otherwise if there is none in it.
pub(crate) fn my_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// An account of MySQL or MariaDB from a server's answer, `user@host`; a role of MariaDB has no host.
pub(crate) fn my_account(account: &str) -> String {
    match account.rsplit_once('@') {
        Some((user, host)) if !host.is_empty() => format!("{}@{}", my_given(user), my_given(host)),
        Some((role, _)) => my_given(role),
        None => my_given(account),
    }
}

/// Why a name is impossible in MySQL and MariaDB.
///
/// # Errors
/// It is empty, has more than `max` characters, ends with a space, or contains NUL or a character beyond U+FFFF.
pub fn check_my_name(name: &str, max: usize) -> Result<(), NameError> {
    let length = name.chars().count();
    check(name, length <= max, || format!("has {length} characters, and at most {max} are allowed"))?;
    match () {
        () if name.ends_with(' ') => Err(complaint(name, "ends with a space, which MySQL removes")),
        () if name.chars().any(|c| u32::from(c) > 0xFFFF) => {
            Err(complaint(name, "contains a character beyond U+FFFF, which MySQL does not allow in names"))
        }
        () => Ok(()),
    }
}

fn check(name: &str, fits: bool, too_long: impl FnOnce() -> String) -> Result<(), NameError> {
    match () {
        () if name.is_empty() => Err(NameError("A name cannot be empty.".to_owned())),
        () if name.contains('\0') => Err(complaint(name, "contains the character NUL")),
        () if !fits => Err(complaint(name, too_long())),
        () => Ok(()),
    }
}

fn complaint(name: &str, what: impl fmt::Display) -> NameError {
    NameError(format!("The name {name:?} {what}."))
}

/// A statement for the log: names and key words without the texts between quotes.
pub(crate) fn without_texts(sql: &str) -> String {
    let (mut shown, mut quote, mut chars) = (String::new(), None, sql.chars());
    while let Some(c) = chars.next() {
        match (quote, c) {
            // In PostgreSQL this may escape a quote, and in MySQL it does: the rest belongs to the text.
            (Some('\''), '\\') => _ = chars.next(),
            (Some(open), c) if c == open => {
                shown.push(c);
                quote = None;
            }
            (Some('\''), _) => {}
            (Some(_), c) => shown.push(c),
            (None, c) => {
                shown.push(c);
                quote = ['\'', '"', '`'].contains(&c).then_some(c);
                if c == '\'' {
                    shown.push('…');
                }
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_are_doubled() {
        assert_eq!(pg_name(r#"a"b\c"#).unwrap(), r#""a""b\c""#);
        assert_eq!(my_name(r"a`b\c", 32).unwrap(), r"`a``b\c`");
        assert_eq!(pg_text(r"it's \n").unwrap(), r"E'it''s \\n'");
    }

    #[test]
    fn impossible_names_are_refused() {
        for name in ["", "a\0b", &"x".repeat(64), &"é".repeat(32)] {
            assert!(pg_name(name).is_err(), "{name:?}");
        }
        for name in ["", "a\0b", &"x".repeat(33), "blank ", "😀"] {
            assert!(my_name(name, 32).is_err(), "{name:?}");
        }
        assert!(pg_text("\0").is_err());
        assert_eq!(pg_name(&"é".repeat(31)).unwrap().len(), 64);
        assert!(my_name(&"é".repeat(32), 32).is_ok());
    }

    #[test]
    fn statements_are_logged_without_texts() {
        for (sql, shown) in [
            ("SELECT 1", "SELECT 1"),
            (
                "COMMENT ON ROLE \"it's\" IS E'made ''today'' \\\\'; COMMIT",
                "COMMENT ON ROLE \"it's\" IS E'…''…''…'; COMMIT",
            ),
            ("SET a = 'b', c = `d'e`", "SET a = '…', c = `d'e`"),
            ("SELECT 'torn", "SELECT '…"),
        ] {
            assert_eq!(without_texts(sql), shown);
        }
    }

    #[test]
    fn refusals_say_why() {
        let too_long = pg_name(&"x".repeat(64)).unwrap_err().to_string();
        assert!(too_long.ends_with("has 64 bytes, and PostgreSQL truncates names after 63."), "{too_long}");
    }

    /// Reads the text between the quotes as the server does.
    fn unquote(quoted: &str, mark: char) -> Option<String> {
        let inner = quoted.strip_prefix(mark)?.strip_suffix(mark)?;
        let mut name = String::new();
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            match c == mark {
                true if chars.next()? != mark => return None,
                _ => name.push(c),
            }
        }
        Some(name)
    }

    proptest! {
        #[test]
        fn no_text_is_logged(text in "[^…']*", name in "[a-z\"]{1,9}") {
            let (text, name) = (pg_text(&text).unwrap_or_default(), pg_name(&name).unwrap());
            let sql = format!("COMMENT ON ROLE {name} IS {text}; COMMIT");
            prop_assert_eq!(without_texts(&sql), sql.replace(&text, if text.is_empty() { "" } else { "E'…'" }));
        }

        #[test]
        fn every_possible_name_comes_back(name in any::<String>()) {
            if let Ok(quoted) = pg_name(&name) {
                prop_assert_eq!(unquote(&quoted, '"'), Some(name.clone()));
            }
            if let Ok(quoted) = my_name(&name, 64) {
                prop_assert_eq!(unquote(&quoted, '`'), Some(name));
            }
        }
    }
}
