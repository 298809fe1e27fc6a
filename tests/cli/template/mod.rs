//! `tradewire template`: from an empty folder to a pack that is checked, shown and tested.

mod check;
mod hostile;
mod new;
mod preview;
mod test;

use crate::bench::Bench;

/// A folder with a new pack in `templates/acme`.
fn pack(endpoints: &str) -> Bench {
    let bench = Bench::empty();
    bench.tradewire(&format!("template new templates/acme --endpoints {endpoints}")).succeeded();
    bench
}

/// Writes a file of the pack otherwise than it is.
#[track_caller]
fn change(bench: &Bench, file: &str, right: &str, wrong: &str) {
    let file = format!("templates/acme/{file}");
    let text = bench.read(&file);
    assert!(text.contains(right), "`{right}` is not in {file}:\n{text}");
    bench.write(&file, text.replacen(right, wrong, 1));
}
