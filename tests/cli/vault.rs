//! `tradewire vault`: runs find their secrets in it, nobody else does, and what is wrong with it is told.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use tradewire_sandbox::{DEMO_APP_KEY, DEMO_CLIENT_SECRET};

use crate::bench::{Bench, Offline, Told};
use crate::journal::writes;

const WEEK: &str = "--from 2026-01-05 --to 2026-01-12";
const PASSPHRASE: &str = "correct horse battery staple";
const IN_A_FILE: &str = "{ file = \"vault.key\" }";
const IN_A_VARIABLE: &str = "{ env = \"VAULT_KEY\" }";

/// A bench whose secrets are in a vault with its key there.
fn bench(servicetitan: &str, key: &str) -> Bench {
    let config = writes(servicetitan, "create A")
        .replace("{ env = \"APP_KEY\" }", "{ vault = \"app-key\" }")
        .replace("{ env = \"CLIENT_SECRET\" }", "{ vault = \"acme\" }");
    Bench::with(&format!("{config}\n[vault]\nkey = {key}\n"))
}

/// Runs `tradewire` with this key and this on its standard input.
fn with(bench: &Bench, words: &str, key: &str, input: &str) -> Told {
    let mut command = bench.command(words);
    command.env("VAULT_KEY", key).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Who refuses early does not read.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}

fn set(bench: &Bench, name: &str, value: &str) -> Told {
    with(bench, &format!("vault set {name}"), PASSPHRASE, value)
}

/// A vault with the secrets of the sandbox in it.
fn filled(servicetitan: &str, key: &str) -> Bench {
    let bench = bench(servicetitan, key);
    with(&bench, "vault init", PASSPHRASE, "").succeeded();
    set(&bench, "app-key", &format!("{DEMO_APP_KEY}\n")).succeeded();
    set(&bench, "acme", DEMO_CLIENT_SECRET).succeeded();
    bench
}

fn check(bench: &Bench) -> Told {
    with(bench, "check", PASSPHRASE, "")
}

/// Every file below a folder but those that link to elsewhere.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let below = entries.flat_map(|entry| match entry.file_type().unwrap() {
        kind if kind.is_dir() => files(&entry.path()),
        kind if kind.is_file() => vec![entry.path()],
        _ => Vec::new(),
    });
    below.collect()
}

#[test]
fn runs_find_their_secrets_in_the_vault_and_nobody_else_does() {
    let offline = Offline::with("[]");
    let bench = bench(&offline.url(), IN_A_FILE);
    let mut told =
        vec![check(&bench).refused(&["there is no vault `tradewire.vault`: make it with `tradewire vault init`"])];
    assert_eq!(told[0].err.matches("error: ").count(), 1, "once, whatever is to be in it: {}", told[0]);
    told.push(with(&bench, "vault init", "", "").succeeded());
    assert!(told[1].out.contains("its key is written to vault.key: keep a copy of it elsewhere"), "{}", told[1]);
    told.push(set(&bench, "app-key", &format!("{DEMO_APP_KEY}\r\n")).succeeded());
    told.push(set(&bench, "acne", "not the one").succeeded());
    told.push(check(&bench).refused(&[
        "error: tenant `acme`, `client_secret`: tradewire.toml:9:27: the vault `tradewire.vault` holds no `acme`; did \
         you mean `acne`?",
    ]));
    told.push(set(&bench, "acme", "wrong").succeeded());
    told.push(set(&bench, "acme", DEMO_CLIENT_SECRET).succeeded());
    assert!(told[6].out.contains("acme is set anew in tradewire.vault"), "{}", told[6]);
    told.push(with(&bench, "vault remove acne", "", "").succeeded());
    told.push(with(&bench, "vault list", "", "").succeeded());
    let names: Vec<_> = told[8].out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(names, ["acme", "app-key"]);
    let json = with(&bench, "vault list --json", "", "").succeeded().json();
    assert!(json["secrets"][0]["set"].as_str().unwrap().ends_with('Z') && json["secrets"][0]["value"].is_null());
    told.push(check(&bench).succeeded());
    let run = bench.command(&format!("run teams {WEEK}")).env("TRADEWIRE_LOG", "trace").output().unwrap();
    told.push(Told::from(run).succeeded());
    assert_eq!(offline.teams().len(), 1);
    for secret in [DEMO_CLIENT_SECRET, DEMO_APP_KEY, "AGE-SECRET-KEY", "not the one"] {
        for told in &told {
            assert!(!format!("{told}").contains(secret), "{secret} is told: {told}");
        }
        for path in files(&bench.path("")).iter().filter(|path| !path.ends_with("vault.key")) {
            let bytes = fs::read(path).unwrap();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{secret} is in {}", path.display());
        }
    }
}

#[test]
fn a_vault_that_does_not_open_is_one_fault_and_nothing_runs_until_it_does() {
    let offline = Offline::with("[]");
    let bench = filled(&offline.url(), IN_A_VARIABLE);
    let whole = fs::read(bench.path("tradewire.vault")).unwrap();
    let other = "incorrect horse battery staple";
    let run = format!("run teams {WEEK}");
    for words in ["check", run.as_str(), "serve", "vault list", "vault set acme"] {
        let told = with(&bench, words, other, "cs1.new").refused(&[
            "error: environment variable `VAULT_KEY` does not open the vault `tradewire.vault`",
            "put the right key there, or correct `key` and `file` of `[vault]`",
        ]);
        assert!(!told.err.contains(other) && !told.err.contains("cs1.new"), "{told}");
        assert_eq!(told.err.matches("error: ").count(), 1, "{told}");
    }
    let mut command = bench.command("check");
    Told::from(command.env_remove("VAULT_KEY").output().unwrap())
        .refused(&["error: the vault has no key: environment variable `VAULT_KEY` is not set"]);
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [&whole[..whole.len() / 2], &whole[..40], &flipped, b"", b"no vault"] {
        bench.write("tradewire.vault", damaged);
        for words in ["check", run.as_str(), "vault set acme"] {
            with(&bench, words, PASSPHRASE, "cs1.new")
                .refused(&["error: the vault `tradewire.vault` is damaged (", "put a copy of it back"]);
        }
        assert_eq!(fs::read(bench.path("tradewire.vault")).unwrap(), damaged, "nothing is written over it");
    }
    assert!(bench.runs().is_empty() && offline.calls() == 0);
    bench.write("tradewire.vault", &whole);
    with(&bench, &run, PASSPHRASE, "").succeeded();
    assert_eq!(offline.teams().len(), 1, "and it goes on when the fault is gone");
}

#[test]
fn writers_at_once_lose_nothing() {
    let bench = filled("http://127.0.0.1:9", IN_A_FILE);
    std::thread::scope(|scope| {
        for n in 0..6 {
            let bench = &bench;
            scope.spawn(move || set(bench, &format!("secret-{n}"), "value").succeeded());
        }
    });
    assert_eq!(bench.tradewire("vault list").succeeded().out.lines().count(), 8);
}

#[test]
fn a_new_key_takes_the_place_of_the_old_one() {
    let bench = filled("http://127.0.0.1:9", IN_A_VARIABLE);
    with(&bench, "vault rekey --env VAULT_KEY", PASSPHRASE, "").refused(&["is the vault's key already"]);
    let told = with(&bench, "vault rekey --file vault.key", PASSPHRASE, "").succeeded();
    assert!(told.out.contains("its key is written to vault.key: keep a copy"), "{told}");
    assert!(told.out.contains("write `key = { file = \"vault.key\" }` in `[vault]` of tradewire.toml"), "{told}");
    check(&bench).refused(&["it is a passphrase, and the vault was written for an age identity"]);
    bench.write("tradewire.toml", bench.read("tradewire.toml").replace(IN_A_VARIABLE, IN_A_FILE));
    check(&bench).succeeded();
}

#[test]
fn what_is_no_secret_and_what_would_show_one_is_refused() {
    let bench = filled("http://127.0.0.1:9", IN_A_FILE);
    let told = set(&bench, "acme hunter2", "cs1").refused(&["a secret is never an argument"]);
    assert!(!told.err.contains("hunter2"), "{told}");
    set(&bench, "acme", "\n").refused(&["there is no secret to set for `acme`: write it to the standard input"]);
    set(&bench, "a/b", "value").refused(&["`a/b` is not a name"]);
    bench.tradewire("vault init").refused(&["the vault `tradewire.vault` is there already"]);
    bench.tradewire("vault remove acne").refused(&["holds no `acne`; did you mean `acme`?"]);
    let without = bench.read("tradewire.toml").split("[vault]").next().unwrap().to_owned();
    bench.write("tradewire.toml", without);
    check(&bench).refused(&[
        "error: there is no section `[vault]`",
        "client_secret = { vault = \"acme\" }",
        "help: add `[vault]` with `key = { env = \"TRADEWIRE_VAULT_KEY\" }`",
    ]);
    bench.write("tradewire.toml", "[servicetitan]\nenvironment = \"sandbox\"\napp_key = { env = \"APP_KEY\" }\n");
    bench.tradewire("vault list").refused(&["tradewire.toml has no section `[vault]`; add it with"]);
}
