//! How much memory a large file takes: no more than a small one.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tradewire_delivery::openpgp::{Encryption, OpenPgpSettings};
use tradewire_delivery::{Destination as _, Http, HttpMethod, HttpSettings, Item, Published, Upload};
use tradewire_outbound::Ca;

const LARGE: usize = 200 * 1024 * 1024;
const MOST: u64 = 24 * 1024 * 1024;

/// The most that this process has had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn large(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("large.csv");
    let mut file = File::create(&path).unwrap();
    let block = vec![b'7'; 1024 * 1024];
    for _ in 0..LARGE / block.len() {
        file.write_all(&block).unwrap();
    }
    path
}

/// One test, as all of a process have one peak.
#[tokio::test]
async fn a_large_file_is_encrypted_and_sent_piece_by_piece() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = TempDir::new().unwrap();
    let path = large(folder.path());
    let key = |name| fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/keys").join(name)).unwrap();
    let settings = OpenPgpSettings {
        recipients: vec![key("receiver.asc")],
        sign: Some(String::from_utf8(key("acme-secret.asc")).unwrap().into()),
        passphrase: Some("correct horse battery".into()),
        armor: true,
    };
    let encryption = Encryption::new(&settings).unwrap();
    let before = peak();
    let made = encryption.encrypt(&path, "large.csv", &folder.path().join("large.csv.asc")).unwrap();
    assert!(made.bytes > LARGE as u64);
    let took = peak() - before;
    assert!(took < MOST, "encryption took {took} bytes");

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/files", listener.local_addr().unwrap()).parse().unwrap();
    let receiver = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let (mut buffer, mut taken) = (vec![0; 64 * 1024], 0);
        while taken < LARGE {
            taken += socket.read(&mut buffer).await.unwrap();
        }
        socket.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    });
    let timeout = Duration::from_secs(30);
    let destination = Http::new(HttpSettings {
        url,
        method: HttpMethod::Post,
        headers: vec![],
        timeout,
        allow_http: false,
        ca: Ca::default(),
    })
    .unwrap();
    let upload = Upload { id: "m1", content: &path, bytes: LARGE as u64, sha256: "00", content_type: "text/csv" };
    let before = peak();
    assert_eq!(destination.publish(Item { upload, name: "large.csv" }).await.unwrap(), Published::Now);
    let took = peak() - before;
    assert!(took < MOST, "sending took {took} bytes");
    receiver.await.unwrap();
}
