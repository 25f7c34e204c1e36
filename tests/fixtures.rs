//! What `lint` says of every fixture, carets included. Each broken kind is pointed at where it is.

mod support;

use agentsess::config::Config;
use agentsess::document::time::Timestamp;
use agentsess::document::{Document, Source};
use agentsess::lint::{self, FileReport, Report, Settings};
use agentsess::render;
use chrono::TimeDelta;

fn report(name: &str, bytes: Vec<u8>) -> Report {
    let source = Source::new(bytes);
    // An hour after the last update, so that no fixture grows old.
    let document = Document::parse(&source);
    let created = document.frontmatter.timestamp(&["session", "created"]);
    let updated = document.frontmatter.last_updated().or(created);
    let now = updated.map_or(Timestamp::UNIX_EPOCH, |at| at.at) + TimeDelta::hours(1);
    let config = &Config::default();
    let findings = lint::check(name, &source, Settings::new(config, now));
    let file = FileReport {
        path: name.into(),
        source,
        findings,
        fixed: Vec::new(),
    };
    Report {
        files: vec![file],
        checked: 1,
        unreadable: Vec::new(),
    }
}

#[test]
fn an_honest_session_has_no_finding() {
    for (name, bytes) in support::fixtures("good") {
        let report = report(&name, bytes);
        let findings: Vec<_> = report.findings().map(|(_, f)| &f.message).collect();
        assert!(findings.is_empty(), "{name}: {findings:?}");
    }
}

#[test]
fn every_broken_kind_is_pointed_at() {
    let mut text = Vec::new();
    for (name, bytes) in support::fixtures("bad") {
        let report = report(&name, bytes);
        text.extend(format!("==== {name}\n").into_bytes());
        render::full(&report, &mut anstream::StripStream::new(&mut text)).unwrap();
        text.push(b'\n');
    }
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}
