//! `tradewire serve` as a process of its own, in a folder with a configuration.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tradewire_sandbox as sandbox;

use super::process::Process;

/// The server. It is killed with this.
pub struct Served(Child);

impl Served {
    /// Starts it with the sandbox's secrets and these variables, and listens to what it says until it says that it serves:
    /// what `serves` makes of that line.
    pub fn start<T>(folder: &Path, variables: &[(&str, &str)], serves: impl FnMut(String) -> Option<T>) -> (Served, T) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_tradewire"))
            .arg("serve")
            .current_dir(folder)
            .env("APP_KEY", sandbox::DEMO_APP_KEY)
            .env("CLIENT_SECRET", sandbox::DEMO_CLIENT_SECRET)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            // It tells of all that it does; where to is the operator's affair.
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let said = lines.find_map(serves);
        let said = said.unwrap_or_else(|| panic!("it does not serve: {:?}", child.wait()));
        std::thread::spawn(move || lines.for_each(|line| eprintln!("{line}")));
        (Served(child), said)
    }

    /// Waits for its end.
    pub fn wait(&mut self) {
        self.0.wait().unwrap();
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
