//! Components that are too much: each is refused by a limit, which is named with its value and its setting.

use std::fs::File;
use std::time::{Duration, Instant};

use wasm_encoder::{
    Component, ComponentBuilder, ComponentTypeRef, ComponentTypeSection, InstanceType, PrimitiveValType,
};

use super::plugins::{Parts, additions, endless, jumps, nested, plugin};
use crate::bench::{Bench, Told, config};

/// A configuration that runs a plugin, with these limits.
pub fn of(limits: &str) -> String {
    let rest = format!(
        r#"
[plugin.bomb]
source = "bomb.wasm"
limits = {{ {limits} }}

[export.boom]
run = "bomb"
tenants = ["acme"]
cron = "0 6 * * MON"
deliver = "outbox"
"#
    );
    config("http://127.0.0.1:9", &rest)
}

/// What is told of a component that is not to be loaded, within these limits.
#[track_caller]
fn refused(component: impl AsRef<[u8]>, limits: &str, texts: &[&str]) -> Told {
    let bench = Bench::with(&of(limits));
    bench.write("bomb.wasm", component);
    let began = Instant::now();
    let told = bench.tradewire("check").refused(texts);
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}: {told}", began.elapsed());
    told
}

const TIME: &str = "the limit of processor time for compiling is reached: `compile_time` is 1 s; raise it in the \
                    plugin's `limits`: write `compile_time = \"2 s\"` into them, beside what is there";

#[test]
fn a_small_function_that_keeps_the_compiler_busy_is_given_up() {
    let bomb = plugin(Parts { functions: vec![jumps(1000, 1000)], ..Parts::default() });
    assert!(bomb.len() < 40_000, "{}", bomb.len());
    refused(bomb, "compile_time = \"1 s\"", &["plugin `bomb` (bomb.wasm, ", TIME]);
}

#[test]
fn many_functions_are_given_up_alike() {
    let functions = vec![jumps(100, 100); 400];
    refused(plugin(Parts { functions, ..Parts::default() }), "compile_time = \"1 s\"", &[TIME]);
}

#[test]
fn what_takes_more_memory_than_it_may_is_given_up() {
    // Blocks that are nested deep: every one of them is remembered in all that are within it.
    let bomb = plugin(Parts { functions: vec![nested(50_000)], ..Parts::default() });
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    refused(
        bomb,
        "compile_memory = \"256 MiB\"",
        &[
            "`compile_memory` is 256 MiB; raise it in the plugin's `limits`: write `compile_memory = \"512 MiB\"` into them",
        ],
    );
}

#[test]
fn a_function_that_is_too_long_for_webassembly_is_not_valid() {
    let bomb = plugin(Parts { functions: vec![additions(1_200_000)], ..Parts::default() });
    refused(bomb, "", &["the component is not valid", "function body size"]);
}

#[test]
fn many_types_and_much_data_do_no_harm() {
    let bench = Bench::with(&of("memory = \"64 MiB\""));
    let data = (vec![7; 1 << 20], 20);
    bench.write("bomb.wasm", plugin(Parts { types: 60_000, pages: 32, data, ..Parts::default() }));
    bench.tradewire("run boom").succeeded();
}

#[test]
fn a_component_that_is_larger_than_it_may_be_is_not_even_read() {
    let bench = Bench::with(&of(""));
    // As large as a disk, and nothing on it.
    File::create(bench.path("bomb.wasm")).unwrap().set_len(1 << 40).unwrap();
    let line = "the limit of the component's size is reached: `component` is 128 MiB; make the component smaller, as \
                `component` may be 1 GiB at most";
    bench.tradewire("check").refused(&["plugin `bomb` (bomb.wasm, granted at tradewire.toml:", line]);
    bench.tradewire("plugin inspect bomb.wasm").refused(&["`component` is 128 MiB"]);
    // The same of what is on it.
    bench.write("tradewire.toml", of("component = \"2 KiB\""));
    bench.write("bomb.wasm", plugin(Parts { types: 1000, ..Parts::default() }));
    let told = bench.tradewire("check").refused(&["`component` is 2 KiB; raise it in the plugin's `limits`: write "]);
    assert!(!told.err.contains("correct `source`"), "its place is not what is wrong: {told}");
    let line = told.err.split('`').find(|text| text.starts_with("component = ")).unwrap();
    bench.write("tradewire.toml", of(line));
    bench.tradewire("check").succeeded();
}

#[test]
fn less_than_a_second_is_no_time_for_compiling() {
    let bench = Bench::with(&of("compile_time = \"300ms\""));
    bench.tradewire("check").refused(&["`compile_time` must be at least 1s", "write `compile_time = \"1s\"`, or more"]);
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let bench = Bench::with(&of(""));
    assert!(std::process::Command::new("mkfifo").arg(bench.path("bomb.wasm")).status().unwrap().success());
    bench.tradewire("check").refused(&["cannot read plugin `bomb` from `bomb.wasm`: it is a named pipe, not a file"]);
}

#[test]
fn what_is_cut_short_or_rubbish_is_not_valid() {
    let whole = plugin(Parts::default());
    for part in [9, whole.len() / 3, whole.len() - 1] {
        refused(&whole[..part], "", &["plugin `bomb` (bomb.wasm, ", "the component is not valid"]);
    }
    refused([&whole[..8], &[0xff; 4096]].concat(), "", &["the component is not valid"]);
}

/// A component that imports an interface of so many functions, so many times.
fn asks(interfaces: usize, functions: usize) -> Vec<u8> {
    let mut component = ComponentBuilder::default();
    let mut ty = InstanceType::new();
    ty.ty().function().params([("a", PrimitiveValType::U32)]).result(None);
    for number in 0..functions {
        ty.export(&*format!("f{number}"), ComponentTypeRef::Func(0));
    }
    let ty = component.type_instance(None, &ty);
    for number in 0..interfaces {
        component.import(&*format!("acme:p{number}/i@1.0.0"), ComponentTypeRef::Instance(ty));
    }
    component.finish()
}

#[test]
fn a_hundred_thousand_imports_are_refused_before_anything_is_compiled() {
    for (interfaces, functions) in [(100_000, 1), (1, 100_000), (1000, 1000)] {
        refused(asks(interfaces, functions), "", &["plugin `bomb` (bomb.wasm, ", "the component is not valid: "]);
    }
    let names = "it imports and exports more than 20000 names, which is the most";
    refused(asks(1, 25_000), "", &[names]);
    refused(asks(21_000, 0), "", &[names]);
}

#[test]
fn types_that_are_nested_deep_do_no_harm() {
    let mut nested = InstanceType::new();
    for _ in 0..400 {
        let mut outer = InstanceType::new();
        outer.ty().instance(&nested);
        nested = outer;
    }
    let mut types = ComponentTypeSection::new();
    types.instance(&nested);
    let mut component = Component::new();
    component.section(&types);
    refused(component.finish(), "", &["this component is not a Tradewire plugin: it exports nothing, and no `run`"]);
}

#[test]
fn types_that_double_with_each_line_are_not_valid() {
    let mut component = ComponentBuilder::default();
    let (mut ty, encoder) = component.ty(None);
    encoder.defined_type().tuple([PrimitiveValType::U64, PrimitiveValType::U64]);
    for _ in 0..60 {
        let twice = wasm_encoder::ComponentValType::Type(ty);
        let (next, encoder) = component.ty(None);
        encoder.defined_type().tuple([twice, twice]);
        ty = next;
    }
    refused(component.finish(), "", &["the component is not valid", "type size"]);
}

#[test]
fn components_in_components_are_bounded_in_time() {
    let mut inner = Component::new().finish();
    for _ in 0..300 {
        let mut outer = ComponentBuilder::default();
        outer.component_raw(None, &inner);
        inner = outer.finish();
    }
    refused(inner, "", &["bomb"]);
}

/// What becomes of a run of a component that is loaded, within a second.
#[track_caller]
fn fails(parts: Parts, texts: &[&str]) {
    let bench = Bench::with(&of("time = \"1 s\""));
    bench.write("bomb.wasm", plugin(parts));
    bench.tradewire("run boom --quiet").refused(texts);
    bench.has_delivered_nothing();
}

#[test]
fn what_begins_a_plugin_is_bound_like_its_run() {
    fails(Parts { start: Some(endless()), ..Parts::default() }, &["boom for acme: failed: ", "`time` is 1 s"]);
}

#[test]
fn tables_and_memories_that_are_too_large_are_refused() {
    let valid = "plugin `bomb` (bomb.wasm, ";
    for parts in [
        Parts { tables: vec![u64::from(u32::MAX)], ..Parts::default() },
        Parts { tables: vec![9_000_000; 8], ..Parts::default() },
        Parts { pages: 65_536, ..Parts::default() },
        Parts { memories: 60, ..Parts::default() },
    ] {
        refused(plugin(parts), "", &[valid, "the component is not valid: "]);
    }
    // What fits the engine, and not this plugin's limits.
    fails(Parts { pages: 2048, ..Parts::default() }, &["boom for acme: failed: ", "`memory` is 64 MiB"]);
}
