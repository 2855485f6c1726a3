#![doc = include_str!("../README.md")]

pub mod diagnostic;
pub mod plugin;
pub mod proto;
pub mod schema;
pub mod value;
