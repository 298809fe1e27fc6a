//! All that a running sandbox holds.

use std::collections::HashMap;
use std::time::Duration;

use tradewire_sandbox_seed::Dataset;
use tradewire_sandbox_seed::clock::Clock;
use tradewire_sandbox_seed::plan::Plan;

use crate::auth::Auth;
use crate::faults::Board;
use crate::feed::Seal;
use crate::ledger::Ledger;
use crate::limit::Windows;
use crate::options::{Error, Options};
use crate::store::Store;
use crate::vendor::Vendor;

/// All that a running sandbox holds.
pub(crate) struct State {
    pub plan: &'static Plan,
    pub clock: Clock,
    pub auth: Auth,
    pub seal: Seal,
    pub faults: Board,
    pub ledger: Ledger,
    /// Calls, by application key and tenant.
    pub calls: Option<Windows<(String, i64)>>,
    /// Reports, by tenant and path.
    pub reports: Option<Windows<(i64, String)>>,
    pub stores: HashMap<i64, Store>,
    pub vendor: Vendor,
    pub options: Options,
}

impl State {
    pub fn new(options: Options) -> Result<State, Error> {
        if options.tenants.is_empty() {
            return Err(Error::Empty("tenant"));
        }
        if options.app_keys.is_empty() {
            return Err(Error::Empty("application key"));
        }
        for (at, tenant) in options.tenants.iter().enumerate() {
            if options.tenants[..at].iter().any(|other| other.client_id == tenant.client_id) {
                return Err(Error::DuplicateClient(tenant.client_id.clone()));
            }
        }
        let plan = Plan::get();
        let clock = Clock::new(options.now);
        let store = |tenant: i64| Store::new(Dataset::new(plan, options.seed, tenant, options.customers, clock.origin));
        let rate = |calls: u32| Windows::new(usize::try_from(calls).unwrap_or(usize::MAX), Duration::from_secs(1));
        Ok(State {
            plan,
            auth: Auth::new(),
            seal: Seal::new(options.seed),
            faults: Board::new(options.faults.clone()),
            ledger: Ledger::default(),
            calls: options.rate.map(rate),
            reports: options.report_interval.map(|interval| Windows::new(1, interval)),
            stores: options.tenants.iter().map(|tenant| (tenant.id, store(tenant.id))).collect(),
            vendor: Vendor::new(options.seed, clock.origin),
            clock,
            options,
        })
    }
}
