//! One server of each kind, on a port of this machine.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a server does.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Hostile {
            $($(#[$doc])* $name,)*
        }

        impl Hostile {
            /// All there are.
            pub const ALL: &[Hostile] = &[$(Hostile::$name,)*];
        }
    };
}

kinds! {
    /// Answers 200 with a body that never ends.
    EndlessBody,
    /// Answers with headers that never end.
    EndlessHeaders,
    /// Answers with more headers than anybody has.
    ManyHeaders,
    /// Answers with one header that never ends.
    EndlessHeader,
    /// Announces another answer, without end: 103, 103, 103…
    EndlessInterim,
    /// Answers with a status line that never ends.
    EndlessStatusLine,
    /// Answers a byte of the body a second.
    SlowDrip,
    /// Answers a byte of the head a second.
    SlowHead,
    /// Accepts, and says nothing.
    Stall,
    /// Answers a head, and nothing after it.
    StallAfterHead,
    /// Answers a kilobyte that becomes a quarter of a gigabyte.
    GzipBomb,
    /// Says that ten gigabytes follow.
    Announced,
    /// Says how much follows in pieces, without end.
    ChunkedWithoutEnd,
    /// Says that a piece of 16 exabytes follows.
    ChunkedHuge,
    /// Sends on to itself, again and again.
    RedirectCircle,
    /// Sends on to another host: 301.
    MovedAway,
    /// Says that what came of it is at another host: 303.
    SeeOtherAway,
    /// Says that the same is to be sent to another host: 307.
    TemporaryAway,
    /// Says a length, and closes before it.
    CutShort,
    /// Closes at once.
    Cut,
    /// Says two lengths.
    TwoLengths,
    /// Answers what is no HTTP.
    Garbage,
    /// Answers frames of HTTP/2 to HTTP/1.
    Http2Frames,
    /// Answers 401, and repeats the request with what a terminal obeys.
    Repeats,
    /// Answers 200 with a page.
    Page,
    /// Answers 204.
    Nothing,
    /// Speaks TLS with a certificate that nobody trusts.
    BadCertificate,
}

/// A running server; it ends with this.
pub struct Server {
    /// Its address.
    pub url: String,
    sent: Arc<AtomicU64>,
    strangers: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Starts one.
    ///
    /// # Panics
    /// Where this machine has no port left.
    #[allow(clippy::unwrap_used)]
    pub async fn start(hostile: Hostile) -> Server {
        let (sent, strangers) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        // Another host, as far as addresses tell: nobody is to come here.
        let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let away = format!("http://localhost:{}/elsewhere?of=another", other.local_addr().unwrap().port());
        let came = Arc::clone(&strangers);
        tasks.spawn(async move {
            while let Ok((mut socket, _)) = other.accept().await {
                came.fetch_add(1, Ordering::Relaxed);
                let _ = socket.write_all(b"HTTP/1.1 200 OK\r\netag: \"x\"\r\ncontent-length: 2\r\n\r\n{}").await;
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = (hostile == Hostile::BadCertificate).then(untrusted);
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let counted = Arc::clone(&sent);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let (away, counted, acceptor) = (away.clone(), Arc::clone(&counted), acceptor.clone());
                connections.spawn(async move {
                    match acceptor {
                        Some(acceptor) => drop(acceptor.accept(socket).await),
                        None => misbehave(hostile, socket, &away, &counted).await,
                    }
                });
            }
        });
        Server { url: format!("{scheme}://127.0.0.1:{port}"), sent, strangers, _tasks: tasks }
    }

    /// How many bytes were taken from it.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How often somebody came to whom it sends on.
    pub fn strangers(&self) -> u64 {
        self.strangers.load(Ordering::Relaxed)
    }
}

/// The head of a success with these headers.
fn head(rest: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\netag: \"x\"\r\n{rest}\r\n")
}

async fn misbehave(hostile: Hostile, mut socket: TcpStream, away: &str, sent: &AtomicU64) {
    if hostile == Hostile::Cut {
        return;
    }
    let asked = request(&mut socket).await;
    let mut to = Counted { socket, sent };
    let redirect = |status: u16, to: &str| {
        format!("HTTP/1.1 {status} On\r\nlocation: {to}\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n")
    };
    let whole = match hostile {
        Hostile::Cut | Hostile::BadCertificate => return,
        Hostile::EndlessBody => return to.endless(&head(""), &[b' '; 65_536]).await,
        Hostile::ChunkedWithoutEnd => {
            let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
            return to.endless(&head("transfer-encoding: chunked\r\n"), chunk.repeat(16).as_bytes()).await;
        }
        Hostile::EndlessHeaders => {
            return to.endless("HTTP/1.1 200 OK\r\n", "x-more: of the same\r\n".repeat(500).as_bytes()).await;
        }
        Hostile::EndlessHeader => return to.endless("HTTP/1.1 200 OK\r\nx-long: ", &[b'x'; 16_384]).await,
        Hostile::EndlessStatusLine => return to.endless("HTTP/1.1 200 ", &[b'O'; 16_384]).await,
        Hostile::EndlessInterim => {
            return to.endless("", "HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n".repeat(100).as_bytes()).await;
        }
        Hostile::SlowDrip => return to.slowly(&head("content-length: 1000000\r\n"), b' ').await,
        Hostile::SlowHead => return to.slowly("HTTP/1.1 200 OK\r\nx-slow: ", b'x').await,
        Hostile::Stall => return to.wait().await,
        Hostile::StallAfterHead => {
            to.send(head("content-length: 10\r\n").as_bytes()).await;
            return to.wait().await;
        }
        Hostile::Announced => return to.endless(&head("content-length: 10000000000\r\n"), &[b' '; 65_536]).await,
        Hostile::GzipBomb => {
            let bomb = bomb();
            let head = head(&format!("content-encoding: gzip\r\ncontent-length: {}\r\n", bomb.len()));
            [head.into_bytes(), bomb].concat()
        }
        Hostile::ManyHeaders => {
            let many: String = (0..5_000).map(|n| format!("x-{n}: y\r\n")).collect();
            head(&format!("{many}content-length: 0\r\n")).into_bytes()
        }
        Hostile::ChunkedHuge => {
            let head = head("transfer-encoding: chunked\r\n");
            format!("{head}FFFFFFFFFFFFFFFF\r\n{{}}\r\n0\r\n\r\n").into_bytes()
        }
        Hostile::RedirectCircle => redirect(307, "/again").into_bytes(),
        Hostile::MovedAway => redirect(301, away).into_bytes(),
        Hostile::SeeOtherAway => redirect(303, away).into_bytes(),
        Hostile::TemporaryAway => redirect(307, away).into_bytes(),
        Hostile::CutShort => format!("{}{{\"a", head("content-length: 1000\r\n")).into_bytes(),
        Hostile::TwoLengths => format!("{}{{}}", head("content-length: 2\r\ncontent-length: 5\r\n")).into_bytes(),
        Hostile::Garbage => b"\x16\x03\x01\x00\x00 SSH-2.0-not-http\r\n\r\n\0\0".to_vec(),
        Hostile::Http2Frames => {
            // Settings, and headers whose continuation never comes.
            b"\0\0\0\x04\0\0\0\0\0\0\0\x04\x01\0\0\0\0\x01\x82\x84\x87\x88".to_vec()
        }
        Hostile::Repeats => {
            let head = "HTTP/1.1 401 No\r\ncontent-type: text/plain\r\nx-bell: \x1b[31m\r\n";
            format!("{head}content-length: {}\r\n\r\n\x1b[2J\x07{asked}", asked.len() + 5).into_bytes()
        }
        Hostile::Page => {
            let page = "<html><body>Sign in to the wireless network</body></html>";
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n";
            format!("{head}content-length: {}\r\n\r\n{page}", page.len()).into_bytes()
        }
        Hostile::Nothing => b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(),
    };
    to.send(&whole).await;
}

/// What is asked, as far as it comes at once: head, and what of the body is on the way.
async fn request(socket: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut piece = vec![0; 65_536];
    let reading = async {
        while let Ok(read @ 1..) = socket.read(&mut piece).await {
            all.extend_from_slice(&piece[..read]);
            if all.windows(4).any(|end| end == b"\r\n\r\n") {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), reading).await;
    String::from_utf8_lossy(&all).into_owned()
}

struct Counted<'s> {
    socket: TcpStream,
    sent: &'s AtomicU64,
}

impl Counted<'_> {
    async fn send(&mut self, bytes: &[u8]) -> bool {
        write(&mut self.socket, bytes, self.sent).await
    }

    async fn endless(&mut self, head: &str, piece: &[u8]) {
        let mut going = self.send(head.as_bytes()).await;
        while going {
            going = self.send(piece).await;
        }
    }

    async fn slowly(&mut self, head: &str, byte: u8) {
        let mut going = self.send(head.as_bytes()).await;
        while going {
            tokio::time::sleep(Duration::from_millis(500)).await;
            going = self.send(&[byte]).await;
        }
    }

    async fn wait(&mut self) {
        let mut rest = vec![0; 65_536];
        while let Ok(1..) = self.socket.read(&mut rest).await {}
    }
}

/// Sends it all, and counts what was taken.
async fn write(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8], sent: &AtomicU64) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match to.write(rest).await {
            Ok(taken @ 1..) => {
                sent.fetch_add(taken as u64, Ordering::Relaxed);
                rest = &rest[taken..];
            }
            _ => return false,
        }
    }
    to.flush().await.is_ok()
}

/// A quarter of a gigabyte of spaces, compressed.
#[allow(clippy::unwrap_used)]
fn bomb() -> Vec<u8> {
    static BOMB: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let made = BOMB.get_or_init(|| {
        let mut bomb = GzEncoder::new(Vec::new(), Compression::fast());
        let piece = vec![b' '; 1 << 20];
        for _ in 0..256 {
            bomb.write_all(&piece).unwrap();
        }
        bomb.finish().unwrap()
    });
    made.clone()
}

#[allow(clippy::unwrap_used)]
fn untrusted() -> TlsAcceptor {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
