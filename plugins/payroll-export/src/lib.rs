#![doc = include_str!("../README.md")]

mod names;
mod options;
mod servicetitan;

use options::{Options, WhenEmpty};
use tradewire_payroll::{Sheet, Table, postings};
use tradewire_plugin::{Failure, Result, Run, Summary, log};

fn run(run: Run) -> Result<Summary> {
    let window = run.window();
    let options = Options::read(&run.settings()?, window)?;
    let periods = servicetitan::periods_ending_in(&window.start, &window.end, &options)?;
    if periods.is_empty() {
        let message = format!("no payroll period ends from {} to {}", window.start, window.end);
        return match options.when_empty {
            WhenEmpty::Nothing => Ok(Summary::new(format!("{message}: nothing to export"))),
            WhenEmpty::Refuse => Err(Failure::refused(message)),
        };
    }
    log::info!("{} payroll periods end in the window", periods.len());

    let settings = servicetitan::person_settings()?;
    let codes = servicetitan::activity_codes()?;
    let items = servicetitan::pay_items(&periods, &options)?;
    log::info!(
        "{} gross pay items, {} activity codes, payroll settings of {} people",
        items.len(),
        codes.len(),
        settings.len()
    );

    let mut sheet = Sheet::gather(&periods, items, &settings, &codes, &options.rules).map_err(names::refuse)?;
    if options.layout.wants_names() {
        names::fill(&mut sheet)?;
    }
    for person in &sheet.excluded {
        log::warn!("{person} has gross pay and is not included in payroll: left out");
    }
    let postings = postings::of(&sheet, &options.layout.grain());
    let table = Table::lay_out(&options.layout, &sheet, &postings).map_err(names::refuse)?;

    let name = options.file_name.clone().unwrap_or_else(|| options.layout.file_name());
    let mut file = run.create_file(&name, options.layout.content_type())?;
    table.write(&mut file).map_err(|error| Failure::refused(format!("cannot write `{name}`: {error}")))?;
    file.finish(table.total.lines(&sheet))?;
    Ok(Summary::new(format!("{name}: {} rows, {} people", table.total.rows, table.total.people)))
}

tradewire_plugin::export_plugin!(run);
