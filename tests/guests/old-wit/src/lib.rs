//! Reads gross pay items through a contract of its own (`wit/`): with fields, cases and parameters missing that the
//! catalog has, in another order, and with an optional field that is gone. It must run unchanged.

#[allow(missing_docs, unsafe_code, clippy::all, clippy::unwrap_used)]
mod bindings {
    wit_bindgen::generate!({
        path: [
            "../../../wit/wasi/config",
            "../../../wit/wasi/logging",
            "../../../wit/wasi/keyvalue",
            "../../../wit/servicetitan/api",
            "../../../wit/tradewire",
            "wit",
        ],
        inline: "package tradewire:guest;
            world guest {
                include tradewire:plugin/plugin@1.0.0;
                import servicetitan:payroll/gross-pay-items@2.0.0;
            }",
        world: "tradewire:guest/guest",
        generate_all,
    });

    use super::OldWit;
    export!(OldWit);
}

use std::collections::BTreeMap;

use bindings::servicetitan::payroll::gross_pay_items::{GetListQuery, PaidTimeType, get_list, get_list_pages};
use bindings::{Context, Failure, Guest, Summary};

struct OldWit;

impl Guest for OldWit {
    /// `3 items, 3 in a page, 0 badges: DoubleOvertime (other) 1, none 1, regular 1`
    fn run(_: Context) -> Result<Summary, Failure> {
        let query = GetListQuery { date_on_or_after: None, page_size: Some(50) };
        let items = get_list(&query).map_err(failure)?.data;
        let page = get_list_pages(&query).next().map_err(failure)?.map_or(0, |page| page.data.len());
        let mut classes: BTreeMap<String, usize> = BTreeMap::new();
        for item in &items {
            let class = match &item.paid_time_type {
                Some(PaidTimeType::Regular) => "regular".to_owned(),
                Some(PaidTimeType::Overtime) => "overtime".to_owned(),
                Some(PaidTimeType::Other(word)) => format!("{word} (other)"),
                None => "none".to_owned(),
            };
            *classes.entry(class).or_default() += 1;
        }
        let badges = items.iter().filter(|item| item.badge_number.is_some()).count();
        let classes: Vec<_> = classes.iter().map(|(class, count)| format!("{class} {count}")).collect();
        Ok(Summary {
            message: format!("{} items, {page} in a page, {badges} badges: {}", items.len(), classes.join(", ")),
        })
    }
}

fn failure(error: bindings::servicetitan::api::types::Error) -> Failure {
    let kind = bindings::tradewire::plugin::runs::FailureKind::Refused;
    Failure { kind, message: error.message, reasons: Vec::new() }
}
