//! Vendors and templates that do their worst, all of them behind one process: each call ends in an error that says
//! what happened, the next good call is answered, and at the end the process has grown by nothing to speak of.

use super::serving::{Serving, nowhere};
use super::stand_ins::{Wire, endless, saying, self_signed, silent};
use super::{NOWHERE, STOCK, behind, sample, section, serves, write_pack};
use crate::bench::{Bench, Offline};

/// How often the series is met, and after which time memory is looked at first.
const ROUNDS: usize = 8;
const WARM_UP: usize = 2;
/// What allocators may keep for later.
const SLACK: u64 = 64 << 20;

/// What a call to a vendor comes to: its path, status, kind and what its message says.
struct Fault(&'static str, u16, &'static str, &'static str);

const FAULTS: [Fault; 12] = [
    Fault("down/stock-level", 502, "Vendor", "; nothing was sent; check `baseUrl`"),
    Fault(
        "slow/stock-level",
        504,
        "Vendor",
        "did not answer within 0.3 s; whether it did what it was asked is not known",
    ),
    Fault("failing/stock-level", 500, "Vendor", "Harborline answered 500: out of order"),
    Fault("gateway/stock-level", 502, "Vendor", "Harborline answered 502: <html>Bad gateway</html>"),
    Fault("page/stock-level", 502, "Vendor", "answered 200 with a page instead of JSON"),
    Fault("huge/stock-level", 502, "Vendor", "the vendor's answer is longer than 16777216 bytes"),
    Fault("endless/stock-level", 502, "Vendor", "the vendor's answer is longer than 16777216 bytes"),
    Fault("circle/stock-level", 502, "Vendor", "redirects in a circle"),
    Fault("stranger/stock-level", 502, "Vendor", "or `ca` knows: invalid peer certificate: UnknownIssuer; "),
    Fault(
        "turns/account",
        500,
        "Template",
        "Templates/account/Request.liquid:2:12: the number of loop turns went over",
    ),
    Fault("torrent/account", 500, "Template", "Templates/account/Response.liquid:1:"),
    Fault("nonsense/account", 500, "Template", "Templates/account/Request.liquid:1:"),
];

/// The vendors of the series and their sections of the configuration.
fn vendors() -> (Vec<Wire>, String) {
    let chunk = [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat();
    let wires = [
        ("slow", silent(), "timeout = \"300 ms\""),
        ("failing", saying("500 Internal Server Error\r\ncontent-type: text/plain", "out of order"), ""),
        ("gateway", saying("502 Bad Gateway\r\ncontent-type: text/html", "<html>Bad gateway</html>"), ""),
        ("page", saying("200 OK\r\ncontent-type: text/html", "<html>Welcome</html>"), ""),
        ("huge", endless("content-length: 10000000000", vec![b' '; 0x10000]), ""),
        ("endless", endless("transfer-encoding: chunked", chunk), ""),
        ("circle", saying("307 Temporary Redirect\r\nlocation: /api/stock", ""), ""),
    ];
    let mut sections: String = wires.iter().map(|(name, wire, rest)| section(name, &wire.url, rest)).collect();
    sections += &section("down", &format!("http://{}", nowhere()), "");
    sections += &section("stranger", &self_signed(), "");
    (wires.into_iter().map(|(_, wire, _)| wire).collect(), sections)
}

/// Packs whose templates do their worst, and their sections of the configuration.
fn packs(bench: &Bench, vendor: &str) -> String {
    let good = r#"{ "method": "GET", "url": "customers/H-7001" }"#;
    let answer = r#"{ "body": { "success": true } }"#;
    let loops = "{ \"url\": \"\",\n  \"body\": [{% for turn in (1..1000000000) %}{{ turn }},{% endfor %}] }";
    let torrent = format!("{{ \"body\": \"{{% for i in (1..1000000) %}}{}{{% endfor %}}\" }}", "x".repeat(100));
    write_pack(bench, "turns", loops, answer);
    write_pack(bench, "torrent", good, &torrent);
    write_pack(bench, "nonsense", "{ \"method\": \"GET\", \"url\": ", answer);
    ["turns", "torrent", "nonsense"].map(|name| behind(name, name, vendor, "")).concat()
}

/// Meets every fault once, and makes a good call after each.
fn meet_all(serving: &mut Serving, stock: &str) {
    for Fault(path, status, kind, said) in FAULTS {
        serving.call(&format!("acme/{path}"), stock).failed(status, kind, &[said]);
        serving.is_alive();
        serving.call(STOCK, stock).succeeded();
    }
}

#[test]
fn each_fault_is_told_the_next_call_is_answered_and_memory_stays_flat() {
    let vendor = Offline::with("[]");
    let url = vendor.sandbox().vendor_url();
    let bench = Bench::empty();
    let (_wires, vendors) = vendors();
    let sections = section("harborline", &url, "") + &vendors + &packs(&bench, &url);
    bench.write("tradewire.toml", serves(NOWHERE, &sections));
    let mut serving = Serving::start(&bench);
    let stock = sample("stock-level");
    let rounds = (0..ROUNDS).map(|_| {
        meet_all(&mut serving, &stock);
        serving.resident()
    });
    let resident: Vec<u64> = rounds.collect();
    println!("resident after each round: {resident:?}");
    assert!(resident[ROUNDS - 1] < resident[WARM_UP - 1] + SLACK, "{resident:?}");
    let told = serving.stop();
    let calls = ROUNDS * FAULTS.len();
    let count = |text: &str| told.out.lines().filter(|line| line.contains(text)).count();
    assert_eq!((count(" for acme by office: 200 in "), count(" for acme by office: ")), (calls, 2 * calls), "{told}");
}
