//! Plugins that are made here: whole and well-formed, with one part that is too much for a compiler, or for a run.

use wasm_encoder::{
    BlockType, CanonicalOption, CodeSection, ComponentBuilder, ComponentDefinedTypeEncoder, ComponentExportKind,
    ComponentTypeRef, ComponentValType, DataSection, ExportKind, ExportSection, Function, FunctionSection,
    InstanceType, MemorySection, MemoryType, Module, ModuleArg, PrimitiveValType, RefType, StartSection, TableSection,
    TableType, TypeBounds, TypeSection, ValType,
};

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
    use ComponentExportKind::{Func, Type};
    let mut component = ComponentBuilder::default();
    let runs = component.type_instance(None, &runs());
    let runs = component.import("tradewire:plugin/runs@1.0.0", ComponentTypeRef::Instance(runs));
    let [context, summary, failure] =
        ["context", "summary", "failure"].map(|name| ComponentValType::Type(component.alias_export(runs, name, Type)));
    let (result, ty) = component.type_defined(None);
    ty.result(Some(summary), Some(failure));
    let (run, mut ty) = component.type_function(None);
    ty.params([("context", context)]).result(Some(ComponentValType::Type(result)));
    let module = component.core_module(None, &core(parts));
    let no_imports: [(&str, ModuleArg); 0] = [];
    let core = component.core_instantiate(None, module, no_imports);
    let memory = component.core_alias_export(None, core, "memory", ExportKind::Memory);
    let realloc = component.core_alias_export(None, core, "cabi_realloc", ExportKind::Func);
    let function = component.core_alias_export(None, core, "run", ExportKind::Func);
    let options = [CanonicalOption::UTF8, CanonicalOption::Memory(memory), CanonicalOption::Realloc(realloc)];
    let lifted = component.lift_func(None, function, run, options);
    component.export("run", Func, lifted, None);
    component.finish()
}

/// `tradewire:plugin/runs`, whose types `run` speaks of.
fn runs() -> InstanceType {
    use PrimitiveValType::{S64, String, U32};
    let mut runs = InstanceType::new();
    let mut next = 0;
    // Each is defined and then named; by its name it is used.
    let mut named = |name: &str, define: &dyn Fn(ComponentDefinedTypeEncoder<'_>)| {
        define(runs.ty().defined_type());
        runs.export(name, ComponentTypeRef::Type(TypeBounds::Eq(next)));
        next += 2;
        ComponentValType::Type(next - 1)
    };
    let text = ComponentValType::Primitive(String);
    let window = named("window", &|ty| ty.record([("start", text), ("end", text)]));
    named("context", &|ty| {
        ty.record([
            ("id", text),
            ("export", text),
            ("tenant", text),
            ("tenant-id", ComponentValType::Primitive(S64)),
            ("timezone", text),
            ("window", window),
            ("attempt", ComponentValType::Primitive(U32)),
        ]);
    });
    named("summary", &|ty| ty.record([("message", text)]));
    let kind = named("failure-kind", &|ty| ty.enum_type(["refused", "transient"]));
    let reasons = named("reasons", &|ty| ty.list(text));
    named("failure", &|ty| ty.record([("kind", kind), ("message", text), ("reasons", reasons)]));
    runs
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
    for _ in &parts.functions {
        functions.function(NUMBER);
    }
    let mut tables = TableSection::new();
    for minimum in parts.tables {
        tables.table(TableType {
            element_type: RefType::FUNCREF,
            minimum,
            maximum: None,
            table64: false,
            shared: false,
        });
    }
    let memory = |minimum| MemoryType { minimum, maximum: None, memory64: false, shared: false, page_size_log2: None };
    let mut memories = MemorySection::new();
    memories.memory(memory(parts.pages.max(1)));
    for _ in 0..parts.memories {
        memories.memory(memory(1));
    }
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
    for function in &parts.functions {
        code.function(function);
    }
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
    if let Some(start) = &start {
        module.section(start);
    }
    module.section(&code).section(&data);
    module
}

/// A function that jumps to each of so many blocks, and in each changes one of so many variables: small to write, and
/// every variable may come from everywhere.
pub fn jumps(blocks: u32, variables: u32) -> Function {
    let mut function = Function::new([(variables, ValType::I32)]);
    let mut sink = function.instructions();
    sink.loop_(BlockType::Empty);
    for _ in 0..blocks {
        sink.block(BlockType::Empty);
    }
    sink.local_get(0).br_table(0..blocks, 0).end();
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
    for _ in 0..blocks {
        sink.block(BlockType::Result(ValType::I32));
    }
    sink.local_get(0);
    for _ in 0..blocks {
        sink.end();
    }
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
