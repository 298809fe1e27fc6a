//! The names of versions: `PRABCEPI.csv`, `PRABCEPI.v2.csv`, …

/// The highest version that is tried.
pub(super) const MOST: u32 = 10_000;

/// The name of a file's version; the first has the name itself.
pub(super) fn name(name: &str, version: u32) -> String {
    match (version, name.rsplit_once('.')) {
        (0 | 1, _) => name.to_owned(),
        (_, Some((stem, extension))) => format!("{stem}.v{version}.{extension}"),
        (_, None) => format!("{name}.v{version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn the_version_stands_before_the_extension() {
        assert_eq!(name("PRABCEPI.csv", 1), "PRABCEPI.csv");
        assert_eq!(name("PRABCEPI.csv", 2), "PRABCEPI.v2.csv");
        assert_eq!(name("bills.tar.gz", 12), "bills.tar.v12.gz");
        assert_eq!(name("TIMEACT", 3), "TIMEACT.v3");
    }
}
