//! Types of attributes, and checks of what stands in them.

pub mod checks;
pub mod key_id;
pub mod policy_json;
pub mod tags;
