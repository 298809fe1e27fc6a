//! The process itself: what it makes is its user's alone, and its memory goes into no core dump.

use std::sync::OnceLock;

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, geteuid, getrlimit, setrlimit, umask};

/// The umask that the process was started with.
static USUAL: OnceLock<u32> = OnceLock::new();

pub(super) fn begin() {
    let usual = umask(Mode::RWXG | Mode::RWXO);
    let _ = USUAL.set(usual.bits());
    // Where either is refused, `tradewire doctor` tells it.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

pub(super) fn usual_umask() -> Option<u32> {
    USUAL.get().copied()
}

pub(super) fn is_never_dumped() -> bool {
    let limit = getrlimit(Resource::Core).current == Some(0);
    #[cfg(target_os = "linux")]
    let dumpable = rustix::process::dumpable_behavior();
    #[cfg(target_os = "linux")]
    return limit && dumpable.is_ok_and(|it| it == rustix::process::DumpableBehavior::NotDumpable);
    #[cfg(not(target_os = "linux"))]
    limit
}

pub(super) fn is_administrator() -> bool {
    geteuid().is_root()
}
