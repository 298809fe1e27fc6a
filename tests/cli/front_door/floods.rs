//! Strangers who come in numbers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tradewire_store::Outcome;

use super::{bench, event, health, send, serving_with, told};
use crate::bench::{guest, until};
use crate::vendors::serving::Serving;

const STRANGERS: usize = 64;
const BODY: usize = 4 * 1024 * 1024;

/// Sends a body of 4 MiB with this header, as fast as it is taken, and stays until it is shown out.
fn stranger(address: SocketAddr, header: &str, is_over: &AtomicBool) -> Option<()> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_write_timeout(Some(Duration::from_millis(500))).ok()?;
    stream.set_read_timeout(Some(Duration::from_millis(500))).ok()?;
    let head = format!("POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\n{header}content-length: {BODY}\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let piece = [b' '; 64 * 1024];
    // All but the last piece, which would end it.
    for _ in 1..BODY / piece.len() {
        if is_over.load(Ordering::Relaxed) {
            return None;
        }
        stream.write_all(&piece).ok()?;
    }
    while !is_over.load(Ordering::Relaxed) {
        if matches!(stream.read(&mut [0; 512]), Ok(0) | Err(_)) {
            break;
        }
    }
    Some(())
}

#[test]
fn bodies_that_are_unsigned_or_wrongly_signed_keep_no_signed_event_out() {
    let (bench, address) = bench("[serve]");
    let serving = Serving::for_scripts(&bench, address);
    let wrong = format!("x-servicetitan-signature: {}\r\n", "0".repeat(64));
    let (is_over, tries) = (&AtomicBool::new(false), &AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for n in 0..STRANGERS {
            let header = if n % 2 == 0 { "" } else { wrong.as_str() };
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    stranger(address, header, is_over);
                    tries.fetch_add(1, Ordering::Relaxed);
                    // They share the machine with everybody else's tests.
                    std::thread::sleep(Duration::from_millis(50));
                }
            });
        }
        until("all have come", || tries.load(Ordering::Relaxed) > STRANGERS / 2);
        let genuine: Vec<u16> = (0..40).map(|n| send(address, "jobs", &event(&format!("o-{n}"))).status).collect();
        let alive: Vec<u16> = (0..10).map(|_| health(address)).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(genuine.iter().chain(&alive).all(|status| *status == 200), "{genuine:?} {alive:?}");
    });
    until("they are told together", || told(&serving, "events of webhook `jobs` without a signature") > 0);
    let said = serving.err();
    assert!(said.lines().count() < 40, "{said}");
    serving.stop();
}

#[test]
fn idle_connections_give_way_and_leave_runs_their_descriptors() {
    const IDLE: usize = 600;
    let source = guest("hostile.wasm").display().to_string();
    let rest = format!(
        r#"
[plugin.hostile]
source = "{source}"
grant = ["payroll/activity-codes.get-list"]

[export.odd]
run = "hostile"
tenants = ["acme"]
cron = "* * * * * *"
settings = {{ behaviour = "writes-big", bytes = 65536 }}
deliver = "outbox"

[serve]"#
    );
    let (bench, address) = bench(&rest);
    let serving = serving_with(256, &bench, address);
    let idle: Vec<TcpStream> = (0..IDLE)
        .map(|n| {
            let mut stream = TcpStream::connect(address).unwrap();
            // Some have begun.
            if n % 3 == 0 {
                let _ = stream.write_all(b"POST /webhooks/jobs HTTP/1.1\r\nhost: a\r\n");
            }
            stream
        })
        .collect();
    let before = bench.runs().len();
    until("runs go on", || bench.runs().len() > before + 3);
    assert_eq!(health(address), 200);
    for n in 0..10 {
        assert_eq!(send(address, "jobs", &event(&format!("o-{n}"))).status, 200);
    }
    assert!(serving.descriptors() < 230, "{}", serving.descriptors());
    let is_gone = |mut stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        !matches!(stream.read(&mut [0; 16]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    };
    let gone = idle.iter().filter(|stream| is_gone(stream)).count();
    assert!((IDLE - 110..IDLE).contains(&gone), "the oldest are gone, the latest are not: {gone}");
    drop(idle);
    serving.stop();
    let runs = bench.runs();
    let ended =
        |outcome: Outcome| runs.iter().filter(|run| run.ending.as_ref().is_some_and(|e| e.outcome == outcome)).count();
    assert!(ended(Outcome::Succeeded) > 3 && ended(Outcome::Failed) == 0, "{runs:?}");
}
