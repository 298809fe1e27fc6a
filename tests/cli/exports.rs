//! `tradewire export`: what a run would deliver, what deliveries differ in, and new exports in the configuration.

use serde_json::Value;

use crate::bench::{Bench, Offline, WEEK, config, guest, hostile, servicetitan};
use crate::journal::writes;
use crate::payroll::payroll;
use crate::payroll_files::{Client, EARLIER, change_a_bonus, exporting};

/// Nothing is recorded, delivered or left.
fn nothing_happened(bench: &Bench) {
    assert!(bench.runs().is_empty(), "{:?}", bench.runs());
    bench.has_delivered_nothing();
}

fn preview(bench: &Bench, words: &str) -> Value {
    let json = bench.tradewire(&format!("export preview {words} --json")).succeeded().json();
    json["previews"][0].clone()
}

#[test]
fn a_preview_shows_the_file_and_leaves_nothing() {
    let bench = Bench::with(&payroll(servicetitan()));
    let told = bench.tradewire(&format!("export preview weekly-payroll {WEEK} --rows 3")).succeeded();
    for part in [
        "weekly-payroll for acme: would succeed: PRAB_EPI.csv: ",
        "window 2025-12-30T00:00:00-07:00/2026-01-06T00:00:00-07:00",
        "PRAB_EPI.csv (",
        "new, would go to outbox/PRAB_EPI.csv",
        "Co Code  Batch ID",
        "AB       20260106",
        " more rows",
    ] {
        assert!(told.out.contains(part), "`{part}`: {told}");
    }
    nothing_happened(&bench);
    // What it shows is what a run delivers.
    let shown = preview(&bench, &format!("weekly-payroll {WEEK}"));
    let run = &bench.tradewire(&format!("run weekly-payroll {WEEK} --json")).succeeded().json()["runs"][0];
    let (file, delivered) = (&shown["files"][0], &run["files"][0]);
    for key in ["name", "sha256", "bytes", "totals"] {
        assert_eq!(file[key], delivered[key], "{key}");
    }
    assert_eq!(file["rowCount"], bench.read("outbox/PRAB_EPI.csv").lines().count() - 1);
    assert_eq!((&file["change"], &file["deliverAs"]), (&"new".into(), &delivered["deliveredAs"]));
    assert_eq!(preview(&bench, &format!("weekly-payroll {WEEK}"))["files"][0]["change"], "unchanged");
    assert_eq!(bench.runs().len(), 1);
}

#[test]
fn a_preview_that_would_fail_tells_every_reason() {
    let bench = Bench::with(&payroll(servicetitan()));
    bench.tradewire("export preview weekly-payroll --from 2026-01-06 --to 2026-01-13").refused(&[
        "weekly-payroll for acme: would fail: ",
        "\n  - ",
        "Pending",
    ]);
    bench.tradewire("export preview weekly-payrol").refused(&["did you mean `weekly-payroll`?"]);
    nothing_happened(&bench);
}

#[test]
fn a_preview_writes_nothing_at_servicetitan_and_tells_what_a_run_would() {
    let offline = Offline::with("[]");
    let bench = Bench::with(&writes(&offline.url(), "read, try A, count seen, create B, create C"));
    let told = bench.tradewire(&format!("export preview teams {WEEK} --json"));
    assert_eq!(told.code, Some(1), "{told}");
    let preview = &told.json()["previews"][0];
    assert!(preview["message"].as_str().unwrap().contains("not sent: this is a preview"), "{told}");
    let would: Vec<&str> =
        preview["notSent"].as_array().unwrap().iter().map(|call| call["arguments"]["body"].as_str().unwrap()).collect();
    assert!(would.len() == 2 && would[0].contains("\"A\"") && would[1].contains("\"B\""), "{would:?}");
    assert!(offline.teams().is_empty());
    assert!(offline.asked("dispatch/team.get-list") > 0, "it reads");
    nothing_happened(&bench);
    assert!(!bench.tradewire("state list teams acme").succeeded().out.contains("seen"));
    // What a run of the window has made is answered by its journal.
    bench.tradewire(&format!("run teams {WEEK}")).succeeded();
    offline.forget_calls();
    let again = bench.tradewire(&format!("export preview teams {WEEK}")).succeeded();
    assert!(again.out.contains("would succeed") && again.out.contains("has the same bytes"), "{again}");
    assert!(again.out.contains("would keep 1 changed"), "{again}");
    assert_eq!((offline.teams().len(), offline.asked("dispatch/team.create")), (3, 0));
    assert_eq!(bench.runs().len(), 1);
}

#[test]
fn a_preview_tells_that_files_of_the_window_are_not_delivered_yet() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let to = format!(
        "to = \"http://{nobody}/files\"\nheaders = {{ Authorization = {{ env = \"CALLER_KEY\" }} }}\ntimeout = \"2 s\"\n\
         retries = {{ times = 100, backoff = \"1 s\", longest = \"2 s\" }}"
    );
    let config = hostile("output = \"64 MiB\"", "behaviour = \"writes-big\", bytes = 1000");
    assert!(config.contains("to = \"outbox\""));
    let bench = Bench::with(&config.replace("to = \"outbox\"", &to));
    assert_eq!(preview(&bench, &format!("odd {WEEK}"))["inTheWay"], Value::Null);
    let told = bench.tradewire(&format!("run odd {WEEK}"));
    assert_eq!(told.code, Some(4), "{told}");
    let shown = preview(&bench, &format!("odd {WEEK}"));
    assert!(shown["inTheWay"].as_str().unwrap().contains("are not all delivered yet"), "{shown}");
    assert_eq!(bench.runs().len(), 1);
}

#[test]
fn a_vendor_is_not_told_to_act() {
    let offline = Offline::with("[]");
    let rest = r#"
[middleware.harborline]
pack = PACK
tenants = ["acme"]
base_url = "ADDRESS"
secrets = { ApiKey = { env = "VENDOR_KEY" } }

[export.order]
run = "harborline/purchaseorder"
body = "order.json"
tenants = ["acme"]
cron = "0 6 * * MON"
deliver = "outbox"
"#;
    let pack = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates/harborline");
    let rest = rest.replace("PACK", &format!("{:?}", pack.canonicalize().unwrap()));
    let bench = Bench::with(&config(&offline.url(), &rest.replace("ADDRESS", &offline.sandbox().vendor_url())));
    let sample = std::fs::read_to_string(pack.join("Templates/purchaseorder/Sandbox_Request.json")).unwrap();
    bench.write("order.json", sample);
    let told = bench.tradewire("export preview order --from 2026-01-05 --to 2026-01-06 --json");
    assert_eq!(told.code, Some(1), "{told}");
    let preview = &told.json()["previews"][0];
    assert_eq!(preview["notSent"][0]["operation"], "harborline/purchaseorder", "{told}");
    assert!(offline.sandbox().writes().is_empty(), "{:?}", offline.sandbox().writes());
    nothing_happened(&bench);
}

#[test]
fn the_files_of_a_preview_are_kept_where_one_wants_them_and_nothing_is_written_over() {
    let bench = Bench::with(&payroll(servicetitan()));
    bench.tradewire(&format!("export preview weekly-payroll {WEEK} --output kept")).succeeded();
    let kept = bench.read("kept/PRAB_EPI.csv");
    bench
        .tradewire(&format!("export preview weekly-payroll {WEEK} --output kept"))
        .refused(&["choose an empty folder"]);
    nothing_happened(&bench);
    bench.tradewire(&format!("run weekly-payroll {WEEK}")).succeeded();
    assert_eq!(bench.read("outbox/PRAB_EPI.csv"), kept);
}

#[test]
fn two_versions_differ_by_row_and_cell_and_in_their_totals() {
    let offline = Offline::with("[]");
    let client = Client::new(&offline.url());
    let bench = exporting(&offline.url(), "provider = 'adp-workforce-now'\ncompany-code = 'AB'");
    bench.tradewire(&format!("run weekly-payroll {EARLIER}")).succeeded();
    bench.tradewire(&format!("export diff weekly-payroll {EARLIER}")).refused(&[
        "there are no two versions to compare",
        "has delivered PRAB_EPI.csv version 1 for this window",
        "`--preview`",
    ]);
    let id = change_a_bonus(&client, -125);

    // What was delivered against what a run would deliver now.
    let now = bench.tradewire("export diff weekly-payroll --preview").succeeded();
    assert!(now.out.contains("PRAB_EPI.csv: version 1 → now"), "{now}");
    assert_eq!(bench.runs().len(), 1);
    let shown = preview(&bench, &format!("weekly-payroll {EARLIER}"));
    assert_eq!((&shown["files"][0]["change"], &shown["files"][0]["version"]), (&"version".into(), &2.into()));

    bench.tradewire(&format!("run weekly-payroll {EARLIER}")).succeeded();
    let told = bench.tradewire("export diff weekly-payroll --versions 1 2").succeeded();
    assert!(told.out.contains("PRAB_EPI.csv: version 1 → version 2"), "{told}");
    assert!(told.out.contains("rows: 1 changed, 0 removed, 0 added, "), "{told}");
    assert!(told.out.contains("-1.25"), "the totals: {told}");

    let json = bench.tradewire("export diff weekly-payroll --json").succeeded().json();
    let file = &json["differences"][0]["files"][0];
    let (changed, totals) = (&file["rows"]["changed"], file["totals"].as_array().unwrap());
    assert_eq!(changed.as_array().unwrap().len(), 1);
    assert!(changed[0]["key"].as_array().unwrap().contains(&id.clone().into()), "{changed}");
    assert!(changed[0]["cells"][0]["column"].as_str().unwrap().contains("Amount"), "{changed}");
    assert!(totals.iter().any(|total| total["difference"] == "-1.25"), "{file}");

    // Whoever received a file may have taken it away.
    std::fs::remove_file(bench.path("outbox/PRAB_EPI.csv")).unwrap();
    assert_eq!(bench.tradewire("export diff weekly-payroll --versions 1 2").succeeded().out, told.out);
}

const NEW: &str = "export new --plugin payroll-export --provider adp-workforce-now --set company-code=AB --tenant acme \
                   --tenant-id 1234567890 --client-id cid.sandbox --client-secret env:CLIENT_SECRET \
                   --timezone America/Phoenix --app-key env:APP_KEY --deliver outbox";

fn new(more: &str) -> String {
    format!("{NEW} --source {} --environment {} {more}", guest("payroll-export.wasm").display(), servicetitan())
}

/// `tradewire` with these words and a cron expression, which has spaces.
fn with_cron(bench: &Bench, words: &str, cron: &str) -> crate::bench::Told {
    bench.command(words).args(["--cron", cron]).output().unwrap().into()
}

#[test]
fn a_new_configuration_is_made_and_runs() {
    let bench = Bench::empty();
    let told = with_cron(&bench, &new(""), "0 6 * * MON").succeeded();
    assert!(
        told.out.contains("made tradewire.toml; next: `tradewire export preview adp-workforce-now-payroll`"),
        "{told}"
    );
    let written = bench.read("tradewire.toml");
    assert!(written.contains("client_secret = { env = \"CLIENT_SECRET\" }"), "{written}");
    assert!(written.contains("\"payroll/gross-pay-items.get-list\""), "what it asks for is granted: {written}");
    bench.tradewire("check").succeeded();
    bench.tradewire(&format!("run adp-workforce-now-payroll {WEEK}")).succeeded();
    assert_eq!(bench.delivered(), ["PRAB_EPI.csv", "PRAB_EPI.csv.total.json"]);
}

#[test]
fn a_configuration_keeps_its_comments_and_its_layout() {
    let before = payroll(servicetitan()).replace("cron = ", "# when the office opens\ncron    =    ");
    let bench = Bench::with(&before);
    let words = "export new monthly --plugin payroll-export --provider gusto --set names=no --set codes=BON=bonus \
                 --tenant acme --deliver other/files --cron never --window month --quiet";
    std::fs::create_dir(bench.path("other")).unwrap();
    bench.tradewire(words).succeeded();
    let after = bench.read("tradewire.toml");
    let added = |line: &&str| !before.lines().any(|known| known == *line);
    let added: Vec<&str> = after.lines().filter(added).collect();
    assert_eq!(added[..1], ["[delivery.files]"], "{after}");
    assert!(added.contains(&"[export.monthly]") && added.contains(&"window = \"month\""), "{after}");
    let mut rest = after.lines();
    assert!(before.lines().all(|line| rest.any(|other| other == line)), "every line is there, in order: {after}");
    bench.tradewire("check").succeeded();
}

#[test]
fn what_would_have_faults_is_told_and_not_written() {
    let before = payroll(servicetitan());
    let bench = Bench::with(&before);
    let refused = |words: &str, texts: &[&str]| {
        bench.tradewire(words).refused(texts);
        assert_eq!(bench.read("tradewire.toml"), before);
    };
    let gusto = "export new --plugin payroll-export --tenant acme --cron never --deliver outbox --provider";
    refused(&format!("{gusto} gustoo"), &["`--provider` is `gustoo`: write one of adp-workforce-now, adp-run"]);
    refused(
        "export new --provider adp-workforce-now --set company-code=TOO-LONG --tenant acme --cron never --deliver outbox",
        &["company-code"],
    );
    refused(&format!("{gusto} gusto --set nams=no"), &["`--set nams=…`: Gusto has no such setting; it has ", "codes"]);
    refused(&format!("{gusto} gusto {}", "x".repeat(65)), &["`<NAME>` is `xxx", "write 1 to 64 letters"]);
    refused(&format!("{gusto} gusto weekly-payroll"), &["there is an export of that name"]);
    refused(&format!("{gusto} gusto --tenant zenith"), &["`--tenant-id` is missing"]);
    refused(
        "export new other --provider gusto --tenant acme --cron never --window week --deliver no/such/folder",
        &["nothing was written", "neither the folder `no/such/folder` nor the one above it is there"],
    );
    let empty = Bench::empty();
    empty.tradewire(&new("--cron never --window week").replace("env:APP_KEY", "env:NOT_SET")).refused(&["NOT_SET"]);
    assert!(!empty.path("tradewire.toml").exists());
}

#[test]
fn without_a_terminal_a_missing_answer_is_an_error_that_names_the_option() {
    let bench = Bench::with(&payroll(servicetitan()));
    bench.tradewire("export new").refused(&["`--plugin` is missing", "payroll-export", "open-orders"]);
    bench.tradewire("export new --plugin payroll-export").refused(&["`--provider` is missing", "gusto"]);
    bench.tradewire("export new --provider adp-run").refused(&["`--set "]);
    bench.tradewire("export new --provider gusto").refused(&["`--tenant` is missing", "acme"]);
    bench.tradewire("export new --provider gusto --tenant acme").refused(&["`--cron` is missing"]);
    // A secret in place of a reference is not repeated.
    let told = Bench::empty().tradewire(&new("--cron never").replace("env:APP_KEY", "ak1.secret"));
    assert!(told.code == Some(1) && told.err.contains("`env:NAME`") && !told.err.contains("ak1"), "{told}");
}
