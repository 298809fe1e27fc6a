//! How fast a purchase order of 100 lines is rendered, as text and as JSON, and how fast its template is parsed.
//!
//! `cargo bench -p tradewire-middleware --bench liquid`; `-- --write DIR` writes template and input for other engines.

use std::hint::black_box;
use std::time::{Duration, Instant};

use tradewire_middleware::liquid::{Limits, Mode, Options, Template, Value};

const SOURCE: &str = include_str!("order.liquid");

fn order(lines: usize) -> String {
    let items: Vec<String> = (0..lines)
        .map(|line| {
            format!(
                r#"{{"vendorPartNumber":"VP-{line:05}","externalId":"{line}","name":"3/4\" copper pipe {line}","code":"C{line}",
                "description":"Type L, hard drawn, 10 ft lengths; for potable water and \"medical\" gas, batch {line}",
                "unitOfMeasure":"ft","quantity":{line}.5,"unitCost":12.{:02},"technicianName":null,"itemDynamicFields":{{}}}}"#,
                line % 100
            )
        })
        .collect();
    format!(
        r#"{{"config":{{"baseUrl":"https://vendor.test/api/","url":"/purchaseorder"}},
        "source":{{"headers":{{"X-API-KEY":"key","Accept":"application/json"}},"body":{{"accountId":"A-1",
        "purchaseOrder":{{"number":"PO-7","requiredOn":"2026-03-04T14:39:07.3870233+00:00","tax":10.10,"total":1234.50,
        "isVendorCounterPickup":false,"customer":{{"contactEmployeeName":"Zoë \"Z\" O'Brien","contactEmployeeOfficePhone":"555"}},
        "vendor":{{"name":"Vendor"}},"items":[{}]}}}}}}}}"#,
        items.join(",")
    )
}

/// The median time of one call, of 15 rounds of at least 100 ms each.
fn measure(mut call: impl FnMut()) -> Duration {
    let mut rounds: Vec<Duration> = (0..15)
        .map(|_| {
            let (start, mut calls) = (Instant::now(), 0);
            while start.elapsed() < Duration::from_millis(100) {
                call();
                calls += 1;
            }
            start.elapsed() / calls
        })
        .collect();
    rounds.sort();
    rounds[rounds.len() / 2]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input = order(100);
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--write") {
        let folder = std::path::Path::new(args.get(at + 1).ok_or("--write takes a folder")?);
        std::fs::write(folder.join("order.liquid"), SOURCE)?;
        std::fs::write(folder.join("order.json"), &input)?;
        return Ok(());
    }
    let options = Options::default();
    let limits = Limits::default();
    let data = Value::from_json(&input)?;
    let template = Template::parse(SOURCE, &options)?;
    let json = template.render(&data, Mode::Json, &limits)?;
    Value::from_json(&json)?;
    println!("purchase order of 100 lines: {} bytes in, {} bytes of JSON out", input.len(), json.len());
    let report = |what: &str, time: Duration| {
        println!("{what:<28} {:>10.1} µs {:>10.0} a second", time.as_secs_f64() * 1e6, 1.0 / time.as_secs_f64());
    };
    report("parse the template, cold", measure(|| drop(black_box(Template::parse(black_box(SOURCE), &options)))));
    report("read the input", measure(|| drop(black_box(Value::from_json(black_box(&input))))));
    report("render text", measure(|| drop(black_box(template.render(&data, Mode::Text, &limits)))));
    report("render JSON, not yet strict", measure(|| drop(black_box(template.render_unsettled(&data, &limits)))));
    report("render JSON", measure(|| drop(black_box(template.render(&data, Mode::Json, &limits)))));
    Ok(())
}
