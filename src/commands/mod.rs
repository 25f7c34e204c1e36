//! One file a command: it turns arguments into one call of an operation and prints the outcome.
//! Nothing about sessions is decided here.

mod close;
mod docs;
mod lint;
mod list;
mod log;
mod new;
mod output;
mod restore;
mod rule;
mod set;
mod show;

use std::io::{self, Read};
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::cli::{self, Cli, Command, Global};
use crate::clock;
use crate::document::is_token;
use crate::document::time::Timestamp;
use crate::error::{Error, Result};
use crate::shell;
use crate::store::{FILE_LIMIT, Place, Store};
use output::Output;

/// What every command gets.
struct Context {
    output: Output,
    place: Place,
    now: Timestamp,
}

impl Context {
    fn store(&self) -> Result<Store> {
        Store::open(&self.place)
    }
}

/// Runs a command. The exit code is 0 when it did what was asked, 1 for findings or an unmet gate,
/// 2 for everything else.
pub fn run(cli: Cli) -> ExitCode {
    let output = Output::new(&cli.global);
    match dispatch(cli, &output) {
        Ok(code) => code,
        Err(error) => output.error(&error),
    }
}

/// Answers arguments that make no sense, and `--help`, which the parser takes for an error too.
pub fn wrong_use(error: &clap::Error) -> ExitCode {
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if !help && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.render().to_string();
        let first = text.lines().next().unwrap_or("wrong use");
        let message = first.strip_prefix("error: ").unwrap_or(first);
        let error = Error::usage(message).hint("agentsess help --all");
        return Output::json().error(&error);
    }
    // A reader that has gone away has what it wanted.
    let _ = error.print();
    ExitCode::from(if help { 0 } else { 2 })
}

fn dispatch(cli: Cli, output: &Output) -> Result<ExitCode> {
    let Global {
        directory,
        sessions_dir,
        ..
    } = cli.global;
    let context = Context {
        output: output.clone(),
        place: Place {
            directory,
            sessions: sessions_dir.filter(|dir| !dir.as_os_str().is_empty()),
        },
        now: clock::now()?,
    };
    match cli.command {
        None => list::overview(&context),
        Some(Command::New(arguments)) => new::run(&context, &arguments),
        Some(Command::Log(arguments)) => log::run(&context, &arguments),
        Some(Command::Show(arguments)) => show::run(&context, &arguments),
        Some(Command::List(_)) => list::run(&context),
        Some(Command::Close(arguments)) => close::run(&context, &arguments),
        Some(Command::Set(arguments)) => set::run(&context, &arguments),
        Some(Command::Restore(arguments)) => restore::run(&context, &arguments),
        Some(Command::Lint(arguments)) => lint::run(&context, &arguments),
        Some(Command::Rule(arguments)) => rule::run(&context, &arguments),
        Some(Command::Completions(arguments)) => docs::completions(&context, &arguments),
        Some(Command::Man(arguments)) => docs::man(&context, &arguments),
        Some(Command::Help(arguments)) => docs::help(&context, &arguments),
    }
}

/// Who runs this: what was given, else the agent whose environment is recognised, else the user.
fn author(author: &cli::Author) -> String {
    // Each of these is set by one host for the commands that it starts.
    const HOSTS: [(&str, &str); 6] = [
        ("CLAUDECODE", "claude"),
        ("CODEX_THREAD_ID", "codex"),
        ("GEMINI_CLI", "gemini"),
        ("COPILOT_CLI", "copilot"),
        ("OPENCODE", "opencode"),
        ("CURSOR_AGENT", "cursor"),
    ];
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let host = || {
        let found = HOSTS.iter().find(|(variable, _)| set(variable).is_some());
        found.map(|(_, host)| (*host).to_owned())
    };
    let user = || {
        set("USER")
            .or_else(|| set("LOGNAME"))
            .filter(|user| is_token(user))
    };
    author
        .agent
        .clone()
        .filter(|given| !given.is_empty())
        .or_else(host)
        .or_else(user)
        .unwrap_or_else(|| "user".to_owned())
}

/// The session that a command means. If that is not clear, the error ends with the same command
/// and a choice.
fn select(store: &Store, selector: Option<&str>) -> Result<String> {
    store.select(selector).map_err(|mut error| {
        let Some(candidate) = error.details.first() else {
            return error;
        };
        let mut words: Vec<String> = std::env::args().skip(1).collect();
        match words
            .iter_mut()
            .find(|word| Some(word.as_str()) == selector)
        {
            Some(word) => word.clone_from(candidate),
            None => words.extend(["-s".to_owned(), candidate.clone()]),
        }
        let words: Vec<_> = words.iter().map(|word| shell::word(word)).collect();
        error.hint = Some(format!("agentsess {}", words.join(" ")));
        error
    })
}

/// The words of an argument that may also be `-`, for standard input.
enum Words {
    None,
    Text(String),
    Input(String),
}

impl Words {
    fn read(command: &str, words: &[String], named: Option<&str>) -> Result<Self> {
        let input = words.last().is_some_and(|word| word == "-");
        match (words, named) {
            _ if input => Ok(Self::Input(standard_input(command)?)),
            ([], None) => Ok(Self::None),
            ([], Some(text)) => Ok(Self::Text(text.to_owned())),
            (words, _) => Ok(Self::Text(words.join(" "))),
        }
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn input(&self) -> Option<&str> {
        match self {
            Self::Input(text) => Some(text),
            _ => None,
        }
    }
}

fn standard_input(command: &str) -> Result<String> {
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(FILE_LIMIT + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| Error::usage(format!("cannot read standard input: {error}")))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(
            Error::usage("standard input has more than a session may hold")
                .hint("agentsess log \"The output is in a file\" --file PATH"),
        );
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::usage(format!("standard input is not UTF-8 from byte {at} on")).hint(format!(
            "iconv -f latin1 -t utf-8 FILE | agentsess {command} -"
        ))
    })?;
    if text.trim().is_empty() {
        return Err(
            Error::usage("standard input is empty").hint(format!("agentsess {command} - < FILE"))
        );
    }
    Ok(text)
}
