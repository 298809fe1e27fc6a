//! `tradewire serve` as it runs: where it listens, what it says meanwhile, how it ends.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::http::{Answer, ask, post};
use crate::bench::{Bench, CALLER_KEY, Told, signal, until};

/// A server that is up. It ends with this.
pub struct Serving {
    child: Child,
    address: SocketAddr,
    out: Ear,
    err: Ear,
}

/// Takes down what a stream says, line by line, so that it never has to wait for us.
struct Ear {
    heard: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Ear {
    fn to(stream: impl Read + Send + 'static) -> Ear {
        let heard: Arc<Mutex<String>> = Arc::default();
        let kept = heard.clone();
        let thread = std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                *kept.lock().unwrap() += &format!("{line}\n");
            }
        });
        Ear { heard, thread: Some(thread) }
    }

    fn text(&self) -> String {
        self.heard.lock().unwrap().clone()
    }

    /// All of it, once the process has ended.
    fn whole(&mut self) -> String {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
        self.text()
    }
}

impl Serving {
    /// Serves this folder's configuration and waits for the line that says where.
    pub fn start(bench: &Bench) -> Serving {
        let mut serving = Serving::launch(bench, "serve", SocketAddr::from(([127, 0, 0, 1], 0)));
        until("it says where it listens", || {
            serving.is_alive();
            let told = serving.err.text();
            let address = told.lines().find_map(|line| line.split_once(" vendors at http://"));
            address.map(|(_, address)| serving.address = address.parse().unwrap()).is_some()
        });
        serving
    }

    /// The same for scripts, who choose the address themselves.
    pub fn for_scripts(bench: &Bench, address: SocketAddr) -> Serving {
        let mut serving = Serving::launch(bench, "serve --json", address);
        until("it listens", || {
            serving.is_alive();
            std::net::TcpStream::connect(address).is_ok()
        });
        serving
    }

    fn launch(bench: &Bench, words: &str, address: SocketAddr) -> Serving {
        let mut serving = Serving::of(bench.start(words));
        serving.address = address;
        serving
    }

    /// A server that was started otherwise.
    pub fn of(mut child: Child) -> Serving {
        let (out, err) = (Ear::to(child.stdout.take().unwrap()), Ear::to(child.stderr.take().unwrap()));
        Serving { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), out, err }
    }

    /// The process that was started goes on.
    #[track_caller]
    pub fn is_alive(&mut self) {
        let ended = self.child.try_wait().unwrap();
        assert_eq!(ended, None, "{}", self.err.text());
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has said on standard output.
    pub fn out(&self) -> String {
        self.out.text()
    }

    /// What it has said on standard error.
    pub fn err(&self) -> String {
        self.err.text()
    }

    /// Calls with the right key: `acme/harborline/purchaseorder`.
    pub fn call(&self, path: &str, body: &str) -> Answer {
        self.call_by(Some(CALLER_KEY), path, body)
    }

    /// Calls with this key.
    pub fn call_by(&self, key: Option<&str>, path: &str, body: &str) -> Answer {
        ask(self.address, post(key, path, body))
    }

    /// Bytes of the process that are in memory.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// How many file descriptors the process has open.
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Tells it to stop.
    pub fn tell_to_stop(&self) {
        signal(&self.child, "TERM");
    }

    /// Has it read everything anew.
    pub fn tell_to_reload(&self) {
        signal(&self.child, "HUP");
    }

    /// Kills it.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Told {
        let mut status = None;
        until("it ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let code = status.and_then(|status| status.code());
        Told { code, out: self.out.whole(), err: self.err.whole() }
    }

    /// Stops it in good order.
    #[track_caller]
    pub fn stop(self) -> Told {
        self.tell_to_stop();
        self.ended().succeeded()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address that nobody listens on.
pub fn nowhere() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
