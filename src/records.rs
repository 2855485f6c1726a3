//! What is stored outside the state, on this machine or on the object itself.

pub mod claims;
pub mod fences;
pub mod key_writes;
pub mod previous;
pub mod quieted;
pub mod role_comments;
pub mod run;
pub mod sequences;

use aws_lc_rs::digest::{SHA256, digest};

/// A hash that stands for several texts, without telling them.
fn hash<const N: usize>(parts: [&str; N]) -> String {
    hex(&parts.map(|part| format!("{}:{part}", part.len())).concat())
}

/// A hash that stands for a text, without telling it.
fn hex(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
