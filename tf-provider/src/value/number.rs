//! Numbers without loss.
//!
//! Terraform keeps numbers as 512-bit floats: about 154 significant digits, with
//! decimal exponents up to 646 million, which it writes out in full. Nothing is
//! ever computed here, so digits and a decimal point are enough and no digit is
//! lost. The general big-decimal crates align the exponents of what they compare:
//! a text as short as `1e600000000` would cost them hundreds of megabytes.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A finite decimal number, compared by value: `1`, `1.0` and `10e-1` are equal.
///
/// It has at most [`Number::MAX_DIGITS`] digits before and as many after the point.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number {
    /// -1, 0 or 1.
    sign: i8,
    /// Where the decimal point is, counted from before the first digit: 0 is 0.d₁d₂…, 1 is d₁.d₂…
    point: i32,
    /// The decimal digits, neither beginning nor ending with a zero; zero itself has none.
    digits: Box<str>,
}

/// Text or a float that is no [`Number`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseNumberError {
    /// It is not decimal, or not finite.
    Malformed,
    /// Written in full it would have more than [`Number::MAX_DIGITS`] digits before or after the point.
    TooLong,
}

impl Number {
    /// The most digits before the decimal point, and the most after it.
    pub const MAX_DIGITS: usize = 10_000;

    /// The number if it is an integer that fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.as_integer()
    }

    /// The number if it is an integer that fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_integer()
    }

    /// The nearest `f64`; infinite when the number is beyond its range.
    pub fn to_f64(&self) -> f64 {
        let sign = if self.sign < 0 { "-" } else { "" };
        // Always a valid float: a sign, digits and a small exponent.
        format!("{sign}0{}e{}", self.digits, i64::from(self.point) - self.digits.len() as i64)
            .parse()
            .unwrap_or(f64::NAN)
    }

    /// Whether there is nothing after the decimal point.
    pub fn is_integer(&self) -> bool {
        self.sign == 0 || usize::try_from(self.point).is_ok_and(|point| self.digits.len() <= point)
    }

    fn as_integer<T: FromStr>(&self) -> Option<T> {
        const LONGEST: i32 = 20;
        (self.is_integer() && self.point <= LONGEST).then(|| self.to_string().parse().ok()).flatten()
    }

    /// `digits` as an integer times ten to the `exponent`.
    fn new(negative: bool, digits: &str, exponent: i64) -> Result<Self, ParseNumberError> {
        let significant = digits.trim_start_matches('0');
        let trimmed = significant.trim_end_matches('0');
        if trimmed.is_empty() {
            return Ok(Self { sign: 0, point: 0, digits: Box::default() });
        }
        let point = exponent.saturating_add(significant.len() as i64);
        let last = point.saturating_sub(trimmed.len() as i64);
        let longest = -(Self::MAX_DIGITS as i64)..=Self::MAX_DIGITS as i64;
        match i32::try_from(point) {
            Ok(position) if longest.contains(&point) && longest.contains(&last) => {
                Ok(Self { sign: if negative { -1 } else { 1 }, point: position, digits: trimmed.into() })
            }
            _ => Err(ParseNumberError::TooLong),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sign.cmp(&other.sign).then_with(|| {
            let size = self.point.cmp(&other.point).then_with(|| self.digits.cmp(&other.digits));
            if self.sign < 0 { size.reverse() } else { size }
        })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// All its digits, without an exponent.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sign == 0 {
            return f.write_str("0");
        }
        if self.sign < 0 {
            f.write_str("-")?;
        }
        let digits = &*self.digits;
        match usize::try_from(self.point) {
            Ok(point) if point >= digits.len() => write!(f, "{digits:0<point$}"),
            Ok(point) if point > 0 => write!(f, "{}.{}", &digits[..point], &digits[point..]),
            _ => write!(f, "0.{digits:0>width$}", width = digits.len() + self.point.unsigned_abs() as usize),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Decimal text with or without a sign, fraction and exponent: `-12.5e3`.
impl FromStr for Number {
    type Err = ParseNumberError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use ParseNumberError::{Malformed, TooLong};

        let (negative, unsigned) = sign(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.len() + fraction.len() == 0 || !is_digits(whole) || !is_digits(fraction) {
            return Err(Malformed);
        }
        let exponent = match exponent.map(sign) {
            None => 0,
            Some((_, digits)) if digits.is_empty() || !is_digits(digits) => return Err(Malformed),
            Some((negative, digits)) => match (digits.parse::<i64>(), negative) {
                (Ok(exponent), false) => exponent,
                (Ok(exponent), true) => -exponent,
                (Err(_), _) if mantissa.bytes().all(|b| matches!(b, b'0' | b'.')) => 0,
                (Err(_), _) => return Err(TooLong),
            },
        };
        if fraction.is_empty() {
            return Self::new(negative, whole, exponent);
        }
        Self::new(negative, &[whole, fraction].concat(), exponent.saturating_sub(fraction.len() as i64))
    }
}

macro_rules! from_integer {
    ($($integer:ty)*) => {$(
        impl From<$integer> for Number {
            fn from(n: $integer) -> Self {
                let text = n.to_string();
                let digits = text.trim_start_matches('-');
                let significant = digits.trim_end_matches('0');
                Self {
                    sign: if significant.is_empty() { 0 } else if digits.len() < text.len() { -1 } else { 1 },
                    point: if significant.is_empty() { 0 } else { digits.len() as i32 },
                    digits: significant.into(),
                }
            }
        }
    )*};
}
from_integer! { i64 u64 i32 u32 }

/// Exactly what the float holds: 0.1 becomes 0.1000000000000000055…
impl TryFrom<f64> for Number {
    type Error = ParseNumberError;

    fn try_from(n: f64) -> Result<Self, Self::Error> {
        if !n.is_finite() {
            return Err(ParseNumberError::Malformed);
        }
        // No f64 has more digits after the point than its smallest one.
        const FRACTION: usize = 1074;
        format!("{n:.FRACTION$}").parse()
    }
}

impl fmt::Display for ParseNumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("not a finite decimal number"),
            Self::TooLong => write!(f, "a number of more than {} digits", Number::MAX_DIGITS),
        }
    }
}

impl std::error::Error for ParseNumberError {}

fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::collections::hash_map::DefaultHasher;
    use std::hash::{Hash as _, Hasher as _};

    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Number {
        text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    fn hash(number: &Number) -> u64 {
        let mut hasher = DefaultHasher::new();
        number.hash(&mut hasher);
        hasher.finish()
    }

    #[test]
    fn one_value_has_one_form() {
        for (text, full) in [
            ("0", "0"),
            ("-0.00e5", "0"),
            ("0e99999999999999999999", "0"),
            ("1.0", "1"),
            ("+10e-1", "1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("1e3", "1000"),
            ("1E+3", "1000"),
            ("-1200", "-1200"),
            ("0.00120", "0.0012"),
            ("123.456", "123.456"),
            ("1e-000000000000000000000000000003", "0.001"),
            ("9223372036854775808", "9223372036854775808"),
            ("1e30", "1000000000000000000000000000000"),
        ] {
            let parsed = number(text);
            assert_eq!(parsed.to_string(), full, "{text}");
            assert_eq!(parsed, number(full), "{text}");
            assert_eq!(hash(&parsed), hash(&number(full)), "{text}");
        }
        let small = number("1e-400").to_string();
        assert_eq!((small.len(), &small[..4], &small[401..]), (402, "0.00", "1"));
        let long = "7".repeat(400);
        assert_eq!(number(&long).to_string(), long);
        assert_eq!(number(&format!("0.{long}")).to_string(), format!("0.{long}"));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "", "-", "+", ".", "e1", "1e", "1e+", "0x10", "1_000", "1.2.3", "--1", "inf", "NaN", " 1", "1 ", "1e1.5",
            "१",
        ] {
            assert_eq!(text.parse::<Number>(), Err(ParseNumberError::Malformed), "{text:?}");
        }
    }

    #[test]
    fn memory_is_bounded_by_the_text() {
        for text in ["1e10000", "1e600000000", "-1e-10001", "1e99999999999999999999", "0.1e-99999999999999999999"] {
            assert_eq!(text.parse::<Number>(), Err(ParseNumberError::TooLong), "{text}");
        }
        assert_eq!(number("1e9999").to_string().len(), Number::MAX_DIGITS);
        assert_eq!(number("1e-10000").to_string().len(), "0.".len() + Number::MAX_DIGITS);
        let zeros = "0".repeat(20_000);
        assert_eq!(number(&format!("0.{zeros}1e20001")), 1.into());
        assert_eq!(number(&format!("1{zeros}e-20000")), 1.into());
    }

    #[test]
    fn integers_that_fit() {
        assert_eq!(Number::from(i64::MIN).as_i64(), Some(i64::MIN));
        assert_eq!(Number::from(i64::MIN).to_string(), "-9223372036854775808");
        assert_eq!(Number::from(u64::MAX).as_u64(), Some(u64::MAX));
        assert_eq!(Number::from(u64::MAX).as_i64(), None);
        assert_eq!(number("9223372036854775808").as_i64(), None);
        assert_eq!(number("9223372036854775808").as_u64(), Some(1 << 63));
        assert_eq!(number("-1").as_u64(), None);
        assert_eq!(number("0").as_u64(), Some(0));
        assert_eq!(number("1.5").as_i64(), None);
        assert_eq!(number("1e3").as_i64(), Some(1000));
        assert_eq!(number("1e9999").as_i64(), None);
        assert!(number("1e9999").is_integer() && number("0").is_integer() && !number("0.1").is_integer());
    }

    #[test]
    fn floats_are_taken_exactly() {
        assert_eq!(Number::try_from(0.5), Ok(number("0.5")));
        assert_eq!(Number::try_from(-0.0), Ok(number("0")));
        assert_eq!(Number::try_from(0.1), Ok(number("0.1000000000000000055511151231257827021181583404541015625")));
        assert_eq!(Number::try_from(1e30), Ok(number("1000000000000000019884624838656")));
        for n in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(Number::try_from(n), Err(ParseNumberError::Malformed));
        }
        assert_eq!(number("1e400").to_f64(), f64::INFINITY);
        assert_eq!(number("-1e400").to_f64(), f64::NEG_INFINITY);
        assert_eq!(number("1e-400").to_f64(), 0.0);
        assert_eq!(number("0.1").to_f64(), 0.1);
    }

    #[test]
    fn a_set_holds_values_not_spellings() {
        let set: HashSet<Number> = ["1", "1.0", "10e-1", "2"].map(number).into();
        assert_eq!(set.len(), 2);
    }

    proptest! {
        #[test]
        fn integers_order_as_integers(a: i64, b: i64) {
            let (x, y) = (Number::from(a), Number::from(b));
            prop_assert_eq!(x.cmp(&y), a.cmp(&b));
            prop_assert_eq!(x.as_i64(), Some(a));
            prop_assert_eq!(number(&x.to_string()), x);
        }

        #[test]
        fn floats_order_as_floats(a in any::<f64>(), b in any::<f64>()) {
            let (x, y) = (Number::try_from(a).unwrap(), Number::try_from(b).unwrap());
            prop_assert_eq!(Some(x.cmp(&y)), a.partial_cmp(&b));
            prop_assert_eq!(x.to_f64(), a);
        }

        #[test]
        fn fractions_order_as_scaled_integers(a: i32, b: i32, scale in 0_u32..9) {
            let text = |n: i32| number(&format!("{n}e-{scale}"));
            prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
            let mixed = number(&format!("{a}e-{scale}")).cmp(&Number::from(b));
            prop_assert_eq!(mixed, i128::from(a).cmp(&(i128::from(b) * 10_i128.pow(scale))));
        }

        #[test]
        fn text_round_trips(text in "[+-]?[0-9]{1,40}(\\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?") {
            let parsed = number(&text);
            let full = parsed.to_string();
            prop_assert!(full.bytes().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'.')));
            prop_assert_eq!(number(&full), parsed);
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,20}|[-+0-9.eE]{0,12}") {
            if let Ok(parsed) = text.parse::<Number>() {
                prop_assert_eq!(number(&parsed.to_string()), parsed);
            }
        }
    }
}
