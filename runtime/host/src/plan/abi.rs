//! Sizes and alignments of the canonical ABI (component model, 32-bit memories).

use wasmtime::component::types::Type;

/// The size and alignment of a type in memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub size: u32,
    pub align: u32,
}

impl Layout {
    const fn scalar(size: u32) -> Layout {
        Layout { size, align: size }
    }

    /// The layout of a type.
    pub fn of(ty: &Type) -> Layout {
        match ty {
            Type::Bool | Type::S8 | Type::U8 => Layout::scalar(1),
            Type::S16 | Type::U16 => Layout::scalar(2),
            Type::S32 | Type::U32 | Type::Float32 | Type::Char => Layout::scalar(4),
            Type::S64 | Type::U64 | Type::Float64 => Layout::scalar(8),
            Type::String | Type::List(_) | Type::Map(_) => Layout { size: 8, align: 4 },
            Type::Record(record) => Layout::fields(record.fields().map(|f| Layout::of(&f.ty))).0,
            Type::Tuple(tuple) => Layout::fields(tuple.types().map(|t| Layout::of(&t))).0,
            Type::Variant(variant) => {
                Layout::variant(variant.cases().len(), variant.cases().filter_map(|c| c.ty).map(|t| Layout::of(&t))).0
            }
            Type::Enum(cases) => Layout::scalar(discriminant_size(cases.names().len())),
            Type::Option(option) => Layout::variant(2, [Layout::of(&option.ty())]).0,
            Type::Result(result) => {
                Layout::variant(2, [result.ok(), result.err()].into_iter().flatten().map(|t| Layout::of(&t))).0
            }
            Type::Flags(flags) => match flags.names().len() {
                0..=8 => Layout::scalar(1),
                9..=16 => Layout::scalar(2),
                n => Layout { size: 4 * u32::try_from(n.div_ceil(32)).unwrap_or(u32::MAX / 4), align: 4 },
            },
            Type::FixedLengthList(list) => {
                let item = Layout::of(&list.ty());
                Layout { size: item.size.saturating_mul(list.len()), align: item.align }
            }
            Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => {
                Layout::scalar(4)
            }
        }
    }

    /// The layout of fields side by side, and where each begins.
    pub fn fields(fields: impl IntoIterator<Item = Layout>) -> (Layout, Vec<u32>) {
        let mut whole = Layout { size: 0, align: 1 };
        let mut offsets = Vec::new();
        for field in fields {
            let offset = align_to(whole.size, field.align);
            offsets.push(offset);
            whole = Layout { size: offset + field.size, align: whole.align.max(field.align) };
        }
        whole.size = align_to(whole.size, whole.align);
        (whole, offsets)
    }

    /// The layout of one of several payloads behind a discriminant, and where the payload begins.
    pub fn variant(cases: usize, payloads: impl IntoIterator<Item = Layout>) -> (Layout, u32) {
        let discriminant = discriminant_size(cases);
        let (mut size, mut align) = (0, 1);
        for payload in payloads {
            size = payload.size.max(size);
            align = payload.align.max(align);
        }
        let offset = align_to(discriminant, align);
        let align = align.max(discriminant);
        (Layout { size: align_to(offset + size, align), align }, offset)
    }
}

/// The bytes that tell `cases` cases apart.
pub(crate) fn discriminant_size(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

fn align_to(offset: u32, align: u32) -> u32 {
    offset.next_multiple_of(align.max(1))
}

/// How many core values arguments of these types take when they are passed flat.
pub(crate) fn flat_count(ty: &Type) -> usize {
    match ty {
        Type::String | Type::List(_) | Type::Map(_) => 2,
        Type::Record(record) => record.fields().map(|f| flat_count(&f.ty)).sum(),
        Type::Tuple(tuple) => tuple.types().map(|t| flat_count(&t)).sum(),
        Type::Variant(variant) => 1 + variant.cases().filter_map(|c| c.ty).map(|t| flat_count(&t)).max().unwrap_or(0),
        Type::Option(option) => 1 + flat_count(&option.ty()),
        Type::Result(result) => {
            1 + [result.ok(), result.err()].into_iter().flatten().map(|t| flat_count(&t)).max().unwrap_or(0)
        }
        Type::Flags(flags) => flags.names().len().div_ceil(32),
        Type::FixedLengthList(list) => flat_count(&list.ty()).saturating_mul(list.len() as usize),
        _ => 1,
    }
}
