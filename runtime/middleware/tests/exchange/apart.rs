//! Tests that need a process of their own: for its memory, or for what is set in its environment.

use std::ffi::OsStr;
use std::process::Command;

const MARK: &str = "TRADEWIRE_TEST_APART";

/// Whether this is the test's own process. If not, it is started, and has passed on return.
pub fn is_apart(test: &str, environment: &[(&str, &OsStr)]) -> bool {
    if std::env::var(MARK).is_ok_and(|running| running == test) {
        return true;
    }
    let mut own = Command::new(std::env::current_exe().unwrap());
    own.args(["--exact", test, "--nocapture"]).env(MARK, test).envs(environment.iter().copied());
    let out = own.output().unwrap();
    let (told, failed) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success() && told.contains("1 passed"), "{told}\n{failed}");
    false
}

/// The most memory that this process has had, in KiB.
pub fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
