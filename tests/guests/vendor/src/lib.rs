//! Calls a vendor through its middleware: the settings `vendor`, `endpoint` and `body` say what, `calls` how often.
//! Its summary is the last answer.

use tradewire_plugin::{Result, Run, Summary, middleware};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let mut reading = settings.reading();
    let vendor = reading.required("vendor");
    let endpoint = reading.required("endpoint");
    let body = reading.optional("body").unwrap_or_default();
    let calls: u32 = reading.parsed("calls", 1);
    reading.finish()?;

    let mut told = "nothing was called".to_owned();
    for _ in 0..calls {
        let answer = middleware::call(&vendor, &endpoint, &body)?;
        told = format!("{} {:?} {} {:?}", answer.status, answer.headers, answer.body, answer.warnings);
    }
    Ok(Summary::new(told))
}

tradewire_plugin::export_plugin!(run);
