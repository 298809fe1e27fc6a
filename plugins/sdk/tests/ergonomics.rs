//! What the SDK adds to the plain bindings reads as it should.
#![cfg(all(feature = "payroll", feature = "accounting"))]
#![allow(missing_docs)]

use tradewire_plugin::payroll::gross_pay_items::{GrossPayItem, GrossPayItemCreateRequest};
use tradewire_plugin::payroll::payrolls::PayrollStatus;
use tradewire_plugin::{Decimal, accounting, payroll};

#[test]
fn a_query_begins_empty_and_takes_what_reads_naturally() {
    let query =
        payroll::gross_pay_items().page_size(500).payroll_ids("1,2").date_on_or_after(String::from("2025-10-06"));
    assert_eq!(query.page_size, Some(500));
    assert_eq!(query.payroll_ids.as_deref(), Some("1,2"));
    assert_eq!(query.date_on_or_after.as_deref(), Some("2025-10-06"));
    assert_eq!(query.sort, None);
}

#[test]
fn a_body_asks_for_what_must_be_given_and_takes_exact_numbers() {
    let body = GrossPayItemCreateRequest::new(7, Decimal::new(12_50, 2), 3, "2025-10-06T00:00:00Z").memo("a bonus");
    assert_eq!(body.amount, "12.50");
    assert_eq!((body.payroll_id, body.memo.as_deref(), body.invoice_id), (7, Some("a bonus"), None));
}

#[test]
fn a_patch_tells_left_alone_from_set_to_null() {
    let body = accounting::gl_accounts::GlAccountUpdateRequest::default().name("Ann");
    assert_eq!(body.name, Some(Some("Ann".to_owned())));
    assert_eq!(body.clone().clear_name().name, Some(None));
    assert_eq!(accounting::gl_accounts::GlAccountUpdateRequest::default().name, None);
}

#[test]
fn records_without_required_fields_can_be_made_for_tests() {
    assert_eq!(GrossPayItem::default().amount, None);
}

#[test]
fn an_enumeration_reads_as_servicetitan_words_it() {
    assert_eq!(PayrollStatus::Approved.to_string(), "Approved");
    assert_eq!(PayrollStatus::Other("Frozen".to_owned()).to_string(), "Frozen");
}
