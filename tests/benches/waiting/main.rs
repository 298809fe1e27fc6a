//! What a thousand runs cost that all wait for an answer at once. A process of its own: its memory is what is measured.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use support::process::Process;
use support::{line, plugin, request, tenant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tradewire_client::RateLimit;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

const RUNS: usize = 1_000;
const MIB: f64 = (1 << 20) as f64;

/// Gives tokens at once, and holds every other answer until it is told to let go.
struct Holding {
    waiting: AtomicUsize,
    go: watch::Sender<bool>,
}

impl Holding {
    async fn serve(self: Arc<Self>, listener: TcpListener) {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            tokio::spawn(self.clone().answer(connection));
        }
    }

    async fn answer(self: Arc<Self>, mut connection: TcpStream) -> Option<()> {
        let mut asked = Vec::with_capacity(1024);
        loop {
            asked.clear();
            while !is_whole(&asked) {
                if connection.read_buf(&mut asked).await.ok()? == 0 {
                    return None;
                }
            }
            let token = asked.starts_with(b"POST /connect/token");
            if !token {
                self.waiting.fetch_add(1, Ordering::SeqCst);
                self.go.subscribe().wait_for(|go| *go).await.ok()?;
            }
            let body = match token {
                true => r#"{"access_token":"a token","expires_in":900}"#,
                false => r#"{"page":1,"hasMore":false,"data":[{"id":1}]}"#,
            };
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length:";
            connection.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).await.ok()?;
        }
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

#[tokio::main]
async fn main() {
    let files = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = Arc::new(Holding { waiting: AtomicUsize::new(0), go: watch::channel(false).0 });
    tokio::spawn(server.clone().serve(listener));

    let plugin = plugin();
    let api = Arc::new(tenant(&url, RateLimit::UNLIMITED));
    let before = Process::own().resident();
    let runs: Vec<_> = (0..RUNS)
        .map(|_| {
            let (plugin, request) = (plugin.clone(), request(api.clone(), &[("calls", "1".to_owned())]));
            tokio::spawn(async move { plugin.run(request).await.0 })
        })
        .collect();
    let start = Instant::now();
    while server.waiting.load(Ordering::SeqCst) < RUNS {
        assert!(start.elapsed() < Duration::from_secs(60), "only {} wait", server.waiting.load(Ordering::SeqCst));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let during = Process::own().resident();
    server.go.send(true).unwrap();
    for run in runs {
        assert_eq!(run.await.unwrap().unwrap(), "1");
    }
    let what = format!("(d) resident with {RUNS} runs waiting, connections and server included");
    line(&what, &format!("{:.0} MiB", during / MIB), Some(("at most 512 MB", during <= 512e6)));
    let each = (during - before) / RUNS as f64 / 1024.0;
    line("(d) of this for each run, with its connection on both sides", &format!("{each:.0} KiB"), None);
}
