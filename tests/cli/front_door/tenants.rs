//! Events that do not say whose they are.

use super::{bench, event, send, silent, told};
use crate::bench::until;
use crate::vendors::serving::Serving;

#[test]
fn an_event_without_a_tenant_is_its_first_addresses_and_no_other_tenants() {
    let (bench, address) = bench("[serve]");
    let serving = Serving::for_scripts(&bench, address);
    let one = silent("one");
    let first = send(address, "jobs/acme", &one);
    assert_eq!(first.status, 200, "{first:?}");
    // At another tenant's address, of whichever webhook that has the key.
    for path in ["jobs/zenith", "others/zenith"] {
        let again = send(address, path, &one);
        assert_eq!(again.status, 400, "{again:?}");
        let error = again.json()["error"].to_string();
        assert!(
            error.contains("came in before at the address of another tenant") && !error.contains("acme"),
            "{error}"
        );
    }
    let again = send(address, "jobs/acme", &one);
    assert_eq!((again.status, &again.json()["repeated"]), (200, &true.into()), "{again:?}");
    let kind = "events of webhook `jobs` that it does not take";
    until("it is told", || told(&serving, kind) == 1);
    assert!(serving.err().contains("it is `acme`'s"), "{}", serving.err());
    // Killed: it is remembered.
    drop(serving);
    let serving = Serving::for_scripts(&bench, address);
    assert_eq!(send(address, "jobs/zenith", &one).status, 400);

    // One that says whose it is, is that tenant's at every address.
    assert_eq!(send(address, "jobs", &event("two")).status, 200);
    let elsewhere = send(address, "jobs/zenith", &event("two"));
    assert!(elsewhere.status == 400 && elsewhere.text.contains("the address says `zenith`"), "{elsewhere:?}");
    serving.stop();
    let list = bench.tradewire("webhooks list").succeeded().out;
    assert!(
        list.lines().filter(|line| line.contains("  acme  ")).count() >= 2 && !list.contains("  zenith  "),
        "{list}"
    );
}
