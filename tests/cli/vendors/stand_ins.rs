//! Vendors that do not answer as they should, in this process.

use std::sync::{Arc, LazyLock};

use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

#[path = "../../../runtime/middleware/tests/shared/certified.rs"]
#[allow(dead_code)]
mod certified;
#[path = "../../../runtime/middleware/tests/shared/wire.rs"]
#[allow(dead_code)]
mod wire;

pub use wire::Wire;
use wire::{GOOD, HEAD, send};

/// Where they live.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap());

/// Leaves each connection to `answer` once a request has been read from it.
pub fn answering<F>(answer: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Wire
where
    F: Future<Output = ()> + Send + 'static,
{
    RUNTIME.block_on(Wire::answering(move |stream, _| answer(stream)))
}

/// Answers everything with this, and closes the connection.
pub fn saying(head: &str, body: &str) -> Wire {
    let answer = format!("HTTP/1.1 {head}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    answering(move |mut stream| {
        let answer = answer.clone();
        async move {
            send(&mut stream, answer).await;
        }
    })
}

/// Begins an answer with these headers and goes on with the same piece for as long as it is read.
pub fn endless(headers: &str, piece: Vec<u8>) -> Wire {
    let head = format!("{HEAD}{headers}\r\n\r\n");
    answering(move |mut stream| {
        let (head, piece) = (head.clone(), piece.clone());
        async move {
            send(&mut stream, head).await;
            while send(&mut stream, &piece).await {}
        }
    })
}

/// A vendor that answers when it is allowed to.
pub fn hesitant() -> (Wire, Arc<Semaphore>) {
    let allowed = Arc::new(Semaphore::new(0));
    let waited_for = allowed.clone();
    let wire = answering(move |mut stream| {
        let waited_for = waited_for.clone();
        async move {
            waited_for.acquire().await.unwrap().forget();
            send(&mut stream, format!("{HEAD}content-length: {}\r\n\r\n{GOOD}", GOOD.len())).await;
        }
    });
    (wire, allowed)
}

/// Takes requests and never answers.
pub fn silent() -> Wire {
    answering(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
}

/// Shows a certificate that it has signed itself.
pub fn self_signed() -> String {
    RUNTIME.block_on(certified::vendor(certified::made_for(certified::here()), None)).0
}
