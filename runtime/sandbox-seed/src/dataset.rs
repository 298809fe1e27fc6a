//! A tenant's dataset: how many records of each collection there are, their ids, and how they refer to each other.

use serde_json::{Map, Value, json};

use super::rng::{Rng, guid, mix, number_of};
use super::size::counts;
use crate::clock::{DAY, SECOND, Ticks};
use crate::plan::{IdKind, Plan};

/// What a domain generator says about a record; the rest is filled by type. Decimals and amounts are given as texts.
pub type Given = Map<String, Value>;

/// An amount of money, as exact text.
pub fn dollars(cents: i64) -> Value {
    let sign = if cents < 0 { "-" } else { "" };
    json!(format!("{sign}{}.{:02}", cents.abs() / 100, cents.abs() % 100))
}

/// A tenant's dataset.
pub struct Dataset {
    /// What every operation does.
    pub plan: &'static Plan,
    /// The seed of this tenant.
    pub seed: u64,
    /// The moment that records are dated back from.
    pub origin: Ticks,
    counts: Vec<usize>,
}

/// Room for ids in each collection; all of them together stay within 32 bits, as some fields must.
const ID_SPAN: i64 = 5_000_000;

impl Dataset {
    /// The records of a tenant with so many customers.
    pub fn new(plan: &'static Plan, seed: u64, tenant: i64, customers: usize, origin: Ticks) -> Dataset {
        let seed = mix(seed ^ mix(tenant.unsigned_abs()));
        Dataset { plan, seed, origin, counts: counts(plan, customers) }
    }

    /// How many records of a collection are seeded.
    pub fn count(&self, collection: usize) -> usize {
        self.counts[collection]
    }

    /// How many of a collection, by name; 0 where the catalog has none.
    pub fn count_of(&self, key: &str) -> usize {
        self.plan.collection(key).map_or(0, |collection| self.counts[collection])
    }

    /// The number of the record at that place.
    pub fn number(&self, collection: usize, place: usize) -> i64 {
        (i64::try_from(collection).unwrap_or(0) + 1) * ID_SPAN + i64::try_from(place).unwrap_or(0) + 1
    }

    /// The place of the record with that number.
    pub fn place(&self, collection: usize, number: i64) -> Option<usize> {
        usize::try_from(number - self.number(collection, 0)).ok()
    }

    /// The id of the record at that place, as a value.
    pub fn id(&self, collection: usize, place: usize) -> Value {
        let kind = self.plan.collections[collection].identity.as_ref().map(|(_, kind)| *kind);
        match kind {
            Some(IdKind::Guid) => Value::from(self.guid(collection, place)),
            Some(IdKind::Word) => Value::from(super::vocabulary::identity(self, collection, place)),
            Some(IdKind::Number) | None => Value::from(self.number(collection, place)),
        }
    }

    /// The UUID of the record at that place.
    pub fn guid(&self, collection: usize, place: usize) -> String {
        let number = self.number(collection, place).unsigned_abs();
        guid(mix(self.seed ^ number), mix(self.seed.rotate_left(17) ^ number))
    }

    /// The id of the record at that place of a collection by name; null where there are none.
    pub fn id_of(&self, key: &str, place: usize) -> Value {
        match self.plan.collection(key) {
            Some(collection) if self.counts[collection] > 0 => self.id(collection, place % self.counts[collection]),
            _ => Value::Null,
        }
    }

    /// A stream of choices for the record at that place of a collection by name.
    pub fn rng(&self, thing: &str, place: usize) -> Rng {
        Rng::of(self.seed, number_of(thing), place as u64)
    }

    /// When the record at that place was created and last modified. The older the place, the older the record; one
    /// in eight shares its moment of change with its neighbours, as bulk edits leave it.
    pub fn moments(&self, collection: usize, place: usize) -> (Ticks, Ticks) {
        let count = i64::try_from(self.counts[collection].max(1)).unwrap_or(1);
        let mut rng = Rng::of(self.seed, number_of(&self.plan.collections[collection].key) ^ 1, place as u64);
        let span = 400 * DAY;
        let step = span / count;
        let at = i64::try_from(place).unwrap_or(0);
        let created = self.origin - span + step * at + rng.between(0, step.max(1) - 1).min(step);
        let created = created.min(self.origin - 60 * SECOND);
        let room = self.origin - created;
        let modified = match rng.below(8) {
            0 => {
                // A bulk edit: the same moment for all of a run of places, later than any of them was created.
                let last = self.origin - span + step * ((at / 16 + 1) * 16);
                last.clamp(created, self.origin - SECOND)
            }
            1..=3 => created,
            _ => created + room / 1000 * rng.between(0, 990),
        };
        (created, modified)
    }
}
