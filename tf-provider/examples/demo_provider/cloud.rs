//! The cloud: a folder with a file for each object, and a log of what was done.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Map, Model, Retry, conform};
use tf_provider::value::{Object, Value, json as codec};

/// A folder as a cloud.
#[derive(Debug)]
pub(crate) struct Cloud {
    directory: Option<PathBuf>,
    labels: Map<String>,
}

/// While a file `busy` lies in the folder, objects cannot be changed.
pub(crate) const BUSY: Retry<Diagnostic> = Retry {
    what: "the folder to be free",
    when: |error| error.summary == "The folder is busy",
    within: Duration::from_secs(30),
    first: Duration::from_millis(50),
};

/// How young an object must be to pass for one whose creation was interrupted.
const RESUMABLE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);

/// Names the provider that made an object, beside the object's own attributes.
const MADE_BY: &str = "made_by";
const MADE_AT: &str = "made_at";
const LABELS: &str = "default_labels";

impl Cloud {
    /// A cloud that may not be known yet, and the labels of everything in it.
    pub(crate) fn new(directory: Option<String>, labels: Map<String>) -> Self {
        Self { directory: directory.map(PathBuf::from), labels }
    }

    /// Looks an object up.
    pub(crate) fn get<M: Model>(&self, kind: &str, name: &str) -> Result<Option<Object>> {
        self.log(&format!("read {kind} {name}"))?;
        match self.load(kind, name)? {
            Some(json) => Ok(codec::from_json(&json, &M::table().ty())?.as_map().cloned()),
            None => Ok(None),
        }
    }

    /// The names of all objects of a kind, in order.
    pub(crate) fn names(&self, kind: &str) -> Result<Vec<String>> {
        self.log(&format!("list {kind}"))?;
        let failed = |error: io::Error| Diagnostic::error("Cannot list objects", error.to_string());
        let files = match fs::read_dir(self.folder()?.join(kind)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(failed)?,
        };
        let files = files.map(|file| Ok(file?.file_name())).collect::<io::Result<Vec<_>>>().map_err(failed)?;
        let mut names: Vec<_> = files.iter().filter_map(|file| file.to_str()?.strip_suffix(".json")).collect();
        names.sort_unstable();
        Ok(names.into_iter().map(str::to_owned).collect())
    }

    /// Makes sure that a name is free, or answers what an interrupted run of this provider has made there:
    /// an object that is young, carries our mark and is the one wanted as far as that is known.
    ///
    /// # Errors
    /// There is an object of that name already, and it is not ours or is another one than wanted.
    pub(crate) fn claim<M: Model>(&self, kind: &str, name: &str, wanted: &Object) -> Result<Option<Object>> {
        let Some(found) = self.load(kind, name)? else { return Ok(None) };
        let object = codec::from_json(&found, &M::table().ty())?.as_map().cloned().unwrap_or_default();
        let same = conform::promised(wanted, &object).is_empty();
        let made_at = found[MADE_AT].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        let young = made_at.is_some_and(|at| jiff::Timestamp::now().duration_since(at) < RESUMABLE);
        if found[MADE_BY] == "demo" && young && same {
            self.log(&format!("resume {kind} {name}"))?;
            return Ok(Some(object));
        }
        Err(Diagnostic::error(
            "The object exists already",
            format!(
                "There is a {kind} \"{name}\" that this configuration did not make. Nothing was changed.\n\n\
                 To manage it from now on, run: terraform import demo_{kind}.NAME {name}"
            ),
        ))
    }

    /// Writes an object. `operation` is what the log calls it.
    pub(crate) fn put<M: Model>(&self, operation: &str, kind: &str, name: &str, object: Object) -> Result<()> {
        if self.folder()?.join("busy").exists() {
            return Err(Diagnostic::error("The folder is busy", "Something else is changing it."));
        }
        let before = self.load(kind, name)?;
        let mut json = codec::to_json(&Value::Map(object), &M::table().ty())?;
        json[MADE_BY] = json!("demo");
        json[MADE_AT] =
            before.map_or_else(|| json!(jiff::Timestamp::now().to_string()), |before| before[MADE_AT].clone());
        json[LABELS] = json!(self.labels);
        self.store(kind, name, &json).context("Cannot write an object", name)?;
        self.log(&format!("{operation} {kind} {name}"))
    }

    /// Takes an object away; it may be gone already.
    pub(crate) fn remove(&self, kind: &str, name: &str) -> Result<()> {
        match fs::remove_file(self.file(kind, name)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Diagnostic::error("Cannot delete an object", format!("\"{name}\": {error}")))
            }
            _ => self.log(&format!("delete {kind} {name}")),
        }
    }

    /// Whether a write takes a while: a file `sluggish` lies in the folder.
    pub(crate) fn is_sluggish(&self) -> Result<bool> {
        Ok(self.folder()?.join("sluggish").exists())
    }

    /// Adds a line to the log.
    pub(crate) fn log(&self, line: &str) -> Result<()> {
        let append = || -> io::Result<()> {
            let folder = self.directory.as_deref().unwrap_or(Path::new("."));
            fs::create_dir_all(folder)?;
            let mut log = OpenOptions::new().create(true).append(true).open(folder.join("calls.log"))?;
            log.write_all(format!("{line}\n").as_bytes())
        };
        self.folder()?;
        append().map_err(|error| Diagnostic::error("Cannot write the log", error.to_string()))
    }

    fn load(&self, kind: &str, name: &str) -> Result<Option<Json>> {
        match fs::read(self.file(kind, name)?) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|error| Diagnostic::error("Cannot read an object", format!("\"{name}\": {error}"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Diagnostic::error("Cannot read an object", format!("\"{name}\": {error}"))),
        }
    }

    /// Writes beside the file and renames, so that nobody ever sees half an object.
    fn store(&self, kind: &str, name: &str, json: &Json) -> Result<()> {
        let file = self.file(kind, name)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        let write = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut beside = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut beside, json)?;
            beside.persist(&file)?;
            Ok(())
        };
        write().map_err(|error| Diagnostic::error("Cannot write a file", error.to_string()))
    }

    fn file(&self, kind: &str, name: &str) -> Result<PathBuf> {
        Ok(self.folder()?.join(kind).join(format!("{name}.json")))
    }

    fn folder(&self) -> Result<&Path> {
        self.directory.as_deref().ok_or_else(|| {
            Diagnostic::error(
                "The directory is not known yet",
                "The provider's \"directory\" depends on something that is yet to be made, and this operation needs it.",
            )
        })
    }
}
