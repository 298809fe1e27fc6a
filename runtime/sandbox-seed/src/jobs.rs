//! Jobs and what hangs on them: appointments, assignments, projects. A job, its appointment and its invoice share
//! their place, so each finds the others.

use serde_json::{Value, json};

use super::dataset::{Dataset, Given, dollars};
use super::{crm, settings};
use crate::clock::{self, SECOND, Ticks};

const TYPES: [&str; 12] = [
    "AC Tune-Up",
    "Furnace Repair",
    "Drain Clearing",
    "Water Heater Install",
    "Panel Upgrade",
    "Estimate",
    "Recall",
    "Duct Cleaning",
    "Leak Detection",
    "EV Charger Install",
    "Maintenance Visit",
    "Emergency - After Hours",
];

/// The location of a job.
pub fn location(dataset: &Dataset, job: usize) -> usize {
    dataset.rng("job's location", job).below(dataset.count_of("crm/locations"))
}

/// The technician who does it.
pub fn technician(dataset: &Dataset, job: usize) -> usize {
    dataset.rng("job's technician", job).below(dataset.count_of("settings/technicians"))
}

/// Its number on paper.
pub fn number(job: usize) -> String {
    format!("{}", 100_001 + job)
}

/// Its type's name.
pub fn type_name(job: usize) -> &'static str {
    TYPES[job % TYPES.len()]
}

/// What it costs, in cents.
pub fn total_cents(dataset: &Dataset, job: usize) -> i64 {
    dataset.rng("job's total", job).between(7900, 950_000)
}

/// When somebody was there.
pub fn window(dataset: &Dataset, job: usize) -> (Ticks, Ticks) {
    let collection = dataset.plan.collection("jpm/jobs").unwrap_or(0);
    let (created, _) = dataset.moments(collection, job.min(dataset.count(collection).saturating_sub(1)));
    let mut rng = dataset.rng("job's window", job);
    let start = created - created.rem_euclid(3600 * SECOND) + rng.between(2, 72) * 3600 * SECOND;
    (start, start + rng.between(2, 16) * 900 * SECOND)
}

/// What records elsewhere repeat about a job (gross pay items do).
pub fn describe(dataset: &Dataset, job: usize, given: &mut Given) {
    let location = location(dataset, job);
    let customer = crm::customer_of_location(dataset, location);
    let address = crm::address(dataset, location);
    given.insert("jobId".into(), dataset.id_of("jpm/jobs", job));
    given.insert("jobNumber".into(), json!(number(job)));
    given.insert("jobTypeName".into(), json!(type_name(job)));
    given.insert("invoiceId".into(), dataset.id_of("accounting/invoices", job));
    given.insert("invoiceNumber".into(), json!(number(job)));
    given.insert("customerId".into(), dataset.id_of("crm/customers", customer));
    given.insert("customerName".into(), json!(crm::customer_name(dataset, customer)));
    given.insert("locationId".into(), dataset.id_of("crm/locations", location));
    given.insert("locationName".into(), json!(crm::location_name(dataset, location)));
    given.insert("locationAddress".into(), address["street"].clone());
    given.insert("locationZip".into(), address["zip"].clone());
}

fn status(dataset: &Dataset, job: usize) -> &'static str {
    let (_, end) = window(dataset, job);
    match job % 20 {
        7 => "Canceled",
        13 => "Hold",
        _ if end > dataset.origin => "Scheduled",
        _ => "Completed",
    }
}

pub fn job(dataset: &Dataset, place: usize) -> Given {
    let location = location(dataset, place);
    let status = status(dataset, place);
    let mut given = Given::new();
    given.insert("jobNumber".into(), json!(number(place)));
    given.insert("customerId".into(), dataset.id_of("crm/customers", crm::customer_of_location(dataset, location)));
    given.insert("locationId".into(), dataset.id_of("crm/locations", location));
    given.insert("jobStatus".into(), json!(status));
    let done = if status == "Completed" { json!(clock::write(window(dataset, place).1)) } else { Value::Null };
    given.insert("completedOn".into(), done);
    given.insert("jobTypeId".into(), dataset.id_of("jpm/job-types", place));
    given.insert("priority".into(), json!(if place % 9 == 4 { "Urgent" } else { "Normal" }));
    given.insert("appointmentCount".into(), json!(1));
    for field in ["firstAppointmentId", "lastAppointmentId"] {
        given.insert(field.into(), dataset.id_of("jpm/appointments", place));
    }
    given.insert("invoiceId".into(), dataset.id_of("accounting/invoices", place));
    given.insert("total".into(), dollars(total_cents(dataset, place)));
    given.insert("customerPo".into(), json!(""));
    let projects = dataset.count_of("jpm/projects");
    let project = if projects > 0 && place % 10 == 3 { dataset.id_of("jpm/projects", place / 10) } else { Value::Null };
    given.insert("projectId".into(), project);
    given.insert("soldById".into(), dataset.id_of("settings/technicians", technician(dataset, place)));
    given.insert("recallForId".into(), Value::Null);
    given.insert("warrantyId".into(), Value::Null);
    for field in ["customFields", "externalData", "estimateIds", "equipmentIds"] {
        given.insert(field.into(), json!([]));
    }
    given
}

pub fn appointment(dataset: &Dataset, place: usize) -> Given {
    let (start, end) = window(dataset, place);
    let location = location(dataset, place);
    let status = match status(dataset, place) {
        "Completed" => "Done",
        other => other,
    };
    let mut given = Given::new();
    given.insert("jobId".into(), dataset.id_of("jpm/jobs", place));
    given.insert("appointmentNumber".into(), json!(format!("{}-1", number(place))));
    given.insert("start".into(), json!(clock::write(start)));
    given.insert("end".into(), json!(clock::write(end)));
    given.insert("arrivalWindowStart".into(), json!(clock::write(start)));
    given.insert("arrivalWindowEnd".into(), json!(clock::write(start + 7200 * SECOND)));
    given.insert("status".into(), json!(status));
    given.insert("customerId".into(), dataset.id_of("crm/customers", crm::customer_of_location(dataset, location)));
    given
}

pub fn assignment(dataset: &Dataset, place: usize) -> Given {
    let technician = technician(dataset, place);
    let (first, last) = settings::person(dataset, true, technician);
    let mut given = Given::new();
    given.insert("technicianId".into(), dataset.id_of("settings/technicians", technician));
    given.insert("technicianName".into(), json!(format!("{first} {last}")));
    given.insert("jobId".into(), dataset.id_of("jpm/jobs", place));
    given.insert("appointmentId".into(), dataset.id_of("jpm/appointments", place));
    given
}

pub fn project(dataset: &Dataset, place: usize) -> Given {
    // The jobs of a project are those that name it: every tenth from the fourth on.
    let job = place * 10 + 3;
    let location = location(dataset, job);
    let mut given = Given::new();
    given.insert("number".into(), json!(format!("P-{:05}", place + 1)));
    given.insert(
        "name".into(),
        json!(format!("{} remodel", crm::customer_name(dataset, crm::customer_of_location(dataset, location)))),
    );
    given.insert("customerId".into(), dataset.id_of("crm/customers", crm::customer_of_location(dataset, location)));
    given.insert("locationId".into(), dataset.id_of("crm/locations", location));
    let jobs = if job < dataset.count_of("jpm/jobs") { json!([dataset.id_of("jpm/jobs", job)]) } else { json!([]) };
    given.insert("jobIds".into(), jobs);
    given
}

pub fn job_type(place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(TYPES[place % TYPES.len()]));
    given
}
