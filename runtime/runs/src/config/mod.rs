//! `tradewire.toml`: what an operator writes.
//!
//! It is checked as a whole: every fault is told at once, with its line and column, the line itself and what to write
//! instead ([`ConfigError`]). Secrets stand in it only as references ([`Secret`]).
//!
//! ```toml
//! [servicetitan]
//! environment = "integration"                 # production, integration, sandbox, or an address
//! app_key = { env = "ST_APP_KEY" }
//!
//! [tenant.acme]
//! id = 1234567890
//! client_id = { env = "ACME_CLIENT_ID" }
//! client_secret = { file = "acme.secret" }
//! timezone = "America/Phoenix"
//!
//! [plugin.payroll-adp]
//! source = "payroll-adp.wasm"
//! grant = ["payroll/gross-pay-items.get-list", "payroll/payrolls:view"]
//! limits = { memory = "64 MiB", time = "10 min" }
//!
//! [export.weekly-payroll]
//! run = "payroll-adp"
//! tenants = ["acme"]
//! cron = "0 6 * * MON"                        # in the tenant's time zone unless `timezone` says another
//! missed = "all"                              # skip, latest, all
//! missed_cap = 100                            # with `all`: the most that run, the latest ones
//! overlap = "skip"                            # skip, queue, replace
//! jitter = "2 min"                            # spreads the beginnings; slot and window stay
//! blackout = ["22:00-04:00", "SAT-SUN", "2026-12-24/2026-12-26"]
//! retries = { times = 3, backoff = "1 min", longest = "1 h" }
//! window = "slot"                             # slot, day, week, month
//! settings = { company-code = "ABC" }
//! deliver = "adp"
//!
//! [export.nightly-prices]
//! run = "harborline/pricing"                  # a supplier's endpoint: its answer is the file
//! body = "pricing.json.liquid"
//! tenants = ["acme"]
//! cron = "0 3 * * *"
//! deliver = "adp"
//!
//! [export.payroll-report]
//! run = "payroll-report"
//! tenants = ["acme"]
//! after = "weekly-payroll"                    # or a list: each run of it that succeeds begins one, of the same window
//!
//! [export.completed-jobs]
//! run = "completed-jobs"
//! tenants = ["acme"]
//! on = ["tn.jpm.job-completed"]               # webhook events; those that wait together begin one run
//! webhook = "jobs"                            # left out: by whichever webhook they come
//!
//! [delivery.adp]
//! to = "outbox"
//!
//! [middleware.harborline]                     # a supplier behind its request-middleware pack
//! pack = "templates/harborline"
//! tenants = ["acme"]
//! grant = ["inventory/vendors:view"]          # what its templates may ask
//! check = "warn"                              # warn, refuse: what is not as the contract says
//! secrets = { ApiKey = { env = "HARBORLINE_KEY" } }
//!
//! [caller.servicetitan]                       # who may call suppliers over HTTP
//! key = { env = "SERVICETITAN_CALLER_KEY" }
//!
//! [webhook.jobs]                              # ServiceTitan's events: POST /webhooks/jobs
//! tenants = ["acme"]
//! secret = { env = "JOBS_WEBHOOK_SECRET" }
//! events = ["tn.jpm.job-completed"]
//!
//! [runs]                                      # of schedules, in one process
//! at_once = 64                                # `at_once` of a tenant or a plugin holds for its own
//! per_tenant = 8
//!
//! [store]
//! keep = "400 days"                            # how long runs are remembered; for ever unless it is said
//!
//! [serve]
//! listen = "127.0.0.1:8080"
//! ```

mod fault;
mod limits;
mod model;
mod secret;
mod sections;
mod source;

pub use fault::{ConfigError, Fault};
pub use limits::Limits;
pub use model::{
    Begins, Caller, ClientId, Config, ContractCheck, Delivery, Destination, Environment, Export, LONGEST_REPLAY_WINDOW,
    Middleware, MiddlewareGrant, On, Plugin, Runs, Serve, ServiceTitan, SignatureEncoding, SupplierCall, Tenant,
    Webhook, Work,
};
pub use secret::{Secret, SecretError};
