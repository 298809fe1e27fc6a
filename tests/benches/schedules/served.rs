//! `tradewire serve` as a process of its own, in a folder with a configuration.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tradewire_sandbox as sandbox;

use crate::support::process::Process;

/// The server. It ends with this.
pub struct Served(Child);

impl Served {
    /// Starts it, and waits until it serves.
    pub fn start(folder: &Path) -> Served {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tradewire"))
            .arg("serve")
            .current_dir(folder)
            .env("APP_KEY", sandbox::DEMO_APP_KEY)
            .env("CLIENT_SECRET", sandbox::DEMO_CLIENT_SECRET)
            .stdin(Stdio::null())
            // It tells of every run; where to is the operator's affair.
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let serves = lines.find(|line| line.starts_with("serving "));
        assert!(serves.is_some(), "it does not serve: {:?}", child.wait());
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
        Served(child)
    }

    pub fn process(&self) -> Process {
        Process(self.0.id())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
