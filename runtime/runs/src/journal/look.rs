//! The read that would tell whether a write has happened, derived from the catalog.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::Serialize;
use tradewire_client::fill;
use tradewire_store::{WriteRecord, WrittenRequest};
use tradewire_surface::{Catalog, Method, OperationRef};

/// How far the clocks of two machines may be apart.
const CLOCKS: TimeDelta = TimeDelta::minutes(5);

/// A read that would tell: an operation, or an endpoint of a vendor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// The operation.
    pub operation: String,
    /// The path, with its parameters filled in; none for an endpoint of a vendor, which is asked for what the write
    /// names.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The parameters of the path.
    #[serde(skip)]
    pub values: Vec<(String, String)>,
    /// Parameters of the query that narrow a list to what is new since the write was sent.
    pub query: Vec<(String, String)>,
    /// Whether it gives the very record that the write's path names.
    #[serde(skip)]
    pub is_record: bool,
}

/// The read that would tell about a write; none where the catalog knows none.
pub fn look(write: &WriteRecord, tenant: i64) -> Option<Look> {
    if let Some(WrittenRequest { vendor, endpoint, .. }) = &write.arguments.vendor {
        let tells = Catalog::get().contracts.get(endpoint)?.told_by.as_ref()?;
        let operation = format!("{vendor}/{tells}");
        return Some(Look { operation, path: String::new(), values: Vec::new(), query: Vec::new(), is_record: false });
    }
    let written = Catalog::get().operation(&write.operation)?;
    let (found, values, is_record) = find(written, &write.arguments.path)?;
    let is_list = !found.operation.path.ends_with('}');
    let query = if is_list { since(found, write.begun) } else { Vec::new() };
    let path = fill(&found.operation.path, tenant, &values).ok()?;
    Some(Look { operation: found.id(), path, values, query, is_record })
}

/// The read of the record that a call's path names, with the parameters of its path.
pub(super) fn record(
    written: OperationRef<'_>,
    values: &[(String, String)],
) -> Option<(OperationRef<'static>, Vec<(String, String)>)> {
    find(written, values).filter(|(.., is_record)| *is_record).map(|(found, values, _)| (found, values))
}

type Found = (OperationRef<'static>, Vec<(String, String)>, bool);

/// The read of the same path, else of the path above it, and so on up to the resource itself.
fn find(written: OperationRef<'_>, values: &[(String, String)]) -> Option<Found> {
    let reads = Catalog::get().surfaces.get(&written.surface.name)?;
    let reads = reads.resources.iter().flat_map(|(resource, operations)| {
        let get = operations.iter().filter(|operation| operation.method == Method::Get);
        get.map(move |operation| OperationRef { surface: reads, resource, operation })
    });
    let reads: Vec<OperationRef<'static>> = reads.collect();
    let whole: Vec<&str> = written.operation.path.split('/').collect();
    let root = whole.iter().position(|segment| *segment == "{tenant}")? + 2;
    for length in (root..=whole.len()).rev() {
        let wanted = &whole[..length];
        if let Some(found) = reads.iter().find(|read| same(&read.operation.path, wanted)) {
            let is_record = length == whole.len() && is_parameter(whole[length - 1]);
            return Some((*found, renamed(&found.operation.path, wanted, values), is_record));
        }
    }
    None
}

/// Whether two paths are the same but for the names of their parameters.
fn same(path: &str, wanted: &[&str]) -> bool {
    let alike = |(one, other): (&str, &&str)| one == *other || (is_parameter(one) && is_parameter(other));
    path.split('/').count() == wanted.len() && path.split('/').zip(wanted).all(alike)
}

/// The values under the names that the found path gives them.
fn renamed(path: &str, wanted: &[&str], values: &[(String, String)]) -> Vec<(String, String)> {
    let named = path.split('/').zip(wanted).filter(|(name, _)| is_parameter(name) && *name != "{tenant}");
    let bare = |segment: &str| segment.trim_matches(['{', '}']).to_owned();
    let value = |name: &str| values.iter().find(|(given, _)| *given == bare(name)).map(|(_, value)| value.clone());
    named.filter_map(|(name, wanted)| Some((bare(name), value(wanted)?))).collect()
}

fn is_parameter(segment: &str) -> bool {
    segment.starts_with('{')
}

fn since(list: OperationRef<'_>, begun: DateTime<Utc>) -> Vec<(String, String)> {
    let takes = |name: &&str| list.operation.params.iter().any(|param| param.wire == *name);
    let name = ["createdOnOrAfter", "modifiedOnOrAfter"].into_iter().find(takes);
    let moment = (begun - CLOCKS).to_rfc3339_opts(SecondsFormat::Secs, true);
    name.map(|name| vec![(name.to_owned(), moment)]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use tradewire_surface::Effect;

    use super::*;

    /// Operation, parameters of the path, whether it is the record that the call's path names.
    type Named = (String, Vec<(String, String)>, bool);

    fn found(name: &str, values: &[(&str, &str)]) -> Option<Named> {
        let values: Vec<_> = values.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        let found = find(Catalog::get().operation(name).unwrap(), &values);
        found.map(|(read, values, is_record)| (read.id(), values, is_record))
    }

    fn one(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.to_owned(), value.to_owned())]
    }

    #[test]
    fn a_create_is_told_by_the_list_of_its_resource() {
        assert_eq!(found("crm/customers.create", &[]), Some(("crm/customers.get-list".into(), vec![], false)));
        let note = found("crm/customers.create-note", &[("id", "5")]);
        assert_eq!(note, Some(("crm/customers.get-notes".into(), one("id", "5"), false)));
    }

    #[test]
    fn a_change_by_id_is_told_by_the_record_whatever_its_parameter_is_called() {
        let update = found("dispatch/zone.update-zone", &[("zoneId", "5")]);
        assert_eq!(update, Some(("dispatch/zone.get".into(), one("id", "5"), true)));
        let delete = found("accounting/journal-entries.delete-journal-entry", &[("id", "5")]);
        assert!(delete.is_some_and(|(_, values, _)| values == one("id", "5")));
    }

    #[test]
    fn an_action_on_a_record_is_told_by_the_record_which_is_not_its_answer() {
        let cancel = found("inventory/purchase-orders.cancel", &[("id", "5")]);
        assert_eq!(cancel, Some(("inventory/purchase-orders.get-by-id".into(), one("id", "5"), false)));
        let tag = found("crm/customers.create-tag", &[("id", "5"), ("tagTypeId", "6")]);
        assert_eq!(tag, Some(("crm/customers.get".into(), one("id", "5"), false)));
    }

    #[test]
    fn most_writes_have_a_read_that_tells_and_every_read_that_is_found_has_its_parameters() {
        let writes: Vec<_> = Catalog::get().operations().filter(|o| o.operation.effect == Effect::Write).collect();
        let mut told = 0;
        for write in &writes {
            let path = write.operation.path.split('/').filter(|s| is_parameter(s) && *s != "{tenant}");
            let values: Vec<_> = path.map(|s| (s.trim_matches(['{', '}']).to_owned(), "1".to_owned())).collect();
            let Some((read, values, _)) = find(*write, &values) else { continue };
            assert!(fill(&read.operation.path, 7, &values).is_ok(), "{} {}", write.id(), read.id());
            told += 1;
        }
        assert!(told * 10 > writes.len() * 8, "{told} of {}", writes.len());
    }
}
