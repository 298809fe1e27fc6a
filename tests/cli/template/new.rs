//! A new pack is good at once.

use super::pack;
use crate::bench::{Bench, Told, config};

#[test]
fn a_new_pack_of_all_endpoints_is_good_and_its_tests_pass() {
    let bench = pack("all");
    let told = bench.tradewire("template check --strict").succeeded();
    assert_eq!(told.out, "templates/acme is good: 22 endpoints\n");
    assert_eq!(told.err, "");
    let told = bench.tradewire("template test").succeeded();
    assert_eq!(told.out, "22 tests: 22 passed, 0 failed\n");
    let json = bench.tradewire("template check --json").succeeded().json();
    for endpoint in json["packs"][0]["endpoints"].as_array().unwrap() {
        let endpoint = endpoint.as_str().unwrap();
        let told = bench.tradewire(&format!("template preview templates/acme {endpoint}")).succeeded();
        assert!(told.out.starts_with("# request to the vendor\nPOST https://vendor.example.com/"), "{told}");
        assert!(told.out.contains("X-API-KEY: <secret ApiKey>"), "{told}");
        assert!(told.out.contains("# response to ServiceTitan\n200\n"), "{told}");
        assert!(!told.out.contains("# not as the contract says"), "{told}");
    }
}

#[test]
fn every_way_to_authenticate_is_good() {
    for (auth, shown) in [
        ("api-key", "X-API-KEY: <secret ApiKey>"),
        ("basic", "Authorization: Basic <secret Username>:<secret Password>"),
        ("oauth2", "Authorization: Bearer <token"),
        ("pass-through", "Authorization: <the caller's own>"),
        ("none", "content-type: application/json"),
    ] {
        let bench = Bench::empty();
        let base = "--base-url https://acme.example/v2/";
        bench.tradewire(&format!("template new acme --endpoints pricing,alerts --auth {auth} {base}")).succeeded();
        bench.tradewire("template check acme --strict").succeeded();
        bench.tradewire("template test acme").succeeded();
        let told = bench.tradewire("template preview acme pricing").succeeded();
        assert!(told.out.contains(shown) && told.out.contains("POST https://acme.example/v2/pricing\n"), "{told}");
    }
}

#[test]
fn it_says_what_to_do_next() {
    let bench = Bench::empty();
    let told = bench.tradewire("template new templates/acme --endpoints pricing").succeeded();
    assert!(!told.out.contains("vendor.json"), "keys are the operator's: {told}");
    for line in [
        "templates/acme has 1 endpoint in 7 files",
        "  tradewire template preview templates/acme pricing --watch",
        "  tradewire template check templates/acme",
    ] {
        assert!(told.out.contains(line), "{told}");
    }
}

#[test]
fn the_section_that_it_tells_is_all_that_the_configuration_needs() {
    for (auth, secrets) in [
        ("api-key", "secrets = { ApiKey = { env = \"ACME_CO_API_KEY\" } }\n"),
        ("oauth2", "ClientSecret = { env = \"ACME_CO_CLIENT_SECRET\" }"),
        ("none", "base_url = \"https://acme.example/v2\"\n"),
    ] {
        let bench = Bench::empty();
        let words =
            format!("template new packs/acme.co --endpoints pricing --base-url https://acme.example/v2 --auth {auth}");
        let told = bench.tradewire(&words).succeeded();
        let section =
            told.out.split("\n\n").find(|part| part.starts_with("[middleware.acme-co]\n")).unwrap().to_owned();
        assert!(section.contains("pack = \"packs/acme.co\"\n") && format!("{section}\n").contains(secrets), "{told}");
        let section = section.replace("<tenant>", "acme") + "\n";
        bench.write("tradewire.toml", config("http://127.0.0.1:9", &section));
        let mut check = bench.command("check");
        for variable in ["API_KEY", "CLIENT_ID", "CLIENT_SECRET"] {
            check.env(format!("ACME_CO_{variable}"), "k3y-of-the-vendor-1234");
        }
        let told = Told::from(check.output().unwrap()).succeeded();
        assert!(told.out.contains("middleware acme-co: 1 endpoints at https://acme.example/v2"), "{told}");
    }
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let bench = pack("pricing");
    let before = bench.read("templates/acme/Configuration/vendor.json");
    bench.tradewire("template new templates/acme --auth none").refused(&["error: `templates/acme` is not empty"]);
    assert_eq!(bench.read("templates/acme/Configuration/vendor.json"), before);
    bench.write("file", "");
    bench.tradewire("template new file").refused(&["error: `file` cannot be the folder of a pack: Not a directory"]);
}

#[test]
fn what_cannot_be_begun_is_told_with_what_to_write() {
    let bench = Bench::empty();
    bench
        .tradewire("template new acme --endpoints purchase-order")
        .refused(&["error: ServiceTitan publishes no contract for `purchase-order`; did you mean `purchaseorder`?"]);
    bench.tradewire("template new acme --base-url ftp://acme.example").refused(&["no plain http or https address"]);
    bench.tradewire("template new acme --base-url https://a:b@acme.example").refused(&["they are secrets"]);
    assert!(!bench.path("acme").exists(), "nothing is begun");
}
