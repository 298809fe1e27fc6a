//! Arguments: from a component's stack or memory to [`Value`]s.

use std::slice::Iter;

use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext};
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, ResourceAny};
use wasmtime::{Result, ValRaw, bail};

use tradewire_workers::off_worker;

/// A value as a component gave it: by position, without names. A plan knows what it means.
#[derive(Debug)]
pub(crate) enum Value {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(String),
    Option(Option<Box<Value>>),
    List(Vec<Value>),
    Record(Vec<Value>),
    Case(u32, Option<Box<Value>>),
    Resource(ResourceAny),
}

impl Value {
    /// About how many bytes they are, as far as it takes to know that it is much.
    pub fn weight(values: &[Value]) -> usize {
        /// Nobody needs to know more.
        const MUCH: usize = 1 << 20;
        let mut sum = 0;
        for value in values {
            sum += size_of::<Value>();
            sum += match value {
                Value::Text(text) => text.len(),
                Value::Option(Some(inner)) | Value::Case(_, Some(inner)) => Value::weight(std::slice::from_ref(inner)),
                Value::List(values) | Value::Record(values) => Value::weight(values),
                _ => 0,
            };
            if sum > MUCH {
                break;
            }
        }
        sum
    }
}

/// The arguments of a call that are `N` flat values on the stack; `N` is 0 where they are passed in memory.
pub(crate) struct Arguments<const N: usize>(pub Vec<Value>);

// SAFETY: see the module's documentation.
unsafe impl<const N: usize> ComponentType for Arguments<N> {
    type Lower = [ValRaw; N];

    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        match types.types.canonical_abi(ty).flat_count(MAX_FLAT_PARAMS) {
            Some(flat) if flat != N => bail!("{N} flat values are expected, the component passes {flat}"),
            _ => Ok(()),
        }
    }
}

/// More flat values than these are passed in memory (component model, canonical ABI).
pub(crate) const MAX_FLAT_PARAMS: usize = 16;

// SAFETY: a host function's parameters are a named list; see the module's documentation.
unsafe impl<const N: usize> ComponentNamedList for Arguments<N> {}

// SAFETY: see the module's documentation.
unsafe impl<const N: usize> Lift for Arguments<N> {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &[ValRaw; N]) -> Result<Self> {
        let InterfaceType::Tuple(index) = ty else { bail!("parameters are not a tuple") };
        let mut src = src.iter();
        let types = cx.types.clone();
        types[index].types.iter().map(|ty| from_flat(cx, *ty, &mut src)).collect::<Result<_>>().map(Arguments)
    }

    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        // `ABI` says zero bytes, so `bytes` is empty; where it begins is where wasmtime has checked the parameters to be.
        let memory = cx.memory();
        let offset = (bytes.as_ptr() as usize).wrapping_sub(memory.as_ptr() as usize);
        match from_memory(cx, ty, offset)? {
            Value::Record(values) => Ok(Arguments(values)),
            _ => bail!("parameters are not a tuple"),
        }
    }
}

fn next<'a>(src: &mut Iter<'a, ValRaw>) -> Result<&'a ValRaw> {
    src.next().ok_or_else(|| wasmtime::format_err!("too few flat values"))
}

fn from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &mut Iter<'_, ValRaw>) -> Result<Value> {
    let types = cx.types;
    Ok(match ty {
        InterfaceType::Bool => Value::Bool(bool::linear_lift_from_flat(cx, ty, next(src)?)?),
        InterfaceType::S32 => Value::Int(i32::linear_lift_from_flat(cx, ty, next(src)?)?.into()),
        InterfaceType::S64 => Value::Int(i64::linear_lift_from_flat(cx, ty, next(src)?)?),
        InterfaceType::U8 => Value::Uint(u8::linear_lift_from_flat(cx, ty, next(src)?)?.into()),
        InterfaceType::U16 => Value::Uint(u16::linear_lift_from_flat(cx, ty, next(src)?)?.into()),
        InterfaceType::U32 => Value::Uint(u32::linear_lift_from_flat(cx, ty, next(src)?)?.into()),
        InterfaceType::U64 => Value::Uint(u64::linear_lift_from_flat(cx, ty, next(src)?)?),
        InterfaceType::Float64 => Value::Float(f64::linear_lift_from_flat(cx, ty, next(src)?)?),
        InterfaceType::String => {
            let pair = [*next(src)?, *next(src)?];
            Value::Text(String::linear_lift_from_flat(cx, ty, &pair)?)
        }
        InterfaceType::List(list) => {
            let (pointer, length) = (next(src)?.get_u32(), next(src)?.get_u32());
            list_from_memory(cx, types[list].element, pointer as usize, length as usize)?
        }
        InterfaceType::Record(record) => {
            let fields = &types[record].fields;
            cx.consume_fuel_array(fields.len(), size_of::<Value>())?;
            Value::Record(fields.iter().map(|f| from_flat(cx, f.ty, src)).collect::<Result<_>>()?)
        }
        InterfaceType::Tuple(tuple) => {
            let parts = &types[tuple].types;
            cx.consume_fuel_array(parts.len(), size_of::<Value>())?;
            Value::Record(parts.iter().map(|ty| from_flat(cx, *ty, src)).collect::<Result<_>>()?)
        }
        InterfaceType::Variant(_) | InterfaceType::Enum(_) | InterfaceType::Option(_) => {
            let slots = types.canonical_abi(&ty).flat_count(usize::MAX).unwrap_or(1);
            let (head, rest) =
                src.as_slice().split_at_checked(slots).ok_or_else(|| wasmtime::format_err!("too few flat values"))?;
            *src = rest.iter();
            let case = head[0].get_u32();
            let mut payload = head[1..].iter();
            match payload_type(cx, ty, case)? {
                Some(ty) => chosen(cx, ty.0, case, |cx| from_flat(cx, ty.1, &mut payload))?,
                None => none_chosen(ty, case),
            }
        }
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            Value::Resource(ResourceAny::linear_lift_from_flat(cx, ty, next(src)?)?)
        }
        _ => bail!("a parameter of a type that no operation has"),
    })
}

fn from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, offset: usize) -> Result<Value> {
    let types = cx.types;
    let abi = types.canonical_abi(&ty);
    let memory = cx.memory();
    let bytes = memory
        .get(offset..)
        .and_then(|m| m.get(..abi.size32 as usize))
        .ok_or_else(|| wasmtime::format_err!("a pointer is out of bounds"))?;
    Ok(match ty {
        InterfaceType::Bool => Value::Bool(bool::linear_lift_from_memory(cx, ty, bytes)?),
        InterfaceType::S32 => Value::Int(i32::linear_lift_from_memory(cx, ty, bytes)?.into()),
        InterfaceType::S64 => Value::Int(i64::linear_lift_from_memory(cx, ty, bytes)?),
        InterfaceType::U8 => Value::Uint(u8::linear_lift_from_memory(cx, ty, bytes)?.into()),
        InterfaceType::U16 => Value::Uint(u16::linear_lift_from_memory(cx, ty, bytes)?.into()),
        InterfaceType::U32 => Value::Uint(u32::linear_lift_from_memory(cx, ty, bytes)?.into()),
        InterfaceType::U64 => Value::Uint(u64::linear_lift_from_memory(cx, ty, bytes)?),
        InterfaceType::Float64 => Value::Float(f64::linear_lift_from_memory(cx, ty, bytes)?),
        InterfaceType::String => Value::Text(String::linear_lift_from_memory(cx, ty, bytes)?),
        InterfaceType::List(list) => {
            let word =
                |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize;
            list_from_memory(cx, types[list].element, word(0), word(4))?
        }
        InterfaceType::Record(record) => fields_from_memory(cx, types[record].fields.iter().map(|f| f.ty), offset)?,
        InterfaceType::Tuple(tuple) => fields_from_memory(cx, types[tuple].types.iter().copied(), offset)?,
        InterfaceType::Variant(_) | InterfaceType::Enum(_) | InterfaceType::Option(_) => {
            let info = match ty {
                InterfaceType::Variant(i) => &types[i].info,
                InterfaceType::Enum(i) => &types[i].info,
                InterfaceType::Option(i) => &types[i].info,
                _ => bail!("not a variant"),
            };
            let mut case = [0; 4];
            let width = usize::from(info.size);
            case[..width].copy_from_slice(&bytes[..width]);
            let case = u32::from_le_bytes(case);
            let payload = offset + info.payload_offset32 as usize;
            match payload_type(cx, ty, case)? {
                Some(ty) => chosen(cx, ty.0, case, |cx| from_memory(cx, ty.1, payload))?,
                None => none_chosen(ty, case),
            }
        }
        InterfaceType::Own(_) | InterfaceType::Borrow(_) => {
            Value::Resource(ResourceAny::linear_lift_from_memory(cx, ty, bytes)?)
        }
        _ => bail!("a parameter of a type that no operation has"),
    })
}

fn fields_from_memory(
    cx: &mut LiftContext<'_>,
    fields: impl ExactSizeIterator<Item = InterfaceType>,
    base: usize,
) -> Result<Value> {
    let types = cx.types;
    cx.consume_fuel_array(fields.len(), size_of::<Value>())?;
    let mut offset = 0;
    fields
        .map(|ty| {
            let at = types.canonical_abi(&ty).next_field32_size(&mut offset);
            from_memory(cx, ty, base + at)
        })
        .collect::<Result<_>>()
        .map(Value::Record)
}

fn list_from_memory(cx: &mut LiftContext<'_>, element: InterfaceType, pointer: usize, length: usize) -> Result<Value> {
    let abi = cx.types.canonical_abi(&element);
    let size = abi.size32 as usize;
    cx.consume_fuel_array(length, size_of::<Value>())?;
    if !pointer.is_multiple_of(abi.align32 as usize) {
        bail!("a list's pointer is not aligned");
    }
    let end = length.checked_mul(size).and_then(|bytes| bytes.checked_add(pointer));
    if end.is_none_or(|end| end > cx.memory().len()) {
        bail!("a list's pointer is out of bounds");
    }
    off_worker(length.saturating_mul(size_of::<Value>()), || {
        (0..length).map(|i| from_memory(cx, element, pointer + i * size)).collect::<Result<_>>().map(Value::List)
    })
}

/// The type of the payload of a case, and whether the whole is an option. Errors where there is no such case.
fn payload_type(cx: &LiftContext<'_>, ty: InterfaceType, case: u32) -> Result<Option<(bool, InterfaceType)>> {
    let no_case = || wasmtime::format_err!("a discriminant is out of range");
    match ty {
        InterfaceType::Option(i) => match case {
            0 => Ok(None),
            1 => Ok(Some((true, cx.types[i].ty))),
            _ => Err(no_case()),
        },
        InterfaceType::Variant(i) => {
            let (_, payload) = cx.types[i].cases.get_index(case as usize).ok_or_else(no_case)?;
            Ok(payload.map(|ty| (false, ty)))
        }
        InterfaceType::Enum(i) if (case as usize) < cx.types[i].names.len() => Ok(None),
        _ => Err(no_case()),
    }
}

fn chosen(
    cx: &mut LiftContext<'_>,
    option: bool,
    case: u32,
    payload: impl FnOnce(&mut LiftContext<'_>) -> Result<Value>,
) -> Result<Value> {
    cx.consume_fuel(size_of::<Value>())?;
    let payload = Some(Box::new(payload(cx)?));
    Ok(if option { Value::Option(payload) } else { Value::Case(case, payload) })
}

fn none_chosen(ty: InterfaceType, case: u32) -> Value {
    if matches!(ty, InterfaceType::Option(_)) { Value::Option(None) } else { Value::Case(case, None) }
}
