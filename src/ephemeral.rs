//! Ephemeral resources, one file each, named as its type.

pub mod db_auth_token;
