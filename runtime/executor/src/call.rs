//! Exports that call a vendor: the body that a template writes, the answer as a file.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tradewire_client::ServiceTitan;
use tradewire_config::VendorCall;
use tradewire_liquid::{Limits, Mode, Options, Template, Value};
use tradewire_middleware::exchange::{Incoming, Outgoing};
use tradewire_middleware::servicetitan::{self, Live};
use tradewire_runs::run::{Attempt, Failure, FileError, Job, Summary};
use tradewire_store::{HostCalls, LogLevel};

use crate::events;
use crate::journaled::{Journaled, ToldBy};
use crate::vendors::Vendor;

/// How long the body's template may wait for ServiceTitan, all its calls together.
const ASKING: Duration = Duration::from_secs(600);

/// No template of a body is longer.
const LONGEST: u64 = 4 << 20;

/// An export's call, ready to be made.
pub struct Call {
    vendor: Arc<Vendor>,
    call: VendorCall,
    body: Option<Arc<Template>>,
}

impl Call {
    /// Reads the body's template and holds it and the export against the vendor.
    ///
    /// # Errors
    /// Each fault, with what to do.
    pub fn load(call: &VendorCall, tenants: &[String], vendor: &Arc<Vendor>) -> Result<Call, Vec<String>> {
        let mut faults = Vec::new();
        let (name, endpoints) = (&call.vendor, &vendor.middleware.pack().endpoints);
        if !endpoints.contains_key(&call.endpoint) {
            let known: Vec<&str> = endpoints.keys().map(String::as_str).collect();
            faults.push(format!("`{name}` has no endpoint `{}`; help: it has {}", call.endpoint, known.join(", ")));
        }
        for tenant in tenants.iter().filter(|tenant| !vendor.tenants.contains(tenant)) {
            faults.push(format!(
                "`{name}` takes no calls for tenant `{tenant}`; help: add it to `tenants` of `[middleware.{name}]`"
            ));
        }
        let body = call.body.as_ref().map(|path| {
            let place = path.display().to_string();
            let source = tradewire_private::read_regular_text(path, LONGEST)
                .map_err(|error| format!("cannot read the body from `{place}`: {error}; help: correct `body`"))?;
            let template = Template::parse(&source, &Options { name: place, ..servicetitan::options() });
            template.map(Arc::new).map_err(|error| error.to_string())
        });
        let body = body.transpose().map_err(|fault| faults.push(fault)).ok().flatten();
        let calls = body.iter().flat_map(|template| servicetitan::calls(template));
        let refused: Vec<_> = calls.filter(|call| !vendor.grants.allows(&call.operation)).collect();
        let line = vendor.grants.line_for(refused.iter().map(|call| call.operation));
        for call in refused {
            let (place, operation) = (call.place, call.operation.id());
            faults.push(format!(
                "{}:{}:{}: `{operation}` is not granted; help: write `{line}` into `[middleware.{name}]`",
                place.name, place.line, place.column
            ));
        }
        if faults.is_empty() { Ok(Call { vendor: vendor.clone(), call: call.clone(), body }) } else { Err(faults) }
    }

    /// Makes the call: once in a run, however often it is tried, and whatever the body comes to then.
    pub async fn execute(&self, attempt: &Attempt, tenant: Arc<dyn ServiceTitan>) -> Result<Summary, Failure> {
        let VendorCall { vendor, endpoint, keeps_answer, .. } = &self.call;
        let body = self.body(attempt, attempt.journal.layer(tenant.clone())).await?;
        let incoming = Incoming { headers: Vec::new(), body: body.into_bytes() };
        let journal = attempt.journal.clone();
        let journal = Journaled { journal, vendor: vendor.clone(), api: tenant, told_by: ToldBy::Run };
        let outgoing = self.vendor.middleware.answer_once(endpoint, incoming, &journal).await;
        let text = outgoing.body.to_pretty_json();
        outgoing.warnings.iter().for_each(|warning| attempt.log.write(LogLevel::Warn, warning));
        let failure = failure(&outgoing);
        attempt.calls.add(HostCalls {
            operation: format!("middleware/{vendor}.{endpoint}"),
            calls: 1,
            failures: u64::from(failure.is_some()),
            retries: 0,
            waited_ms: 0,
            bytes: text.len() as u64,
        });
        if let Some(failure) = failure {
            return Err(failure);
        }
        if *keeps_answer {
            file(attempt, &format!("{endpoint}.json"), &text, totals(&outgoing.body)).await.map_err(|error| {
                let told = format!("the answer cannot be kept: {error}");
                if error.is_transient() { Failure::transient(told) } else { Failure::refused(told) }
            })?;
        }
        let said = outgoing.body.get("message").and_then(Value::as_text).unwrap_or_default();
        let status = outgoing.status;
        Ok(Summary { message: format!("{vendor}/{endpoint} answered {status} {said}").trim_end().to_owned() })
    }

    async fn body(&self, attempt: &Attempt, api: Arc<dyn ServiceTitan>) -> Result<String, Failure> {
        let Some(template) = self.body.clone() else { return Ok("{}".to_owned()) };
        let data = variables(&attempt.job, events::all(&attempt.events).await?);
        let calls = Live::new(api, Instant::now() + ASKING);
        let rendering =
            tradewire_workers::work(move || template.render_calling(&data, Mode::Json, &Limits::default(), &calls));
        match rendering.await {
            Ok(rendered) => rendered.map_err(|error| Failure::refused(error.to_string())),
            Err(error) => Err(Failure::refused(format!("the rendering of the body was stopped: {error}"))),
        }
    }
}

/// What the body's template is given: `run`, `settings`, and the `events` that began the run.
fn variables(job: &Job, events: Value) -> Value {
    let window = Value::object([
        ("start", job.window.start.to_rfc3339().as_str().into()),
        ("end", job.window.end.to_rfc3339().as_str().into()),
    ]);
    let run = Value::object([
        ("id", job.run.to_string().as_str().into()),
        ("export", job.export.as_str().into()),
        ("tenant", job.tenant.as_str().into()),
        ("tenantId", job.tenant_id.into()),
        ("timezone", job.window.start.timezone().name().into()),
        ("window", window),
        ("attempt", i64::from(job.attempt).into()),
    ]);
    let settings = job.settings.iter().map(|(name, value)| (name.as_str(), value.as_str().into()));
    Value::object([("run", run), ("settings", Value::object(settings)), ("events", events)])
}

/// Why an answer is no success, where it is none. The journal sees to it that another attempt orders nothing twice.
fn failure(outgoing: &Outgoing) -> Option<Failure> {
    let failed = outgoing.status >= 400 || outgoing.body.get("success") == Some(&Value::Bool(false));
    if !failed {
        return None;
    }
    let text = |name| outgoing.body.get(name).and_then(Value::as_text).filter(|text| !text.is_empty());
    let why = text("errorMessage").or(text("message")).unwrap_or("the vendor says that it failed and not why");
    let told = format!("{} ({why})", outgoing.status);
    let transient = (outgoing.status >= 500 || outgoing.status == 429) && text("errorKind") != Some("Template");
    Some(match transient {
        true => Failure::transient(format!("the vendor could not serve the call: {told}")),
        false => Failure::refused(format!("the vendor's answer is a failure: {told}")),
    })
}

/// How many items each list of an answer has.
fn totals(body: &Value) -> Vec<(String, String)> {
    let Value::Object(members) = body else { return Vec::new() };
    let count = |value: &Value| if let Value::List(items) = value { Some(items.len().to_string()) } else { None };
    members.iter().filter_map(|(name, value)| Some((name.to_owned(), count(value)?))).collect()
}

async fn file(attempt: &Attempt, name: &str, text: &str, totals: Vec<(String, String)>) -> Result<(), FileError> {
    let mut file = attempt.files.create(name, "application/json").await?;
    file.write(text.as_bytes()).await?;
    file.finish(totals).await
}
