//! A vendor of bare sockets: what it sends need not be HTTP.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The head of an answer that is JSON.
pub const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
pub const GOOD: &str = r#"{ "reference": "R-1" }"#;

pub struct Wire {
    pub url: String,
    connections: Arc<AtomicUsize>,
}

impl Wire {
    /// Reads a request on each connection and leaves the rest to `answer`, which is told the connection's number.
    pub async fn answering<F>(answer: impl Fn(TcpStream, usize) -> F + Send + Sync + 'static) -> Wire
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api", listener.local_addr().unwrap());
        let connections: Arc<AtomicUsize> = Arc::default();
        let (counted, answer) = (connections.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (number, answer) = (counted.fetch_add(1, Ordering::SeqCst), answer.clone());
                tokio::spawn(async move {
                    request(&mut stream).await;
                    answer(stream, number).await;
                });
            }
        });
        Wire { url, connections }
    }

    /// On the first connection this fault, then good answers.
    pub async fn faulty<F>(fault: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Wire
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let fault = Arc::new(fault);
        Wire::answering(move |stream, number| {
            let fault = fault.clone();
            async move {
                match number {
                    0 => fault(stream).await,
                    _ => good(stream).await,
                }
            }
        })
        .await
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads a whole request; false where the connection ended.
pub async fn request(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut read = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(byte) => read.push(byte),
            Err(_) => return false,
        }
        if !read.ends_with(b"\r\n\r\n") {
            continue;
        }
        let head = String::from_utf8_lossy(&read).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let mut body = vec![0; length.parse().unwrap()];
        return stream.read_exact(&mut body).await.is_ok();
    }
}

pub async fn good(mut stream: TcpStream) {
    send(&mut stream, &format!("{HEAD}content-length: {}\r\n\r\n{GOOD}", GOOD.len())).await;
}

/// Sends what it can: the other side may have had enough.
pub async fn send(stream: &mut (impl AsyncWriteExt + Unpin), text: impl AsRef<[u8]>) -> bool {
    stream.write_all(text.as_ref()).await.is_ok() && stream.flush().await.is_ok()
}
