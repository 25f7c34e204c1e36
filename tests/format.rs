//! The specification of the format agrees with what the parser knows.

use agentsess::document::schema::{
    AGENT_KEYS, AGENT_STATUSES, KEYS, REQUIRED_SECTIONS, SECTIONS, Status, ValueType,
};
use agentsess::document::{Document, FRONTMATTER_LIMIT, Fences, Fill, SessionName, Source};

const FORMAT: &str = include_str!("../docs/format.md");

/// The cells of the table row that starts with this one.
fn row(first: &str) -> Vec<&'static str> {
    let start = format!("| {first} |");
    let rows: Vec<_> = FORMAT
        .lines()
        .filter(|line| line.starts_with(&start))
        .collect();
    assert_eq!(rows.len(), 1, "{first}: {rows:?}");
    rows[0]
        .trim_matches('|')
        .split('|')
        .map(str::trim)
        .collect()
}

#[test]
fn every_key_is_specified() {
    for key in KEYS {
        let row = row(&format!("`{}`", key.path.join(".")));
        let expected = match key.value {
            ValueType::Status => "status",
            ValueType::Timestamp => "timestamp",
            ValueType::Text => "text",
            ValueType::Texts => "list of texts",
            ValueType::Agents => "list of agents",
            ValueType::Map => "map",
        };
        assert_eq!(row[1], expected, "{:?}", key.path);
        assert_eq!(row[2] == "yes", key.required, "{:?}", key.path);
        let meaning = row[4].trim_end_matches(" (see below)");
        assert_eq!(meaning, key.about, "{:?}", key.path);
    }
    for key in AGENT_KEYS {
        let row = row(&format!("`{}`", key.name));
        assert_eq!(row[1] == "yes", key.required, "{}", key.name);
        assert_eq!(row[2], key.about, "{}", key.name);
    }
    for word in Status::ALL
        .map(Status::as_str)
        .iter()
        .chain(&AGENT_STATUSES)
    {
        assert!(FORMAT.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn no_other_key_is_specified() {
    let keys = FORMAT
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter(|line| {
            let cells = line.matches(" |").count();
            cells == 5
        });
    assert_eq!(keys.count(), KEYS.len());
}

#[test]
fn every_section_is_specified_in_its_place() {
    let mut last = 0;
    for section in SECTIONS {
        assert_eq!(
            row(section)[1] == "yes",
            REQUIRED_SECTIONS.contains(&section),
            "{section}"
        );
        let at = FORMAT.find(&format!("| {section} |")).unwrap();
        assert!(at > last, "{section}");
        last = at;
    }
}

#[test]
fn limits_are_those_of_the_parser() {
    assert!(FORMAT.contains(&format!("at most {} KiB", FRONTMATTER_LIMIT / 1024)));
}

#[test]
fn the_example_is_a_session_without_a_defect() {
    let (before, example) = FORMAT.split_once("\n````markdown\n").unwrap();
    let (example, _) = example.split_once("````").unwrap();
    let (_, name) = before.rsplit_once(".agents/sessions/").unwrap();
    let name = SessionName::parse(name.split('`').next().unwrap()).unwrap();
    let source = Source::new(example.into());
    let document = Document::parse(&source);
    let front = &document.frontmatter;
    assert_eq!((front.fences, &front.error), (Fences::Closed, &None));
    assert!(front.duplicates.is_empty());
    assert_eq!(
        front.timestamp(&["session", "created"]).unwrap().at,
        name.created
    );
    for key in KEYS.iter().filter(|key| key.required) {
        let entry = front.entry(key.path);
        assert!(
            entry.is_some_and(|entry| !entry.value.is_null()),
            "{:?}",
            key.path
        );
    }
    for required in REQUIRED_SECTIONS {
        let (_, section) = document.body.section(required).unwrap();
        assert_eq!(section.fill, Fill::Filled, "{required}");
    }
    assert_eq!(document.body.unclosed, None);
    let title = format!("Session: {}", front.title().unwrap());
    assert_eq!(document.body.title().unwrap().title, title);
    let log = document.body.log(document.text);
    assert!(log.len() == 2 && log.iter().all(|entry| entry.stamp().is_some()));
}
