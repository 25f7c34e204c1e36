use super::*;
use crate::document::{Source, Span};
use crate::lint::{FileReport, Finding, Fix, Severity};
use crate::rules::RULES;
use proptest::prelude::*;

/// A report about one file, with a finding for each span.
pub(super) fn report_of(text: &str, spans: &[Span]) -> Report {
    let finding = |span: &Span| Finding {
        rule: RULES[0],
        severity: Severity::Error,
        message: "m".into(),
        span: *span,
        help: Some("h".into()),
        fix: None,
    };
    Report {
        files: vec![FileReport {
            path: "a.md".into(),
            source: Source::new(text.into()),
            findings: spans.iter().map(finding).collect(),
            fixed: Vec::new(),
        }],
        checked: 1,
        unreadable: Vec::new(),
    }
}

#[test]
fn nothing_that_a_terminal_acts_on_gets_through() {
    assert_eq!(
        sanitize("a\u{1b}[31mb\r\n\tc\u{202e}d\u{9b}"),
        "a␛[31mb\n\tc\u{fffd}d\u{fffd}"
    );
    assert_eq!(one_line("a\nb\u{7f}"), "a␊b␡");
    assert!(matches!(sanitize("plain – ü 日本\n"), Cow::Borrowed(_)));
}

#[test]
fn json_keeps_the_text_and_shows_no_control_character() {
    let text = "a\u{1b}\u{202e}\u{9b}\u{7f}\u{e0041}\n";
    let mut out = Vec::new();
    write_json(&text, &mut out).unwrap();
    let json = String::from_utf8(out).unwrap();
    assert!(!json.trim_end().contains(is_unsafe), "{json}");
    assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
}

type Format = fn(&Report, &mut dyn Write) -> io::Result<()>;

const FORMATS: [(&str, Format); 10] = [
    ("full", full),
    ("concise", concise),
    ("agent", agent),
    ("github", github),
    ("statistics", statistics),
    ("json", json),
    ("gitlab", gitlab),
    ("sarif", sarif),
    ("statistics_json", statistics_json),
    ("junit", junit),
];

/// What is printed, without colours.
fn rendered(format: Format, report: &Report) -> String {
    let mut out = Vec::new();
    format(report, &mut anstream::StripStream::new(&mut out)).unwrap();
    String::from_utf8(out).unwrap()
}

/// Every text in an XML document, attributes included. Fails if it is none.
fn xml_texts(document: &str) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(document);
    reader.config_mut().check_end_names = true;
    let mut texts = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    texts.push(
                        attribute
                            .unwrap()
                            .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                            .unwrap()
                            .into_owned(),
                    );
                }
            }
            Event::Eof => return texts,
            _ => {}
        }
    }
}

/// What GitHub's runner makes of a workflow command: name, properties, message.
fn command(line: &str) -> (String, Vec<(String, String)>, String) {
    let (head, data) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (name, properties) = head.split_once(' ').unwrap();
    let unescaped = |text: &str| {
        [
            ("%0D", "\r"),
            ("%0A", "\n"),
            ("%3A", ":"),
            ("%2C", ","),
            ("%25", "%"),
        ]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    };
    let property = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap();
        (key.to_owned(), unescaped(value))
    };
    let properties = properties.split(',').map(property).collect();
    (name.to_owned(), properties, unescaped(data))
}

proptest! {
    #[test]
    fn whatever_is_found_every_format_is_valid_and_harmless(
        text in "[a\u{1b}\u{0}\u{202e}日\u{200d}\t\r\n👩e\u{301}<&\"%:,\u{fffe}]{0,40}",
        path in "[a\u{1b}\u{0}\u{202e}日\r\n<&\"%:,/\u{ffff}]{1,9}",
        message in "[a\u{1b}\u{0}\u{9b}\u{202e}\r\n<&\"'%:,\\]>]{0,20}",
        places in prop::collection::vec((0_usize..60, 0_usize..60), 1..4),
        splices in prop::collection::vec((0_usize..60, 0_usize..60, "[a\u{1b}\r\n\t日]{0,5}"), 0..3),
        warning in any::<bool>(),
    ) {
        let spans: Vec<_> = places.iter().map(|(start, end)| Span::new(*start, *end)).collect();
        let mut report = report_of(&text, &spans);
        let file = &mut report.files[0];
        file.path = path.clone().into();
        for finding in &mut file.findings {
            finding.message.clone_from(&message);
            finding.help = Some(message.clone());
        }
        let finding = &mut file.findings[0];
        if warning {
            finding.severity = Severity::Warning;
        }
        let splices: Vec<_> = splices
            .into_iter()
            .map(|(start, end, text)| (Span::new(start, end), text))
            .collect();
        finding.fix = (!splices.is_empty()).then_some(Fix { safety: Safety::Unsafe, splices });
        report.unreadable.push(crate::error::Error::usage(&message).at(path.as_ref(), None));
        for (name, format) in FORMATS {
            let shown = rendered(format, &report);
            prop_assert_eq!(raw(&shown), None, "{}: {:?}", name, shown);
            let found = well_formed(name, &shown);
            prop_assert!(found.is_none_or(|found| found == spans.len()), "{}: {:?}", name, found);
            match name {
                "json" => {
                    let value: serde_json::Value = serde_json::from_str(&shown).unwrap();
                    prop_assert_eq!(&value["findings"][0]["message"], &message);
                }
                "gitlab" => {
                    let value: serde_json::Value = serde_json::from_str(&shown).unwrap();
                    prop_assert_eq!(&value[0]["location"]["path"], &path);
                }
                "junit" => {
                    let texts = xml_texts(&shown);
                    let message = one_line(&message).replace('\u{ffff}', "\u{fffd}");
                    prop_assert!(texts.contains(&message), "{message:?} {texts:?}");
                }
                "github" => {
                    let file = one_line(&path).replace('␍', "\r").replace('␊', "\n");
                    for line in shown.lines().filter(|line| line.starts_with("::")) {
                        let (_, properties, _) = command(line);
                        prop_assert_eq!(&properties[0], &("file".to_owned(), file.clone()));
                    }
                }
                _ => {}
            }
        }
    }
}

/// The first character that a terminal would act on.
fn raw(shown: &str) -> Option<char> {
    shown.chars().find(|c| is_unsafe(*c) && *c != '\n')
}

/// Has the format's own parser read it. Returns how many findings it has, where that can be told.
fn well_formed(name: &str, shown: &str) -> Option<usize> {
    assert!(shown.ends_with('\n'), "{name}");
    let json = || serde_json::from_str::<serde_json::Value>(shown).unwrap();
    let length = |value: &serde_json::Value| Some(value.as_array().unwrap().len());
    match name {
        "json" => length(&json()["findings"]),
        "gitlab" => length(&json()),
        "sarif" => length(&json()["runs"][0]["results"]),
        "statistics_json" => length(&json()["statistics"]).and(None),
        "junit" => {
            let texts = xml_texts(shown);
            let code = |text: &&String| RULES.iter().any(|rule| rule.code == *text);
            Some(texts.iter().filter(code).count())
        }
        "github" => {
            let (commands, rest): (Vec<_>, Vec<_>) =
                shown.lines().partition(|line| line.starts_with("::"));
            assert!(rest.is_empty(), "{shown}");
            // What cannot be read has no line.
            let placed = |line: &&str| command(line).1.iter().any(|(key, _)| key == "line");
            Some(commands.into_iter().filter(placed).count())
        }
        "concise" => Some(shown.lines().count()),
        _ => None,
    }
}

#[test]
fn every_format_of_every_bad_fixture_is_well_formed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/bad");
    let paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let config = &crate::config::Config::default();
    let now = crate::document::time::parse_minute("2026-06-01 00:00").unwrap();
    let settings = crate::lint::Settings::new(config, now);
    let report = crate::lint::check_all(&paths, crate::store::read, settings);
    let findings = report.findings().count();
    assert!(findings >= paths.len() && report.unreadable.is_empty());
    for (name, format) in FORMATS {
        let shown = rendered(format, &report);
        assert_eq!(raw(&shown), None, "{name}");
        assert_eq!(
            well_formed(name, &shown).unwrap_or(findings),
            findings,
            "{name}"
        );
    }
}

fn give_fix(report: &mut Report, index: usize, safety: Safety, span: Span, text: &str) {
    let splices = vec![(span, text.to_owned())];
    report.files[0].findings[index].fix = Some(Fix { safety, splices });
}

#[test]
fn a_fix_is_data_for_programs_and_a_mark_for_people() {
    let mut report = report_of("ü\nb", &[Span::new(3, 4), Span::new(0, 0), Span::new(0, 1)]);
    give_fix(&mut report, 0, Safety::Safe, Span::new(3, 4), "x\n");
    give_fix(&mut report, 1, Safety::Unsafe, Span::at(0), "y");
    let json: serde_json::Value = serde_json::from_str(&rendered(json, &report)).unwrap();
    let edit = serde_json::json!({
        "line": 2, "column": 1, "end_line": 2, "end_column": 2, "start": 3, "end": 4, "text": "x\n",
    });
    assert_eq!(
        json["findings"][0]["fix"],
        serde_json::json!({ "safety": "safe", "edits": [edit] })
    );
    assert_eq!(json["findings"][1]["fix"]["safety"], "unsafe");
    assert_eq!(json["findings"][2]["fix"], serde_json::Value::Null);
    let sarif: serde_json::Value = serde_json::from_str(&rendered(sarif, &report)).unwrap();
    let change = &sarif["runs"][0]["results"][0]["fixes"][0]["artifactChanges"][0];
    assert_eq!(
        change["replacements"][0],
        serde_json::json!({
            "deletedRegion": { "startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 2 },
            "insertedContent": { "text": "x\n" },
        })
    );
    assert_eq!(
        rendered(concise, &report),
        "a.md:2:1: error[file-name AS001] m [fixable]\n\
         a.md:1:1: error[file-name AS001] m [unsafe fix]\n\
         a.md:1:1: error[file-name AS001] m\n"
    );
    assert_eq!(
        rendered(statistics, &report),
        "3  AS001  file-name [1 fixable, 1 unsafe fix]\n"
    );
    assert_eq!(
        rendered(agent, &report),
        "a.md\n2:1 file-name m\n1:1 file-name m\n1:1 file-name m\nfile-name: h\n"
    );
}

#[test]
fn the_summary_says_what_was_done_and_what_can_be() {
    let mut report = report_of("a\nb", &[Span::new(2, 3)]);
    give_fix(&mut report, 0, Safety::Unsafe, Span::new(2, 3), "y");
    report.files[0].fixed = vec![RULES[0]; 2];
    assert_eq!(
        summary(&report),
        "Checked 1 file: 2 fixed, 1 error; 1 fixable with --fix --unsafe-fixes"
    );
    report.files[0].findings.clear();
    report.unreadable.push(crate::error::Error::usage("no"));
    assert_eq!(
        summary(&report),
        "Checked 1 file: 2 fixed, no problems left; 1 could not be read"
    );
}

#[test]
fn no_format_tells_a_secret() {
    let secret = format!("ghp_{}", "q7Zr2Lw9Xk4Vb8Nc1Mt6Yp3Hs5Jd0Fg7Rt2A");
    let text = format!("a\nb {secret}\n");
    let mut report = report_of(&text, &[Span::new(2, text.len() - 1), Span::new(2, 3)]);
    give_fix(&mut report, 0, Safety::Safe, Span::at(2), &secret);
    give_fix(&mut report, 1, Safety::Safe, Span::new(2, 3), "c");
    for (name, format) in FORMATS {
        let shown = rendered(format, &report);
        assert!(!shown.contains(&secret[20..]), "{name}: {shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&rendered(json, &report)).unwrap();
    let fix = &json["findings"][0]["fix"];
    assert_eq!(fix, &serde_json::json!({ "safety": "safe", "edits": null }));
}
