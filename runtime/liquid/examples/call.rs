//! A tag of one's own: `{% stock name = part.find number: … %}` asks a warehouse.

use std::sync::Arc;

use tradewire_liquid::{
    Answer, Argument, Call, CallFault, Callee, Calls, Error, Limits, Mode, Options, Parameter, Shape, Tag, Template,
    Value,
};

#[derive(Debug)]
struct Stock;

impl Tag for Stock {
    fn word(&self) -> &'static str {
        "stock"
    }

    fn path(&self) -> &'static [&'static str] {
        &["`part`", "what to do with it, such as `find`"]
    }

    fn find(&self, path: &[&str]) -> Result<Box<dyn Callee>, String> {
        if path == ["part", "find"] { Ok(Box::new(Find)) } else { Err("only `part.find` is there".to_owned()) }
    }
}

struct Find;

impl Callee for Find {
    fn name(&self) -> String {
        "part.find".to_owned()
    }

    fn parameter(&self, name: &str) -> Result<Parameter, String> {
        if name == "number" { Ok(Parameter::new(name, Shape::Text)) } else { Err(format!("there is no `{name}`")) }
    }

    fn missing(&self, given: &[Parameter]) -> Option<&str> {
        given.is_empty().then_some("number")
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the warehouse has no part {0}")]
struct NoPart(String);

struct Warehouse;

impl Calls for Warehouse {
    fn call(&self, call: &Call) -> Result<Answer, CallFault> {
        let [(_, Argument::Text(number))] = call.arguments.as_slice() else { return Err(NoPart(String::new()).into()) };
        if number != "P-7" {
            return Err(NoPart(number.clone()).into());
        }
        Ok(Answer { value: Value::object([("left", 3.into())]), bytes: 12 })
    }
}

fn main() -> Result<(), Error> {
    let options = Options { tags: vec![Arc::new(Stock)], ..Options::default() };
    for source in [
        r#"{% stock part = part.find number: number %}{ "left": {{ part.left }} }"#,
        "{% stock part = part.buy number: number %}",
    ] {
        let template = match Template::parse(source, &options) {
            Ok(template) => template,
            Err(error) => {
                println!("refused: {error}");
                continue;
            }
        };
        for number in ["P-7", "P-8"] {
            let data = Value::object([("number", number.into())]);
            match template.render_calling(&data, Mode::Json, &Limits::default(), &Warehouse) {
                Ok(json) => println!("{json}"),
                Err(error) => println!("failed: {error}"),
            }
        }
    }
    Ok(())
}
