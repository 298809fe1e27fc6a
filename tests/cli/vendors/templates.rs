//! Templates that cannot be served: told when they are loaded, with their place.

use super::serving::Serving;
use super::{NOWHERE, behind, serves, write_pack};
use crate::bench::Bench;

const ANSWER: &str = r#"{ "body": { "success": true } }"#;

/// A folder whose configuration serves a pack with this template.
fn pack(request: &str) -> Bench {
    let bench = Bench::with(&serves(NOWHERE, &behind("odd", "odd", NOWHERE, "")));
    write_pack(&bench, "odd", request, ANSWER);
    bench
}

/// Neither `serve` nor `check` takes a pack with this template.
#[track_caller]
fn refused(request: &str, texts: &[&str]) {
    let bench = pack(request);
    for words in ["serve --quiet", "check --quiet"] {
        let told = bench.tradewire(words).refused(texts);
        assert_eq!(told.err.matches("error: ").count(), 1, "one message: {told}");
    }
}

#[test]
fn blocks_that_are_nested_without_end_are_refused_when_they_are_loaded() {
    let nested = format!("{}{}", "{% if true %}".repeat(10_000), "{% endif %}".repeat(10_000));
    let said = "odd/Templates/account/Request.liquid:1:1301: the nesting of blocks went over 100";
    refused(&nested, &["error: middleware `odd` (tradewire.toml:", said]);
}

#[test]
fn a_malformed_tag_in_a_comment_is_part_of_the_comment_or_refused_with_its_place() {
    let said = "odd/Templates/account/Request.liquid:2:1: `comment` is not closed; add `{% endcomment %}`";
    refused("{}\n{% comment %}\n  {% if %\n{% endcomment %}", &[said]);
    let bench = pack("{% comment %} {% if %} {{ | }} {% no-such-tag {{ %} {% endcomment %}{}");
    bench.tradewire("check").succeeded();
}

/// What a pack holds is told to the operator, and to no caller.
#[test]
fn what_a_template_holds_is_in_no_answer() {
    let bench = Bench::with(&serves(NOWHERE, &behind("odd", "odd", NOWHERE, "")));
    write_pack(&bench, "odd", "root:*:20000:0:99999", ANSWER);
    let serving = Serving::start(&bench);
    let answer = serving.call("acme/odd/account", "{}");
    let place = "Templates/account/Request.liquid:1:1: what the template writes here is no JSON";
    answer.failed(500, "Template", &[place]);
    assert!(!answer.text.contains("root"), "{answer:?}");
    let told = serving.stop();
    assert!(told.out.contains("here should be a JSON value, not `root:*:20000:0:99999`"), "{told}");

    // Nor is anything read that is not in the pack's folder.
    std::fs::remove_file(bench.path("odd/Templates/account/Request.liquid")).unwrap();
    std::os::unix::fs::symlink("/etc/shadow", bench.path("odd/Templates/account/Request.liquid")).unwrap();
    for words in ["check", "serve"] {
        let told = bench.tradewire(words);
        assert!(!told.err.contains("root"), "{told}");
        told.refused(&["`Templates/account/Request.liquid` is a link, and no link in here is followed"]);
    }
}

#[test]
fn every_template_that_is_at_fault_is_told_at_once() {
    let bench = pack("{% if %}");
    write_pack(&bench, "odd", "{% if %}", "{{ a | no_such_filter }}");
    bench.tradewire("check").refused(&[
        "odd/Templates/account/Request.liquid:1:6: here should be a value",
        "odd/Templates/account/Response.liquid:1:8: there is no filter `no_such_filter`",
    ]);
}
