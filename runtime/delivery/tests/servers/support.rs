//! Content to deliver, and connections that fail.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Once;
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};
use tradewire_delivery::{Destination, DestinationError, Item, Published, Upload};

/// Long enough for a busy machine, short enough to wait for.
pub const SOON: Duration = Duration::from_secs(10);

/// Tells that a test cannot be made here and why, past what captures the output of tests that pass: `.ci/run` tells it
/// again at its end.
pub fn not_tested(why: &str) {
    let _ = writeln!(std::io::stderr(), "NOT TESTED: {why}");
}

/// What the binary does at its start.
pub fn choose_provider() {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// A file to deliver.
pub struct Content {
    _folder: TempDir,
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    pub id: String,
    sha256: String,
}

impl Content {
    /// Bytes that are no two blocks alike.
    pub fn new(id: &str, bytes: usize) -> Self {
        let mut state = id.bytes().fold(0x9E37_79B9_7F4A_7C15_u64, |state, b| state.rotate_left(9) ^ u64::from(b));
        let random = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        });
        Self::of(id, random.flatten().take(bytes).collect())
    }

    pub fn of(id: &str, bytes: Vec<u8>) -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("content");
        std::fs::write(&path, &bytes).unwrap();
        let sha256 = HEXLOWER.encode(&Sha256::digest(&bytes));
        Self { _folder: folder, path, bytes, id: id.to_owned(), sha256 }
    }

    pub fn upload(&self) -> Upload<'_> {
        Upload {
            id: &self.id,
            content: &self.path,
            bytes: self.bytes.len() as u64,
            sha256: &self.sha256,
            content_type: "text/csv",
        }
    }

    pub fn named<'a>(&'a self, name: &'a str) -> Item<'a> {
        Item { upload: self.upload(), name }
    }
}

/// Both steps of a delivery.
pub async fn deliver(
    destination: &dyn Destination,
    content: &Content,
    name: &str,
) -> Result<Published, DestinationError> {
    destination.stage(content.upload()).await?;
    destination.publish(content.named(name)).await
}

/// What a connection through a [`Wire`] comes to.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It is cut when so many bytes have gone to the server.
    CutAfter(u64),
    /// All reaches the server; it is cut when the server answers.
    LoseAnswer,
    /// So many bytes reach the server, and then nothing moves.
    StallAfter(u64),
}

/// A port before a server's: its first connections fail as they are told to, all later ones are as good as the server's.
pub async fn wire(server: SocketAddr, faults: Vec<Fault>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut faults = faults.into_iter();
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, server, faults.next()));
        }
    });
    address
}

async fn carry(mut client: TcpStream, server: SocketAddr, fault: Option<Fault>) {
    let mut server = TcpStream::connect(server).await.unwrap();
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    match fault {
        None => {
            let up = async {
                let _ = copy(&mut from_client, &mut to_server).await;
                let _ = to_server.shutdown().await;
            };
            let down = async {
                let _ = copy(&mut from_server, &mut to_client).await;
                let _ = to_client.shutdown().await;
            };
            tokio::join!(up, down);
        }
        Some(Fault::LoseAnswer) => {
            tokio::select! {
                _ = copy(&mut from_client, &mut to_server) => {}
                _ = from_server.read_u8() => {}
            }
        }
        Some(Fault::CutAfter(bytes) | Fault::StallAfter(bytes)) => {
            let mut some = from_client.take(bytes);
            tokio::select! {
                _ = copy(&mut some, &mut to_server) => {}
                _ = copy(&mut from_server, &mut to_client) => {}
            }
            if let Some(Fault::StallAfter(_)) = fault {
                tokio::time::sleep(SOON).await;
            }
        }
    }
}

/// An address where nothing listens.
pub async fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}
