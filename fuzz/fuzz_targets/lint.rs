//! Any file can be linted, shown with what was found in it, and fixed.
#![no_main]

use agentsess::config::Config;
use agentsess::document::Source;
use agentsess::document::time::parse_rfc3339;
use agentsess::lint::{self, FileReport, Report, Safety, Settings, is_fixable};
use agentsess::render;
use libfuzzer_sys::fuzz_target;

const NAME: &str = "20251204-143000-weather.md";

fuzz_target!(|data: &[u8]| {
    let Some(now) = parse_rfc3339("2026-01-02T03:04:05Z") else {
        return;
    };
    let config = Config::default();
    let settings = Settings::new(&config, now.at);
    let source = Source::new(data.to_vec());
    for allowed in [Safety::Safe, Safety::Unsafe] {
        let wanted = |finding: &_| is_fixable(finding, allowed);
        if let Some(fixed) = lint::fix(NAME, &source, settings, wanted) {
            let fixed = Source::new(fixed.bytes);
            let again = lint::fix(NAME, &fixed, settings, wanted);
            assert!(again.is_none(), "{}\n=>\n{again:?}", fixed.text());
        }
    }
    let findings = lint::check(NAME, &source, settings);
    for finding in &findings {
        let span = finding.span;
        assert!(
            source.text().get(span.start..span.end).is_some(),
            "{finding:?}"
        );
    }
    let report = Report {
        files: vec![FileReport {
            path: NAME.into(),
            source,
            findings,
            fixed: Vec::new(),
        }],
        checked: 1,
        unreadable: Vec::new(),
    };
    for format in [render::full, render::json, render::sarif, render::github] {
        let mut shown = Vec::new();
        assert!(format(&report, &mut shown).is_ok());
        let raw = |byte: &&u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\x1b');
        assert_eq!(shown.iter().find(raw), None);
    }
});
