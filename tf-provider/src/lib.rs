//! A framework for Terraform and OpenTofu providers on plugin protocol 5.
//!
//! It knows no cloud and no database: a provider brings its own world and its
//! own entities, described once with [`model!`], and [`diagnostic`] explains what went wrong.

pub mod diagnostic;
pub mod plugin;
pub mod proto;
pub mod schema;
pub mod value;
