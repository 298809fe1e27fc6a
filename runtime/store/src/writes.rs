//! What the journal holds.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tradewire_schedule::Window;
use tradewire_surface::Method;

use crate::words;
use crate::{RunId, WriteId};

words! {
    /// What is known of a write.
    WriteState {
        /// It is being sent.
        Begun = "begun",
        /// It was answered: it happened.
        Answered = "answered",
        /// It did not happen; it may be sent anew.
        Failed = "failed",
        /// It was sent and never answered.
        Unresolved = "unresolved",
        /// It was unresolved, and an operator has found that it happened.
        Applied = "applied",
        /// It was unresolved, and an operator has found that it did not happen; it may be sent anew.
        NotApplied = "not-applied",
    }
}

/// A write that is about to be sent.
#[derive(Debug, Clone)]
pub struct WriteCall {
    /// The operation, `raw POST`, or the vendor and the endpoint: `harborline/purchaseorder`.
    pub operation: String,
    /// The method.
    pub method: Method,
    /// The path, with its parameters filled in; of a call to a vendor the whole address.
    pub path: String,
    /// What it says.
    pub arguments: WriteArguments,
    /// What tells it from other calls: the hash of everything that it says, in lower-case hexadecimal digits.
    pub digest: String,
    /// Its number, from 0, among the equal calls of its attempt that did not fail.
    pub ordinal: u32,
    /// Whether sending it twice has the effect of sending it once.
    pub repeatable: bool,
}

/// What a write says, as an operator reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteArguments {
    /// The parameters of the path.
    #[serde(default)]
    pub path: Vec<(String, String)>,
    /// The parameters of the query.
    #[serde(default)]
    pub query: Vec<(String, String)>,
    /// The beginning of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How many bytes the body has, also where not all of it is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<u64>,
    /// The file, which is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<WrittenFile>,
    /// Where it goes to a vendor: the body is then what the endpoint was called with, and this is what went out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<WrittenRequest>,
}

/// What the pack of a vendor made of a call. It may be another at another time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenRequest {
    /// The vendor's name in the configuration.
    pub vendor: String,
    /// The endpoint.
    pub endpoint: String,
    /// How many bytes went out.
    pub bytes: u64,
    /// The hash of these bytes, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// A file that a write sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WrittenFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// How many bytes.
    pub bytes: u64,
    /// The hash of its bytes, in lower-case hexadecimal digits.
    pub sha256: String,
}

/// An answer of success. Of a vendor it is kept as the middleware gave it, where no operator gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body. None where only an operator knows that the write happened.
    pub body: Option<Bytes>,
}

/// What is to become of a write that is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is written down: send it.
    Send {
        /// Its entry.
        id: WriteId,
        /// Whether it was sent before and may have happened; it is repeatable.
        again: bool,
    },
    /// It happened before: this is its answer.
    Answered(WriteAnswer),
    /// It must not be sent: this write of the run is unresolved.
    Unresolved(WriteId),
}

/// What came of a write that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It was answered.
    Answered(WriteAnswer),
    /// It did not happen.
    Failed {
        /// The HTTP status, where there was one.
        status: Option<u16>,
        /// Why not.
        message: String,
    },
    /// Nobody knows.
    Unresolved {
        /// Why not.
        message: String,
    },
}

/// What an operator has found out about an unresolved write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It happened, and this was its answer if that is known.
    Applied(Option<Bytes>),
    /// It did not.
    NotApplied,
}

/// A write in a journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteRecord {
    /// Its id.
    pub id: WriteId,
    /// The attempt that sent it last.
    pub run: RunId,
    /// That attempt's number.
    pub attempt: u32,
    /// The operation, `raw POST`, or the vendor and the endpoint.
    pub operation: String,
    /// The method.
    pub method: String,
    /// The path, with its parameters filled in; of a call to a vendor the whole address.
    pub path: String,
    /// What it says.
    pub arguments: WriteArguments,
    /// The hash of everything that it says.
    pub digest: String,
    /// Its number among equal ones, from 0.
    pub ordinal: u32,
    /// Whether sending it twice has the effect of sending it once.
    pub repeatable: bool,
    /// What is known of it.
    pub state: WriteState,
    /// When it was sent last.
    pub begun: DateTime<Utc>,
    /// When its state became known.
    pub settled: Option<DateTime<Utc>>,
    /// The HTTP status, where there was one.
    pub status: Option<u16>,
    /// The body of its answer.
    #[serde(skip)]
    pub answer: Option<Bytes>,
    /// Why it failed, or is unresolved.
    pub message: Option<String>,
}

impl WriteRecord {
    /// Whether its run has to wait until it is resolved.
    pub fn is_unsettled(&self) -> bool {
        matches!(self.state, WriteState::Begun | WriteState::Unresolved) && !self.repeatable
    }
}

/// An unresolved write, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UnresolvedWrite {
    /// The write.
    #[serde(flatten)]
    pub write: WriteRecord,
    /// The export.
    pub export: String,
    /// The tenant's name in the configuration.
    pub tenant: String,
    /// The tenant's number at ServiceTitan.
    pub tenant_id: i64,
    /// The window.
    pub window: Window,
}
