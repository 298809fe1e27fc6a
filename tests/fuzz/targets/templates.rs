//! Bytes are the template: whatever they are, an error or an output within the limits, never a panic.
#![no_main]

use std::time::Duration;

use tradewire_fuzz::fuzz;
use tradewire_liquid::{Limits, Mode, Options, Template, Value};

fuzz!(|bytes| {
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    let limits = Limits {
        steps: 100_000,
        loop_turns: 10_000,
        output_bytes: 1 << 20,
        text_bytes: 1 << 18,
        made_bytes: 1 << 22,
        time: Duration::from_secs(1),
        ..Limits::default()
    };
    let Ok(template) = Template::parse(source, &Options::default()) else { return };
    let Ok(data) = Value::from_json(r#"{"a":"x\"","b":[1,2.5,null,"y"],"c":{"d":{"e":true}}}"#) else { return };
    let _ = template.render(&data, Mode::Text, &limits);
    if let Ok(json) = template.render(&data, Mode::Json, &limits) {
        assert!(Value::from_json(&json).is_ok(), "{json}");
    }
});
