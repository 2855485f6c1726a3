//! A proxy on loopback that resolves every name to one server.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// The proxy, and the heads of the requests that came to it.
pub(crate) struct Proxy {
    pub(crate) host: String,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Starts to forward everything to a server, both CONNECT and plain requests.
    pub(crate) async fn start(server: &str) -> Self {
        let server = server.rsplit('/').next().unwrap().replace("localhost", "127.0.0.1");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { host: listener.local_addr().unwrap().to_string(), heads: Arc::default() };
        let heads = Arc::clone(&proxy.heads);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(lead(client, server.clone(), Arc::clone(&heads)));
            }
        });
        proxy
    }

    /// The request lines so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().map(|head| head.lines().next().unwrap_or_default().to_owned()).collect()
    }

    /// Whether any request bore this header.
    pub(crate) fn saw(&self, header: &str) -> bool {
        let heads = self.heads.lock().unwrap();
        heads.iter().any(|head| head.lines().any(|line| line.eq_ignore_ascii_case(header)))
    }
}

async fn lead(mut client: TcpStream, server: String, heads: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if !matches!(client.read_buf(&mut head).await, Ok(1..)) {
            return;
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut server = TcpStream::connect(server).await.unwrap();
    if text.starts_with("CONNECT ") {
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
    } else {
        server.write_all(&head).await.unwrap();
    }
    heads.lock().unwrap().push(text);
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
