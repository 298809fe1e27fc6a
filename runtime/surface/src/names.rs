//! Names: from ServiceTitan's spelling to WIT's kebab case.

use std::collections::HashSet;

use heck::ToKebabCase;

/// WIT's spelling of a name. Every word must begin with a letter, so digits stay with the word before them.
pub fn kebab(name: &str) -> String {
    let ascii: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let mut out = String::new();
    for word in ascii.to_kebab_case().split('-').filter(|w| !w.is_empty()) {
        let digit = word.starts_with(|c: char| c.is_ascii_digit());
        match (out.is_empty(), digit) {
            (true, true) => out.push('n'),
            (false, false) => out.push('-'),
            _ => {}
        }
        out.push_str(word);
    }
    if out.is_empty() { "none".to_owned() } else { out }
}

/// The name, with a number behind it if it is taken.
pub(crate) fn unique(name: String, taken: &mut HashSet<String>) -> String {
    let mut candidate = name.clone();
    let mut number = 2;
    while !taken.insert(candidate.clone()) {
        candidate = format!("{name}{number}");
        number += 1;
    }
    candidate
}

/// WIT's spelling of several names that stand side by side: the fields of a record, the parameters of a query.
pub fn kebab_all<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    names.into_iter().map(|name| unique(kebab(name), &mut taken)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_name_begins_with_a_letter() {
        for (from, to) in [
            ("employeePayrollId", "employee-payroll-id"),
            ("customField.Fields", "custom-field-fields"),
            ("Net 30", "net30"),
            ("3rdParty", "n3rd-party"),
            ("O/T", "o-t"),
            ("gps_provider", "gps-provider"),
            ("–", "none"),
        ] {
            assert_eq!(kebab(from), to);
        }
    }
}
