//! A client that behaves like a current core: go-plugin 1.8 on grpc-go 1.67 or later.
//!
//! It starts a plugin with the environment core gives, believes only the handshake line, makes the P-521 client
//! certificate core makes, trusts exactly the plugin's certificate for `localhost`, insists on ALPN `h2`, opens the
//! broker's and the stdio stream, and takes leave with `Shutdown`. Whatever goes wrong is a panic.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::{OsStr, OsString};
use std::io;
use std::net::SocketAddr;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hyper_util::rt::TokioIo;
use prost::Message;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P521_SHA512,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tf_provider::plugin::Network;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
#[cfg(unix)]
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status, Streaming};
use tonic_prost::ProstCodec;

/// A plugin about to be started as core would.
pub struct Launch {
    command: Command,
    /// What the test harness of this very binary prints before the plugin has the word.
    preamble: &'static str,
    identity: Option<Identity>,
    tmp: TempDir,
}

/// A running plugin.
pub struct Process {
    child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<String>,
    /// The handshake line without its end; in debug mode the value of `TF_REATTACH_PROVIDERS`.
    pub line: String,
    /// From the start of the process to its line.
    pub start_up: Duration,
    /// Where it listens.
    pub address: Address,
    /// Its certificate, when it has one.
    pub certificate: Option<CertificateDer<'static>>,
    /// The client certificate it was given.
    pub identity: Option<Identity>,
    /// Its temporary directory.
    pub tmp: TempDir,
}

/// Where a plugin listens.
#[derive(Clone, Debug, PartialEq)]
pub enum Address {
    #[cfg(unix)]
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// A connection without TLS.
#[cfg(unix)]
pub type Stream = Either<UnixStream, TcpStream>;
/// A connection without TLS.
#[cfg(not(unix))]
pub type Stream = TcpStream;

/// Closes a connection for good, whoever holds it.
type HangUp = Box<dyn Fn() -> io::Result<()> + Send + Sync>;

/// A connection as core has it.
///
/// Dropping it closes the connection without a word, as the kernel does for a core that was killed.
pub struct Core {
    channel: Channel,
    hang_up: HangUp,
    /// Silent as long as the connection lives.
    pub stdio: Streaming<()>,
    /// Silent as long as the connection lives.
    pub broker: Streaming<()>,
}

/// How a plugin ended.
pub struct Exit {
    pub status: ExitStatus,
    /// All it wrote to standard error.
    pub stderr: String,
    /// What it wrote to standard output after the line.
    pub stdout: Vec<u8>,
    /// What it left in its temporary directory.
    pub left: usize,
}

/// A client certificate made the way core makes its own.
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
    pem: String,
}

const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Tells a test binary that it is to be the plugin, and with which arguments.
const PLUGIN_ARGS: &str = "CORE_LIKE_PLUGIN_ARGS";

/// Tells a test binary that it is to listen as on Windows.
const PLUGIN_TCP: &str = "CORE_LIKE_PLUGIN_TCP";

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);

/// The body of the test that [`Launch::this_test`] names: the plugin's `main` in a process started by it, else nothing.
pub fn plugin_main(main: impl FnOnce(Vec<OsString>) -> ExitCode) -> ExitCode {
    match std::env::var(PLUGIN_ARGS) {
        Ok(args) => main(args.split_whitespace().map(OsString::from).collect()),
        Err(_) => ExitCode::SUCCESS,
    }
}

/// The network that the process is to listen on.
pub fn plugin_network() -> Network {
    std::env::var_os(PLUGIN_TCP).map_or_else(Network::default, |_| Network::Tcp)
}

impl Launch {
    /// A plugin's binary.
    pub fn binary(path: impl AsRef<OsStr>) -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let identity = Identity::new();
        let mut command = Command::new(path);
        for (name, _) in std::env::vars_os() {
            if ["TF_", "PLUGIN_", "RUST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command
            .env("TMPDIR", tmp.path())
            .env("TF_PLUGIN_MAGIC_COOKIE", COOKIE)
            .env("PLUGIN_PROTOCOL_VERSIONS", "6,5")
            .env("PLUGIN_MIN_PORT", "10000")
            .env("PLUGIN_MAX_PORT", "25000")
            .env("PLUGIN_CLIENT_CERT", &identity.pem);
        Self { command, preamble: "", identity: Some(identity), tmp }
    }

    /// The test of that name in this very binary, which must be [`plugin_main`].
    pub fn this_test(name: &str) -> Self {
        let mut launch = Self::binary(std::env::current_exe().unwrap());
        launch.command.args([name, "--exact", "--nocapture", "--test-threads=2"]).env(PLUGIN_ARGS, "");
        launch.preamble = "\nrunning 1 test\n";
        launch
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Gives it these variables in place of those of this process.
    pub fn only(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let set = self.command.as_std().get_envs();
        let own: Vec<_> = set.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
        self.command.env_clear().envs(variables).envs(own);
        self
    }

    /// Lets a test binary listen on a port, as on Windows.
    pub fn tcp(self) -> Self {
        self.env(PLUGIN_TCP, "")
    }

    /// As core does when the user has set `TF_DISABLE_PLUGIN_TLS`.
    pub fn plaintext(mut self) -> Self {
        self.command.env_remove("PLUGIN_CLIENT_CERT");
        self.identity = None;
        self
    }

    /// As a developer does, with `-debug` and nothing else.
    pub fn debug(mut self) -> Self {
        self = self.plaintext();
        self.command.env_remove("TF_PLUGIN_MAGIC_COOKIE").env_remove("PLUGIN_PROTOCOL_VERSIONS");
        if self.preamble.is_empty() {
            self.command.arg("-debug");
        }
        self.env(PLUGIN_ARGS, "-debug")
    }

    /// Starts it and reads its handshake line.
    pub async fn start(mut self) -> Process {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let begin = Instant::now();
        let mut child = self.command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = tokio::spawn(async move {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).await.unwrap();
            String::from_utf8(text).unwrap()
        });
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut preamble = vec![0; self.preamble.len()];
        stdout.read_exact(&mut preamble).await.unwrap();
        assert_eq!(String::from_utf8(preamble).unwrap(), self.preamble);
        let debug = self
            .command
            .as_std()
            .get_envs()
            .any(|(name, value)| name == PLUGIN_ARGS && value == Some("-debug".as_ref()));
        let line = timeout(PATIENCE, first_line(&mut stdout, debug)).await.expect("no handshake in time");
        let start_up = begin.elapsed();
        let Some(line) = line else {
            drop(stdout);
            panic!("no handshake, but on standard error:\n{}", stderr.await.unwrap());
        };
        let (address, certificate) = if debug { (reattach_address(&line), None) } else { parse_line(&line) };
        let stdout = tokio::spawn(async move {
            let mut rest = Vec::new();
            stdout.read_to_end(&mut rest).await.unwrap();
            rest
        });
        Process { child, stdout, stderr, line, start_up, address, certificate, identity: self.identity, tmp: self.tmp }
    }
}

/// The handshake line, or the assignment that debug mode prints; nothing when the stream ends first.
async fn first_line(stdout: &mut BufReader<ChildStdout>, debug: bool) -> Option<String> {
    loop {
        let mut line = String::new();
        if stdout.read_line(&mut line).await.unwrap() == 0 {
            return None;
        }
        if !debug {
            return Some(line.strip_suffix('\n').expect("a whole line").to_owned());
        }
        let variable = if cfg!(windows) { "$env:" } else { "export " };
        let assigned = line.trim().strip_prefix(variable);
        if let Some(value) = assigned.and_then(|line| line.strip_prefix("TF_REATTACH_PROVIDERS='")) {
            return Some(value.strip_suffix('\'').expect("a closing quote").to_owned());
        }
    }
}

/// What core takes from the line; a plugin without TLS has no certificate.
fn parse_line(line: &str) -> (Address, Option<CertificateDer<'static>>) {
    let fields: Vec<_> = line.splitn(6, '|').collect();
    let ["1", "5", network, address, "grpc", certificate] = fields.as_slice() else {
        panic!("Unrecognized remote plugin message: {line}")
    };
    // Cores that know a seventh field have asked for it.
    let certificate = certificate.split('|').next().unwrap_or_default();
    let certificate = (certificate.len() > 50).then(|| STANDARD_NO_PAD.decode(certificate).unwrap().into());
    (Address::parse(network, address), certificate)
}

fn reattach_address(json: &str) -> Address {
    let providers: serde_json::Value = serde_json::from_str(json).unwrap();
    let provider = providers.as_object().unwrap().values().next().unwrap();
    let text = |name: &str| provider["Addr"][name].as_str().unwrap();
    Address::parse(text("Network"), text("String"))
}

impl Address {
    fn parse(network: &str, address: &str) -> Self {
        match network {
            #[cfg(unix)]
            "unix" => Self::Unix(PathBuf::from(address)),
            "tcp" => Self::Tcp(address.parse().unwrap()),
            _ => panic!("unknown address type: {address}"),
        }
    }

    /// The network and the address, as the plugin names them.
    pub fn names(&self) -> (&'static str, String) {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => ("unix", path.to_str().unwrap().to_owned()),
            Self::Tcp(address) => ("tcp", address.to_string()),
        }
    }

    /// Connects, and does not say anything yet.
    pub async fn connect(&self) -> io::Result<Stream> {
        Ok(self.connect_to_hang_up().await?.0)
    }

    async fn connect_to_hang_up(&self) -> io::Result<(Stream, HangUp)> {
        match self {
            #[cfg(unix)]
            Self::Unix(path) => {
                let stream = UnixStream::connect(path).await?.into_std()?;
                let socket = stream.try_clone()?;
                let hang_up = Box::new(move || socket.shutdown(std::net::Shutdown::Both));
                Ok((Either::Left(UnixStream::from_std(stream)?), hang_up))
            }
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await?.into_std()?;
                let socket = stream.try_clone()?;
                let hang_up = Box::new(move || socket.shutdown(std::net::Shutdown::Both));
                let stream = TcpStream::from_std(stream)?;
                #[cfg(unix)]
                let stream = Either::Right(stream);
                Ok((stream, hang_up))
            }
        }
    }
}

impl Process {
    /// Connects as core does.
    pub async fn connect(&self) -> Core {
        let (stream, hang_up) = self.address.connect_to_hang_up().await.unwrap();
        let stream = match &self.certificate {
            None => Either::Left(stream),
            Some(_) => Either::Right(self.secure(stream, self.identity.as_ref()).await.unwrap()),
        };
        Core::over(stream, hang_up).await.unwrap()
    }

    /// Makes a TLS connection, perhaps with another client certificate than core's or none.
    ///
    /// The plugin's verdict comes after the handshake: see [`refusal`].
    pub async fn dial(&self, identity: Option<&Identity>) -> io::Result<TlsStream<Stream>> {
        self.secure(self.address.connect().await?, identity).await
    }

    async fn secure(&self, stream: Stream, identity: Option<&Identity>) -> io::Result<TlsStream<Stream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone().expect("a plugin with TLS")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match identity {
            None => config.with_no_client_auth(),
            Some(Identity { certificate, key, .. }) => {
                let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.clone()));
                config.with_client_auth_cert(vec![certificate.clone()], key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "missing selected ALPN property");
        Ok(stream)
    }

    /// Sends a signal: `INT`, `TERM`.
    #[cfg(unix)]
    pub async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("a running plugin").to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().await.unwrap().success());
    }

    /// The id of the process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("a running plugin")
    }

    /// Whether it is still there after a while.
    pub async fn stays(&mut self) -> bool {
        timeout(Duration::from_millis(300), self.child.wait()).await.is_err()
    }

    /// Waits for it to end.
    pub async fn exit(mut self) -> Exit {
        let status = timeout(PATIENCE, self.child.wait()).await.expect("the plugin did not end").unwrap();
        Exit {
            status,
            stderr: self.stderr.await.unwrap(),
            stdout: self.stdout.await.unwrap(),
            left: std::fs::read_dir(self.tmp.path()).unwrap().count(),
        }
    }
}

/// Why the other side closes a TLS connection; a panic when it does not.
pub async fn refusal(stream: io::Result<TlsStream<Stream>>) -> String {
    let mut stream = match stream {
        Ok(stream) => stream,
        Err(error) => return error.to_string(),
    };
    // Writing may already fail; the reason comes with reading.
    let _ = stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    let mut answer = [0; 64];
    match timeout(PATIENCE, stream.read(&mut answer)).await.expect("the connection stays open") {
        Ok(0) => "closed".to_owned(),
        Ok(read) => panic!("answered {:?}", &answer[..read]),
        Err(error) => error.to_string(),
    }
}

impl Core {
    /// Opens what core opens right after connecting.
    async fn over(stream: Either<Stream, TlsStream<Stream>>, hang_up: HangUp) -> Result<Self, Status> {
        let mut stream = Some(TokioIo::new(stream));
        let connector = tower::service_fn(move |_| {
            std::future::ready(stream.take().ok_or_else(|| io::Error::other("core connects once")))
        });
        let endpoint = Endpoint::from_static("http://localhost");
        let channel =
            endpoint.connect_with_connector(connector).await.map_err(|error| Status::from_error(error.into()))?;
        let mut grpc = client(&channel).await;
        let path = PathAndQuery::from_static("/plugin.GRPCBroker/StartStream");
        let silence = tokio_stream::pending::<()>();
        let broker = grpc.streaming(Request::new(silence), path, ProstCodec::<(), ()>::default()).await?.into_inner();
        let path = PathAndQuery::from_static("/plugin.GRPCStdio/StreamStdio");
        let mut grpc = client(&channel).await;
        let codec = ProstCodec::<(), ()>::default();
        let stdio = grpc.server_streaming(Request::new(()), path, codec).await?.into_inner();
        Ok(Self { channel, hang_up, stdio, broker })
    }

    /// Calls a method of the provider, or of another service when given as `package.Service/Method`.
    pub async fn call<Q, A>(&self, method: &str, request: Q) -> Result<A, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let codec = ProstCodec::<Q, A>::default();
        let answer = client(&self.channel).await.unary(Request::new(request), path(method), codec).await?;
        Ok(answer.into_inner())
    }

    /// Calls a method that answers with a stream.
    pub async fn stream<Q, A>(&self, method: &str, request: Q) -> Result<Streaming<A>, Status>
    where
        Q: Message + 'static,
        A: Message + Default + 'static,
    {
        let codec = ProstCodec::<Q, A>::default();
        let answer = client(&self.channel).await.server_streaming(Request::new(request), path(method), codec).await?;
        Ok(answer.into_inner())
    }

    /// Takes leave, as core does at the end of each walk.
    pub async fn shutdown(self) {
        self.call::<(), ()>("plugin.GRPCController/Shutdown", ()).await.unwrap();
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        let _ = (self.hang_up)();
    }
}

/// A client without limits, as core's is.
async fn client(channel: &Channel) -> Grpc<Channel> {
    let mut grpc = Grpc::new(channel.clone()).max_decoding_message_size(usize::MAX);
    grpc.ready().await.unwrap();
    grpc
}

fn path(method: &str) -> PathAndQuery {
    let path = if method.contains('/') { format!("/{method}") } else { format!("/tfplugin5.Provider/{method}") };
    path.parse().unwrap()
}

impl Identity {
    /// A fresh one.
    pub fn new() -> Self {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "localhost");
        params.distinguished_name.push(DnType::OrganizationName, "HashiCorp");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyAgreement,
            KeyUsagePurpose::KeyCertSign,
        ];
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate: certificate.der().clone(), key: key.serialize_der(), pem: certificate.pem() }
    }
}

/// The permission bits of a file.
#[cfg(unix)]
pub fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
