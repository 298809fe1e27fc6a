#![doc = include_str!("../README.md")]

mod exported;
mod options;

use exported::Exported;
use options::Options;
use tradewire_plugin::{Failure, Result, Run, Summary, log};
use tradewire_purchasing::ledger::{Refusal, Table, entry};
use tradewire_purchasing::{Bill, report, servicetitan};

fn run(run: Run) -> Result<Summary> {
    let window = run.window();
    let options = Options::read(&run.settings()?, servicetitan::last_day(window)?)?;
    let exported = Exported::read(&run)?;
    let mut bills = exported.bills(window, &options)?;
    log::info!("{} bills are to be exported", bills.len());
    let mut left_out = Vec::new();
    let table = loop {
        match lay_out(&bills, &options) {
            Ok(table) => break table,
            Err(refusals) if options.leave_out_faulty => left_out.extend(leave_out(&mut bills, &refusals)),
            Err(refusals) => return Err(refused(&refusals)),
        }
    };
    let ids: Vec<i64> = bills.iter().map(|bill| bill.id).collect();
    if ids.is_empty() && !options.write_empty {
        exported.keep(&ids, window)?;
        return Ok(Summary::new(format!("no bills to export{}", told(&left_out))));
    }
    let mut file = run.create_file(&options.file_name, &options.layout.content_type)?;
    let mut totals = table.write(&mut file).map_err(std::io::Error::other)?;
    if !left_out.is_empty() {
        totals.push(("left out".to_owned(), left_out.len().to_string()));
    }
    let said = report::said(&totals);
    file.finish(totals)?;
    exported.keep(&ids, window)?;
    Ok(Summary::new(format!("{}: {said}{}", options.file_name, told(&left_out))))
}

fn refused(refusals: &[Refusal]) -> Failure {
    let bills: std::collections::BTreeSet<i64> = refusals.iter().map(|refusal| refusal.bill).collect();
    let message =
        format!("{} bills cannot be exported, so none is: correct them, or set `faulty` to `leave-out`", bills.len());
    Failure::refused(message).because(refusals)
}

/// The file of all these bills.
fn lay_out(bills: &[Bill], options: &Options) -> Result<Table, Vec<Refusal>> {
    let entries = entry::entries(bills, &options.terms)?;
    Table::lay_out(&options.layout, &options.own, &entries)
}

/// Takes those out that cannot be booked; gives the reasons.
fn leave_out(bills: &mut Vec<Bill>, refusals: &[Refusal]) -> Vec<String> {
    for refusal in refusals {
        log::warn!("left out: {refusal}");
    }
    bills.retain(|bill| refusals.iter().all(|refusal| refusal.bill != bill.id));
    refusals.iter().map(ToString::to_string).collect()
}

fn told(left_out: &[String]) -> String {
    if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join("; ")) }
}

tradewire_plugin::export_plugin!(run);
