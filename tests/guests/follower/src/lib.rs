//! Delivers what it is handed of a feed, a row for each change: `<run>.csv` with id and time of change.
//!
//! Its settings: `feed` is `customers`, `recent` (the same with recent changes) or `teams`; `pages` is how many pages it
//! takes at most; `fail` fails after them: `first` at the first attempt, `always`; `wait` is a call that it waits for.

use std::io::Write as _;

use tradewire_plugin::{Failure, Result, Run, Summary, crm, dispatch};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let most: usize = settings.get("pages").and_then(|pages| pages.parse().ok()).unwrap_or(usize::MAX);
    let mut file = run.create_file(format!("{}.csv", run.id()), "text/csv")?;
    let mut rows: u32 = 0;
    let mut write = |id: i64, modified: Option<String>| {
        rows += 1;
        write!(file, "{id},{}\r\n", modified.unwrap_or_default())
    };
    match settings.get("feed").unwrap_or("customers") {
        "teams" => {
            for page in dispatch::team().include_inactive(true).pages().take(most) {
                for team in page?.data {
                    write(team.id, team.modified_on)?;
                }
            }
        }
        feed => {
            let mut query = crm::export::GetCustomersQuery::default();
            if feed == "recent" {
                query = query.include_recent_changes(true);
            }
            for page in query.pages().take(most) {
                for customer in page?.data {
                    write(customer.id, customer.modified_on)?;
                }
            }
        }
    }
    if settings.get("wait").is_some() {
        crm::bookings().pages().next().transpose()?;
    }
    match settings.get("fail") {
        Some("always") => return Err(Failure::transient("failed, as it was told to")),
        Some("first") if run.attempt() == 1 => return Err(Failure::transient("failed, as it was told to")),
        _ => {}
    }
    file.finish([("rows", rows)])?;
    run.state()?.add("rows", rows.into())?;
    Ok(Summary::new(format!("{rows} rows")))
}

tradewire_plugin::export_plugin!(run);
