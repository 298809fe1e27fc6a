//! Writes a plugin that hands whatever its memory holds to every import, and takes whatever comes back.
//!
//!     tradewire-fuzz-engine <folder of the contract> <component to write>
//!
//! The component is a plugin of the world `tradewire:plugin/plugin` that imports all of `servicetitan:*` besides. When it
//! is run, it asks `wasi:keyvalue/store` for a value, which is its memory from [`IMAGE`] on, and reads there which imports
//! to call with which flat arguments: pointers, lengths, handles and discriminants are as they come.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use wasm_encoder::{
    CodeSection, ConstExpr, ElementSection, Elements, EntityType, ExportKind, ExportSection, Function, FunctionSection,
    GlobalSection, GlobalType, ImportSection, MemArg, MemorySection, MemoryType, Module, RefType, TableSection,
    TableType, TypeSection, ValType,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::abi::{AbiVariant, WasmSignature, WasmType};
use wit_parser::{
    LiftLowerAbi, ManglingAndAbi, Resolve, UnresolvedPackageGroup, WasmExport, WasmExportKind, WasmImport, WorldId,
    WorldItem,
};

/// Where the run's own answer is: zeros, which say `ok("")`.
const ANSWER: i32 = 0x8000;
/// Where imports write what they answer.
const ANSWERED: i32 = 0x9000;
/// Where the value begins that chooses the calls.
const IMAGE: i32 = 16;
/// A call takes so many bytes of the image: the import's number in two, then 16 arguments of eight each from byte 8 on.
const CALL: i32 = 136;
/// So many calls are made.
const CALLS: i32 = 3;
/// What is allocated after the image begins here, beyond all that is above.
const HEAP: i32 = 0x10000;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [contract, component] = &arguments[..] else { bail!("wanted: the contract's folder, the component's file") };
    let (resolve, world) = world(contract)?;
    let mut module = module(&resolve, world)?.finish();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    let bytes = ComponentEncoder::default().validate(true).module(&module)?.encode()?;
    std::fs::write(component, bytes).with_context(|| component.display().to_string())
}

/// The contract with a world that imports all of it.
fn world(contract: &Path) -> Result<(Resolve, WorldId)> {
    let mut resolve = Resolve::default();
    let mut push = |folder: &Path| -> Result<()> {
        let group = UnresolvedPackageGroup::parse_dir(folder).map_err(|e| anyhow::anyhow!("{e:?}"))?;
        resolve.push_group(group).map_err(|e| anyhow::anyhow!("{}: {e:?}", folder.display()))?;
        Ok(())
    };
    for folder in folders(&contract.join("wasi"))? {
        push(&folder)?;
    }
    let mut surfaces = folders(&contract.join("servicetitan"))?;
    surfaces.sort_by_key(|folder| (!folder.ends_with("api"), folder.clone()));
    surfaces.iter().try_for_each(|folder| push(folder))?;
    push(&contract.join("tradewire"))?;

    let mut source = "package tradewire:fuzz;\nworld all {\n  include tradewire:plugin/plugin@1.0.0;\n".to_owned();
    for (id, interface) in &resolve.interfaces {
        let Some(name) = resolve.id_of(id).filter(|name| name.starts_with("servicetitan:")) else { continue };
        if !interface.functions.is_empty() {
            // A resource may have the name of a keyword.
            source.push_str(&format!("  import {};\n", name.replace('/', "/%")));
        }
    }
    source.push('}');
    let package = resolve.push_str("fuzz.wit", &source).map_err(|e| anyhow::anyhow!("{e:?}"))?;
    let world = resolve.select_world(&[package], Some("all")).map_err(|e| anyhow::anyhow!("{e:?}"))?;
    Ok((resolve, world))
}

fn folders(of: &Path) -> Result<Vec<PathBuf>> {
    let read = std::fs::read_dir(of).with_context(|| of.display().to_string())?;
    let mut folders: Vec<PathBuf> = read.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    Ok(folders)
}

const ABI: ManglingAndAbi = ManglingAndAbi::Legacy(LiftLowerAbi::Sync);

/// An import, as core WebAssembly sees it.
struct Import {
    module: String,
    name: String,
    signature: WasmSignature,
}

fn imports(resolve: &Resolve, world: WorldId) -> Vec<Import> {
    let mut imports = Vec::new();
    for (key, item) in &resolve.worlds[world].imports {
        let WorldItem::Interface { id, .. } = item else { continue };
        for function in resolve.interfaces[*id].functions.values() {
            let import = WasmImport::Func { interface: Some(key), func: function };
            let (module, name) = resolve.wasm_import_name(ABI, import);
            imports.push(Import { module, name, signature: resolve.wasm_signature(AbiVariant::GuestImport, function) });
        }
    }
    imports
}

fn types(types: &[WasmType]) -> Vec<ValType> {
    let core = |ty: &WasmType| match ty {
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
    };
    types.iter().map(core).collect()
}

const fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}

fn module(resolve: &Resolve, world: WorldId) -> Result<Module> {
    let imports = imports(resolve, world);
    let index = |module: &str, name: &str| {
        let found = imports.iter().position(|i| i.module.starts_with(module) && i.name == name);
        found.and_then(|i| u32::try_from(i).ok()).with_context(|| format!("the contract has no {module} {name}"))
    };
    let (open, get) = (index("wasi:keyvalue/store@", "open")?, index("wasi:keyvalue/store@", "[method]bucket.get")?);
    let count = u32::try_from(imports.len())?;

    let mut type_section = TypeSection::new();
    let mut import_section = ImportSection::new();
    for (ty, Import { module, name, signature }) in (0..).zip(&imports) {
        type_section.ty().function(types(&signature.params), types(&signature.results));
        import_section.import(module, name, EntityType::Function(ty));
    }
    // Types of this module's own functions.
    let (call_type, realloc_type, run_type) = (count, count + 1, count + 2);
    type_section.ty().function([ValType::I32], []);
    type_section.ty().function([ValType::I32; 4], [ValType::I32]);
    let run = resolve.worlds[world].exports.iter().find_map(|(key, item)| match item {
        WorldItem::Function(function) => Some((key, function)),
        _ => None,
    });
    let (_, run) = run.context("the world exports no function")?;
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, run);
    type_section.ty().function(types(&signature.params), types(&signature.results));
    let run_name =
        resolve.wasm_export_name(ABI, WasmExport::Func { interface: None, func: run, kind: WasmExportKind::Normal });

    let mut functions = FunctionSection::new();
    for _ in 0..count {
        functions.function(call_type);
    }
    functions.function(realloc_type);
    functions.function(run_type);
    let (realloc, run) = (2 * count, 2 * count + 1);

    let mut tables = TableSection::new();
    let size = u64::from(count);
    let funcref = RefType::FUNCREF;
    tables.table(TableType {
        element_type: funcref,
        minimum: size,
        maximum: Some(size),
        table64: false,
        shared: false,
    });
    let mut elements = ElementSection::new();
    let calls: Vec<u32> = (count..2 * count).collect();
    elements.active(Some(0), &ConstExpr::i32_const(0), Elements::Functions(calls.into()));
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 2, maximum: None, memory64: false, shared: false, page_size_log2: None });
    let mut globals = GlobalSection::new();
    let mutable = GlobalType { val_type: ValType::I32, mutable: true, shared: false };
    globals.global(mutable, &ConstExpr::i32_const(IMAGE));
    let mut exports = ExportSection::new();
    exports.export("memory", ExportKind::Memory, 0);
    exports.export("cabi_realloc", ExportKind::Func, realloc);
    exports.export(&run_name, ExportKind::Func, run);

    let mut code = CodeSection::new();
    for (index, import) in (0..).zip(&imports) {
        code.function(&call(index, &import.signature));
    }
    code.function(&allocate());
    code.function(&run_body(open, get, count, call_type));

    let mut module = Module::new();
    module.section(&type_section).section(&import_section).section(&functions).section(&tables).section(&memories);
    module.section(&globals).section(&exports).section(&elements).section(&code);
    Ok(module)
}

/// `(call) -> ()`: the import with the arguments of the call that stands in memory there.
fn call(index: u32, signature: &WasmSignature) -> Function {
    let mut function = Function::new([]);
    let mut body = function.instructions();
    let params = types(&signature.params);
    for (argument, ty) in (0..).zip(&params) {
        // The last is where the answer goes, and nothing that a guest can get wrong without a trap.
        if signature.retptr && argument + 1 == params.len() as u64 {
            body.i32_const(ANSWERED);
            continue;
        }
        let place = at(8 + 8 * argument);
        body.local_get(0);
        match ty {
            ValType::I64 => body.i64_load(place),
            ValType::F32 => body.f32_load(place),
            ValType::F64 => body.f64_load(place),
            _ => body.i32_load(place),
        };
    }
    body.call(index);
    for _ in &signature.results {
        body.drop();
    }
    body.end();
    function
}

/// `cabi_realloc`: never gives back. The image comes first, everything else from [`HEAP`] on.
fn allocate() -> Function {
    let mut function = Function::new([(1, ValType::I32)]);
    let mut body = function.instructions();
    let (align, size, pointer) = (2, 3, 4);
    // pointer = (next + align - 1) & -align
    body.global_get(0).local_get(align).i32_add().i32_const(1).i32_sub();
    body.i32_const(0).local_get(align).i32_sub().i32_and().local_tee(pointer);
    // next = the end of it, or the heap's begin
    body.local_get(size).i32_add().global_set(0);
    body.global_get(0).i32_const(HEAP).i32_lt_u();
    body.if_(wasm_encoder::BlockType::Empty);
    body.i32_const(HEAP).global_set(0).end();
    // More memory, where that is not enough; a trap, where there is none.
    body.block(wasm_encoder::BlockType::Empty);
    body.global_get(0).memory_size(0).i32_const(16).i32_shl().i32_le_u().br_if(0);
    body.local_get(size).i32_const(16).i32_shr_u().i32_const(1).i32_add().memory_grow(0);
    body.i32_const(-1).i32_ne().br_if(0).unreachable().end();
    body.local_get(pointer).end();
    function
}

/// The run: reads the image, makes its calls, says `ok("")`.
fn run_body(open: u32, get: u32, count: u32, call_type: u32) -> Function {
    // Parameters come first: 14 flat values of the context.
    let next = CONTEXT;
    let mut function = Function::new([(1, ValType::I32)]);
    let mut body = function.instructions();
    // bucket = open("")
    body.i32_const(0).i32_const(0).i32_const(ANSWERED).call(open);
    // The value of the key "" is the image. The context came first, and nobody reads it.
    body.i32_const(IMAGE).global_set(0);
    body.i32_const(ANSWERED).i32_load(at(4)).i32_const(0).i32_const(0).i32_const(ANSWERED).call(get);
    body.i32_const(IMAGE).local_set(next);
    body.loop_(wasm_encoder::BlockType::Empty);
    body.local_get(next);
    body.local_get(next).i32_load16_u(at(0)).i32_const(i32::try_from(count).unwrap_or(i32::MAX)).i32_rem_u();
    body.call_indirect(0, call_type);
    body.local_get(next).i32_const(CALL).i32_add().local_tee(next);
    body.i32_const(IMAGE + CALL * CALLS).i32_lt_u().br_if(0).end();
    body.i32_const(ANSWER).end();
    function
}

/// How many flat values the context of a run is.
const CONTEXT: u32 = 14;
