//! Agents that can be started on an item of work: which command that is, and what its output says.
//!
//! How the programs differ is data in `presets.rs`; the configuration can say otherwise for each
//! agent. Nothing here starts anything.

mod presets;
mod reader;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};

use crate::child;
use crate::config::{Config, Program};
use presets::{Preset, preset};
pub use reader::{Heard, Reader, is_id};

/// The word of a command in place of which the further arguments stand.
const ARGS: &str = "{args}";

/// An agent, with everything that is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// What it is called.
    pub name: String,
    /// The command that begins a conversation, with placeholders.
    pub start: Vec<String>,
    /// The command that goes on with one; none if that is not possible.
    pub resume: Vec<String>,
    /// The model, if one was chosen.
    pub model: Option<String>,
    /// How many may run at the same time.
    pub max_parallel: usize,
    /// Whether it stands in the configuration.
    pub is_configured: bool,
    program: Option<Program>,
    pointer: Option<String>,
}

/// What is filled into a command.
#[derive(Debug, Clone, Copy, Default)]
pub struct Words<'w> {
    /// What the agent is to do.
    pub prompt: &'w str,
    /// The model, in place of the agent's own.
    pub model: Option<&'w str>,
    /// The id of the conversation.
    pub id: Option<&'w str>,
}

impl Agent {
    /// The agent of this name: one of the configuration, or one of the programs that are known.
    pub fn named(config: &Config, name: &str) -> Option<Self> {
        let settings = config.agents.get(name);
        let program = settings.and_then(|settings| settings.host);
        let program = program.or_else(|| Program::named(name));
        if settings.is_none() && program.is_none() {
            return None;
        }
        let known = program.map(preset);
        let own = settings.cloned().unwrap_or_default();
        let command = |own: Option<Vec<String>>, known: Option<&[&str]>| {
            let known = || known.unwrap_or_default().iter().map(ToString::to_string);
            let words = own.unwrap_or_else(|| known().collect());
            let words = words.into_iter().flat_map(|word| match word.as_str() {
                ARGS => settings.map(|own| own.args.clone()).unwrap_or_default(),
                _ => vec![word],
            });
            words.collect::<Vec<_>>()
        };
        // Another command to begin with begins another kind of conversation.
        let resumes = known.filter(|_| own.start.is_none());
        Some(Self {
            name: name.to_owned(),
            start: command(own.start, known.map(|known| known.start)),
            resume: command(own.resume, resumes.map(|known| known.resume)),
            model: own.model,
            max_parallel: own.max_parallel.map_or(usize::MAX, |max| {
                usize::try_from(max.get()).unwrap_or(usize::MAX)
            }),
            is_configured: settings.is_some(),
            program,
            pointer: own.conversation,
        })
    }

    /// One of which only the name is known, and that can neither be started nor resumed.
    pub fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            start: Vec::new(),
            resume: Vec::new(),
            model: None,
            max_parallel: usize::MAX,
            is_configured: false,
            program: None,
            pointer: None,
        }
    }

    /// Every agent that has a name, those of the configuration first.
    pub fn all(config: &Config) -> Vec<Self> {
        let known = Program::ALL.into_iter().map(Program::name);
        let known = known.filter(|name| !config.agents.contains_key(*name));
        let own = config
            .agents
            .keys()
            .filter_map(|name| Self::named(config, name));
        own.chain(known.filter_map(|name| Self::named(config, name)))
            .collect()
    }

    /// Whether its conversations have the id that they are given.
    pub fn takes_id(&self) -> bool {
        self.start.iter().any(|word| word.contains("{id}"))
    }

    /// The command that begins a conversation.
    pub fn started(&self, words: Words) -> Vec<String> {
        self.filled(&self.start, words)
    }

    /// The command that goes on with one.
    pub fn resumed(&self, words: Words) -> Vec<String> {
        self.filled(&self.resume, words)
    }

    /// Reads what it prints.
    pub fn reader(&self) -> Reader {
        Reader::new(self.preset(), self.pointer.clone())
    }

    fn preset(&self) -> Option<&'static Preset> {
        self.program.map(preset)
    }

    fn filled(&self, argv: &[String], words: Words) -> Vec<String> {
        let values = [
            ("prompt", Some(words.prompt)),
            ("model", words.model.or(self.model.as_deref())),
            ("id", words.id),
        ];
        let lacks = |word: &str| {
            let mut missing = values.iter().filter(|(_, value)| value.is_none());
            missing.any(|(name, _)| word.contains(&format!("{{{name}}}")))
        };
        let mut kept: Vec<String> = Vec::new();
        for word in argv {
            if !lacks(word) {
                kept.push(word.clone());
            } else if word.starts_with('{') && kept.len() > 1 {
                // The option that would have had it as its value.
                kept.pop_if(|option| option.starts_with('-'));
            }
        }
        let values = values.iter();
        let values: Vec<_> = values
            .filter_map(|(name, value)| Some((*name, (*value)?)))
            .collect();
        child::filled(&kept, &values)
    }
}

/// A random UUID (version 4, RFC 9562), by which a conversation can be known before it begins.
///
/// # Errors
///
/// When the operating system gives no random bytes.
pub fn new_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    let number = u128::from_be_bytes(bytes);
    let version = (number & !(0xf << 76)) | (0x4 << 76);
    let variant = (version & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{variant:032x}");
    let mut id = String::new();
    for (at, digit) in hex.chars().enumerate() {
        let dash = if matches!(at, 8 | 12 | 16 | 20) {
            "-"
        } else {
            ""
        };
        let _ = write!(id, "{dash}{digit}");
    }
    Ok(id)
}

#[cfg(test)]
mod tests;
