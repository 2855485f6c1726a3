//! The table of floors, as ARCHITECTURE.md has it.

/// The floors of both packages.
#[derive(Debug)]
pub(crate) struct Floors(Vec<Floor>);

#[derive(Debug)]
struct Floor {
    level: u32,
    package: String,
    module: String,
}

impl Floors {
    /// Reads the rows that begin with a number below the heading `## Floors`.
    pub(crate) fn parse(page: &str) -> Self {
        let section = page.split("## Floors\n").nth(1).expect("a section on floors");
        let section = section.split("\n## ").next().expect("its text");
        let rows = section.lines().map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
        let mut floors = Vec::new();
        for row in rows {
            let [_, level, package, modules, ..] = row[..] else { continue };
            let Ok(level) = level.parse() else { continue };
            for module in names(modules) {
                floors.push(Floor { level, package: names(package).concat(), module });
            }
        }
        assert!(!floors.is_empty(), "the table of floors is empty");
        Self(floors)
    }

    /// The module of a path within a package, such as `aws` or, where every file is a module of its own,
    /// `resources/iam_db_user_policy`; none if the table does not have it.
    pub(crate) fn module(&self, package: &str, segments: &[String]) -> Option<String> {
        let [first, rest @ ..] = segments else { return None };
        let of_package = || self.0.iter().filter(|floor| floor.package == package);
        if of_package().any(|floor| floor.module == *first) {
            return Some(first.clone());
        }
        of_package().any(|floor| floor.module == format!("{first}/*")).then(|| match rest {
            [file, ..] => format!("{first}/{file}"),
            [] => first.clone(),
        })
    }

    /// Whether `from` may import `to`, both named as by [`Floors::module`].
    pub(crate) fn allow(&self, from: (&str, &str), to: (&str, &str)) -> bool {
        if from.0 == to.0 && (from.1 == to.1 || encloses(from.1, to.1) || encloses(to.1, from.1)) {
            return true;
        }
        let (Some(above), Some(below)) = (self.floor(from), self.floor(to)) else { return false };
        below.level < above.level
    }

    fn floor(&self, (package, module): (&str, &str)) -> Option<&Floor> {
        let folder = module.split('/').next().unwrap_or(module);
        let named = |floor: &&Floor| floor.module == module || floor.module.strip_suffix("/*") == Some(folder);
        self.0.iter().filter(|floor| floor.package == package).find(named)
    }
}

/// Whether `inner` is a file in the folder of `outer`, which lists it.
fn encloses(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

/// The names in backticks in a cell.
fn names(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
