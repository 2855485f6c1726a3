//! Named checks, each with the sentence that it documents and prints.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::value::{Type, Value};

/// A requirement on a value.
#[derive(Clone)]
pub struct Check {
    /// Its text in the documentation: `must be 1 to 64 characters long`.
    pub sentence: Cow<'static, str>,
    about: About,
    test: Arc<Test>,
}

/// Which values a check judges; it holds for all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Text,
    Number,
    Collection,
    Map,
}

type Test = dyn Fn(&Value) -> Result<(), Option<String>> + Send + Sync;

impl Check {
    /// A check of text; the sentence begins with `must`.
    ///
    /// ```
    /// use tf_provider::schema::Check;
    ///
    /// let check = Check::text("must be lower-case", |text| !text.contains(char::is_uppercase));
    /// ```
    pub fn text(sentence: impl Into<Cow<'static, str>>, holds: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self::new(sentence, About::Text, move |value| match value.as_str() {
            Some(text) if !holds(text) => Err(None),
            _ => Ok(()),
        })
    }

    /// A check of text that explains each refusal in whole sentences of its own.
    pub fn explained<E: fmt::Display>(
        sentence: impl Into<Cow<'static, str>>,
        parse: impl Fn(&str) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        Self::new(sentence, About::Text, move |value| match value.as_str() {
            Some(text) => parse(text).map_err(|error| Some(error.to_string())),
            None => Ok(()),
        })
    }

    fn new(
        sentence: impl Into<Cow<'static, str>>,
        about: About,
        test: impl Fn(&Value) -> Result<(), Option<String>> + Send + Sync + 'static,
    ) -> Self {
        Self { sentence: sentence.into(), about, test: Arc::new(test) }
    }

    /// Whether it can refuse any value of a type.
    pub(crate) fn judges(&self, ty: &Type) -> bool {
        match ty {
            Type::Dynamic => true,
            Type::String => self.about == About::Text,
            Type::Number => self.about == About::Number,
            Type::List(_) | Type::Set(_) => self.about == About::Collection,
            Type::Map(_) => matches!(self.about, About::Collection | About::Map),
            _ => false,
        }
    }

    /// What is wrong with a known value, in whole sentences; `name` says whose value it is.
    pub fn complaint(&self, name: impl fmt::Display, value: &Value) -> Option<String> {
        let own = (self.test)(value).err()?;
        Some(own.unwrap_or_else(|| format!("\"{name}\" {}.", self.sentence)))
    }
}

impl fmt::Debug for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Check({:?})", self.sentence)
    }
}

/// A requirement on every key of a map; `check` is one for texts.
pub fn keys(check: Check) -> Check {
    let sentence = match check.sentence.strip_prefix("must be ") {
        Some(what) => format!("must have keys that are {what}"),
        None => format!("must have keys each of which {}", check.sentence),
    };
    Check::new(sentence, About::Map, move |value| {
        let Value::Map(elements) = value else { return Ok(()) };
        let complaints = elements.keys().find_map(|key| check.complaint(key, &Value::from(key.as_str())));
        complaints.map_or(Ok(()), |complaint| Err(Some(complaint)))
    })
}

/// The number of characters of a text.
pub fn length(range: RangeInclusive<usize>) -> Check {
    let sentence = match (range.start(), range.end()) {
        (1, &usize::MAX) => "must not be empty".to_owned(),
        (least, &usize::MAX) => format!("must be at least {least} characters long"),
        (0, most) => format!("must be at most {most} characters long"),
        (least, most) if least == most => format!("must be {most} characters long"),
        (least, most) => format!("must be {least} to {most} characters long"),
    };
    Check::text(sentence, move |text| range.contains(&text.chars().count()))
}

/// One of a few words.
pub fn one_of(words: &'static [&'static str]) -> Check {
    let list: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    Check::text(format!("must be one of {}", list.join(", ")), move |text| words.contains(&text))
}

/// An integer within bounds.
///
/// ```
/// use tf_provider::schema::check;
///
/// assert_eq!(check::between(1..=35).sentence, "must be an integer from 1 to 35");
/// ```
pub fn between(range: RangeInclusive<i64>) -> Check {
    let sentence = match (range.start(), range.end()) {
        (least, &i64::MAX) => format!("must be an integer of at least {least}"),
        (least, most) => format!("must be an integer from {least} to {most}"),
    };
    Check::new(sentence, About::Number, move |value| match value {
        Value::Number(number) if !number.as_i64().is_some_and(|n| range.contains(&n)) => Err(None),
        _ => Ok(()),
    })
}

/// One of a few numbers.
pub fn one_of_numbers(numbers: &'static [i64]) -> Check {
    let list: Vec<String> = numbers.iter().map(|number| format!("`{number}`")).collect();
    Check::new(format!("must be one of {}", list.join(", ")), About::Number, move |value| match value {
        Value::Number(number) if !number.as_i64().is_some_and(|n| numbers.contains(&n)) => Err(None),
        _ => Ok(()),
    })
}

/// The number of elements of a list, set or map.
pub fn size(range: RangeInclusive<usize>) -> Check {
    let sentence = match (range.start(), range.end()) {
        (least, &usize::MAX) => format!("must have at least {least} element{}", if *least == 1 { "" } else { "s" }),
        (0, most) => format!("must have at most {most} elements"),
        (least, most) if least == most => format!("must have {most} element{}", if *most == 1 { "" } else { "s" }),
        (least, most) => format!("must have {least} to {most} elements"),
    };
    Check::new(sentence, About::Collection, move |value| {
        let count = match value {
            Value::List(elements) => elements.len(),
            Value::Set(elements) => elements.len(),
            Value::Map(elements) => elements.len(),
            _ => return Ok(()),
        };
        if range.contains(&count) { Ok(()) } else { Err(None) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_and_complaints_agree() {
        let check = length(1..=3);
        assert_eq!(check.sentence, "must be 1 to 3 characters long");
        assert_eq!(check.complaint("name", &Value::from("abc")), None);
        let complaint = check.complaint("name", &Value::from("äöüß"));
        assert_eq!(complaint.as_deref(), Some("\"name\" must be 1 to 3 characters long."));
        assert_eq!(check.complaint("name", &Value::Null), None, "absence is another rule's matter");
    }

    #[test]
    fn an_explanation_of_its_own_wins() {
        let check =
            Check::explained("must be a number", |text| text.parse::<u8>().map(drop).map_err(|_| "It is too big."));
        assert_eq!(check.complaint("name", &Value::from("300")).as_deref(), Some("It is too big."));
    }

    #[test]
    fn keys_are_named_in_complaints() {
        let check = keys(length(1..=3));
        let map = |key: &str| Value::Map([(key.to_owned(), Value::from("long value"))].into());
        assert_eq!(check.complaint("tags", &map("abc")), None);
        let complaint = check.complaint("tags", &map("abcd")).unwrap();
        assert!(complaint.starts_with("\"abcd\" must be"), "{complaint}");
        assert_eq!(check.sentence, "must have keys that are 1 to 3 characters long");
        let check = keys(Check::text("must not begin with `aws:`", |key| !key.starts_with("aws:")));
        assert_eq!(check.sentence, "must have keys each of which must not begin with `aws:`");
    }

    #[test]
    fn words_numbers_and_sizes() {
        assert!(one_of(&["a", "b"]).complaint("name", &Value::from("c")).is_some());
        assert!(between(1..=2).complaint("name", &Value::from(3)).is_some());
        assert!(between(1..=2).complaint("name", &Value::from(2)).is_none());
        assert!(size(1..=usize::MAX).complaint("name", &Value::List(Vec::new())).is_some());
        assert_eq!(between(1..=i64::MAX).sentence, "must be an integer of at least 1");
        assert_eq!(length(5..=5).sentence, "must be 5 characters long");
        assert_eq!(size(1..=1).sentence, "must have 1 element");
    }
}
