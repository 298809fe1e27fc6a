//! The host functions: what a plugin's imports become.

mod arguments;
mod events;
mod files;
mod operations;
mod raw;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::json;
use tradewire_client::{CallError, FileAnswer, PageSource, Source};
use tradewire_text::{message, shown};

use crate::run::Held;
pub(crate) use arguments::ArgumentsPlan;
pub(crate) use events::{OPERATION as EVENTS, link_events};
pub(crate) use files::{FilePlans, link_files};
pub(crate) use operations::{OperationPlan, link_operation, link_pager, link_pages};
pub(crate) use raw::link_raw;

/// The pages of one call, while the plugin reads them.
pub(crate) struct Pager {
    pub operation: Arc<str>,
    /// Out while a page is being fetched.
    pub pages: Option<Box<dyn PageSource>>,
    /// Why there are no pages, to be told when the first is asked for.
    pub refused: Option<CallError>,
    /// As long as there may be pages.
    pub _held: Option<Held>,
}

/// A file that a plugin is putting together to send.
pub(crate) struct Upload {
    pub name: String,
    pub content_type: String,
    pub content: Vec<u8>,
}

impl Upload {
    pub fn source(self) -> (String, String, Source) {
        (self.name, self.content_type, Source::Bytes(Bytes::from(self.content)))
    }
}

/// A file that a plugin is reading.
pub(crate) struct Download {
    pub operation: Arc<str>,
    pub content_type: Option<String>,
    pub length: Option<u64>,
    /// Out while a piece is being received.
    pub file: Option<Box<dyn FileAnswer>>,
    /// What came and was not asked for yet.
    pub rest: Bytes,
    pub _held: Held,
}

/// An error as JSON, with the field names of WIT: `servicetitan:api/types.error`. It is as long as errors may be,
/// whatever it repeats.
pub(crate) fn error_json(error: &CallError, operation: &str) -> String {
    let fields: Vec<_> = error.fields.iter().map(|f| json!({ "field": f.field, "messages": f.messages })).collect();
    json!({
        "kind": error.kind, "operation": shown(operation), "message": message(error.message.clone()), "status": error.status,
        "trace-id": error.trace_id, "fields": fields, "unresolved": error.unresolved,
    })
    .to_string()
}
