#![doc = include_str!("../README.md")]

mod corrections;
mod names;
mod options;
mod servicetitan;

use corrections::Exported;
use options::{Options, WhenEmpty};
use tradewire_payroll::{ActivityCode, PayrollPeriod, PersonSettings, Postings, Sheet, Table, postings};
use tradewire_plugin::{Failure, Result, Run, Summary, log};

fn run(run: Run) -> Result<Summary> {
    let window = run.window();
    let options = Options::read(&run.settings()?, window)?;
    let periods = servicetitan::periods(&window.start, &window.end, &options)?;
    let exported = Exported::open(&run, options.layout.terms())?;
    let earlier = exported.comparable(periods.earlier)?;
    let empty = format!("no payroll period ends from {} to {}", window.start, window.end);
    if periods.ending.is_empty() && matches!(options.when_empty, WhenEmpty::Refuse) {
        return Err(Failure::refused(empty));
    }
    if periods.ending.is_empty() && earlier.is_empty() {
        return Ok(Summary::new(format!("{empty}: nothing to export")));
    }
    log::info!("{} payroll periods end in the window", periods.ending.len());

    let export = Export {
        settings: servicetitan::person_settings()?,
        codes: servicetitan::activity_codes()?,
        run: &run,
        options: &options,
    };
    log::info!("{} activity codes, payroll settings of {} people", export.codes.len(), export.settings.len());
    let name = options.file_name.clone().unwrap_or_else(|| options.layout.file_name());
    let mut told = Vec::new();
    if periods.ending.is_empty() {
        told.push(empty);
    } else {
        let sheet = export.sheet(&periods.ending, &export.settings)?;
        for person in &sheet.excluded {
            log::warn!("{person} has gross pay and is not included in payroll: left out");
        }
        let postings = postings::of(&sheet, &options.layout.grain());
        told.push(export.write(&name, &sheet, &postings)?);
        exported.keep_whole(&periods.ending, &postings)?;
    }
    if !earlier.is_empty() {
        log::info!("{} payroll periods that were exported before are looked at again", earlier.len());
        let again: Vec<_> = earlier.iter().map(|(period, _)| period.clone()).collect();
        // Whoever was paid then stays paid, also if they have left payroll since.
        let included: Vec<_> = export.settings.iter().map(|s| PersonSettings { included: true, ..s.clone() }).collect();
        let mut sheet = export.sheet(&again, &included)?;
        let now = postings::of(&sheet, &options.layout.grain());
        let corrections = exported.correct(earlier, &now)?;
        if !corrections.is_empty() {
            let people = corrections.keys().map(|account| account.person);
            sheet.admit(people, &export.settings, &options.rules).map_err(names::refuse)?;
            export.name(&mut sheet)?;
            let name = corrections::file_name(&name, options.window_end);
            let written = export.write(&name, &sheet, &corrections).map_err(|mut failure| {
                failure.reasons.push("late changes are left alone with `look-back-weeks = \"0\"`".to_owned());
                failure
            });
            told.push(written?);
        }
    }
    exported.forget_before(options.window_start - options.look_back - options.longest_period)?;
    Ok(Summary::new(told.join("; ")))
}

/// What all files of a run have in common.
struct Export<'a> {
    run: &'a Run,
    options: &'a Options,
    settings: Vec<PersonSettings>,
    codes: Vec<ActivityCode>,
}

impl Export<'_> {
    fn sheet(&self, periods: &[PayrollPeriod], settings: &[PersonSettings]) -> Result<Sheet> {
        let items = servicetitan::pay_items(periods, self.options)?;
        log::info!("{} gross pay items", items.len());
        let sheet = Sheet::gather(periods, items, settings, &self.codes, &self.options.rules);
        let mut sheet = sheet.map_err(names::refuse)?;
        self.name(&mut sheet)?;
        Ok(sheet)
    }

    /// Gives people their names where the layout has them.
    fn name(&self, sheet: &mut Sheet) -> Result<()> {
        if self.options.layout.wants_names() { names::fill(sheet) } else { Ok(()) }
    }

    fn write(&self, name: &str, sheet: &Sheet, postings: &Postings) -> Result<String> {
        let table = Table::lay_out(&self.options.layout, sheet, postings).map_err(|refusals| {
            let mut failure = names::refuse(refusals);
            failure.message = format!("{}, `{name}`", failure.message);
            failure
        })?;
        let mut file = self.run.create_file(name, self.options.layout.content_type())?;
        table.write(&mut file).map_err(|error| Failure::refused(format!("cannot write `{name}`: {error}")))?;
        file.finish(table.total.lines(sheet))?;
        Ok(format!("{name}: {} rows, {} people", table.total.rows, table.total.people))
    }
}

tradewire_plugin::export_plugin!(run);
