//! What `lint` says of every fixture, carets included. Each broken kind is pointed at where it is.

mod support;

use agentsess::config::Config;
use agentsess::document::Source;
use agentsess::lint::{self, FileReport, Report};
use agentsess::render;

fn report(name: &str, bytes: Vec<u8>) -> Report {
    let source = Source::new(bytes);
    let findings = lint::check(name, &source, &Config::default());
    let file = FileReport {
        path: name.into(),
        source,
        findings,
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
