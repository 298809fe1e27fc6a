//! Being told to stop: Ctrl-C, and what service managers send.

use std::io;

use anyhow::{Context, Result};
use tradewire_runs::CancellationToken;

use crate::output::Output;

/// What the process ends with when it is told twice.
const INTERRUPTED: i32 = 130;

/// Is cancelled when the process is told to stop. Told a second time, the process ends at once.
pub fn told_to_stop(output: &Output) -> Result<CancellationToken> {
    let mut signals = Signals::new().context("cannot listen to signals")?;
    let (stop, output) = (CancellationToken::new(), *output);
    let told = stop.clone();
    tokio::spawn(async move {
        signals.next().await;
        told.cancel();
        output.note("stopping; once more to stop at once");
        signals.next().await;
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! { _ = self.interrupt.recv() => {}, _ = self.terminate.recv() => {} }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
