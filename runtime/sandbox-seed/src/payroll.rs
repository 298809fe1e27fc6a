//! Payroll: a pay run for each person and week, and the gross pay items that fall into it.
//!
//! People are numbered technicians first, then employees. Week 0 is the oldest; the last one is still pending.

use serde_json::{Value, json};

use super::dataset::{Dataset, Given, dollars};
use super::size::{ITEMS_A_WEEK, PAYROLL_WEEKS};
use super::{jobs, settings};
use crate::clock::{self, DAY, SECOND, Ticks};

const CODES: [(&str, &str, &str); 8] = [
    ("REG", "Regular time", "Timesheet"),
    ("OVT", "Overtime", "Timesheet"),
    ("DBL", "Double overtime", "Timesheet"),
    ("PTO", "Paid time off", "Timesheet"),
    ("BON", "Bonus", "Commission"),
    ("COM", "Commission", "Commission"),
    ("MIL", "Mileage", "Reimbursement"),
    ("TOOL", "Tools", "Reimbursement"),
];
const TIMESHEET_CODES: [(&str, &str, &str); 6] = [
    ("MTG", "Meeting", "Paid"),
    ("TRN", "Training", "Paid"),
    ("SHOP", "Shop time", "Paid"),
    ("VAC", "Vacation", "PaidTimeOff"),
    ("LUNCH", "Lunch", "Unpaid"),
    ("CLOCK", "Clock in and out", "ClockInOut"),
];

/// A person on the payroll.
struct Person {
    technician: bool,
    place: usize,
}

impl Person {
    fn of(dataset: &Dataset, number: usize) -> Person {
        let technicians = dataset.count_of("settings/technicians");
        if number < technicians {
            Person { technician: true, place: number }
        } else {
            Person { technician: false, place: number - technicians }
        }
    }

    fn id(&self, dataset: &Dataset) -> Value {
        dataset.id_of(if self.technician { "settings/technicians" } else { "settings/employees" }, self.place)
    }

    fn kind(&self) -> &'static str {
        if self.technician { "Technician" } else { "Employee" }
    }
}

fn people(dataset: &Dataset) -> usize {
    (dataset.count_of("settings/technicians") + dataset.count_of("settings/employees")).max(1)
}

/// The Monday that a week starts on.
fn week_start(dataset: &Dataset, week: usize) -> Ticks {
    // 1970 began on a Thursday.
    let days = dataset.origin.div_euclid(DAY);
    let monday = days - (days + 3).rem_euclid(7);
    let back = i64::try_from(PAYROLL_WEEKS - 1 - week.min(PAYROLL_WEEKS - 1)).unwrap_or(0);
    (monday - back * 7) * DAY
}

/// Moments of what belongs to a week: after it, and never in the future.
fn dated(given: &mut Given, dataset: &Dataset, at: Ticks, later: Ticks) {
    let created = at.min(dataset.origin - 120 * SECOND);
    given.insert("createdOn".into(), json!(clock::write(created)));
    given.insert("modifiedOn".into(), json!(clock::write(later.clamp(created, dataset.origin - SECOND))));
}

pub fn activity_code(place: usize) -> Given {
    let (code, name, category) = CODES[place % CODES.len()];
    let mut given = Given::new();
    given.insert("name".into(), json!(name));
    given.insert("code".into(), json!(code));
    given.insert("earningCategory".into(), json!(category));
    given.insert("active".into(), json!(true));
    given
}

pub fn timesheet_code(place: usize) -> Given {
    let (code, description, kind) = TIMESHEET_CODES[place % TIMESHEET_CODES.len()];
    let mut given = Given::new();
    given.insert("code".into(), json!(code));
    given.insert("description".into(), json!(description));
    given.insert("type".into(), json!(kind));
    given.insert("applicableEmployeeType".into(), json!("All"));
    given
}

pub fn payroll(dataset: &Dataset, place: usize) -> Given {
    let people = people(dataset);
    let (week, person) = (place / people, Person::of(dataset, place % people));
    let start = week_start(dataset, week);
    let status = match PAYROLL_WEEKS - 1 - week.min(PAYROLL_WEEKS - 1) {
        0 => "Pending",
        1 => "Approved",
        2 if place % 7 == 3 => "Expired",
        2 | 3 => "Locked",
        _ if place % 23 == 9 => "Expired",
        _ => "Paid",
    };
    let end = start + 7 * DAY;
    let mut given = Given::new();
    given.insert("startedOn".into(), json!(clock::write(start)));
    given.insert("endedOn".into(), json!(clock::write(end)));
    given.insert("employeeId".into(), person.id(dataset));
    given.insert("employeeType".into(), json!(person.kind()));
    given.insert("status".into(), json!(status));
    given.insert("burdenRate".into(), if place.is_multiple_of(4) { Value::Null } else { json!("0.12") });
    let approved = !matches!(status, "Pending" | "Expired");
    given.insert(
        "managerApprovedOn".into(),
        if approved { json!(clock::write(end + 9 * 3600 * SECOND)) } else { Value::Null },
    );
    // A pay run is settled for everybody at once, so all of a week share the moment.
    dated(&mut given, dataset, start, if approved { end + 9 * 3600 * SECOND } else { start });
    given.insert("active".into(), json!(true));
    given
}

pub fn settings_of(dataset: &Dataset, place: usize) -> Given {
    let person = Person::of(dataset, place);
    let mut given = Given::new();
    given.insert("employeeId".into(), person.id(dataset));
    given.insert("employeeType".into(), json!(person.kind()));
    let payroll_id = settings::payroll_id(dataset, person.technician, person.place);
    // Who has no number at the payroll provider yet is not paid through it either.
    let is_included = person.place % 13 != 12 && !payroll_id.is_null();
    given.insert("externalPayrollId".into(), payroll_id);
    given.insert("hourlyRate".into(), dollars(settings::rate_cents(dataset, person.technician, person.place)));
    given.insert("managerId".into(), dataset.id_of("settings/employees", 0));
    given.insert("payrollBusinessUnitId".into(), dataset.id_of("settings/business-units", place));
    given.insert("isIncludedInPayroll".into(), json!(is_included));
    given.insert("active".into(), json!(settings::is_active(person.technician, person.place)));
    given
}

/// The items of a person's week: five days of regular time, then overtime, double overtime or time off, then a
/// bonus, an adjustment or a reimbursement.
pub fn gross_pay_item(dataset: &Dataset, place: usize) -> Given {
    let people = people(dataset);
    let (run, slot) = (place / ITEMS_A_WEEK, place % ITEMS_A_WEEK);
    let (week, number) = (run / people, run % people);
    let person = Person::of(dataset, number);
    let mut rng = dataset.rng("gross pay item", place);
    let rate = settings::rate_cents(dataset, person.technician, person.place);
    let day = i64::try_from(slot.min(5)).unwrap_or(0);
    let start = week_start(dataset, week) + day * DAY + 15 * 3600 * SECOND;
    let (code, kind, time, quarters, per_cent) = match slot {
        0..=4 => (0, "TimesheetTime", Some("Regular"), rng.between(26, 32), 100),
        5 if run % 10 == 3 => (2, "TimesheetTime", Some("DoubleOvertime"), rng.between(2, 8), 200),
        5 if run % 5 == 1 => (3, "TimesheetTime", Some("PaidTimeOff"), 32, 100),
        5 => (1, "TimesheetTime", Some("Overtime"), rng.between(2, 16), 150),
        _ if run % 3 == 0 => (5, "InvoiceRelatedBonus", None, 0, 0),
        _ if run % 3 == 1 => (4, "CustomBonus", None, 0, 0),
        _ => (6, "Reimbursement", None, 0, 0),
    };
    let cents = match time {
        // Rates are multiples of 25 cents and times of quarter hours, so halves of a cent are rounded up.
        Some(_) => (rate * quarters * per_cent + 200) / 400,
        None => rng.between(500, 24_000),
    };
    let mut given = Given::new();
    given.insert("employeeId".into(), person.id(dataset));
    given.insert("employeeType".into(), json!(person.kind()));
    given.insert("employeePayrollId".into(), settings::payroll_id(dataset, person.technician, person.place));
    given.insert("payrollId".into(), dataset.id_of("payroll/payrolls", run));
    given.insert("date".into(), json!(clock::write(start - start.rem_euclid(DAY))));
    given.insert("activity".into(), json!(CODES[code].1));
    given.insert("activityCode".into(), json!(CODES[code].0));
    given.insert("activityCodeId".into(), dataset.id_of("payroll/activity-codes", code));
    given.insert("amount".into(), dollars(cents));
    let adjusted = if slot == 6 && run % 11 == 4 { dollars(-rng.between(100, 900)) } else { Value::Null };
    given.insert("amountAdjustment".into(), adjusted);
    given.insert("grossPayItemType".into(), json!(kind));
    given.insert("paidTimeType".into(), json!(time));
    let unit = settings::unit_name(number % dataset.count_of("settings/business-units").max(1));
    given.insert("businessUnitName".into(), json!(unit));
    given.insert("payoutBusinessUnitName".into(), json!(unit));
    match time {
        Some(_) => {
            let hours = format!("{}.{:02}", quarters / 4, quarters % 4 * 25);
            given.insert("paidDurationHours".into(), json!(hours));
            given.insert("startedOn".into(), json!(clock::write(start)));
            given.insert("endedOn".into(), json!(clock::write(start + quarters * 900 * SECOND)));
        }
        None => {
            for field in ["paidDurationHours", "startedOn", "endedOn"] {
                given.insert(field.into(), Value::Null);
            }
        }
    }
    if person.technician && slot < 6 && time != Some("PaidTimeOff") {
        let job = rng.below(dataset.count_of("jpm/jobs"));
        jobs::describe(dataset, job, &mut given);
    } else {
        given.insert("jobId".into(), json!(0));
        for field in [
            "jobNumber",
            "jobTypeName",
            "projectId",
            "projectNumber",
            "invoiceId",
            "invoiceNumber",
            "invoiceItemId",
            "customerId",
            "customerName",
            "locationId",
            "locationName",
            "locationAddress",
            "locationZip",
            "zoneName",
            "taxZoneName",
        ] {
            given.insert(field.into(), Value::Null);
        }
    }
    given.insert("laborTypeCode".into(), if rng.chance(200) { json!("PW-1") } else { Value::Null });
    given.insert("memo".into(), if slot == 6 { json!("See \"policy\"; approved by O'Brien") } else { Value::Null });
    dated(&mut given, dataset, start + 10 * 3600 * SECOND, week_start(dataset, week) + 7 * DAY + 9 * 3600 * SECOND);
    given.insert("active".into(), json!(place % 97 != 41));
    given
}

pub fn adjustment(dataset: &Dataset, place: usize) -> Given {
    let person = Person::of(dataset, place % people(dataset));
    let mut rng = dataset.rng("payroll adjustment", place);
    let mut given = Given::new();
    given.insert("employeeId".into(), person.id(dataset));
    given.insert("employeeType".into(), json!(person.kind()));
    given.insert("amount".into(), dollars(rng.between(-5000, 20_000)));
    given.insert("activityCodeId".into(), dataset.id_of("payroll/activity-codes", 4));
    given.insert("type".into(), json!("Direct"));
    given
}

pub fn split(dataset: &Dataset, place: usize) -> Given {
    // The first half of the splits are of jobs that two technicians share; the rest have one.
    let jobs = dataset.count_of("jpm/jobs").max(1);
    let shared = jobs / 4;
    let (job, second) = if place < shared * 2 { (place / 2, place % 2) } else { (place - shared, 0) };
    let technicians = dataset.count_of("settings/technicians").max(1);
    let mut given = Given::new();
    given.insert("jobId".into(), dataset.id_of("jpm/jobs", job));
    given.insert(
        "technicianId".into(),
        dataset.id_of("settings/technicians", (jobs::technician(dataset, job) + second) % technicians),
    );
    given.insert("split".into(), json!(if place < shared * 2 { "50.00" } else { "100.00" }));
    given
}

pub fn job_timesheet(dataset: &Dataset, place: usize) -> Given {
    let mut rng = dataset.rng("job timesheet", place);
    let (start, end) = jobs::window(dataset, place);
    let minutes = |n: i64| n * 60 * SECOND;
    let mut given = Given::new();
    given.insert("jobId".into(), dataset.id_of("jpm/jobs", place));
    given.insert("appointmentId".into(), dataset.id_of("jpm/appointments", place));
    given.insert("technicianId".into(), dataset.id_of("settings/technicians", jobs::technician(dataset, place)));
    given.insert("dispatchedOn".into(), json!(clock::write(start - minutes(rng.between(20, 60)))));
    given.insert("arrivedOn".into(), json!(clock::write(start)));
    given.insert("doneOn".into(), json!(clock::write(end)));
    given.insert("canceledOn".into(), Value::Null);
    given.insert("active".into(), json!(true));
    given
}

pub fn non_job_timesheet(dataset: &Dataset, place: usize) -> Given {
    let people = people(dataset);
    let person = Person::of(dataset, place % people);
    let start = week_start(dataset, place / people) + 14 * 3600 * SECOND;
    let mut given = Given::new();
    given.insert("employeeId".into(), person.id(dataset));
    given.insert("employeeType".into(), json!(person.kind()));
    given.insert("timesheetCodeId".into(), dataset.id_of("payroll/timesheet-codes", place % 3));
    given.insert("startedOn".into(), json!(clock::write(start)));
    given.insert("endedOn".into(), json!(clock::write(start + 3600 * SECOND)));
    given.insert("active".into(), json!(true));
    given
}
