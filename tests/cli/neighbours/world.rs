//! The configuration: first the honest, then everybody.

use std::net::SocketAddr;

use tokio::runtime::Runtime;
use tradewire_onslaught::{Much, Of, onslaught};
use tradewire_outbound::hostile::{Hostile, Server};
use tradewire_store::{RunFilter, RunRecord, Store};
use tradewire_surface::Catalog;

use super::callers::step_back;
use crate::bench::{Bench, CALLER_KEY, Offline, config, guest, hostile as plain_hostile, until};
use crate::compile::plugins::{Parts, jumps, plugin as component};
use crate::vendors;

pub const WEBHOOK_KEY: &str = "0123456789abcdef0123456789abcdef";
/// The key of a caller who was let in and should not have been.
pub const HOSTILE_KEY: &str = CALLER_KEY;
const MIB: u32 = 1 << 20;

/// Templates that do not come to an end, or to much.
const TEMPLATES: [&str; 4] = [
    "{% for a in (1..1000000000) %}{% assign b = a | times: 2 %}{% endfor %}{}",
    "{ \"a\": \"{% for a in (1..100000000) %}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{% endfor %}\" }",
    "{% assign a = 'xxxxxxxx' %}{% for b in (1..60) %}{% assign a = a | append: a %}{% endfor %}{ \"a\": \"{{ a }}\" }",
    "{% assign a = 'a,' %}{% for b in (1..40) %}{% assign a = a | append: a %}{% assign c = a | split: ',' | sort | uniq %}{% endfor %}{}",
];

/// The servers that vendors and receivers of the strangers are at.
pub struct Strangers {
    servers: Vec<Server>,
    _runtime: Runtime,
}

impl Strangers {
    pub fn start() -> Strangers {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.on_thread_start(step_back).enable_all().build().unwrap();
        let servers = runtime.block_on(async {
            let mut servers = Vec::new();
            for hostile in Hostile::ALL {
                servers.push(Server::start(*hostile).await);
            }
            servers
        });
        Strangers { servers, _runtime: runtime }
    }
}

/// Where hostile callers call.
pub fn endpoints() -> Vec<String> {
    let vendors = (0..Hostile::ALL.len()).map(|n| format!("acme/v-{n}/stock-level"));
    vendors.chain((0..TEMPLATES.len()).map(|n| format!("acme/t-{n}/account"))).collect()
}

/// A folder whose configuration has the honest alone.
pub fn bench(offline: &Offline, strangers: &Strangers, address: SocketAddr) -> Bench {
    let bench = Bench::with(&honestly(&offline.url(), address));
    bench.write("webhook.key", WEBHOOK_KEY);
    for (n, template) in TEMPLATES.iter().enumerate() {
        vendors::write_pack(&bench, &format!("pack-{n}"), template, "{{ response.body }}");
    }
    let much = |first, letter| Much { bytes: 15 * MIB, first, letter, times: u32::MAX };
    for (name, of) in [("raw", Of::Raw), ("all", Of::Operations), ("own", Of::Own)] {
        bench.write(&format!("{name}.wasm"), onslaught(of, much(of == Of::Raw, b'a')).component);
    }
    bench.write("bomb.wasm", component(Parts { functions: vec![jumps(1000, 1000)], ..Parts::default() }));
    bench.write("everybody.toml", everybody(&bench, strangers));
    bench.write("all.toml", bench.read("tradewire.toml") + &bench.read("everybody.toml"));
    bench.tradewire("check --config all.toml").succeeded();
    bench
}

fn honestly(servicetitan: &str, address: SocketAddr) -> String {
    let rest = r#"
[tenant.stranger]
id = 1
client_id = "cid.1"
client_secret = { env = "CLIENT_SECRET" }
timezone = "America/Phoenix"

[plugin.honest]
source = "HONEST"
grant = [
  "inventory/purchase-orders.get-list",
  "inventory/receipts.get-list",
  "inventory/vendors.get-list",
  "accounting/inventory-bills.get-list-paginated",
]

[export.honest]
run = "honest"
tenants = ["acme"]
cron = "*/2 * * * * *"
deliver = "outbox"

[webhook.jobs]
tenants = ["acme"]
secret = { file = "webhook.key" }

[caller.office]
key = { env = "CALLER_KEY" }

[serve]
listen = "ADDRESS"
"#;
    let rest = rest.replace("HONEST", &guest("three-way-match.wasm").display().to_string());
    config(servicetitan, &rest.replace("ADDRESS", &address.to_string()))
}

/// The sections of all that is hostile.
fn everybody(bench: &Bench, strangers: &Strangers) -> String {
    let mut sections = String::new();
    let source = guest("hostile.wasm").display().to_string();
    sections += &plugin("hostile", &source, "\"payroll/activity-codes.get-list\"");
    for behaviour in behaviours() {
        sections += &export(&behaviour, "hostile", &format!("settings = {{ behaviour = {behaviour:?} }}\n"));
    }
    let surfaces = Catalog::get().surfaces.keys().filter(|surface| *surface != "webhooks");
    let grants: Vec<String> = surfaces.map(|name| format!("\"{name}:*\"")).collect();
    for name in ["raw", "all", "own"] {
        let grants = if name == "raw" { String::new() } else { grants.join(", ") };
        sections += &plugin(name, &format!("{name}.wasm"), &grants);
        if name == "own" {
            sections += "middleware = [\"v-0\"]\n\n";
        }
        sections += &export(name, name, "");
    }
    for (n, server) in strangers.servers.iter().enumerate() {
        let vendor = vendors::section(&format!("v-{n}"), &server.url, "timeout = \"2 s\"\ndeadline = \"3 s\"");
        let delivery = format!("[delivery.d-{n}]\nto = \"{}\"\ntimeout = \"2 s\"\n", server.url);
        let export =
            export(&format!("to-{n}"), "hostile", "settings = { behaviour = \"writes-big\", bytes = 1000000 }\n");
        sections +=
            &format!("{vendor}{delivery}{}", export.replace("deliver = \"outbox\"", &format!("deliver = \"d-{n}\"")));
    }
    for n in 0..TEMPLATES.len() {
        let pack = bench.path(&format!("pack-{n}"));
        sections += &vendors::behind(pack, &format!("t-{n}"), vendors::NOWHERE, "deadline = \"3 s\"");
    }
    sections
}

fn plugin(name: &str, source: &str, grants: &str) -> String {
    format!(
        "[plugin.{name}]\nsource = {source:?}\ngrant = [{grants}]\nlimits = {{ time = \"2 s\", memory = \"64 MiB\" }}\n\n"
    )
}

fn export(name: &str, plugin: &str, rest: &str) -> String {
    format!(
        "[export.x-{name}]\nrun = {plugin:?}\ntenants = [\"stranger\"]\ncron = \"*/3 * * * * *\"\ndeliver = \"outbox\"\n{rest}\n"
    )
}

/// All that the hostile guest can do, as it says itself.
fn behaviours() -> Vec<String> {
    let bench = Bench::with(&plain_hostile("", "behaviour = \"?\""));
    let told = bench.tradewire("run odd --quiet").err;
    let (_, names) = told.split_once("no behaviour `?`: one of ").unwrap();
    let names: Vec<_> = names.lines().next().unwrap().split(", ").map(str::to_owned).collect();
    assert!(names.len() > 20, "{names:?}");
    names
}

/// Has the server take in everybody, and then what does not end compiling, which changes nothing.
pub fn let_loose(bench: &Bench) {
    let honest = bench.read("tradewire.toml");
    bench.write("honest.toml", &honest);
    let everybody = honest + &bench.read("everybody.toml");
    bench.write("tradewire.toml", &everybody);
    until("the hostile run", || hostile(bench) > 3);
    bench.write("tradewire.toml", everybody + &plugin("bomb", "bomb.wasm", ""));
}

/// Takes the hostile out again, and waits until none of them runs.
pub fn cancel(bench: &Bench) {
    bench.write("tradewire.toml", bench.read("honest.toml"));
    until("no hostile run goes on", || {
        runs(bench, RunFilter { open: true, ..all() }).iter().all(|run| is_honest(run) || run.ending.is_some())
    });
}

/// The runs of the honest that have ended.
pub fn honest(bench: &Bench) -> Vec<RunRecord> {
    let runs = runs(bench, RunFilter { export: Some("honest".to_owned()), ..all() });
    runs.into_iter().filter(|run| run.ending.is_some()).collect()
}

/// How many runs of the hostile have ended.
pub fn hostile(bench: &Bench) -> usize {
    runs(bench, all()).iter().filter(|run| !is_honest(run) && run.ending.is_some()).count()
}

fn is_honest(run: &RunRecord) -> bool {
    run.opening.export == "honest"
}

fn all() -> RunFilter {
    RunFilter { limit: Some(100_000), ..RunFilter::default() }
}

fn runs(bench: &Bench, filter: RunFilter) -> Vec<RunRecord> {
    bench.recorded(async |store| store.runs(&filter).await.unwrap())
}
