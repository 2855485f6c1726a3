//! What earlier processes of the same run of Terraform have planned: an apply plans again in another process, which need
//! neither look up the same nor warn of the same again.
//!
//! Core starts a process of the provider for each phase, and these know nothing about each other but that core is the
//! parent of all. Each writes at its end what it has planned into `runs/CORE/PROCESS`. It is only a hint: where it is
//! missing, such as on systems without `/proc`, objects are looked up twice and warnings come twice.

use std::collections::{HashMap, HashSet};
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tf_provider::diagnostic::Diagnostic;

use crate::local;
use crate::records::hash;

/// What the processes of this run have planned so far.
#[derive(Debug, Default)]
pub struct Run {
    memory: OnceLock<Mutex<Memory>>,
}

#[derive(Debug, Default)]
struct Memory {
    /// Where the processes of this run write; nothing if they cannot find each other.
    folder: Option<PathBuf>,
    /// How many warnings of earlier processes this one has not repeated yet, by their hashes.
    repeatable: HashMap<String, usize>,
    /// The objects that earlier processes have looked up, by their hashes.
    looked_up: HashSet<String>,
    /// The lines of this process.
    own: Vec<String>,
}

const WARNING: &str = "warning";
const LOOKED_UP: &str = "looked-up";

impl Run {
    /// The warnings that no earlier process of this run has given.
    pub fn only_new(&self, warnings: Vec<Diagnostic>) -> Vec<Diagnostic> {
        if warnings.is_empty() {
            return warnings;
        }
        let mut memory = self.memory();
        warnings.into_iter().filter(|warning| memory.is_new(warning)).collect()
    }

    /// Whether no earlier process of this run has looked up this object.
    pub fn has_to_look_up(&self, object: &str) -> bool {
        let (object, mut memory) = (hash([object]), self.memory());
        let is_new = !memory.looked_up.contains(&object);
        if is_new {
            memory.own.push(format!("{LOOKED_UP} {object}"));
        }
        is_new
    }

    /// Hands what this process has planned to the later ones.
    pub fn close(&self) {
        let Some(memory) = self.memory.get() else { return };
        let memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(folder), false) = (&memory.folder, memory.own.is_empty()) else { return };
        let file = folder.join(process::id().to_string());
        if let Err(error) = fs::create_dir_all(folder).and_then(|()| fs::write(file, memory.own.join("\n"))) {
            tracing::debug!(%error, "what was planned was not recorded");
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.get_or_init(|| Mutex::new(load_own())).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn is_new(&mut self, warning: &Diagnostic) -> bool {
        let hash = hash([&warning.summary, &warning.detail]);
        if let Some(left @ 1..) = self.repeatable.get_mut(&hash) {
            *left -= 1;
            return false;
        }
        self.own.push(format!("{WARNING} {hash}"));
        true
    }

    fn read(&mut self, file: &Path) -> io::Result<()> {
        for line in fs::read_to_string(file)?.lines() {
            match line.split_once(' ') {
                Some((WARNING, hash)) => *self.repeatable.entry(hash.to_owned()).or_default() += 1,
                Some((LOOKED_UP, hash)) => _ = self.looked_up.insert(hash.to_owned()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn load_own() -> Memory {
    // A user who starts the provider for debugging is the parent of more than one run.
    let is_of_core = env::var_os("TF_PLUGIN_MAGIC_COOKIE").is_some();
    let core = parent().filter(|_| is_of_core).and_then(name_of);
    match (core, local::folder()) {
        (Some(core), Ok(folder)) => load(&folder.join("runs"), &core),
        _ => Memory::default(),
    }
}

#[cfg(unix)]
fn parent() -> Option<u32> {
    Some(std::os::unix::process::parent_id())
}

#[cfg(not(unix))]
fn parent() -> Option<u32> {
    None
}

/// What earlier processes have written. The folders of runs that are over are removed.
fn load(runs: &Path, core: &str) -> Memory {
    let mut memory = Memory { folder: Some(runs.join(core)), ..Memory::default() };
    for run in entries(runs) {
        match run.file_name().and_then(|name| name.to_str()) {
            Some(name) if name == core => entries(&run).for_each(|file| _ = memory.read(&file)),
            Some(name) if is_over(name) => _ = fs::remove_dir_all(&run), // The next one tries again.
            _ => {}
        }
    }
    memory
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

/// A name for a process that no later one will have: its number, and its start in ticks since the system's.
fn name_of(process: u32) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field is the name of the program, in parentheses, and can contain anything. The start is the 22nd.
    let start = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?;
    Some(format!("{process}-{start}"))
}

fn is_over(run: &str) -> bool {
    let process = run.split('-').next().and_then(|process| process.parse().ok());
    process.is_none_or(|process| name_of(process).as_deref() != Some(run))
}

#[cfg(target_os = "linux")] // Which process a run belongs to is known from `/proc`.
#[cfg(test)]
mod tests {
    use super::*;

    /// A process of a run, and the file that it writes.
    struct Process(Run, PathBuf);

    impl Process {
        fn new(runs: &Path, core: &str) -> Self {
            let memory = load(runs, core);
            let file = runs.join(core).join(process::id().to_string());
            Self(Run { memory: Mutex::new(memory).into() }, file)
        }

        fn shown(&self, warnings: &[&str]) -> Vec<String> {
            let warnings = warnings.iter().map(|text| Diagnostic::warning(*text, "detail")).collect();
            self.0.only_new(warnings).into_iter().map(|warning| warning.summary).collect()
        }

        /// Ends it. The processes of a test have one number, so its file gets another name.
        fn end(self, name: &str) {
            self.0.close();
            let Self(_, file) = self;
            if file.exists() {
                fs::rename(&file, file.with_file_name(name)).unwrap();
            }
        }
    }

    #[test]
    fn a_later_process_of_the_run_repeats_nothing() {
        let runs = tempfile::tempdir().unwrap();
        let core = name_of(process::id()).unwrap();
        let planning = Process::new(runs.path(), &core);
        assert_eq!(planning.shown(&["one", "two", "two"]), ["one", "two", "two"], "each is for a resource of its own");
        assert!(planning.0.has_to_look_up("role app") && planning.0.has_to_look_up("role app"));
        planning.end("planning");
        let applying = Process::new(runs.path(), &core);
        assert_eq!(applying.shown(&["two", "one", "three", "two", "two"]), ["three", "two"]);
        assert!(!applying.0.has_to_look_up("role app") && applying.0.has_to_look_up("role other"));
        applying.end("applying");
        let later = Process::new(runs.path(), &core);
        assert_eq!(later.shown(&["three", "one"]), [""; 0]);
        assert!(!later.0.has_to_look_up("role other"));
        later.end("later");
        let of_another_run = Process::new(runs.path(), "1-1");
        assert_eq!(of_another_run.shown(&["one"]), ["one"]);
        assert!(of_another_run.0.has_to_look_up("role app"));
    }

    #[test]
    fn what_runs_have_left_is_removed_when_they_are_over() {
        let runs = tempfile::tempdir().unwrap();
        let core = name_of(process::id()).unwrap();
        // The number is that of a running process, which has started at another time.
        let reused = format!("{}-1", process::id());
        for over in [reused.as_str(), "9999999-1", "unknown"] {
            fs::create_dir(runs.path().join(over)).unwrap();
        }
        let running = Process::new(runs.path(), &core);
        running.shown(&["one"]);
        running.end("running");
        Process::new(runs.path(), "1-1").end("nothing");
        let left: Vec<_> = entries(runs.path()).collect();
        assert_eq!(left, [runs.path().join(core)]);
    }

    #[test]
    fn without_a_folder_everything_is_new() {
        let alone = Run { memory: Mutex::default().into() };
        assert!(alone.has_to_look_up("role app"));
        assert_eq!(alone.only_new(vec![Diagnostic::warning("one", "detail")]).len(), 1);
        alone.close();
        Run::default().close();
    }
}
