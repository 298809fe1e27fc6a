//! A plugin that keeps the compiler busy, in a configuration that is served.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use tradewire_store::{Outcome, RunFilter, Store};

use super::plugins::{Parts, jumps, plugin};
use crate::bench::{Bench, hostile, until};
use crate::vendors::http::ask;
use crate::vendors::serving::{Serving, nowhere};

/// What takes a fraction of a second, and is meant to take two at most, on a machine that is busy with all these tests.
/// The compiler would go on for minutes.
const MARGIN: Duration = Duration::from_secs(10);

/// A configuration that runs something every second and listens, with what else is given.
fn steady(address: SocketAddr, rest: &str) -> String {
    let steady = hostile("", "behaviour = \"behaves\"").replace("0 6 * * MON", "* * * * * *");
    format!(
        "{steady}\n[webhook.jobs]\ntenants = [\"acme\"]\nsecret = {{ file = \"webhook.key\" }}\n\n[serve]\nlisten = \
         \"{address}\"\n{rest}"
    )
}

/// The plugin, and an export of it that is due every second.
fn bomb(time: &str) -> String {
    format!(
        "\n[plugin.bomb]\nsource = \"bomb.wasm\"\nlimits = {{ compile_time = \"{time}\" }}\n\n[export.boom]\nrun = \
         \"bomb\"\ntenants = [\"acme\"]\ncron = \"* * * * * *\"\n"
    )
}

fn bench() -> (Bench, SocketAddr) {
    let (bench, address) = (Bench::empty(), nowhere());
    bench.write("webhook.key", "0123456789abcdef0123456789abcdef");
    bench.write("bomb.wasm", plugin(Parts { functions: vec![jumps(1000, 1000)], ..Parts::default() }));
    bench.write("tradewire.toml", steady(address, ""));
    // What it runs is compiled before the time is taken.
    bench.tradewire("check").succeeded();
    (bench, address)
}

fn serve(bench: &Bench) -> Serving {
    Serving::of(bench.start("serve"))
}

fn replace(bench: &Bench, config: &str) {
    bench.write("new.toml", config);
    std::fs::rename(bench.path("new.toml"), bench.path("tradewire.toml")).unwrap();
}

/// Until it has said so; it may take a machine that is busy several times the five seconds that are meant.
fn says(serving: &mut Serving, text: &str) {
    let began = Instant::now();
    until(text, || {
        serving.is_alive();
        serving.err().contains(text)
    });
    assert!(began.elapsed() < Duration::from_secs(30), "{text}: {:?}", began.elapsed());
}

fn ran(bench: &Bench, export: &str, outcome: Outcome) -> usize {
    let filter = RunFilter { export: Some(export.to_owned()), outcome: Some(outcome), ..RunFilter::default() };
    bench.recorded(async |store| store.runs(&filter).await.unwrap()).len()
}

/// Everything else goes on.
fn goes_on(bench: &Bench, address: SocketAddr) {
    let before = ran(bench, "odd", Outcome::Succeeded);
    until("the others run", || ran(bench, "odd", Outcome::Succeeded) > before + 1);
    let began = Instant::now();
    let health = ask(address, "GET /health HTTP/1.1\r\nhost: tradewire\r\nconnection: close\r\n\r\n");
    assert_eq!((health.status, health.text.as_str()), (200, "ok\n"));
    assert!(began.elapsed() < MARGIN, "{:?}", began.elapsed());
}

/// The folder of the one compiler that works for this process, as the system shows it.
fn compiler(parent: u32) -> PathBuf {
    let mut found = Vec::new();
    until("one compiles", || {
        let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
        found = processes
            .filter(|path| {
                let status = std::fs::read_to_string(path.join("status")).unwrap_or_default();
                let is_child = status.lines().any(|line| line == format!("PPid:\t{parent}"));
                is_child && std::fs::read(path.join("cmdline")).unwrap_or_default().ends_with(b"\0compile-plugin\0")
            })
            .collect();
        found.len() == 1
    });
    found.remove(0)
}

fn is_gone(compiler: &std::path::Path) -> bool {
    // One that ended and is not buried yet has no memory any more.
    let status = std::fs::read_to_string(compiler.join("status")).unwrap_or_default();
    !status.contains("VmRSS")
}

#[test]
fn a_plugin_that_compiles_for_minutes_holds_up_neither_what_is_served_nor_its_own_removal_nor_the_end() {
    let (bench, address) = bench();
    let mut serving = serve(&bench);
    says(&mut serving, "serving 1 schedules");
    replace(&bench, &steady(address, &bomb("10 min")));
    says(&mut serving, "still compiling `bomb`: the configuration before stays in force until that is done, or until");
    let child = compiler(serving.id());
    goes_on(&bench, address);
    has_nothing(&child);

    // Its removal is taken over at once, and nobody compiles it any more.
    replace(&bench, &steady(address, ""));
    says(&mut serving, "tradewire.toml is taken over");
    until("the compiler is gone", || is_gone(&child));

    // The same for the end of all.
    replace(&bench, &steady(address, &bomb("9 min")));
    let child = compiler(serving.id());
    let began = Instant::now();
    serving.stop();
    assert!(began.elapsed() < MARGIN, "{:?}", began.elapsed());
    until("the compiler is gone", || is_gone(&child));
}

/// It can reach nothing and keep nothing, and is bound by the system.
fn has_nothing(compiler: &std::path::Path) {
    let environment = String::from_utf8(std::fs::read(compiler.join("environ")).unwrap()).unwrap();
    assert_eq!(environment, "");
    assert_eq!(std::fs::read_link(compiler.join("cwd")).unwrap(), PathBuf::from("/"));
    let mut open: Vec<String> = std::fs::read_dir(compiler.join("fd"))
        .unwrap()
        .map(|entry| std::fs::read_link(entry.unwrap().path()).unwrap().display().to_string())
        .collect();
    open.sort();
    assert!(open.len() == 3 && open.iter().all(|file| file.starts_with("pipe:")), "{open:?}");
    let limits = std::fs::read_to_string(compiler.join("limits")).unwrap();
    let words = limits.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
    for line in [
        "Max cpu time 600 601 seconds",
        "Max file size 0 0 bytes",
        "Max data size 2147483648 2147483648 bytes",
        "Max core file size 0 0 bytes",
        "Max open files 3 3 files",
    ] {
        assert!(words.contains(&line.to_owned()), "{line}: {limits}");
    }
    let address_space = words.iter().find(|line| line.starts_with("Max address space ")).unwrap();
    assert!(!address_space.contains("unlimited"), "{limits}");
    // The nineteenth field is how far it gives way; the name before it is in parentheses.
    let stat = std::fs::read_to_string(compiler.join("stat")).unwrap();
    assert_eq!(stat.rsplit(") ").next().unwrap().split(' ').nth(16), Some("10"), "{stat}");
}

#[test]
fn a_server_that_begins_with_it_serves_all_else_and_its_runs_wait() {
    let (bench, address) = bench();
    bench.write("tradewire.toml", steady(address, &bomb("6 s")));
    let mut serving = serve(&bench);
    says(&mut serving, "still compiling `bomb`: what runs it waits; all else is served");
    goes_on(&bench, address);
    let told = bench.tradewire("schedule list").succeeded();
    assert!(told.out.contains("its plugin: `bomb` is not compiled yet, or cannot be"), "{told}");

    // It cannot: that is told, and nothing of it is lost.
    let given_up =
        "`compile_time` is 6 s; raise it in the plugin's `limits`: write `compile_time = \"12 s\"` into them";
    let began = Instant::now();
    // Its time is the processor's, of which a busy machine gives it little.
    while !serving.err().contains(given_up) && began.elapsed() < Duration::from_secs(150) {
        std::thread::sleep(Duration::from_millis(50));
    }
    says(&mut serving, given_up);
    says(&mut serving, "what runs `bomb` waits until the configuration is mended; all else is served");
    goes_on(&bench, address);
    assert_eq!(ran(&bench, "boom", Outcome::Failed), 0);
    bench.write("bomb.wasm", plugin(Parts::default()));
    replace(&bench, &steady(address, &bomb("7 s")));
    says(&mut serving, "tradewire.toml is taken over");
    until("its runs begin", || ran(&bench, "boom", Outcome::Succeeded) > 0);
    serving.stop();
}

#[test]
fn a_compiler_ends_with_whoever_started_it() {
    let (bench, address) = bench();
    bench.write("tradewire.toml", steady(address, &bomb("10 min")));
    let mut serving = serve(&bench);
    let child = compiler(serving.id());
    serving.kill();
    until("the compiler is gone", || is_gone(&child));

    // Told to stop before it serves.
    let serving = serve(&bench);
    let child = compiler(serving.id());
    let began = Instant::now();
    serving.tell_to_stop();
    let told = serving.ended();
    assert!(told.code.is_none() || told.code == Some(0), "{told}");
    assert!(began.elapsed() < MARGIN, "{:?}", began.elapsed());
    until("the compiler is gone", || is_gone(&child));
}
