//! This machine: a folder of the user, and locks between processes.

pub mod folder;
pub mod lock;

pub use folder::folder;
