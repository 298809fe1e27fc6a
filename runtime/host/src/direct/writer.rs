//! Writes JSON into a component's memory, by a plan.
//!
//! Values are laid out in `scratch` first, a stack: a record's bytes stand there while its fields are read, a list's
//! elements until their number is known. Then they are copied to where the component's own allocator wants them.

use std::mem::MaybeUninit;

use jiter::Peek;
use tradewire_text::shown;
use tradewire_workers::off_worker;
use wasmtime::component::__internal::{InterfaceType, LowerContext};
use wasmtime::component::Lower;
use wasmtime::{Error, ValRaw};

use super::document::Document;
use super::fault::{Fault, unexpected};
use crate::limits::Limit;
use crate::plan::{Decode, DecodeKind, Layout, Number, RecordField};

pub(super) struct Writer<'c, 'd, T: 'static> {
    pub cx: &'c mut LowerContext<'d, T>,
    pub scratch: Vec<u8>,
    /// The bytes of the result itself, at the bottom of the stack.
    size: usize,
    /// How many children have followed their record into the list that is being read.
    children: usize,
    /// How deep in children of children.
    depth: usize,
    /// The most bytes that `scratch` may have.
    most: usize,
    /// Up to which byte the plugin let others have their turn.
    paused_at: usize,
}

/// Children of children of children: ServiceTitan's go three or four deep. The host's stack is not the guest's to fill.
const DEEPEST: usize = 100;
/// How deep what no plan asks for may go: as deep as the reader itself goes.
const DEEPEST_SKIPPED: usize = 200;
/// How many bytes of JSON are read at most before others may have their turn. It takes less than a millisecond.
const STRETCH: usize = 64 << 10;

impl<'c, 'd, T: 'static> Writer<'c, 'd, T> {
    pub fn new(cx: &'c mut LowerContext<'d, T>, size: usize, most: usize) -> Self {
        let mut scratch = Vec::with_capacity(16 * 1024);
        scratch.resize(size, 0);
        Writer { cx, scratch, size, children: 0, depth: 0, most, paused_at: 0 }
    }

    /// Forgets what has been laid out.
    pub fn clear(&mut self) {
        self.scratch.truncate(self.size);
        self.scratch.fill(0);
        (self.children, self.depth, self.paused_at) = (0, 0, 0);
    }

    /// Reads a whole document and lays it out at `at`.
    pub fn json(&mut self, json: &[u8], plan: &Decode, at: usize) -> Result<(), Fault> {
        let mut document = Document::new(json);
        let peek = document.peek().map_err(|e| Fault::from(e).within("answer"))?;
        self.value(&mut document, peek, plan, at).map_err(|fault| fault.within("answer"))?;
        document.finish().map_err(|e| Fault::from(e).within("answer"))
    }

    /// Lays out `some(bytes)` at `at`, as an `option<list<u8>>`.
    pub fn bytes(&mut self, bytes: &[u8], at: usize) -> Result<(), Error> {
        let pointer = self.cx.realloc(0, 0, 1, bytes.len())?;
        self.cx.as_slice_mut()[pointer..][..bytes.len()].copy_from_slice(bytes);
        self.scratch[at] = 1;
        put_bytes(&mut self.scratch, at + 4, u32::try_from(pointer)?.to_le_bytes());
        put_bytes(&mut self.scratch, at + 8, u32::try_from(bytes.len())?.to_le_bytes());
        Ok(())
    }

    /// Lets others have their turn when it is time. A run waits where its plugin's own code is called, so the plugin is
    /// asked for no memory: most values have it asked for some, and a list of numbers as long as an answer does not.
    fn pause(&mut self, json: &Document<'_>) -> Result<(), Fault> {
        let read = json.current_index();
        if read.saturating_sub(self.paused_at) > STRETCH {
            self.paused_at = read;
            self.cx.realloc(0, 0, 1, 0)?;
        }
        Ok(())
    }

    /// Passes over a value that no plan asks for.
    fn skip(&mut self, json: &mut Document<'_>, mut peek: Peek) -> Result<(), Fault> {
        // What is open around the value: an object, or else a list.
        let mut objects = Vec::new();
        loop {
            self.pause(json)?;
            let is_in = objects.len();
            let mut next = match peek {
                Peek::Array | Peek::Object if is_in == DEEPEST_SKIPPED => {
                    return Err(Fault::of(format!("it goes on for more than {DEEPEST_SKIPPED} levels")));
                }
                Peek::Array => {
                    objects.push(false);
                    json.known_array()?
                }
                Peek::Object => {
                    objects.push(true);
                    json.first_value()?
                }
                scalar => {
                    json.skip_scalar(scalar)?;
                    None
                }
            };
            if next.is_none() {
                // It had nothing in it.
                objects.truncate(is_in);
            }
            while next.is_none() {
                let Some(is_object) = objects.last() else { return Ok(()) };
                next = if *is_object { json.next_value()? } else { json.array_step()? };
                if next.is_none() {
                    objects.pop();
                }
            }
            let Some(value) = next else { return Ok(()) };
            peek = value;
        }
    }

    fn value(&mut self, json: &mut Document<'_>, peek: Peek, plan: &Decode, at: usize) -> Result<(), Fault> {
        self.pause(json)?;
        match &plan.kind {
            DecodeKind::Option { payload, value } => {
                if peek == Peek::Null {
                    self.scratch[at] = 0;
                    return Ok(json.known_null()?);
                }
                self.scratch[at] = 1;
                self.value(json, peek, value, at + *payload as usize)
            }
            DecodeKind::Bool => match peek {
                Peek::True | Peek::False => {
                    self.scratch[at] = u8::from(json.known_bool(peek)?);
                    Ok(())
                }
                _ => Err(unexpected("true or false", peek)),
            },
            DecodeKind::Number(number) => self.number(json, peek, *number, at),
            DecodeKind::Text => self.text(json, peek, at),
            DecodeKind::Decimal => match peek {
                Peek::String => {
                    let text = json.text()?;
                    if !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E')) {
                        return Err(Fault::of(format!("a number is expected, found the text `{}`", shown(text))));
                    }
                    put(self.cx, &mut self.scratch, at, text)
                }
                _ if peek.is_num() => self.text(json, peek, at),
                _ => Err(unexpected("a number", peek)),
            },
            DecodeKind::Json => {
                let start = json.current_index();
                self.skip(json, peek)?;
                let text = std::str::from_utf8(json.slice_to_current(start)).map_err(|_| Fault::of("not UTF-8"))?;
                put(self.cx, &mut self.scratch, at, text)
            }
            DecodeKind::List(item) => self.list(json, peek, item, at),
            DecodeKind::Map { value_offset, pair, value } => self.map(json, peek, *value_offset, *pair, value, at),
            DecodeKind::Record { .. } => self.record(json, peek, plan, at),
            DecodeKind::Words { .. } => self.word(json, peek, plan, at),
            DecodeKind::Event { .. } => self.event(json, peek, plan, at),
        }
    }

    fn number(&mut self, json: &mut Document<'_>, peek: Peek, number: Number, at: usize) -> Result<(), Fault> {
        let digits = match peek {
            Peek::String => json.text()?,
            _ if peek.is_num() => {
                std::str::from_utf8(json.known_number_bytes(peek)?).map_err(|_| Fault::of("not UTF-8"))?
            }
            _ => return Err(unexpected("a number", peek)),
        };
        let fault = || Fault::of(format!("`{}` is not such a number", shown(digits)));
        // A whole number may arrive as 1.0.
        let whole = || digits.parse::<i64>().ok().or_else(|| digits.strip_suffix(".0")?.parse().ok()).ok_or_else(fault);
        let scratch = &mut self.scratch;
        match number {
            Number::S32 => put_bytes(scratch, at, i32::try_from(whole()?).map_err(|_| fault())?.to_le_bytes()),
            Number::U16 => put_bytes(scratch, at, u16::try_from(whole()?).map_err(|_| fault())?.to_le_bytes()),
            Number::S64 => put_bytes(scratch, at, whole()?.to_le_bytes()),
            Number::F64 => put_bytes(scratch, at, digits.parse::<f64>().map_err(|_| fault())?.to_le_bytes()),
        }
        Ok(())
    }

    fn text(&mut self, json: &mut Document<'_>, peek: Peek, at: usize) -> Result<(), Fault> {
        match peek {
            Peek::String => put(self.cx, &mut self.scratch, at, json.text()?),
            Peek::True | Peek::False => {
                let text = if json.known_bool(peek)? { "true" } else { "false" };
                put(self.cx, &mut self.scratch, at, text)
            }
            _ if peek.is_num() => {
                let text = std::str::from_utf8(json.known_number_bytes(peek)?).map_err(|_| Fault::of("not UTF-8"))?;
                put(self.cx, &mut self.scratch, at, text)
            }
            _ => Err(unexpected("text", peek)),
        }
    }

    fn list(&mut self, json: &mut Document<'_>, peek: Peek, item: &Decode, at: usize) -> Result<(), Fault> {
        let start = self.scratch.len();
        let outer_children = std::mem::take(&mut self.children);
        let mut count = 0;
        match peek {
            Peek::Null => json.known_null()?,
            Peek::Array => {
                let mut next = json.known_array()?;
                while let Some(peek) = next {
                    self.item(json, peek, item).map_err(|fault| fault.within(&format!("[{count}]")))?;
                    count += 1;
                    next = json.array_step()?;
                }
            }
            // A record with children that was asked for alone.
            Peek::Object if has_children(item) => {
                self.item(json, peek, item)?;
                count += 1;
            }
            _ => return Err(unexpected("a list", peek)),
        }
        count += std::mem::replace(&mut self.children, outer_children);
        self.list_done(start, count, item.align, at)
    }

    /// Lays out one element of the list at the top of the stack.
    fn item(&mut self, json: &mut Document<'_>, peek: Peek, item: &Decode) -> Result<(), Fault> {
        let at = self.room(item.size)?;
        self.value(json, peek, item, at)
    }

    /// Makes room at the top of the stack, and says where. What stands there goes into the component's memory, so there is
    /// no use in more than that may have: `{}` is two bytes, and a record of a hundred fields once it is laid out.
    fn room(&mut self, size: u32) -> Result<usize, Fault> {
        let at = self.scratch.len();
        let end = at + size as usize;
        if end > self.most {
            return Err(Fault::Trap(Limit::Memory(self.most).into()));
        }
        if end > self.scratch.capacity() {
            let capacity = end.saturating_mul(2).min(self.most);
            off_worker(at, || self.scratch.reserve_exact(capacity - at));
        }
        self.scratch.resize(end, 0);
        Ok(at)
    }

    /// Moves the elements at the top of the stack into the component's memory.
    fn list_done(&mut self, start: usize, count: usize, align: u32, at: usize) -> Result<(), Fault> {
        let size = self.scratch.len() - start;
        let pointer = if size == 0 { align as usize } else { self.cx.realloc(0, 0, align, size)? };
        let (memory, list) = (&mut self.cx.as_slice_mut()[pointer..][..size], &self.scratch[start..]);
        off_worker(size, || memory.copy_from_slice(list));
        self.scratch.truncate(start);
        put_pair(&mut self.scratch, at, pointer, count)
    }

    fn map(
        &mut self,
        json: &mut Document<'_>,
        peek: Peek,
        value_offset: u32,
        pair: Layout,
        value: &Decode,
        at: usize,
    ) -> Result<(), Fault> {
        let start = self.scratch.len();
        let mut count = 0;
        match peek {
            Peek::Null => json.known_null()?,
            Peek::Object => {
                let mut key = json.first_name()?;
                while let Some(name) = key {
                    let entry = self.room(pair.size)?;
                    put(self.cx, &mut self.scratch, entry, name)?;
                    let peek = json.peek()?;
                    self.value(json, peek, value, entry + value_offset as usize).map_err(|fault| fault.within("{}"))?;
                    count += 1;
                    key = json.next_name()?;
                }
            }
            _ => return Err(unexpected("an object", peek)),
        }
        self.list_done(start, count, pair.align, at)
    }

    fn record(&mut self, json: &mut Document<'_>, peek: Peek, plan: &Decode, at: usize) -> Result<(), Fault> {
        let DecodeKind::Record { fields, by_name, children } = &plan.kind else { return Err(Fault::of("no record")) };
        if peek != Peek::Object {
            return Err(unexpected("an object", peek));
        }
        let mut seen = Seen::default();
        // Fields mostly arrive in the order of their description: the next one is tried first.
        let mut expected = 0;
        let mut key = json.first_name()?;
        while let Some(name) = key {
            let index = match fields.get(expected) {
                Some(field) if *field.wire == *name => Some(expected),
                _ => by_name.get(name).copied(),
            };
            let is_children = index.is_none() && children.as_deref() == Some(name);
            let peek = json.peek()?;
            match index {
                Some(index) => {
                    let RecordField { wire, offset, value, required } = &fields[index];
                    self.value(json, peek, value, at + *offset as usize)
                        .map_err(|fault| fault.within(&format!(".{wire}")))?;
                    seen.note(index, *required);
                    expected = index + 1;
                }
                None if is_children && peek == Peek::Array => {
                    if self.depth == DEEPEST {
                        return Err(Fault::of(format!("it goes on for more than {DEEPEST} levels")));
                    }
                    self.depth += 1;
                    // The place names the outermost: deeper ones would only repeat it.
                    let place = if self.depth == 1 {
                        format!(".{}", children.as_deref().unwrap_or_default())
                    } else {
                        String::new()
                    };
                    let mut next = json.known_array()?;
                    while let Some(peek) = next {
                        self.item(json, peek, plan).map_err(|fault| fault.within(&place))?;
                        self.children += 1;
                        next = json.array_step()?;
                    }
                    self.depth -= 1;
                }
                None => self.skip(json, peek)?,
            }
            key = json.next_name()?;
        }
        if seen.count < fields.iter().filter(|f| f.required).count() {
            let missing: Vec<&str> = fields.iter().filter(|f| f.required).map(|f| &*f.wire).collect();
            return Err(Fault::of(format!("one of `{}` is missing", missing.join("`, `"))));
        }
        Ok(())
    }

    fn word(&mut self, json: &mut Document<'_>, peek: Peek, plan: &Decode, at: usize) -> Result<(), Fault> {
        let DecodeKind::Words { discriminant, by_word, other } = &plan.kind else { return Err(Fault::of("no words")) };
        let word = match peek {
            Peek::String => json.text()?,
            Peek::True => json.known_bool(peek).map(|_| "True")?,
            Peek::False => json.known_bool(peek).map(|_| "False")?,
            _ if peek.is_num() => {
                std::str::from_utf8(json.known_number_bytes(peek)?).map_err(|_| Fault::of("not UTF-8"))?
            }
            _ => return Err(unexpected("a word", peek)),
        };
        let case = match (by_word.get(word), other) {
            (Some(case), _) => *case,
            (None, Some((case, payload))) => {
                put(self.cx, &mut self.scratch, at + *payload as usize, word)?;
                *case
            }
            (None, None) => return Err(Fault::of(format!("`{}` is not a known word", shown(word)))),
        };
        self.case(at, *discriminant, case);
        Ok(())
    }

    /// An event by its type. One that does not fit must not keep those beside it from being read: it is handed over as
    /// it is.
    fn event(&mut self, json: &mut Document<'_>, peek: Peek, plan: &Decode, at: usize) -> Result<(), Fault> {
        let DecodeKind::Event { discriminant, payload, by_type, other } = &plan.kind else {
            return Err(Fault::of("no event"));
        };
        if peek != Peek::Object {
            return Err(unexpected("an object", peek));
        }
        let known = json.first_name()?.ok_or_else(|| Fault::of("no type of an event"))?;
        let known = by_type.get(known);
        let peek = json.peek()?;
        let start = json.current_index();
        self.skip(json, peek)?;
        let data = json.slice_to_current(start);
        let case = match known {
            Some((case, value)) => self.fits(data, value, at, plan.size as usize, *payload as usize)?.then_some(*case),
            None => None,
        };
        if case.is_none() {
            let text = std::str::from_utf8(data).map_err(|_| Fault::of("not UTF-8"))?;
            put(self.cx, &mut self.scratch, at + *payload as usize, text)?;
        }
        self.case(at, *discriminant, case.unwrap_or(*other));
        match json.next_name()? {
            None => Ok(()),
            Some(_) => Err(Fault::of("more than one type of an event")),
        }
    }

    /// Lays out the payload of the `size` bytes at `at`, unless the data is not as the plan wants it.
    fn fits(&mut self, data: &[u8], plan: &Decode, at: usize, size: usize, payload: usize) -> Result<bool, Fault> {
        let (top, children, depth) = (self.scratch.len(), self.children, self.depth);
        // Its bytes are counted from its own first one.
        let paused_at = std::mem::take(&mut self.paused_at);
        let read = self.json(data, plan, at + payload);
        self.paused_at = paused_at;
        match read {
            Ok(()) => Ok(true),
            Err(Fault::Unreadable { .. }) => {
                self.scratch.truncate(top);
                self.scratch[at..at + size].fill(0);
                (self.children, self.depth) = (children, depth);
                Ok(false)
            }
            Err(trap) => Err(trap),
        }
    }

    fn case(&mut self, at: usize, discriminant: u32, case: u32) {
        let width = discriminant as usize;
        self.scratch[at..at + width].copy_from_slice(&case.to_le_bytes()[..width]);
    }
}

/// How many of its required fields a record has had. One that comes twice is one.
#[derive(Default)]
struct Seen {
    count: usize,
    fields: [u64; 8],
}

impl Seen {
    fn note(&mut self, field: usize, required: bool) {
        let (word, bit) = (field / 64, 1 << (field % 64));
        // The largest record has fewer fields than there are bits.
        let Some(word) = self.fields.get_mut(word) else {
            self.count += usize::from(required);
            return;
        };
        self.count += usize::from(required && *word & bit == 0);
        *word |= bit;
    }
}

fn has_children(plan: &Decode) -> bool {
    matches!(&plan.kind, DecodeKind::Record { children: Some(_), .. })
}

/// Copies a text into the component's memory and writes where it is.
fn put<T>(cx: &mut LowerContext<'_, T>, scratch: &mut [u8], at: usize, text: &str) -> Result<(), Fault> {
    let mut pair = MaybeUninit::new([ValRaw::u64(0); 2]);
    text.linear_lower_to_flat(cx, InterfaceType::String, &mut pair)?;
    // SAFETY: it was initialised above, and any bits are a `ValRaw`.
    let [pointer, length] = unsafe { pair.assume_init() };
    put_pair(scratch, at, pointer.get_u32() as usize, length.get_u32() as usize)
}

fn put_pair(scratch: &mut [u8], at: usize, pointer: usize, length: usize) -> Result<(), Fault> {
    let word = |n: usize| u32::try_from(n).map(u32::to_le_bytes).map_err(|_| Fault::of("too large"));
    put_bytes(scratch, at, word(pointer)?);
    put_bytes(scratch, at + 4, word(length)?);
    Ok(())
}

fn put_bytes<const N: usize>(scratch: &mut [u8], at: usize, bytes: [u8; N]) {
    scratch[at..at + N].copy_from_slice(&bytes);
}
