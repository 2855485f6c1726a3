//! Actions, one file each, named as its type.

pub mod dms_table_reload;
pub mod reboot;
pub mod sequence_sync;
pub mod switchover;
