//! What is asked of a vendor through its pack and what it answers: JSON in the shape of ServiceTitan's middleware
//! contracts. Numbers are read and written with all of their digits.

pub mod catalog;
pub mod order;
pub mod pricing;
pub mod status;

use std::fmt;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Who buys: what a vendor knows the company by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    /// ServiceTitan's number of the vendor.
    pub vendor: i64,
    /// The vendor's number of the account.
    pub id: String,
    /// The vendor's number of a part of the account.
    pub sub_account: Option<String>,
    /// The vendor's branch that serves.
    pub branch: Option<String>,
}

/// An answer that tells of a failure, or is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The status of the answer.
    pub status: u16,
    /// Why, in the vendor's words.
    pub words: String,
    kind: String,
}

impl Refused {
    /// Whether the vendor does not know what it was asked about. Where the pack has no such endpoint the runtime says
    /// 404, too, and the vendor was not asked.
    pub fn is_unknown(&self) -> bool {
        let is_runtimes = self.kind == "Request";
        !is_runtimes && (self.status == 404 || self.kind.eq_ignore_ascii_case("NotFound"))
    }

    /// Whether the same question may be answered later.
    pub fn is_transient(&self) -> bool {
        self.status == 429 || self.status >= 500
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.words, self.status)
    }
}

/// What every answer has.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Envelope {
    success: Option<bool>,
    error_code: Option<serde_json::Value>,
    error_kind: Option<String>,
    message: Option<String>,
    error_message: Option<String>,
    reason: Option<String>,
}

/// Reads an answer.
///
/// # Errors
/// It tells of a failure, or is not in the shape of its contract.
pub fn read<T: DeserializeOwned>(status: u16, body: &str) -> Result<T, Refused> {
    let odd = |error: serde_json::Error| Refused {
        status,
        words: format!("the answer is not as the contract says: {error}"),
        kind: String::new(),
    };
    let envelope: Envelope = serde_json::from_str(body).map_err(odd)?;
    if status >= 400 || envelope.success == Some(false) {
        let code = envelope.error_code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned));
        let said = [envelope.error_message, envelope.reason, envelope.message, code];
        let words = said.into_iter().flatten().find(|words| !words.trim().is_empty());
        let words = words.unwrap_or_else(|| "the vendor does not say why".to_owned());
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        return Err(Refused { status, words, kind: envelope.error_kind.unwrap_or_default() });
    }
    serde_json::from_str(body).map_err(odd)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(status: u16, body: &str) -> Refused {
        read::<serde_json::Value>(status, body).unwrap_err()
    }

    #[test]
    fn a_refusal_has_the_vendors_words_on_one_line() {
        let told =
            refused(409, r#"{"success": false, "errorMessage": "\n  PO-1 was\n ordered before ", "message": "r-1"}"#);
        assert_eq!(told.to_string(), "PO-1 was ordered before (409)");
        assert!(!told.is_transient() && !told.is_unknown());
        assert_eq!(refused(200, r#"{"success": false, "errorMessage": "", "errorCode": 7}"#).words, "7");
        assert_eq!(refused(503, "{}").words, "the vendor does not say why");
    }

    #[test]
    fn what_may_pass_and_what_is_not_known_are_told_apart() {
        assert!(refused(429, "{}").is_transient() && refused(502, "{}").is_transient());
        assert!(refused(404, "{}").is_unknown());
        assert!(refused(200, r#"{"success": false, "errorKind": "NotFound"}"#).is_unknown());
        assert!(!refused(200, "<html>").is_unknown());
        let no_endpoint = r#"{"success": false, "errorKind": "Request", "errorMessage": "the pack has no endpoint"}"#;
        assert!(!refused(404, no_endpoint).is_unknown());
    }
}
