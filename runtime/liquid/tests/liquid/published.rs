//! The published `liquid` crate beside this engine, over the cases of golden-liquid that the crate accepts.
//!
//! Where the two differ, the suite says who is right. Every difference is printed with what the suite expects, and none
//! may be against this engine.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tradewire_liquid::Value;

use crate::golden::{Case, cases};

/// What the published crate makes of a case; none where it does not accept it.
fn published(case: &Case) -> Option<String> {
    let mut partials = liquid::partials::EagerCompiler::<liquid::partials::InMemorySource>::empty();
    for (name, source) in &case.partials {
        partials.add(name.as_str(), source.as_str());
    }
    let data: liquid::Object = serde_json::from_str(&case.data.to_json()).ok()?;
    // It panics on a malformed tag in a comment.
    catch_unwind(AssertUnwindSafe(|| {
        let parser = liquid::ParserBuilder::with_stdlib().partials(partials).build().ok()?;
        parser.parse(&case.template).ok()?.render(&data).ok()
    }))
    .ok()
    .flatten()
}

#[test]
fn where_the_published_crate_renders_something_else_the_suite_says_what_this_one_does() {
    let Some(suite) = cases() else { return };
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let accepted: Vec<(&Case, String)> =
        suite.iter().filter_map(|case| published(case).map(|text| (case, text))).collect();
    std::panic::set_hook(hook);
    let (mut alike, mut against) = (0, Vec::new());
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for (case, theirs) in &accepted {
        let ours = case.render();
        if ours.as_ref().is_ok_and(|ours| ours == theirs) {
            alike += 1;
            continue;
        }
        let reason = match (&case.wanted, case.expects(&ours)) {
            (None, true) => "the suite has it refused",
            (Some(_), true) => "the suite expects this engine's text",
            (_, false) => {
                against.push(&case.name);
                "AGAINST THIS ENGINE"
            }
        };
        *reasons.entry(reason).or_default() += 1;
        println!("published: {reason}: {}: ours {ours:?}, theirs {theirs:?}", case.template);
    }
    println!("published: of {} cases the crate accepts {}, {alike} alike; {reasons:?}", suite.len(), accepted.len());
    assert!(alike * 2 > accepted.len(), "{alike} of {} alike: they were not asked for the same", accepted.len());
    assert!(against.is_empty(), "{against:?}");
}

#[test]
fn a_number_of_money_keeps_its_text_where_the_published_crate_has_a_double() {
    let data = Value::from_json(r#"{ "a": 0.1, "b": 0.2 }"#).unwrap();
    let case = Case::of("{{ a | plus: b }}", &data);
    assert_eq!(case.render().unwrap(), "0.3");
    assert_eq!(published(&case).unwrap(), "0.30000000000000004");
}
