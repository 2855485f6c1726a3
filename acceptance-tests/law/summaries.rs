//! The form of a diagnostic's summary: a verb phrase or a state that fits a line.

/// The longest summary, in characters.
const LONGEST: usize = 60;

/// What is wrong with the summaries that a file contains, each with the summary.
pub(crate) fn complaints(source: &str) -> Vec<String> {
    let starts = ["Diagnostic::error(", "Diagnostic::warning("];
    let calls = starts.into_iter().flat_map(|start| source.split(start).skip(1));
    let written = calls.filter_map(|call| call.trim_start().strip_prefix('"')?.split('"').next());
    // With a context, the context is the summary.
    let summaries = written.filter(|summary| !summary.is_empty());
    summaries.filter_map(|summary| Some(format!("{}: \"{summary}\"", complaint(summary)?))).collect()
}

fn complaint(summary: &str) -> Option<&'static str> {
    match () {
        () if summary.chars().count() > LONGEST => Some("too long"),
        () if summary.ends_with(['.', '!', ':']) => Some("ends like a sentence"),
        () if !summary.starts_with(|c: char| c.is_uppercase() || c == '"') && !names_an_argument(summary) => {
            Some("begins without a capital")
        }
        () => None,
    }
}

/// An argument keeps its spelling: `valid_until has no effect`.
fn names_an_argument(summary: &str) -> bool {
    summary.split(' ').next().is_some_and(|word| word.contains('_'))
}
