//! What core connects to: a Unix socket, or a port of this machine where core does not know Unix sockets.

use std::ffi::{OsStr, OsString};
use std::io;
use std::net::Ipv4Addr;
#[cfg(unix)]
use std::path::PathBuf;

#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio_util::either::Either;

use crate::plugin::Env;
#[cfg(unix)]
use crate::plugin::socket::Socket;

/// The kind of address that a provider listens on. The default is what core expects on this system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// A Unix socket that only its owner can reach: the default on Unix.
    #[cfg(unix)]
    #[default]
    Unix,
    /// A port of 127.0.0.1, which every user of the machine can reach: the default on Windows.
    #[cfg_attr(not(unix), default)]
    Tcp,
}

/// Where to listen, as core's environment says.
#[derive(Debug)]
pub(crate) enum Place {
    #[cfg(unix)]
    Unix {
        dir: PathBuf,
        /// Name or number of a group that may connect too.
        group: Option<String>,
    },
    /// The first free port from one to the other; any port if they are 0, as is one that is not given.
    Tcp { min: Option<OsString>, max: Option<OsString> },
}

/// Listens until it is dropped.
#[derive(Debug)]
pub(crate) enum Listener {
    #[cfg(unix)]
    Unix(Socket),
    Tcp(TcpListener),
}

/// Where it listens, in core's words.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Address {
    pub(crate) network: &'static str,
    pub(crate) name: String,
}

#[cfg(unix)]
pub(crate) type Stream = Either<UnixStream, TcpStream>;
#[cfg(not(unix))]
pub(crate) type Stream = TcpStream;

/// The value of a variable that is set and not empty.
pub(crate) fn set(env: Env<'_>, name: &str) -> Option<OsString> {
    env(name).filter(|value| !value.is_empty())
}

impl Place {
    pub(crate) fn from_env(network: Network, env: Env<'_>) -> Self {
        match network {
            #[cfg(unix)]
            Network::Unix => Self::Unix {
                dir: set(env, "PLUGIN_UNIX_SOCKET_DIR").map_or_else(std::env::temp_dir, PathBuf::from),
                group: set(env, "PLUGIN_UNIX_SOCKET_GROUP").map(|group| group.to_string_lossy().into_owned()),
            },
            Network::Tcp => Self::Tcp { min: set(env, "PLUGIN_MIN_PORT"), max: set(env, "PLUGIN_MAX_PORT") },
        }
    }
}

impl Listener {
    pub(crate) async fn bind(place: &Place) -> io::Result<Self> {
        match place {
            #[cfg(unix)]
            Place::Unix { dir, group } => Socket::bind(dir, group.as_deref()).map(Self::Unix),
            Place::Tcp { min, max } => {
                let (min, max) = (port("PLUGIN_MIN_PORT", min.as_deref())?, port("PLUGIN_MAX_PORT", max.as_deref())?);
                first_free(min, max).await.map(Self::Tcp)
            }
        }
    }

    pub(crate) fn address(&self) -> io::Result<Address> {
        Ok(match self {
            #[cfg(unix)]
            Self::Unix(socket) => Address { network: "unix", name: socket.path().to_string_lossy().into_owned() },
            Self::Tcp(listener) => Address { network: "tcp", name: listener.local_addr()?.to_string() },
        })
    }

    /// Whether other users of the machine can connect as well.
    pub(crate) fn is_open_to_others(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        match self {
            #[cfg(unix)]
            Self::Unix(socket) => socket.listener.accept().await.map(|(stream, _)| Either::Left(stream)),
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                let _ = stream.set_nodelay(true); // Without it calls are slow, but work.
                #[cfg(unix)]
                let stream = Either::Right(stream);
                Ok(stream)
            }
        }
    }
}

/// The port in a variable.
fn port(name: &str, value: Option<&OsStr>) -> io::Result<u16> {
    let Some(value) = value else { return Ok(0) };
    value
        .to_str()
        .and_then(|value| value.parse().ok())
        .ok_or_else(|| io::Error::other(format!("{name} is {value:?}, which is not a port")))
}

/// Tries the ports in order, as go-plugin does: a port may be taken, or reserved by the system.
async fn first_free(min: u16, max: u16) -> io::Result<TcpListener> {
    if min > max {
        return Err(io::Error::other(format!("PLUGIN_MIN_PORT is {min}, which is more than PLUGIN_MAX_PORT, {max}")));
    }
    let mut last = None;
    for port in min..=max {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    let why = last.map(|error| format!(": {error}")).unwrap_or_default();
    Err(io::Error::other(format!("none of the ports {min} to {max} of 127.0.0.1 can be used{why}")))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// One place of each network, with any name or port.
    pub(crate) fn anywhere() -> Vec<Place> {
        vec![
            #[cfg(unix)]
            Place::from_env(Network::Unix, &|_| None),
            Place::from_env(Network::Tcp, &|_| None),
        ]
    }

    pub(crate) async fn connect(to: &Address) -> Stream {
        #[cfg(unix)]
        if to.network == "unix" {
            return Either::Left(UnixStream::connect(&to.name).await.unwrap());
        }
        let stream = TcpStream::connect(&to.name).await.unwrap();
        #[cfg(unix)]
        let stream = Either::Right(stream);
        stream
    }

    async fn tcp(min: &str, max: &str) -> Result<u16, String> {
        let env = |name: &str| match name {
            "PLUGIN_MIN_PORT" => Some(min.into()),
            "PLUGIN_MAX_PORT" => Some(max.into()),
            _ => None,
        };
        let listener = Listener::bind(&Place::from_env(Network::Tcp, &env)).await.map_err(|error| error.to_string())?;
        let address = listener.address().unwrap();
        assert_eq!(address.network, "tcp");
        Ok(address.name.strip_prefix("127.0.0.1:").unwrap().parse().unwrap())
    }

    #[cfg(unix)]
    #[test]
    fn the_socket_goes_where_core_says() {
        let place = |name: &'static str, value: &'static str| match Place::from_env(Network::Unix, &move |asked| {
            (asked == name).then(|| OsString::from(value))
        }) {
            Place::Unix { dir, group } => (dir, group),
            Place::Tcp { .. } => unreachable!("not asked for"),
        };
        assert_eq!(place("PLUGIN_UNIX_SOCKET_DIR", "/run/x").0, PathBuf::from("/run/x"));
        assert_eq!(place("PLUGIN_UNIX_SOCKET_DIR", "").0, std::env::temp_dir());
        assert_eq!(place("PLUGIN_UNIX_SOCKET_GROUP", "tf").1.as_deref(), Some("tf"));
        assert_eq!(place("PLUGIN_UNIX_SOCKET_GROUP", "").1, None);
    }

    #[tokio::test]
    async fn the_port_is_the_first_free_one_of_core_s_range() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let taken = taken.local_addr().map(|address| (taken, address.port())).unwrap();
        let min = taken.1.to_string();
        let port = tcp(&min, "65535").await.unwrap();
        assert!(port > taken.1, "{port}");
        let error = tcp(&min, &min).await.unwrap_err();
        assert!(error.starts_with(&format!("none of the ports {min} to {min} of 127.0.0.1 can be used: ")), "{error}");
        for none in ["", "0"] {
            assert_ne!(tcp(none, none).await.unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn a_range_that_is_none_is_explained() {
        for (min, max, error) in [
            ("x", "25000", "PLUGIN_MIN_PORT is \"x\", which is not a port"),
            ("10000", "65536", "PLUGIN_MAX_PORT is \"65536\", which is not a port"),
            ("-1", "", "PLUGIN_MIN_PORT is \"-1\", which is not a port"),
            ("2000", "1000", "PLUGIN_MIN_PORT is 2000, which is more than PLUGIN_MAX_PORT, 1000"),
            ("2000", "", "PLUGIN_MIN_PORT is 2000, which is more than PLUGIN_MAX_PORT, 0"),
        ] {
            assert_eq!(tcp(min, max).await.unwrap_err(), error);
        }
    }
}
