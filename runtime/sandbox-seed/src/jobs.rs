//! Jobs and what hangs on them: appointments, assignments, projects. A job, its appointment and its invoice share
//! their place, so each finds the others.

use serde_json::{Value, json};

use super::world::{Given, World, dollars};
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
pub fn location(world: &World, job: usize) -> usize {
    world.draw("job's location", job).below(world.count_of("crm/locations"))
}

/// The technician who does it.
pub fn technician(world: &World, job: usize) -> usize {
    world.draw("job's technician", job).below(world.count_of("settings/technicians"))
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
pub fn total_cents(world: &World, job: usize) -> i64 {
    world.draw("job's total", job).between(7900, 950_000)
}

/// When somebody was there.
pub fn window(world: &World, job: usize) -> (Ticks, Ticks) {
    let collection = world.plan.collection("jpm/jobs").unwrap_or(0);
    let (created, _) = world.moments(collection, job.min(world.count(collection).saturating_sub(1)));
    let mut draw = world.draw("job's window", job);
    let start = created - created.rem_euclid(3600 * SECOND) + draw.between(2, 72) * 3600 * SECOND;
    (start, start + draw.between(2, 16) * 900 * SECOND)
}

/// What records elsewhere repeat about a job (gross pay items do).
pub fn describe(world: &World, job: usize, given: &mut Given) {
    let location = location(world, job);
    let customer = crm::customer_of_location(world, location);
    let address = crm::address(world, location);
    given.insert("jobId".into(), world.id_of("jpm/jobs", job));
    given.insert("jobNumber".into(), json!(number(job)));
    given.insert("jobTypeName".into(), json!(type_name(job)));
    given.insert("invoiceId".into(), world.id_of("accounting/invoices", job));
    given.insert("invoiceNumber".into(), json!(number(job)));
    given.insert("customerId".into(), world.id_of("crm/customers", customer));
    given.insert("customerName".into(), json!(crm::customer_name(world, customer)));
    given.insert("locationId".into(), world.id_of("crm/locations", location));
    given.insert("locationName".into(), json!(crm::location_name(world, location)));
    given.insert("locationAddress".into(), address["street"].clone());
    given.insert("locationZip".into(), address["zip"].clone());
}

fn status(world: &World, job: usize) -> &'static str {
    let (_, end) = window(world, job);
    match job % 20 {
        7 => "Canceled",
        13 => "Hold",
        _ if end > world.origin => "Scheduled",
        _ => "Completed",
    }
}

pub fn job(world: &World, place: usize) -> Given {
    let location = location(world, place);
    let status = status(world, place);
    let mut given = Given::new();
    given.insert("jobNumber".into(), json!(number(place)));
    given.insert("customerId".into(), world.id_of("crm/customers", crm::customer_of_location(world, location)));
    given.insert("locationId".into(), world.id_of("crm/locations", location));
    given.insert("jobStatus".into(), json!(status));
    let done = if status == "Completed" { json!(clock::write(window(world, place).1)) } else { Value::Null };
    given.insert("completedOn".into(), done);
    given.insert("jobTypeId".into(), world.id_of("jpm/job-types", place));
    given.insert("priority".into(), json!(if place % 9 == 4 { "Urgent" } else { "Normal" }));
    given.insert("appointmentCount".into(), json!(1));
    for field in ["firstAppointmentId", "lastAppointmentId"] {
        given.insert(field.into(), world.id_of("jpm/appointments", place));
    }
    given.insert("invoiceId".into(), world.id_of("accounting/invoices", place));
    given.insert("total".into(), dollars(total_cents(world, place)));
    given.insert("customerPo".into(), json!(""));
    let projects = world.count_of("jpm/projects");
    let project = if projects > 0 && place % 10 == 3 { world.id_of("jpm/projects", place / 10) } else { Value::Null };
    given.insert("projectId".into(), project);
    given.insert("soldById".into(), world.id_of("settings/technicians", technician(world, place)));
    given.insert("recallForId".into(), Value::Null);
    given.insert("warrantyId".into(), Value::Null);
    for field in ["customFields", "externalData", "estimateIds", "equipmentIds"] {
        given.insert(field.into(), json!([]));
    }
    given
}

pub fn appointment(world: &World, place: usize) -> Given {
    let (start, end) = window(world, place);
    let location = location(world, place);
    let status = match status(world, place) {
        "Completed" => "Done",
        other => other,
    };
    let mut given = Given::new();
    given.insert("jobId".into(), world.id_of("jpm/jobs", place));
    given.insert("appointmentNumber".into(), json!(format!("{}-1", number(place))));
    given.insert("start".into(), json!(clock::write(start)));
    given.insert("end".into(), json!(clock::write(end)));
    given.insert("arrivalWindowStart".into(), json!(clock::write(start)));
    given.insert("arrivalWindowEnd".into(), json!(clock::write(start + 7200 * SECOND)));
    given.insert("status".into(), json!(status));
    given.insert("customerId".into(), world.id_of("crm/customers", crm::customer_of_location(world, location)));
    given
}

pub fn assignment(world: &World, place: usize) -> Given {
    let technician = technician(world, place);
    let (first, last) = settings::person(world, true, technician);
    let mut given = Given::new();
    given.insert("technicianId".into(), world.id_of("settings/technicians", technician));
    given.insert("technicianName".into(), json!(format!("{first} {last}")));
    given.insert("jobId".into(), world.id_of("jpm/jobs", place));
    given.insert("appointmentId".into(), world.id_of("jpm/appointments", place));
    given
}

pub fn project(world: &World, place: usize) -> Given {
    // The jobs of a project are those that name it: every tenth from the fourth on.
    let job = place * 10 + 3;
    let location = location(world, job);
    let mut given = Given::new();
    given.insert("number".into(), json!(format!("P-{:05}", place + 1)));
    given.insert(
        "name".into(),
        json!(format!("{} remodel", crm::customer_name(world, crm::customer_of_location(world, location)))),
    );
    given.insert("customerId".into(), world.id_of("crm/customers", crm::customer_of_location(world, location)));
    given.insert("locationId".into(), world.id_of("crm/locations", location));
    let jobs = if job < world.count_of("jpm/jobs") { json!([world.id_of("jpm/jobs", job)]) } else { json!([]) };
    given.insert("jobIds".into(), jobs);
    given
}

pub fn job_type(place: usize) -> Given {
    let mut given = Given::new();
    given.insert("name".into(), json!(TYPES[place % TYPES.len()]));
    given
}
