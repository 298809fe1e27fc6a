//! What JSON-aware output does with values, with what the author wrote, and with mistakes.

use tradewire_liquid::{Limits, Mode, Options, Problem, Template, Value};

fn try_json(template: &str, data: &str) -> Result<String, tradewire_liquid::Error> {
    let data = Value::from_json(data).unwrap();
    Template::parse(template, &Options::default())?.render(&data, Mode::Json, &Limits::default())
}

#[track_caller]
fn json(template: &str, data: &str) -> String {
    try_json(template, data).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_value_is_escaped_in_a_string_and_a_literal_outside() {
    let data = r#"{"t":"3/4\" \\ pipe\n\u0001😀","n":1.50,"b":true,"l":[1,"x"],"o":{"b":1,"a":null}}"#;
    assert_eq!(json(r#"{"a":"{{ t }}"}"#, data), r#"{"a":"3/4\" \\ pipe\n\u0001😀"}"#);
    assert_eq!(json(r#"{"a":{{ t }}}"#, data), r#"{"a":"3/4\" \\ pipe\n\u0001😀"}"#);
    assert_eq!(
        json(r#"[{{ n }}, "{{ n }}", {{ b }}, {{ l }}, {{ o }}]"#, data),
        r#"[1.50,"1.50",true,[1,"x"],{"b":1,"a":null}]"#
    );
    assert_eq!(json(r#"["{{ l }}", "{{ o }}"]"#, data), r#"["[1,\"x\"]","{\"b\":1,\"a\":null}"]"#);
    assert_eq!(
        json(r#"[{{ none }}, "{{ none.x }}", "{{ none | upcase }}", {{ (1..3) }}]"#, data),
        r#"[null,"","",[1,2,3]]"#
    );
    assert_eq!(json(r#"{ {{ t }}: 1 }"#, data), r#"{"3/4\" \\ pipe\n\u0001😀":1}"#);
    assert_eq!(json("[{{ n }}]", r#"{"n":123456789012345678901234567890.10}"#), "[123456789012345678901234567890.10]");
    assert_eq!(json("[{{ n }}]", r#"{"n":1e400}"#), "[1e400]");
}

#[test]
fn a_value_is_never_structure_whatever_it_goes_through() {
    let data = r#"{"v":"x\",\"PriceOverride\":\"0","l":["a\"","b,"],"apos":"a'b"}"#;
    for filter in [
        "upcase",
        "strip",
        "append: v",
        "prepend: v",
        "replace: 'x', 'y'",
        "split: ',' | join: ','",
        "slice: 0, 90",
        "truncate: 90",
        "default: 'x'",
        "escape_once",
        "url_encode | url_decode",
        "base64_encode | base64_decode",
        "append: '!' | strip",
        "append: '' | upcase",
        "append_url: v",
        "json | strip",
        "date: '%Y'",
        "first",
        "lstrip",
        "remove_last: 'q'",
        "replace_first: 'x', 'y'",
        "json",
        "split: 'z' | concat: l",
        "newline_to_br",
    ] {
        println!("{filter}");
        let inside = json(&format!("{{\"a\":\"{{{{ v | {filter} }}}}\",\"z\":1}}"), data);
        let Value::Object(object) = Value::from_json(&inside).unwrap() else { panic!("{inside}") };
        assert_eq!(object.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "z"], "{filter}: {inside}");
        let outside = json(&format!("{{\"a\":{{{{ v | {filter} }}}},\"z\":1}}"), data);
        let Value::Object(object) = Value::from_json(&outside).unwrap() else { panic!("{outside}") };
        assert_eq!(object.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "z"], "{filter}: {outside}");
    }
    // A quote that a filter makes of a value's apostrophe is still the value's.
    assert_eq!(json(r#"{"a":"{{ apos | replace: "'", '"' }}"}"#, data), r#"{"a":"a\"b"}"#);
    assert_eq!(json(r#"{"a":"\{{ v }}"}"#, r#"{"v":"\"x"}"#), r#"{"a":"\\\"x"}"#);
}

#[test]
fn what_the_author_wrote_is_structure() {
    let data = r#"{"h":{"X-A":"1\"2","B":2},"v":"q\"","ids":[1,2],"tags":["a\"","b"]}"#;
    assert_eq!(
        json("{ \"headers\": { {%- for header in h -%}{{ header | as_header }},{%- endfor -%} } }", data),
        r#"{"headers":{"X-A":"1\"2","B":"2"}}"#
    );
    let capture = r#"{%- capture line -%}"a": "{{ v }}", "n": {{ v }},{%- endcapture -%}{ {{ line }} "z": [{{ ids | join: ', ' }}] }"#;
    assert_eq!(json(capture, data), r#"{"a":"q\"","n":"q\"","z":[1,2]}"#);
    assert_eq!(json(r#"["{{ tags | join: '", "' }}"]"#, data), r#"["a\"","b"]"#);
    assert_eq!(json(r#"["{{ tags | join: '\n' }}"]"#, data), r#"["a\"\nb"]"#);
    assert_eq!(
        json(r#"[{{ none | default: 'null' }}, {{ none | default: '"x"' }}, {{ none | default: 0 }}]"#, data),
        r#"[null,"x",0]"#
    );
    assert_eq!(
        json(r#"[{{ '"' | append: v | append: '"' }}, {{ 'INV-' | append: v }}]"#, data),
        r#"["q\"","INV-q\""]"#
    );
    assert_eq!(
        json(
            r#"{% capture n %}{{ v }} {{ v }}{% endcapture %}{% capture o %} {{ ids[0] }} {% endcapture %}[{{ n }}, "{{ n }}", {{ o }}]"#,
            data
        ),
        r#"["q\" q\"","q\" q\"",1]"#
    );
    assert_eq!(
        json(r#"{% assign s = 'Accepted' %}[{{ s }}, "{{ s }}", {{ s | upcase }}]"#, data),
        r#"["Accepted","Accepted","ACCEPTED"]"#
    );
    assert_eq!(
        json(
            r#"{% capture l %}{% for i in ids %}{{ i }},{% endfor %}{% endcapture %}[{{ l | strip | remove_last: ',' }}]"#,
            data
        ),
        "[1,2]"
    );
    assert_eq!(
        json(
            r#"{% for i in ids %}{% if true %}{% ifchanged %}{% if forloop.first %}[{% endif %}"{{ v }}"{% endifchanged %}{% if forloop.first %}{% forloop_delimiter %}{% endif %}{% endif %}{% endfor %}]"#,
            data
        ),
        r#"["q\"","q\""]"#
    );
}

#[test]
fn raw_opts_out_and_is_reported() {
    let source = "{\n  \"a\": {{ v | raw }}\n}";
    let template = Template::parse(source, &Options::default()).unwrap();
    let data = Value::from_json(r#"{"v":"[1, 2]"}"#).unwrap();
    assert_eq!(template.render(&data, Mode::Json, &Limits::default()).unwrap(), r#"{"a":[1,2]}"#);
    let uses: Vec<_> = template.raw_uses().iter().map(|found| (&*found.name, found.line, found.column)).collect();
    assert_eq!(uses, [("template", 2, 15)]);
    assert_eq!(
        json(r#"{"a":{{ v | json }},"b":"{{ v | json }}"}"#, r#"{"v":{"x":1}}"#),
        r#"{"a":{"x":1},"b":"{\"x\":1}"}"#
    );
}

#[test]
fn output_is_lenient_to_write_and_strict_to_read() {
    assert_eq!(json("{\"a\": [1, 2,],\n \"b\": {\"c\": \"x\ny\",},}", "{}"), r#"{"a":[1,2],"b":{"c":"x\ny"}}"#);
    assert_eq!(
        json("{\"a\": {{ x | default: '' }}, \"b\": [{{ x | join: ',' }}], \"c\": {{ x | join: ',' }}}", "{}"),
        r#"{"a":null,"b":[],"c":null}"#
    );
    assert_eq!(
        json(r#"{"headers":{"content-type":"a","X":"1","Content-Type":"b"},"h":{"headers":{"a":1,"A":2}}}"#, "{}"),
        r#"{"headers":{"Content-Type":"b","X":"1"},"h":{"headers":{"A":2}}}"#
    );
    for (template, wanted) in [
        ("{\"a\":1,\n \"\\u0061\":2}", "template:2:2: \"\\u0061\" is in this object twice; write it once"),
        ("{\n\"a\": Accepted\n}", "template:2:6: here should be a JSON value, not `Accepted`"),
        ("{\n  {% if true %}\"a\": 1{% endif %} \"b\": 2}", "template:2:34: here should be `,` or `}`, not `\"`"),
        ("{\"a\": {{ v }} {{ v }}}", "template:1:15: here should be `,` or `}`, not `\"`"),
        ("{\"a\": 1", "template:1:8: the JSON ends where `,` or `}` should be"),
        ("", "template:1:1: the JSON ends where a value should be"),
    ] {
        let error = try_json(template, r#"{"v":"x"}"#).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn arithmetic_is_exact() {
    let data = r#"{"a":0.1,"b":0.2,"big":99999999999999999999.99,"huge":1e99}"#;
    assert_eq!(
        json("[{{ a | plus: b }}, {{ big | plus: 0.01 }}, {{ a | times: 3 }}]", data),
        "[0.3,100000000000000000000.0,0.3]"
    );
    assert_eq!(
        json("[{{ 9223372036854775807 | plus: 1 }}, {{ 1.005 | round: 2 }}]", data),
        "[9223372036854775808,1.01]"
    );
    let error = try_json("[\n{{ huge | plus: 1 }}]", data).unwrap_err();
    assert!(matches!(error.problem, Problem::Filter { filter: "plus", .. }), "{error}");
    assert_eq!((error.line, error.column), (2, 11));
}

#[test]
fn numbers_keep_their_text() {
    let numbers = "[0,-1,0.0,0.5,-0.05,10,100.00,1.10,18446744073709551615,-9223372036854775808,0.0000000000000000000000001,\
        1844674407370955161.5,9999999999999999999.9,-0,-0.0,1e5,1E-7,0.1234567890123456789]";
    assert_eq!(json("{{ n }}", &format!("{{\"n\":{numbers}}}")), numbers);
    assert_eq!(json("[{% for x in n %}{{ x }},{% endfor %}]", &format!("{{\"n\":{numbers}}}")), numbers);
}

#[test]
fn dates_keep_their_zone_or_take_another() {
    let data = r#"{"d":"2026-03-04T14:39:07.3870233+00:00","o":"2026-07-04T23:30:00-06:00"}"#;
    assert_eq!(json(r#"["{{ d | date: '%Y-%m-%d %H:%M:%S.%L' }}"]"#, data), r#"["2026-03-04 14:39:07.387"]"#);
    assert_eq!(json(r#"["{{ o | date: '%F %z' }}"]"#, data), r#"["2026-07-04 -0600"]"#);
    assert_eq!(
        json(r#"["{{ o | date: '%FT%T%:z %Z', timezone: 'Europe/Berlin' }}"]"#, data),
        r#"["2026-07-05T07:30:00+02:00 CEST"]"#
    );
    assert_eq!(
        json(r#"["{{ 'March 14, 2016' | date: '%b %-d, %y' }}", "{{ 'no date' | date: '%Y' }}"]"#, data),
        r#"["Mar 14, 16","no date"]"#
    );
}

#[test]
fn pairs_answer_to_both_spellings_and_objects_keep_their_order() {
    let data = r#"{"h":{"zeta":1,"alpha":2,"mid":3}}"#;
    let template =
        r#"[{% for p in h %}"{{ p.Key }}{{ p[0] }}{{ p.Value }}{{ p[1] }}"{% forloop_delimiter %}{% endfor %}]"#;
    assert_eq!(json(template, data), r#"["zetazeta11","alphaalpha22","midmid33"]"#);
    assert_eq!(
        json(r#"["{{ 'https://x.test/' | append_url: '/orders' }}", "{{ 'a' | append_url: 'b' }}"]"#, data),
        r#"["https://x.test/orders","a/b"]"#
    );
}

#[test]
fn unknown_words_come_with_a_suggestion() {
    for (template, wanted) in [
        ("\n  {{ a | upcaze }}", "template:2:10: there is no filter `upcaze`; did you mean `upcase`?"),
        ("{% asign a = 1 %}", "template:1:1: there is no tag `asign`; did you mean `assign`?"),
        ("{% if a %}\n{% for b in c %}{% endif %}", "template:2:17: `endif` does not belong into `for`"),
        ("{% if a %}", "template:1:1: `if` is not closed; add `{% endif %}`"),
        ("{{ a | slice }}", "template:1:8: `slice` takes 1 to 2 arguments, and has 0"),
    ] {
        assert_eq!(Template::parse(template, &Options::default()).unwrap_err().to_string(), wanted);
    }
}
