//! Of DMS.

/// The most tables that a message names.
const MOST_NAMED: usize = 10;

/// The first of many, and how many more there are.
pub fn some_of(all: &[String], between: &str) -> String {
    let more = all.len().saturating_sub(MOST_NAMED);
    let mut told = all.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>();
    if more > 0 {
        told.push(format!("and {more} more"));
    }
    told.join(between)
}
