//! The secrets sweep: every kind of secret that a configuration can hold, and every token that is obtained, against servers
//! that answer with all that they are sent, in every encoding. No output of the real binary, no file that it writes and no
//! answer that it gives holds any of them.
#![cfg(unix)]

mod echo;
mod kinds;
mod python;
mod search;
mod world;

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use data_encoding::HEXLOWER;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::bench::{Bench, Told, until};
use crate::vendors::http::{ask, post};
use crate::vendors::serving::{Serving, nowhere};
use echo::Echo;
use kinds::value;
use search::Seen;

/// `tradewire` with these words and every secret in its environment.
fn command(bench: &Bench, words: &str) -> Command {
    let mut command = bench.command(words);
    for (name, _) in kinds::SECRETS {
        command.env(kinds::variable(name), kinds::written(name));
    }
    command
}

/// Runs it, as text and as JSON, and takes down what it says. It may fail: that is told too.
fn say(bench: &Bench, seen: &mut Seen, words: &str) {
    for json in ["", " --json"] {
        let told: Told = command(bench, &format!("{words}{json}"))
            .env("TRADEWIRE_LOG", "trace,wasmtime=warn,cranelift_codegen=warn,regalloc2=warn")
            .output()
            .unwrap()
            .into();
        seen.note(&format!("`{words}{json}`, out"), told.out.as_bytes());
        seen.note(&format!("`{words}{json}`, err"), told.err.as_bytes());
    }
}

#[test]
fn every_kind_of_secret_is_in_the_sweep() {
    let schema = Bench::empty().tradewire("schema").succeeded().json();
    assert_eq!(kinds::swept(), kinds::of_schema(&schema), "left what is swept, right what the configuration may hold");
    assert!(kinds::SECRETS.len() >= 18);
}

#[test]
fn the_search_finds_what_is_there() {
    for (name, _) in kinds::SECRETS {
        let mut seen = Seen::default();
        seen.note("here", echo::encoded(&format!("x-key: {}; and more", value(name))).as_bytes());
        assert_eq!(seen.encodings_of(name).len(), search::ENCODINGS, "{name}: {:?}", seen.encodings_of(name));
    }
}

#[test]
fn no_output_holds_a_secret() {
    let echo = Echo::start();
    let mut seen = Seen::default();
    let listen = nowhere();
    let bench = Bench::with(&world::working(echo.address(), listen));
    world::write_packs(&bench, echo.address());

    for words in [
        "check",
        "export preview writes --tenant acme --from 2026-01-05 --to 2026-01-12",
        "run writes --tenant acme --from 2026-01-05 --to 2026-01-12",
        "run writes --tenant denied --from 2026-01-05 --to 2026-01-12",
        "run refused --from 2026-01-05 --to 2026-01-12",
        "run sent --from 2026-01-05 --to 2026-01-12",
        "run kept --from 2026-01-05 --to 2026-01-12",
        "run asks --from 2026-01-05 --to 2026-01-12",
        "run is-denied --from 2026-01-05 --to 2026-01-12",
        "delivery test api",
        "delivery test lake",
        "delivery test receiver",
        "template preview apikey account",
        "template check apikey",
    ] {
        say(&bench, &mut seen, words);
    }
    served(&bench, &mut seen, listen);
    let runs: Vec<String> = bench.runs().iter().map(|run| run.opening.id.to_string()).collect();
    assert!(runs.len() >= 5, "{runs:?}");
    for run in &runs {
        say(&bench, &mut seen, &format!("runs show {run}"));
        say(&bench, &mut seen, &format!("runs logs {run}"));
    }
    for words in [
        "runs list",
        "schedule list",
        "state list writes acme",
        "webhooks list",
        "writes list",
        "doctor",
        "schema",
        "store backup copy.db",
    ] {
        say(&bench, &mut seen, words);
    }
    broken(&mut seen);
    in_a_vault(&mut seen, echo.address());

    seen.folder(&bench.path(""));
    let asked = echo.asked();
    for (name, _) in kinds::SECRETS.iter().filter(|(name, _)| kinds::is_sent(name)) {
        assert!(
            asked.contains(value(name).as_str()) || asked.contains(&kinds::sent_as(name)),
            "`{name}` was never sent"
        );
    }
    assert!(seen.mentions("***"), "nothing was masked, so nothing was repeated");
    seen.is_free_of_secrets();
}

/// `tradewire serve`: its answers to callers and to ServiceTitan, and what it says meanwhile.
fn served(bench: &Bench, seen: &mut Seen, listen: std::net::SocketAddr) {
    let mut serve = command(bench, "serve");
    let child = serve
        .env("TRADEWIRE_LOG", "trace,wasmtime=warn,cranelift_codegen=warn,regalloc2=warn")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut serving = Serving::of(child);
    until("it listens", || {
        serving.is_alive();
        std::net::TcpStream::connect(listen).is_ok()
    });
    for pack in ["apikey", "basic", "oauth", "passing"] {
        for endpoint in ["account", "denied"] {
            let body = r#"{"body":{"note":"hello"}}"#;
            let call = post(Some(&value("caller-key")), &format!("acme/{pack}/{endpoint}"), body);
            let own = format!("authorization: {}\r\ncontent-type", kinds::written("callers-own"));
            let answer = ask(listen, call.replacen("content-type", &own, 1));
            seen.note(&format!("answer of {pack}/{endpoint}"), format!("{answer:?}").as_bytes());
        }
    }
    let wrong = ask(listen, post(Some("nobody's"), "acme/apikey/account", "{}"));
    seen.note("answer to a wrong key", format!("{wrong:?}").as_bytes());
    let event =
        r#"{"specversion":"1.0","id":"1","type":"tn.jpm.job-completed","source":"x","data":{"tenantId":1234567890}}"#;
    let mut signature = Hmac::<Sha256>::new_from_slice(value("webhook-secret").as_bytes()).unwrap();
    signature.update(event.as_bytes());
    for signature in [HEXLOWER.encode(&signature.finalize().into_bytes()), value("webhook-secret")] {
        let request = format!(
            "POST /webhooks/jobs HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\nX-ServiceTitan-Signature: \
             {signature}\r\ncontent-length: {}\r\n\r\n{event}",
            event.len()
        );
        let answer = ask(listen, request);
        seen.note("answer to an event", format!("{answer:?}").as_bytes());
    }
    std::thread::sleep(Duration::from_millis(200));
    let told = serving.stop();
    seen.note("serve, out", told.out.as_bytes());
    seen.note("serve, err", told.err.as_bytes());
}

/// A configuration whose secrets are not what they should be: errors tell which, and not the secret.
fn broken(seen: &mut Seen) {
    let bench = Bench::with(&world::broken());
    let certificate = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    bench.write("serve.pem", certificate.cert.pem());
    for words in ["check", "delivery test receiver", "delivery test encrypted", "doctor"] {
        say(&bench, seen, words);
    }
    seen.folder(&bench.path(""));
}

/// Secrets in a vault, whose passphrase is one too.
fn in_a_vault(seen: &mut Seen, echo: std::net::SocketAddr) {
    let bench = Bench::with(&world::vault(echo));
    say(&bench, seen, "vault init");
    let mut set = command(&bench, "vault set stored");
    let mut child = set.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(kinds::written("vault-stored").as_bytes()).unwrap();
    let told: Told = child.wait_with_output().unwrap().into();
    seen.note("vault set", format!("{told}").as_bytes());
    assert_eq!(told.code, Some(0), "{told}");
    say(&bench, seen, "delivery test api");
    seen.folder(&bench.path(""));
}
