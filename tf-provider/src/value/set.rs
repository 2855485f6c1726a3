//! The elements of a set.

use std::ops::Deref;
use std::slice;
use std::vec;

use crate::value::Value;

/// Elements of a set, in ascending order and without duplicates.
///
/// Elements that are not wholly known are never duplicates of each other: they may turn out to differ, and Terraform
/// counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set(Vec<Value>);

impl FromIterator<Value> for Set {
    fn from_iter<I: IntoIterator<Item = Value>>(elements: I) -> Self {
        let mut elements: Vec<_> = elements.into_iter().collect();
        elements.sort();
        elements.dedup_by(|b, a| a == b && a.is_wholly_known());
        Self(elements)
    }
}

impl<const N: usize> From<[Value; N]> for Set {
    fn from(elements: [Value; N]) -> Self {
        elements.into_iter().collect()
    }
}

impl Deref for Set {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        &self.0
    }
}

impl IntoIterator for Set {
    type Item = Value;
    type IntoIter = vec::IntoIter<Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Set {
    type Item = &'a Value;
    type IntoIter = slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Refinements;

    #[test]
    fn order_and_duplicates_do_not_matter() {
        let set = Set::from([2, 1, 2, 1].map(Value::from));
        assert_eq!(set, Set::from([1, 2].map(Value::from)));
        assert_eq!(set.len(), 2);
        assert!(set.contains(&1.into()));
    }

    #[test]
    fn unknown_elements_are_counted() {
        let unknown = || Value::Unknown(Refinements::not_null());
        let set = Set::from([unknown(), 1.into(), unknown()]);
        assert_eq!(set.len(), 3);
        assert_ne!(set, Set::from([unknown(), 1.into()]));
        let partly = || Value::List(vec![1.into(), unknown()]);
        assert_eq!(Set::from([partly(), partly()]).len(), 2);
    }
}
