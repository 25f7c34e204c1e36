//! One file a command: it turns arguments into one call of an operation and prints the outcome.
//! Nothing about sessions is decided here.

mod adopt;
mod block;
mod carried;
mod close;
mod decide;
mod docs;
mod doctor;
mod done;
mod edit;
mod fix;
mod handoff;
mod hook;
mod init;
mod link;
mod lint;
mod list;
mod log;
mod mcp;
mod new;
mod output;
mod pause;
mod planning;
mod progress;
mod prompt;
mod report;
mod restore;
mod resume;
mod rule;
mod run;
mod runs;
mod schema;
mod set;
mod settings;
mod show;
mod task;
mod template;
mod tmux;
mod trust;
mod unblock;
mod use_session;
mod verbose;
mod wave;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::cli::{self, Cli, Command, Global};
use crate::clock;
use crate::document::is_token;
use crate::document::time::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::hosts::{self, Host};
use crate::operations;
use crate::operations::conversation::Calling;
use crate::shell;
use crate::store::{Caller, FILE_LIMIT, Place, Purpose, SettingsFile, Store, TrustFile};
use carried::Carried;
pub use init::skill;
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

    /// The same for a command that has to work where the settings are wrong, and what is wrong with
    /// them.
    fn store_without_settings(&self, make: bool) -> Result<(Store, Option<Error>)> {
        let mut place = Place {
            make,
            ..self.place.clone()
        };
        Store::open(&place)
            .map(|store| (store, None))
            .or_else(|error| {
                place.settings = SettingsFile::None;
                Ok((Store::open(&place)?, Some(error)))
            })
    }

    /// The store for a command that makes the sessions folder if it is not there.
    fn store_to_be(&self, sessions: Option<PathBuf>) -> Result<Store> {
        let mut place = self.place.clone();
        place.sessions = sessions.or(place.sessions);
        place.make = true;
        Store::open(&place)
    }
}

/// Runs a command. The exit code is 0 when it did what was asked, 1 for findings or an unmet gate,
/// 2 for everything else.
pub fn run(matches: &ArgMatches) -> ExitCode {
    let cli = match Cli::from_arg_matches(matches) {
        Ok(cli) => cli,
        Err(error) => return wrong_use(&error),
    };
    let output = Output::new(&cli.global, Carried::new(matches));
    verbose::start(&cli.global);
    let is_hook = matches!(cli.command, Some(Command::Hook(_)));
    let is_run = matches!(&cli.command, Some(Command::Run(run)) if !run.items.are_several());
    match dispatch(cli, &output) {
        Ok(code) => code,
        Err(error) if is_hook => hook::fail(&Place::default(), "hook", &error.to_string()),
        Err(error) => {
            let code = output.error(&error);
            // Others are the command's that it starts.
            if is_run {
                ExitCode::from(run::FAILED)
            } else {
                code
            }
        }
    }
}

/// Answers arguments that make no sense, and `--help`, which the parser takes for an error too.
pub fn wrong_use(error: &clap::Error) -> ExitCode {
    let help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    let words = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    let several = words
        .take_while(|word| word != "--")
        .any(|word| word == "--all-open" || word.split('=').next() == Some("--wave"));
    let failed = if !help && is_meant("run") && !several {
        run::FAILED
    } else {
        2
    };
    if !help && std::env::args_os().any(|argument| argument == "--json") && !is_meant("hook") {
        let text = error.render().to_string();
        let said = text.lines().take_while(|line| !line.trim().is_empty());
        let said = said.map(str::trim).collect::<Vec<_>>().join(" ");
        let message = said.strip_prefix("error: ").unwrap_or(&said);
        let root = Cli::command();
        let mut words = std::env::args_os().skip(1);
        let command = words.find_map(|word| root.find_subcommand(word));
        let about = command.map_or("--all", clap::Command::get_name);
        let error = Error::usage(message).hint(format!("agentsess help {about}"));
        Output::json().error(&error);
        return ExitCode::from(failed);
    }
    if !help && is_meant("hook") {
        return hook::refuse(error);
    }
    // A reader that has gone away has what it wanted.
    let _ = error.print();
    if error.kind() == ErrorKind::InvalidSubcommand {
        anstream::eprint!("{}", output::hint("agentsess help --all"));
    }
    ExitCode::from(if help { 0 } else { failed })
}

/// Whether the arguments, wrong as they are, are those of a command.
fn is_meant(command: &str) -> bool {
    let matches = Cli::command().ignore_errors(true).try_get_matches();
    matches.is_ok_and(|matches| matches.subcommand_name() == Some(command))
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
            sessions: sessions_dir.filter(|dir| !dir.is_empty()).map(Into::into),
            ..Place::default()
        },
        now: clock::now()?,
    };
    match cli.command {
        None => list::overview(&context),
        Some(Command::New(arguments)) => new::run(&context, &arguments),
        Some(Command::Log(arguments)) => log::run(&context, &arguments),
        Some(Command::Show(arguments)) => show::run(&context, &arguments),
        Some(Command::List(arguments)) => list::run(&context, &arguments),
        Some(Command::Handoff(arguments)) => handoff::run(&context, &arguments),
        Some(Command::Resume(arguments)) => resume::run(&context, &arguments),
        Some(Command::Close(arguments)) => close::run(&context, &arguments),
        Some(Command::Set(arguments)) => set::run(&context, &arguments),
        Some(Command::Done(arguments)) => done::run(&context, &arguments),
        Some(Command::Task(arguments)) => task::run(&context, &arguments),
        Some(Command::Decide(arguments)) => decide::run(&context, &arguments),
        Some(Command::Block(arguments)) => block::run(&context, &arguments),
        Some(Command::Unblock(arguments)) => unblock::run(&context, &arguments),
        Some(Command::Pause(arguments)) => pause::run(&context, &arguments),
        Some(Command::Use(arguments)) => use_session::run(&context, &arguments),
        Some(Command::Edit(arguments)) => edit::run(&context, &arguments),
        Some(Command::Template(arguments)) => template::run(&context, &arguments),
        Some(Command::Link(arguments)) => link::run(&context, &arguments),
        Some(Command::Restore(arguments)) => restore::run(&context, &arguments),
        Some(Command::Lint(arguments)) => lint::run(&context, &arguments),
        Some(Command::Rule(arguments)) => rule::run(&context, &arguments),
        Some(Command::Schema(arguments)) => schema::run(&context, &arguments),
        Some(Command::Adopt(arguments)) => adopt::run(&context, &arguments),
        Some(Command::Run(arguments)) => run::run(&context, &arguments),
        Some(Command::Runs(arguments)) => runs::run(&context, &arguments),
        Some(Command::Mcp(arguments)) => mcp::run(&context, &arguments),
        Some(Command::Doctor(arguments)) => doctor::run(&context, &arguments),
        Some(Command::Init(arguments)) => init::run(&context, &arguments),
        Some(Command::Hook(arguments)) => Ok(hook::run(&context, &arguments)),
        Some(Command::Trust(arguments)) => trust::run(&context, &arguments),
        Some(Command::Completions(arguments)) => docs::completions(&context, &arguments),
        Some(Command::Man(arguments)) => docs::man(&context, &arguments),
        Some(Command::Help(arguments)) => docs::help(&context, &arguments),
    }
}

/// The coding agent that runs this, if its environment tells.
fn host() -> Option<&'static str> {
    Host::of_environment(variable).map(|host| host.name)
}

/// What this user trusts, in the user's folder for state.
fn trust_file() -> Result<TrustFile> {
    let home = || folder("HOME").map(|home| home.join(".local/state"));
    let state = folder("XDG_STATE_HOME").or_else(home);
    state.map(|state| TrustFile::below(&state)).ok_or_else(|| {
        Error::usage("there is no folder for what you trust: HOME is not set")
            .hint("XDG_STATE_HOME=/path/to/state agentsess trust --list")
    })
}

/// The value of an environment variable that has one.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The folder that an environment variable names; what is not absolute does not count.
fn folder(name: &str) -> Option<PathBuf> {
    let path = variable(name).map(PathBuf::from);
    path.filter(|path| path.is_absolute())
}

/// Where the sessions may be that are not in this folder: what to say, and the command to go on
/// with.
fn sessions_above(store: &Store) -> Option<(String, String)> {
    let above = store.sessions_above(folder("HOME").as_deref())?;
    let above = above.display();
    let message = format!("there are sessions in {above}; without git only this folder counts");
    Some((message, format!("agentsess -C {above} list")))
}

/// Who runs this: what was given, else the agent whose environment is recognised, else the user.
fn author(author: &cli::Author) -> String {
    let user = || {
        variable("USER")
            .or_else(|| variable("LOGNAME"))
            .filter(|user| is_token(user))
    };
    author
        .agent
        .clone()
        .filter(|given| !given.is_empty())
        .or_else(|| host().map(str::to_owned))
        .or_else(user)
        .unwrap_or_else(|| "user".to_owned())
}

/// Whether a person runs this, as far as can be told: no agent is named, and none is recognised.
fn is_person(author: &cli::Author) -> bool {
    author.agent.as_deref().unwrap_or("").is_empty() && host().is_none()
}

/// Names the session that commands mean to which none is given.
const SESSION: &str = "AGENTSESS_SESSION";

/// Names the agent that commands are run by to which none is given.
const AGENT: &str = "AGENTSESS_AGENT";

/// The run as which this runs, if an agent that was started calls it.
fn own_run() -> Option<String> {
    variable(operations::runs::RUN)
}

/// The conversation with an agent in which this runs, if its environment tells.
fn conversation(store: &Store) -> Option<String> {
    let ids = hosts::conversations(variable);
    if ids.len() < 2 || variable(hosts::CONVERSATION).is_some() {
        return ids.into_iter().next();
    }
    // An agent that another one started has that one's variables, too. It is the one that was bound
    // where both were to be seen, or that is not bound yet.
    let known: Vec<_> = ids.iter().filter_map(|id| store.conversation(id)).collect();
    let fresh = || ids.iter().find(|id| known.iter().all(|it| it.id != **id));
    let latest = |nested: bool| {
        let meant = known.iter().filter(|it| it.nested || !nested);
        meant.max_by_key(|it| it.bound_at).map(|it| &it.id)
    };
    latest(true)
        .or_else(fresh)
        .or_else(|| latest(false))
        .cloned()
}

/// The same with its host, as operations take it.
fn calling(conversation: Option<&str>) -> Option<Calling<'_>> {
    conversation.map(|id| Calling {
        id,
        host: host(),
        nested: hosts::conversations(variable).len() > 1,
    })
}

/// The session that a command is to write to.
fn select(store: &Store, selector: Option<&str>) -> Result<String> {
    choose(store, selector, Purpose::Write)
}

/// The same for a command that only reads. If it is not clear which one is meant, the error ends with
/// the same command and a choice.
fn select_to_read(store: &Store, selector: Option<&str>) -> Result<String> {
    choose(store, selector, Purpose::Read)
}

/// The same for a command that closes it.
fn select_to_close(store: &Store, selector: Option<&str>) -> Result<String> {
    choose(store, selector, Purpose::Close)
}

fn choose(store: &Store, selector: Option<&str>, purpose: Purpose) -> Result<String> {
    let named = variable(SESSION);
    let selector = selector.or(named.as_deref());
    let agent = variable(AGENT).or_else(|| host().map(str::to_owned));
    let conversation = conversation(store);
    let caller = Caller {
        agent: agent.as_deref(),
        conversation: conversation.as_deref(),
        purpose,
        now: clock::now()?,
    };
    let chosen = match selector {
        Some(selector) => store.select(selector, caller.agent),
        None => store.meant(&caller),
    };
    chosen.map_err(|mut error| {
        // A candidate is the first word of its line. For want of an active session, those that
        // are listed are completed, and hardly a command takes them without being told so.
        let candidate = error
            .details
            .first()
            .and_then(|line| line.split_whitespace().next());
        // Which one is written to, nobody chooses by accident.
        let choice = match error.kind {
            Kind::Ambiguous => purpose == Purpose::Read,
            _ => selector.is_some(),
        };
        if let Some(candidate) = candidate.filter(|_| choice) {
            error.hint = Some(with_session(
                selector,
                candidate,
                error.elsewhere.as_deref(),
            ));
        } else if error.kind == Kind::NotFound
            && let Some((message, command)) = sessions_above(store)
        {
            error.details.push(message);
            error.hint = Some(command);
        }
        error
    })
}

/// The commands that take a session without an option.
const NAMED: [&str; 7] = ["close", "edit", "handoff", "link", "resume", "show", "use"];

/// The command that was run, but for another session, perhaps of another work tree.
fn with_session(selector: Option<&str>, session: &str, root: Option<&Path>) -> String {
    let (mut words, mut behind) = split(words());
    if let Some(root) = root {
        words = Carried::without_directory(words);
        words.splice(0..0, ["-C".to_owned(), root.display().to_string()]);
    }
    let named = words.iter().any(|word| NAMED.contains(&word.as_str()));
    let mut option = false;
    // Behind `--` there is a session, a text, or a command with words of its own.
    let session_behind = behind.iter_mut().filter(|_| named);
    let mut all = words.iter_mut().chain(session_behind);
    let said = all.find(|word| {
        let here = Some(word.as_str()) == selector && (option || named);
        option = *word == "-s" || *word == "--session";
        here || word
            .strip_prefix("--session=")
            .is_some_and(|word| Some(word) == selector)
    });
    match said {
        Some(word) if word.starts_with("--session=") => *word = format!("--session={session}"),
        Some(word) => session.clone_into(word),
        None => words.extend(["-s".to_owned(), session.to_owned()]),
    }
    command(words.into_iter().chain(behind))
}

/// The words of a command with options, which have to stand before `--`.
fn with_options<const N: usize>(
    words: impl IntoIterator<Item = String>,
    options: [&str; N],
) -> String {
    let (words, behind) = split(words);
    let options = options.map(str::to_owned);
    command(words.into_iter().chain(options).chain(behind))
}

/// The words before `--`, and those from it on.
fn split(words: impl IntoIterator<Item = String>) -> (Vec<String>, Vec<String>) {
    let mut words: Vec<_> = words.into_iter().collect();
    let end = words.iter().position(|word| word == "--");
    let behind = words.split_off(end.unwrap_or(words.len()));
    (words, behind)
}

/// The arguments of the command that was run.
fn words() -> impl Iterator<Item = String> {
    let words = std::env::args_os().skip(1);
    words.map(|word| word.to_string_lossy().into_owned())
}

/// A command as it can be typed.
fn command(words: impl IntoIterator<Item = String>) -> String {
    let words = words.into_iter().map(|word| shell::word(&word));
    let words: Vec<_> = words.collect();
    format!("agentsess {}", words.join(" "))
}

/// The words of an argument of which one may be `-`, for standard input.
#[derive(Debug, Default)]
struct Words {
    text: Option<String>,
    input: Option<String>,
}

impl Words {
    /// Reads standard input if a word says so. The other words are the text, or else `named` is.
    fn read(command: &str, words: &[String], named: Option<&str>) -> Result<Self> {
        let text: Vec<_> = words.iter().filter(|word| *word != "-").cloned().collect();
        if let (false, Some(named)) = (text.is_empty(), named) {
            let text = shell::word(&text.join(" "));
            return Err(Error::usage(format!(
                "the text is given twice: {text} and {}",
                shell::word(named)
            ))
            .hint(format!("agentsess help {command}")));
        }
        let input = text.len() < words.len();
        Ok(Self {
            text: if text.is_empty() {
                named.map(str::to_owned)
            } else {
                Some(text.join(" "))
            },
            input: input.then(|| standard_input(command)).transpose()?,
        })
    }
}

/// What standard input has, as much as a session may hold; `hint` says what to do with more.
fn input_bytes(hint: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = io::stdin()
        .lock()
        .take(FILE_LIMIT + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| Error::usage(format!("cannot read standard input: {error}")))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Error::usage("standard input has more than a session may hold").hint(hint));
    }
    Ok(bytes)
}

fn standard_input(command: &str) -> Result<String> {
    let bytes = input_bytes(&format!("agentsess help {command}"))?;
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
