//! The configuration as a whole: what a good one means, and what is said of a bad one.
//!
//! Each `tests/config/faults/*.toml` has faults, and the `.txt` beside it is exactly what an operator is shown. Run
//! with `UPDATE_GOLDEN=1` to write the latter anew, and read the difference.

use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use tradewire_config::{
    ClientId, Config, ContractCheck, Delivery, DestinationSettings, Environment, MiddlewareGrant, PublicKey, Secret,
    Serve, SignatureEncoding, TextOrSecret,
};
use tradewire_schedule::{Missed, Overlap, Retries, WindowRule};

const GOOD: &str = include_str!("good.toml");

#[test]
fn vendors_and_their_callers_mean_what_they_say() {
    let config = Config::parse("conf/tradewire.toml", GOOD).unwrap();
    let harborline = &config.middleware["harborline"];
    assert_eq!(harborline.pack, Path::new("conf/templates/harborline"));
    assert_eq!(harborline.tenants, ["acme"]);
    assert!(harborline.grants.allows_id("inventory/vendors.get-by-id"));
    assert_eq!((harborline.check, harborline.timeout), (ContractCheck::Refuse, Duration::from_secs(5)));
    assert_eq!((harborline.deadline, harborline.answer), (Duration::from_secs(120), 16 << 20));
    assert_eq!(harborline.base_url.as_ref().map(|url| url.as_str()), Some("https://test.harborline.example/v1"));
    let secrets: Vec<_> = harborline.secrets.iter().map(|(name, secret)| (name.as_str(), secret.clone())).collect();
    let branch = Secret::File("conf/branch.secret".into());
    assert_eq!(secrets, [("ApiKey", Secret::Env("HARBORLINE_KEY".to_owned())), ("Branch", branch)]);
    let grant = MiddlewareGrant { vendor: "harborline".to_owned(), endpoint: Some("purchaseorder".to_owned()) };
    assert_eq!(config.plugins["payroll-export"].middleware, [grant]);
    let anybody = &config.callers["servicetitan"];
    assert!(anybody.middleware.is_none() && anybody.tenants.is_none());
    let office = &config.callers["back-office"];
    assert_eq!(office.middleware.as_deref(), Some(&["harborline".to_owned()][..]));
    assert_eq!(office.tenants.as_deref(), Some(&["zenith".to_owned()][..]));
    let serve = Serve { listen: ([0, 0, 0, 0], 9000).into(), at_once: 8, ..Serve::default() };
    assert_eq!(config.serve, serve);
}

#[test]
fn a_schedule_means_what_it_says() {
    let config = Config::parse("conf/tradewire.toml", GOOD).unwrap();
    let hourly = &config.exports["hourly"];
    let policy = &hourly.policy;
    assert_eq!((policy.missed, policy.missed_cap, policy.overlap), (Missed::All, 48, Overlap::Replace));
    assert_eq!(policy.jitter, Some(TimeDelta::minutes(2)));
    let blackout: Vec<_> = policy.blackout.iter().map(ToString::to_string).collect();
    assert_eq!(blackout, ["22:00-04:00", "SAT", "2026-12-24/2026-12-26"]);
    let (backoff, longest) = (TimeDelta::minutes(2), TimeDelta::hours(1));
    assert_eq!(hourly.retries, Some(Retries { times: 3, backoff, longest }));
    assert_eq!(config.exports["weekly-payroll"].retries, None);
    let schedules: Vec<_> = config.schedules().map(|schedule| (schedule.export, schedule.tenant)).collect();
    let expected = [("weekly-payroll", "zenith"), ("weekly-payroll", "acme"), ("hourly", "acme")];
    assert_eq!(schedules, expected.map(|(export, tenant)| (export.to_owned(), tenant.to_owned())));
}

#[test]
fn webhooks_mean_what_they_say() {
    let config = Config::parse("conf/tradewire.toml", GOOD).unwrap();
    let jobs = &config.webhooks["jobs"];
    assert_eq!((jobs.header.as_str(), jobs.encoding), ("x-servicetitan-signature", None));
    assert_eq!((&jobs.events, jobs.replay_window), (&None, Duration::from_secs(24 * 3600)));
    assert_eq!(jobs.secret, Secret::Env("JOBS_WEBHOOK_SECRET".to_owned()));
    let invoices = &config.webhooks["invoices"];
    assert_eq!((invoices.header.as_str(), invoices.encoding), ("x-signed-by", Some(SignatureEncoding::Base64)));
    assert_eq!(invoices.tenants, ["zenith", "acme"]);
    assert_eq!(invoices.events.as_ref().map(Vec::len), Some(2));
    assert_eq!(invoices.replay_window, Duration::from_secs(600));
}

#[test]
fn deliveries_mean_what_they_say() {
    let more = r#"
[delivery.receiver]
to = "sftp://sftp.example.com:2222/inbound/"
user = "acme"
key = { file = "receiver.key" }
host_key = "SHA256:uNiVztksCsDhcc0u9e8BrWJJVwYAlnAGSDbrG1Ff0AA"
timeout = "1 min"
encrypt = { to = ["receiver.asc", { env = "OTHER" }], armor = true }

[delivery.lake]
to = "s3://bucket/prefix/"
endpoint = "http://127.0.0.1:9000"
access_key_id = "id"
secret_access_key = { env = "LAKE" }

[delivery.api]
to = "https://receiver.example.com/files?token=1"
method = "PUT"
headers = { Authorization = { env = "API" }, X-Source = "tradewire" }
retries = { times = 1000, longest = "6 h" }
"#;
    let config = Config::parse("conf/tradewire.toml", &format!("{GOOD}\n{more}")).unwrap();
    let [receiver, lake, api] = ["receiver", "lake", "api"].map(|name| &config.deliveries[name]);
    let addresses = [receiver, lake, api].map(|delivery| delivery.to.address().unwrap());
    let expected = ["sftp://sftp.example.com:2222/inbound", "s3://bucket/prefix", "https://receiver.example.com/files"];
    assert_eq!(addresses, expected, "as they are recorded and shown");
    let DestinationSettings::Sftp(access) = &receiver.to else { panic!("{receiver:?}") };
    assert_eq!((access.user.as_str(), &access.password), ("acme", &None));
    assert_eq!(access.private_key, Some(Secret::File("conf/receiver.key".into())));
    assert_eq!((access.timeout, receiver.total), (Duration::from_secs(60), true));
    let encryption = receiver.encrypt.as_ref().unwrap();
    let keys = [PublicKey::File("conf/receiver.asc".into()), PublicKey::Secret(Secret::Env("OTHER".to_owned()))];
    assert_eq!((encryption.to.as_slice(), encryption.suffix()), (&keys[..], ".asc"));
    let DestinationSettings::S3(access) = &lake.to else { panic!("{lake:?}") };
    assert_eq!((access.region.as_str(), &access.access_key_id), ("us-east-1", &TextOrSecret::Text("id".to_owned())));
    assert_eq!((access.timeout, lake.retries, lake.total), (Duration::from_secs(30), Delivery::RETRIES, true));
    let DestinationSettings::Http(http) = &api.to else { panic!("{api:?}") };
    assert_eq!((http.url.query(), http.headers.len()), (Some("token=1"), 2));
    let (backoff, longest) = (TimeDelta::seconds(10), TimeDelta::hours(6));
    assert_eq!((api.total, api.retries), (false, Retries { times: 1000, backoff, longest }));
}

#[test]
fn a_good_configuration_means_what_it_says() {
    let config = Config::parse("conf/tradewire.toml", GOOD).unwrap();
    assert_eq!(config.servicetitan.environment, Environment::Integration);
    let (acme, zenith) = (&config.tenants["acme"], &config.tenants["zenith"]);
    assert_eq!(acme.client_secret, Secret::File("conf/acme.secret".into()), "seen from the configuration's folder");
    assert_eq!(zenith.client_id, ClientId::Literal("cid.zenith".to_owned()));
    let plugin = &config.plugins["payroll-export"];
    assert_eq!(plugin.source, Path::new("conf/payroll-export.wasm"));
    assert_eq!((plugin.limits.memory, plugin.limits.output), (32 << 20, 1000));
    assert_eq!(plugin.limits.time, Duration::from_secs(300));
    assert_eq!(plugin.grant_line, 20);
    assert!(plugin.grants.allows_id("payroll/payrolls.get-list"));
    assert!(!plugin.grants.allows_id("payroll/gross-pay-items.create"));
    let weekly = &config.exports["weekly-payroll"];
    assert_eq!(
        (weekly.policy.missed, weekly.policy.overlap, weekly.window),
        (Missed::Skip, Overlap::Skip, WindowRule::Slot)
    );
    assert_eq!(weekly.tenants, ["zenith", "acme"]);
    let settings = config.settings(weekly);
    let settings: Vec<_> = settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        settings,
        [("company-code", "ABC"), ("double-overtime-code", "D"), ("batch-id", "7"), ("include-amounts", "true")]
    );
    assert_eq!(config.zone(weekly, acme).name(), "America/Phoenix", "the tenant's");
    assert_eq!(config.zone(&config.exports["by-hand"], acme).name(), "UTC", "its own");
    assert!(config.slots(&config.exports["by-hand"], acme).is_none());
    assert_eq!(config.deliveries["adp"].to, DestinationSettings::Folder("conf/outbox".into()));
    assert_eq!(config.deliveries["archive"].to, DestinationSettings::Folder("/var/archive".into()));
    assert_eq!(
        config.exports.keys().collect::<Vec<_>>(),
        ["weekly-payroll", "hourly", "by-hand"],
        "in the order of the file"
    );
}

#[test]
fn every_bad_configuration_is_answered_as_written_down() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/faults");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).unwrap();
        let error = Config::parse("tradewire.toml", &text).expect_err(&path.display().to_string());
        let shown = format!("{error}\n");
        assert!(!shown.contains("hunter2"), "a secret is shown:\n{shown}");
        let golden = path.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &shown).unwrap();
        }
        assert_eq!(shown, std::fs::read_to_string(&golden).unwrap_or_default(), "{}", path.display());
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn a_script_gets_line_and_column() {
    let error = Config::parse("tradewire.toml", &GOOD.replace("0 6 * * MON", "0 6 * * MOO")).unwrap_err();
    let json = serde_json::to_value(error.faults()).unwrap();
    assert_eq!(json[0]["line"], 28);
    assert_eq!(json[0]["column"], 17);
    assert_eq!(json[0]["message"], "`MOO` is not a day of the week");
}

#[test]
fn nothing_that_a_file_may_hold_panics() {
    // Cut and mangle the good one at every place: each is either good or answered with a fault.
    for end in (0..GOOD.len()).step_by(3) {
        if let Err(error) = Config::parse("tradewire.toml", &GOOD[..end]) {
            assert!(!error.faults().is_empty());
            error.render(true);
        }
        let mut mangled = GOOD.to_owned();
        mangled.insert_str(end, "é[{\"");
        if let Err(error) = Config::parse("tradewire.toml", &mangled) {
            error.render(false);
        }
    }
    for text in
        ["\u{feff}", "a", "[export]\nx = 1", "tenant = 1", "[[plugin]]", "export.x.y.z = 1", "\0", "servicetitan = []"]
    {
        assert!(Config::parse("tradewire.toml", text).is_err(), "{text}");
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load("no/such/tradewire.toml").unwrap_err().to_string();
    assert!(error.starts_with("cannot read the configuration `no/such/tradewire.toml`: "), "{error}");
}

#[test]
fn runs_are_remembered_for_as_long_as_the_configuration_says_or_for_ever() {
    let keep = |more: &str| Config::parse("tradewire.toml", &format!("{GOOD}\n{more}")).map(|config| config.keep);
    assert_eq!(keep("").unwrap(), None);
    assert_eq!(keep("[store]\nkeep = \"400 days\"").unwrap(), Some(Duration::from_secs(400 * 24 * 3600)));
    assert!(keep("[store]\nkeep = \"soon\"").is_err() && keep("[store]\nkept = \"1 day\"").is_err());
}
