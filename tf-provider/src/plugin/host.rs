//! The gRPC server, and when the process ends.
//!
//! Core ends a provider with `Shutdown` and kills what is still running two seconds later. Core may also vanish; then
//! the end of its connection is the only sign, or the fact that it never connects. Signals reach the whole process
//! group, as Ctrl-C reaches all processes of a console on Windows: SIGINT is core's to handle, SIGTERM only cancels
//! work, so that core still gets the answer.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::either::Either;
use tokio_util::sync::CancellationToken;
use tonic::codegen::BoxStream;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status, Streaming};
use tonic_health::ServingStatus;

use crate::plugin::Work;
use crate::plugin::listener::{Listener, Stream};
use crate::plugin::signals::{Signal, Signals};
use crate::proto::go_plugin::grpc_broker_server::{GrpcBroker, GrpcBrokerServer};
use crate::proto::go_plugin::grpc_controller_server::{GrpcController, GrpcControllerServer};
use crate::proto::go_plugin::grpc_stdio_server::{GrpcStdio, GrpcStdioServer};
use crate::proto::go_plugin::{ConnInfo, Empty, StdioData};
use crate::proto::tfplugin5::provider_server::{Provider, ProviderServer};

/// A provider service and its connections.
pub(crate) struct Host<S> {
    service: Arc<S>,
    debug: bool,
    signals: Signals,
}

/// The largest message either way; core itself has no limit.
const MAX_MESSAGE: usize = 256 << 20;

/// A local peer that needs longer for its TLS handshake will not finish it.
const TLS_DEADLINE: Duration = Duration::from_secs(10);

/// Core connects as soon as it has read the address; if it has not done so by then, it has exited.
const WELCOME: Duration = Duration::from_secs(60);

/// How long core may take to close its connection after the answer to `Shutdown`.
const SHUTDOWN: Duration = Duration::from_millis(50);

/// How long running work may take to end when core no longer waits for its answer.
const GRACE: Duration = Duration::from_secs(5);

impl<S: Provider + Work> Host<S> {
    /// Handles signals from here on. Must run before core learns where to connect.
    pub(crate) fn new(service: Arc<S>, debug: bool) -> io::Result<Self> {
        Ok(Self { service, debug, signals: Signals::new()? })
    }

    /// Serves until core or, in debug mode, a signal ends it.
    pub(crate) async fn serve(mut self, listener: &Listener, tls: Option<TlsAcceptor>) -> Result<(), Box<dyn Error>> {
        let (service, debug) = (self.service.clone(), self.debug);
        let shutdown = CancellationToken::new();
        let connections = Connections::default();
        let (ready, accepted) = mpsc::channel(1);
        let server = tokio::spawn(
            router(service.clone(), shutdown.clone())
                .await
                .serve_with_incoming(ReceiverStream::new(accepted).map(Ok::<_, Infallible>)),
        );
        tokio::select! {
            // `Shutdown` first: core exits soon after it.
            biased;
            () = shutdown.cancelled() => {
                service.shut_down();
                let _ = timeout(SHUTDOWN, connections.all_closed()).await;
            }
            never = accept(listener, tls, &connections, ready) => match never {},
            served = server => return Ok(served??),
            () = connections.none_within(WELCOME), if !debug => {
                tracing::warn!("Nobody has connected in {WELCOME:?}");
            }
            () = connections.all_closed(), if !debug => {
                tracing::warn!("Core has exited without a shutdown");
                service.cancel();
                let _ = timeout(GRACE, service.idle()).await;
            }
            () = self.signalled() => {
                let _ = timeout(GRACE, service.idle()).await;
            }
        }
        Ok(())
    }

    /// Handles signals; completes when one of them ends the process.
    async fn signalled(&mut self) {
        loop {
            if self.signals.next().await == Signal::Interrupt && !self.debug {
                continue;
            }
            self.service.cancel();
            if self.debug {
                return;
            }
        }
    }
}

/// All services of the process.
async fn router<S: Provider>(service: Arc<S>, shutdown: CancellationToken) -> tonic::transport::server::Router {
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_service_status("plugin", ServingStatus::Serving).await;
    let provider =
        ProviderServer::from_arc(service).max_decoding_message_size(MAX_MESSAGE).max_encoding_message_size(MAX_MESSAGE);
    Server::builder()
        .add_service(provider)
        .add_service(health)
        .add_service(GrpcControllerServer::new(Controller { shutdown }))
        .add_service(GrpcStdioServer::new(Silent))
        .add_service(GrpcBrokerServer::new(Silent))
}

// === Connections ===

/// How many peers are connected that proved to be core. Clones share the count.
#[derive(Clone, Debug)]
struct Connections(watch::Sender<Count>);

#[derive(Debug, Default)]
struct Count {
    open: usize,
    any_yet: bool,
}

impl Default for Connections {
    fn default() -> Self {
        Self(watch::Sender::new(Count::default()))
    }
}

impl Connections {
    fn open(&self, stream: Either<TlsStream<Stream>, Stream>) -> Connection {
        self.0.send_modify(|count| *count = Count { open: count.open + 1, any_yet: true });
        Connection { stream, all: self.clone() }
    }

    /// Completes when that long from now there was no connection yet.
    async fn none_within(&self, limit: Duration) {
        let mut count = self.0.subscribe();
        if timeout(limit, count.wait_for(|count| count.any_yet)).await.is_ok() {
            std::future::pending().await
        }
    }

    /// Completes when there were connections and the last of them is closed.
    async fn all_closed(&self) {
        // An error would mean that the sender was dropped, and this is the sender.
        let _ = self.0.subscribe().wait_for(|count| count.any_yet && count.open == 0).await;
    }
}

/// Yields connections as they become ready. One that fails does not affect the others.
async fn accept(
    listener: &Listener,
    tls: Option<TlsAcceptor>,
    connections: &Connections,
    ready: mpsc::Sender<Connection>,
) -> Infallible {
    loop {
        let stream = match listener.accept().await {
            Ok(stream) => stream,
            Err(error) => {
                // Out of file descriptors, most likely; some may become free.
                tracing::warn!(%error, "Cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (tls, connections, ready) = (tls.clone(), connections.clone(), ready.clone());
        tokio::spawn(async move {
            let stream = match tls {
                None => Either::Right(stream),
                Some(tls) => match timeout(TLS_DEADLINE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => Either::Left(stream),
                    Ok(Err(error)) => return tracing::warn!(%error, "Refused a connection"),
                    Err(_) => return tracing::warn!("Refused a connection that did not finish its TLS handshake"),
                },
            };
            // An error would mean that the server has ended, and the process with it.
            let _ = ready.send(connections.open(stream)).await;
        });
    }
}

/// A connection of core, counted as long as it is open.
struct Connection {
    stream: Either<TlsStream<Stream>, Stream>,
    all: Connections,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.0.send_modify(|count| count.open -= 1);
    }
}

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

// === Helper services ===

/// Lets core end the process.
struct Controller {
    shutdown: CancellationToken,
}

#[tonic::async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.shutdown.cancel();
        Ok(Response::new(Empty {}))
    }
}

/// Streams that core opens at once and expects to stay open, with nothing to send on them.
struct Silent;

#[tonic::async_trait]
impl GrpcStdio for Silent {
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<BoxStream<StdioData>>, Status> {
        Ok(Response::new(Box::pin(tokio_stream::pending())))
    }
}

#[tonic::async_trait]
impl GrpcBroker for Silent {
    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<BoxStream<ConnInfo>>, Status> {
        // Held, since a dropped request would reset the stream; what core sends on it is not read.
        Ok(Response::new(Box::pin(request.into_inner().filter_map(|_| None))))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::plugin::listener::Place;
    use crate::plugin::listener::tests::{anywhere, connect};
    use crate::plugin::tls::Tls;

    struct Idle;

    #[tonic::async_trait]
    impl Provider for Idle {}

    impl Work for Idle {
        fn cancel(&self) {}
    }

    /// Whether a host ends within ten minutes of its clock, which runs as fast as nothing happens.
    async fn ends(place: &Place, debug: bool, tls: Option<TlsAcceptor>, visit: impl AsyncFnOnce(Stream)) -> bool {
        let listener = Listener::bind(place).await.unwrap();
        let host = Host::new(Arc::new(Idle), debug).unwrap();
        let visitor = async {
            visit(connect(&listener.address().unwrap()).await).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            served = timeout(Duration::from_secs(600), host.serve(&listener, tls)) => served.is_ok_and(|end| end.is_ok()),
            () = visitor => unreachable!("it stays"),
        }
    }

    fn tls() -> TlsAcceptor {
        let core = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Tls::pinned_to(core.cert.pem().as_ref()).unwrap().acceptor
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_without_connections_ends() {
        for place in &anywhere() {
            assert!(ends(place, false, Some(tls()), async |stranger| drop(stranger)).await, "a stranger is nobody");
            let silent = async |mut stranger: Stream| drop(stranger.read(&mut [0]).await);
            assert!(ends(place, false, Some(tls()), silent).await, "one that says nothing, too");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_is_in_use_or_debugged_stays() {
        for place in &anywhere() {
            let stays = async |core: Stream| {
                std::future::pending::<()>().await;
                drop(core);
            };
            assert!(!ends(place, false, None, stays).await, "core need not say anything");
            let leaves = async |stranger| drop(stranger);
            assert!(!ends(place, true, Some(tls()), leaves).await, "a developer takes his time");
        }
    }
}
