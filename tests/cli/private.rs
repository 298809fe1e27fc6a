//! The state is nobody else's: another user of the machine, as which processes really run here, reads, changes and locks
//! none of it; what is loose is mended or refused, and told.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::bench::{Bench, Told, signal, until};
use crate::journal::writes;

const NOBODY: u32 = 65534;
const WINDOW: &str = "--from 2026-01-05 --to 2026-01-12";

/// Whether tests may become another user. Where they may not, that is told; in CI it is a failure.
fn may_be_another() -> bool {
    let may = rustix::process::geteuid().is_root();
    if !may {
        assert!(std::env::var_os("CI").is_none(), "in CI these tests run as root: they become another user");
        eprintln!("SKIPPED, as only root becomes another user: run it as root");
    }
    may
}

/// What another user gets for these words.
fn as_nobody(words: &[&str]) -> Told {
    let nobody = NOBODY.to_string();
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &nobody, "--regid", &nobody, "--clear-groups", "--"]).args(words);
    command.stdin(Stdio::null()).output().unwrap().into()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A bench in a folder that everybody may enter, as an installation is, with an export that delivers a file.
fn bench(delivery: &str) -> Bench {
    let config = writes("http://127.0.0.1:9", "").replace("to = \"outbox\"", &format!("to = \"outbox\"\n{delivery}"));
    let bench = Bench::with(&config);
    set_mode(&bench.path(""), 0o755);
    bench
}

/// Runs `tradewire` from a shell with this umask.
fn with_umask(bench: &Bench, umask: &str, words: &str) -> Told {
    let tradewire = bench.command(words);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("umask {umask}; exec \"$0\" \"$@\"")])
        .arg(tradewire.get_program())
        .args(tradewire.get_args());
    shell.current_dir(bench.path("")).stdin(Stdio::null());
    for (name, value) in tradewire.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.output().unwrap().into()
}

/// Everything below a folder, but what is linked from elsewhere.
fn below(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
        all.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            all.extend(below(&entry.path()));
        }
    }
    all.retain(|path| !path.is_symlink());
    all
}

#[test]
fn another_user_reads_and_locks_nothing_whatever_the_umask() {
    if !may_be_another() {
        return;
    }
    let bench = bench("");
    fs::remove_dir_all(bench.path(".tradewire")).unwrap();
    with_umask(&bench, "000", &format!("run teams {WINDOW}")).succeeded();
    with_umask(&bench, "000", "store backup copy.db").succeeded();
    let state = bench.path(".tradewire");
    assert_eq!(mode(&state), 0o700);
    for path in below(&state) {
        assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
    }
    assert_eq!(mode(&bench.path("copy.db")), 0o600, "a backup holds as much as the store");
    for part in ["tradewire.db", "tradewire.db.in-use", "outbox", "runs"] {
        let path = state.join(part).display().to_string();
        for words in [&["ls", path.as_str()][..], &["cat", &path], &["flock", "--nonblock", &path, "true"]] {
            assert_ne!(as_nobody(words).code, Some(0), "{words:?}");
        }
    }
    assert_ne!(as_nobody(&["cat", &bench.path("copy.db").display().to_string()]).code, Some(0));
    assert_eq!(as_nobody(&["ls", &bench.path("").display().to_string()]).code, Some(0), "it may come so far");
}

#[test]
fn files_that_are_delivered_have_the_mode_that_their_receiver_needs() {
    for (umask, delivery, wanted) in
        [("022", "", 0o644), ("002", "", 0o664), ("077", "", 0o600), ("022", "mode = \"0640\"", 0o640)]
    {
        let bench = bench(delivery);
        with_umask(&bench, umask, &format!("run teams {WINDOW}")).succeeded();
        let delivered = bench.delivered();
        assert!(!delivered.is_empty());
        for name in delivered {
            assert_eq!(mode(&bench.path("outbox").join(&name)), wanted, "umask {umask}, {delivery}: {name}");
        }
    }
    let bench = bench("mode = \"0755\"");
    bench.tradewire("check").refused(&["`0755` is no mode of a file", "`mode = \"0640\"`"]);
}

#[test]
fn the_state_of_an_older_version_is_mended_and_told() {
    let bench = bench("");
    bench.tradewire(&format!("run teams {WINDOW}")).succeeded();
    let (state, database) = (bench.path(".tradewire"), bench.path(".tradewire/tradewire.db"));
    set_mode(&state, 0o755);
    set_mode(&database, 0o644);
    let told = bench.tradewire("runs list").succeeded();
    assert!(told.err.contains("other users could reach `.tradewire` (mode 0755); its mode is 0700 now"), "{told}");
    assert!(told.err.contains("tradewire.db` (mode 0644); its mode is 0600 now"), "{told}");
    assert_eq!((mode(&state), mode(&database)), (0o700, 0o600));
    assert!(bench.tradewire("runs list").succeeded().err.is_empty());
}

#[test]
fn what_others_can_change_is_refused_with_the_line_that_mends_it() {
    let bench = bench("");
    bench.tradewire("runs list").succeeded();
    let folder = bench.path("");
    set_mode(&folder, 0o777);
    let chmod = format!("`chmod go-w {}`", folder.canonicalize().unwrap().display());
    bench.tradewire("runs list").refused(&["is not safe: other users can replace", &chmod]);
    set_mode(&folder, 0o755);
    set_mode(&bench.path("tradewire.toml"), 0o666);
    bench.tradewire("runs list").refused(&[
        "the configuration is not safe: other users can change `tradewire.toml` (mode 0666): `chmod go-w tradewire.toml`",
    ]);
    set_mode(&bench.path("tradewire.toml"), 0o644);
    bench.write("app.key", "k3y-of-the-app-1234");
    set_mode(&bench.path("app.key"), 0o666);
    let config = bench.read("tradewire.toml").replace("{ env = \"APP_KEY\" }", "{ file = \"app.key\" }");
    bench.write("tradewire.toml", config);
    bench.tradewire("check").refused(&["other users can change `app.key` (mode 0666): `chmod go-w app.key`"]);
}

#[test]
fn state_of_another_user_is_refused() {
    if !may_be_another() {
        return;
    }
    let bench = bench("");
    bench.tradewire("runs list").succeeded();
    for part in [".tradewire", ".tradewire/tradewire.db"] {
        chown(bench.path(part), Some(NOBODY), None).unwrap();
        let told = bench.tradewire("runs list").refused(&[
            &format!("the state of the runtime is not safe: `{part}` belongs to user 65534, and this is user 0"),
            "run tradewire as its owner: `sudo -u nobody tradewire …`",
        ]);
        assert!(!told.err.contains("chown"), "a service that runs by it would lose it: {told}");
        chown(bench.path(part), Some(0), None).unwrap();
    }
    // A link that somebody else has put there.
    fs::rename(bench.path(".tradewire"), bench.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", bench.path(".tradewire")).unwrap();
    bench.tradewire("runs list").succeeded();
    std::os::unix::fs::lchown(bench.path(".tradewire"), Some(NOBODY), None).unwrap();
    bench.tradewire("runs list").refused(&["the link `.tradewire` belongs to user 65534"]);
}

#[test]
fn memory_goes_into_no_core_dump() {
    let bench = Bench::empty();
    let mut child = bench.start_unheard("sandbox --listen 127.0.0.1:0");
    let limits = format!("/proc/{}/limits", child.id());
    until("its core dumps are off", || {
        let limits = fs::read_to_string(&limits).unwrap_or_default();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
        core.split_whitespace().rev().skip(1).take(2).all(|limit| limit == "0") && !core.is_empty()
    });
    signal(&child, "TERM");
    child.wait().unwrap();
}

#[test]
fn the_doctor_tells_what_is_loose_and_changes_none_of_it() {
    let bench = bench("");
    bench.write("app.key", "k3y!");
    set_mode(&bench.path("app.key"), 0o644);
    let config = bench.read("tradewire.toml").replace("{ env = \"APP_KEY\" }", "{ file = \"app.key\" }");
    bench.write("tradewire.toml", config);
    bench.tradewire("runs list").succeeded();
    set_mode(&bench.path(".tradewire"), 0o755);
    let told = bench.tradewire("doctor");
    assert_eq!(told.code, Some(1), "{told}");
    for text in [
        "files: other users can read `.tradewire` (mode 0755)\n  `chmod 700 .tradewire`\n",
        "files: other users can read `app.key` (mode 0644)\n  `chmod 600 app.key`\n",
        "secrets: `servicetitan.app_key`, file `app.key`, is weak\n  it has fewer than 6 bytes, which are masked nowhere",
        "descriptors: enough files and connections may be open at once\n",
        "store: the store is whole\n",
    ] {
        assert!(told.out.contains(text), "`{text}`: {told}");
    }
    assert_eq!(mode(&bench.path(".tradewire")), 0o755);
    let json = bench.tradewire("doctor --json").json();
    assert_eq!(json["checks"][0]["check"], "files");
    assert_eq!(json["checks"][0]["found"][0]["treatment"], "`chmod 700 .tradewire`", "{json}");
    let told = bench.tradewire("check").succeeded();
    assert!(told.err.contains("warning: `servicetitan.app_key`, file `app.key`, is no secret: it has fewer"), "{told}");
}

#[test]
fn the_doctor_tells_a_store_that_is_damaged() {
    let bench = bench("");
    bench.tradewire("runs list").succeeded();
    // A copy is one file, and nothing of it is in a log beside it.
    bench.tradewire("store backup copy.db").succeeded();
    let database = bench.path(".tradewire/tradewire.db");
    for beside in ["tradewire.db-wal", "tradewire.db-shm"] {
        let _ = fs::remove_file(bench.path(".tradewire").join(beside));
    }
    let mut bytes = fs::read(bench.path("copy.db")).unwrap();
    let end = bytes.len();
    bytes[4096..end].fill(0x5a);
    fs::write(&database, bytes).unwrap();
    let told = bench.tradewire("doctor");
    assert!(told.out.contains("store: the store `.tradewire/tradewire.db` is damaged: "), "{told}");
    assert!(told.out.contains("`tradewire store restore <file>`"), "{told}");
}
