//! A mock AWS server on loopback for the tests of this module, with scripted answers and recorded requests; and a
//! proxy.

pub(crate) mod proxy;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::aws::{Clients, Options};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// An HTTP status and an XML body.
    Xml(u16, String),
    /// An HTTP status and a JSON body.
    Json(u16, String),
    /// Reads the request, then closes the connection.
    HangUp,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// What the server does with each request.
type Script = dyn Fn(&Seen) -> Answer + Send + Sync;

/// The server.
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<Mutex<usize>>,
}

impl Server {
    /// One answer after the other. The last is repeated.
    pub(crate) async fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        Self::serve(in_turn(script), None).await
    }

    pub(crate) async fn start_tls(script: impl IntoIterator<Item = Answer>, tls: TlsAcceptor) -> Self {
        Self::serve(in_turn(script), Some(tls)).await
    }

    /// An answer for each request, whatever their order.
    pub(crate) async fn answering(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::serve(Arc::new(answer), None).await
    }

    async fn serve(script: Arc<Script>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let url = if tls.is_some() { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let server = Self { url, seen: Arc::default(), connections: Arc::default() };
        let (seen, connections) = (server.seen.clone(), server.connections.clone());
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                *connections.lock().unwrap() += 1;
                let (seen, script, tls) = (seen.clone(), script.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(socket, &seen, &*script).await,
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                converse(socket, &seen, &*script).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The API operations requested so far.
    pub(crate) fn operations(&self) -> Vec<String> {
        self.seen().iter().map(Seen::operation).collect()
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }

    /// Options that lead every service here.
    pub(crate) fn options(&self) -> Options {
        Options {
            region: Some("eu-west-1".to_owned()),
            access_key: Some("AKIAIOSFODNN7EXAMPLE".to_owned()),
            secret_key: Some("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            endpoints: ["dms", "ec2", "iam", "kms", "rds", "secretsmanager", "sts"]
                .map(|service| (service.to_owned(), self.url.clone()))
                .into(),
            skip_metadata_api_check: Some(true),
            terraform_version: "1.11.4".to_owned(),
            ..Options::default()
        }
    }

    /// Clients with these options.
    pub(crate) fn clients(&self) -> Clients {
        Clients::for_tests(self.options())
    }
}

impl Seen {
    /// The parameter of a query-protocol request, still encoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// The body of a request of the JSON protocol.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn operation(&self) -> String {
        let target = self.header("x-amz-target").rsplit('.').next();
        self.parameter("Action").or(target).unwrap_or_default().to_owned()
    }

    /// The scope the request was signed for: `20260102/us-east-1/iam/aws4_request` without the date.
    pub(crate) fn scope(&self) -> &str {
        let scope = self.headers.split_once("Credential=").unwrap().1.split_once(',').unwrap().0;
        scope.splitn(3, '/').nth(2).unwrap()
    }

    pub(crate) fn access_key(&self) -> &str {
        self.headers.split_once("Credential=").unwrap().1.split_once('/').unwrap().0
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let line = self.headers.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.unwrap_or_default().split_once(':').unwrap_or_default().1.trim()
    }
}

/// An error in the form IAM, STS and RDS give theirs.
pub(crate) fn fault(status: u16, code: &str, message: &str) -> Answer {
    Answer::Xml(
        status,
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>req-1</RequestId></ErrorResponse>"
        ),
    )
}

/// An error in the form of the JSON protocol.
pub(crate) fn json_fault(status: u16, code: &str, message: &str) -> Answer {
    Answer::Json(status, serde_json::json!({ "__type": code, "message": message }).to_string())
}

/// A result in the form of the JSON protocol.
pub(crate) fn json(body: &str) -> Answer {
    Answer::Json(200, body.to_owned())
}

/// A result in the form of the query protocol.
pub(crate) fn result(operation: &str, inner: &str) -> Answer {
    Answer::Xml(
        200,
        format!(
            "<{operation}Response><{operation}Result>{inner}</{operation}Result>\
             <ResponseMetadata><RequestId>req-0</RequestId></ResponseMetadata></{operation}Response>"
        ),
    )
}

fn in_turn(script: impl IntoIterator<Item = Answer>) -> Arc<Script> {
    let script = Mutex::new(script.into_iter().collect::<VecDeque<_>>());
    Arc::new(move |_| {
        let mut script = script.lock().unwrap();
        let answer = if script.len() > 1 { script.pop_front() } else { script.front().cloned() };
        answer.unwrap_or(Answer::HangUp)
    })
}

async fn converse(mut socket: impl AsyncRead + AsyncWrite + Unpin, seen: &Mutex<Vec<Seen>>, script: &Script) {
    let mut buffer = Vec::new();
    loop {
        let request = loop {
            if let Some(request) = whole(&buffer) {
                break request;
            }
            match socket.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        buffer.clear();
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len()
        };
        let (kind, status, body) = match script(&request) {
            Answer::Xml(status, body) => ("text/xml", status, body),
            Answer::Json(status, body) => ("application/x-amz-json-1.1", status, body),
            Answer::HangUp => return,
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nx-amzn-requestid: req-{number}\r\n\
             x-aws-ec2-metadata-token-ttl-seconds: 60\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if socket.write_all(format!("{head}{body}").as_bytes()).await.is_err() {
            return;
        }
    }
}

fn whole(buffer: &[u8]) -> Option<Seen> {
    let text = String::from_utf8_lossy(buffer);
    let (headers, body) = text.split_once("\r\n\r\n")?;
    let seen = Seen { headers: headers.to_owned(), body: body.to_owned() };
    let length: usize = seen.header("content-length").parse().unwrap_or(0);
    (seen.body.len() >= length).then_some(seen)
}
