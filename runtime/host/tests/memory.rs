//! What a plugin hands over never makes the host grow: alone in its process, because the process is what is measured.
#![cfg(target_os = "linux")]
#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use support::{engine, guest, request};
use tradewire_host::{Limits, Plugin, Request};
use tradewire_surface::grants::Grants;

const MIB: usize = 1 << 20;

/// The most memory that this process has had, in bytes.
fn most_resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}

#[tokio::test]
async fn the_host_never_holds_what_a_plugin_hands_over_beyond_the_limit() {
    let plugin = Plugin::load(&engine(), &guest("hostile.wasm"), Grants::parse(&["payroll:view"]).unwrap()).unwrap();
    let run = async |behaviour: &str, bytes: usize| {
        let limits = Limits { memory: 256 * MIB, transfer: MIB, ..Limits::default() };
        let bytes = bytes.to_string();
        let settings = [("behaviour", behaviour), ("bytes", bytes.as_str())];
        plugin.run(Request { limits, ..request("", &settings) }).await.0.map_err(|failure| failure.to_string())
    };
    run("behaves", 0).await.unwrap();
    let before = most_resident();
    let mut grown = Vec::new();
    for _ in 0..3 {
        for (behaviour, bytes) in [("answers-big", 192 * MIB), ("fails-big", 2 * MIB)] {
            let told = run(behaviour, bytes).await.unwrap_err();
            assert!(told.contains("`transfer` is 1 MiB"), "{behaviour}: {told}");
            grown.push((most_resident() - before) / MIB);
        }
    }
    assert!(grown.iter().all(|mib| *mib <= 256 + 16), "the plugin's own memory and little more: {grown:?} MiB");
    assert!(grown[grown.len() - 1] <= grown[1] + 8, "and flat from run to run: {grown:?} MiB");
}
