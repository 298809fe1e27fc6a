//! Places that files are delivered to. Each is a [`Place`]; which run's files go where, when they are tried again and
//! what is recorded of them is not known here.

mod place;

pub use place::{Item, Parcel, Place, PlaceError, Published};
