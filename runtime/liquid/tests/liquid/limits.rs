//! Templates and values that mean harm end in an error with a place, soon, and without much memory.

use std::time::{Duration, Instant};

use tradewire_liquid::{Error, Limits, Mode, Options, Problem, Template, Value};

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

/// Whatever an author may write as much of as they like is counted, wherever it is looked at.
#[test]
fn what_is_long_in_a_template_or_a_value_is_counted() {
    let limits = Limits { steps: 1_000_000, ..Limits::default() };
    let data =
        Value::object([("text", Value::from(" ".repeat(200_000))), ("object", Value::object([("a", 1.into())]))]);
    let names: String = (0..20_000).map(|n| format!("{{% assign name{n} = 1 %}}")).collect();
    for (body, before) in [
        (format!("{{% case x %}}{}{{% endcase %}}", "{% when 'a' %}b".repeat(2_000)), ""),
        (format!("{{% case x %}}{{% when 'a' {} %}}b{{% endcase %}}", ", 'a'".repeat(2_000)), ""),
        (format!("{{% case x %}}{{% when nil %}}{}{{% endcase %}}", "{% else %}b".repeat(2_000)), ""),
        (format!("{{% if x %}}{}{{% endif %}}", "{% elsif x %}b".repeat(2_000)), ""),
        (format!("{{% if object {} %}}{{% endif %}}", "and object".to_owned() + &" and object".repeat(2_000)), ""),
        (format!("{{{{ x{} }}}}", ".a".repeat(2_000)), ""),
        (format!("{{{{ x{} }}}}", "[0]".repeat(2_000)), ""),
        (format!("{{{{ object.{} }}}}", "a".repeat(200_000)), ""),
        (format!("{{{{ object[\"{}\"] }}}}", "a".repeat(200_000)), ""),
        ("{% if text.size == 1 %}{% endif %}".to_owned(), ""),
        ("{% if text == blank %}{% endif %}".to_owned(), ""),
        ("{% if text < 'a' %}{% endif %}".to_owned(), ""),
        ("{% if object contains text %}{% endif %}".to_owned(), ""),
        ("{{ text | first }}{{ text | size }}".to_owned(), ""),
        ("{{ object | where: text }}".to_owned(), ""),
        ("{% render 'a' %}".to_owned(), names.as_str()),
    ] {
        let source = format!("{{% for i in (1..1000) %}}{body}{{% endfor %}}{{% if x %}}{before}{{% endif %}}");
        let options = Options { partials: vec![("a".to_owned(), String::new())], ..Options::default() };
        let shown = source.chars().take(80).collect::<String>();
        let error = Template::parse(&source, &options).unwrap().render(&data, Mode::Text, &limits);
        let error = error.map(|text| text.len()).expect_err(&shown);
        assert!(matches!(error.problem, Problem::Limit { setting: "steps", .. }), "{shown}: {error}");
    }
}

/// Parsing, and telling what a template reads, take time by its length and not by its square.
#[test]
fn what_a_long_template_reads_is_told_in_a_moment() {
    let start = std::time::Instant::now();
    for source in [
        "{{a}}".repeat(400_000),
        "{{a|raw}}".repeat(200_000),
        format!("{{% if a {} %}}{{% endif %}}", "and a ".repeat(400_000)),
        format!("{{% case a %}}{}{{% endcase %}}", "{% when a %}".repeat(200_000)),
        format!("{{% if a %}}{}{{% endif %}}", "{% elsif a %}".repeat(200_000)),
    ] {
        let template = Template::parse(&source, &Options::default()).unwrap();
        let last = template.reads().into_iter().next_back().unwrap();
        assert!(last.line == 1 && last.column > 1_000_000, "{last:?}");
    }
    // One of them would take minutes.
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
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
