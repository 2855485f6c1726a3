//! What `SHOW CREATE TABLE` says, by lines: what stands in the parentheses, and the options after them.

use crate::sql::quote::my_given;

/// The statement that creates a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// Name of its database.
    schema: String,
    lines: Vec<String>,
    options: String,
}

impl Shown {
    pub(super) fn new(schema: &str, statement: &str) -> Self {
        let mut lines: Vec<String> = Vec::new();
        let mut options = Vec::new();
        for line in statement.lines().skip(1) {
            match (line.strip_prefix("  "), options.is_empty()) {
                (Some(inner), true) => lines.push(inner.to_owned()),
                // A line that continues a text with a line break in it.
                (None, true) if !line.starts_with(')') => match lines.last_mut() {
                    Some(last) => last.extend(["\n", line]),
                    None => lines.push(line.to_owned()),
                },
                _ => options.push(line),
            }
        }
        let without_comma = |line: String| line.strip_suffix(',').map(str::to_owned).unwrap_or(line);
        let options = options.join("\n");
        let options = options.strip_prefix(") ").or_else(|| options.strip_prefix(')')).unwrap_or(&options);
        Self {
            schema: schema.to_owned(),
            lines: lines.into_iter().map(without_comma).collect(),
            options: without_counter(options),
        }
    }

    /// Engine, character set and all other options of the table.
    pub(super) fn options(&self) -> &str {
        &self.options
    }

    /// The statement that creates the table with all but its foreign keys, which may need other tables.
    pub(super) fn make(&self, path: &str) -> String {
        let lines: Vec<_> = self.lines.iter().filter(|line| !is_foreign_key(line)).map(String::as_str).collect();
        format!("CREATE TABLE {path} ({}) {}", lines.join(", "), self.options)
    }

    /// A column with its collation, which is otherwise shown only if it is not that of the table.
    pub(super) fn column(&self, name: &str, column_type: &str, collation: &str) -> Option<String> {
        let name = my_given(name);
        let line = self.lines.iter().find(|line| line.strip_prefix(&name).is_some_and(|rest| rest.starts_with(' ')))?;
        let Some(mut rest) = line.strip_prefix(&format!("{name} {column_type}")).filter(|_| !collation.is_empty())
        else {
            return Some(line.clone());
        };
        for word in [" CHARACTER SET ", " COLLATE "] {
            if let Some(after) = rest.strip_prefix(word) {
                rest = after.find(' ').and_then(|at| after.get(at..)).unwrap_or_default();
            }
        }
        Some(format!("{name} {column_type} COLLATE {collation}{rest}"))
    }

    /// An index, a primary key or a check, as it stands after `ADD`.
    pub(super) fn key(&self, name: &str) -> Option<&str> {
        let (primary, named, check) = (
            "PRIMARY KEY ".to_owned(),
            format!("KEY {} ", my_given(name)),
            format!("CONSTRAINT {} CHECK ", my_given(name)),
        );
        let is_it = |line: &&String| {
            let words = ["", "UNIQUE ", "FULLTEXT ", "SPATIAL ", "VECTOR "];
            (name == "PRIMARY" && line.starts_with(&primary))
                || words.iter().any(|word| line.strip_prefix(word).is_some_and(|rest| rest.starts_with(&named)))
                || line.starts_with(&check)
        };
        self.lines.iter().find(is_it).map(String::as_str)
    }

    /// A foreign key, as it stands after `ADD`, with the database of the other table.
    pub(super) fn foreign_key(&self, name: &str) -> Option<String> {
        let beginning = format!("CONSTRAINT {} FOREIGN KEY ", my_given(name));
        let line = self.lines.iter().find(|line| line.starts_with(&beginning))?;
        let (before, after) = line.split_once(") REFERENCES ")?;
        let is_elsewhere = after.split_once(" (").is_some_and(|(table, _)| table.contains("`.`"));
        let schema = if is_elsewhere { String::new() } else { format!("{}.", my_given(&self.schema)) };
        Some(format!("{before}) REFERENCES {schema}{after}"))
    }
}

fn is_foreign_key(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("CONSTRAINT `") else { return false };
    rest.replace("``", "").split_once('`').is_some_and(|(_, rest)| rest.starts_with(" FOREIGN KEY "))
}

/// Without the counter of the table, which is data.
fn without_counter(options: &str) -> String {
    let Some((before, after)) = options.split_once(" AUTO_INCREMENT=") else { return options.to_owned() };
    let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "CREATE TABLE `t` (
  `id` int(11) NOT NULL AUTO_INCREMENT,
  `a``b` varchar(9) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'x' COMMENT 'two
lines',
  `ab` text DEFAULT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `u` (`a``b`),
  KEY `fk` (`ab`(3)),
  CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `p` (`id`) ON DELETE CASCADE,
  CONSTRAINT `other` FOREIGN KEY (`id`) REFERENCES `o`.`p` (`id`),
  CONSTRAINT `c` CHECK (`id` > 0)
) ENGINE=InnoDB AUTO_INCREMENT=17 DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci";

    #[test]
    fn parts_of_a_table() {
        let shown = Shown::new("s", TABLE);
        assert_eq!(shown.options(), "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci");
        let column = |name: &str, of: &str, collation: &str| shown.column(name, of, collation).unwrap();
        assert_eq!(column("id", "int(11)", ""), "`id` int(11) NOT NULL AUTO_INCREMENT");
        let commented = "`a``b` varchar(9) COLLATE latin1_bin DEFAULT 'x' COMMENT 'two\nlines'";
        assert_eq!(column("a`b", "varchar(9)", "latin1_bin"), commented);
        assert_eq!(column("ab", "text", "utf8mb4_bin"), "`ab` text COLLATE utf8mb4_bin DEFAULT NULL");
        assert_eq!(shown.column("a", "text", ""), None);
        for (name, line) in [
            ("PRIMARY", "PRIMARY KEY (`id`)"),
            ("u", "UNIQUE KEY `u` (`a``b`)"),
            ("fk", "KEY `fk` (`ab`(3))"),
            ("c", "CONSTRAINT `c` CHECK (`id` > 0)"),
        ] {
            assert_eq!(shown.key(name), Some(line));
        }
        let foreign_key = "CONSTRAINT `fk` FOREIGN KEY (`id`) REFERENCES `s`.`p` (`id`) ON DELETE CASCADE";
        assert_eq!(shown.foreign_key("fk").as_deref(), Some(foreign_key));
        let elsewhere = "CONSTRAINT `other` FOREIGN KEY (`id`) REFERENCES `o`.`p` (`id`)";
        assert_eq!(shown.foreign_key("other").as_deref(), Some(elsewhere));
    }

    #[test]
    fn tables_are_created_without_foreign_keys_and_counters() {
        let made = Shown::new("s", TABLE).make("`s`.`t`");
        assert!(made.starts_with("CREATE TABLE `s`.`t` (`id` int(11) NOT NULL AUTO_INCREMENT, "), "{made}");
        assert!(made.contains("KEY `fk` (`ab`(3)), CONSTRAINT `c` CHECK (`id` > 0)) ENGINE=InnoDB DEFAULT"), "{made}");
    }
}
