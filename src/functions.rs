//! Functions, one file each, named as the function.

pub mod assume_policy_json;
pub mod connect_policy_json;
pub mod db_user_arn;
pub mod loader_policy_json;
pub mod loader_trust_policy_json;
pub mod normalize_policy;
pub mod parse_db_user_arn;
pub mod policies_equivalent;
