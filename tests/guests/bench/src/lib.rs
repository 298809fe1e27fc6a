//! A plugin for benches. Its settings say how often it asks for one page of customers (`calls`), and whether it walks
//! through all of them (`walk = "true"`).

use tradewire_plugin::{Result, Run, Summary, crm};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let calls: u32 = settings.get("calls").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut records = 0;
    for _ in 0..calls {
        records += crm::customers::get_list(&crm::customers())?.data.len();
    }
    if settings.get("walk") == Some("true") {
        for page in crm::customers().page_size(500).pages() {
            records += page?.data.len();
        }
    }
    Ok(Summary::new(records.to_string()))
}

tradewire_plugin::export_plugin!(run);
