//! Keys go where the operator says, whatever a pack says.

use std::fs;
use std::path::Path;

use super::recorder::Recorder;
use crate::bench::{Bench, Offline};
use crate::vendors::http::Answer;
use crate::vendors::serving::Serving;
use crate::vendors::{harborline, serves};

const NOWHERE: &str = "http://127.0.0.1:9";
const TOKEN: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{\"access_token\":\"t\"}";
const ORDER: &str = "acme/harborline/account";

/// A copy of the sample pack with this `vendor.json`.
fn pack(bench: &Bench, vendor: &str) {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let to = to.join(entry.file_name());
            match entry.file_type().unwrap().is_dir() {
                true => copy(&entry.path(), &to),
                false => drop(fs::copy(entry.path(), to).unwrap()),
            }
        }
    }
    copy(&harborline(), &bench.path("pack"));
    fs::write(bench.path("pack/Configuration/vendor.json"), vendor).unwrap();
}

/// A configuration with that pack and what else its section says.
fn section(rest: &str) -> String {
    let section = "\n[middleware.harborline]\npack = \"pack\"\ntenants = [\"acme\"]\n";
    let secrets = "secrets = { ApiKey = { env = \"VENDOR_KEY\" } }\n";
    serves(NOWHERE, &format!("{section}{secrets}{rest}\n"))
}

fn oauth(base_url: &str, token_url: &str) -> String {
    format!(r#"{{ "baseUrl": "{base_url}", "authentication": {{ "kind": "OAuth2", "tokenUrl": "{token_url}" }} }}"#)
}

fn with_client(config: &str) -> String {
    let secrets = "secrets = { ClientId = { env = \"VENDOR_KEY\" }, ClientSecret = { env = \"CLIENT_SECRET\" } }";
    config.replace("secrets = { ApiKey = { env = \"VENDOR_KEY\" } }", secrets)
}

#[test]
fn the_sample_pack_with_another_address_waits_for_the_line_that_consents() {
    let api_key = fs::read_to_string(harborline().join("Configuration/vendor.json")).unwrap();
    let elsewhere = api_key.replace("http://127.0.0.1:8123/_vendor/v1", "https://api.harborline.example/v1");
    assert_ne!(api_key, elsewhere);
    let bench = Bench::with(&section(""));
    pack(&bench, &elsewhere);
    for words in ["check", "serve --quiet"] {
        bench.tradewire(words).refused(&[
            "error: middleware `harborline` (tradewire.toml:",
            "`baseUrl` is `https://api.harborline.example/v1`, which would get the secret `ApiKey`, and",
            "write `base_url = \"https://api.harborline.example/v1\"` into `[middleware.harborline]`",
        ]);
    }
    // The line, as it was told, is enough; so is the host alone, with the pack's own path.
    for line in ["base_url = \"https://api.harborline.example/v1\"", "hosts = [\"api.harborline.example\"]"] {
        bench.write("tradewire.toml", section(line));
        let told = bench.tradewire("check").succeeded();
        assert!(told.out.contains("22 endpoints at https://api.harborline.example/v1"), "{told}");
    }
    // Which says nothing of another host, port or scheme.
    for line in ["hosts = [\"harborline.example\"]", "hosts = [\"api.harborline.example:8443\"]"] {
        bench.write("tradewire.toml", section(line));
        bench.tradewire("check").refused(&["`baseUrl` is `https://api.harborline.example/v1`"]);
    }
    for line in ["hosts = [\"http://api.harborline.example\"]", "base_url = \"http://api.harborline.example/v1\""] {
        bench.write("tradewire.toml", section(line));
        bench.tradewire("check").refused(&["would travel in the clear", "or `allow_http = true` beside it"]);
    }
    let said = "base_url = \"http://api.harborline.example/v1\"\nallow_http = true";
    bench.write("tradewire.toml", section(said));
    bench.tradewire("check").succeeded();
}

#[test]
fn a_token_url_elsewhere_gets_no_secret() {
    let (vendor, other) = (Recorder::answering(NO_ANSWER), Recorder::answering(TOKEN));
    let (base, tokens) = (format!("http://{}", vendor.address), format!("http://{}/token", other.address));
    let bench = Bench::with(&with_client(&section(&format!("base_url = \"{base}\""))));
    pack(&bench, &oauth("https://pack.example", &tokens));
    let line = format!("write `hosts = [\"http://{}\"]`", other.address);
    for words in ["check", "serve --quiet"] {
        bench.tradewire(words).refused(&[
            "`tokenUrl` is at",
            "which would get the secrets `ClientId` and `ClientSecret`",
            &line,
        ]);
    }
    assert_eq!(other.everything(), "", "nobody was asked for a token");
    // In the clear to another machine wants to be said besides.
    pack(&bench, &oauth("https://pack.example", "http://auth.pack.example/token"));
    bench
        .tradewire("check")
        .refused(&["in the clear", "`hosts = [\"http://auth.pack.example\"]` and `allow_http = true`"]);
    // Named, it is asked.
    let line = format!("base_url = \"{base}\"\nhosts = [\"http://{}\"]", other.address);
    bench.write("tradewire.toml", with_client(&section(&line)));
    pack(&bench, &oauth("https://pack.example", &tokens));
    let told = bench.tradewire("check").succeeded();
    assert!(told.out.contains(&format!("endpoints at {base}/, tokens from {tokens}")), "{told}");
    let serving = Serving::start(&bench);
    let answer: Answer = serving.call(ORDER, "{}");
    assert_ne!(answer.status, 401, "{answer:?}");
    assert!(other.everything().contains("grant_type=client_credentials"), "{}", other.everything());
    assert!(vendor.everything().to_ascii_lowercase().contains("authorization: bearer t"), "{}", vendor.everything());
}

const NO_ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";

#[test]
fn a_pack_that_is_changed_while_it_is_served_waits_for_consent() {
    let (vendor, other) = (Offline::with("[]"), Recorder::answering(TOKEN));
    let url = vendor.sandbox().vendor_url();
    let api_key = fs::read_to_string(harborline().join("Configuration/vendor.json")).unwrap();
    let own = url.parse::<url::Url>().unwrap();
    let line = format!("hosts = [\"http://{}:{}\"]", own.host_str().unwrap(), own.port().unwrap());
    let bench = Bench::with(&section(&line));
    pack(&bench, &api_key.replace("http://127.0.0.1:8123/_vendor/v1", &url));
    let serving = Serving::start(&bench);
    let sample = fs::read_to_string(harborline().join("Templates/account/Sandbox_Request.json")).unwrap();
    serving.call(ORDER, &sample).succeeded();
    let moved = format!("http://{}/v1", other.address);
    pack(&bench, &api_key.replace("http://127.0.0.1:8123/_vendor/v1", &moved));
    serving.tell_to_reload();
    crate::bench::until("it says that the pack waits", || serving.err().contains("base_url = \"http://"));
    assert!(serving.err().contains(&format!("write `base_url = \"{moved}\"`")), "{}", serving.err());
    serving.call(ORDER, &sample).succeeded();
    assert_eq!(other.everything(), "");
}
