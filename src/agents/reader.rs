//! Reads what a program prints that runs an agent: under which id its conversation is known, what it
//! said last, and whether it says that it failed.
//!
//! What is printed is not to be trusted. Lines are bounded before they come here, and one that was
//! cut is no JSON any more; what is not JSON is only searched for a few words.

use serde_json::Value;

use super::presets::Preset;
use crate::runs::{Observer, Stream};

/// The most that is kept of an answer or a complaint, in bytes.
const TEXT: usize = 16 * 1024;

/// The longest id of a conversation, in bytes.
const ID: usize = 200;

/// What an event means if it has all of these values.
#[derive(Debug)]
pub(super) struct Sign {
    /// Pointers and the values there, as text.
    pub event: &'static [(&'static str, &'static str)],
    /// Pointers to the text that counts, of which the first one does that leads to any.
    pub texts: &'static [&'static str],
    /// What it is.
    pub means: Means,
}

impl Sign {
    fn is(&self, event: &Value) -> bool {
        self.event.iter().all(|(pointer, value)| {
            let found = event.pointer(pointer);
            match found {
                Some(Value::String(text)) => text == value,
                Some(Value::Bool(found)) => found.to_string() == *value,
                _ => false,
            }
        })
    }
}

/// What a text in the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// The id of the conversation.
    Conversation,
    /// What the agent says; the last one counts.
    Answer,
    /// The same in pieces that follow each other.
    Piece,
    /// It failed, whatever its exit code is.
    Failure,
    /// Why it failed, if its exit code says that it did.
    Complaint,
}

/// What was found in the output.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heard {
    /// The id under which the program knows the conversation.
    pub conversation: Option<String>,
    /// What the agent said last.
    pub answer: Option<String>,
    /// It says that it failed, and why, whatever its exit code is.
    pub failure: Option<String>,
    /// What it complained about last; of interest if it failed.
    pub complaint: Option<String>,
    /// It says that it does not know the conversation.
    pub unknown: bool,
}

/// Reads the output of one run as it comes.
#[derive(Debug)]
pub struct Reader {
    preset: Option<&'static Preset>,
    pointer: Option<String>,
    /// Whether it prints events that are known.
    speaks: bool,
    /// The last event was a piece of an answer, which the next one goes on with.
    in_pieces: bool,
    heard: Heard,
}

impl Reader {
    pub(super) fn new(preset: Option<&'static Preset>, pointer: Option<String>) -> Self {
        Self {
            preset,
            pointer,
            speaks: false,
            in_pieces: false,
            heard: Heard::default(),
        }
    }

    /// Takes the next line, with or without its end. Says whether it told the id of the
    /// conversation.
    pub fn line(&mut self, line: &[u8]) -> bool {
        let knew = self.heard.conversation.is_some();
        let line = line.trim_ascii();
        if line.first() == Some(&b'{')
            && let Ok(event) = serde_json::from_slice(line)
        {
            self.event(&event);
        } else {
            let unknown = self.preset.map_or(&[][..], |preset| preset.unknown);
            let says = |words: &&str| memchr::memmem::find(line, words.as_bytes()).is_some();
            if unknown.iter().any(says) {
                self.heard.unknown = true;
                self.heard.complaint = kept(&String::from_utf8_lossy(line));
            }
        }
        !knew && self.heard.conversation.is_some()
    }

    /// What was found so far.
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    fn event(&mut self, event: &Value) {
        let went_on = std::mem::take(&mut self.in_pieces);
        if let Some(pointer) = &self.pointer {
            let id = event.pointer(pointer).and_then(Value::as_str);
            Self::name(&mut self.heard, id);
        }
        let signs = self.preset.map_or(&[][..], |preset| preset.signs);
        for sign in signs.iter().filter(|sign| sign.is(event)) {
            self.speaks = true;
            let mut texts = sign
                .texts
                .iter()
                .filter_map(|at| event.pointer(at)?.as_str());
            let text = texts.next();
            let heard = &mut self.heard;
            match sign.means {
                Means::Conversation if self.pointer.is_none() => Self::name(heard, text),
                Means::Conversation => {}
                Means::Answer => heard.answer = text.and_then(kept).or(heard.answer.take()),
                Means::Piece => {
                    self.in_pieces = true;
                    let before = heard.answer.take().filter(|_| went_on);
                    let mut answer = before.unwrap_or_default();
                    let room = TEXT.saturating_sub(answer.len());
                    answer.push_str(head(text.unwrap_or_default(), room));
                    heard.answer = Some(answer);
                    // It is a message, too, but not all of it.
                    break;
                }
                Means::Failure => {
                    let why = || {
                        text.and_then(kept)
                            .unwrap_or("no reason was given".to_owned())
                    };
                    heard.failure.get_or_insert_with(why);
                }
                Means::Complaint => {
                    heard.complaint = text.and_then(kept).or(heard.complaint.take());
                }
            }
        }
    }

    /// The first id counts: an agent may start others, and their events may be among its own.
    fn name(heard: &mut Heard, id: Option<&str>) {
        if heard.conversation.is_none() {
            heard.conversation = id.filter(|id| is_id(id)).map(str::to_owned);
        }
    }
}

impl Observer for Reader {
    fn line(&mut self, _: Stream, line: &[u8]) -> bool {
        Self::line(self, line)
    }

    fn conversation(&self) -> Option<String> {
        self.heard.conversation.clone()
    }

    fn summary(&self) -> Option<String> {
        // A line of its protocol is nothing that it says.
        let silent = || self.speaks.then(|| "it has not said anything".to_owned());
        self.heard.answer.clone().or_else(silent)
    }

    fn failure(&self) -> Option<String> {
        self.heard.failure.clone()
    }

    fn complaint(&self) -> Option<String> {
        self.heard.complaint.clone()
    }

    fn forgot(&self, code: Option<i32>) -> bool {
        let known = self.preset.and_then(|preset| preset.unknown_code);
        self.heard.unknown || (known.is_some() && code == known)
    }
}

/// Whether text can be the id of a conversation, which a program is given as an argument.
pub fn is_id(text: &str) -> bool {
    text.len() <= ID
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
}

fn kept(text: &str) -> Option<String> {
    let text = head(text.trim(), TEXT);
    (!text.is_empty()).then(|| text.to_owned())
}

/// At most `limit` bytes.
fn head(text: &str, limit: usize) -> &str {
    let ends = (0..=limit.min(text.len())).rev();
    let end = ends.into_iter().find(|end| text.is_char_boundary(*end));
    text.get(..end.unwrap_or(0)).unwrap_or("")
}
