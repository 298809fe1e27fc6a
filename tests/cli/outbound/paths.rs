//! What is authorised is what is sent, looked at on the wire.

use super::recorder::Recorder;
use crate::bench::Bench;
use crate::journal::writes;

const GRANT: &str = "raw:DELETE /crm/v2/tenant/{tenant}/customers/{id}/tags/{tag}";
const NOTHING: &str = "HTTP/1.1 204 No Content\r\n\r\n";

#[test]
fn a_grant_of_one_path_lets_no_other_onto_the_wire() {
    let servicetitan = Recorder::answering(NOTHING);
    let customers = "/crm/v2/tenant/{tenant}/customers";
    let hostile = [
        "5?/tags/x",
        "5%3F/tags/x/y",
        "5//tags/x",
        "5/tags/",
        "5/tags/..",
        "5/tags/%2e%2e",
        "../tags/tags/x",
        "./tags/x",
        "5/../tags/x",
        "5%2F../tags/x",
        "5%252f/tags/x",
        "5\\tags\\x",
        "5%5C/tags/x",
        "5/TAGS/x",
        "5/tags/x/",
        "5/tags/x?a=b",
        "5%0d%0aHost: evil/tags/x",
        "5/tags/%00",
        "{id}/tags/x",
        "5/tags/%",
        "{tenant}/tags/x",
        "5;/Tags/x",
    ];
    let mut steps: Vec<String> = hostile.iter().map(|rest| format!("knock DELETE {customers}/{rest}")).collect();
    steps.extend([
        "knock DELETE /crm/v2/tenant/1/customers/5/tags/x".to_owned(),
        "knock DELETE crm/v2/tenant/{tenant}/customers/5/tags/x".to_owned(),
        "knock DELETE //evil.example/crm/v2/tenant/{tenant}/customers/5/tags/x".to_owned(),
        "knock GET /crm/v2/tenant/{tenant}/customers/5/tags/x".to_owned(),
        "knock delete /crm/v2/tenant/{tenant}/customers/5/tags/x?".to_owned(),
    ]);
    let refused = steps.len();
    steps.push(format!("knock DELETE {customers}/5/tags/a%3Fb c"));
    steps.push(format!("knock DELETE {customers}/5%3f/tags/caf%c3%a9"));
    let config = writes(&format!("http://{}", servicetitan.address), "STEPS");
    let config = config.replace("\"STEPS\"", &format!("{:?}", steps.join(",")));
    let granted = "\"raw:POST /dispatch/v2/tenant/{tenant}/teams\"";
    assert!(config.contains(granted), "{config}");
    let bench = Bench::with(&config.replace(granted, &format!("{GRANT:?}")));
    let told = bench.tradewire("run teams --from 2026-01-05 --to 2026-01-12").succeeded();
    assert_eq!(
        servicetitan.lines(),
        [
            "DELETE /crm/v2/tenant/1234567890/customers/5/tags/a%3Fb%20c HTTP/1.1",
            "DELETE /crm/v2/tenant/1234567890/customers/5%3F/tags/caf%C3%A9 HTTP/1.1",
        ],
        "{told}"
    );
    assert_eq!(told.err.matches("kept out: ").count(), refused, "{told}");
    for why in ["holds `?`", "an empty segment", "climb", "within a segment", "encoded twice", "control"] {
        assert!(told.err.contains(why), "`{why}` is not in this:\n{told}");
    }
}
