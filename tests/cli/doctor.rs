//! What the doctor finds, all of it at once; what of that is refused, and what is told at the start.
#![cfg(unix)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use crate::bench::{Bench, Told, guest, until};
use crate::vendors::serving::Serving;
use crate::vendors::{NOWHERE, harborline, serves};

/// An export of a plugin, one that calls a vendor, and every other kind of path.
const REST: &str = r#"
[plugin.writer]
source = "writer.wasm"
grant = ["dispatch/team.get-list", "dispatch/team.create", "dispatch/team.delete", "raw:POST /dispatch/v2/tenant/{tenant}/teams"]

[middleware.harborline]
pack = "pack"
base_url = "http://127.0.0.1:9"
tenants = ["acme"]
grant = ["inventory/vendors:view"]
secrets = { ApiKey = { env = "VENDOR_KEY" } }

[export.vendor]
run = "harborline/branches"
body = "body.json.liquid"
window = "day"
tenants = ["acme"]
deliver = "outbox"
"#;

fn set_mode(bench: &Bench, path: &str, mode: u32) {
    fs::set_permissions(bench.path(path), Permissions::from_mode(mode)).unwrap();
}

fn bench(more: &str) -> Bench {
    let bench = Bench::with(&serves(NOWHERE, &format!("{REST}{more}")));
    fs::copy(guest("writer.wasm"), bench.path("writer.wasm")).unwrap();
    let copied = Command::new("cp").arg("-r").args([harborline(), bench.path("pack")]).status().unwrap();
    assert!(copied.success());
    bench.write("body.json.liquid", "{}");
    for path in ["writer.wasm", "body.json.liquid", "tradewire.toml"] {
        set_mode(&bench, path, 0o644);
    }
    bench
}

#[track_caller]
fn finds(told: &Told, lines: &[&str]) {
    assert_eq!(told.code, Some(1), "{told}");
    for line in lines {
        assert_eq!(told.out.matches(line).count(), 1, "`{line}`: {told}");
    }
}

#[test]
fn what_runs_is_refused_where_others_can_change_it() {
    let bench = bench("");
    bench.tradewire("check").succeeded();
    for (path, told, mends) in [
        ("writer.wasm", "other users can change `writer.wasm` (mode 0666)", "`chmod go-w writer.wasm`"),
        ("body.json.liquid", "other users can change `body.json.liquid` (mode 0666)", "`chmod go-w body.json.liquid`"),
        (
            "pack/Templates/branches/Request.liquid",
            "other users can change `pack/Templates/branches/Request.liquid` (mode 0666), which is part of `pack`",
            "`chmod -R go-w pack`",
        ),
    ] {
        set_mode(&bench, path, 0o666);
        for words in ["check", "serve --quiet", "run vendor"] {
            bench.tradewire(words).refused(&["tradewire.toml:", &format!("{told}: {mends}")]);
        }
        finds(&bench.tradewire("doctor"), &[&format!("files: {told}\n  {mends}\n"), told]);
        set_mode(&bench, path, 0o644);
    }
    fs::create_dir(bench.path("open")).unwrap();
    fs::rename(bench.path("writer.wasm"), bench.path("open/writer.wasm")).unwrap();
    set_mode(&bench, "open", 0o777);
    bench.write("tradewire.toml", bench.read("tradewire.toml").replace("\"writer.wasm\"", "\"open/writer.wasm\""));
    bench
        .tradewire("check")
        .refused(&["other users can replace `open/writer.wasm`, because they can change the folder"]);
    set_mode(&bench, "open", 0o1777);
    bench.tradewire("check").succeeded();
}

#[test]
fn all_that_is_loose_is_told_at_once_the_configuration_too() {
    let more = "\n[delivery.adp]\nto = \"outbox\"\nencrypt = { to = [\"receiver.asc\"], sign = { key = { file = \"ours.asc\" } } }\n";
    let bench = bench(more);
    let config =
        bench.read("tradewire.toml") + "tls = { certificate = \"serve.pem\", key = { file = \"serve.key\" } }\n";
    bench.write("tradewire.toml", config);
    let files = ["tradewire.toml", "writer.wasm", "receiver.asc", "ours.asc", "serve.pem", "serve.key"];
    for file in files {
        if !bench.path(file).exists() {
            bench.write(file, "is none");
        }
        set_mode(&bench, file, 0o666);
    }
    let told = bench.tradewire("doctor");
    for file in files {
        finds(&told, &[&format!("files: other users can change `{file}` (mode 0666)\n  `chmod go-w {file}`\n")]);
    }
    for file in ["ours.asc", "serve.key"] {
        finds(&told, &[&format!("files: other users can read `{file}` (mode 0666)\n  `chmod 600 {file}`\n")]);
    }
    assert!(told.out.contains("disk: ") && told.out.contains("store: "), "{told}");
}

#[test]
fn the_doctor_leaves_a_state_as_it_finds_it() {
    let bench = bench("");
    bench.tradewire("doctor --state elsewhere");
    assert!(!bench.path("elsewhere").exists(), "who looks may be another user than who serves");
    if rustix::process::geteuid().is_root() {
        fs::create_dir(bench.path("theirs")).unwrap();
        set_mode(&bench, "theirs", 0o700);
        std::os::unix::fs::chown(bench.path("theirs"), Some(65_534), None).unwrap();
        let told = bench.tradewire("doctor --state theirs");
        finds(&told, &["`theirs` belongs to user 65534, and this is user 0\n  run tradewire as its owner: `sudo -u "]);
        assert_eq!(fs::read_dir(bench.path("theirs")).unwrap().count(), 0);
    }
    bench.tradewire("check --state elsewhere").succeeded();
    set_mode(&bench, "elsewhere/compiled", 0o755);
    set_mode(&bench, "elsewhere/compiled.key", 0o640);
    let told = bench.tradewire("doctor --state elsewhere");
    finds(&told, &["compiled` (mode 0755)\n  `chmod 700 ", "compiled.key` (mode 0640)\n  `rm "]);
    let mode = |path: &str| fs::metadata(bench.path(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("elsewhere/compiled"), mode("elsewhere/compiled.key")), (0o755, 0o640));
    fs::remove_file(bench.path("elsewhere/compiled.key")).unwrap();
    let told = bench.tradewire("check --state elsewhere").succeeded();
    assert!(told.err.contains("was not sealed by this installation"), "they are compiled once more: {told}");
}

#[test]
fn a_delivery_that_every_user_reads_is_told_unless_it_says_its_mode() {
    let bench = bench("");
    set_mode(&bench, "", 0o755);
    fs::create_dir(bench.path("outbox")).unwrap();
    set_mode(&bench, "outbox", 0o755);
    let well = "deliveries: files are not delivered to where everybody reads them\n";
    finds(
        &bench.tradewire("doctor"),
        &[
            "deliveries: every user of this machine can read what `outbox` delivers to `outbox` (mode 0644)\n  write `mode = \
           \"0640\"` into `[delivery.outbox]`, or `chmod o-rwx outbox`\n",
        ],
    );
    set_mode(&bench, "outbox", 0o750);
    assert!(bench.tradewire("doctor").out.contains(well));
    set_mode(&bench, "outbox", 0o755);
    let config = bench.read("tradewire.toml");
    bench.write("tradewire.toml", config.replace("to = \"outbox\"", "to = \"outbox\"\nmode = \"0640\""));
    assert!(bench.tradewire("doctor").out.contains(well));
    set_mode(&bench, "outbox", 0o1777);
    finds(
        &bench.tradewire("doctor"),
        &["every user of this machine can put files into `outbox`", "`chmod o-w outbox`"],
    );
}

#[test]
fn keys_in_clear_are_told_by_all_three_in_the_same_words() {
    let bench = bench("");
    assert!(bench.tradewire("doctor").out.contains("clear: callers and events come by TLS, or from this machine\n"));
    bench.write("tradewire.toml", bench.read("tradewire.toml").replace("127.0.0.1:0", "0.0.0.0:0"));
    let (diagnosis, treatment) = (
        "keys and events come in clear, unless something before this server speaks TLS",
        "write `tls = { certificate = \"serve.pem\", key = { file = \"serve.key\" } }` into `[serve]`",
    );
    finds(&bench.tradewire("doctor"), &[&format!("clear: {diagnosis}\n  {treatment}\n")]);
    let told = bench.tradewire("check").succeeded();
    assert!(told.err.contains(&format!("warning: {diagnosis}: {treatment}\n")), "{told}");
    let serving = Serving::start(&bench);
    until("it says so", || serving.err().contains(&format!("{diagnosis}: {treatment}\n")));
}

#[test]
fn few_descriptors_are_told_once_at_the_start() {
    let bench = bench("");
    let serve = bench.command("serve");
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 64; exec \"$0\" serve"]).arg(serve.get_program()).current_dir(bench.path(""));
    for (name, value) in serve.get_envs() {
        value.map(|value| shell.env(name, value));
    }
    let child = shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let serving = Serving::of(child);
    let line = "at most 64 files and connections may be open at once: start it with `ulimit -n 4096`";
    until("it serves", || serving.err().contains(" vendors at http://"));
    assert_eq!(serving.err().matches(line).count(), 1, "{}", serving.err());
}
