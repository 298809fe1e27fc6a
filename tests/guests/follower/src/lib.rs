//! Delivers what it is handed of a feed, a row for each change: `<run>.csv` with id and time of change.
//!
//! Its settings: `feed` is `customers`, `recent` (the same with recent changes) or `teams`; `pages` is how many pages it
//! takes at most; `fail` fails after them: `first` at the first attempt, `always`; `wait` is a call that it waits for.

use std::io::Write as _;

use tradewire_plugin::{Failure, Result, Run, Summary, crm, dispatch};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let most: usize = settings.get("pages").and_then(|pages| pages.parse().ok()).unwrap_or(usize::MAX);
    let mut rows = Vec::new();
    match settings.get("feed").unwrap_or("customers") {
        "teams" => {
            for page in dispatch::team().include_inactive(true).pages().take(most) {
                rows.extend(page?.data.into_iter().map(|team| (team.id, team.modified_on)));
            }
        }
        feed => {
            let mut query = crm::export::GetCustomersQuery::default();
            if feed == "recent" {
                query = query.include_recent_changes(true);
            }
            for page in query.pages().take(most) {
                rows.extend(page?.data.into_iter().map(|customer| (customer.id, customer.modified_on)));
            }
        }
    }
    if settings.get("wait").is_some() {
        crm::bookings().pages().next().transpose()?;
    }
    match settings.get("fail") {
        Some("always") => return Err(Failure::passing("failed, as it was told to")),
        Some("first") if run.attempt() == 1 => return Err(Failure::passing("failed, as it was told to")),
        _ => {}
    }
    let mut file = run.create_file(format!("{}.csv", run.id()), "text/csv")?;
    for (id, modified) in &rows {
        write!(file, "{id},{}\r\n", modified.as_deref().unwrap_or_default())?;
    }
    file.finish([("rows", rows.len())])?;
    run.state()?.add("rows", i64::try_from(rows.len()).unwrap_or_default())?;
    Ok(Summary::new(format!("{} rows", rows.len())))
}

tradewire_plugin::export_plugin!(run);
