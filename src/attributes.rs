//! Types of attributes, and checks of their values.

pub mod checks;
pub mod key_id;
pub mod policy_json;
pub mod tags;
