//! No value is ever structure: some 20,000 hostile ones, or as many as `HOSTILE_VALUES` says (from `HOSTILE_SEED`).

mod nasty;
mod values;

use values::{Choices, Hostile};

#[test]
fn hostile_values_never_become_structure() {
    let number =
        |name: &str, otherwise: u64| std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or(otherwise));
    let (wanted, seed) = (number("HOSTILE_VALUES", 20_000), number("HOSTILE_SEED", 1));
    let hostile = Hostile::new();
    let (mut values, mut inputs) = (0, 0);
    while values < wanted {
        let mut choices = Choices::Random(fastrand::Rng::with_seed(seed.wrapping_add(inputs)));
        values += hostile.check(&mut choices) as u64;
        inputs += 1;
    }
    println!("hostile: {values} values in {inputs} inputs changed no structure");
}
