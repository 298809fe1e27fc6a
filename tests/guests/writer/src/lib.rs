//! Changes what its settings say, and delivers what it has changed as `<tenant>.csv`.
//!
//! `steps` is a list with commas between; `@` in a name is the day on which the window starts, `#` the very moment:
//!
//! | step | what it does |
//! |---|---|
//! | `create NAME` | makes a team |
//! | `raw NAME` | makes one by the raw door |
//! | `try NAME` | makes one, and goes on whatever comes of it |
//! | `knock METHOD PATH` | calls the raw door, and goes on whatever comes of it |
//! | `delete` | deletes the team that was made last |
//! | `read` | reads all teams |
//! | `count KEY` | adds one to a number that is kept, and tells it |
//! | `keep KEY BYTES` | keeps a value of so many bytes |
//! | `forget KEY` | forgets a value |
//! | `fail` | fails, at the first attempt |
//! | `fail-always` | fails |

use std::io::Write as _;

use tradewire_plugin::{Failure, Result, Run, Summary, dispatch, log, raw};

/// A team that was made.
struct Made {
    id: String,
    name: String,
}

fn run(run: Run) -> Result<Summary> {
    let settings = run.settings()?;
    let steps = settings.get("steps").unwrap_or_default();
    let start = &run.window().start;
    let steps = steps.replace('@', start.get(..10).unwrap_or_default()).replace('#', start);
    let mut made: Vec<Made> = Vec::new();
    let mut counted = String::new();
    for step in steps.split(',').map(str::trim).filter(|step| !step.is_empty()) {
        match step.split_once(' ').unwrap_or((step, "")) {
            ("create", name) => made.push(create(name)?),
            ("raw", name) => made.push(create_raw(name)?),
            ("try", name) => match create(name) {
                Ok(team) => made.push(team),
                Err(failure) => log::warn!("went on: {}", failure.message),
            },
            ("knock", call) => match raw::call(call, &[], None) {
                Ok(_) => log::info!("let through: {call:?}"),
                Err(failure) => log::warn!("kept out: {}", failure.message),
            },
            ("delete", _) => {
                if let Some(last) = made.pop() {
                    dispatch::team::delete(last.id.parse().unwrap_or_default())?;
                }
            }
            ("read", _) => {
                for team in dispatch::team().records() {
                    team?;
                }
            }
            ("count", key) => counted += &format!(", {key} {}", run.state()?.add(key, 1)?),
            ("keep", rest) => {
                let (key, bytes) = rest.split_once(' ').unwrap_or((rest, "0"));
                run.state()?.set_bytes(key, &vec![b'x'; bytes.parse().unwrap_or_default()])?;
            }
            ("forget", key) => run.state()?.delete(key)?,
            ("fail", _) if run.attempt() > 1 => {}
            ("fail" | "fail-always", _) => return Err(Failure::transient("failed, as it was told to")),
            _ => return Err(Failure::refused(format!("no step `{step}`"))),
        }
    }
    let mut file = run.create_file(format!("{}.csv", run.tenant()), "text/csv")?;
    for Made { id, name } in &made {
        write!(file, "{id},{name}\r\n")?;
    }
    file.finish([("teams", made.len())])?;
    Ok(Summary::new(format!("{} teams{counted}", made.len())))
}

fn create(name: &str) -> Result<Made> {
    let request = dispatch::team::CreateTeamRequest { active: true, name: Some(name.to_owned()) };
    let team = dispatch::team::create(&request)?;
    Ok(Made { id: team.id.to_string(), name: team.name.unwrap_or_default() })
}

fn create_raw(name: &str) -> Result<Made> {
    let body = format!("{{\"active\":true,\"name\":\"{name}\"}}");
    let answer = raw::call("POST /dispatch/v2/tenant/{tenant}/teams", &[], Some(&body))?;
    // Ids are whole numbers; this is all of JSON that is needed.
    let id = answer.body.split("\"id\":").nth(1).unwrap_or_default();
    let id = id.trim_start().chars().take_while(char::is_ascii_digit).collect();
    Ok(Made { id, name: name.to_owned() })
}

tradewire_plugin::export_plugin!(run);
