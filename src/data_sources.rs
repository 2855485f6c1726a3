//! Data sources, one file each, named as its type.

pub mod db_endpoint;
