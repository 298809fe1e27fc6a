//! The settings of the export.

use tradewire_plugin::tables::Format;
use tradewire_plugin::{Result, Settings};
use tradewire_purchasing::vendor::Account;

pub struct Options {
    /// The pack's name in the configuration.
    pub vendor: String,
    pub account: Account,
    /// Orders of this day or later.
    pub since: String,
    pub statuses: Vec<String>,
    pub is_pickup: bool,
    pub look_first: bool,
    pub poll: bool,
    /// Shipments are received when they are on their way, not when they have come.
    pub receive_shipped: bool,
    /// The vendor's words for what has come, in lower case.
    pub delivered_states: Vec<String>,
    /// The vendor's words for an order of which nothing more will come, in lower case.
    pub final_states: Vec<String>,
    pub give_up_days: i64,
    pub file_name: String,
    pub format: Format,
}

impl Options {
    pub fn read(settings: &Settings) -> Result<Options> {
        let mut reading = settings.reading();
        let (file_name, format) = reading.table("vendor-orders");
        let words = |text: Option<String>, otherwise: &str| -> Vec<String> {
            let text = text.unwrap_or_else(|| otherwise.to_owned());
            text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let lower = |words: Vec<String>| words.into_iter().map(|word| word.to_lowercase()).collect();
        let account = Account {
            vendor: reading.parsed("vendor-id", 0),
            id: reading.required("account"),
            sub_account: reading.optional("sub-account"),
            branch: reading.optional("branch"),
        };
        if account.vendor <= 0 {
            reading.fault("setting `vendor-id` is missing: write the vendor's number in ServiceTitan");
        }
        let since = reading.required("since");
        if !since.is_empty() && since.parse::<chrono::NaiveDate>().is_err() {
            reading.fault(format!("setting `since` is `{since}`: write a day, `2026-01-31`"));
        }
        let receive = reading.optional("receive").unwrap_or_else(|| "delivered".to_owned());
        if !["delivered", "shipped"].contains(&receive.as_str()) {
            reading.fault(format!("setting `receive` is `{receive}`: write `delivered` or `shipped`"));
        }
        let options = Options {
            vendor: reading.required("vendor"),
            account,
            since,
            statuses: words(reading.optional("statuses"), "Sent"),
            is_pickup: reading.parsed("pickup", false),
            look_first: reading.parsed("look-first", true),
            poll: reading.parsed("poll", true),
            receive_shipped: receive == "shipped",
            delivered_states: lower(words(reading.optional("delivered-states"), "delivered, received, completed")),
            final_states: lower(words(reading.optional("final-states"), "cancelled, canceled, rejected, closed")),
            give_up_days: reading.parsed("give-up-days", 90),
            file_name,
            format,
        };
        reading.finish()?;
        Ok(options)
    }
}
