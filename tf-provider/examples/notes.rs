//! A provider that keeps notes in files.

use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::plugin::{self, Plugin};
use tf_provider::schema::{Ctx, Host, Provider, Resource, ResourceEntry, check, optional, required, resource};

tf_provider::model! {
    /// Keeps notes in a folder.
    struct Config {
        /// The folder.
        directory: String = required(),
    }
}
tf_provider::model! {
    /// Manages a note, which is a file of text.
    struct Note {
        /// Name of the file.
        name: String = required().replace().identity().check(check::length(1..=100)),
        /// What the note says.
        text: String = optional().or(""),
    }
}

struct Notes;
impl Provider for Notes {
    type World = PathBuf;
    type Config = Config;
    const NAME: &'static str = "notes";
    fn configure(config: Config, _: Host) -> Result<PathBuf> {
        Ok(config.directory.into())
    }
    fn resources() -> &'static [ResourceEntry<PathBuf>] {
        const { &[resource::<_, Note>()] }
    }
}

impl Resource<PathBuf> for Note {
    const TYPE: &'static str = "note";
    async fn create(cx: &Ctx<PathBuf>, plan: Self) -> Result<Self> {
        let made = fs::create_dir_all(cx.as_path()).and_then(|()| fs::File::create_new(cx.join(&plan.name)));
        made.map_err(|error| failed(error).at(Self::name))?;
        Self::update(cx, plan.clone(), plan).await
    }
    async fn read(cx: &Ctx<PathBuf>, state: Self) -> Result<Option<Self>> {
        match fs::read_to_string(cx.join(&state.name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            text => Ok(Some(Self { text: text.map_err(failed)?, ..state })),
        }
    }
    async fn update(cx: &Ctx<PathBuf>, plan: Self, _: Self) -> Result<Self> {
        fs::write(cx.join(&plan.name), &plan.text).map_err(failed).map(|()| plan)
    }
    async fn delete(cx: &Ctx<PathBuf>, state: Self) -> Result<()> {
        let removed = fs::remove_file(cx.join(&state.name));
        removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(failed(error)) })
    }
}

fn failed(error: io::Error) -> Diagnostic {
    Diagnostic::error("Cannot work on the note", error.to_string())
}

fn main() -> ExitCode {
    plugin::main::<Notes>(Plugin { name: "notes", address: "registry.terraform.io/example/notes", version: "0.1.0" })
}
