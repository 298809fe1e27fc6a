//! What leaves the product: what was allowed and nothing else, to where the configuration says and nowhere else, and no
//! more comes back than there is room for.
#![cfg(unix)]

mod authorities;
mod destinations;
mod documents;
mod paths;
mod recorder;
mod servers;
mod stores;
