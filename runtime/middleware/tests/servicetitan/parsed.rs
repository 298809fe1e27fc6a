//! What a tag may say.

use tradewire_middleware::servicetitan::calls;

use crate::parse;

#[track_caller]
fn refused(tag: &str, wanted: &str) {
    let error = parse(&format!("line one\n  {{% servicetitan {tag} %}}")).unwrap_err();
    assert_eq!(error.line, 2, "{error}");
    assert!(error.problem.to_string().contains(wanted), "{error}");
}

#[test]
fn what_the_catalog_lacks_is_refused_with_what_is_near() {
    refused("v = inventary.vendors.get-by-id id: 1", "no surface `inventary`; did you mean `inventory`?");
    refused("v = inventory.vendor.get-by-id id: 1", "no resource `vendor`; did you mean `vendors`?");
    refused("v = inventory.vendors.get-by-ids id: 1", "no operation `get-by-ids`; did you mean `get-by-id`?");
    refused("v = inventory.vendors.get id: 1", "no operation `get`; there are `get-list`, `get-by-id`, ");
    refused("v = inventory.vendors.get-by-id-pages id: 1", "has no pages; leave `-pages` out");
    refused("v = inventory.vendors.get-by-id idd: 1", "takes no argument `idd`; did you mean `id`?");
    refused("v = inventory.vendors.get-by-id id: 1, active: true", "takes no argument `active`, only `id`");
    refused("v = inventory.vendors.get-by-id id: 1, id: 2", "`id` is given twice");
    refused("v = inventory.vendors.get-by-id", "`inventory.vendors.get-by-id` needs `id: …`");
    refused("v = inventory.vendors.create", "needs `body: …`");
    refused("v = inventory.vendors.get-list-pages page: 2", "walks through all pages; leave `page` out");
    refused("v = inventory.vendors.get-list body: 1", "takes no argument `body`");
}

#[test]
fn what_is_no_call_is_refused() {
    refused("inventory.vendors.get-by-id id: 1", "");
    refused("v inventory.vendors.get-by-id", "");
    refused("v = inventory.vendors", "");
    refused("v = inventory.vendors.get-by-id id 1", "");
    refused("", "");
}

#[test]
fn files_are_refused() {
    refused("f = equipment-systems.installed-equipment.get2 path: 'a'", "answers a file, which a template cannot read");
}

#[test]
fn arguments_go_by_their_names_on_the_wire_or_in_wit() {
    for name in ["modifiedOnOrAfter", "modified-on-or-after"] {
        parse(&format!("{{% servicetitan v = inventory.vendors.get-list-pages {name}: '2026-01-01' %}}")).unwrap();
    }
}

#[test]
fn calls_are_told_with_their_places() {
    let template = parse("a\n {% servicetitan v = inventory.vendors.get-by-id id: 1 %}").unwrap();
    let call = calls(&template).next().unwrap();
    let place = call.place;
    assert_eq!((call.operation.id().as_str(), place.line, place.column), ("inventory/vendors.get-by-id", 2, 22));
}
