//! Delivers the events that began its run, a line each: what was told of it, and what it says as this plugin knows it.
//!
//! | setting | what it does |
//! |---|---|
//! | `teams = true` | makes a team at ServiceTitan for each event, of the event's name |
//! | `fails = first` | fails at the first attempt, when all is done |
//! | `fails = always` | fails at every attempt |

use std::io::Write as _;

use tradewire_plugin::events::{Envelope, Event};
use tradewire_plugin::{Failure, Result, Run, Summary, dispatch};

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let makes_teams = settings.get("teams").is_some();
    // Windows follow one another by the millisecond.
    let name: String = run.window().start.chars().filter(char::is_ascii_digit).collect();
    let mut file = run.create_file(format!("{}-{name}.csv", run.export()), "text/csv")?;
    let mut events = 0;
    for happened in run.events() {
        let Envelope { user_assigned_id: occurrence, type_: kind, source, event, .. } = happened?;
        let says = match event {
            Event::JpmJobCompleted(completed) => {
                let job = completed.job;
                let total = job.as_ref().and_then(|job| job.total.clone()).unwrap_or_default();
                format!("job {} {total}", job.map(|job| job.id).unwrap_or_default())
            }
            Event::Other(json) => format!("other {json}"),
            known => known.to_string(),
        };
        if makes_teams {
            let request = dispatch::team::CreateTeamRequest { active: true, name: Some(occurrence.clone()) };
            dispatch::team::create(&request)?;
        }
        writeln!(file, "{occurrence}|{kind}|{source}|{says}")?;
        events += 1;
    }
    file.finish([("events", events)])?;
    match settings.get("fails") {
        Some("always") => Err(Failure::refused("failed, as it was told to")),
        Some(_) if run.attempt() == 1 => Err(Failure::transient("failed, as it was told to")),
        _ => Ok(Summary::new(format!("{events} events"))),
    }
}

tradewire_plugin::export_plugin!(run);
