//! Templates that ask ServiceTitan on the way, with the credentials of the call's tenant.

use tradewire_sandbox::DEMO_TENANT;

use super::serving::Serving;
use super::{behind, serves, write_pack};
use crate::bench::{Bench, Offline};

const REQUEST: &str = r#"
{%- servicetitan vendor = inventory.vendors.get-by-id id: source.body.vendorId -%}
{ "method": "GET", "url": "customers/H-7001", "parameters": { "for": "{{ vendor.name }}" } }"#;
const RESPONSE: &str = r#"
{%- servicetitan vendors = inventory.vendors.get-list pageSize: 3 -%}
{ "body": { "success": true, "accountId": "{{ source.body.customer.customer_no }}",
    "names": [{% for vendor in vendors.data %}"{{ vendor.name }}",{% endfor %}] } }"#;

#[test]
fn a_template_asks_for_the_calls_tenant_what_its_pack_is_granted() {
    let world = Offline::with("[]");
    let granted = "grant = [\"inventory/vendors:view\"]";
    let bench = Bench::with(&serves(&world.url(), &behind("asking", "asking", &world.sandbox().vendor_url(), granted)));
    write_pack(&bench, "asking", REQUEST, RESPONSE);
    let serving = Serving::start(&bench);

    let id = world.sandbox().example("inventory/vendors.get-by-id", DEMO_TENANT).unwrap().remove(0);
    let json = serving.call("acme/asking/account", &format!("{{ \"vendorId\": {id} }}")).succeeded();
    let names = json["names"].as_array().unwrap();
    assert!(names.len() == 3 && names.iter().all(|name| name != ""), "{json}");
    let calls = world.sandbox().calls();
    let asked: Vec<&str> = calls.iter().filter_map(|call| call.operation.as_deref()).collect();
    let wanted = ["token", "inventory/vendors.get-by-id", "_vendor/customers.get", "inventory/vendors.get-list"];
    assert_eq!(asked, wanted);
    assert!(calls[1].path.contains(&format!("/tenant/{DEMO_TENANT}/")), "{:?}", calls[1]);
    assert!(calls[2].query.starts_with("for=") && calls[2].query.len() > 4, "{:?}", calls[2]);

    let unknown = serving.call("acme/asking/account", "{ \"vendorId\": 1 }");
    unknown.failed(502, "ServiceTitan", &["Templates/account/Request.liquid:2:", "inventory.vendors.get-by-id: "]);
    let vendor_calls = world
        .sandbox()
        .calls()
        .iter()
        .filter(|call| call.operation.as_deref() == Some("_vendor/customers.get"))
        .count();
    assert_eq!(vendor_calls, 1, "the vendor is not asked for what cannot be told");
}
