//! Writing JSON.

use std::fmt::Write;

use crate::val::{push_exact, push_whole};
use crate::value::{Number, Object, Value};

/// What a byte needs inside a string: 0 for nothing, otherwise the letter behind the backslash (`u` for a number).
const ESCAPES: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = b'u';
        byte += 1;
    }
    table[0x08] = b'b';
    table[0x09] = b't';
    table[0x0a] = b'n';
    table[0x0c] = b'f';
    table[0x0d] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table[0x7f] = b'u';
    table
};

/// Writes text as the inside of a JSON string.
#[inline]
pub(crate) fn escape(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = ESCAPES[byte as usize];
        if escape != 0 {
            out.push_str(&text[from..at]);
            from = at + 1;
            if escape == b'u' {
                let _ = write!(out, "\\u{byte:04x}");
            } else {
                out.push('\\');
                out.push(escape as char);
            }
        }
    }
    out.push_str(&text[from..]);
}

/// Writes text as a JSON string.
#[inline]
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text);
    out.push('"');
}

/// Writes a value as compact JSON.
pub(crate) fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(Number::Whole(whole)) => push_whole(out, *whole),
        Value::Number(Number::Exact(exact)) => push_exact(out, exact),
        Value::Number(Number::Written(text)) => out.push_str(text),
        Value::Text(text) => quote(out, text),
        Value::List(items) => write_list(out, items),
        Value::Object(object) => write_object(out, object),
    }
}

/// Writes a list as compact JSON.
pub(crate) fn write_list(out: &mut String, items: &[Value]) {
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_value(out, item);
    }
    out.push(']');
}

/// Writes an object as compact JSON.
pub(crate) fn write_object(out: &mut String, object: &Object) {
    out.push('{');
    for (index, (key, value)) in object.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        quote(out, key);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

/// Writes a value with a line for each member and item.
pub(crate) fn write_pretty(out: &mut String, value: &Value, depth: usize) {
    const INDENT: &str = "  ";
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n(INDENT, depth));
    };
    match value {
        Value::List(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                out.push(if index == 0 { '[' } else { ',' });
                line(out, depth + 1);
                write_pretty(out, item, depth + 1);
            }
            line(out, depth);
            out.push(']');
        }
        Value::Object(object) if !object.is_empty() => {
            for (index, (key, member)) in object.iter().enumerate() {
                out.push(if index == 0 { '{' } else { ',' });
                line(out, depth + 1);
                quote(out, key);
                out.push_str(": ");
                write_pretty(out, member, depth + 1);
            }
            line(out, depth);
            out.push('}');
        }
        other => write_value(out, other),
    }
}
