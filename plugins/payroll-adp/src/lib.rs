//! ADP.
use std::io::Write as _;
use tradewire_plugin::{Result, Run, Summary, payroll};

fn run(run: Run) -> Result<Summary> {
    let mut file = run.create_file("hours.csv", "text/csv")?;
    let mut rows = 0;
    for item in payroll::gross_pay_items().date_on_or_after(&run.window().start).records() {
        let item = item?;
        let hours = tradewire_plugin::decimal(&item.paid_duration_hours)?.unwrap_or_default();
        writeln!(file, "{},{hours}\r", item.employee_id.unwrap_or_default())?;
        rows += 1;
    }
    file.finish([("rows", rows)])?;
    Ok(Summary::new(format!("{rows} rows")))
}
tradewire_plugin::export_plugin!(run);
