//! Tags of whoever embeds the engine: what is refused when a template is parsed, what is asked when it is rendered.

use std::sync::{Arc, Mutex};

use tradewire_liquid::{
    Answer, Argument, Call, CallFault, Callee, Calls, Error, Limits, Mode, Nobody, Options, Parameter, Problem, Shape,
    Tag, Template, Value,
};

/// `{% stock name = warehouse.part number: …, lots: …, note: … %}`
#[derive(Debug)]
struct Stock;

impl Tag for Stock {
    fn word(&self) -> &'static str {
        "stock"
    }

    fn path(&self) -> &'static [&'static str] {
        &["a warehouse", "`part`"]
    }

    fn find(&self, path: &[&str]) -> Result<Box<dyn Callee>, String> {
        match path[1] {
            "part" => Ok(Box::new(Part(path.join(".")))),
            other => Err(format!("a warehouse has no `{other}`")),
        }
    }
}

struct Part(String);

impl Callee for Part {
    fn name(&self) -> String {
        self.0.clone()
    }

    fn parameter(&self, name: &str) -> Result<Parameter, String> {
        match name {
            "number" => Ok(Parameter::new(name, Shape::Text)),
            "lots" => Ok(Parameter::new(name, Shape::List)),
            "note" => Ok(Parameter::new(name, Shape::Json)),
            _ => Err(format!("a part has no `{name}`")),
        }
    }

    fn missing(&self, given: &[Parameter]) -> Option<&str> {
        given.iter().all(|parameter| &*parameter.name != "number").then_some("number")
    }
}

/// Keeps what it is asked.
#[derive(Default)]
struct Shelves(Mutex<Vec<Call>>);

impl Calls for Shelves {
    fn call(&self, call: &Call) -> Result<Answer, CallFault> {
        self.0.lock().unwrap().push(call.clone());
        Ok(Answer { value: Value::object([("left", 3.into())]), bytes: 10 })
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the warehouse is closed")]
struct Closed;

struct Shut;

impl Calls for Shut {
    fn call(&self, _: &Call) -> Result<Answer, CallFault> {
        Err(Closed.into())
    }
}

fn parse(source: &str) -> Result<Template, Error> {
    Template::parse(source, &Options { tags: vec![Arc::new(Stock)], ..Options::default() })
}

#[track_caller]
fn refused(source: &str) -> String {
    parse(source).unwrap_err().to_string()
}

#[test]
fn what_a_tag_does_not_know_is_refused_at_its_place_when_the_template_is_parsed() {
    assert_eq!(refused("{% stock p = main.bolt number: 1 %}"), "template:1:14: a warehouse has no `bolt`");
    assert_eq!(refused("{% stock p = main.part colour: 1 %}"), "template:1:24: a part has no `colour`");
    assert_eq!(refused("{% stock p = main.part number: 1, number: 2 %}"), "template:1:35: `number` is given twice");
    assert_eq!(refused("{% stock p = main.part lots: l %}"), "template:1:14: `main.part` needs `number: …`");
    assert!(refused("{% stock p = main %}").contains("`.`"));
    assert!(refused("{% stock p %}").contains("`=`"));
    assert!(refused("{% stok p = main.part number: 1 %}").ends_with("did you mean `stock`?"));
}

#[test]
fn without_the_tag_its_word_is_unknown() {
    let error = Template::parse("{% stock p = main.part number: 1 %}", &Options::default()).unwrap_err();
    assert!(error.to_string().contains("there is no tag `stock`"), "{error}");
}

#[test]
fn arguments_come_in_the_shape_that_their_parameters_take_and_the_answer_is_a_value() {
    let source = "{% stock p = main.part number: n, lots: l, note: o %}{% stock q = main.part number: 7, lots: 'x' %}\
                  [{{ p.left }},{{ q.left }}]";
    let template = parse(source).unwrap();
    let named: Vec<_> = template.calls().iter().map(|call| (call.callee.as_str(), call.place.column)).collect();
    assert_eq!(named, [("main.part", 14), ("main.part", 67)]);
    let data = Value::from_json(r#"{"n":1.50,"l":[1,"b"],"o":{"a":"3/4\""}}"#).unwrap();
    let shelves = Shelves::default();
    assert_eq!(template.render_calling(&data, Mode::Json, &Limits::default(), &shelves).unwrap(), "[3,3]");
    let asked: Vec<_> = shelves.0.lock().unwrap().iter().map(|call| call.arguments.clone()).collect();
    let argument = |name: &str, argument: Argument| (name.to_owned(), argument);
    let list = |items: &[&str]| Argument::List(items.iter().map(|item| (*item).to_owned()).collect());
    assert_eq!(
        asked,
        [
            vec![
                argument("number", Argument::Text("1.50".to_owned())),
                argument("lots", list(&["1", "b"])),
                argument("note", Argument::Json(r#"{"a":"3/4\""}"#.into())),
            ],
            vec![argument("number", Argument::Text("7".to_owned())), argument("lots", list(&["x"]))],
        ]
    );
}

#[test]
fn a_call_without_an_answer_ends_the_rendering_at_its_place_with_the_error_that_came() {
    let template = parse("\n{% stock p = main.part number: 1 %}").unwrap();
    let render = |calls: &dyn Calls| {
        let limits = Limits::default();
        template.render_calling(&Value::default(), Mode::Json, &limits, calls).unwrap_err()
    };
    let error = render(&Shut);
    assert_eq!(error.to_string(), "template:2:1: main.part: the warehouse is closed");
    let Problem::Call { fault, .. } = error.problem else { panic!("{error}") };
    assert!(fault.downcast_ref::<Closed>().is_some());
    assert_eq!(render(&Nobody).to_string(), "template:2:1: main.part: nothing answers calls here");
}
