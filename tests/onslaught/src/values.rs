//! Arguments that are as long as they can be, on the stack or in memory.

use std::collections::HashMap;

use wasm_encoder::{BlockType, Function as Code, InstructionSink, ValType};
use wit_parser::abi::{FlatTypes, WasmType};
use wit_parser::{Function, Handle, Int, Resolve, SizeAlign, Type, TypeDefKind, TypeId, TypeOwner, Variant};

use crate::Much;
use crate::module::{Import, MOST_HANDLES, Places, at, signed, values};

/// How each resource is come by: its name, and the function that answers one.
const SOURCES: &[(&str, &str)] = &[
    ("upload", "[constructor]upload"),
    ("download", "get-recording"),
    ("file", "create"),
    ("bucket", "open"),
    ("cas", "[static]cas.new"),
    ("pollable", "subscribe-duration"),
    ("input-stream", "get-stdin"),
    ("output-stream", "get-stdout"),
    ("network", "instance-network"),
];

/// Functions that cannot be called, and why not: what they need never comes to a plugin.
const UNREACHABLE: &[(&str, &str)] = &[
    ("[method]error.to-debug-string", "its streams do not fail"),
    ("[method]resolve-address-stream.resolve-next-address", "names are not looked up"),
    ("[method]resolve-address-stream.subscribe", "names are not looked up"),
];

/// What an element of a list takes at least where the host holds it, in bytes, for each value in it.
const HELD: u32 = 48;
/// A text that is long enough to be one.
const SHORT: u32 = 4;

/// Writes the calls.
#[derive(Clone, Copy)]
pub struct Caller<'a> {
    pub resolve: &'a Resolve,
    pub sizes: &'a SizeAlign,
    pub imports: &'a [Import],
    pub places: Places,
    pub much: Much,
}

/// The arguments of one call, while they are written.
struct Arguments<'a, 's, 'c> {
    caller: Caller<'a>,
    sink: &'s mut InstructionSink<'c>,
    /// The locals that hold handles, by their resource.
    handles: &'s HashMap<TypeId, u32>,
    /// How many bytes each long value has.
    each: u32,
    /// Whether the first has all of them.
    first: bool,
    /// A local for counting.
    counter: u32,
}

impl<'a> Caller<'a> {
    /// A function that makes the call; none can be made where what it takes never comes to a plugin.
    pub fn call(self, import: &Import) -> Code {
        let mut wanted = Vec::new();
        let is_reachable = self.resources(&import.function, &mut wanted);
        let mut code = Code::new([(u32::try_from(wanted.len()).unwrap() + 1, ValType::I32)]);
        let mut sink = code.instructions();
        if is_reachable {
            let counter = u32::try_from(wanted.len()).unwrap();
            let mut handles = HashMap::new();
            for (local, resource) in (0..).zip(&wanted) {
                self.get(*resource, local, counter, &handles, &mut sink);
                handles.insert(*resource, local);
            }
            let longs: u32 = import.function.params.iter().map(|param| self.longs(&param.ty)).sum();
            let each = if self.much.first { self.much.bytes } else { self.much.bytes / longs.max(1) };
            self.begun(import, (each, self.much.first), counter, &handles, &mut sink);
            for _ in &import.signature.results {
                sink.drop();
            }
        }
        sink.end();
        code
    }

    /// A function that calls the raw door for this operation, with an `id` of all the bytes there are.
    pub fn with_id(self, raw: &Import, operation: &str) -> Code {
        let (name, id, pair) = (self.places.arguments, self.places.arguments + 256, self.places.arguments + 512);
        let mut code = Code::new([]);
        let mut sink = code.instructions();
        for (place, text) in [(name, operation), (id, "id")] {
            for (offset, byte) in (0..).zip(text.bytes()) {
                sink.i32_const(signed(place)).i32_const(byte.into()).i32_store8(at(offset, 0));
            }
        }
        let words = [id, 2, self.places.text, self.much.bytes];
        for (offset, word) in (0..).step_by(4).zip(words) {
            sink.i32_const(signed(pair)).i32_const(signed(word)).i32_store(at(offset, 2));
        }
        sink.i32_const(signed(name))
            .i32_const(i32::try_from(operation.len()).unwrap())
            .i32_const(signed(pair))
            .i32_const(1)
            // No body.
            .i32_const(0)
            .i32_const(0)
            .i32_const(0)
            .i32_const(signed(self.places.answer))
            .call(self.index(raw))
            .end();
        code
    }

    fn index(self, import: &Import) -> u32 {
        let is_it = |other: &Import| std::ptr::eq(other, import);
        u32::try_from(self.imports.iter().position(is_it).unwrap()).unwrap()
    }

    fn begun(
        self,
        import: &Import,
        (each, first): (u32, bool),
        counter: u32,
        handles: &HashMap<TypeId, u32>,
        sink: &mut InstructionSink<'_>,
    ) {
        let types: Vec<Type> = import.function.params.iter().map(|param| param.ty).collect();
        let mut arguments = Arguments { caller: self, sink, handles, each, first, counter };
        if import.signature.indirect_params {
            for (offset, ty) in self.sizes.field_offsets(types.iter()) {
                arguments.store(ty, u32::try_from(offset.size_wasm32()).unwrap());
            }
            arguments.sink.i32_const(signed(self.places.arguments));
        } else {
            types.iter().for_each(|ty| arguments.push(ty));
        }
        if import.signature.retptr {
            sink.i32_const(signed(self.places.answer));
        }
        sink.call(self.index(import));
    }

    /// Puts a resource into a local. A call that gives none makes the caller return.
    fn get(
        self,
        resource: TypeId,
        local: u32,
        counter: u32,
        handles: &HashMap<TypeId, u32>,
        sink: &mut InstructionSink<'_>,
    ) {
        let Some(import) = self.source(resource) else { return };
        self.begun(import, (SHORT, false), counter, handles, sink);
        if !import.signature.retptr {
            sink.local_set(local);
            return;
        }
        // A result: its first byte says whether it is one, the resource follows.
        let place = signed(self.places.answer);
        sink.i32_const(place).i32_load8_u(at(0, 0)).if_(BlockType::Empty).return_().end();
        sink.i32_const(place).i32_load(at(4, 2)).local_set(local);
    }

    /// The function that answers a resource; none where it is not among those that are imported.
    fn source(self, resource: TypeId) -> Option<&'a Import> {
        let definition = &self.resolve.types[resource];
        let name = definition.name.as_deref().unwrap();
        let function = match name.strip_suffix("-pager") {
            Some(operation) => format!("{operation}-pages"),
            None => {
                let source = SOURCES.iter().find(|(resource, _)| *resource == name);
                source.unwrap_or_else(|| panic!("nobody has said in SOURCES how a plugin gets a `{name}`")).1.to_owned()
            }
        };
        let home = match definition.owner {
            TypeOwner::Interface(id) if name.ends_with("-pager") => self.resolve.id_of(id),
            _ => None,
        };
        let is_home = |import: &&Import| home.as_ref().is_none_or(|home| *home == import.interface);
        self.imports.iter().filter(is_home).find(|import| import.function.name == function)
    }

    /// The resources that a function takes, each after those that it takes to get it; whether all can be had.
    fn resources(self, function: &Function, wanted: &mut Vec<TypeId>) -> bool {
        if UNREACHABLE.iter().any(|(name, _)| *name == function.name) {
            return false;
        }
        let mut taken = Vec::new();
        function.params.iter().for_each(|param| self.taken(&param.ty, &mut taken));
        taken.into_iter().all(|resource| {
            if wanted.contains(&resource) {
                return true;
            }
            let Some(source) = self.source(resource) else { return false };
            let can_be_had = self.resources(&source.function, wanted);
            wanted.push(resource);
            can_be_had
        })
    }

    fn taken(self, ty: &Type, taken: &mut Vec<TypeId>) {
        let Type::Id(id) = ty else { return };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Handle(Handle::Own(resource) | Handle::Borrow(resource)) => taken.push(self.named(*resource)),
            TypeDefKind::Record(record) => record.fields.iter().for_each(|field| self.taken(&field.ty, taken)),
            TypeDefKind::Tuple(tuple) => tuple.types.iter().for_each(|ty| self.taken(ty, taken)),
            TypeDefKind::List(ty) | TypeDefKind::Option(ty) | TypeDefKind::Type(ty) => self.taken(ty, taken),
            _ => {}
        }
    }

    /// A resource by its own definition, whatever it is called where it is used.
    fn named(self, resource: TypeId) -> TypeId {
        match self.resolve.types[resource].kind {
            TypeDefKind::Type(Type::Id(id)) => self.named(id),
            _ => resource,
        }
    }

    /// How many values of a type can be long.
    fn longs(self, ty: &Type) -> u32 {
        let Type::Id(id) = ty else { return u32::from(matches!(ty, Type::String)) };
        match &self.resolve.types[*id].kind {
            TypeDefKind::List(_) => 1,
            TypeDefKind::Record(record) => record.fields.iter().map(|field| self.longs(&field.ty)).sum(),
            TypeDefKind::Tuple(tuple) => tuple.types.iter().map(|ty| self.longs(ty)).sum(),
            TypeDefKind::Option(ty) | TypeDefKind::Type(ty) => self.longs(ty),
            TypeDefKind::Variant(variant) => chosen(variant).1.map_or(0, |ty| self.longs(&ty)),
            _ => 0,
        }
    }

    /// How many values there are in a value of zeros.
    fn held(self, ty: &Type) -> u32 {
        let Type::Id(id) = ty else { return 1 };
        match &self.resolve.types[*id].kind {
            TypeDefKind::Record(record) => 1 + record.fields.iter().map(|field| self.held(&field.ty)).sum::<u32>(),
            TypeDefKind::Tuple(tuple) => 1 + tuple.types.iter().map(|ty| self.held(ty)).sum::<u32>(),
            TypeDefKind::Type(ty) => self.held(ty),
            _ => 1,
        }
    }

    fn flat(self, ty: &Type) -> Vec<WasmType> {
        let mut types = [WasmType::I32; 4096];
        let mut flat = FlatTypes::new(&mut types);
        assert!(self.resolve.push_flat(ty, &mut flat), "a type of more than 4096 core values");
        flat.to_vec()
    }

    /// Where the elements of a list are, and how many fit into so many bytes as the host holds them.
    fn list(self, element: &Type, bytes: u32) -> (u32, u32) {
        let size = u32::try_from(self.sizes.size(element).size_wasm32()).unwrap().max(1);
        let held = if matches!(element, Type::U8) { 1 } else { HELD * self.held(element) };
        (self.places.zeros, (bytes / held).min(bytes / size))
    }
}

impl Arguments<'_, '_, '_> {
    /// The local of a handle.
    fn handle(&self, handle: &Handle) -> u32 {
        let (Handle::Own(resource) | Handle::Borrow(resource)) = handle;
        self.handles[&self.caller.named(*resource)]
    }

    /// How long the next long value is.
    fn length(&mut self) -> u32 {
        if self.first { std::mem::replace(&mut self.each, SHORT) } else { self.each }
    }

    /// A list of one and the same handle: where it is, and how many it has.
    fn handles(&mut self, handle: &Handle) -> (u32, u32) {
        let (local, count) = (self.handle(handle), (self.length() / HELD).clamp(1, MOST_HANDLES));
        self.sink
            .i32_const(signed(self.caller.places.handles))
            .local_set(self.counter)
            .loop_(BlockType::Empty)
            .local_get(self.counter)
            .local_get(local)
            .i32_store(at(0, 2))
            .local_get(self.counter)
            .i32_const(4)
            .i32_add()
            .local_tee(self.counter)
            .i32_const(signed(self.caller.places.handles + count * 4))
            .i32_lt_u()
            .br_if(0)
            .end();
        (self.caller.places.handles, count)
    }

    fn long(&mut self, element: &Type) -> (u32, u32) {
        let handle = match element {
            Type::Id(id) => match &self.caller.resolve.types[*id].kind {
                TypeDefKind::Handle(handle) => Some(*handle),
                _ => None,
            },
            _ => None,
        };
        match handle {
            Some(handle) => self.handles(&handle),
            None => {
                let length = self.length();
                self.caller.list(element, length)
            }
        }
    }

    /// Pushes a value onto the stack.
    fn push(&mut self, ty: &Type) {
        let Type::Id(id) = ty else { return self.push_plain(ty) };
        match &self.caller.resolve.types[*id].kind {
            TypeDefKind::Type(ty) => self.push(ty),
            TypeDefKind::Record(record) => record.fields.iter().for_each(|field| self.push(&field.ty)),
            TypeDefKind::Tuple(tuple) => tuple.types.iter().for_each(|ty| self.push(ty)),
            TypeDefKind::List(element) => {
                let (place, count) = self.long(element);
                self.sink.i32_const(signed(place)).i32_const(signed(count));
            }
            TypeDefKind::Option(ty) => {
                self.sink.i32_const(1);
                self.push(ty);
            }
            TypeDefKind::Variant(variant) => {
                let (case, payload) = chosen(variant);
                self.sink.i32_const(case);
                let whole = self.caller.flat(ty);
                let given = payload.map(|ty| self.caller.flat(&ty)).unwrap_or_default();
                assert_eq!(whole[1..=given.len()], given, "a case whose values are not those of the variant");
                payload.iter().for_each(|ty| self.push(ty));
                whole[1 + given.len()..].iter().for_each(|ty| self.push_zero(*ty));
            }
            TypeDefKind::Enum(_) | TypeDefKind::Flags(_) => drop(self.sink.i32_const(0)),
            TypeDefKind::Handle(handle) => drop(self.sink.local_get(self.handle(handle))),
            other => panic!("nobody has said how to pass a {}", other.as_str()),
        }
    }

    fn push_plain(&mut self, ty: &Type) {
        match ty {
            Type::String => {
                let length = self.length();
                self.sink.i32_const(signed(self.caller.places.text)).i32_const(signed(length));
            }
            // What is asked for: bytes, places, how long to wait.
            Type::U64 => drop(self.sink.i64_const(self.caller.much.bytes.into())),
            Type::U32 => drop(self.sink.i32_const(-1)),
            Type::S64 => drop(self.sink.i64_const(1)),
            Type::F32 => drop(self.sink.f32_const(1.0_f32.into())),
            Type::F64 => drop(self.sink.f64_const(1.0_f64.into())),
            _ => drop(self.sink.i32_const(1)),
        }
    }

    fn push_zero(&mut self, ty: WasmType) {
        match values(&[ty])[0] {
            ValType::I64 => drop(self.sink.i64_const(0)),
            ValType::F32 => drop(self.sink.f32_const(0.0_f32.into())),
            ValType::F64 => drop(self.sink.f64_const(0.0_f64.into())),
            _ => drop(self.sink.i32_const(0)),
        }
    }

    /// Writes a value into the memory of arguments.
    fn store(&mut self, ty: &Type, place: u32) {
        let base = signed(self.caller.places.arguments);
        let Type::Id(id) = ty else {
            match ty {
                Type::String => {
                    let (text, length) = (signed(self.caller.places.text), self.length());
                    self.sink.i32_const(base).i32_const(text).i32_store(at(place, 2));
                    self.sink.i32_const(base).i32_const(signed(length)).i32_store(at(place + 4, 2));
                    return;
                }
                Type::Bool | Type::U8 | Type::S8 => self.sink.i32_const(base).i32_const(1).i32_store8(at(place, 0)),
                Type::U16 | Type::S16 => self.sink.i32_const(base).i32_const(1).i32_store16(at(place, 1)),
                Type::S64 | Type::U64 => self.sink.i32_const(base).i64_const(1).i64_store(at(place, 3)),
                Type::F32 => self.sink.i32_const(base).f32_const(1.0_f32.into()).f32_store(at(place, 2)),
                Type::F64 => self.sink.i32_const(base).f64_const(1.0_f64.into()).f64_store(at(place, 3)),
                _ => self.sink.i32_const(base).i32_const(1).i32_store(at(place, 2)),
            };
            return;
        };
        let caller = self.caller;
        let offsets = |types: Vec<Type>| -> Vec<(u32, Type)> {
            let fields = caller.sizes.field_offsets(types.iter());
            fields.into_iter().map(|(at, ty)| (u32::try_from(at.size_wasm32()).unwrap(), *ty)).collect()
        };
        match &caller.resolve.types[*id].kind {
            TypeDefKind::Type(ty) => self.store(ty, place),
            TypeDefKind::Record(record) => {
                for (offset, ty) in offsets(record.fields.iter().map(|field| field.ty).collect()) {
                    self.store(&ty, place + offset);
                }
            }
            TypeDefKind::Tuple(tuple) => {
                offsets(tuple.types.clone()).iter().for_each(|(offset, ty)| self.store(ty, place + offset));
            }
            TypeDefKind::List(element) => {
                let (elements, count) = self.long(element);
                self.sink.i32_const(base).i32_const(signed(elements)).i32_store(at(place, 2));
                self.sink.i32_const(base).i32_const(signed(count)).i32_store(at(place + 4, 2));
            }
            TypeDefKind::Option(ty) => {
                self.sink.i32_const(base).i32_const(1).i32_store8(at(place, 0));
                let payload = caller.sizes.payload_offset(Int::U8, [None, Some(ty)]);
                self.store(ty, place + u32::try_from(payload.size_wasm32()).unwrap());
            }
            TypeDefKind::Variant(variant) => {
                let (case, payload) = chosen(variant);
                self.sink.i32_const(base).i32_const(case).i32_store8(at(place, 0));
                assert!(variant.cases.len() <= 256, "a variant of many cases");
                let cases = variant.cases.iter().map(|case| case.ty.as_ref());
                let offset = caller.sizes.payload_offset(variant.tag(), cases);
                if let Some(ty) = payload {
                    self.store(&ty, place + u32::try_from(offset.size_wasm32()).unwrap());
                }
            }
            TypeDefKind::Enum(_) | TypeDefKind::Flags(_) => {
                self.sink.i32_const(base).i32_const(0).i32_store8(at(place, 0));
            }
            TypeDefKind::Handle(handle) => {
                let local = self.handle(handle);
                self.sink.i32_const(base).local_get(local).i32_store(at(place, 2));
            }
            other => panic!("nobody has said how to pass a {}", other.as_str()),
        }
    }
}

/// The case of a variant that takes the most: one that holds a text, or else the first.
fn chosen(variant: &Variant) -> (i32, Option<Type>) {
    let holds = |case: &&wit_parser::Case| matches!(case.ty, Some(Type::String));
    let case = variant.cases.iter().find(holds).unwrap_or(&variant.cases[0]);
    let index = variant.cases.iter().position(|other| other.name == case.name).unwrap();
    (i32::try_from(index).unwrap(), case.ty)
}
