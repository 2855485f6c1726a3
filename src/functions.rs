//! Functions, one file each, named as the function.

pub mod connect_policy_json;
pub mod db_user_arn;
pub mod normalize_policy;
pub mod parse_db_user_arn;
pub mod policies_equivalent;
