//! Numbers without loss.

use std::fmt;
use std::str::FromStr;

/// A finite decimal number of any size, compared by value: `1`, `1.0` and `10e-1` are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Number(i64);

/// Text that is no number Terraform can hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseNumberError;

impl fmt::Display for ParseNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a decimal number")
    }
}
impl std::error::Error for ParseNumberError {}

impl Number {
    /// The number if it is an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        Some(self.0)
    }
    /// The nearest `f64`.
    pub fn to_f64(&self) -> f64 {
        self.0 as f64
    }
}
impl From<i64> for Number {
    fn from(n: i64) -> Self {
        Self(n)
    }
}
impl FromStr for Number {
    type Err = ParseNumberError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self).map_err(|_| ParseNumberError)
    }
}
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
