//! How many runs go on at a time, and whose turn it is when a permit becomes free.
//!
//! Tenants that wait take turns, so one with many runs that are due keeps nobody else waiting for all of them. Of one
//! tenant's, the earliest due goes first. Whoever waits for a permit that is the tenant's own or the plugin's holds
//! nobody up who does not need it.

use std::collections::{BTreeSet, HashMap, VecDeque};

use chrono::{DateTime, Utc};
use tradewire_config::{Config, Export};

/// How many runs may go on at a time: in all, for each tenant, of each plugin.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    at_once: usize,
    per_tenant: usize,
    /// Of tenants that have their own.
    tenants: HashMap<String, usize>,
    /// Of plugins that have one.
    plugins: HashMap<String, usize>,
}

impl Limits {
    pub(super) fn of(config: &Config) -> Self {
        let tenants = config.tenants.values().filter_map(|tenant| Some((tenant.name.clone(), tenant.at_once?)));
        let plugins = config.plugins.values().filter_map(|plugin| Some((plugin.name.clone(), plugin.at_once?)));
        let (at_once, per_tenant) = (config.runs.at_once, config.runs.per_tenant);
        Self { at_once, per_tenant, tenants: tenants.collect(), plugins: plugins.collect() }
    }
}

/// Who asks for a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    tenant: String,
    /// None where no plugin runs.
    plugin: Option<String>,
}

impl Claim {
    pub(super) fn new(tenant: &str, export: Option<&Export>) -> Self {
        let plugin = export.and_then(|export| export.work.plugin()).map(str::to_owned);
        Self { tenant: tenant.to_owned(), plugin }
    }
}

/// The permits, those that have one and those that wait, each a lane by its number.
#[derive(Debug)]
pub(super) struct Permits {
    limits: Limits,
    held: HashMap<usize, Claim>,
    waiting: HashMap<usize, (DateTime<Utc>, Claim)>,
    tenants: HashMap<String, Tenant>,
    /// How many permits each plugin holds.
    plugins: HashMap<String, usize>,
    /// The tenants that wait, whose turn is next first.
    turns: VecDeque<String>,
}

/// What a tenant holds and waits for.
#[derive(Debug, Default)]
struct Tenant {
    held: usize,
    /// By plugin: where one has no permit left, its others need not be looked at.
    waiting: HashMap<Option<String>, BTreeSet<(DateTime<Utc>, usize)>>,
}

impl Permits {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            held: HashMap::new(),
            waiting: HashMap::new(),
            tenants: HashMap::new(),
            plugins: HashMap::new(),
            turns: VecDeque::new(),
        }
    }

    /// Puts other limits in place of those in force. Whoever has a permit keeps it.
    pub(super) fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Lets a lane wait for a permit, for a run that is due then. One that waits already keeps its tenant's turn.
    pub(super) fn request(&mut self, lane: usize, due: DateTime<Utc>, claim: Claim) {
        if self.waiting.get(&lane).is_some_and(|(since, known)| *since == due && *known == claim) {
            return;
        }
        let before = self.waiting.insert(lane, (due, claim.clone()));
        let tenant = self.tenants.entry(claim.tenant.clone()).or_default();
        if tenant.waiting.is_empty() {
            self.turns.push_back(claim.tenant);
        }
        tenant.waiting.entry(claim.plugin).or_default().insert((due, lane));
        if let Some((since, known)) = before {
            self.take_out(lane, since, &known);
        }
    }

    /// Lets a lane wait no longer.
    pub(super) fn withdraw(&mut self, lane: usize) {
        if let Some((due, claim)) = self.waiting.remove(&lane) {
            self.take_out(lane, due, &claim);
        }
    }

    /// Takes what a lane waited for off its tenant's list. A tenant that waits for nothing else has no turn.
    fn take_out(&mut self, lane: usize, due: DateTime<Utc>, claim: &Claim) {
        let Some(tenant) = self.tenants.get_mut(&claim.tenant) else { return };
        if let Some(lanes) = tenant.waiting.get_mut(&claim.plugin) {
            lanes.remove(&(due, lane));
            if lanes.is_empty() {
                tenant.waiting.remove(&claim.plugin);
            }
        }
        if tenant.waiting.is_empty() {
            self.turns.retain(|waits| *waits != claim.tenant);
        }
        self.forget(&claim.tenant);
    }

    /// Gives a permit to the next lane that may have one and can take it now. The others keep their turns.
    pub(super) fn grant(&mut self, can_take: impl Fn(usize) -> bool) -> Option<usize> {
        if self.held.len() >= self.limits.at_once {
            return None;
        }
        let mut turns = self.turns.iter().enumerate();
        let (turn, lane) = turns.find_map(|(n, tenant)| Some((n, self.first_of(tenant, &can_take)?)))?;
        let (_, claim) = self.waiting.get(&lane).cloned()?;
        // Its next turn is after everybody else's who waits.
        let tenant = self.turns.remove(turn)?;
        self.turns.push_back(tenant);
        self.withdraw(lane);
        self.tenants.entry(claim.tenant.clone()).or_default().held += 1;
        if let Some(plugin) = &claim.plugin {
            *self.plugins.entry(plugin.clone()).or_default() += 1;
        }
        self.held.insert(lane, claim);
        Some(lane)
    }

    /// Takes a lane's permit back.
    pub(super) fn release(&mut self, lane: usize) {
        let Some(claim) = self.held.remove(&lane) else { return };
        if let Some(tenant) = self.tenants.get_mut(&claim.tenant) {
            tenant.held -= 1;
        }
        self.forget(&claim.tenant);
        if let Some(plugin) = claim.plugin
            && let Some(held) = self.plugins.get_mut(&plugin)
        {
            *held -= 1;
            if *held == 0 {
                self.plugins.remove(&plugin);
            }
        }
    }

    /// What a lane waits for.
    pub(super) fn waits_for(&self, claim: &Claim) -> String {
        let Claim { tenant, plugin } = claim;
        let full = |held: usize, limit: usize, whose: &str, setting: &str| {
            let runs = if held == 1 { format!("1 run{whose} goes on") } else { format!("{held} runs{whose} go on") };
            (held >= limit).then(|| format!("a permit: {runs}, the most that {setting} allows"))
        };
        let setting = match self.limits.tenants.contains_key(tenant) {
            true => format!("`at_once` of `[tenant.{tenant}]`"),
            false => "`per_tenant` of `[runs]`".to_owned(),
        };
        let of_tenant = full(self.held_by(tenant), self.of_tenant(tenant), &format!(" for {tenant}"), &setting);
        let of_plugin = || {
            let plugin = plugin.as_ref()?;
            let setting = format!("`at_once` of `[plugin.{plugin}]`");
            match *self.limits.plugins.get(plugin)? {
                // No file says so: `Config::hold_back` does.
                0 => Some(format!("its plugin: `{plugin}` is not compiled yet, or cannot be")),
                limit => full(self.held_of(plugin), limit, &format!(" of {plugin}"), &setting),
            }
        };
        let of_all = || full(self.held.len(), self.limits.at_once, "", "`at_once` of `[runs]`");
        of_tenant.or_else(of_plugin).or_else(of_all).unwrap_or_else(|| "its turn".to_owned())
    }

    /// The lane of a tenant that is next, where it may have a permit.
    fn first_of(&self, name: &str, can_take: impl Fn(usize) -> bool) -> Option<usize> {
        let tenant = self.tenants.get(name).filter(|tenant| tenant.held < self.of_tenant(name))?;
        let may_have = |plugin: &Option<String>| {
            plugin
                .as_ref()
                .is_none_or(|plugin| self.limits.plugins.get(plugin).is_none_or(|limit| self.held_of(plugin) < *limit))
        };
        let waiting = tenant.waiting.iter().filter(|(plugin, _)| may_have(plugin));
        let first = |lanes: &BTreeSet<(DateTime<Utc>, usize)>| lanes.iter().find(|(_, lane)| can_take(*lane)).copied();
        waiting.filter_map(|(_, lanes)| first(lanes)).min().map(|(_, lane)| lane)
    }

    fn of_tenant(&self, tenant: &str) -> usize {
        self.limits.tenants.get(tenant).copied().unwrap_or(self.limits.per_tenant)
    }

    fn held_by(&self, tenant: &str) -> usize {
        self.tenants.get(tenant).map_or(0, |tenant| tenant.held)
    }

    fn held_of(&self, plugin: &str) -> usize {
        self.plugins.get(plugin).copied().unwrap_or(0)
    }

    /// A tenant that neither has nor wants a permit is nobody to remember.
    fn forget(&mut self, tenant: &str) {
        if self.tenants.get(tenant).is_some_and(|tenant| tenant.held == 0 && tenant.waiting.is_empty()) {
            self.tenants.remove(tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn limits(at_once: usize, per_tenant: usize) -> Limits {
        Limits { at_once, per_tenant, tenants: HashMap::new(), plugins: HashMap::new() }
    }

    fn claim(tenant: &str, plugin: &str) -> Claim {
        Claim { tenant: tenant.to_owned(), plugin: Some(plugin.to_owned()) }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    /// Everybody who gets a permit, in order, each giving it back at once.
    fn one_after_the_other(permits: &mut Permits) -> Vec<usize> {
        std::iter::from_fn(|| permits.grant(|_| true).inspect(|lane| permits.release(*lane))).collect()
    }

    #[test]
    fn tenants_take_turns_and_each_begins_with_its_earliest() {
        let mut permits = Permits::new(limits(1, 1));
        for lane in 0..500 {
            permits.request(lane, at(500 - lane as i64), claim("many", "p"));
        }
        permits.request(500, at(900), claim("one", "p"));
        permits.request(501, at(901), claim("two", "p"));
        permits.request(502, at(800), claim("two", "p"));
        let order = one_after_the_other(&mut permits);
        assert_eq!(order[..6], [499, 500, 502, 498, 501, 497]);
        assert_eq!(order.len(), 503);
        assert!(permits.tenants.is_empty() && permits.turns.is_empty() && permits.plugins.is_empty());
    }

    #[test]
    fn whoever_comes_late_has_its_turn_before_those_who_had_theirs() {
        let mut permits = Permits::new(limits(1, 1));
        for lane in 0..3 {
            permits.request(lane, at(0), claim("many", "p"));
        }
        assert_eq!(permits.grant(|_| true), Some(0));
        permits.request(3, at(5), claim("late", "p"));
        permits.release(0);
        // It was not there yet when the turn was given.
        assert_eq!(one_after_the_other(&mut permits), [1, 3, 2]);
    }

    #[test]
    fn whoever_cannot_take_a_permit_yet_keeps_its_turn() {
        let mut permits = Permits::new(limits(1, 1));
        for (lane, tenant) in [(0, "many"), (1, "many"), (2, "one")] {
            permits.request(lane, at(lane as i64), claim(tenant, "p"));
        }
        assert_eq!(permits.grant(|_| false), None);
        assert_eq!(permits.grant(|lane| lane != 0), Some(1), "the next of those whose turn it is");
        permits.release(1);
        assert_eq!(one_after_the_other(&mut permits), [2, 0]);
    }

    #[test]
    fn whoever_waits_for_another_run_than_before_keeps_its_turn() {
        let mut permits = Permits::new(limits(1, 1));
        permits.request(0, at(0), claim("replaces", "p"));
        permits.request(1, at(0), claim("many", "p"));
        // Its slot was replaced by a later one, and its plugin by another.
        permits.request(0, at(60), claim("replaces", "p"));
        permits.request(0, at(60), claim("replaces", "q"));
        assert_eq!(one_after_the_other(&mut permits), [0, 1]);
        assert!(permits.tenants.is_empty() && permits.waiting.is_empty());
        // One that is another tenant's now waits its turn there.
        permits.request(0, at(0), claim("one", "p"));
        permits.request(1, at(0), claim("two", "p"));
        permits.request(0, at(0), claim("three", "p"));
        assert_eq!(one_after_the_other(&mut permits), [1, 0]);
        assert!(permits.tenants.is_empty() && permits.turns.is_empty());
    }

    #[test]
    fn no_limit_is_ever_passed_and_none_holds_up_who_does_not_need_it() {
        let mut permits = Permits::new(Limits {
            tenants: HashMap::from([("big".to_owned(), 3)]),
            plugins: HashMap::from([("rare".to_owned(), 1)]),
            ..limits(6, 2)
        });
        for lane in 0..10 {
            permits.request(lane, at(0), claim("big", "rare"));
            permits.request(10 + lane, at(1), claim("big", "common"));
            permits.request(20 + lane, at(0), claim("small", "common"));
            permits.request(30 + lane, at(0), claim("third", "rare"));
        }
        let given: Vec<_> = std::iter::from_fn(|| permits.grant(|_| true)).collect();
        assert_eq!(
            given,
            [0, 20, 10, 21, 11],
            "big has three, of the rare plugin one; small two; third waits for rare"
        );
        let waits = |tenant: &str, plugin: &str| permits.waits_for(&claim(tenant, plugin));
        assert_eq!(
            waits("big", "rare"),
            "a permit: 3 runs for big go on, the most that `at_once` of `[tenant.big]` allows"
        );
        assert_eq!(
            waits("small", "x"),
            "a permit: 2 runs for small go on, the most that `per_tenant` of `[runs]` allows"
        );
        assert_eq!(
            waits("third", "rare"),
            "a permit: 1 run of rare goes on, the most that `at_once` of `[plugin.rare]` allows"
        );
        permits.release(0);
        assert_eq!(permits.grant(|_| true), Some(30), "it was third's turn");
        assert_eq!(permits.grant(|_| true), Some(12));
        assert_eq!(permits.grant(|_| true), None);
        let all = permits.waits_for(&claim("fourth", "common"));
        assert_eq!(all, "a permit: 6 runs go on, the most that `at_once` of `[runs]` allows");
    }

    #[test]
    fn who_asks_again_keeps_its_turn_and_who_leaves_has_none() {
        let mut permits = Permits::new(limits(1, 1));
        permits.request(0, at(0), claim("a", "p"));
        permits.request(1, at(0), claim("b", "p"));
        permits.request(2, at(0), claim("c", "p"));
        permits.request(0, at(0), claim("a", "p"));
        permits.withdraw(1);
        assert_eq!(one_after_the_other(&mut permits), [0, 2]);
    }

    #[test]
    fn lower_limits_take_no_permit_away_and_let_nobody_in() {
        let mut permits = Permits::new(limits(4, 4));
        for lane in 0..6 {
            permits.request(lane, at(lane as i64), claim("a", "p"));
        }
        assert_eq!(std::iter::from_fn(|| permits.grant(|_| true)).count(), 4);
        permits.limit(limits(2, 2));
        permits.release(0);
        permits.release(1);
        assert_eq!(permits.grant(|_| true), None);
        permits.release(2);
        assert_eq!(permits.grant(|_| true), Some(4));
    }
}
