//! What `lint` says of every fixture, carets included. Each broken kind is pointed at where it is.

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use agentsess::config::Config;
use agentsess::document::time::{Timestamp, parse_rfc3339};
use agentsess::document::{Document, Source};
use agentsess::lint::{self, Family, FileReport, Report, Settings};
use agentsess::render;
use chrono::TimeDelta;

fn report(name: &str, bytes: Vec<u8>) -> Report {
    let source = Source::new(bytes);
    // An hour after the last update, so that no fixture grows old but those that say when they are
    // looked at.
    let document = Document::parse(&source);
    let (_, as_of) = source.text().split_once("# as of ").unwrap_or_default();
    let as_of = as_of.lines().next().and_then(parse_rfc3339);
    let created = document.frontmatter.timestamp(&["session", "created"]);
    let updated = document.frontmatter.last_updated().or(created);
    let hour_later = updated.map_or(Timestamp::UNIX_EPOCH, |at| at.at) + TimeDelta::hours(1);
    let now = as_of.map_or(hour_later, |at| at.at);
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
        text.extend(format!("{}\n\n", render::summary(&report)).into_bytes());
    }
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

#[test]
fn every_rule_that_needs_no_repository_fires_on_a_bad_fixture() {
    let mut fired: BTreeMap<&str, Vec<String>> = lint::RULES
        .iter()
        .filter(|rule| rule.default && rule.family != Family::References)
        .map(|rule| (rule.name, Vec::new()))
        .collect();
    for (name, bytes) in support::fixtures("bad") {
        let report = report(&name, bytes);
        for (_, finding) in report.findings() {
            let files = fired.entry(finding.rule.name).or_default();
            if files.last() != Some(&name) {
                files.push(name.clone());
            }
        }
    }
    let mut table = String::new();
    for (rule, files) in fired {
        assert!(!files.is_empty(), "no fixture for {rule}");
        writeln!(table, "{rule}: {}", files.join(" ")).unwrap();
    }
    insta::assert_snapshot!(table);
}
