//! What documents become in memory, counted by the allocator, against what is taken from the budget for them.
#![allow(missing_docs, clippy::unwrap_used)]
// The allocator's own interface.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use tradewire_liquid::{Value, cost};

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

fn grow(bytes: usize) {
    let _ = NOW.try_with(|now| {
        now.set(now.get() + bytes);
        let _ = MOST.try_with(|most| most.set(most.get().max(now.get())));
    });
}

fn shrink(bytes: usize) {
    let _ = NOW.try_with(|now| now.set(now.get().saturating_sub(bytes)));
}

// SAFETY: everything is left to the system's allocator; only sizes are counted.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grow(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        shrink(layout.size());
        unsafe { System.dealloc(at, layout) }
    }

    // As if it were copied, which for a moment it may be.
    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grow(size);
        let moved = unsafe { System.realloc(at, layout, size) };
        shrink(layout.size());
        moved
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn no_document_takes_more_than_is_taken_for_it() {
    const BYTES: usize = 1 << 18;
    let list = |item: &str| format!("[{}{item}]", format!("{item},").repeat(BYTES / (item.len() + 1)));
    let members: Vec<String> = (0..BYTES / 10).map(|n| format!("\"{n:x}\":0")).collect();
    let order = r#"{"vendorPartNumber":"ABC-123","description":"3/4\" copper pipe, 10 ft","quantity":2.50,"cost":19.99,"skuId":12345}"#;
    let shapes = [
        ("numbers", list("0")),
        ("decimals", list("0.5")),
        ("texts of nothing", list("\"\"")),
        ("empty objects", list("{}")),
        ("empty lists", list("[]")),
        ("small objects", list(r#"{"a":1}"#)),
        ("objects of one kind", list(r#"{"a":1,"b":2,"c":"x"}"#)),
        ("members", format!("{{{}}}", members.join(","))),
        ("deep", list(&format!("{}{}", "[".repeat(100), "]".repeat(100)))),
        ("one text", format!("\"{}\"", "x".repeat(BYTES))),
        ("a text of escapes", format!("\"{}\"", "\\u00e9".repeat(BYTES / 6))),
        ("long numbers", list(&"9".repeat(40))),
        ("an order", list(order)),
    ];
    let mut worst = 0.0_f64;
    for (name, text) in shapes {
        let taken = cost(text.as_bytes());
        let before = NOW.get();
        MOST.set(before);
        let value = Value::from_json(&text).unwrap();
        let (held, most) = (NOW.get() - before, MOST.get() - before);
        drop(value);
        let times = |bytes: usize| bytes as f64 / text.len() as f64;
        println!(
            "{name:20} {:5.1} times as large, {:5.1} at most, {:5.1} taken",
            times(held),
            times(most),
            times(taken)
        );
        assert!(most <= taken, "{name}: {most} of {taken}");
        worst = worst.max(times(held));
    }
    assert!(worst <= 17.0, "{worst}");
}
