//! Any text as layerw.toml: understood, or refused with one sentence that names the file and a line of it.
#![no_main]

use layerw::ConfigError;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Err(refusal) = layerw::check_config(text) else {
        return;
    };
    let said = refusal.to_string();
    assert!(said.starts_with("`layerw.toml`, line "), "{said:?}");
    assert!(!said.chars().any(char::is_control), "{said:?}");
    let (ConfigError::Syntax { place, .. }
    | ConfigError::UnknownKey { place, .. }
    | ConfigError::Value { place, .. }
    | ConfigError::MissingKey { place, .. }
    | ConfigError::Memory { place, .. }) = refusal
    else {
        panic!("a text alone cannot be refused so: {said}");
    };
    let lines = text.matches('\n').count() + 1;
    assert!((1..=lines).contains(&place.line), "{said:?}");
});
