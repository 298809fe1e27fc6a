//! The settings of the export.

use tradewire_plugin::tables::Format;
use tradewire_plugin::{Result, Settings};
use tradewire_purchasing::plugin;
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
        let lower = |words: Vec<String>| words.into_iter().map(|word| word.to_lowercase()).collect();
        let account = plugin::account(&mut reading);
        let since = reading.required("since");
        if !since.is_empty() && since.parse::<chrono::NaiveDate>().is_err() {
            reading.fault(format!("setting `since` is `{since}`: write a day, `2026-01-31`"));
        }
        let receive_shipped = reading.choice("receive", [("delivered", false), ("shipped", true)]);
        let options = Options {
            vendor: reading.required("vendor"),
            account,
            since,
            statuses: reading.words_or("statuses", "Sent"),
            is_pickup: reading.parsed("pickup", false),
            look_first: reading.parsed("look-first", true),
            poll: reading.parsed("poll", true),
            receive_shipped,
            delivered_states: lower(reading.words_or("delivered-states", "delivered, received, completed")),
            final_states: lower(reading.words_or("final-states", "cancelled, canceled, rejected, closed")),
            give_up_days: reading.parsed("give-up-days", 90),
            file_name,
            format,
        };
        reading.finish()?;
        Ok(options)
    }
}
