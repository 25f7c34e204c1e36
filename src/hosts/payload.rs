//! What a host tells a hook on standard input.

use std::io::Read;
use std::path::PathBuf;

use serde_json::{Deserializer, Map, Value};

use super::Host;

/// Most that is read of standard input, in bytes. A larger payload is a failure; the rest of it is
/// neither waited for nor needed.
pub const INPUT_LIMIT: u64 = 1024 * 1024;

/// How a conversation came to its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Source {
    /// It is new, or was emptied.
    #[default]
    Fresh,
    /// It goes on with what was said in it.
    Resumed,
    /// It was compacted.
    Compacted,
}

/// What is used of it. Hosts disagree on the names of keys, and so do the events of one host; what
/// is missing or of another type than expected is as if it had not been said.
#[derive(Debug, Default)]
pub struct Payload {
    /// The host's id of the conversation.
    pub conversation: Option<String>,
    /// Where the agent is at work.
    pub directory: Option<PathBuf>,
    /// How the conversation came to its start.
    pub source: Source,
    /// Which subagent this is about.
    pub agent_id: Option<String>,
    /// What kind of agent.
    pub agent_type: Option<String>,
    /// What the subagent is to do.
    pub task: Option<String>,
    /// What the agent said last.
    pub last_message: Option<String>,
    /// Whether the conversation goes on only because a hook asked for it.
    pub looping: bool,
    /// The host, if the payload tells.
    pub host: Option<&'static Host>,
}

impl Payload {
    /// Reads one JSON object, up to its end: some hosts leave the stream open. An empty stream says
    /// nothing.
    ///
    /// # Errors
    ///
    /// When it is not JSON, not an object, or longer than [`INPUT_LIMIT`].
    pub fn read(input: impl Read) -> Result<Self, String> {
        let mut input = input.take(INPUT_LIMIT);
        let mut objects = Deserializer::from_reader(&mut input).into_iter::<Map<_, _>>();
        let object = objects.next();
        match object {
            Some(Ok(map)) => Ok(Self::of(&map)),
            _ if input.limit() == 0 => {
                Err(format!("the payload has more than {INPUT_LIMIT} bytes"))
            }
            None => Ok(Self::default()),
            Some(Err(error)) => Err(format!("the payload is no JSON object: {error}")),
        }
    }

    fn of(map: &Map<String, Value>) -> Self {
        let text = |keys: &[&str]| {
            let mut values = keys.iter().filter_map(|key| map.get(*key)?.as_str());
            values.find(|text| !text.is_empty()).map(str::to_owned)
        };
        let first = |keys: &[&str]| {
            let lists = keys.iter().filter_map(|key| map.get(*key)?.as_array());
            lists.flatten().find_map(Value::as_str).map(str::to_owned)
        };
        let is = |keys: &[&str]| {
            keys.iter().filter_map(|key| map.get(*key)).any(|value| {
                value.as_bool() == Some(true) || value.as_u64().is_some_and(|count| count > 0)
            })
        };
        let source = text(&["source"]).or_else(|| text(&["hookName"]));
        let roots = ["workspace_roots", "workspaceRoots"];
        Self {
            conversation: text(&[
                "conversation_id",
                "conversationId",
                "session_id",
                "sessionId",
                "sessionID",
                "taskId",
                "task_id",
            ]),
            directory: text(&["cwd"]).or_else(|| first(&roots)).map(PathBuf::from),
            source: match source.as_deref() {
                Some("resume" | "TaskResume") => Source::Resumed,
                Some("compact") => Source::Compacted,
                _ => Source::Fresh,
            },
            agent_id: text(&["agent_id", "agentId"]),
            agent_type: text(&["agent_type", "agentType", "agent_name", "agentName"]),
            task: text(&["task", "description", "agentDescription"]),
            last_message: text(&["last_assistant_message", "lastAssistantMessage"]),
            looping: is(&[
                "stop_hook_active",
                "stopHookActive",
                "loop_count",
                "loopCount",
            ]),
            host: Host::of_payload(|key| map.contains_key(key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_object_is_the_end() {
        // Reading on fails.
        struct Open;
        impl Read for Open {
            fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
                Err(std::io::Error::other("nobody closes this"))
            }
        }
        let input = br#"{"session_id":"s","cwd":"/p","source":"compact"}"#;
        let payload = Payload::read(input.chain(Open)).unwrap();
        assert_eq!(payload.conversation.as_deref(), Some("s"));
        assert_eq!(payload.source, Source::Compacted);
    }

    #[test]
    fn nothing_is_no_failure_and_too_much_is() {
        for input in ["", " ", "\n\n", "\r\n "] {
            assert!(
                Payload::read(input.as_bytes())
                    .unwrap()
                    .conversation
                    .is_none()
            );
        }
        let long = format!("{{\"session_id\":\"{}\"}}", "s".repeat(2 << 20));
        for input in ["{", "[]", "nothing", "{\"a\":", "\u{1}", "null", &long] {
            assert!(Payload::read(input.as_bytes()).is_err(), "{}", input.len());
        }
    }

    #[test]
    fn what_is_of_another_type_was_not_said() {
        let input = r#"{"session_id":7,"sessionId":"s","cwd":null,"workspaceRoots":[1,"/p"],
            "stop_hook_active":"yes","loop_count":1,"clineVersion":"3"}"#;
        let payload = Payload::read(input.as_bytes()).unwrap();
        assert_eq!(payload.conversation.as_deref(), Some("s"));
        assert_eq!(payload.directory, Some(PathBuf::from("/p")));
        assert_eq!(payload.host.map(|host| host.name), Some("cline"));
        assert!(payload.looping);
    }
}
