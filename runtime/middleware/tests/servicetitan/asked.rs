//! What is asked when a template is rendered, and what becomes of the answers.

use std::sync::Mutex;

use tradewire_client::CallError;
use tradewire_liquid::{Answer, Call, CallFault, Calls, Error, Limits, Mode, Problem, Value};
use tradewire_middleware::servicetitan::{Asked, Nobody};

use crate::{json, parse};

/// Answers every call with the same, and keeps what was asked.
struct Says {
    answer: Result<Value, CallError>,
    asked: Mutex<Vec<String>>,
}

impl Says {
    fn value(text: &str) -> Says {
        Says { answer: Ok(json(text)), asked: Mutex::default() }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Calls for Says {
    fn call(&self, call: &Call) -> Result<Answer, CallFault> {
        let asked = Asked::of(call)?;
        let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(k, v)| format!(" {k}={v}")).collect::<String>();
        let arguments = &asked.arguments;
        let body = arguments.body.as_ref().map(|body| format!(" {}", String::from_utf8_lossy(body)));
        let told = format!(
            "{}{}{}{}{}",
            asked.operation.id(),
            if asked.pages { " pages" } else { "" },
            pairs(&arguments.path),
            pairs(&arguments.query),
            body.unwrap_or_default()
        );
        self.asked.lock().unwrap().push(told);
        Ok(Answer { value: self.answer.clone()?, bytes: 10 })
    }
}

fn render(source: &str, data: &str, says: &Says) -> Result<String, Error> {
    let template = parse(source).unwrap();
    template.render_calling(&json(data), Mode::Json, &Limits::default(), says)
}

#[test]
fn arguments_are_expressions_and_answers_are_values() {
    let says = Says::value(r#"{ "name": "Pipe \"3/4\"", "active": true }"#);
    let source = r#"{% servicetitan vendor = inventory.vendors.get-by-id id: source.vendor %}
        { "name": "{{ vendor.name }}", "active": {{ vendor.active }}, "more": {{ vendor.more }} }"#;
    let json = render(source, r#"{ "source": { "vendor": 7 } }"#, &says).unwrap();
    assert_eq!(json, r#"{"name":"Pipe \"3/4\"","active":true,"more":null}"#);
    assert_eq!(says.asked(), ["inventory/vendors.get-by-id id=7"]);
}

#[test]
fn pages_are_a_list_and_lists_are_given_as_the_operation_takes_them() {
    let says = Says::value(r#"[{ "number": 1 }, { "number": 2 }]"#);
    let source = r#"{% servicetitan orders = inventory.purchase-orders.get-list-pages ids: ids, status: "Sent" %}
        {% servicetitan forms = forms.form-submission.get-form-submissions owners: ids %}
        [{% for order in orders %}{{ order.number }}{% forloop_delimiter %}{% endfor %}]"#;
    assert_eq!(render(source, r#"{ "ids": [4, 5] }"#, &says).unwrap(), "[1,2]");
    assert_eq!(
        says.asked(),
        [
            "inventory/purchase-orders.get-list pages ids=4,5 status=Sent",
            "forms/form-submission.get-form-submissions owners=4 owners=5",
        ]
    );
}

#[test]
fn a_body_is_an_object_or_a_capture_and_values_are_escaped_in_it() {
    for body in ["new", "written"] {
        let says = Says::value(r#"{ "id": 1 }"#);
        let source = format!(
            r#"{{% capture written %}}{{ "name": "{{{{ new.name }}}}", }}{{% endcapture %}}
            {{% servicetitan made = inventory.vendors.create body: {body} %}}{{{{ made.id }}}}"#
        );
        let text = render(&source, r#"{ "new": { "name": "x\", \"active\": \"" } }"#, &says).unwrap();
        assert_eq!(text, "1");
        assert_eq!(says.asked(), [r#"inventory/vendors.create {"name":"x\", \"active\": \""}"#]);
    }
}

#[test]
fn a_body_that_is_no_json_is_an_error_and_nothing_is_asked() {
    let says = Says::value("1");
    let source = r#"{% capture b %}{ "a": {% endcapture %}{% servicetitan v = inventory.vendors.create body: b %}1"#;
    let error = render(source, "{}", &says).unwrap_err();
    assert!(error.to_string().contains("the body is not JSON"), "{error}");
    assert!(says.asked().is_empty());
}

#[test]
fn an_argument_that_is_nothing_is_an_error_and_nothing_is_asked() {
    let says = Says::value("[]");
    let source = "{% servicetitan v = inventory.vendors.get-list-pages ids: source.ids %}1";
    let error = render(source, "{}", &says).unwrap_err();
    assert!(error.to_string().contains("`ids` is nothing: give it a value, or leave the argument out"), "{error}");
    assert_eq!((error.line, error.column), (1, 59));
    assert!(says.asked().is_empty());
}

#[test]
fn an_object_is_no_argument_but_a_body() {
    let says = Says::value("1");
    let source = "{% servicetitan v = inventory.vendors.get-by-id id: source %}1";
    let error = render(source, r#"{ "source": { "id": 1 } }"#, &says).unwrap_err();
    assert!(error.to_string().contains("`id` is an object, which no address can hold"), "{error}");
    assert!(says.asked().is_empty());
}

#[test]
fn a_call_that_fails_ends_the_rendering_at_its_place() {
    let error = CallError { status: Some(404), ..CallError::new("not-found", "there is no vendor 7") };
    let says = Says { answer: Err(error.clone()), asked: Mutex::default() };
    let failed = render("\n{% servicetitan v = inventory.vendors.get-by-id id: 7 %}1", "{}", &says).unwrap_err();
    assert_eq!(failed.line, 2);
    let Problem::Call { callee, fault } = failed.problem else { panic!("{failed}") };
    assert_eq!((callee.as_str(), fault.downcast_ref()), ("inventory.vendors.get-by-id", Some(&error)));
}

#[test]
fn calls_are_counted_and_what_stands_in_a_branch_is_not_called() {
    let says = Says::value("1");
    let source = "{% for i in (1..30) %}{% servicetitan v = inventory.vendors.get-by-id id: i %}{% endfor %}1";
    let error = render(source, "{}", &says).unwrap_err();
    assert!(matches!(error.problem, Problem::Limit { setting: "calls", .. }), "{error}");
    assert_eq!(says.asked().len(), 20);
    let source = "{% if no %}{% servicetitan v = inventory.vendors.get-by-id id: 1 %}{% endif %}{{ v }}";
    assert_eq!(render(source, "{}", &Says::value("1")).unwrap(), "null");
}

#[test]
fn nothing_is_called_again_to_find_the_place_of_a_fault() {
    let says = Says::value(r#"{ "id": 1 }"#);
    let source = "{% servicetitan v = inventory.vendors.create body: source %}\n{ \"id\": {{ v.id }} \"a\": 1 }";
    let error = render(source, r#"{ "source": {} }"#, &says).unwrap_err();
    assert!(matches!(error.problem, Problem::Json(_)), "{error}");
    assert_eq!(error.line, 2);
    assert_eq!(says.asked().len(), 1);
}

#[test]
fn without_a_tenant_nobody_answers() {
    let template = parse("{% servicetitan v = inventory.vendors.get-by-id id: 1 %}1").unwrap();
    let error = template.render_calling(&json("{}"), Mode::Json, &Limits::default(), &Nobody).unwrap_err();
    assert!(error.to_string().contains("rendered without a tenant"), "{error}");
}
