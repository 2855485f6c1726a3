//! An example provider that uses every feature of the framework.
//!
//! Its cloud is a folder of JSON files, `KIND/NAME.json`, which tests and the curious can look at and change;
//! `calls.log` in the same folder has one line for each thing that was done.

mod cloud;
mod faulty;
mod functions;
mod groom;
mod lease;
mod many;
mod null;
mod pet;
mod pet_data;
mod pet_list;
mod pet_v0;
mod slow;

use std::process::ExitCode;

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::plugin::{self, Plugin};
use tf_provider::schema::{
    ActionEntry, DataSourceEntry, EphemeralEntry, FunctionEntry, Host, ListEntry, Map, Provider, ResourceEntry, Val,
    View, action, block, data_source, ephemeral, function, list, optional, required, resource,
};

use crate::cloud::Cloud;
use crate::faulty::Faulty;
use crate::functions::{Join, ParsePet};
use crate::groom::Groom;
use crate::lease::Lease;
use crate::null::Null;
use crate::pet::Pet;
use crate::pet_data::PetData;
use crate::pet_list::PetList;
use crate::slow::Slow;

/// The provider.
struct Demo;

tf_provider::model! {
    /// Keeps pets and other things in a folder of JSON files.
    pub(crate) struct Config {
        /// The folder; it is made when something is first put into it.
        directory: Val<String> = required(),
        /// Put on everything that is made.
        default_labels: Option<DefaultLabels> = block(),
    }
}

tf_provider::model! {
    /// Put on everything that is made.
    pub(crate) struct DefaultLabels {
        /// The labels.
        labels: Val<Map<String>> = optional(),
    }
}

const PLUGIN: Plugin =
    Plugin { name: "demo", address: "registry.terraform.io/example/demo", version: env!("CARGO_PKG_VERSION") };

fn main() -> ExitCode {
    plugin::main::<Demo>(PLUGIN)
}

impl Provider for Demo {
    type World = Cloud;
    type Config = Config;

    const NAME: &'static str = "demo";

    fn check(config: &View<'_, Config>) -> Vec<Diagnostic> {
        match config.get(Config::directory) {
            Val::Known(directory) if directory.is_empty() => {
                vec![Diagnostic::error("Missing directory", "The folder has no name.").at(Config::directory)]
            }
            _ => Vec::new(),
        }
    }

    fn configure(config: Config, _: Host) -> Result<Cloud> {
        let labels = config.default_labels.map_or(Val::Null, |default| default.labels);
        Ok(Cloud::new(config.directory.known(), labels.known().unwrap_or_default()))
    }

    fn resources() -> &'static [ResourceEntry<Cloud>] {
        many::resources(&[resource::<_, Null>(), resource::<_, Pet>(), resource::<_, Slow>(), resource::<_, Faulty>()])
    }

    fn data_sources() -> &'static [DataSourceEntry<Cloud>] {
        const { &[data_source::<_, PetData>()] }
    }

    fn ephemerals() -> &'static [EphemeralEntry<Cloud>] {
        const { &[ephemeral::<_, Lease>()] }
    }

    fn functions() -> &'static [FunctionEntry] {
        const { &[function::<Join>(), function::<ParsePet>()] }
    }

    fn lists() -> &'static [ListEntry<Cloud>] {
        const { &[list::<_, PetList>()] }
    }

    fn actions() -> &'static [ActionEntry<Cloud>] {
        const { &[action::<_, Groom>()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tf_provider::schema::law;

    #[test]
    fn the_rules_of_all_models_agree() {
        assert_eq!(law::of::<Demo>(), [""; 0]);
    }
}
