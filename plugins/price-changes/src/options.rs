//! The settings of the export.

use tradewire_plugin::tables::Format;
use tradewire_plugin::{Decimal, Result, Settings};
use tradewire_purchasing::plugin;
use tradewire_purchasing::price_changes::Kind;
use tradewire_purchasing::vendor::Account;
use tradewire_purchasing::vendor::pricing::ENDPOINTS;

pub struct Options {
    /// The pack's name in the configuration.
    pub vendor: String,
    pub account: Account,
    pub endpoint: &'static str,
    /// Parts a call.
    pub batch: usize,
    pub kinds: Vec<Kind>,
    pub catalog: Option<String>,
    pub list_new: bool,
    pub list_unchanged: bool,
    pub apply: bool,
    pub item_cost: bool,
    pub largest_percent: Decimal,
    pub file_name: String,
    pub format: Format,
}

impl Options {
    pub fn read(settings: &Settings) -> Result<Options> {
        let mut reading = settings.reading();
        let (file_name, format) = reading.table("price-changes");
        let account = plugin::account(&mut reading);
        let endpoint = reading.choice("endpoint", ENDPOINTS.map(|endpoint| (endpoint, endpoint)));
        let words = reading.words("kinds");
        let mut kinds = Vec::new();
        for word in &words {
            match word.as_str() {
                "materials" => kinds.push(Kind::Material),
                "equipment" => kinds.push(Kind::Equipment),
                _ => reading
                    .fault(format!("setting `kinds` holds `{word}`: write `materials, equipment`, or one of them")),
            }
        }
        if words.is_empty() {
            kinds = vec![Kind::Material, Kind::Equipment];
        }
        let options = Options {
            vendor: reading.required("vendor"),
            account,
            endpoint,
            batch: reading.parsed("batch", 50),
            kinds,
            catalog: reading.optional("catalog"),
            list_new: reading.parsed("list-new", false),
            list_unchanged: reading.parsed("list-unchanged", false),
            apply: reading.parsed("apply", false),
            item_cost: reading.parsed("item-cost", true),
            largest_percent: reading.parsed("largest-change-percent", Decimal::from(25)),
            file_name,
            format,
        };
        if options.batch == 0 {
            reading.fault("setting `batch` is `0`: write how many parts to ask for in one call");
        }
        if options.largest_percent < Decimal::ZERO {
            reading
                .fault(format!("setting `largest-change-percent` is `{}`: write 0 or more", options.largest_percent));
        }
        if options.list_new && options.catalog.is_none() {
            reading.fault("setting `list-new` wants the vendor's catalogue: set `catalog` to what the pack calls it");
        }
        reading.finish()?;
        Ok(options)
    }
}
