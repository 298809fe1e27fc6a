//! What the plugin reads from ServiceTitan, turned into the records of the pay sheet.
//!
//! Fields that pay depends on are refused where ServiceTitan left them out, by the record's own number.

use std::collections::BTreeSet;

use chrono::{DateTime, SecondsFormat, Utc};
use tradewire_payroll::{
    ActivityCode, HoursClass, PayItem, PayKind, PayrollPeriod, PersonKey, PersonKind, PersonSettings, days,
};
use tradewire_plugin::payroll::gross_pay_items::GrossPayItem;
use tradewire_plugin::payroll::types::{ActiveRequestArg, EmployeeType, GrossPayItemType, PaidTimeType};
use tradewire_plugin::{Failure, Result, decimal, moment, payroll, time};

use crate::options::Options;

const PAGE: i32 = 1000;
/// As many numbers as ServiceTitan takes in one list.
const IDS_A_CALL: usize = 50;

/// The payroll periods that a run looks at, in the order of their numbers.
pub(crate) struct Periods {
    /// Those that end in the window.
    pub ending: Vec<PayrollPeriod>,
    /// Those that ended in the days before it that are looked back on.
    pub earlier: Vec<PayrollPeriod>,
}

/// The payroll periods whose end is in the window, or in the days looked back on.
///
/// ServiceTitan can only be asked for periods that start after one moment and end before another, so the first of
/// the two is the longest period before all that.
pub(crate) fn periods(start: &str, end: &str, options: &Options) -> Result<Periods> {
    let (start, end) = (time::parse(start)?, time::parse(end)?);
    let first_end = start - options.look_back;
    let query = payroll::payrolls()
        .started_on_or_after(rfc3339(first_end - options.longest_period))
        .ended_on_or_before(rfc3339(end))
        .page_size(PAGE);
    let mut periods = Periods { ending: Vec::new(), earlier: Vec::new() };
    for record in query.records() {
        let record = record?;
        let missing = |what: &str| Failure::refused(format!("payroll {} has no {what}", record.id));
        let ended = moment(&record.ended_on)?.ok_or_else(|| missing("end"))?;
        if ended < first_end || ended >= end {
            continue;
        }
        let started = moment(&record.started_on)?.ok_or_else(|| missing("start"))?;
        let (first_day, last_day) = days::of_period(started, ended, options.offset);
        let group = if ended < start { &mut periods.earlier } else { &mut periods.ending };
        group.push(PayrollPeriod {
            id: record.id,
            person: person(record.employee_type.as_ref(), record.employee_id).ok_or_else(|| missing("employee"))?,
            first_day,
            last_day,
            status: record.status.as_ref().map(ToString::to_string),
        });
    }
    // A period that changes while pages are read may come twice.
    for group in [&mut periods.ending, &mut periods.earlier] {
        group.sort_by_key(|period| period.id);
        group.dedup_by_key(|period| period.id);
    }
    Ok(periods)
}

/// The gross pay items of the periods.
pub(crate) fn pay_items(periods: &[PayrollPeriod], options: &Options) -> Result<Vec<PayItem>> {
    let mut items = Vec::new();
    let mut seen = BTreeSet::new();
    for periods in periods.chunks(IDS_A_CALL) {
        let ids: Vec<_> = periods.iter().map(|period| period.id.to_string()).collect();
        let query = payroll::gross_pay_items().payroll_ids(ids.join(",")).page_size(PAGE);
        for record in query.records() {
            let record = record?;
            // Whatever a filter lets through, an item counts once, and only with its own period.
            let asked_for = record.payroll_id.is_some_and(|id| periods.iter().any(|period| period.id == id));
            if asked_for && record.id.is_none_or(|id| seen.insert(id)) {
                items.push(pay_item(record, options)?);
            }
        }
    }
    Ok(items)
}

fn pay_item(record: GrossPayItem, options: &Options) -> Result<PayItem> {
    let id = record.id.unwrap_or_default();
    let named = |failure: Failure| Failure::refused(format!("gross pay item {id}: {}", failure.message));
    let number = |text| decimal(text).map_err(named).map(Option::unwrap_or_default);
    let kind = match &record.gross_pay_item_type {
        Some(GrossPayItemType::TimesheetTime) => match &record.paid_time_type {
            // Not time without a class: a class that may be paid at any rate.
            Some(PaidTimeType::Other(word)) => PayKind::Unknown(word.clone()),
            _ => PayKind::Time,
        },
        Some(GrossPayItemType::InvoiceRelatedBonus) => PayKind::InvoiceBonus,
        Some(GrossPayItemType::CustomBonus) => PayKind::CustomBonus,
        Some(GrossPayItemType::Salary) => PayKind::Salary,
        Some(GrossPayItemType::Reimbursement) => PayKind::Reimbursement,
        Some(GrossPayItemType::Other(word)) => PayKind::Unknown(word.clone()),
        None => PayKind::Unknown("of no type".to_owned()),
    };
    let day = moment(&record.date).map_err(named)?.map(|date| days::of_item(date, options.offset));
    Ok(PayItem {
        id,
        day,
        payroll_id: record.payroll_id.unwrap_or_default(),
        person: person(record.employee_type.as_ref(), record.employee_id),
        kind,
        class: match &record.paid_time_type {
            Some(PaidTimeType::Regular) => Some(HoursClass::Regular),
            Some(PaidTimeType::Overtime) => Some(HoursClass::Overtime),
            Some(PaidTimeType::DoubleOvertime) => Some(HoursClass::DoubleOvertime),
            Some(PaidTimeType::PaidTimeOff) => Some(HoursClass::PaidTimeOff),
            Some(PaidTimeType::Other(_)) | None => None,
        },
        hours: number(&record.paid_duration_hours)?,
        amount: number(&record.amount)?,
        adjustment: number(&record.amount_adjustment)?,
        activity_code_id: record.activity_code_id,
        unit: if options.payout_unit { record.payout_business_unit_name } else { record.business_unit_name },
    })
}

/// The payroll settings of everybody, also of those who have left: their last pay is still due.
pub(crate) fn person_settings() -> Result<Vec<PersonSettings>> {
    let mut settings = Vec::new();
    for record in payroll::payroll_settings().active(ActiveRequestArg::Any).page_size(PAGE).records() {
        let record = record?;
        let Some(person) = person(record.employee_type.as_ref(), record.employee_id) else { continue };
        settings.push(PersonSettings {
            person,
            external_id: record.external_payroll_id,
            included: record.is_included_in_payroll.unwrap_or(true),
        });
    }
    Ok(settings)
}

/// All activity codes, also those that are no longer used: items may still have them.
pub(crate) fn activity_codes() -> Result<Vec<ActivityCode>> {
    let mut codes = Vec::new();
    for record in payroll::activity_codes().active(ActiveRequestArg::Any).page_size(PAGE).records() {
        let record = record?;
        let (name, code) = (record.name.unwrap_or_default(), record.code.unwrap_or_default());
        codes.push(ActivityCode { id: record.id, name, code });
    }
    Ok(codes)
}

fn person(kind: Option<&EmployeeType>, id: Option<i64>) -> Option<PersonKey> {
    let kind = match kind? {
        EmployeeType::Technician => PersonKind::Technician,
        EmployeeType::Employee => PersonKind::Employee,
        EmployeeType::Other(_) => return None,
    };
    Some(PersonKey { kind, id: id? })
}

fn rfc3339(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
