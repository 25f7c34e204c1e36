//! Adopting makes a session out of any text or refuses it, and never again of its own result.
#![no_main]

use agentsess::config::Config;
use agentsess::document::Source;
use agentsess::document::time::parse_rfc3339;
use agentsess::operations::adopt::{Foreign, plan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(now) = parse_rfc3339("2026-03-02T03:04:05Z") else {
        return;
    };
    let config = Config::default();
    let source = Source::new(data.to_vec());
    let file = Foreign {
        name: "2026-01-02-notes.md",
        source: &source,
        modified: now.at,
    };
    let Ok(Some(adopted)) = plan(file, &config, now.at) else {
        return;
    };
    let result = Source::new(adopted.bytes);
    let file = Foreign {
        name: &adopted.name,
        source: &result,
        modified: now.at,
    };
    let again = plan(file, &config, now.at);
    assert!(
        matches!(again, Ok(None)),
        "{}\n=>\n{}",
        source.text(),
        result.text()
    );
});
