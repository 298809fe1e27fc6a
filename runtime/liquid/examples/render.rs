//! A template that writes JSON, and values that try to break it.

use tradewire_liquid::{Error, Limits, Mode, Options, Template, Value};

const ORDER: &str = r#"{
  "customer": "{{ customer.name }}",
  "lines": [{% for line in lines %}{ "part": "{{ line.part }}", "quantity": {{ line.quantity }} },{% endfor %}],
}"#;

fn main() -> Result<(), Error> {
    let template = Template::parse(ORDER, &Options { name: "order.liquid".to_owned(), ..Options::default() })?;
    for input in [
        r#"{ "customer": { "name": "Shop" }, "lines": [{ "part": "3/4\" pipe", "quantity": 2.50 }] }"#,
        r#"{ "customer": { "name": "\", \"admin\": true, \"x\": \"" }, "lines": [{ "quantity": "1 } ]" }] }"#,
    ] {
        println!("{}", template.render(&Value::from_json(input)?, Mode::Json, &Limits::default())?);
    }
    for read in template.reads() {
        println!("reads {read} at {}:{}:{}", read.name, read.line, read.column);
    }
    Ok(())
}
