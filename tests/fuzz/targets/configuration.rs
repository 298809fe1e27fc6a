//! An operator's `tradewire.toml`: a configuration, or its faults with their places.
#![no_main]

use tradewire_config::Config;
use tradewire_fuzz::fuzz;

fuzz!(|bytes| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // In a folder that is not there, so that no file that it names is.
    if let Err(error) = Config::parse("/nowhere/tradewire.toml", text) {
        assert!(!error.faults().is_empty(), "{error}");
        assert!(!error.render(false).is_empty());
    }
});
