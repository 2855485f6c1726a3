//! The crash and fault matrix of every resource; `support/matrix.rs` describes it and how to add one.

pub(crate) mod aurora_loader_role;
pub(crate) mod blue_green_encryption;
pub(crate) mod constraint_suspension;
pub(crate) mod db_secret;
pub(crate) mod dms_migration;
pub(crate) mod encrypted_cluster_restore;
pub(crate) mod encrypted_restore;
pub(crate) mod encrypted_snapshot;
pub(crate) mod endpoint_swap;
pub(crate) mod iam_authentication;
pub(crate) mod iam_db_access_role;
pub(crate) mod iam_db_user_policy;
pub(crate) mod kms_key;
pub(crate) mod kms_key_user;
pub(crate) mod mysql_iam_user;
pub(crate) mod parameter;
pub(crate) mod postgresql_iam_user;
pub(crate) mod replication_iam_auth;
pub(crate) mod sequence_sync;
pub(crate) mod write_fence;

use std::env;
use std::fs;
use std::path::Path;

#[test]
fn every_resource_is_in_it() {
    let (resources, scenarios) = (names("../src/resources"), names("matrix"));
    assert!(!resources.is_empty(), "the resources are not found any more");
    for resource in resources {
        assert!(scenarios.contains(&resource), "matrix/{resource}.rs is missing");
    }
}

#[test]
fn the_case_asked_for_is_in_it() {
    if let Ok(case) = env::var("MATRIX_CASE") {
        assert!(names("matrix").iter().any(|name| case.starts_with(name)), "no scenario has the case {case}");
    }
}

/// The names of the Rust files in a folder.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.filter_map(|file| Some(file.file_stem()?.to_str()?.to_owned())).collect()
}
