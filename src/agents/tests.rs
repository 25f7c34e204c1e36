use super::*;
use crate::runs::Observer as _;

fn agent(config: &str, name: &str) -> Agent {
    let config = Config::parse("agentsess.toml".into(), config).unwrap();
    Agent::named(&config, name).unwrap()
}

fn joined(argv: &[String]) -> String {
    argv.join(" ")
}

/// What is heard of this output, of whose lines no more than a mebibyte is told.
fn heard(agent: &Agent, output: impl AsRef<[u8]>) -> Heard {
    let mut reader = agent.reader();
    for line in output.as_ref().split(|byte| *byte == b'\n') {
        reader.line(&line[..line.len().min(1024 * 1024)]);
    }
    reader.heard().clone()
}

const PROMPT: &str = "Do it.\nAll; $(of) 'it'";

#[test]
fn commands_have_the_options_of_each_program() {
    let id = "11111111-2222-4333-8444-555555555555";
    let words = |model| Words {
        prompt: "PROMPT",
        model,
        id: Some(id),
    };
    for (name, start, resume) in [
        (
            "claude",
            "claude -p PROMPT --output-format stream-json --verbose --model M --session-id ID",
            "claude -p PROMPT --output-format stream-json --verbose --model M --resume ID",
        ),
        (
            "codex",
            "codex exec --json --model M PROMPT",
            "codex exec --model M resume --json ID PROMPT",
        ),
        (
            "gemini",
            "gemini -p PROMPT -o stream-json -m M --session-id ID",
            "gemini --resume ID -p PROMPT -o stream-json -m M",
        ),
        (
            "copilot",
            "copilot -p PROMPT --output-format json --allow-all-tools --model M --session-id=ID",
            "copilot -p PROMPT --output-format json --allow-all-tools --model M --resume=ID",
        ),
        (
            "opencode",
            "opencode run --format json --model M PROMPT",
            "opencode run --session ID --format json --model M PROMPT",
        ),
    ] {
        let agent = agent("", name);
        let expected = |command: &str| command.replace("ID", id);
        assert_eq!(joined(&agent.started(words(Some("M")))), expected(start));
        assert_eq!(joined(&agent.resumed(words(Some("M")))), expected(resume));
        // Without a model its option goes, and nothing else.
        let without = |command: &str| {
            expected(command)
                .replace(" --model M", "")
                .replace(" -m M", "")
        };
        assert_eq!(joined(&agent.started(words(None))), without(start));
        assert_eq!(joined(&agent.resumed(words(None))), without(resume));
        assert_eq!(agent.takes_id(), start.ends_with("ID"), "{name}");
    }
}

#[test]
fn a_prompt_is_one_argument_whatever_it_says() {
    for agent in Agent::all(&Config::default()) {
        let words = Words {
            prompt: PROMPT,
            model: None,
            id: Some("x"),
        };
        for argv in [agent.started(words), agent.resumed(words)] {
            assert_eq!(argv.iter().filter(|word| *word == PROMPT).count(), 1);
        }
    }
}

#[test]
fn a_configuration_says_what_is_different() {
    let text = "[agents.dev]\nhost = 'claude'\nargs = ['--permission-mode', 'acceptEdits']\n\
                model = 'opus'\nmax-parallel = 2\n\
                [agents.own]\nstart = ['./bin/own', '--as={model}', '{prompt}', '{args}']\n\
                args = ['-v']\nconversation = '/meta/id'\n\
                [agents.claude]\nmodel = 'haiku'\n";
    let words = Words {
        prompt: "P",
        model: None,
        id: Some("I"),
    };
    let dev = agent(text, "dev");
    assert_eq!(
        joined(&dev.started(words)),
        "claude -p P --output-format stream-json --verbose --model opus --session-id I \
         --permission-mode acceptEdits"
    );
    assert_eq!(dev.max_parallel, 2);
    let own = agent(text, "own");
    assert_eq!(joined(&own.started(words)), "./bin/own P -v");
    let with = Words {
        model: Some("m"),
        ..words
    };
    assert_eq!(joined(&own.started(with)), "./bin/own --as=m P -v");
    assert_eq!(own.resume, Vec::<String>::new());
    let said = heard(
        &own,
        "started\n{\"meta\":{\"id\":\"c-1\"}}\n{\"meta\":{\"id\":\"c-2\"}}\n",
    );
    assert_eq!(said.conversation.as_deref(), Some("c-1"));
    assert!(joined(&agent(text, "claude").started(words)).contains("--model haiku"));
    let config = Config::parse("agentsess.toml".into(), text).unwrap();
    let names = Agent::all(&config).into_iter().map(|agent| agent.name);
    let names: Vec<_> = names.collect();
    assert_eq!(
        names,
        [
            "claude", "dev", "own", "codex", "gemini", "copilot", "opencode"
        ]
    );
    assert_eq!(Agent::named(&config, "nobody"), None);
}

#[test]
fn a_configuration_that_cannot_work_is_refused_at_its_place() {
    for (text, message) in [
        (
            "[agents.x]\nmodel = 'm'",
            "1:2: the agent `x` needs a `host` or a `start`",
        ),
        (
            "[agents.x]\nstart = []",
            "the agent `x` has no program in its `start`",
        ),
        (
            "[agents.x]\nstart = ['a']",
            "has no `{prompt}` in its `start`",
        ),
        (
            "[agents.claude]\nresume = ['a', '{prompt}']",
            "has no `{id}` in its `resume`",
        ),
        (
            "[agents.x]\nstart = ['sh', '-c', 'a {prompt}']",
            "fills words into a script",
        ),
        (
            "[agents.'a b']\nhost = 'codex'",
            "has a name that is more than",
        ),
        (
            "[agents.claude]\nmodel = '--evil'",
            "no program could tell from an option",
        ),
        (
            "[agents.claude]\nmodel = ''",
            "no program could tell from an option",
        ),
        ("[agents.claude]\nconversation = 'id'", "is no JSON Pointer"),
        (
            "[agents.claude]\nmodle = 'x'",
            "unknown key `modle`; did you mean `model`?",
        ),
        ("[agents.x]\nhost = 'cursor'", "unknown value `cursor`"),
        ("[agents.claude]\nmax-parallel = 0", "a nonzero"),
    ] {
        let error = Config::parse("agentsess.toml".into(), text).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}

/// Conversation, answer, failure, complaint.
type Said = [Option<&'static str>; 4];

/// What each program prints, with what that means.
const OUTPUT: &[(&str, &str, Said)] = &[
    (
        "claude",
        r#"{"type":"system","subtype":"init","cwd":"/p","session_id":"3f1a","tools":[],"model":"m"}
{"type":"assistant","message":{"role":"assistant","content":[{"type":"text","text":"I look."}]},"parent_tool_use_id":null,"session_id":"3f1a"}
{"type":"result","subtype":"success","is_error":false,"duration_ms":5,"num_turns":1,"result":"Fixed the cache.","session_id":"3f1a","total_cost_usd":0.1}"#,
        [Some("3f1a"), Some("Fixed the cache."), None, None],
    ),
    (
        "claude",
        r#"{"type":"result","subtype":"success","is_error":true,"terminal_reason":"api_error","api_error_status":404,"result":"API Error: 404 model not found","session_id":"3f1a"}"#,
        [
            Some("3f1a"),
            Some("API Error: 404 model not found"),
            Some("API Error: 404 model not found"),
            None,
        ],
    ),
    (
        "claude",
        r#"{"type":"result","subtype":"error_max_turns","is_error":true,"session_id":"3f1a"}"#,
        [Some("3f1a"), None, Some("no reason was given"), None],
    ),
    (
        "codex",
        r#"{"type":"thread.started","thread_id":"0199-a"}
{"type":"turn.started"}
{"type":"error","message":"Reconnecting... 1/5"}
{"type":"item.completed","item":{"id":"item_0","type":"reasoning","text":"Hm."}}
{"type":"item.completed","item":{"id":"item_1","type":"agent_message","text":"Looking."}}
{"type":"item.completed","item":{"id":"item_2","type":"agent_message","text":"Cache fixed."}}
{"type":"turn.completed","usage":{"input_tokens":1,"cached_input_tokens":0,"output_tokens":2}}"#,
        [
            Some("0199-a"),
            Some("Cache fixed."),
            None,
            Some("Reconnecting... 1/5"),
        ],
    ),
    (
        "codex",
        r#"{"type":"thread.started","thread_id":"0199-a"}
{"type":"turn.failed","error":{"message":"unexpected status 400: model not supported"}}"#,
        [
            Some("0199-a"),
            None,
            Some("unexpected status 400: model not supported"),
            None,
        ],
    ),
    (
        "gemini",
        r#"{"type":"init","timestamp":"2026-01-01T00:00:00Z","session_id":"aa-1","model":"m"}
{"type":"message","timestamp":"t","role":"user","content":"Do it."}
{"type":"message","timestamp":"t","role":"assistant","content":"I look.","delta":true}
{"type":"tool_use","timestamp":"t","tool_name":"read_file","tool_id":"r","parameters":{}}
{"type":"message","timestamp":"t","role":"assistant","content":"Cache ","delta":true}
{"type":"message","timestamp":"t","role":"assistant","content":"fixed.","delta":true}
{"type":"result","timestamp":"t","status":"success","stats":{"total_tokens":3}}"#,
        [Some("aa-1"), Some("Cache fixed."), None, None],
    ),
    (
        "gemini",
        r#"{"type":"init","timestamp":"t","session_id":"aa-1","model":"m"}
{"type":"error","timestamp":"t","severity":"warning","message":"Loop detected"}
{"type":"result","timestamp":"t","status":"error","error":{"type":"Error","message":"quota"},"stats":{}}"#,
        [Some("aa-1"), None, Some("quota"), Some("Loop detected")],
    ),
    (
        "copilot",
        r#"{"type":"session.info","data":{"sessionId":"not-this"}}
{"type":"assistant.message","data":{"messageId":"1","content":"Looking.","toolRequests":[{}]}}
{"type":"assistant.message","data":{"messageId":"2","content":"Cache fixed.","toolRequests":[]}}
{"type":"result","timestamp":"t","sessionId":"bb-1","exitCode":0,"usage":{}}"#,
        [Some("bb-1"), Some("Cache fixed."), None, None],
    ),
    (
        "copilot",
        r#"{"type":"session.error","data":{"errorType":"model","message":"no such model"}}
{"type":"result","timestamp":"t","sessionId":"bb-1","exitCode":1}"#,
        [Some("bb-1"), None, None, Some("no such model")],
    ),
    (
        "opencode",
        r#"{"type":"step_start","timestamp":1,"sessionID":"ses_7","part":{"type":"step-start"}}
{"type":"text","timestamp":2,"sessionID":"ses_7","part":{"type":"text","text":"Cache fixed."}}"#,
        [Some("ses_7"), Some("Cache fixed."), None, None],
    ),
    (
        "opencode",
        r#"{"type":"error","timestamp":1,"sessionID":"ses_7","error":{"name":"APIError","data":{"message":"no such model"}}}"#,
        [Some("ses_7"), None, Some("no such model"), None],
    ),
    (
        "opencode",
        r#"{"type":"error","timestamp":1,"sessionID":"ses_7","error":{"name":"UnknownError"}}"#,
        [Some("ses_7"), None, Some("UnknownError"), None],
    ),
];

#[test]
fn the_output_of_each_program_is_understood() {
    for (name, output, expected) in OUTPUT {
        let said = heard(&agent("", name), output);
        let found = [said.conversation, said.answer, said.failure, said.complaint];
        let found = found.each_ref().map(Option::as_deref);
        assert_eq!(&found, expected, "{name}: {output}");
        assert!(!said.unknown);
    }
}

#[test]
fn each_program_has_its_own_way_to_know_no_conversation() {
    for (name, output, code) in [
        ("claude", "No conversation found with session ID: 3f1a\n", 1),
        ("codex", "Error: no rollout found for thread id 0199-a\n", 1),
        ("opencode", "Error: Session not found\n", 1),
        ("gemini", "Error resuming session\n", 42),
    ] {
        let agent = agent("", name);
        let forgot = |output: &str, code| {
            let mut reader = agent.reader();
            for line in output.lines() {
                reader.line(line.as_bytes());
            }
            reader.forgot(code)
        };
        assert!(forgot(output, Some(code)), "{name}");
        assert!(!forgot("Something else\n", Some(3)), "{name}");
        assert!(!forgot("", None), "{name}");
    }
}

#[test]
fn hostile_output_is_bounded_and_harms_nothing() {
    let claude = agent("", "claude");
    let good = "{\"session_id\":\"good\"}\n{\"type\":\"result\",\"result\":\"fine\"}\n";
    let long = "x".repeat(3 * 1024 * 1024);
    for evil in [
        format!("{{\"session_id\":\"{long}\"}}\n"),
        format!("{{\"session_id\":\"evil\",\"x\":\"{long}\"}}\n"),
        format!("{}\n", "[".repeat(900_000)),
        format!("{{\"a\":{}\n", "{\"a\":".repeat(100_000)),
        "{\"session_id\":\"--dangerous\"}\n".to_owned(),
        "{\"session_id\":\"a b\"}\n{\"session_id\":\"\"}\n".to_owned(),
        "{\"session_id\":\"a\\u0000b\"}\n{\"session_id\":\"\\u001b[2J\"}\n".to_owned(),
        "{\"session_id\":{\"a\":1}}\n{\"session_id\":7}\n".to_owned(),
        "{\"session_id\n\":\"split\"}\n".to_owned(),
        "{}\n[]\nnull\n\"\n{{\n\r\n\0\n".to_owned(),
    ] {
        let said = heard(&claude, evil.clone() + good);
        assert_eq!(said.conversation.as_deref(), Some("good"), "{evil:.60}");
        assert_eq!(said.answer.as_deref(), Some("fine"));
        assert_eq!(said.failure, None);
    }
    let answer = format!(
        "{{\"type\":\"result\",\"result\":\"{}\"}}\n",
        "é".repeat(200_000)
    );
    let said = heard(&claude, answer).answer.unwrap();
    assert_eq!(said.len(), 16 * 1024);
    let piece =
        "{\"type\":\"message\",\"role\":\"assistant\",\"delta\":true,\"content\":\"abc\"}\n";
    let said = heard(&agent("", "gemini"), piece.repeat(20_000));
    assert_eq!(said.answer.unwrap().len(), 16 * 1024);
    // What is no text is no reason to stop reading.
    let noise = [
        &[0xff, 0xfe, b'\n', b'{', 0xc3, b'}', b'\n'][..],
        good.as_bytes(),
    ]
    .concat();
    assert_eq!(heard(&claude, &noise).conversation.unwrap(), "good");
}

/// Lines made of what each format is made of, torn and joined at random: nothing panics, and nothing
/// that is found breaks its bounds.
#[test]
fn random_output_never_breaks_the_reader() {
    let pieces: Vec<&[u8]> = [
        "{",
        "}",
        "\"",
        ":",
        ",",
        "[",
        "]",
        "\n",
        "\r\n",
        "\\",
        "\\u0000",
        "\\ud800",
        "null",
        "true",
        "1e999",
        "\"type\"",
        "\"result\"",
        "\"session_id\"",
        "\"sessionID\"",
        "\"is_error\"",
        "\"thread.started\"",
        "\"thread_id\"",
        "\"part\"",
        "\"text\"",
        "\"error\"",
        "é",
        "\u{202e}",
        "{\"type\":\"result\",\"result\":\"",
        "{\"session_id\":\"a",
        "Session not found",
    ]
    .iter()
    .map(|piece| piece.as_bytes())
    .chain([&b"\xff"[..], &b"\0"[..]])
    .collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit as u64).unwrap()
    };
    let agents = Agent::all(&Config::default());
    for _ in 0..20_000 {
        let agent = &agents[next(agents.len())];
        let output: Vec<_> = (0..next(40)).map(|_| pieces[next(pieces.len())]).collect();
        let said = heard(agent, output.concat());
        assert!(said.conversation.is_none_or(|id| is_id(&id)));
        for text in [said.answer, said.failure, said.complaint] {
            assert!(text.is_none_or(|text| text.len() <= 16 * 1024));
        }
    }
}

#[test]
fn ids_are_random_uuids() {
    let (one, other) = (new_id().unwrap(), new_id().unwrap());
    assert_ne!(one, other);
    for id in [one, other] {
        let parts: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12], "{id}");
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert!(is_id(&id));
    }
}
