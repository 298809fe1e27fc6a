//! Calls every operation of ServiceTitan through its typed function, with the sample arguments of `tradewire-samples`,
//! and every paged one also page by page. The functions are generated from the catalog (`build/`).
//!
//! Each call is one line of the run's log, a JSON object:
//!
//! ```json
//! {"operation": "crm/customers.get-list", "pages": false, "ok": true}
//! {"operation": "crm/customers.get", "pages": false, "ok": false, "error": "crm/customers.get: there is no …"}
//! ```
//!
//! Settings: `surface` or `operation` chooses some of them; `forms` is `calls`, `pages` or (by default) `both`; a
//! setting called like an operation gives its path parameters in place of the samples: `"crm/customers.get" = "1234"`.

use std::str::FromStr;

use tradewire_plugin::pages::Pager;
use tradewire_plugin::{Download, Failure, Result, Run, Summary, Upload, log};

include!(concat!(env!("OUT_DIR"), "/operations.rs"));

/// As many pages as show that walking goes on.
const PAGES: usize = 3;

/// An operation.
pub struct Operation {
    id: &'static str,
    call: fn(&Given) -> Result<()>,
    pages: Option<fn(&Given) -> Result<()>>,
}

/// The path parameters that the settings give for an operation.
pub struct Given(Vec<String>);

impl Given {
    fn at<T: FromStr>(&self, place: usize, sample: &str) -> Result<T> {
        let text = self.0.get(place).map_or(sample, String::as_str);
        text.parse().map_err(|_| Failure::refused(format!("`{text}` cannot be a path parameter here")))
    }
}

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let surface = settings.get("surface");
    let wanted = settings.get("operation");
    let forms = settings.get("forms").unwrap_or("both");
    let (mut calls, mut failures) = (0, 0);
    for operation in OPERATIONS {
        let here = surface.is_none_or(|surface| operation.id.split('/').next() == Some(surface));
        if !here || wanted.is_some_and(|wanted| wanted != operation.id) {
            continue;
        }
        let path = settings.get(operation.id).map(|text| text.split(',').map(|part| part.trim().to_owned()).collect());
        let given = Given(path.unwrap_or_default());
        let call = (forms != "pages").then_some(operation.call);
        let pages = operation.pages.filter(|_| forms != "calls");
        for (form, pages) in [(call, false), (pages, true)] {
            let Some(form) = form else { continue };
            let outcome = form(&given);
            calls += 1;
            failures += usize::from(outcome.is_err());
            tell(operation.id, pages, outcome);
        }
    }
    Ok(Summary::new(format!("{calls} calls, {failures} of them failed")))
}

fn tell(id: &str, pages: bool, outcome: Result<()>) {
    let mut line = serde_json::json!({ "operation": id, "pages": pages, "ok": outcome.is_ok() });
    if let Err(failure) = outcome {
        line["error"] = failure.message.into();
    }
    log::info!("{line}");
}

fn walked(pager: impl Pager) -> Result<()> {
    for _ in 0..PAGES {
        if pager.next()?.is_none() {
            break;
        }
    }
    Ok(())
}

fn upload(name: &str, content_type: &str, bytes: &[u8]) -> Result<Upload> {
    let upload = Upload::new(name, content_type);
    upload.write(bytes)?;
    Ok(upload)
}

fn received(file: Download) -> Result<()> {
    while file.read(64 * 1024)?.is_some() {}
    Ok(())
}

tradewire_plugin::export_plugin!(run);
