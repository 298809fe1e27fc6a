//! Misbehaves in whichever way the setting `behaviour` says; `behaves` is the only one that ends well.
//!
//! `bytes` is how much the greedy ones are greedy for, a GiB by default.

use std::hint::black_box;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tradewire_plugin::{Failure, Result, Run, Summary, log, payroll};

const GIB: u64 = 1 << 30;

/// All behaviours, by name.
const BEHAVIOURS: &[(&str, Behaviour)] = &[
    ("behaves", |_, _| Ok(Summary::new("no harm done"))),
    ("spins", |_, _| {
        let mut turns: u64 = 0;
        loop {
            turns = black_box(turns.wrapping_add(1));
        }
    }),
    ("sleeps", |_, _| {
        loop {
            std::thread::sleep(Duration::from_secs(3600));
        }
    }),
    ("calls-without-end", |_, _| {
        loop {
            payroll::activity_codes::get_list(&payroll::activity_codes())?;
        }
    }),
    ("walks-without-end", |_, _| {
        let mut walks = Vec::new();
        loop {
            let mut walk = payroll::activity_codes().pages();
            walk.next().transpose()?;
            walks.push(walk);
        }
    }),
    ("connects", |_, _| {
        let by_name = ("localhost", 80).to_socket_addrs().is_ok();
        let addresses = [([127, 0, 0, 1], 80), ([192, 0, 2, 1], 443), ([169, 254, 169, 254], 80)];
        let tcp = addresses.iter().any(|address| TcpStream::connect(SocketAddr::from(*address)).is_ok());
        let listens = TcpListener::bind("127.0.0.1:0").is_ok();
        let udp = UdpSocket::bind("127.0.0.1:0").is_ok();
        match (by_name, tcp, listens, udp) {
            (false, false, false, false) => Ok(Summary::new("nothing answered")),
            reached => Err(Failure::refused(format!("reached name, TCP, listening, UDP: {reached:?}"))),
        }
    }),
    ("takes-memory", |_, bytes| {
        let mut taken = Vec::new();
        while (taken.len() as u64) << 20 < bytes {
            taken.push(black_box(vec![1_u8; 1 << 20]));
        }
        Ok(Summary::new(format!("took {} MiB", taken.len())))
    }),
    ("recurses", |_, _| Ok(Summary::new(descend(1).to_string()))),
    ("recurses-with-much", |_, _| Ok(Summary::new(descend_with_much(1).to_string()))),
    ("panics", |_, _| panic!("a panic with \"quotes\" and\na second line")),
    ("exits", |_, _| std::process::exit(3)),
    ("fails", |_, _| Err(Failure::refused("one thing is wrong").because(["the first", "the second"]))),
    ("fails-transient", |_, _| Err(Failure::transient("try again later"))),
    ("answers-big", |_, bytes| Ok(Summary::new("x".repeat(bytes as usize)))),
    ("fails-big", |_, bytes| Err(Failure::refused("many reasons").because((0..bytes).map(|_| "x")))),
    ("writes-big", |run, bytes| {
        let mut file = run.create_file("big.bin", "application/octet-stream")?;
        let piece = [b'x'; 64 * 1024];
        let mut left = bytes;
        while left > 0 {
            let some = left.min(piece.len() as u64);
            file.write_all(&piece[..some as usize])?;
            left -= some;
        }
        file.finish([("bytes", bytes)])?;
        Ok(Summary::new("wrote it all"))
    }),
    ("writes-many", |run, bytes| {
        for number in 0..bytes {
            run.create_file(format!("{number}.txt"), "text/plain")?.finish([("number", number)])?;
        }
        Ok(Summary::new("wrote them all"))
    }),
    ("writes-half-and-fails", |run, _| {
        run.create_file("half.csv", "text/csv")?.write_all(b"a,b\r\n1,")?;
        Err(Failure::refused("the other half is missing"))
    }),
    ("writes-half-and-panics", |run, _| {
        let mut file = run.create_file("half.csv", "text/csv")?;
        file.write_all(b"a,b\r\n1,")?;
        file.flush()?;
        panic!("in the middle of a file")
    }),
    ("leaves-a-file-unfinished", |run, _| {
        let mut file = run.create_file("unfinished.csv", "text/csv")?;
        file.write_all(b"a,b\r\n1,2\r\n")?;
        file.flush()?;
        Ok(Summary::new("forgot to finish"))
    }),
    ("writes-outside", |run, _| {
        for name in ["../outside.txt", "/outside.txt", "a/b.txt", "..", "", "a\\b.txt", "a\0b.txt", "CON", ".hidden"] {
            if let Ok(mut file) = run.create_file(name, "text/plain") {
                file.write_all(b"outside")?;
                file.finish([("name", name)])?;
                log::error!("accepted: {name:?}");
            }
        }
        Ok(Summary::new("tried them all"))
    }),
    ("logs-without-end", |_, _| {
        loop {
            log::info!("{}", "x".repeat(1024));
        }
    }),
    ("prints-without-end", |_, _| {
        loop {
            println!("{}", "x".repeat(1024));
        }
    }),
    ("prints-without-a-break", |_, _| {
        loop {
            print!("{}", "x".repeat(1024));
        }
    }),
    ("remembers", |_, _| {
        static RUNS: AtomicUsize = AtomicUsize::new(0);
        static MARKS: [AtomicUsize; 4096] = [const { AtomicUsize::new(0) }; 4096];
        let runs = RUNS.fetch_add(1, Ordering::Relaxed);
        let marks = MARKS.iter().filter(|mark| mark.swap(1, Ordering::Relaxed) != 0).count();
        let mut fresh = black_box(vec![0_u8; 4 << 20]);
        let bytes = fresh.iter().filter(|byte| **byte != 0).count();
        black_box(&mut fresh).fill(0xaa);
        std::mem::forget(fresh);
        Ok(Summary::new(format!("remembers {runs} runs, {marks} marks, {bytes} bytes")))
    }),
    ("looks-around", |_, _| {
        let variables = std::env::vars().count();
        let arguments = std::env::args().count();
        let files = ["/", ".", "/etc/passwd"].iter().filter(|path| std::fs::metadata(path).is_ok()).count();
        Ok(Summary::new(format!("{variables} variables, {arguments} arguments, {files} files")))
    }),
];

type Behaviour = fn(&Run, u64) -> Result<Summary>;

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let bytes = settings.get("bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(GIB);
    let wanted = settings.get("behaviour").unwrap_or("behaves");
    match BEHAVIOURS.iter().find(|(name, _)| *name == wanted) {
        Some((_, behave)) => behave(&run, bytes),
        None => {
            let names: Vec<_> = BEHAVIOURS.iter().map(|(name, _)| *name).collect();
            Err(Failure::refused(format!("no behaviour `{wanted}`: one of {}", names.join(", "))))
        }
    }
}

/// Fills the stack of calls.
#[allow(unconditional_recursion)]
fn descend(depth: u64) -> u64 {
    descend(black_box(depth) + 1) + depth
}

/// Fills the stack that compilers keep in a plugin's own memory.
#[allow(unconditional_recursion)]
fn descend_with_much(depth: u64) -> u64 {
    let here = black_box([depth; 64]);
    descend_with_much(here[0] + 1) + here[63]
}

tradewire_plugin::export_plugin!(run);
