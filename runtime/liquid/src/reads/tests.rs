#![allow(clippy::unwrap_used)]
use super::super::{Options, Template};
use super::*;

fn reads(source: &str) -> Vec<Read> {
    Template::parse(source, &Options::default()).unwrap().reads()
}

fn paths(source: &str) -> Vec<String> {
    let mut paths: Vec<String> = reads(source).iter().map(ToString::to_string).collect();
    paths.dedup();
    paths
}

#[test]
fn a_path_is_told_with_its_place() {
    let reads = reads("{\n  \"a\": {{ source.body.number }} }");
    let [read] = &reads[..] else { panic!("{reads:?}") };
    assert_eq!((read.to_string().as_str(), read.line, read.column), ("source.body.number", 2, 11));
    assert_eq!(read.behind(&["source", "body"]), Some(&[Segment::Member("number".into())][..]));
    assert_eq!(read.behind(&["source", "headers"]), None);
}

#[test]
fn variables_of_loops_are_followed() {
    let source =
        "{% for o in source.body.orders %}{% for i in o.items %}{{ i.qty }}{{ forloop.index }}{% endfor %}{% endfor %}";
    assert_eq!(paths(source), ["source.body.orders", "source.body.orders[].items", "source.body.orders[].items[].qty"]);
}

#[test]
fn what_is_assigned_stands_for_what_it_was_assigned() {
    let source = "{% assign o = source.body.order | default: source.body.draft %}{{ o.number }}";
    assert_eq!(
        paths(source),
        ["source.body.order", "source.body.draft", "source.body.order.number", "source.body.draft.number"]
    );
    // What is assigned anew no longer stands for what it did.
    let source = "{% assign x = a.b %}{% assign x = c.d %}{{ x.e }}";
    assert_eq!(paths(source), ["a.b", "c.d", "c.d.e"]);
}

#[test]
fn behind_branches_a_name_stands_for_what_any_of_them_set_it_to() {
    let source = "{% assign x = a %}{% if t %}{% assign x = b %}{% endif %}{{ x.p }}";
    assert_eq!(paths(source), ["a", "t", "b", "a.p", "b.p"]);
    let source = "{% if t %}{% assign x = b %}{% else %}{% assign x = c %}{% endif %}{{ x.p }}";
    assert_eq!(paths(source), ["t", "b", "c", "b.p", "c.p"]);
}

#[test]
fn what_a_template_makes_itself_is_not_read_of_anything() {
    let source = "{% capture text %}{{ a }}{% endcapture %}{{ text.size }}{{ later }}{% assign later = 'x' %}\
                  {% increment n %}{{ n }}{% assign words = a | split: ',' %}{{ words.first.x }}";
    assert_eq!(paths(source), ["a"]);
}

#[test]
fn filters_read_members_of_items() {
    let source = "{{ items | where: 'active', true | map: 'name' | join: ',' }}{{ items | sum: 'qty' }}\
                  {% assign one = items | find: 'id', 7 %}{{ one.price }}{% for i in items reversed %}{{ i[0] }}{% endfor %}";
    let told: Vec<(String, Use)> = reads(source).into_iter().map(|read| (read.to_string(), read.used)).collect();
    for (path, used) in [
        ("items", Use::List),
        ("items[].active", Use::Compared(Value::from(true))),
        ("items[].name", Use::Value),
        ("items[].qty", Use::Number),
        ("items[].id", Use::Compared(Value::from(7))),
        ("items[].price", Use::Value),
        ("items[][]", Use::Value),
    ] {
        assert!(told.contains(&(path.to_owned(), used)), "{path}\n{told:?}");
    }
}

#[test]
fn what_a_value_is_read_for_is_told() {
    let source = "{% if a == 'OK' %}{% endif %}{% if b %}{% endif %}{% case c %}{% when 1, 2 %}{% endcase %}\
                  {{ d | times: 2 }}{{ e | date: '%Y' }}{% if f != blank %}{% endif %}{{ g | default: 1 | plus: 1 }}";
    let told: Vec<(String, Use)> = reads(source).into_iter().map(|read| (read.to_string(), read.used)).collect();
    for (path, used) in [
        ("a", Use::Compared("OK".into())),
        ("b", Use::Tested),
        ("c", Use::Compared(Value::from(1))),
        ("c", Use::Compared(Value::from(2))),
        ("d", Use::Number),
        ("e", Use::Date),
        ("f", Use::Tested),
        ("g", Use::Number),
    ] {
        assert!(told.contains(&(path.to_owned(), used)), "{path}\n{told:?}");
    }
}

#[test]
fn names_in_brackets_are_names() {
    let source = r#"{{ ["source"].body["odd name"].x }}{{ a[b.c].d }}{{ a[0].e }}"#;
    assert_eq!(paths(source), [r#"source.body["odd name"].x"#, "b.c", "a[…].d", "a[].e"]);
}

#[test]
fn partials_are_followed_and_recursion_ends() {
    let partials = vec![
        ("line".to_owned(), "{{ i.qty }}{{ line.qty }}{{ source.x }}".to_owned()),
        ("self".to_owned(), "{{ y }}{% include 'self' %}{% include 'self' %}".to_owned()),
    ];
    let options = Options { partials, globals: vec!["config".to_owned()], ..Options::default() };
    let source =
        "{% render 'line' for items, i: order %}{% include 'self', y: order.y %}{% render 'line' with config.a %}";
    let paths: HashSet<String> =
        Template::parse(source, &options).unwrap().reads().iter().map(ToString::to_string).collect();
    for path in ["items[].qty", "order.qty", "order.y", "config.a.qty"] {
        assert!(paths.contains(path), "{path}\n{paths:?}");
    }
    assert!(!paths.contains("source.x"), "`render` has names of its own: {paths:?}");
}
