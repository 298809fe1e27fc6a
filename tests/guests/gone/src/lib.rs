//! Needs a field of gross pay items that ServiceTitan does not have (`wit/`): it must be refused when it is loaded.

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

    use super::Gone;
    export!(Gone);
}

use bindings::servicetitan::payroll::gross_pay_items::{GetListQuery, get_list};
use bindings::tradewire::plugin::runs::FailureKind;
use bindings::{Context, Failure, Guest, Summary};

struct Gone;

impl Guest for Gone {
    fn run(_: Context) -> Result<Summary, Failure> {
        match get_list(GetListQuery { page_size: None }) {
            Ok(page) => {
                let differentials: Vec<_> = page.data.iter().map(|item| item.shift_differential.as_str()).collect();
                Ok(Summary { message: differentials.join(", ") })
            }
            Err(error) => Err(Failure { kind: FailureKind::Refused, message: error.message, reasons: Vec::new() }),
        }
    }
}
