//! The forms in which hosts take what a hook says.

use serde_json::{Map, Value, json};

use super::CONVERSATION;
use crate::render::digest::Said;

/// Most that a hook prints, in characters. From 10,000 on hosts hide what they are given behind a
/// file name.
pub const OUTPUT_LIMIT: usize = 9000;

/// A form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The words themselves.
    Text,
    /// `hookSpecificOutput` with this `hookEventName`, and a `systemMessage` for the user.
    Nested(&'static str),
    /// `additionalContext` at the top.
    Flat,
    /// `additional_context` at the top, and variables in `env`.
    Snake,
    /// `systemMessage`, which only the user sees.
    Notice,
    /// `contextModification`, beside a `cancel` that is false.
    Modification,
    /// `followup_message`, with which the conversation goes on.
    Followup,
    /// `decision` to block the stop, for a `reason`.
    Decision,
}

impl Shape {
    /// What a host of this form is to be given: at most [`OUTPUT_LIMIT`] characters, and nothing if
    /// there is nothing to say. `say` is called with the most characters that it may use, again if
    /// writing down what it said takes too many.
    /// `conversation` is its id, for hosts that pass on variables.
    pub fn write(self, conversation: Option<&str>, say: impl Fn(usize) -> Said) -> String {
        // Room for what stands around it, and for the line breaks of the usual text.
        let mut limit = OUTPUT_LIMIT - 400;
        for _ in 0..8 {
            let text = self.render(say(limit), conversation);
            let length = text.chars().count();
            if length <= OUTPUT_LIMIT {
                return text;
            }
            limit = limit * OUTPUT_LIMIT / (length + 100);
        }
        String::new()
    }

    fn render(self, said: Said, conversation: Option<&str>) -> String {
        let Said { context, notice } = said;
        let value = match self {
            Self::Text => return context,
            Self::Nested(event) => {
                let output = json!({"hookEventName": event, "additionalContext": context});
                let output = (!context.is_empty()).then_some(("hookSpecificOutput", output));
                let notice = (!notice.is_empty()).then(|| ("systemMessage", notice.into()));
                object(notice.into_iter().chain(output))
            }
            Self::Snake => {
                let variables = conversation.map(|id| json!({CONVERSATION: id}));
                let variables = variables.map(|variables| ("env", variables));
                let context = (!context.is_empty()).then(|| ("additional_context", context.into()));
                object(context.into_iter().chain(variables))
            }
            Self::Notice if notice.is_empty() => return notice,
            Self::Notice => json!({"systemMessage": notice}),
            _ if context.is_empty() => return context,
            Self::Flat => json!({"additionalContext": context}),
            Self::Modification => {
                json!({"cancel": false, "contextModification": context, "errorMessage": ""})
            }
            Self::Followup => json!({"followup_message": context}),
            Self::Decision => json!({"decision": "block", "reason": context}),
        };
        match &value {
            Value::Object(map) if map.is_empty() => String::new(),
            value => format!("{value}\n"),
        }
    }
}

fn object(entries: impl Iterator<Item = (&'static str, Value)>) -> Value {
    let entries = entries.map(|(key, value)| (key.to_owned(), value));
    Value::Object(entries.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_escapes_is_cut_until_it_fits() {
        let say = |limit: usize| Said {
            context: "\"\\\n".repeat(limit / 3),
            ..Said::default()
        };
        for shape in [
            Shape::Text,
            Shape::Nested("Stop"),
            Shape::Flat,
            Shape::Decision,
        ] {
            let length = shape.write(None, say).chars().count();
            assert!(
                (5000..=OUTPUT_LIMIT).contains(&length),
                "{shape:?}: {length}"
            );
        }
    }

    #[test]
    fn where_there_is_nothing_to_say_nothing_is_printed() {
        let shapes = [
            Shape::Text,
            Shape::Nested("Stop"),
            Shape::Flat,
            Shape::Snake,
            Shape::Notice,
            Shape::Modification,
            Shape::Followup,
            Shape::Decision,
        ];
        for shape in shapes {
            assert_eq!(shape.write(None, |_| Said::default()), "", "{shape:?}");
        }
    }
}
