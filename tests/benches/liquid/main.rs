//! How fast a purchase order of 100 lines is rendered: ours as JSON and checked by its contract, beside other engines
//! that render the same template as plain text. Ours is asked for more, and is to be ten times faster all the same.
//!
//! `cargo bench --workspace --bench liquid`

mod peers;

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::json;
use tradewire_liquid::{Limits, Mode, Options, Template, Value};
use tradewire_middleware::contract::Contract;
use tradewire_middleware::servicetitan::Nobody;

use peers::Peer;

const SOURCE: &str = include_str!("order.liquid");
/// How often each is measured, in turn, so that what else the machine does meets all of them; the best counts.
const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(400);
/// What ours is to be, in times the others.
const AIM: f64 = 10.0;

/// What a template is given for an order as ServiceTitan sends it. No text holds what JSON must escape, because the
/// other engines would not.
fn order(lines: usize) -> serde_json::Value {
    let item = |line: usize| {
        json!({
            "vendorPartNumber": format!("VP-{line:05}"), "externalId": line.to_string(),
            "name": format!("Copper pipe 3/4 in {line}"), "code": format!("C{line}"),
            "description": format!("Type L, hard drawn, 10 ft lengths; for potable water and medical gas, batch {line}"),
            "unitOfMeasure": "ft", "quantity": line as f64 + 0.5, "unitCost": 12.25 + 0.5 * (line % 2) as f64,
            "technicianName": null, "productInfo": null, "itemDynamicFields": {}, "catalogData": null,
        })
    };
    json!({
        "config": { "baseUrl": "https://vendor.test/api", "url": "purchaseorder" },
        "source": {
            "headers": { "X-API-KEY": "key", "Accept": "application/json" },
            "body": { "accountId": "A-1", "vendorId": "V-1", "purchaseOrder": {
                "id": 7, "number": "PO-7", "requiredOn": "2026-03-04T14:39:07.3870233+00:00", "tax": 10.10, "total": 1234.50,
                "isVendorCounterPickup": false, "vendor": { "name": "Vendor" },
                "customer": { "name": "Shop", "contactEmployeeName": "Zoë O'Brien", "contactEmployeeOfficePhone": "555" },
                "items": (0..lines).map(item).collect::<Vec<_>>(),
            } },
        },
    })
}

/// The time of one call, over a round.
fn timed<T>(mut call: impl FnMut() -> T) -> Duration {
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < ROUND {
        black_box(call());
        calls += 1;
    }
    start.elapsed() / calls
}

/// The published crate, in this process: it renders plain text. What an input lacks is an error to it, so it gets nulls; and
/// a date as it reads one, since it leaves seven digits behind the seconds as they are.
fn published(input: &serde_json::Value) -> Result<(liquid::Template, liquid::Object), Box<dyn std::error::Error>> {
    let mut input = input.clone();
    input["source"]["body"]["purchaseOrder"]["vendor"]["branchId"] = serde_json::Value::Null;
    input["source"]["body"]["purchaseOrder"]["requiredOn"] = "2026-03-04 14:39:07 +0000".into();
    let template = liquid::ParserBuilder::with_stdlib().build()?.parse(SOURCE)?;
    Ok((template, serde_json::from_value(input)?))
}

/// The best time of each line of the table.
struct Best(Vec<(String, Duration)>);

impl Best {
    fn take(&mut self, what: &str, time: Duration) {
        match self.0.iter_mut().find(|(known, _)| known == what) {
            Some((_, best)) => *best = time.min(*best),
            None => self.0.push((what.to_owned(), time)),
        }
    }

    fn print(&self, ours: &str, aim: Option<f64>) {
        let own = self.0.iter().find(|(what, _)| what == ours).map_or(Duration::ZERO, |(_, time)| *time).as_secs_f64();
        for (what, time) in &self.0 {
            let time = time.as_secs_f64();
            let (micros, a_second, ratio) = (time * 1e6, 1.0 / time, time / own);
            let met = match aim.filter(|_| what.starts_with("liquidjs") || what.starts_with("ruby")) {
                Some(aim) if ratio >= aim => format!("   at least {aim}: met"),
                Some(aim) => format!("   at least {aim}: MISSED"),
                None => String::new(),
            };
            println!("{what:<46} {micros:>9.1} µs {a_second:>9.0} a second {ratio:>7.2}{met}");
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input = order(100);
    let text = input.to_string();
    let folder = peers::folder()?;
    let (template_file, input_file) = (folder.join("order.liquid"), folder.join("order.json"));
    std::fs::write(&template_file, SOURCE)?;
    std::fs::write(&input_file, &text)?;

    let options = Options::default();
    let limits = Limits::default();
    let data = Value::from_json(&text)?;
    let body = data.get("source").and_then(|source| source.get("body")).ok_or("no body")?;
    let template = Template::parse(SOURCE, &options)?;
    let contract = Contract::of("purchaseorder").ok_or("no contract")?;
    let breaches = contract.request.breaches(body);
    assert!(breaches.is_empty(), "the order is not what the contract says: {breaches:?}");
    let json = template.render(&data, Mode::Json, &limits)?;
    println!("a purchase order of 100 lines: {} bytes in, {} bytes of JSON out", text.len(), json.len());

    let wanted: serde_json::Value = serde_json::from_str(&json)?;
    let mut peers = Vec::new();
    for (name, peer) in [
        ("liquidjs", Peer::liquidjs(&folder, &template_file, &input_file)),
        ("ruby-liquid", Peer::ruby(&template_file, &input_file)),
    ] {
        match peer {
            Ok(mut peer) => {
                let found: serde_json::Value = serde_json::from_str(&peer.output()?)?;
                assert!(
                    found == wanted,
                    "{name} renders something else: see order.liquid and order.json in {}",
                    folder.display()
                );
                peer.render(5 * ROUND)?;
                peers.push(peer);
            }
            Err(error) => println!("{name} is NOT MEASURED: {error}"),
        }
    }

    let crate_of_that_name = published(&input).and_then(|(template, data)| {
        let found: serde_json::Value = serde_json::from_str(&template.render(&data)?)?;
        if found == wanted { Ok((template, data)) } else { Err("it renders something else".into()) }
    });
    if let Err(error) = &crate_of_that_name {
        println!("the crate liquid is NOT MEASURED: {error}");
    }

    let (checked, cold) = ("ours: contract checked, rendered as JSON", "ours");
    let (mut renders, mut parses, mut parts) = (Best(Vec::new()), Best(Vec::new()), Best(Vec::new()));
    for _ in 0..ROUNDS {
        renders.take(
            checked,
            timed(|| (contract.request.breaches(body).is_empty(), template.render(&data, Mode::Json, &limits))),
        );
        renders.take(
            "ours: so, and the result read to be sent",
            timed(|| {
                let result = template.render(&data, Mode::Json, &limits).and_then(|json| Value::from_json(&json));
                (contract.request.breaches(body).is_empty(), result)
            }),
        );
        renders.take("ours: plain text", timed(|| template.render(&data, Mode::Text, &limits)));
        parses.take(cold, timed(|| Template::parse(black_box(SOURCE), &options)));
        if let Ok((template, data)) = &crate_of_that_name {
            renders.take("the crate liquid: plain text", timed(|| template.render(data)));
            let parser = liquid::ParserBuilder::with_stdlib().build()?;
            parses.take("the crate liquid", timed(|| parser.parse(black_box(SOURCE))));
        }
        for peer in &mut peers {
            let name = peer.name.clone();
            renders.take(&format!("{name}: plain text"), peer.render(ROUND)?);
            parses.take(&name, peer.parse(ROUND)?);
        }
        parts.take("read the input's JSON", timed(|| Value::from_json(black_box(&text))));
        parts.take("check it by its contract", timed(|| contract.request.breaches(body)));
        parts.take("render JSON, not yet strict", timed(|| template.render_unsettled(&data, &limits, &Nobody)));
        parts.take("render JSON", timed(|| template.render(&data, Mode::Json, &limits)));
        parts.take("read the result's JSON", timed(|| Value::from_json(black_box(&json))));
    }
    println!("\nrendering, the template parsed before{:>46}", "times ours");
    renders.print(checked, Some(AIM));
    println!("\nparsing the template, cold");
    parses.print(cold, None);
    println!("\nthe parts");
    parts.print("render JSON", None);
    Ok(())
}
