//! The front door of `tradewire serve`: strangers who come in numbers, slowly, or with what is no HTTP, keep nobody out.
#![cfg(unix)]

mod ends;
mod floods;
mod keys;
mod malformed;
mod tenants;
mod tls;

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use chrono::{SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::bench::{Bench, config, until};
use crate::vendors::http::{Answer, ask};
use crate::vendors::serving::{Serving, nowhere};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A bench with a webhook `jobs` of two tenants, with what else is given, and where it will listen. `rest` ends in
/// `[serve]`.
fn bench(rest: &str) -> (Bench, SocketAddr) {
    let address = nowhere();
    let sections = format!(
        r#"
[tenant.zenith]
id = 77
client_id = "cid.sandbox"
client_secret = {{ env = "CLIENT_SECRET" }}
timezone = "America/Phoenix"

[webhook.jobs]
tenants = ["acme", "zenith"]
secret = {{ file = "webhook.key" }}

[webhook.others]
tenants = ["acme", "zenith"]
secret = {{ file = "webhook.key" }}
{rest}
listen = "{address}"
"#
    );
    let bench = Bench::with(&config("http://127.0.0.1:9", &sections));
    bench.write("webhook.key", KEY);
    (bench, address)
}

/// The same with few file descriptors.
fn serving_with(descriptors: u32, bench: &Bench, address: SocketAddr) -> Serving {
    let plain = bench.command("serve --json");
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"")]).arg(plain.get_program());
    command.args(plain.get_args()).current_dir(bench.path("")).stdin(Stdio::null());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut serving = Serving::of(child);
    until("it listens", || {
        serving.is_alive();
        std::net::TcpStream::connect(address).is_ok()
    });
    serving
}

/// An event of this occurrence of no tenant in particular.
fn silent(occurrence: &str) -> Value {
    json!({
        "specversion": "1.0", "id": format!("delivery of {occurrence}"), "type": "tn.jpm.job-completed",
        "time": Utc::now().to_rfc3339_opts(SecondsFormat::Nanos, true),
        "source": "https://webhooks.servicetitan.io", "userassignedid": occurrence, "data": { "job": { "id": 7 } },
    })
}

/// The same of the first tenant.
fn event(occurrence: &str) -> Value {
    let mut event = silent(occurrence);
    event["data"]["tenantId"] = json!(1_234_567_890);
    event
}

fn signature(body: &str) -> String {
    let mut signature = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    signature.update(body.as_bytes());
    HEXLOWER.encode(&signature.finalize().into_bytes())
}

/// A request with these headers besides.
fn request(path: &str, headers: &str, body: &str) -> String {
    format!(
        "POST /webhooks/{path} HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n{headers}content-length: \
         {}\r\n\r\n{body}",
        body.len()
    )
}

/// Sends an event as ServiceTitan does.
fn send(address: SocketAddr, path: &str, event: &Value) -> Answer {
    let body = event.to_string();
    ask(address, request(path, &format!("x-servicetitan-signature: {}\r\n", signature(&body)), &body))
}

fn health(address: SocketAddr) -> u16 {
    ask(address, "GET /health HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n\r\n").status
}

/// The sum of the numbers before this text in the lines that tell of refusals.
fn told(serving: &Serving, text: &str) -> u64 {
    let said = serving.err();
    let lines = said.lines().filter(|line| line.contains("refused in the last "));
    let counts = lines.filter_map(|line| {
        let before = line.split_once(text)?.0.trim_end();
        before.rsplit(' ').next()?.parse::<u64>().ok()
    });
    counts.sum()
}
