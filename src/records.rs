//! What is stored outside the state, on this machine or on the object itself.

pub mod claims;
pub mod key_writes;
pub mod previous;
pub mod role_comments;
