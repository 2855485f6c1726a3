//! This machine: a folder of the user's own, and locks among processes.

pub mod folder;
pub mod lock;

pub use folder::folder;
