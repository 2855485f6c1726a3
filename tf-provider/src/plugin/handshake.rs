//! What core passes to the process in its environment, and the one line that the process answers.

use std::ffi::OsString;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustls::pki_types::CertificateDer;
use serde_json::json;

use crate::plugin::listener::{Address, Place, set};
use crate::plugin::{Env, Failure, Network, Plugin};

/// What was negotiated with the parent process.
#[derive(Debug)]
pub(crate) struct Handshake {
    /// Started by hand, to be attached to: no TLS, several connections, no end but Ctrl-C.
    pub(crate) debug: bool,
    /// PEM of the only client certificate to accept; without one core asks for plaintext.
    pub(crate) client_cert: Option<String>,
    /// Where to listen.
    pub(crate) place: Place,
    /// Core knows about multiplexing and expects an answer. Older versions would read the answer as part of the
    /// certificate.
    multiplex: bool,
}

/// Proves that a plugin host started us. It keeps users from running plugins by hand, it is no secret.
pub(crate) const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// The plugin protocol spoken here.
const PROTOCOL: u8 = 5;

impl Handshake {
    /// Reads core's variables; nothing if the process was not started by core.
    pub(crate) fn with_core(network: Network, env: Env<'_>) -> Option<Result<Self, Failure>> {
        if env("TF_PLUGIN_MAGIC_COOKIE")? != COOKIE {
            return None;
        }
        // Core explains a missing common version better than we can: it knows the provider's source and constraints.
        let offered = env("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default();
        if !offers(&offered.to_string_lossy(), PROTOCOL) {
            tracing::warn!(?offered, "Core does not offer plugin protocol {PROTOCOL}, the only one spoken here");
        }
        let client_cert = env("PLUGIN_CLIENT_CERT").map(OsString::into_string).transpose();
        Some(match client_cert {
            Ok(client_cert) => Ok(Self {
                client_cert,
                multiplex: set(env, "PLUGIN_MULTIPLEX_GRPC").is_some(),
                debug: false,
                ..Self::with_debugger(network, env)
            }),
            Err(_) => Err(Failure::when("use PLUGIN_CLIENT_CERT")("it is not text")),
        })
    }

    /// The handshake of a process that a developer started.
    pub(crate) fn with_debugger(network: Network, env: Env<'_>) -> Self {
        Self { debug: true, client_cert: None, place: Place::from_env(network, env), multiplex: false }
    }

    /// The line to print once it listens at the address.
    pub(crate) fn line(&self, plugin: Plugin, at: &Address, certificate: Option<&CertificateDer<'_>>) -> String {
        if self.debug {
            return reattach(plugin.address, std::process::id(), at);
        }
        let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
        let mut line = format!("1|{PROTOCOL}|{}|{}|grpc|{certificate}", at.network, at.name);
        if self.multiplex {
            line.push_str("|false");
        }
        line.push('\n');
        line
    }
}

/// Whether a comma list, in any order, holds a version.
fn offers(versions: &str, version: u8) -> bool {
    versions.split(',').any(|offered| offered.trim().parse() == Ok(version))
}

/// How to attach Terraform to this process: from PowerShell on Windows, else from a POSIX shell.
fn reattach(address: &str, pid: u32, at: &Address) -> String {
    let providers = json!({
        address: {
            "Protocol": "grpc",
            "ProtocolVersion": PROTOCOL,
            "Pid": pid,
            // Core does not kill the process when its own work is done.
            "Test": true,
            "Addr": { "Network": at.network, "String": at.name },
        }
    });
    let (variable, quote) = if cfg!(windows) { ("$env:", "''") } else { ("export ", r"'\''") };
    let quoted = providers.to_string().replace('\'', quote);
    let mut text = String::from("The provider is running. To use it, in another shell:\n\n");
    let _ = writeln!(text, "\t{variable}TF_REATTACH_PROVIDERS='{quoted}'\n");
    text.push_str("For OpenTofu, put registry.opentofu.org in place of registry.terraform.io. End it with Ctrl-C.\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLUGIN: Plugin = Plugin { name: "idle", address: "registry.terraform.io/example/idle", version: "1.2.3" };

    fn handshake(env: &[(&str, &str)]) -> Handshake {
        let env = |name: &str| match name {
            "TF_PLUGIN_MAGIC_COOKIE" => Some(OsString::from(COOKIE)),
            _ => env.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)),
        };
        Handshake::with_core(Network::default(), &env).unwrap().ok().unwrap()
    }

    fn unix(path: &str) -> Address {
        Address { network: "unix", name: path.to_owned() }
    }

    #[test]
    fn six_fields_unless_asked_for_seven() {
        let socket = &unix("/run/p/s");
        // 2 bytes, which padding would make four characters.
        let der = CertificateDer::from(vec![0xfb, 0xff]);
        let six = handshake(&[]).line(PLUGIN, socket, Some(&der));
        assert_eq!(six, "1|5|unix|/run/p/s|grpc|+/8\n");
        let empty = handshake(&[("PLUGIN_MULTIPLEX_GRPC", "")]).line(PLUGIN, socket, Some(&der));
        assert_eq!(empty, six);
        let seven = handshake(&[("PLUGIN_MULTIPLEX_GRPC", "true")]).line(PLUGIN, socket, None);
        assert_eq!(seven, "1|5|unix|/run/p/s|grpc||false\n");
        let port = Address { network: "tcp", name: "127.0.0.1:10000".to_owned() };
        assert_eq!(handshake(&[]).line(PLUGIN, &port, Some(&der)), "1|5|tcp|127.0.0.1:10000|grpc|+/8\n");
    }

    #[test]
    fn says_five_whatever_core_offers() {
        for offered in ["5,6", "6,5", "5", "6", "", "x"] {
            let line = handshake(&[("PLUGIN_PROTOCOL_VERSIONS", offered)]).line(PLUGIN, &unix("/s"), None);
            assert_eq!(line, "1|5|unix|/s|grpc|\n");
        }
        for (offered, common) in [("5,6", true), ("6,5", true), ("5", true), ("6", false), ("55", false), ("", false)] {
            assert_eq!(offers(offered, 5), common, "{offered}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn reattach_survives_a_shell() {
        let text = reattach("registry.terraform.io/example/idle", 7, &unix("/tmp/it's/s"));
        let assignment = text.lines().find_map(|line| line.trim().strip_prefix("export ")).unwrap();
        let script = format!("{assignment}; printf %s \"$TF_REATTACH_PROVIDERS\"");
        let shell = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&shell.stdout).unwrap();
        let expected = json!({"registry.terraform.io/example/idle": {
            "Protocol": "grpc", "ProtocolVersion": 5, "Pid": 7, "Test": true,
            "Addr": {"Network": "unix", "String": "/tmp/it's/s"},
        }});
        assert_eq!(value, expected);
    }
}
