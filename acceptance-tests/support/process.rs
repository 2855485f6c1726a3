//! A command under way: its output so far, signals to it and to the plugins it started.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::support::eventually;
use crate::support::output::Run;

/// Longer than any command of a test should take; a hanging one is killed and fails its test.
const LIMIT: Duration = Duration::from_secs(180);

/// A command that runs in a process group of its own, which is killed when this value is dropped.
#[derive(Debug)]
pub struct Running {
    command: String,
    child: Child,
    started: Instant,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// A process that the command started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its process id.
    pub id: i32,
    /// File name of the program.
    pub name: String,
}

impl Running {
    /// Starts `command` with its output going to two new files in `folder`.
    pub fn start(mut command: Command, folder: &Path) -> Self {
        let text = text(&command);
        let logs = tempfile::Builder::new().prefix("run").tempdir_in(folder).expect("a folder for the output").keep();
        let (stdout, stderr) = (logs.join("stdout"), logs.join("stderr"));
        command.stdin(Stdio::null());
        command.stdout(File::create(&stdout).expect("a file for stdout"));
        command.stderr(File::create(&stderr).expect("a file for stderr"));
        let started = Instant::now();
        let child = std::os::unix::process::CommandExt::process_group(&mut command, 0)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {text}: {error}"));
        Self { command: text, child, started, stdout, stderr }
    }

    /// Waits for the end, whatever it is.
    pub fn wait(mut self) -> Run {
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the command's status") {
                break status;
            }
            if self.started.elapsed() > LIMIT {
                let output = self.stdout_so_far() + &self.stderr_so_far();
                panic!("still running after {LIMIT:?}: {}\n{output}", self.command);
            }
            crate::support::pause();
        };
        Run {
            command: self.command.clone(),
            code: status.code(),
            elapsed: self.started.elapsed(),
            stdout: self.stdout_so_far(),
            stderr: self.stderr_so_far(),
        }
    }

    /// Waits until standard output contains `text`; fails when the command ends without it.
    pub fn wait_for(&mut self, text: &str) {
        eventually(text, LIMIT, || {
            let ended = self.has_ended();
            let output = self.stdout_so_far();
            let found = output.contains(text);
            assert!(found || !ended, "{} ended without {text:?}:\n{output}{}", self.command, self.stderr_so_far());
            found.then_some(())
        });
    }

    /// Whether the command has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("the command's status").is_some()
    }

    /// Sends what Ctrl-C does: SIGINT to the command and to everything it started.
    pub fn interrupt(&self) {
        kill_process_group(self.pid(), Signal::INT).expect("SIGINT to the process group");
    }

    /// SIGTERM to the command alone.
    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).expect("SIGTERM to the command");
    }

    /// SIGKILL to the command alone: what it started continues.
    pub fn kill(&self) {
        kill_process(self.pid(), Signal::KILL).expect("SIGKILL to the command");
    }

    /// SIGKILL to the providers, which makes the command fail.
    #[track_caller]
    pub fn kill_providers(self) {
        self.providers().iter().for_each(Process::kill);
        self.wait().expect_code(1);
    }

    /// The provider processes that run at this moment.
    pub fn providers(&self) -> Vec<Process> {
        let mut children = self.children();
        children.retain(|child| child.name.starts_with("terraform-provider-"));
        children
    }

    /// The processes whose parent is the command.
    pub fn children(&self) -> Vec<Process> {
        let parent = self.child.id().to_string();
        let processes = fs::read_dir("/proc").expect("/proc").filter_map(|entry| entry.ok()?.path().try_into_process());
        processes.filter(|(_, of)| *of == parent).map(|(process, _)| process).collect()
    }

    fn stdout_so_far(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stdout).unwrap_or_default()).into_owned()
    }

    fn stderr_so_far(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.stderr).unwrap_or_default()).into_owned()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process_group(self.pid(), Signal::KILL);
            let _ = self.child.wait();
        }
    }
}

impl Process {
    /// SIGKILL: the process has no chance to tidy up.
    pub fn kill(&self) {
        let id = Pid::from_raw(self.id).expect("a process id");
        kill_process(id, Signal::KILL).unwrap_or_else(|error| panic!("cannot kill {self:?}: {error}"));
    }

    /// Whether the process has ended.
    pub fn is_gone(&self) -> bool {
        self.peak_memory().is_none()
    }

    /// The largest resident size so far in bytes, none when the process has ended.
    pub fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
    }
}

/// A folder of /proc, read as a process and its parent's id.
trait TryIntoProcess {
    fn try_into_process(&self) -> Option<(Process, String)>;
}

impl TryIntoProcess for PathBuf {
    fn try_into_process(&self) -> Option<(Process, String)> {
        let id = self.file_name()?.to_str()?.parse().ok()?;
        let status = fs::read_to_string(self.join("status")).ok()?;
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().to_owned();
        // While a process becomes another program it has no command line for a moment, but always a name of 15 bytes.
        let arguments = fs::read(self.join("cmdline")).ok()?;
        let program = String::from_utf8_lossy(arguments.split(|byte| *byte == 0).next()?).into_owned();
        let file_name = Path::new(&program).file_name().and_then(|name| name.to_str());
        let name = file_name.or_else(|| status.lines().find_map(|line| line.strip_prefix("Name:")))?.trim().to_owned();
        Some((Process { id, name }, parent))
    }
}

/// The command as one would type it.
fn text(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
