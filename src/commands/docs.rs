//! What the program says about itself: help, completions, man pages.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::CommandFactory;

use super::Context;
use crate::cli::{self, Cli, GROUPS};
use crate::error::{Error, Result, nearest};

pub(super) fn help(context: &Context, arguments: &cli::Help) -> Result<ExitCode> {
    let text = match arguments.command.as_slice() {
        [] if arguments.all => all(),
        [] => Cli::command().render_long_help().ansi().to_string(),
        names => command(names)?.render_long_help().ansi().to_string(),
    };
    context.output.write(&text)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn completions(context: &Context, arguments: &cli::Completions) -> Result<ExitCode> {
    let mut script = Vec::new();
    let name = env!("CARGO_PKG_NAME");
    clap_complete::generate(arguments.shell, &mut Cli::command(), name, &mut script);
    context.output.raw(&script)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn man(context: &Context, arguments: &cli::Man) -> Result<ExitCode> {
    let command = if let Some(name) = &arguments.command {
        command(std::slice::from_ref(name))?
    } else {
        // On a page there is room for all commands.
        let names = GROUPS.iter().flat_map(|(_, names)| *names);
        let root = Cli::command()
            .subcommand_help_heading("Commands")
            .subcommand_value_name("COMMAND");
        names.fold(root, |root, name| {
            root.mut_subcommand(name, |command| command.hide(false))
        })
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Error::usage(format!("cannot write the man page: {error}")))?;
    context.output.raw(&page)?;
    Ok(ExitCode::SUCCESS)
}

/// A command as `agentsess NAME… --help` knows it, global options included.
fn command(names: &[String]) -> Result<clap::Command> {
    let mut root = Cli::command();
    root.build();
    let mut found = &root;
    for name in names {
        found = found.find_subcommand(name).ok_or_else(|| {
            let known = found.get_subcommands().map(clap::Command::get_name);
            let error = Error::usage(format!("there is no command `{}`", names.join(" ")));
            match nearest(name, known) {
                Some(near) => error.hint(format!("agentsess help {near}")),
                None => error.hint("agentsess help --all"),
            }
        })?;
    }
    let name = format!("agentsess-{}", names.join("-"));
    Ok(found.clone().display_name(name))
}

fn all() -> String {
    let root = Cli::command();
    let mut text = String::new();
    for (group, names) in GROUPS {
        let _ = writeln!(text, "{group}:");
        for name in *names {
            let about = root
                .find_subcommand(name)
                .and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let _ = writeln!(text, "  {name:<12} {about}");
        }
        text.push('\n');
    }
    text.push_str("Explain one: agentsess help NAME\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_is_in_one_group_and_the_first_group_is_what_help_shows() {
        let root = Cli::command();
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| *names).collect();
        grouped.sort();
        let mut all: Vec<_> = root
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        all.sort_unstable();
        assert_eq!(grouped.into_iter().copied().collect::<Vec<_>>(), all);
        let shown = root
            .get_subcommands()
            .filter(|command| !command.is_hide_set());
        let shown: Vec<_> = shown.map(clap::Command::get_name).collect();
        assert_eq!(shown, GROUPS[0].1);
    }
}
