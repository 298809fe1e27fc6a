//! What each operation of the catalog does to which collection of records: derived, never listed.
//!
//! A *collection* is named by the fixed words of a path: `/crm/v2/tenant/{tenant}/customers/{id}/notes` walks
//! `crm/customers/notes`, whose records belong to customers. A collection's records hold the union of the fields
//! that its operations answer; each operation then shows its own of them. Where a longer path shows records of the
//! type of a shorter one (`/technicians/{technician}/payrolls`), it is a view of that one.

mod build;
pub mod nouns;
pub mod route;
pub mod shape;

use std::collections::HashMap;
use std::sync::LazyLock;

use tradewire_surface::{Catalog, Field, Operation, Param, Surface};

use route::{Routes, Segment};
use shape::Shape;

/// What an operation does. The numbers are collections, by their place in [`Plan::collections`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Shows records, page by page or all at once.
    List(usize),
    /// Shows changes since a cursor.
    Feed(usize),
    /// Shows the record of the path's last parameter.
    Get(usize),
    /// Shows the one record that belongs to the path's last parameter.
    Pick(usize),
    /// Shows the one document there is (for its parent, where it has one).
    Single(usize),
    /// Adds a record.
    Create(usize),
    /// Replaces a record's fields with the body's.
    Replace(usize),
    /// Changes the fields that the body holds.
    Merge(usize),
    /// Changes the one record that belongs to the path's last parameter.
    MergePick(usize),
    /// Changes the one document.
    MergeSingle(usize),
    /// Takes a record away.
    Delete(usize),
    /// Does something to a record: cancels, marks, attaches.
    Act(Option<usize>),
    /// Computes an answer and changes nothing.
    Read,
    /// Takes a file.
    Upload,
    /// Gives a file, straight (`true`) or by a redirect.
    Download(bool),
}

impl Kind {
    /// The collection that it works on.
    pub fn collection(self) -> Option<usize> {
        match self {
            Kind::List(c) | Kind::Feed(c) | Kind::Get(c) | Kind::Pick(c) | Kind::Single(c) | Kind::Create(c) => Some(c),
            Kind::Replace(c) | Kind::Merge(c) | Kind::MergePick(c) | Kind::MergeSingle(c) | Kind::Delete(c) => Some(c),
            Kind::Act(on) => on,
            Kind::Read | Kind::Upload | Kind::Download(_) => None,
        }
    }
}

/// How a view is narrowed to what belongs to a parameter of its path.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The parameter, by its place among the path's (without the tenant).
    pub param: usize,
    /// The field that holds its value; `None` where only the store knows whose a record is.
    pub field: Option<String>,
    /// The employee type that the path names beside (`technicians/{technician}`).
    pub employee_type: Option<&'static str>,
}

/// An operation, ready to be served.
#[derive(Debug)]
pub struct Endpoint {
    /// Its name: `payroll/gross-pay-items.get-list`.
    pub id: String,
    /// Its surface.
    pub surface: &'static Surface,
    /// The operation.
    pub operation: &'static Operation,
    /// Its path.
    pub segments: Vec<Segment>,
    /// The parameters of its path but `tenant`, in order.
    pub path_params: Vec<&'static Param>,
    /// What it answers.
    pub shape: Shape,
    /// What it does.
    pub kind: Kind,
    /// The records that must exist: the place of a path parameter, and its collection.
    pub checks: Vec<(usize, usize)>,
    /// What its view is narrowed to.
    pub scope: Option<Scope>,
    /// The last fixed word of its path: the verb of an action.
    pub last_word: String,
}

/// What a record's own id looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// A whole number.
    Number,
    /// A UUID.
    Guid,
    /// A word.
    Word,
}

/// A collection of records.
#[derive(Debug)]
pub struct Collection {
    /// Its name: `crm/customers/notes`.
    pub key: String,
    /// Its surface, in which its types are named.
    pub surface: &'static Surface,
    /// The fields of its records.
    pub fields: Vec<Field>,
    /// The field that a record is found by, and what it holds.
    pub identity: Option<(String, IdKind)>,
    /// The collection that its records belong to, and the field that says to which, where there is one.
    pub parent: Option<(usize, Option<String>)>,
    /// Whether a list of it can show inactive records.
    pub active_param: bool,
}

impl Collection {
    /// A field by name.
    pub fn field(&self, wire: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.wire == wire)
    }
}

/// The whole catalog, ready to be served.
#[derive(Debug)]
pub struct Plan {
    /// Every operation, in the catalog's order.
    pub endpoints: Vec<Endpoint>,
    /// Every collection.
    pub collections: Vec<Collection>,
    /// The operations by method and path.
    pub routes: Routes,
    by_key: HashMap<String, usize>,
    by_noun: HashMap<String, Vec<usize>>,
}

impl Plan {
    /// The plan of the committed catalog.
    pub fn get() -> &'static Plan {
        static PLAN: LazyLock<Plan> = LazyLock::new(|| build::build(Catalog::get()));
        &PLAN
    }

    /// A collection by name.
    pub fn collection(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// An operation by name.
    pub fn endpoint(&self, id: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.id == id)
    }

    /// The collection that a noun means (`job`, `purchase-order`), seen from a surface: its own first.
    pub fn noun(&self, surface: &str, noun: &str) -> Option<usize> {
        let found = self.by_noun.get(&nouns::singular(noun))?;
        found.iter().find(|c| self.collections[**c].surface.name == surface).or_else(|| found.first()).copied()
    }

    /// The collection that a field of a record refers to: `jobId` to `jpm/jobs`.
    pub fn referent(&self, surface: &str, collection: Option<usize>, field: &str) -> Option<usize> {
        let referent = nouns::referent(field)?;
        if matches!(referent.as_str(), "merged-to" | "parent") {
            return collection;
        }
        if referent == "type"
            && let Some(own) = collection
        {
            let key = &self.collections[own].key;
            return self.collection(&format!("{}-types", nouns::singular(key)));
        }
        if let Some(found) = nouns::synonym(&referent).and_then(|key| self.collection(key)) {
            return Some(found);
        }
        let mut rest = referent.as_str();
        loop {
            if let Some(found) = self.noun(surface, rest) {
                return Some(found);
            }
            rest = rest.split_once('-')?.1;
            if let Some(found) = nouns::synonym(rest).and_then(|key| self.collection(key)) {
                return Some(found);
            }
        }
    }
}
