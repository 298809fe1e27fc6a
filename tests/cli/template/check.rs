//! Every fault that authors make is found, with its place and what to do.

use super::{change, pack};
use crate::bench::Bench;

/// A pack with one fault of each kind.
fn faulty() -> Bench {
    let bench = pack("purchaseorder,pricing,stock-level,account");
    change(&bench, "Templates/purchaseorder/Request.liquid", "{{ item.quantity }}", "{{ item.quanttiy }}");
    change(&bench, "Templates/pricing/Request.liquid", "\"method\": \"POST\",", "\"method\": \"POST\"");
    change(&bench, "Templates/pricing/Response.liquid", "\"errorCode\"", "\"errorKode\"");
    change(&bench, "Templates/stock-level/Response.liquid", "{%- for ", "{%- forr ");
    change(&bench, "Templates/account/Request.liquid", "source.body.vendorId }}", "source.body.vendorId | raw }}");
    change(&bench, "Configuration/vendor.json", "\"kind\": \"ApiKey\"", "\"kind\": \"Kerberos\"");
    bench
}

#[test]
fn every_planted_fault_is_told_at_once() {
    let bench = faulty();
    bench.tradewire("template check").refused(&[
        "error: templates/acme/Configuration/vendor.json: nobody knows the authentication kind `Kerberos`; help: it is one \
         of ApiKey, Basic, OAuth2, PassThrough and None\n",
        "warning: templates/acme/Templates/account/Request.liquid:13:43: `| raw` lets a value change",
        "error: templates/acme/Templates/account/Request.liquid:13:17: ",
        "error: templates/acme/Templates/pricing/Request.liquid:3:3: here should be `,` or `}`, not `\"`",
        "error: templates/acme/Templates/pricing/Response.liquid:5:5: body/errorKode: the contract has no `errorKode` here \
         [with a made-up answer] (pricing.response#/additionalProperties); help: did you mean `errorCode`?\n",
        "warning: templates/acme/Templates/purchaseorder/Request.liquid:",
        "the contract has no `quanttiy` in `source.body.purchaseOrder.items[]` \
         (purchaseorder.request#/definitions/PurchaseOrderItemDto); help: did you mean `quantity`?\n",
        "error: templates/acme/Templates/stock-level/Response.liquid:",
        "there is no tag `forr`; did you mean `for`?\n",
        "templates/acme: 4 endpoints, 5 errors, 2 warnings",
    ]);
}

#[test]
fn a_script_gets_the_faults_with_their_places() {
    let told = faulty().tradewire("template check --json");
    assert_eq!((told.code, told.err.as_str()), (Some(1), ""), "{told}");
    let json = told.json();
    assert_eq!((json["errors"].as_u64(), json["warnings"].as_u64()), (Some(5), Some(2)), "{told}");
    let faults = json["packs"][0]["faults"].as_array().unwrap();
    let comma = faults.iter().find(|fault| fault["line"] == 3).unwrap();
    assert_eq!(comma["file"], "templates/acme/Templates/pricing/Request.liquid");
    assert_eq!((comma["severity"].as_str(), comma["column"].as_u64()), (Some("error"), Some(3)));
    let member = faults.iter().find(|fault| fault["contract"] == "pricing.response#/additionalProperties").unwrap();
    assert_eq!(member["help"], "did you mean `errorCode`?");
}

#[test]
fn warnings_fail_only_where_that_is_asked_for() {
    let bench = pack("purchaseorder");
    change(&bench, "Templates/purchaseorder/Request.liquid", "{{ item.quantity }}", "{{ item.quanttiy }}");
    let told = bench.tradewire("template check templates/acme").succeeded();
    assert!(told.err.contains("did you mean `quantity`?"), "{told}");
    assert_eq!(told.out, "templates/acme: 1 endpoint, 0 errors, 1 warning\n");
    bench
        .tradewire("template check --strict")
        .refused(&["warning: ", "templates/acme: 1 endpoint, 0 errors, 1 warning"]);
}

#[test]
fn all_packs_are_checked_and_each_is_told() {
    let bench = pack("pricing");
    bench.tradewire("template new templates/more/other --endpoints alerts").succeeded();
    change(&bench, "Templates/pricing/Request.liquid", "POST", "FETCH");
    let told = bench.tradewire("template check");
    assert_eq!(told.code, Some(1), "{told}");
    assert_eq!(told.out, "templates/more/other is good: 1 endpoint\n");
    assert!(
        told.err.contains("error: templates/acme/Templates/pricing/Request.liquid:2:3: `method` is `FETCH`"),
        "{told}"
    );
}

#[test]
fn no_pack_at_all_is_told_with_how_to_begin_one() {
    Bench::empty().tradewire("template check").refused(&[
        "error: there is no pack below `templates`; name the folder of one, or begin one with `tradewire template new",
    ]);
}
