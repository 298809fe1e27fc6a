//! The core module of an onslaught, and the component around it.

use wasm_encoder::{
    CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, Function as Code, FunctionSection, GlobalSection,
    GlobalType, ImportSection, InstructionSink, MemorySection, MemoryType, Module, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmSignature, WasmType};
use wit_parser::{Function, Resolve, SizeAlign, WorldId, WorldItem};

use crate::values::Caller;
use crate::{Deep, Much};

/// What the memory holds, each at its own place.
#[derive(Debug, Clone, Copy)]
pub struct Places {
    /// Where a call's answer goes.
    pub answer: u32,
    /// Where arguments stand that do not fit onto the stack.
    pub arguments: u32,
    /// Handles, one after the other.
    pub handles: u32,
    /// Letters.
    pub text: u32,
    /// Zeros: an element of any list.
    pub zeros: u32,
    /// What answers are put into; each call begins anew.
    pub heap: u32,
}

const PAGE: u32 = 64 * 1024;
/// As many handles as a list of them has, at most.
pub const MOST_HANDLES: u32 = 20_000;
const HEAP: u32 = 8 << 20;

/// An imported function.
pub struct Import {
    pub interface: String,
    pub function: Function,
    pub signature: WasmSignature,
}

/// The component that imports these functions and makes a call of each of the first `count`; and what those are called.
pub fn component(
    resolve: &Resolve,
    world: WorldId,
    imported: Vec<(String, Function)>,
    count: usize,
    (much, operation): (Much, Option<&str>),
    deep: Deep,
) -> (Vec<u8>, Vec<String>) {
    let imports: Vec<Import> = imported
        .into_iter()
        .map(|(interface, function)| {
            let signature = resolve.wasm_signature(AbiVariant::GuestImport, &function);
            Import { interface, function, signature }
        })
        .collect();
    let mut sizes = SizeAlign::default();
    sizes.fill(resolve);
    let names =
        imports[..count].iter().map(|import| format!("{}#{}", import.interface, import.function.name)).collect();
    let mut bytes = module(resolve, world, &imports, count, &sizes, (much, operation), deep);
    embed_component_metadata(&mut bytes, resolve, world, StringEncoding::UTF8).unwrap();
    let component = ComponentEncoder::default().validate(true).module(&bytes).unwrap().encode().unwrap();
    (component, names)
}

fn module(
    resolve: &Resolve,
    world: WorldId,
    imports: &[Import],
    count: usize,
    sizes: &SizeAlign,
    (much, operation): (Much, Option<&str>),
    deep: Deep,
) -> Vec<u8> {
    let whole = much.bytes.next_multiple_of(PAGE) + PAGE;
    let handles = 2 * PAGE;
    let text = (handles + MOST_HANDLES * 4).next_multiple_of(PAGE);
    let places = Places { answer: 1024, arguments: PAGE, handles, text, zeros: text + whole, heap: text + 2 * whole };
    let end = places.heap + HEAP;

    let (mut types, mut table, mut defined) = (TypeSection::new(), ImportSection::new(), FunctionSection::new());
    let (mut code, mut exports) = (CodeSection::new(), ExportSection::new());
    let mut signatures = 0;
    let mut signature = |params: &[ValType], results: &[ValType]| {
        types.ty().function(params.iter().copied(), results.iter().copied());
        signatures += 1;
        signatures - 1
    };
    for Import { interface, function, signature: WasmSignature { params, results, .. } } in imports {
        let ty = signature(&values(params), &values(results));
        table.import(interface, &function.name, EntityType::Function(ty));
    }

    let realloc = signature(&[ValType::I32; 4], &[ValType::I32]);
    defined.function(realloc);
    let first = u32::try_from(imports.len()).unwrap();
    code.function(&reallocation(first, deep.memory));
    exports.export("cabi_realloc", ExportKind::Func, first);

    let nothing = signature(&[], &[]);
    for import in &imports[..count] {
        defined.function(nothing);
        let caller = Caller { resolve, sizes, imports, places, much };
        code.function(&match operation {
            Some(operation) => caller.with_id(import, operation),
            None => caller.call(import),
        });
    }

    let run = resolve.worlds[world].exports.values().find_map(|item| match item {
        WorldItem::Function(function) => Some(function),
        _ => None,
    });
    let WasmSignature { params, results, .. } = resolve.wasm_signature(AbiVariant::GuestExport, run.unwrap());
    let run_type = signature(&values(&params), &values(&results));
    defined.function(run_type);
    let number = params.iter().position(|ty| *ty == WasmType::I64).unwrap();
    let number = u32::try_from(number).unwrap();
    let counter = u32::try_from(params.len()).unwrap();
    let entry = first + 1 + u32::try_from(count).unwrap();
    code.function(&runs((number, counter), (first + 1, entry), count, (places, whole), much));
    exports.export("run", ExportKind::Func, entry);

    let mut memories = MemorySection::new();
    memories.memory(MemoryType {
        minimum: u64::from(end / PAGE),
        maximum: None,
        memory64: false,
        shared: false,
        page_size_log2: None,
    });
    exports.export("memory", ExportKind::Memory, 0);
    let mut globals = GlobalSection::new();
    let next = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    for value in [places.heap, deep.run, deep.memory] {
        globals.global(next, &ConstExpr::i32_const(signed(value)));
    }
    let mut module = Module::new();
    module
        .section(&types)
        .section(&table)
        .section(&defined)
        .section(&memories)
        .section(&globals)
        .section(&exports)
        .section(&code);
    module.finish()
}

/// Takes memory from the heap, which grows; it is given back all at once, before the next call.
fn reallocation(own: u32, deep: u32) -> Code {
    let mut code = Code::new([(2, ValType::I32)]);
    let (align, size, place, missing) = (2, 3, 4, 5);
    let mut sink = code.instructions();
    calls_itself(&mut sink, own, 4, DEEP_MEMORY);
    // The next time as deep again.
    sink.i32_const(signed(deep)).global_set(DEEP_MEMORY);
    sink
        // place = (next + align - 1) & -align
        .global_get(0)
        .local_get(align)
        .i32_add()
        .i32_const(1)
        .i32_sub()
        .i32_const(0)
        .local_get(align)
        .i32_sub()
        .i32_and()
        .local_tee(place)
        .local_get(size)
        .i32_add()
        .global_set(0)
        // missing = (next + 65535) >> 16 - pages
        .global_get(0)
        .i32_const(signed(PAGE - 1))
        .i32_add()
        .i32_const(16)
        .i32_shr_u()
        .memory_size(0)
        .i32_sub()
        .local_tee(missing)
        .i32_const(0)
        .i32_gt_s()
        .if_(wasm_encoder::BlockType::Empty)
        .local_get(missing)
        .memory_grow(0)
        .i32_const(-1)
        .i32_eq()
        .if_(wasm_encoder::BlockType::Empty)
        .unreachable()
        .end()
        .end()
        .local_get(place)
        .end();
    code
}

/// How much deeper the run, and what gives memory, are to call themselves.
const DEEP_RUN: u32 = 1;
const DEEP_MEMORY: u32 = 2;

/// A function of so many parameters calls itself with them as long as it is to.
fn calls_itself(sink: &mut InstructionSink<'_>, own: u32, params: u32, deeper: u32) {
    sink.global_get(deeper).if_(wasm_encoder::BlockType::Empty);
    sink.global_get(deeper).i32_const(1).i32_sub().global_set(deeper);
    for param in 0..params {
        sink.local_get(param);
    }
    sink.call(own).return_().end();
}

/// The run: all calls, or that of the tenant's number; then a summary.
fn runs(
    (number, counter): (u32, u32),
    (first, own): (u32, u32),
    count: usize,
    (places, whole): (Places, u32),
    much: Much,
) -> Code {
    let mut code = Code::new([(1, ValType::I32)]);
    let mut sink = code.instructions();
    calls_itself(&mut sink, own, counter, DEEP_RUN);
    sink.i32_const(signed(places.text)).i32_const(much.letter.into()).i32_const(signed(whole)).memory_fill(0);
    sink.loop_(wasm_encoder::BlockType::Empty);
    for index in 0..count {
        let alone = -1 - i64::try_from(index).unwrap();
        sink.local_get(number)
            .i64_const(alone)
            .i64_eq()
            .local_get(number)
            .i64_const(0)
            .i64_gt_s()
            .i32_or()
            .if_(wasm_encoder::BlockType::Empty)
            .i32_const(signed(places.heap))
            .global_set(0)
            .call(first + u32::try_from(index).unwrap())
            .end();
    }
    // Again, where all are called.
    sink.local_get(counter)
        .i32_const(1)
        .i32_add()
        .local_tee(counter)
        .i32_const(signed(much.times))
        .i32_lt_u()
        .local_get(number)
        .i64_const(0)
        .i64_gt_s()
        .i32_and()
        .br_if(0)
        .end();
    // `ok`, and some of the letters.
    sink.i32_const(signed(places.answer)).i32_const(0).i32_store8(at(0, 0));
    sink.i32_const(signed(places.answer)).i32_const(signed(places.text)).i32_store(at(4, 2));
    sink.i32_const(signed(places.answer)).i32_const(4).i32_store(at(8, 2));
    sink.i32_const(signed(places.answer)).end();
    code
}

/// A place in memory, from the address on the stack.
pub fn at(offset: u32, align: u32) -> wasm_encoder::MemArg {
    wasm_encoder::MemArg { offset: offset.into(), align, memory_index: 0 }
}

/// An address as wasm writes it.
pub fn signed(address: u32) -> i32 {
    i32::from_ne_bytes(address.to_ne_bytes())
}

/// The core types of a signature.
pub fn values(types: &[WasmType]) -> Vec<ValType> {
    types
        .iter()
        .map(|ty| match ty {
            WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
            WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
            WasmType::F32 => ValType::F32,
            WasmType::F64 => ValType::F64,
        })
        .collect()
}
