//! A configuration is understood or refused with the place, and written as it is read.
#![no_main]

use agentsess::config::Config;
use agentsess::document::Source;
use agentsess::document::time::parse_rfc3339;
use agentsess::lint::{self, Settings};
use libfuzzer_sys::fuzz_target;

const SESSION: &str = include_str!("../../fixtures/good/20251202-081530-full.md");

fuzz_target!(|text: &str| {
    let config = match Config::parse("agentsess.toml".into(), text) {
        Ok(config) => config,
        Err(error) => {
            assert!(
                error.location.is_some() && error.hint.is_some(),
                "{error:?}"
            );
            return;
        }
    };
    if let Some(now) = parse_rfc3339("2026-01-02T03:04:05Z") {
        let source = Source::new(SESSION.into());
        lint::check(
            "20251202-081530-full.md",
            &source,
            Settings::new(&config, now.at),
        );
    }
    config.items.is_id("BACK-1");
    let written = toml::to_string(&config).unwrap_or_default();
    let again =
        Config::parse("agentsess.toml".into(), &written).map(|again| toml::to_string(&again));
    assert_eq!(again.ok().and_then(Result::ok), Some(written));
});
