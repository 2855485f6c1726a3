//! Where in a value something is.

use std::fmt;

/// The way from the top of a configuration to one attribute.
///
/// It stops at sets, whose elements have no address.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path(Vec<Step>);

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Attribute of an object, or a nested block.
    Attribute(String),
    /// Element of a list or tuple, from zero.
    Index(usize),
    /// Element of a map.
    Key(String),
}

impl From<&Path> for Path {
    fn from(path: &Path) -> Self {
        path.clone()
    }
}

impl Path {
    /// The top itself.
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// Whether this is the top itself.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The steps from the top.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// One step further.
    #[must_use]
    pub fn then(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// The attribute of that name.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Self {
        self.then(Step::Attribute(name.to_owned()))
    }

    /// The element at that index.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.then(Step::Index(index))
    }

    /// The element of that key.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        self.then(Step::Key(key.to_owned()))
    }

    /// This path as seen from the root of something that itself is at `parent`.
    #[must_use]
    pub fn under(&self, parent: &Self) -> Self {
        Self(parent.0.iter().chain(&self.0).cloned().collect())
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

/// As HCL writes it: `database[0].tags["a"]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if at == 0 => write!(f, "{name}")?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_hcl() {
        let path = Path::root().attribute("database").index(1).attribute("tags").key("a \"b\"");
        assert_eq!(path.to_string(), r#"database[1].tags["a \"b\""]"#);
    }

    #[test]
    fn composes_with_its_parent() {
        let parent = Path::root().attribute("database").index(0);
        assert_eq!(Path::root().attribute("region").under(&parent).to_string(), "database[0].region");
    }
}
