//! A provider as a process: what lies between its `main` and the gRPC calls of core.
//!
//! Core starts the binary, reads one line from its standard output and connects to the socket named there, or on Windows
//! to the port. [`run`] does the rest until core shuts the provider down or exits. What the calls mean is up to the
//! service.

mod convert;
mod handshake;
mod host;
mod listener;
mod log;
mod service;
mod signals;
#[cfg(unix)]
mod socket;
mod tls;

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use tokio::runtime::Runtime;

pub use crate::plugin::listener::Network;
pub use crate::plugin::service::Service;

use crate::plugin::handshake::Handshake;
use crate::plugin::host::Host;
use crate::plugin::listener::Listener;
use crate::plugin::tls::Tls;
use crate::proto::tfplugin5::provider_server::Provider;
use crate::schema;

/// What a provider binary says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Plugin {
    /// Local name: `rdsauth` for the binary `terraform-provider-rdsauth`.
    pub name: &'static str,
    /// Full source address: `registry.terraform.io/rdsauth/rdsauth`.
    pub address: &'static str,
    /// Version without a leading `v`.
    pub version: &'static str,
}

/// The work a service has in hand, apart from the calls that started it.
pub trait Work {
    /// Asks running work to end soon; the service stays usable. Must return at once.
    ///
    /// Called on SIGTERM and when core has exited, just as core's own `Stop` call would.
    fn cancel(&self);

    /// Core has shut the provider down: it has received all answers, and there will be no more calls. Must return soon.
    fn shut_down(&self) {}

    /// Completes when no work is running. The process waits for it, at most five seconds, when core has exited.
    fn idle(&self) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// Serves a provider until core ends it; the whole `main` of a provider binary. See [`run`].
pub fn main<P: schema::Provider>(plugin: Plugin) -> ExitCode {
    run(plugin, std::env::args_os().skip(1), Service::<P>::default())
}

/// Serves any implementation of the Provider service until core ends it.
///
/// `args` are those after the program's name: none when core starts it, or one of `-debug`, `-version`, `-help`. Owns
/// the process's standard output, log, panic hook and the signals SIGINT and SIGTERM, or the events of the console on
/// Windows. Exit code 1 says that it could not serve, 64 that it does not know the arguments; the reason is on standard
/// error.
pub fn run<S: Provider + Work>(plugin: Plugin, args: impl IntoIterator<Item = OsString>, service: S) -> ExitCode {
    run_on(Network::default(), plugin, args, service)
}

/// Like [`run`], on a network that may be another than this system's own, so that Unix can test what Windows gets.
pub fn run_on<S: Provider + Work>(
    network: Network,
    plugin: Plugin,
    args: impl IntoIterator<Item = OsString>,
    service: S,
) -> ExitCode {
    let env = |name: &str| std::env::var_os(name);
    log::install(log::level(&env, plugin.name), plugin.address);
    let args = args.into_iter().collect();
    let process = Process { network, args, env: &env, out: &mut io::stdout(), err: &mut io::stderr() };
    ExitCode::from(start(plugin, service, process))
}

/// Looks up an environment variable.
type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// What a process gets from its environment, replaceable in tests.
struct Process<'a> {
    network: Network,
    args: Vec<OsString>,
    env: Env<'a>,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

/// Why the process cannot serve.
struct Failure {
    doing: &'static str,
    source: Box<dyn Error>,
}

/// What the arguments ask for.
#[derive(Debug, PartialEq)]
enum Command {
    Serve,
    Debug,
    Version,
    Help,
}

const SUCCESS: u8 = 0;
const FAILURE: u8 = 1;
const USAGE: u8 = 64;

/// Runs what the arguments ask for and returns the exit code. An output stream that is closed is no reason to stop.
fn start<S: Provider + Work>(plugin: Plugin, service: S, process: Process<'_>) -> u8 {
    let Process { network, args, env, out, err } = process;
    let served = match Command::from_args(&args) {
        Some(Command::Serve) => {
            let Some(handshake) = Handshake::with_core(network, env) else {
                let _ = err.write_all(plugin.not_started_by_core().as_bytes());
                return FAILURE;
            };
            handshake.and_then(|handshake| serve(plugin, service, &handshake, out))
        }
        Some(Command::Debug) => serve(plugin, service, &Handshake::with_debugger(network, env), out),
        Some(Command::Version) => {
            let _ = writeln!(out, "terraform-provider-{} {}", plugin.name, plugin.version);
            Ok(())
        }
        Some(Command::Help) => {
            let _ = out.write_all(plugin.usage().as_bytes());
            Ok(())
        }
        None => {
            let _ = err.write_all(plugin.usage().as_bytes());
            return USAGE;
        }
    };
    match served {
        Ok(()) => SUCCESS,
        Err(Failure { doing, source }) => {
            let _ = writeln!(err, "terraform-provider-{}: cannot {doing}: {source}", plugin.name);
            FAILURE
        }
    }
}

/// Prints where to connect, then serves. Nothing but that line may reach standard output.
fn serve<S: Provider + Work>(
    plugin: Plugin,
    service: S,
    handshake: &Handshake,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let runtime = runtime().map_err(Failure::when("start the runtime"))?;
    let served = runtime.block_on(async {
        let tls = handshake.client_cert.as_deref().map(Tls::pinned_to).transpose();
        let tls = tls.map_err(Failure::when("use PLUGIN_CLIENT_CERT"))?;
        let listener = Listener::bind(&handshake.place).await.map_err(Failure::when("open a socket"))?;
        let at = listener.address().map_err(Failure::when("open a socket"))?;
        if tls.is_none() && listener.is_open_to_others() {
            // It serves all the same, as go-plugin does: core gives no certificate only if its user has set
            // `TF_DISABLE_PLUGIN_TLS`, and can neither give nor check one if it is attached to a provider under
            // debugging. With a certificate, the connection of any other program fails, on either network.
            tracing::warn!(address = at.name, "Without TLS, every user of this machine can call the provider");
        }
        let host = Host::new(Arc::new(service), handshake.debug).map_err(Failure::when("handle signals"))?;
        let line = handshake.line(plugin, &at, tls.as_ref().map(|tls| &tls.certificate));
        out.write_all(line.as_bytes()).and_then(|()| out.flush()).map_err(Failure::when("write to standard output"))?;
        host.serve(&listener, tls.map(|tls| tls.acceptor)).await.map_err(Failure::when("serve"))
    });
    // Work that did not end in time must not hold up the process: core would kill it.
    runtime.shutdown_background();
    served
}

fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("provider").enable_all().build()
}

impl Command {
    /// `None` if there is an unknown argument. One dash and two are the same, as in Go.
    fn from_args(args: &[OsString]) -> Option<Self> {
        let args: Vec<_> = args.iter().map(OsString::as_os_str).map(OsStr::to_str).collect();
        match args.as_slice() {
            [] => Some(Self::Serve),
            [Some("-debug" | "--debug")] => Some(Self::Debug),
            [Some("-version" | "--version")] => Some(Self::Version),
            [Some("-help" | "--help" | "-h")] => Some(Self::Help),
            _ => None,
        }
    }
}

impl Failure {
    fn when<E: Into<Box<dyn Error>>>(doing: &'static str) -> impl FnOnce(E) -> Self {
        move |source| Self { doing, source: source.into() }
    }
}

impl Plugin {
    fn usage(&self) -> String {
        format!(
            "Usage: terraform-provider-{} [-debug | -version | -help]\n\n\
             Terraform and OpenTofu start this program by themselves, without arguments.\n\n\
             \x20 -debug    serve until Ctrl-C, and print how to attach Terraform\n\
             \x20 -version  print the version\n\
             \x20 -help     print this text\n",
            self.name
        )
    }

    fn not_started_by_core(&self) -> String {
        format!(
            "This is the plugin {} of Terraform and OpenTofu.\n\
             They start it by themselves when a configuration requires it; there is nothing to run by hand.\n\
             To attach a debugger, run it with -debug.\n",
            self.address
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGIN: Plugin = Plugin { name: "idle", address: "registry.terraform.io/example/idle", version: "1.2.3" };

    struct Idle;

    #[tonic::async_trait]
    impl Provider for Idle {}

    impl Work for Idle {
        fn cancel(&self) {}
    }

    /// The exit code, standard output and standard error of a start that ends by itself.
    fn check(args: &[&str], env: &[(&str, &str)]) -> (u8, String, String) {
        check_on(Network::default(), args, env)
    }

    fn check_on(network: Network, args: &[&str], env: &[(&str, &str)]) -> (u8, String, String) {
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = args.iter().map(OsString::from).collect();
        let code = start(PLUGIN, Idle, Process { network, args, env: &env, out: &mut out, err: &mut err });
        (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn says_its_version() {
        for argument in ["-version", "--version"] {
            assert_eq!(check(&[argument], &[]), (0, "terraform-provider-idle 1.2.3\n".to_owned(), String::new()));
        }
    }

    #[test]
    fn explains_its_arguments() {
        let (code, out, err) = check(&["-help"], &[]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.starts_with("Usage: terraform-provider-idle [-debug"), "{out}");
    }

    #[test]
    fn refuses_unknown_arguments() {
        for args in [&["-verbose"][..], &["-debug", "-debug"], &["serve"]] {
            let (code, out, err) = check(args, &[]);
            assert_eq!((code, out.as_str()), (64, ""));
            assert!(err.starts_with("Usage: "), "{err}");
        }
    }

    #[test]
    fn without_the_cookie_only_explains_itself() {
        for env in [&[][..], &[("TF_PLUGIN_MAGIC_COOKIE", "wrong")]] {
            let (code, out, err) = check(&[], env);
            assert_eq!((code, out.as_str()), (1, ""));
            assert!(err.contains("registry.terraform.io/example/idle"), "{err}");
        }
    }

    #[test]
    fn a_bad_client_certificate_never_means_plaintext() {
        for cert in ["", "x", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
            let env = [("TF_PLUGIN_MAGIC_COOKIE", handshake::COOKIE), ("PLUGIN_CLIENT_CERT", cert)];
            let (code, out, err) = check(&[], &env);
            assert_eq!((code, out.as_str()), (1, ""));
            assert!(err.starts_with("terraform-provider-idle: cannot use PLUGIN_CLIENT_CERT: "), "{err}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_impossible_socket_directory_is_explained() {
        let env = [("TF_PLUGIN_MAGIC_COOKIE", handshake::COOKIE), ("PLUGIN_UNIX_SOCKET_DIR", "/nowhere/at/all")];
        let (code, out, err) = check(&[], &env);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(err.starts_with("terraform-provider-idle: cannot open a socket: "), "{err}");
    }

    #[test]
    fn impossible_ports_are_explained() {
        let env =
            [("TF_PLUGIN_MAGIC_COOKIE", handshake::COOKIE), ("PLUGIN_MIN_PORT", "25000"), ("PLUGIN_MAX_PORT", "10000")];
        for args in [&[][..], &["-debug"]] {
            let (code, out, err) = check_on(Network::Tcp, args, &env);
            assert_eq!((code, out.as_str()), (1, ""));
            let why = "PLUGIN_MIN_PORT is 25000, which is more than PLUGIN_MAX_PORT, 10000";
            assert_eq!(err, format!("terraform-provider-idle: cannot open a socket: {why}\n"));
        }
    }
}
