//! Writes a Rust function for every operation of the catalog: it makes the operation's sample arguments, typed, and
//! calls the operation's typed function with them.

mod expression;

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use expression::Surroundings;
use heck::ToUpperCamelCase as _;
use tradewire_samples::arguments;
use tradewire_surface::{Answer, Body, Catalog, OperationRef, ParameterIn, Type, wit};
use wit_bindgen_rust::to_rust_ident;

fn main() {
    println!("cargo:rerun-if-changed=build");
    let mut functions = String::new();
    let mut table = String::new();
    let mut surroundings: Option<Surroundings<'_>> = None;
    for (number, operation) in Catalog::get().operations().enumerate() {
        let same = surroundings.as_ref().is_some_and(|s| s.surface.name == operation.surface.name);
        let here = match surroundings.take() {
            Some(here) if same => here,
            _ => Surroundings::of(operation.surface),
        };
        write(&mut functions, &mut table, number, operation, &here).unwrap_or_default();
        surroundings = Some(here);
    }
    let out = env::var("OUT_DIR").unwrap_or_default();
    let text = format!("{functions}\n/// All of them.\npub static OPERATIONS: &[Operation] = &[\n{table}];\n");
    if let Err(error) = fs::write(Path::new(&out).join("operations.rs"), text) {
        eprintln!("cannot write the operations: {error}");
        std::process::exit(1);
    }
}

fn write(
    functions: &mut String,
    table: &mut String,
    number: usize,
    reference: OperationRef<'_>,
    here: &Surroundings<'_>,
) -> std::fmt::Result {
    let operation = reference.operation;
    let sample = arguments(reference);
    let module = here.module(reference.resource);
    let mut setting = String::new();
    let mut passed = Vec::new();

    for (place, ((_, param), (_, value))) in
        wit::params(operation, ParameterIn::Path).into_iter().zip(&sample.path).enumerate()
    {
        let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match (&param.ty, value) {
            (Type::Named(_), _) => writeln!(setting, "    let p{place} = {};", here.value(&param.ty, value))?,
            (_, value) if value.is_string() => {
                writeln!(setting, "    let p{place}: String = given.at({place}, {plain:?})?;")?
            }
            _ => writeln!(setting, "    let p{place} = given.at({place}, {plain:?})?;")?,
        }
        passed.push(reference_to(&format!("p{place}"), here.is_copy(&param.ty)));
    }
    let query = wit::params(operation, ParameterIn::Query);
    if !query.is_empty() {
        let mut fields = String::new();
        for ((name, param), (_, value)) in query.iter().zip(&sample.query) {
            let value = here.value(&param.ty, value);
            let value = if param.required { value } else { format!("Some({value})") };
            write!(fields, "{}: {value}, ", to_rust_ident(name))?;
        }
        writeln!(setting, "    let query = {module}::{}Query {{ {fields}}};", operation.name.to_upper_camel_case())?;
        passed.push(reference_to("query", query.iter().all(|(_, param)| here.is_copy(&param.ty))));
    }
    match &operation.body {
        Some(Body::Json(ty)) => {
            let value = sample.body.as_ref().map(|body| here.value(ty, body)).unwrap_or_default();
            writeln!(setting, "    let body = {value};")?;
            passed.push(reference_to("body", here.is_copy(ty)));
        }
        Some(Body::File(_)) => {
            if let Some(file) = &sample.file {
                writeln!(
                    setting,
                    "    let file = upload({:?}, {:?}, &{:?})?;",
                    file.name, file.content_type, file.bytes
                )?;
            }
            passed.push("file".to_owned());
        }
        None => {}
    }

    let call = format!("{module}::{}({})", to_rust_ident(&operation.name), passed.join(", "));
    let call = match operation.answer {
        Answer::File => format!("received({call}?)"),
        _ => format!("{call}.map(drop).map_err(Failure::from)"),
    };
    writeln!(
        functions,
        "fn call_{number}(given: &Given) -> Result<()> {{\n    let _ = given;\n{setting}    {call}\n}}"
    )?;
    let pages = if operation.paging.is_some() {
        let pages = format!("{module}::{}({})", to_rust_ident(&format!("{}-pages", operation.name)), passed.join(", "));
        writeln!(
            functions,
            "fn pages_{number}(given: &Given) -> Result<()> {{\n    let _ = given;\n{setting}    walked({pages})\n}}"
        )?;
        format!("Some(pages_{number})")
    } else {
        "None".to_owned()
    };
    writeln!(table, "    Operation {{ id: {:?}, call: call_{number}, pages: {pages} }},", reference.id())
}

fn reference_to(name: &str, is_copy: bool) -> String {
    if is_copy { name.to_owned() } else { format!("&{name}") }
}
