//! Use cases from end to end: the modules in `examples/modules`, as a user would copy them.

mod clickpipes;
mod clickpipes_users;
mod consumer;
mod cutover;
mod encrypt_existing_database;
mod encrypt_with_blue_green;
mod encrypt_with_downtime;
mod iam_database_login;
mod limitless_data_loader;
mod replication_iam_auth;
mod replication_user;
mod security_posture;

use std::fs;
use std::path::Path;

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A module in a working folder of its own, as its root module.
fn copied(module: &str, account: &Account, variables: &[(&str, &str)]) -> Terraform {
    let tf = Terraform::of(account).envs(variables.iter().map(|(name, value)| (format!("TF_VAR_{name}"), value)));
    tf.remove("terraform.tf"); // The module says itself what it requires.
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/modules").join(module), "", &tf);
    tf.init();
    tf
}

fn copy(folder: &Path, prefix: &str, tf: &Terraform) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        match path.is_dir() {
            true => copy(&path, &format!("{name}/"), tf),
            false => tf.write(&name, &fs::read_to_string(&path).unwrap()),
        }
    }
}
