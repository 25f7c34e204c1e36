use proptest::prelude::*;
use serde_json::json;

use super::*;

fn entries() -> Vec<Entry> {
    let hook = |event: &'static str, verb: &str| Entry {
        path: vec!["hooks", event],
        key: None,
        value: json!({"hooks": [{"type": "command", "command": format!("agentsess hook {verb} --host claude"), "timeout": 10}]}),
        command: format!("agentsess hook {verb}"),
    };
    let server = Entry {
        path: vec!["mcpServers"],
        key: Some("agentsess"),
        value: json!({"command": "agentsess", "args": ["mcp"]}),
        command: String::new(),
    };
    vec![
        hook("SessionStart", "session-start"),
        hook("PreCompact", "pre-compact"),
        server,
    ]
}

/// All of them put in and taken out again, the last first.
fn there_and_back(text: &str) -> (String, Option<String>) {
    let all = entries();
    let put = all
        .iter()
        .fold(text.to_owned(), |text, entry| insert(&text, entry).unwrap());
    for entry in &all {
        assert_eq!(insert(&put, entry).unwrap(), put);
        assert_eq!(state(&put, entry), Ok(State::Current));
    }
    let back = all
        .iter()
        .rev()
        .try_fold(put.clone(), |text, entry| remove(&text, entry).unwrap());
    (put, back)
}

/// Files as somebody may have written them: foreign entries, comments, trailing commas, any
/// white space.
fn files() -> impl Strategy<Value = String> {
    let space = || {
        prop::sample::select(vec![
            "",
            " ",
            "\n",
            "\n  ",
            "\n    ",
            "\n\t",
            "\r\n  ",
            "\n\n",
            "\n\n  ",
            " // c\n",
            "\n  // c\n  ",
            " /* c */ ",
            "\t",
        ])
    };
    let comma = || prop::sample::select(vec!["", ","]);
    let element = prop::sample::select(vec![
        r#"{"hooks": [{"type": "command", "command": "other"}]}"#,
        "{}",
        "1",
        r#""a""#,
        "{\n  \"matcher\": \"x\"\n}",
    ]);
    let array = (
        prop::collection::vec((space(), element, space()), 0..3),
        comma(),
        space(),
    )
        .prop_map(|(elements, comma, end)| {
            let comma = if elements.is_empty() { "" } else { comma };
            let elements: Vec<_> = elements
                .iter()
                .map(|(a, it, b)| format!("{a}{it}{b}"))
                .collect();
            format!("[{}{comma}{end}]", elements.join(","))
        });
    let hooks = object(
        vec!["SessionStart", "PreCompact", "Stop"],
        array.boxed(),
        space,
        comma,
    );
    let server = prop::sample::select(vec![r#"{"command": "x"}"#, "{}"]).prop_map(str::to_owned);
    let servers = object(vec!["other", "second"], server.boxed(), space, comma);
    let value = |name: &'static str, inner: BoxedStrategy<String>| {
        (space(), space(), inner)
            .prop_map(move |(before, after, it)| format!("{before}\"{name}\":{after}{it}"))
            .boxed()
    };
    let members = prop::sample::subsequence(vec![0, 1, 2], 0..=3).prop_shuffle();
    (
        members,
        value("hooks", hooks.boxed()),
        value("mcpServers", servers.boxed()),
        value("model", Just("true".to_owned()).boxed()),
        comma(),
        space(),
        space(),
    )
        .prop_map(|(order, a, b, c, comma, inside, end)| {
            let all = [a, b, c];
            let comma = if order.is_empty() { "" } else { comma };
            let members: Vec<_> = order.iter().map(|at| all[*at].clone()).collect();
            format!("{{{}{comma}{inside}}}{end}", members.join(","))
        })
}

fn object(
    names: Vec<&'static str>,
    value: BoxedStrategy<String>,
    space: fn() -> prop::sample::Select<&'static str>,
    comma: fn() -> prop::sample::Select<&'static str>,
) -> impl Strategy<Value = String> {
    let count = names.len();
    (
        prop::sample::subsequence(names, 0..=count),
        prop::collection::vec((space(), value, space()), count),
        comma(),
        space(),
    )
        .prop_map(|(names, values, comma, end)| {
            let comma = if names.is_empty() { "" } else { comma };
            let members: Vec<_> = names
                .iter()
                .zip(values)
                .map(|(name, (a, it, b))| format!("{a}\"{name}\":{it}{b}"))
                .collect();
            format!("{{{}{comma}{end}}}", members.join(","))
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn what_was_put_in_comes_out_again(text in files()) {
        let (_, back) = there_and_back(&text);
        prop_assert_eq!(back, Some(text));
    }
}

#[test]
fn nothing_is_an_empty_file_or_none() {
    for text in ["", "\n", " \n\n"] {
        let (put, back) = there_and_back(text);
        assert_eq!(back.as_deref(), Some(text), "{put}");
        assert!(serde_json::from_str::<Value>(&put).is_ok());
    }
    let entry = &entries()[0];
    let made = insert("", entry).unwrap() + "\n";
    assert_eq!(remove(&made, entry), Ok(None));
}
