//! The compiler as a child process, seen from its parent.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::abandon::{Abandon, Waited};
use super::asks::Asks;
use super::child::{GO_ON, Order};
use super::frame::{self, Kind};
use crate::limits::{CompileLimits, Limit};
use crate::load_error::LoadError;

/// How much longer than its processor time a compiler may take: it waits for whoever has priority.
const PATIENCE: u32 = 10;
/// The most that is kept of what a compiler says when it fails.
const MOST_SAID: u64 = 4096;

/// The program that compiles, and what its work is bound by.
pub(super) struct Job<'a> {
    pub program: &'a Path,
    pub arguments: &'a [String],
    pub run_memory: usize,
    pub limits: CompileLimits,
    pub abandon: &'a Abandon,
}

impl Job<'_> {
    /// The machine code of the component, once what it asks for is found to be in order.
    pub fn compile(
        &self,
        component: &[u8],
        review: impl FnOnce(&Asks) -> Result<(), LoadError>,
    ) -> Result<Vec<u8>, LoadError> {
        let mut child = self
            .spawn()
            .map_err(|error| LoadError::Compiler(format!("{} cannot be started: {error}", self.program.display())))?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(LoadError::Compiler("it has no pipes".to_owned()));
        };
        let child = Mutex::new(child);
        let is_over = AtomicBool::new(false);
        // This thread stays until the child has ended: on Linux a child is told of the end of the thread that began it.
        std::thread::scope(|scope| {
            let said = scope.spawn(move || said(stderr));
            let watch = scope.spawn(|| {
                let time = self.limits.time.saturating_mul(PATIENCE).saturating_add(Duration::from_secs(10));
                let waited = self.abandon.wait(time, || is_over.load(Ordering::Acquire));
                kill(&child);
                waited
            });
            let told = self.converse(stdin, stdout, component, review);
            // A child that has said all has nothing left to do, and one that fell silent is ending: how it ends is
            // settled by then.
            is_over.store(true, Ordering::Release);
            self.abandon.wake();
            let waited = watch.join().unwrap_or(Waited::Come);
            let status = wait(&child);
            let said = said.join().unwrap_or_default();
            match (told, waited) {
                (Err(Broken::Refused(error)), _) => Err(error),
                (_, Waited::Abandoned) => Err(LoadError::Abandoned),
                (Ok(Told::Code(code)), _) => Ok(code),
                (Ok(Told::Invalid(why)), _) => Err(LoadError::Invalid(wasmtime::Error::msg(why))),
                (Ok(Told::NoMemory), _) => Err(LoadError::Limit(Limit::CompileMemory(self.limits.memory))),
                (Err(Broken::Pipe(_)), Waited::Late) => Err(LoadError::Limit(Limit::CompileTime(self.limits.time))),
                (Err(Broken::Pipe(error)), Waited::Come) => Err(self.fault(status, &said, &error)),
            }
        })
    }

    fn spawn(&self) -> io::Result<Child> {
        let mut command = Command::new(self.program);
        command.args(self.arguments).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        command.current_dir("/");
        command.spawn()
    }

    fn converse(
        &self,
        mut stdin: ChildStdin,
        mut stdout: ChildStdout,
        component: &[u8],
        review: impl FnOnce(&Asks) -> Result<(), LoadError>,
    ) -> Result<Told, Broken> {
        let seconds = self.limits.time.as_secs() + u64::from(self.limits.time.subsec_nanos() > 0);
        let order = Order {
            parent: std::process::id(),
            run_memory: self.run_memory,
            component: component.len(),
            seconds,
            memory: self.limits.memory,
        };
        frame::write_bytes(&mut stdin, &serde_json::to_vec(&order).map_err(io::Error::from)?)?;
        frame::write_bytes(&mut stdin, component)?;
        let mut next = || frame::read(&mut stdout, self.limits.memory);
        let mut told = next()?;
        if told.0 == Kind::Asks {
            let asks: Asks = serde_json::from_slice(&told.1).map_err(io::Error::from)?;
            review(&asks).map_err(Broken::Refused)?;
            stdin.write_all(&[GO_ON])?;
            told = next()?;
        }
        match told {
            (Kind::Code, code) => Ok(Told::Code(code)),
            (Kind::Invalid, why) => Ok(Told::Invalid(String::from_utf8_lossy(&why).into_owned())),
            (Kind::NoMemory, _) => Ok(Told::NoMemory),
            (Kind::Asks, _) => Err(Broken::Pipe(io::Error::other("it asks twice"))),
        }
    }

    /// Why a compiler has ended before it was done.
    fn fault(&self, status: io::Result<ExitStatus>, said: &str, error: &io::Error) -> LoadError {
        let said = said.trim();
        // In the words of Rust's allocator and of the system, which has no room for another thread's stack either.
        let no_memory = ["memory allocation of", "Cannot allocate memory", "Resource temporarily unavailable"];
        if no_memory.iter().any(|words| said.contains(words)) {
            return LoadError::Limit(Limit::CompileMemory(self.limits.memory));
        }
        let how = match status {
            Ok(status) => {
                if is_out_of_time(status) {
                    return LoadError::Limit(Limit::CompileTime(self.limits.time));
                }
                status.to_string()
            }
            Err(error) => error.to_string(),
        };
        match said.is_empty() {
            true => LoadError::Compiler(format!("{how} ({error})")),
            false => LoadError::Compiler(format!("{how}: {said}")),
        }
    }
}

/// What a compiler has said in the end.
enum Told {
    Code(Vec<u8>),
    Invalid(String),
    NoMemory,
}

/// Why nothing was said to the end.
enum Broken {
    Refused(LoadError),
    Pipe(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Broken::Pipe(error)
    }
}

fn kill(child: &Mutex<Child>) {
    // It fails only where the child has ended.
    let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
}

fn wait(child: &Mutex<Child>) -> io::Result<ExitStatus> {
    child.lock().unwrap_or_else(PoisonError::into_inner).wait()
}

/// The last of what a child has said, read to the end lest it wait for a reader.
fn said(mut stderr: impl Read) -> String {
    let mut said = Vec::new();
    let _ = (&mut stderr).take(MOST_SAID).read_to_end(&mut said);
    let _ = io::copy(&mut stderr, &mut io::sink());
    String::from_utf8_lossy(&said).into_owned()
}

#[cfg(unix)]
fn is_out_of_time(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    let time = rustix::process::Signal::XCPU.as_raw();
    status.signal() == Some(time)
}

#[cfg(not(unix))]
fn is_out_of_time(_: ExitStatus) -> bool {
    false
}
