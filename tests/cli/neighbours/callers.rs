//! Callers who are up to no good, and the one who is not.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::Duration;

use chrono::{SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;

use super::world::{HOSTILE_KEY, WEBHOOK_KEY, endpoints};
use crate::vendors::http::post;

/// An event as ServiceTitan sends it, never the same twice.
pub fn event() -> String {
    static SENT: AtomicU64 = AtomicU64::new(0);
    let occurrence = format!("o-{}", SENT.fetch_add(1, Ordering::Relaxed));
    let body = json!({
        "specversion": "1.0", "id": format!("delivery of {occurrence}"), "type": "tn.jpm.job-completed",
        "time": Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true),
        "source": "https://webhooks.servicetitan.io", "userassignedid": occurrence,
        "data": { "job": { "id": 7 }, "tenantId": 1_234_567_890 },
    });
    let body = body.to_string();
    let mut signature = Hmac::<Sha256>::new_from_slice(WEBHOOK_KEY.as_bytes()).unwrap();
    signature.update(body.as_bytes());
    let signature = HEXLOWER.encode(&signature.finalize().into_bytes());
    webhook(&format!("x-servicetitan-signature: {signature}\r\n"), &body)
}

fn webhook(headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /webhooks/jobs HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
    )
}

/// Whoever comes lets go of the processor first: attackers bring machines of their own.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 15);
}

/// Sends this and reads whatever is answered, within a second.
fn try_it(address: SocketAddr, request: &[u8]) {
    let Ok(mut stream) = TcpStream::connect(address) else { return };
    let a_second = Some(Duration::from_secs(1));
    let _ = stream.set_read_timeout(a_second).and_then(|()| stream.set_write_timeout(a_second));
    let _ = stream.write_all(request);
    let _ = stream.read_to_end(&mut Vec::new());
}

/// Each of them, until it is over. They say how often they came.
pub fn come<'s>(
    scope: &'s Scope<'s, '_>,
    address: SocketAddr,
    over: &'s AtomicBool,
) -> Vec<ScopedJoinHandle<'s, usize>> {
    let mut callers = Vec::new();
    let mut caller = |requests: Vec<Vec<u8>>| {
        callers.push(scope.spawn(move || {
            step_back();
            let mut came = 0;
            for request in requests.iter().cycle().take_while(|_| !over.load(Ordering::Relaxed)) {
                try_it(address, request);
                came += 1;
            }
            came
        }));
    };
    // Unsigned and wrongly signed events, as large as they may be.
    let large = " ".repeat(4 << 20);
    for _ in 0..4 {
        let wrong = format!("x-servicetitan-signature: {}\r\n", "0".repeat(64));
        caller(vec![webhook("", &large).into_bytes(), webhook(&wrong, &large).into_bytes()]);
    }
    // Keys that are guessed.
    caller(
        (0..100)
            .map(|n| post(Some(&format!("guess-{n}-of-a-key-of-somebody")), "acme/v-0/stock-level", "{}").into_bytes())
            .collect(),
    );
    // What is no HTTP.
    caller(vec![
        b"GET /health HTTP/1.1\r\n\r\n".to_vec(),
        b"GET /health HTTP/1.1\nhost: a\n\n".to_vec(),
        b"GET /health HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".to_vec(),
        b"POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n".to_vec(),
        [b"GET /".to_vec(), vec![b'a'; 1 << 20]].concat(),
        vec![0; 1 << 20],
    ]);
    // Documents that are small on the wire and large in memory, and such as nest, with a key that is right.
    let nested = "[".repeat(1 << 20);
    let many = format!("[{}0]", "0,".repeat(2 << 20));
    for body in [nested, many] {
        caller(vec![post(Some(HOSTILE_KEY), "acme/v-0/stock-level", &body).into_bytes()]);
    }
    // Every vendor and every pack that is hostile, by callers who wait for the answer.
    let endpoints = endpoints();
    for part in endpoints.chunks(endpoints.len().div_ceil(8)) {
        caller(part.iter().map(|path| post(Some(HOSTILE_KEY), path, "{}").into_bytes()).collect());
    }
    // Connections that only stay, a few bytes in.
    callers.push(scope.spawn(move || {
        step_back();
        let (mut idle, mut came) = (Vec::new(), 0);
        while !over.load(Ordering::Relaxed) {
            if let Ok(mut stream) = TcpStream::connect(address) {
                let _ = stream.write_all(b"POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\n");
                idle.push(stream);
                came += 1;
            }
            if idle.len() > 300 {
                idle.drain(..100);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        came
    }));
    callers
}
