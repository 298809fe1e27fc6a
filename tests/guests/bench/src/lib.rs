//! A plugin for benches. Its settings say how often it asks for one page of customers (`calls`), whether it walks through
//! all of them (`walk = "true"`), and whether it delivers what has changed of them, a row each (`follow = "true"`).

use std::io::{BufWriter, Write as _};

use tradewire_plugin::{Result, Run, Summary, crm};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let is_asked = |name: &str| settings.get(name) == Some("true");
    let calls: u32 = settings.get("calls").and_then(|n| n.parse().ok()).unwrap_or(0);
    let mut records = 0;
    for _ in 0..calls {
        records += crm::customers::get_list(&crm::customers())?.data.len();
    }
    if is_asked("walk") {
        for page in crm::customers().page_size(500).pages() {
            records += page?.data.len();
        }
    }
    if is_asked("follow") {
        records += follow(&run)?;
    }
    Ok(Summary::new(records.to_string()))
}

fn follow(run: &Run) -> Result<usize> {
    let mut file = BufWriter::new(run.create_file("customers.csv", "text/csv")?);
    let mut rows = 0;
    for page in crm::export::GetCustomersQuery::default().pages() {
        for customer in page?.data {
            let (name, modified) = (customer.name.unwrap_or_default(), customer.modified_on.unwrap_or_default());
            write!(file, "{},\"{}\",{modified}\r\n", customer.id, name.replace('"', "\"\""))?;
            rows += 1;
        }
    }
    file.into_inner().map_err(|error| error.into_error())?.finish([("rows", rows)])?;
    Ok(rows)
}

tradewire_plugin::export_plugin!(run);
