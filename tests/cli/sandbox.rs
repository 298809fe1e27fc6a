//! `tradewire sandbox`: what it prints is all that one needs.
#![cfg(unix)]

use std::io::{BufRead, BufReader};

use crate::bench::{Bench, Told, signal};

#[test]
fn the_sandbox_prints_a_configuration_that_works_and_ends_when_it_is_told() {
    let bench = Bench::empty();
    let mut sandbox = bench.start("sandbox --listen 127.0.0.1:0");
    let lines = BufReader::new(sandbox.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    let printed: Vec<String> = lines.take_while(|line| !line.starts_with("export ")).collect();
    let snippet =
        printed.iter().skip_while(|line| *line != "[servicetitan]").take_while(|line| !line.starts_with("for "));
    bench.write("tradewire.toml", snippet.cloned().collect::<Vec<_>>().join("\n"));
    bench
        .tradewire("check")
        .refused(&["`app_key` of `[servicetitan]`: environment variable `SANDBOX_APP_KEY` is not set"]);
    let config = bench.read("tradewire.toml").replace("SANDBOX_APP_KEY", "APP_KEY").replace("SANDBOX_CLIENT", "CLIENT");
    bench.write("tradewire.toml", config);
    bench.tradewire("check").succeeded();
    signal(&sandbox, "INT");
    Told::from(sandbox.wait_with_output().unwrap()).succeeded();
}

#[test]
fn an_address_that_is_taken_is_told_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let told = Bench::empty().tradewire(&format!("sandbox --quiet --listen {address}"));
    let told = told.refused(&[&format!("error: cannot listen on {address}: "), "choose another address"]);
    assert_eq!(told.err.matches("Address already in use").count(), 1, "{told}");
}
