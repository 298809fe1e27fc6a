//! Names of schemas, shortened.

pub(super) use crate::names::{kebab, unique};

/// The short name of a schema: `PaginatedResponse_Of_Crm.V2.CustomerResponse` is `customer-page`.
pub(super) fn of_schema(schema: &str) -> String {
    let short = schema_words(schema, 1);
    if short.is_empty() { kebab(schema) } else { short }
}

/// As [`of_schema`], with one more word of the name space in front, for schemas whose short names are alike.
pub(super) fn of_schema_longer(schema: &str) -> String {
    schema_words(schema, 2)
}

fn schema_words(schema: &str, segments: usize) -> String {
    let (wrapper, inner) = match schema.split_once("_Of_") {
        Some((wrapper, inner)) => (Some(wrapper), inner),
        None => (None, schema),
    };
    let mut parts: Vec<&str> = inner.split('.').filter(|p| !is_version(p)).collect();
    let keep = parts.len().saturating_sub(segments);
    parts.drain(..keep);
    let name = kebab(&parts.join(" "));
    let base = name.strip_suffix("-response").filter(|b| !b.is_empty()).unwrap_or(&name);
    match wrapper {
        None => base.to_owned(),
        Some("PaginatedResponse") => format!("{base}-page"),
        Some("ExportResponse") => format!("{}-feed", base.strip_suffix("-export").unwrap_or(base)),
        Some("CollectionResult") => format!("{base}-collection"),
        Some(other) => format!("{base}-{}", kebab(other)),
    }
}

fn is_version(part: &str) -> bool {
    part.len() > 1 && part.starts_with('V') && part[1..].chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_lose_their_name_space_and_their_wrapping() {
        for (from, to) in [
            ("PaginatedResponse_Of_Crm.V2.CustomerResponse", "customer-page"),
            ("ExportResponse_Of_Payroll.V2.GrossPayItems.GrossPayItemExportResponse", "gross-pay-item-feed"),
            ("ModificationResponse", "modification"),
            ("ActiveRequestArg", "active-request-arg"),
        ] {
            assert_eq!(of_schema(from), to);
        }
    }
}
