//! Plugins that are made here: whole and well-formed, with one part that is too much for a compiler, or for a run.

use std::borrow::Cow;
use std::path::Path;

use wasm_encoder::{
    BlockType, CodeSection, DataSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection,
    MemoryType, Module, RefType, StartSection, TableSection, TableType, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// What a plugin has besides a `run` that succeeds.
#[derive(Default)]
pub struct Parts {
    /// Functions of one number to one number.
    pub functions: Vec<Function>,
    /// More types of functions.
    pub types: usize,
    /// The least elements of each table.
    pub tables: Vec<u64>,
    /// Pages that its memory begins with.
    pub pages: u64,
    /// Memories besides.
    pub memories: usize,
    /// Runs before anything else does.
    pub start: Option<Function>,
    /// Bytes that its memory begins with, and how often they are put there.
    pub data: (Vec<u8>, usize),
}

/// Where nothing is written: zeros are a result without a fault and without words.
const ZEROS: i32 = 1024;
const RUN: u32 = 0;
const REALLOC: u32 = 1;
const NUMBER: u32 = 2;
const NOTHING: u32 = 3;

/// The component of a plugin.
pub fn plugin(parts: Parts) -> Vec<u8> {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let mut resolve = Resolve::default();
    for package in ["wasi/config", "wasi/logging", "wasi/keyvalue"] {
        resolve.push_dir(wit.join(package)).unwrap();
    }
    let (package, _) = resolve.push_dir(wit.join("tradewire")).unwrap();
    let world = resolve.select_world(&[package], Some("plugin")).unwrap();
    let mut core = core(parts).finish();
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().validate(false).module(&core).unwrap().encode().unwrap()
}

fn core(parts: Parts) -> Module {
    use ValType::{I32, I64};
    let mut types = TypeSection::new();
    let context = [vec![I32; 6], vec![I64], vec![I32; 7]].concat();
    types.ty().function(context, [I32]);
    types.ty().function([I32; 4], [I32]);
    types.ty().function([I32], [I32]);
    types.ty().function([], []);
    for number in 0..parts.types {
        let bits = (0..16).map(|bit| if number >> bit & 1 == 0 { I32 } else { I64 });
        types.ty().function(bits, []);
    }
    let mut functions = FunctionSection::new();
    functions.function(RUN).function(REALLOC);
    parts.functions.iter().for_each(|_| drop(functions.function(NUMBER)));
    let mut tables = TableSection::new();
    for minimum in parts.tables {
        tables.table(TableType { element_type: RefType::FUNCREF, minimum, maximum: None, table64: false, shared: false });
    }
    let memory = |minimum| MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None };
    let mut memories = MemorySection::new();
    memories.memory(memory(parts.pages.max(1)));
    (0..parts.memories).for_each(|_| drop(memories.memory(memory(1))));
    let mut exports = ExportSection::new();
    exports.export("run", ExportKind::Func, 0).export("cabi_realloc", ExportKind::Func, 1);
    exports.export("memory", ExportKind::Memory, 0);
    let mut code = CodeSection::new();
    let answer = |address| {
        let mut function = Function::new([]);
        function.instructions().i32_const(address).end();
        function
    };
    code.function(&answer(ZEROS)).function(&answer(2 * ZEROS));
    parts.functions.iter().for_each(|function| drop(code.function(function)));
    let start = parts.start.map(|function| {
        functions.function(NOTHING);
        code.function(&function);
        StartSection { function_index: functions.len() - 1 }
    });
    let mut data = DataSection::new();
    let (bytes, times) = parts.data;
    for _ in 0..times {
        data.active(0, &wasm_encoder::ConstExpr::i32_const(4096), bytes.iter().copied());
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&tables).section(&memories).section(&exports);
    start.iter().for_each(|start| drop(module.section(start)));
    module.section(&code).section(&data);
    module
}

/// A function that jumps to each of so many blocks, and in each changes one of so many variables: small to write, and
/// every variable may come from everywhere.
pub fn jumps(blocks: u32, variables: u32) -> Function {
    let mut function = Function::new([(variables, ValType::I32)]);
    let mut sink = function.instructions();
    sink.loop_(BlockType::Empty);
    (0..blocks).for_each(|_| drop(sink.block(BlockType::Empty)));
    sink.local_get(0).br_table(Cow::Owned((0..blocks).collect()), 0).end();
    for block in 1..blocks {
        let (here, there) = (1 + block % variables, 1 + (block * 7 + 3) % variables);
        sink.local_get(there).local_get(0).i32_add().local_set(here).local_get(here).br_if(blocks - block);
        sink.end();
    }
    sink.end().local_get(1).end();
    function
}

/// A function of so many blocks, one within the other.
pub fn nested(blocks: usize) -> Function {
    let mut function = Function::new([]);
    let mut sink = function.instructions();
    (0..blocks).for_each(|_| drop(sink.block(BlockType::Result(ValType::I32))));
    sink.local_get(0);
    (0..blocks).for_each(|_| drop(sink.end()));
    sink.end();
    function
}

/// A function of so many additions: what honest code is like, at its plainest.
pub fn additions(count: usize) -> Function {
    let mut function = Function::new([(8, ValType::I32)]);
    let mut sink = function.instructions();
    for number in 0..count as u32 {
        sink.local_get(number % 9).local_get(number * 5 % 9).i32_add().local_set((number + 3) % 9);
    }
    sink.local_get(1).end();
    function
}

/// One that never ends.
pub fn endless() -> Function {
    let mut function = Function::new([]);
    function.instructions().loop_(BlockType::Empty).br(0).end().end();
    function
}
