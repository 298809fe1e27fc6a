//! The engines that ours is measured against. Each is a process that is told template and input and answers a line for
//! each line it is asked: see `peers/liquidjs.mjs`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Where the scripts are.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/benches/liquid/peers");

/// An engine that runs.
pub struct Peer {
    pub name: String,
    process: Child,
    asks: ChildStdin,
    tells: BufReader<ChildStdout>,
}

impl Peer {
    /// liquidjs, installed into the folder as the committed lock says.
    pub fn liquidjs(folder: &Path, template: &Path, input: &Path) -> Result<Peer> {
        let place = folder.join("liquidjs");
        std::fs::create_dir_all(&place)?;
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(Path::new(SCRIPTS).join(file), place.join(file))?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&place);
        run(&mut npm, "install node and npm (Debian: `apt-get install nodejs npm`)")?;
        let mut node = Command::new("node");
        node.arg(Path::new(SCRIPTS).join("liquidjs.mjs")).arg(&place).arg(template).arg(input);
        Peer::start("liquidjs", node)
    }

    /// ruby-liquid, which Debian has; installed where this may be done.
    pub fn ruby(template: &Path, input: &Path) -> Result<Peer> {
        let there = || Command::new("ruby").args(["-rliquid", "-e", ""]).output().is_ok_and(|out| out.status.success());
        if !there() {
            let mut apt = Command::new("apt-get");
            apt.args(["install", "--yes", "--quiet", "ruby", "ruby-liquid"]);
            run(&mut apt, "install it (Debian, as root: `apt-get install ruby ruby-liquid`)")?;
        }
        let mut ruby = Command::new("ruby");
        ruby.arg(Path::new(SCRIPTS).join("ruby.rb")).arg(template).arg(input);
        Peer::start("ruby-liquid", ruby)
    }

    fn start(name: &str, mut command: Command) -> Result<Peer> {
        command.env("TZ", "UTC").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let (asks, tells) = (process.stdin.take(), process.stdout.take());
        let (asks, tells) = asks.zip(tells).ok_or("no pipes")?;
        let mut peer = Peer { name: String::new(), process, asks, tells: BufReader::new(tells) };
        peer.name = format!("{name} {}", peer.ask("version")?);
        Ok(peer)
    }

    /// What the template renders.
    pub fn output(&mut self) -> Result<String> {
        Ok(serde_json::from_str(&self.ask("output")?)?)
    }

    /// The time of one rendering, over that long.
    pub fn render(&mut self, over: Duration) -> Result<Duration> {
        self.timed("render", over)
    }

    /// The time of one parse, over that long.
    pub fn parse(&mut self, over: Duration) -> Result<Duration> {
        self.timed("parse", over)
    }

    fn timed(&mut self, what: &str, over: Duration) -> Result<Duration> {
        Ok(Duration::from_nanos(self.ask(&format!("{what} {}", over.as_millis()))?.parse()?))
    }

    fn ask(&mut self, what: &str) -> Result<String> {
        writeln!(self.asks, "{what}")?;
        let mut line = String::new();
        if self.tells.read_line(&mut line)? == 0 {
            return Err(format!("it ended when asked `{what}`").into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder for what the bench installs and writes.
pub fn folder() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("liquid-bench");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn run(command: &mut Command, help: &str) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.output().map_err(|error| format!("{name}: {error}; {help}"))?;
    if !out.status.success() {
        let said = String::from_utf8_lossy(&out.stderr);
        return Err(format!("{name}: {}; {help}", said.lines().last().unwrap_or("it failed")).into());
    }
    Ok(())
}
