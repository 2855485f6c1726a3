//! The first of several addresses that answers.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long an address may not answer before the next one is tried in parallel, as in RFC 8305.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to whichever address answers first. One that swallows everything, as an IPv6 address often does where there
/// is no route, does not keep the others waiting.
///
/// # Errors
/// None of them can be connected to; the fault is that of the first one in order.
pub(crate) async fn dial(addresses: &[SocketAddr]) -> io::Result<(SocketAddr, TcpStream)> {
    let mut waiting: VecDeque<_> = addresses.iter().copied().enumerate().collect();
    let mut tries = JoinSet::new();
    let mut first_fault: Option<(usize, io::Error)> = None;
    loop {
        if let Some((place, address)) = waiting.pop_front() {
            tries.spawn(async move { (place, address, TcpStream::connect(address).await) });
        }
        let answered = tokio::select! {
            answered = tries.join_next() => answered,
            () = sleep(HEAD_START), if !waiting.is_empty() => continue,
        };
        match answered {
            Some(Ok((_, address, Ok(stream)))) => return Ok((address, stream)),
            Some(Ok((place, _, Err(fault)))) => {
                if first_fault.as_ref().is_none_or(|(first, _)| place < *first) {
                    first_fault = Some((place, fault));
                }
            }
            Some(Err(fault)) => return Err(io::Error::other(fault)),
            None => {
                let none = || io::Error::new(io::ErrorKind::AddrNotAvailable, "there is no address");
                return Err(first_fault.map_or_else(none, |(_, fault)| fault));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    /// An address whose queue of connections is full, so that it does not answer.
    struct Silent {
        address: SocketAddr,
        _kept: (TcpListener, Vec<TcpStream>),
    }

    impl Silent {
        async fn new() -> Self {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
            let listener = socket.listen(1).unwrap();
            let address = listener.local_addr().unwrap();
            let mut queued = Vec::new();
            while let Ok(stream) = timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
                queued.push(stream.unwrap());
            }
            Self { address, _kept: (listener, queued) }
        }
    }

    async fn listening() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn a_silent_address_does_not_keep_the_others_waiting() {
        let silent = Silent::new().await;
        let (_listener, address) = listening().await;
        let dialled = timeout(Duration::from_secs(5), dial(&[silent.address, silent.address, address])).await;
        assert_eq!(dialled.expect("in time").unwrap().0, address);
    }

    #[tokio::test]
    async fn a_refusing_address_is_skipped_and_reported_if_it_is_the_only_one() {
        let (listener, closed) = listening().await;
        drop(listener);
        let (_listener, address) = listening().await;
        assert_eq!(dial(&[closed, address]).await.unwrap().0, address);
        assert_eq!(dial(&[closed]).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(dial(&[]).await.unwrap_err().kind(), io::ErrorKind::AddrNotAvailable);
    }
}
