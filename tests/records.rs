//! Closing records: what another program wrote is read, and nothing of it is lost.
//!
//! What a record must still say is worked out here by means of its own: the JSON is taken apart
//! with a parser that is not the crate's, down to the text of each value.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use agentsess::document::record::{FIELDS, Failure, State, is_id, session_id};
use agentsess::document::time::{Timestamp, parse_rfc3339};
use agentsess::document::{Backlog, Document, Planning, Record};
use agentsess::operations::planning;
use agentsess::store::{Lock, Place, Store};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

mod common;

use common::{Project, leftovers};

const NOW: &str = "2025-12-04T14:30:00Z";

fn at(text: &str) -> Timestamp {
    parse_rfc3339(text).unwrap().at
}

fn fixture(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records");
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert_eq!(paths.len(), 9);
    paths
}

/// The members of an object with the text of each value, found by counting brackets.
fn members(text: &str) -> Vec<(String, String)> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    let mut found = Vec::new();
    let mut start = 0;
    let (mut depth, mut quoted, mut escaped) = (0, false, false);
    let inner = inner
        .unwrap_or_else(|| panic!("no object: {text}"))
        .to_owned()
        + ",";
    for (index, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ',' if depth == 0 => {
                let member = inner[start..index].trim();
                start = index + 1;
                if member.is_empty() {
                    continue;
                }
                let end = member[1..].find('"').unwrap() + 1;
                let value = member[end + 1..].trim_start();
                let value = value.strip_prefix(':').unwrap().trim_start();
                found.push((member[1..end].to_owned(), value.to_owned()));
            }
            _ => {}
        }
    }
    found
}

fn value(text: &str, key: &str) -> Option<String> {
    let members = members(text);
    let found = members.into_iter().find(|(own, _)| own == key);
    found.map(|(_, value)| value)
}

/// What is in `before` and not named is in `after` too, to the byte and in the same order.
fn nothing_else_changed(before: &str, after: &str, named: &[&str]) {
    let others = |text: &str| -> Vec<(String, String)> {
        let all = members(text).into_iter();
        all.filter(|(key, _)| !named.contains(&key.as_str()))
            .collect()
    };
    assert_eq!(others(before), others(after), "\n{before}\n{after}");
}

#[test]
fn a_new_record_has_exactly_the_fields_of_the_format_in_its_order() {
    let mut record = Record::new("a@b", at(NOW), at(NOW)).unwrap();
    let keys = |record: &Record| -> Vec<String> {
        members(record.text())
            .into_iter()
            .map(|(key, _)| key)
            .collect()
    };
    let without_error: Vec<_> = FIELDS.into_iter().filter(|key| *key != "error").collect();
    assert_eq!(keys(&record), without_error);
    let failure = Failure {
        message: "the tracker did not answer".into(),
        failed_at: NOW.into(),
        tickets_created: vec!["pt-1".into()],
    };
    record.set_failure(&failure, at(NOW)).unwrap();
    assert_eq!(keys(&record), FIELDS);
    assert_eq!(record.failure, Some(failure));
    assert!(record.is_failed() && record.state == State::Active);
    record.set_state(State::Completed, at(NOW)).unwrap();
    assert_eq!(keys(&record), without_error);
    assert_eq!(record.completed_at, Some(at(NOW)));
}

#[test]
fn ids_are_file_names() {
    let created = at("2025-12-04T14:30:09.5+01:00");
    for (seed, id) in [
        (Some("weather"), "weather@2025-12-04T13-30-09Z"),
        (Some("v2.1_Beta"), "v2.1_Beta@2025-12-04T13-30-09Z"),
        (Some("../../etc"), "etc@2025-12-04T13-30-09Z"),
        (Some(".hidden"), "hidden@2025-12-04T13-30-09Z"),
        (
            Some("Über das Wetter"),
            "uber-das-wetter@2025-12-04T13-30-09Z",
        ),
        (Some("…"), "session@2025-12-04T13-30-09Z"),
        (None, "20251204-133009-weather"),
    ] {
        let made = session_id(seed, created, "20251204-133009-weather");
        assert_eq!(made, id);
        assert!(is_id(&made));
    }
    for bad in [
        "",
        ".",
        "..",
        ".x",
        "a/b",
        "../a",
        "a\\b",
        "a\nb",
        &"x".repeat(201),
    ] {
        assert!(!is_id(bad), "{bad:?}");
        assert!(Record::new(bad, created, created).is_err());
    }
}

#[test]
fn what_is_no_record_says_why() {
    let good = fixture("billing@2025-11-10T08-00-00Z.json");
    for (text, message) in [
        (String::new(), "not a JSON object: EOF"),
        ("[1]".into(), "expected an object"),
        (format!("{good}x"), "trailing characters"),
        ("{}".into(), "no `schema_version`"),
        (
            good.replace("\"schema_version\": 1", "\"schema_version\": 1.0"),
            "is 1.0",
        ),
        (
            good.replace("\"schema_version\": 1", "\"schema_version\": \"1\""),
            "is \"1\"",
        ),
        (
            good.replace("\"archived\"", "\"lost\""),
            "`state` is not one of",
        ),
        (good.replace("\"archived\"", "{}"), "`state` is not one of"),
        (good.replace("\"billing@", "\"../billing@"), "`session_id`"),
        (
            good.replace("\"spikes\": []", "\"spikes\": [1]"),
            "`spikes` is not a list",
        ),
        (
            good.replace("\"backlog\": {}", "\"backlog\": []"),
            "`backlog` is not an object",
        ),
        (
            good.replace("\"owner\": null", "\"state\": null"),
            "`state` is there twice",
        ),
        (
            good.replace("2025-11-10T09", "2025-13-10T09"),
            "`created` is not an RFC 3339",
        ),
        (
            good.replace("\"created\"", "\"made\""),
            "`created` is missing",
        ),
    ] {
        let invalid = Record::parse(text.clone()).unwrap_err();
        assert!(invalid.message.contains(message), "{text}: {invalid:?}");
    }
    let broken = Record::parse(fixture("broken@2025-11-01T00-00-00Z.json")).unwrap_err();
    assert_eq!(broken.position, Some((5, 1)));
}

#[test]
fn the_layout_of_another_program_is_kept() {
    let planning = Planning {
        root_seed: None,
        spikes: vec!["new".into()],
        plan: Some("plan".into()),
        backlog: Backlog {
            topic: Some("t".into()),
            ..Backlog::default()
        },
    };
    let changed = |name: &str| {
        let mut record = Record::parse(fixture(name)).unwrap();
        record.merge(&planning).unwrap();
        record.set_own("stem", Some("T"), None).unwrap();
        record.set_state(State::Active, at(NOW)).unwrap();
        record.text().to_owned()
    };
    assert_eq!(
        changed("billing@2025-11-10T08-00-00Z.json"),
        r#"{
    "session_id": "billing@2025-11-10T08-00-00Z",
    "schema_version": 1,
    "owner": null,
    "state": "active",
    "created": "2025-11-10T09:00:00.250+01:00",
    "updated": "2025-12-04T14:30:00Z",
    "root_seed": "billing",
    "spikes": [
        "new"
    ],
    "plan": "plan",
    "backlog": {
        "topic": "t"
    },
    "agentsess": {
        "title": "T",
        "stem": "stem"
    }
}
"#
    );
    let cache = changed("cache@2025-11-16T07-45-30Z.json");
    assert!(
        cache.ends_with(r##""agentsess": {"title": "T", "color": "#fff", "stem": "stem"}}"##),
        "{cache}"
    );
    let login = changed("login@2025-11-15T10-00-00Z.json");
    assert_eq!(login.matches("\r\n").count(), login.matches('\n').count());
    assert!(login.starts_with("\u{feff}{\r\n  \"schema_version\": 1,\r\n"));
    assert!(
        login.contains("\"error\": null,\r\n  \"agentsess\": {\r\n    \"title\": \"T\","),
        "{login}"
    );
    let search = changed("search@2025-11-12T12-30-00Z.json");
    assert!(search.contains("\t\"spikes\": [\n\t\t\"search-index\",\n\t\t\"new\"\n\t],\n"));
    assert!(
        !search.contains("\"error\"") && search.ends_with("\t}\n}"),
        "{search}"
    );
}

#[test]
fn what_a_record_says_already_costs_no_byte() {
    for path in fixtures() {
        let text = fs::read_to_string(&path).unwrap();
        let Ok(mut record) = Record::parse(text.clone()) else {
            continue;
        };
        let (planning, updated) = (record.planning.clone(), record.updated);
        record.merge(&planning).unwrap();
        if record.state != State::Error {
            let completed = record.completed_at.unwrap_or(updated);
            record.set_state(record.state, completed).unwrap();
        }
        assert_eq!(record.text(), text, "{}", path.display());
    }
}

/// Everything a caller can do to a record.
#[derive(Debug, Clone)]
enum Change {
    State(State),
    Fail(String, Vec<String>),
    Merge(Planning),
    Own(String, Option<String>, Option<Vec<(String, String)>>),
}

fn apply(record: &mut Record, change: &Change) {
    let now = at(NOW);
    match change {
        Change::State(state) => record.set_state(*state, now),
        Change::Fail(message, tickets) => record.set_failure(
            &Failure {
                message: message.clone(),
                failed_at: NOW.into(),
                tickets_created: tickets.clone(),
            },
            now,
        ),
        Change::Merge(planning) => record.merge(planning),
        Change::Own(stem, title, waivers) => {
            record.set_own(stem, title.as_deref(), waivers.as_deref())
        }
    }
    .unwrap();
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(&["pt-1", "weather", "", "a \"b\" \\ c\n", "é🌧\u{202e}"][..])
            .prop_map(String::from),
        ".{0,12}",
    ]
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(text(), 0..4)
}

fn change() -> impl Strategy<Value = Change> {
    let optional = || prop::option::of(text());
    let state = prop::sample::select(
        &[
            State::Active,
            State::Completed,
            State::Archived,
            State::Error,
        ][..],
    );
    let planning = (
        optional(),
        texts(),
        optional(),
        optional(),
        optional(),
        texts(),
    );
    let planning =
        planning.prop_map(
            |(root_seed, spikes, plan, topic, backlog_md, tickets)| Planning {
                root_seed,
                spikes,
                plan,
                backlog: Backlog {
                    topic,
                    backlog_md,
                    tickets,
                },
            },
        );
    let waivers = prop::option::of(prop::collection::vec((text(), text()), 0..3));
    prop_oneof![
        state.prop_map(Change::State),
        (text(), texts()).prop_map(|(message, tickets)| Change::Fail(message, tickets)),
        planning.prop_map(Change::Merge),
        (text(), optional(), waivers).prop_map(|(stem, title, w)| Change::Own(stem, title, w)),
    ]
}

/// A JSON value as some program may write it.
fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        prop::sample::select(
            &[
                "null",
                "true",
                "-0.0",
                "1e400",
                "123456789012345678901234567890",
                "1.10",
                r#""\u00e9\ud83c""#,
                r#""a, {b}: [c]""#,
                r#""\"\\/""#,
                "{}",
                "[ ]",
                r#"{"x":1,"x":2}"#,
            ][..]
        )
        .prop_map(String::from),
        text().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 0..3);
        let map = prop::collection::vec(inner, 0..3);
        prop_oneof![
            list.prop_map(|items| format!("[{}]", items.join(",\n   "))),
            map.prop_map(|items| {
                let members = items.iter().enumerate();
                let members: Vec<_> = members.map(|(n, v)| format!("\"k{n}\" :{v}")).collect();
                format!("{{\t{} }}", members.join(", "))
            }),
        ]
    })
}

/// A record as some program may write it: some fields missing, in any order, foreign ones between.
fn record() -> impl Strategy<Value = String> {
    let list = || texts().prop_map(|texts| serde_json::to_string(&texts).unwrap());
    let quoted = || text().prop_map(|text| serde_json::to_string(&text).unwrap());
    let maybe = |value: BoxedStrategy<String>| prop_oneof![3 => value.prop_map(Some), 1 => Just(Some("null".to_owned())), 1 => Just(None)];
    let nested = (maybe(quoted().boxed()), maybe(list().boxed()), json());
    let nested = nested.prop_map(|(topic, tickets, own)| {
        let members = [("topic", topic), ("own", Some(own)), ("tickets", tickets)];
        let members = members.into_iter();
        let members: Vec<_> = members
            .filter_map(|(key, value)| Some(format!("\"{key}\": {}", value?)))
            .collect();
        format!("{{ {} }}", members.join(" , "))
    });
    let error = prop_oneof![
        Just(r#"{"message": "m", "code": 7}"#.to_owned()),
        Just(r#"{"tickets_created": 3}"#.to_owned()),
        Just("{}".to_owned()),
    ];
    let state = prop::sample::select(&["active", "completed", "archived", "error"][..]);
    let fields = (
        state.prop_map(|state| format!("\"{state}\"")),
        maybe(quoted().boxed()),
        maybe(list().boxed()),
        maybe(nested.boxed()),
        maybe(error.boxed()),
        prop::collection::vec(json(), 0..4),
        prop::bool::ANY,
    );
    let layout = prop::sample::select(
        &[
            ("", ",", ":", ""),
            ("", ", ", ": ", ""),
            ("\n  ", ",\n  ", ": ", "\n"),
            ("\r\n\t", ",\r\n\t", " : ", "\r\n"),
            ("\n    ", "\n  , ", ": ", "\n\n"),
        ][..],
    );
    (fields, layout, any::<prop::sample::Index>()).prop_map(
        |((state, seed, spikes, backlog, error, own, completed), layout, index)| {
            let time = || Some(String::from("\"2025-11-03T09:15:00.5+02:00\""));
            let mut members = vec![
                ("schema_version".to_owned(), Some("1".to_owned())),
                ("session_id".to_owned(), Some("\"a@b\"".to_owned())),
                ("state".to_owned(), Some(state)),
                ("root_seed".to_owned(), seed),
                ("spikes".to_owned(), spikes),
                ("backlog".to_owned(), backlog),
                ("created".to_owned(), time()),
                ("updated".to_owned(), time()),
                ("completed_at".to_owned(), completed.then(time).flatten()),
                ("error".to_owned(), error),
            ];
            for (number, value) in own.into_iter().enumerate() {
                let at = index.index(members.len() + 1);
                members.insert(at, (format!("own{number}"), Some(value)));
            }
            let turn = index.index(members.len());
            members.rotate_left(turn);
            let (open, comma, colon, close) = layout;
            let members = members.into_iter();
            let members: Vec<_> = members
                .filter_map(|(key, value)| Some(format!("\"{key}\"{colon}{}", value?)))
                .collect();
            format!("{{{open}{}{close}}}{close}", members.join(comma))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    })]

    /// Write, read, write again: the same bytes.
    #[test]
    fn writing_again_what_was_read_changes_nothing(
        created in 0..4_000_000_000_i64,
        changes in prop::collection::vec(change(), 0..6),
    ) {
        let created = Timestamp::from_timestamp(created, 0).unwrap();
        let write = || {
            let mut record = Record::new("weather@x", created, created).unwrap();
            for change in &changes {
                apply(&mut record, change);
            }
            record
        };
        let written = write();
        let mut read = Record::parse(written.text().to_owned()).unwrap();
        prop_assert_eq!(&read, &written);
        if let Some(last) = changes.last() {
            apply(&mut read, last);
        }
        prop_assert_eq!(read.text(), written.text());
        // And it is laid out as any JSON writer lays it out.
        let value: serde_json::Value = serde_json::from_str(written.text()).unwrap();
        prop_assert_eq!(format!("{value:#}\n"), written.text());
    }

    /// A change keeps every byte of what it does not name, and says what it was to say.
    #[test]
    fn a_change_of_a_foreign_record_changes_the_named_fields_only(
        before in record(),
        change in change(),
    ) {
        let mut record = Record::parse(before.clone()).unwrap();
        let old = record.clone();
        apply(&mut record, &change);
        let after = record.text().to_owned();
        let named: &[&str] = match &change {
            Change::State(_) | Change::Fail(..) => &["state", "updated", "completed_at", "error"],
            Change::Merge(_) => &["root_seed", "spikes", "plan", "backlog"],
            Change::Own(..) => &["agentsess"],
        };
        nothing_else_changed(&before, &after, named);
        prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&after).is_ok());
        prop_assert_eq!(&Record::parse(after.clone()).unwrap(), &record);
        let own = |text: &str| value(text, "backlog").filter(|backlog| backlog.starts_with('{'));
        if let Some(backlog) = own(&before).and_then(|backlog| value(&backlog, "own")) {
            prop_assert_eq!(value(&own(&after).unwrap(), "own"), Some(backlog));
        }
        match &change {
            Change::State(state) => {
                prop_assert_eq!(record.state, *state);
                prop_assert_eq!(record.completed_at.is_some(), *state == State::Completed);
                prop_assert!(record.failure.is_none());
            }
            Change::Fail(message, tickets) => {
                prop_assert!(record.is_failed());
                let failure = record.failure.clone().unwrap();
                prop_assert_eq!(&failure.message, message);
                prop_assert_eq!(&failure.tickets_created, tickets);
                let code = value(&before, "error").filter(|error| error.contains("code"));
                let kept = value(&value(&after, "error").unwrap(), "code");
                prop_assert_eq!(kept.is_some(), code.is_some());
            }
            Change::Merge(planning) => {
                let (own, known) = (&record.planning, &old.planning);
                let root_seed = planning.root_seed.as_ref().or(known.root_seed.as_ref());
                prop_assert_eq!(own.root_seed.as_ref(), root_seed);
                prop_assert!(own.spikes.starts_with(&known.spikes));
                prop_assert!(planning.spikes.iter().all(|spike| own.spikes.contains(spike)));
                prop_assert!(own.backlog.tickets.starts_with(&known.backlog.tickets));
            }
            Change::Own(stem, title, _) => {
                prop_assert_eq!(record.stem.as_ref(), Some(stem));
                prop_assert_eq!(record.title.as_ref(), title.as_ref());
            }
        }
        // What is said twice is written once.
        let count = members(&after).into_iter().fold(BTreeMap::new(), |mut all, (key, _)| {
            *all.entry(key).or_insert(0) += 1;
            all
        });
        prop_assert!(count.values().all(|count| *count == 1));
        apply(&mut record, &change);
        prop_assert_eq!(record.text(), after.as_str());
    }

    #[test]
    fn no_bytes_make_a_record_panic(
        path in prop::sample::select(fixtures()),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        change in change(),
    ) {
        let mut bytes = fs::read(path).unwrap();
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Ok(mut record) = Record::parse(text) {
            apply(&mut record, &change);
        }
    }
}

/// The store of a project, as a caller of the library has it.
fn store(project: &Project) -> Store {
    let place = Place {
        directory: Some(project.root.clone()),
        ..Place::default()
    };
    Store::open(&place).unwrap()
}

/// Lets `act` do something with a session under the lock.
fn locked<T>(
    project: &Project,
    slug: &str,
    act: impl Fn(&Store, &Lock, &str, &Document) -> T,
) -> T {
    let store = store(project);
    let name = format!("20251204-143000-{slug}.md");
    let source = store.read(&name).unwrap();
    let lock = store.lock().unwrap();
    act(&store, &lock, &name, &Document::parse(&source))
}

#[test]
fn a_session_that_fails_to_close_and_then_closes_has_one_record_and_comes_back() {
    let project = Project::git();
    project.ok(&["new", "Weather", "--seed", "weather", "--context", "c"]);
    project.ok(&["link", "--ticket", "pt-1"]);
    let tickets = ["pt-1".to_owned()];
    let path = locked(&project, "weather", |store, lock, name, document| {
        let message = "the tracker did not answer";
        planning::record_failed(store, lock, name, document, message, &tickets, at(NOW)).unwrap()
    });
    let path = path.unwrap();
    assert_eq!(
        path.file_name().unwrap(),
        "weather@2025-12-04T14-30-00Z.json"
    );
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o644
    );
    let read = || Record::parse(fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(read().failure.unwrap().tickets_created, tickets);
    assert_eq!(rows(&project, &[])["sessions"][0]["state"], "error");

    project.shell("agentsess log x --state Done. --next None. --replace");
    let before = project.read("weather");
    let waivers = [("committed".to_owned(), "nothing to commit".to_owned())];
    locked(&project, "weather", |store, lock, name, document| {
        planning::record_closed(store, lock, name, document, &waivers, at(NOW)).unwrap()
    });
    let record = read();
    assert_eq!(record.state, State::Completed);
    assert_eq!((record.completed_at, record.failure), (Some(at(NOW)), None));
    let waived = "\"waivers\": [\n      {\n        \"item\": \"committed\",";
    assert!(fs::read_to_string(&path).unwrap().contains(waived));
    project.ok(&["close", "weather"]);
    assert_eq!(rows(&project, &[])["sessions"][0]["state"], "completed");

    // The seed, the id and the name all mean the copy in the trash.
    project.ok(&["restore", "weather@2025-12-04T14-30-00Z"]);
    assert_eq!(project.read("weather"), before);
    assert_eq!((read().state, read().completed_at), (State::Active, None));
    assert_eq!(rows(&project, &[])["sessions"].as_array().unwrap().len(), 1);
}

#[test]
fn sessions_without_a_seed_leave_a_record_only_where_all_do() {
    let project = Project::git();
    project.ok(&["new", "Plain", "--context", "c"]);
    project.shell("agentsess log x --state Done. --next None. --replace");
    let record = || {
        locked(&project, "plain", |store, lock, name, document| {
            planning::record_closed(store, lock, name, document, &[], at(NOW)).unwrap()
        })
    };
    assert_eq!(record(), None);
    project.write(".agents/agentsess.toml", "[records]\nkeep = 'all'\n");
    let path = record().unwrap();
    assert_eq!(path.file_name().unwrap(), "20251204-143000-plain.json");
    let before = project.read("plain");
    project.ok(&["close", "plain"]);
    project.ok(&["restore", "plain"]);
    assert_eq!(project.read("plain"), before);
    let record = Record::parse(fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(record.state, State::Active);
}

#[test]
fn a_used_session_that_is_gone_is_not_in_the_way() {
    let project = Project::git();
    project.ok(&["new", "Weather", "--seed", "weather"]);
    fs::remove_file(project.session("weather")).unwrap();
    project.ok(&["new", "Search", "--seed", "search"]);
    assert!(!project.sessions().join("archive").exists());
}

#[test]
fn two_sessions_of_one_seed_and_second_have_a_record_each() {
    let project = Project::git();
    for title in ["One", "Two", "Three"] {
        project.ok(&["new", title, "--seed", "weather"]);
    }
    let folder = project.sessions().join("archive");
    let stem = |id: &str| {
        let text = fs::read_to_string(folder.join(format!("{id}.json"))).unwrap();
        Record::parse(text).unwrap().stem.unwrap()
    };
    assert_eq!(stem("weather@2025-12-04T14-30-00Z"), "20251204-143000-one");
    assert_eq!(
        stem("weather@2025-12-04T14-30-00Z-2"),
        "20251204-143000-two"
    );
}

/// A project that shares the folder of the other program.
fn shared() -> Project {
    let project = Project::git();
    project.write(".agents/agentsess.toml", "[records]\nfolder = 'sessions'\n");
    for path in fixtures() {
        let name = path.file_name().unwrap().to_str().unwrap();
        let target = project.write(&format!("sessions/{name}"), "");
        fs::copy(&path, target).unwrap();
    }
    project
}

fn rows(project: &Project, arguments: &[&str]) -> serde_json::Value {
    let mut all = vec!["list", "--planning", "--json"];
    all.extend(arguments);
    serde_json::from_str(&project.ok(&all)).unwrap()
}

#[test]
fn a_folder_of_another_program_is_listed_and_what_is_no_record_is_left_out() {
    let project = shared();
    let found = rows(&project, &[]);
    let ids = |rows: &serde_json::Value| -> Vec<(String, String)> {
        let rows = rows["sessions"].as_array().unwrap().iter();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        rows.map(|row| (text(&row["seed"]), text(&row["state"])))
            .collect()
    };
    let expected = [
        ("cache", "completed"),
        ("login", "active"),
        ("search", "error"),
        ("billing", "archived"),
        ("weather", "completed"),
    ];
    let expected = expected.map(|(seed, state)| (seed.to_owned(), state.to_owned()));
    assert_eq!(ids(&found), expected);
    let skipped = found["skipped"].as_array().unwrap();
    assert_eq!(skipped.len(), 4, "{skipped:?}");
    let output = project.run(&["list", "--planning"]);
    assert!(output.status.success());
    let warnings = String::from_utf8(output.stderr).unwrap();
    for (file, reason) in [
        (
            "sessions/broken@2025-11-01T00-00-00Z.json:",
            "not a JSON object",
        ),
        ("sessions/index.json:", "expected an object"),
        (
            "sessions/rollout@2026-01-05T09-00-00Z.json:",
            "`schema_version` is 2",
        ),
        (
            "sessions/weather@2025-11-03T09-15-00Z copy.json:",
            "not the file's name",
        ),
    ] {
        let line = warnings.lines().find(|line| line.contains(file)).unwrap();
        assert!(
            line.starts_with("warning: ") && line.contains(reason),
            "{line}"
        );
    }
    let latest = rows(&project, &["--seed", "weather", "--latest"]);
    assert_eq!(
        ids(&latest),
        [("weather".to_owned(), "completed".to_owned())]
    );
    assert_eq!(ids(&rows(&project, &["--seed", "none"])), []);
}

#[test]
fn every_record_of_another_program_is_restored_and_rewritten_without_loss() {
    let project = shared();
    let before: Vec<_> = fixtures()
        .iter()
        .map(|path| {
            (
                path.file_name().unwrap().to_owned(),
                fs::read(path).unwrap(),
            )
        })
        .collect();
    for seed in ["weather", "billing", "search", "login", "cache"] {
        project.ok(&["restore", seed]);
        // Again: it is there already, and nothing forks.
        project.ok(&["restore", seed]);
    }
    assert_eq!(project.snapshot().len(), 5);
    project.ok(&["lint"]);
    let folder = project.root.join("sessions");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), before.len());
    assert_eq!(leftovers(&folder).len(), 0);
    for (name, old) in before {
        let new = fs::read(folder.join(&name)).unwrap();
        let Ok(record) = Record::parse(String::from_utf8(new.clone()).unwrap()) else {
            assert_eq!(new, old, "{}", name.display());
            continue;
        };
        if name.to_str().unwrap().contains("copy") {
            assert_eq!(new, old, "not ours to change");
            continue;
        }
        let (old, new) = (String::from_utf8(old).unwrap(), record.text());
        let named = ["state", "updated", "completed_at", "agentsess", "error"];
        nothing_else_changed(&old, new, &named);
        // The last one is active; each before it was left for the next.
        let last = record.planning.root_seed.as_deref() == Some("cache");
        let state = if last { State::Active } else { State::Archived };
        assert_eq!((record.state, record.is_failed()), (state, false), "{new}");
        let color = value(&old, "agentsess").and_then(|own| value(&own, "color"));
        assert_eq!(value(&value(new, "agentsess").unwrap(), "color"), color);
    }
    let listed = rows(&project, &[]);
    for row in listed["sessions"].as_array().unwrap() {
        assert!(
            row["session"].is_string() && row["record"].is_string(),
            "{row}"
        );
    }
}

#[test]
fn a_session_made_from_a_record_says_what_the_record_knows() {
    let project = shared();
    project.ok(&["restore", "weather@2025-11-03T09-15-00Z"]);
    let path = project.sessions().join("20251103-091500-weather.md");
    let text = fs::read_to_string(path).unwrap();
    for line in [
        "  created: \"2025-11-03T09:15:00Z\"\n",
        "  root_seed: \"weather\"\n",
        "  spikes: [\"weather-api-limits\", \"weather-caching\"]\n",
        "    tickets: [\"pt-1\", \"pt-2\"]\n",
        "    backlog_md: \"docs/backlog.md\"\n",
        "\n- spikes: weather-api-limits, weather-caching\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    // A path out of the project is said, and not followed.
    project.ok(&["restore", "cache"]);
    let path = project.sessions().join("20251116-074530-smaller-cache.md");
    let text = fs::read_to_string(path).unwrap();
    assert!(!text.contains("backlog_md:") && text.contains("- backlog file: ../outside.md\n"));
}

#[test]
fn a_restore_that_was_cut_short_is_finished_by_the_next_one() {
    for (name, session) in [
        ("weather@2025-11-03T09-15-00Z", "20251103-091500-weather.md"),
        (
            "cache@2025-11-16T07-45-30Z",
            "20251116-074530-smaller-cache.md",
        ),
    ] {
        let project = shared();
        let file = format!("{name}.json");
        let path = project.root.join("sessions").join(&file);
        project.ok(&["restore", name]);
        let done = fs::read_to_string(&path).unwrap();
        // As if killed when the session was made and its record not yet changed.
        fs::write(&path, fixture(&file)).unwrap();
        fs::remove_file(project.sessions().join(".local/used")).unwrap();
        let again = project.ok(&["restore", name]);
        assert!(again.contains(session), "{again}");
        assert_eq!(project.snapshot().len(), 1);
        assert_eq!(fs::read_to_string(&path).unwrap(), done);
    }
}

#[test]
fn a_record_nested_a_hundred_thousand_deep_is_a_record() {
    let good = fixture("billing@2025-11-10T08-00-00Z.json");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut record = Record::parse(good.replacen("null,", &format!("{deep},"), 1)).unwrap();
    record.set_state(State::Active, at(NOW)).unwrap();
    assert_eq!(record.text().matches(&deep).count(), 1);
    let named = good.replace("\"spikes\": []", &format!("\"spikes\": {deep}"));
    assert!(Record::parse(named).is_err());
}

#[test]
fn a_record_that_is_a_link_or_lies_outside_is_neither_read_nor_written() {
    let project = shared();
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().join("x.json");
    let text = fixture("weather@2025-11-03T09-15-00Z.json").replace("weather@", "wetter@");
    fs::write(&target, &text).unwrap();
    let link = project
        .root
        .join("sessions/wetter@2025-11-03T09-15-00Z.json");
    std::os::unix::fs::symlink(&target, link).unwrap();
    let refused = project.fails(2, &["restore", "wetter@2025-11-03T09-15-00Z"]);
    assert!(refused.contains("symbolic link"), "{refused}");
    assert_eq!(fs::read_to_string(&target).unwrap(), text);

    fs::remove_dir_all(project.root.join("sessions")).unwrap();
    std::os::unix::fs::symlink(outside.path(), project.root.join("sessions")).unwrap();
    let refused = project.fails(2, &["list", "--planning"]);
    assert!(refused.contains("link out of the project"), "{refused}");
    project.write(".agents/agentsess.toml", "[records]\nfolder = '../out'\n");
    let refused = project.fails(2, &["list", "--planning"]);
    assert!(refused.contains("must stay within"), "{refused}");
}

#[test]
fn a_file_in_the_way_of_a_record_is_not_replaced() {
    let project = Project::git();
    project.ok(&["new", "Weather", "--seed", "weather"]);
    let path = ".agents/sessions/archive/weather@2025-12-04T14-30-00Z.json";
    let path = project.write(path, "{\"schema_version\": 2}");
    let before = project.snapshot();
    let refused = project.fails(2, &["new", "Other", "--seed", "other"]);
    assert!(
        refused.contains("this record is not replaced: `schema_version` is 2"),
        "{refused}"
    );
    assert_eq!(project.snapshot(), before);
    assert_eq!(fs::read_to_string(path).unwrap(), "{\"schema_version\": 2}");
    project.ok(&["new", "Other", "--seed", "other", "--no-switch"]);
}
