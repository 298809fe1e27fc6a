//! Why calls have no answer.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a call has no answer: an error of whoever answers.
#[derive(Debug, Clone)]
pub struct CallFault(Arc<dyn Error + Send + Sync>);

impl CallFault {
    /// The error, where it is of this type.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for CallFault {
    fn from(error: E) -> Self {
        CallFault(Arc::new(error))
    }
}

impl fmt::Display for CallFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Faults are equal where they say the same.
impl PartialEq for CallFault {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl Eq for CallFault {}
