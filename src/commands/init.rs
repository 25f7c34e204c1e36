use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use clap::CommandFactory;
use dialoguer::{Confirm, MultiSelect};
use serde::Serialize;

use super::{Context, folder, output, prompt, words};
use crate::cli::{self, Cli, GROUPS};
use crate::document::Source;
use crate::error::{Error, Result};
use crate::operations::counted;
use crate::operations::init::catalog::{Extra, HOSTS, Host, Part};
use crate::operations::init::{self, Change, Plan, Request};
use crate::render::{self, sanitize};
use crate::store::Store;

#[derive(Serialize)]
struct Answer<'a> {
    files: Vec<File>,
    /// Whether the changes were made.
    done: bool,
    undo: Option<String>,
    notes: &'a [String],
    snippets: Vec<Snippet>,
    hint: Option<String>,
}

#[derive(Serialize)]
struct File {
    path: String,
    change: &'static str,
    diff: String,
}

#[derive(Serialize)]
struct Snippet {
    file: &'static str,
    text: &'static str,
}

pub(super) fn run(context: &Context, arguments: &cli::Init) -> Result<ExitCode> {
    let store = if arguments.remove {
        context.store_without_settings(true)?.0
    } else {
        context.store_to_be(None)?
    };
    let asks = context.output.is_terminal() && !arguments.yes && !arguments.dry_run;
    let (hosts, parts) = chosen(&store, arguments, asks)?;
    if arguments.private && store.exclude_file().is_none() {
        let error = Error::usage("there is no git repository to keep sessions out of");
        return Err(error.hint("git init"));
    }
    let plan = planned(&store, arguments, &hosts, &parts)?;
    let files = || plan.changes.iter().map(|change| File::new(&store, change));
    let mut answer = Answer {
        files: files().collect(),
        done: plan.changes.is_empty(),
        undo: None,
        notes: &plan.notes,
        snippets: snippets(&plan),
        hint: None,
    };
    if plan.changes.is_empty() || arguments.dry_run {
        context.output.print(&answer, || text(&answer, arguments))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !arguments.yes {
        let confirmed = asks && {
            context.output.write(&diffs(&answer))?;
            confirm(plan.changes.len())?
        };
        if !confirmed {
            let asked = words().chain(["--yes".to_owned()]);
            answer.hint = Some(super::command(asked));
            let shown = || if asks { String::new() } else { diffs(&answer) };
            context.output.print(&answer, || {
                let hint = answer.hint.as_deref().map(output::hint);
                shown() + "nothing was changed\n" + &hint.unwrap_or_default()
            })?;
            return Ok(ExitCode::from(2));
        }
    }
    init::apply(&store, &plan)?;
    answer.done = true;
    if !arguments.remove {
        let undo = undo(&store, arguments, (&hosts, &parts), &plan);
        answer.undo = undo.map(|command| context.output.command(&command));
    }
    context.output.print(&answer, || text(&answer, arguments))?;
    Ok(ExitCode::SUCCESS)
}

fn planned(
    store: &Store,
    arguments: &cli::Init,
    hosts: &[&'static Host],
    parts: &[Part],
) -> Result<Plan> {
    let extras = Extra::ALL.into_iter();
    let extras: Vec<_> = extras
        .filter(|extra| arguments.with.iter().any(|it| it == extra.as_str()))
        .collect();
    let request = Request {
        hosts,
        parts,
        extras: &extras,
        private: arguments.private,
        commands: &listed_commands(),
    };
    if arguments.remove {
        let named = [&arguments.host, &arguments.only, &arguments.with];
        let everything = named.iter().all(|names| names.is_empty());
        init::plan_removal(store, &request, everything)
    } else {
        init::plan(store, &request)
    }
}

/// The shortest command that gives back exactly what was there before; none if no command does,
/// because some of it was there already or something of another version was replaced.
fn undo(
    store: &Store,
    arguments: &cli::Init,
    (hosts, parts): (&[&'static Host], &[Part]),
    done: &Plan,
) -> Option<String> {
    let hosts: Vec<_> = hosts.iter().map(|host| host.name.to_owned()).collect();
    let parts: Vec<_> = parts.iter().map(|part| part.as_str().to_owned()).collect();
    let mut choices: Vec<_> = (0_u8..16).collect();
    choices.sort_by_key(|choice| choice.count_ones());
    choices.into_iter().find_map(|choice| {
        let names = |bit: u8, names: &[String]| match choice & bit {
            0 => Vec::new(),
            _ => names.to_vec(),
        };
        let remove = cli::Init {
            remove: true,
            yes: true,
            dry_run: false,
            with: names(1, &arguments.with),
            only: names(2, &parts),
            host: names(4, &hosts),
            private: choice & 8 != 0 && arguments.private,
        };
        let (hosts, parts) = chosen(store, &remove, false).ok()?;
        let plan = planned(store, &remove, &hosts, &parts).ok()?;
        plan.undoes(done).then(|| typed(&remove))
    })
}

/// A removal as it can be typed.
fn typed(remove: &cli::Init) -> String {
    let lists = [
        ("--host", &remove.host),
        ("--only", &remove.only),
        ("--with", &remove.with),
    ];
    let mut text = String::from("agentsess init --remove");
    for (flag, names) in lists.iter().filter(|(_, names)| !names.is_empty()) {
        let _ = write!(text, " {flag} {}", names.join(","));
    }
    text + if remove.private { " --private" } else { "" } + " --yes"
}

/// The hosts and parts that are meant, asked for where somebody can be asked.
fn chosen(
    store: &Store,
    arguments: &cli::Init,
    asks: bool,
) -> Result<(Vec<&'static Host>, Vec<Part>)> {
    let detected = init::detect(store);
    let here = |host: &&Host| detected.iter().any(|it| it.name == host.name);
    let hosts = if !arguments.host.is_empty() {
        let hosts = arguments.host.iter();
        hosts.filter_map(|name| Host::named(name)).collect()
    } else if arguments.remove {
        HOSTS.iter().collect()
    } else if asks {
        let on_path = |host: &Host| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&path).any(|folder| folder.join(host.program).is_file())
        };
        let names = HOSTS
            .each_ref()
            .map(|host| (host.title, here(&host) || on_path(host)));
        let picked = pick("Which programs run agents here?", &names)?;
        picked.iter().filter_map(|at| HOSTS.get(*at)).collect()
    } else {
        detected
    };
    let default = |part: Part| arguments.remove || part != Part::PreCommit;
    let parts = Part::ALL.into_iter();
    let parts = if !arguments.only.is_empty() {
        parts
            .filter(|part| arguments.only.iter().any(|it| it == part.as_str()))
            .collect()
    } else if asks && !arguments.remove {
        let names = Part::ALL.map(|part| (part.title(), default(part)));
        let picked = pick("What is to be installed?", &names)?;
        picked
            .iter()
            .filter_map(|at| Part::ALL.get(*at).copied())
            .collect()
    } else if arguments.remove && !arguments.host.is_empty() {
        // The rest is not one host's alone.
        vec![Part::Hooks, Part::Mcp]
    } else {
        parts.filter(|part| default(*part)).collect()
    };
    Ok((hosts, parts))
}

fn pick(question: &str, names: &[(&str, bool)]) -> Result<Vec<usize>> {
    let select = MultiSelect::new()
        .with_prompt(question)
        .items_checked(names.iter().copied());
    select.interact_on(&prompt::terminal()).map_err(not_asked)
}

fn confirm(files: usize) -> Result<bool> {
    let question = format!("Change {}?", counted(files, "file"));
    let confirm = Confirm::new().with_prompt(question).default(false);
    confirm.interact_on(&prompt::terminal()).map_err(not_asked)
}

fn not_asked(error: dialoguer::Error) -> Error {
    let dialoguer::Error::IO(error) = error;
    Error::usage(format!("nobody can be asked: {error}")).hint("agentsess init --yes")
}

/// The commands that agents use, as a list in Markdown; it says what the help says.
fn listed_commands() -> String {
    let root = Cli::command();
    let groups = GROUPS.iter().take(2);
    groups.fold(String::new(), |mut text, (_, names)| {
        for name in *names {
            let command = root.find_subcommand(name);
            let about = command.and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "- `agentsess {name}`: {about}");
        }
        text
    })
}

/// The skill as it is installed and shipped.
pub fn skill() -> String {
    init::skill(&listed_commands())
}

/// What of this installation is not as it should be.
pub(super) fn examine(store: &Store) -> Vec<crate::operations::doctor::Problem> {
    let path = std::env::var_os("PATH");
    let home = || folder("HOME").map(|home| home.join(".codex"));
    let around = init::check::Surroundings {
        path: path.as_deref(),
        codex: folder("CODEX_HOME").or_else(home),
        commands: &listed_commands(),
    };
    init::check::examine(store, &around)
}

impl File {
    fn new(store: &Store, change: &Change) -> Self {
        let shown = store.shown(&change.path);
        let name = match (&change.old, &change.new) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        let side = |bytes: &Option<Vec<u8>>| Source::new(bytes.clone().unwrap_or_default());
        let none = Path::new("/dev/null");
        let old = change.old.as_ref().map_or(none, |_| &shown);
        let new = change.new.as_ref().map_or(none, |_| &shown);
        Self {
            diff: render::diff([old, new], &side(&change.old), &side(&change.new)),
            path: shown.display().to_string(),
            change: name,
        }
    }
}

fn snippets(plan: &Plan) -> Vec<Snippet> {
    let snippets = plan.snippets.iter();
    snippets
        .map(|(file, text)| Snippet { file, text })
        .collect()
}

fn diffs(answer: &Answer) -> String {
    let mut text = String::new();
    for file in &answer.files {
        text += &file.diff;
    }
    text + &remarks(answer)
}

fn remarks(answer: &Answer) -> String {
    let mut text = String::new();
    for snippet in &answer.snippets {
        let _ = writeln!(
            text,
            "note: put this into {}:\n{}",
            snippet.file, snippet.text
        );
    }
    for note in answer.notes {
        let _ = writeln!(text, "note: {}", sanitize(note));
    }
    text
}

fn text(answer: &Answer, arguments: &cli::Init) -> String {
    if arguments.dry_run && !answer.files.is_empty() {
        return diffs(answer) + "nothing was changed\n";
    }
    let mut text = String::new();
    for file in &answer.files {
        let _ = writeln!(text, "{} {}", file.change, sanitize(&file.path));
    }
    if answer.files.is_empty() {
        let what = match (arguments.remove, answer.snippets.is_empty()) {
            (true, _) if answer.notes.is_empty() => "nothing of agentsess is installed here",
            (false, true) => "all of it is there",
            _ => "nothing was changed",
        };
        let _ = writeln!(text, "{what}");
    }
    text += &remarks(answer);
    if let Some(undo) = &answer.undo {
        let _ = writeln!(text, "undo: {}", sanitize(undo));
    }
    text
}
