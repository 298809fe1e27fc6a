//! Templates and values that mean harm end in an error with a place, soon, and without much memory.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use tradewire_middleware::liquid::{Error, Limits, Mode, Options, Problem, Template, Value};

fn run(template: &str, data: &str, mode: Mode) -> Result<String, Error> {
    let start = Instant::now();
    let data = Value::from_json(data)?;
    let result = Template::parse(template, &Options::default())?.render(&data, mode, &Limits::default());
    assert!(start.elapsed() < Duration::from_secs(10), "{template:.60} took {:?}", start.elapsed());
    result
}

#[track_caller]
fn stopped(template: &str, wanted: &str) {
    for mode in [Mode::Text, Mode::Json] {
        let error = run(template, r#"{"list":[1,2,3,4,5,6,7,8,9,10],"text":"0123456789"}"#, mode).unwrap_err();
        match &error.problem {
            Problem::Limit { setting, .. } => assert!(wanted.split('|').any(|name| name == *setting), "{error}"),
            _ => panic!("{error}"),
        }
    }
}

#[test]
fn ten_thousand_nested_blocks_are_refused() {
    for (open, close) in [
        ("{% if true %}", "{% endif %}"),
        ("{% for i in (1..2) %}", "{% endfor %}"),
        ("{% capture a %}", "{% endcapture %}"),
    ] {
        stopped(&(open.repeat(10_000) + &close.repeat(10_000)), "nesting");
        stopped(&open.repeat(10_000), "nesting");
    }
    stopped(&format!("{{{{ {}a{} }}}}", "a[".repeat(10_000), "]".repeat(10_000)), "nesting");
    stopped(&format!("{{{{ {} }}}}", "(".repeat(10_000)), "nesting");
    stopped(&format!("{{% {} echo 1 %}}", "liquid ".repeat(10_000)), "nesting");
    assert!(run(&"{% comment %}".repeat(10_000), "{}", Mode::Text).is_err());
    assert!(run("", &"[".repeat(100_000), Mode::Text).is_err());
    assert!(run(&"[".repeat(100_000), "{}", Mode::Json).is_err());
    assert_eq!(
        run(&format!("{{% if true{} %}}1{{% endif %}}", " and true".repeat(100_000)), "{}", Mode::Text).unwrap(),
        "1"
    );
}

#[test]
fn a_partial_that_runs_itself_is_stopped() {
    for tag in ["include", "render"] {
        let partials = vec![("self".to_owned(), format!("{{% if true %}}{{% {tag} 'self' %}}{{% endif %}}"))];
        let options = Options { partials, ..Options::default() };
        let template = Template::parse(&format!("{{% {tag} 'self' %}}"), &options).unwrap();
        let error = template.render(&Value::Nil, Mode::Json, &Limits::default()).unwrap_err();
        assert!(matches!(error.problem, Problem::Limit { setting: "nesting", .. }), "{error}");
        assert_eq!(&*error.name, "self");
    }
}

#[test]
fn long_loops_are_refused_or_stopped() {
    stopped("{% for i in (1..1000000000) %}{% endfor %}", "loop_turns");
    stopped("{% for i in (-9223372036854775807..9223372036854775807) %}{% endfor %}", "loop_turns");
    stopped("{{ (1..1000000000) | join: ',' }}", "loop_turns");
    stopped("{{ (1..1000000000) | json }}", "loop_turns");
    stopped("{% tablerow i in (1..1000000000) %}{% endtablerow %}", "loop_turns");
    stopped("{% assign r = (1..1000000000) | reverse %}", "loop_turns");
    stopped("{% for a in (1..2000) %}{% for b in (1..2000) %}{% endfor %}{% endfor %}", "loop_turns");
    assert_eq!(
        run("{% for i in (1..1000000000) limit: 2 %}{{ i }}{% endfor %}{{ (1..1000000000) | size }}", "{}", Mode::Text)
            .unwrap(),
        "121000000000"
    );
}

#[test]
fn texts_that_grow_are_stopped() {
    stopped(
        "{% assign s = text %}{% for i in (1..100) %}{% assign s = s | append: s %}{% endfor %}",
        "text_bytes|made_bytes",
    );
    stopped(
        "{% assign s = 'x,' %}{% for i in (1..100) %}{% assign s = s | append: s %}{% endfor %}",
        "text_bytes|made_bytes",
    );
    stopped(
        "{% assign s = 'x' %}{% for i in (1..100) %}{% capture s %}{{ s }}{{ s }}{{ none }}{% endcapture %}{% endfor %}",
        "text_bytes|made_bytes",
    );
    stopped(
        "{% assign l = list %}{% for i in (1..100) %}{% assign l = l | concat: l %}{% endfor %}",
        "made_bytes|loop_turns",
    );
    stopped(
        "{% assign s = text %}{% for i in (1..9) %}{% assign s = s | replace: '', text %}{% endfor %}",
        "text_bytes|made_bytes",
    );
    stopped("{% for i in (1..999999) %}{{ text }}{{ text }}{{ text }}{{ text }}{% endfor %}", "output_bytes");
    stopped("{% for i in (1..999999) %}0123456789012345678901234567890123456789{% endfor %}", "output_bytes");
    stopped(
        "{% capture c %}{% for i in (1..999999) %}{{ text }}{{ text }}{{ text }}{% endfor %}{% endcapture %}",
        "made_bytes|text_bytes",
    );
    stopped(
        "{% for i in (1..999999) %}{% assign l = list | sort | uniq | reverse | compact %}{% endfor %}",
        "made_bytes",
    );
    stopped(
        "{% assign l = list %}{% for i in (1..99999) %}{% capture c %}{{ l }}{% endcapture %}{% assign l = c | concat: l %}{% endfor %}",
        "made_bytes|loop_turns|text_bytes",
    );
}

#[test]
fn work_without_output_is_stopped() {
    let limits = Limits { steps: 100_000, ..Limits::default() };
    let template =
        Template::parse("{% for i in (1..100000) %}{% assign x = i %}{% endfor %}", &Options::default()).unwrap();
    let error = template.render(&Value::Nil, Mode::Text, &limits).unwrap_err();
    assert!(matches!(error.problem, Problem::Limit { setting: "steps", .. }), "{error}");
    let limits = Limits { time: Duration::ZERO, ..Limits::default() };
    let error = template.render(&Value::Nil, Mode::Text, &limits).unwrap_err();
    assert!(matches!(error.problem, Problem::Limit { setting: "time", .. }), "{error}");
}

#[test]
fn malformed_templates_are_errors() {
    for template in [
        "{% comment %}{% assign x = '1'{% endcomment %}",
        "{% comment %}{%",
        "{% comment %}{{ {% endcomment %}",
        "{%",
        "{{",
        "{%}",
        "{{}",
        "{{-}}{%-%}",
        "{% %}",
        "{% raw %}",
        "{% liquid\nif %}",
        "{% for %}",
        "{% for i in %}",
        "{% case %}",
        "{% if %}{% endif %}",
        "{% cycle %}",
        "{{ 'a }}",
        "{{ a | }}",
        "{{ a.b. }}",
        "{{ a[ }}",
        "{% doc %}",
        "{% endif %}",
        "{{ é }}",
        "{% é %}",
        "{% assign = 1 %}",
        "{% when %}",
        "{{ a b }}",
        "{% include %}",
        "{% render x %}",
        "{% tablerow i in (1..2) x:1 %}{% endtablerow %}",
    ] {
        assert!(run(template, "{}", Mode::Text).is_err(), "{template}");
    }
}
