//! What the system tells the process.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{self, SignalKind};
#[cfg(windows)]
use tokio::signal::windows;

/// A signal of Unix, or what stands for it on Windows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Signal {
    /// SIGINT; Ctrl-C or Ctrl-Break in the console.
    Interrupt,
    /// SIGTERM; the console is closed, or Windows shuts down, and ends the process a few seconds later.
    Terminate,
}

/// Receives signals instead of being ended by them.
#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: unix::Signal,
    terminate: unix::Signal,
}

/// Receives signals instead of being ended by them.
#[cfg(windows)]
pub(crate) struct Signals {
    c: windows::CtrlC,
    r#break: windows::CtrlBreak,
    close: windows::CtrlClose,
    shutdown: windows::CtrlShutdown,
}

#[cfg(unix)]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let (interrupt, terminate) = (unix::signal(SignalKind::interrupt())?, unix::signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(windows)]
impl Signals {
    pub(crate) fn new() -> io::Result<Self> {
        let (c, r#break) = (windows::ctrl_c()?, windows::ctrl_break()?);
        Ok(Self { c, r#break, close: windows::ctrl_close()?, shutdown: windows::ctrl_shutdown()? })
    }

    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.c.recv() => Signal::Interrupt,
            _ = self.r#break.recv() => Signal::Interrupt,
            _ = self.close.recv() => Signal::Terminate,
            _ = self.shutdown.recv() => Signal::Terminate,
        }
    }
}
