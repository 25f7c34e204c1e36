use std::ffi::OsString;
use std::mem::ManuallyDrop;
use std::ops::Deref;

use clap::{ArgMatches, Args, Command, CommandFactory, Error, FromArgMatches};

use super::{Cli, Global};

/// Reads the arguments of this process, the name of the program first.
///
/// The parser hands a copy of each global option to each command, which costs more than everything
/// else that a start takes. So the command that comes first is tried alone; what is wrong or asks
/// for help is answered by the whole, which knows what else there is. Neither is taken apart again
/// afterwards, which would take a tenth of the start.
///
/// # Errors
/// What the parser says of arguments that make no sense, or the help or version asked for.
pub fn parse(arguments: &[OsString]) -> Result<ArgMatches, Error> {
    let mut whole = ManuallyDrop::new(Cli::command());
    let first = arguments.get(1).and_then(|name| name.to_str());
    if let Some(command) = first.and_then(|name| whole.find_subcommand(name)) {
        let alone = Global::augment_args(Command::new(env!("CARGO_PKG_NAME")))
            .disable_help_subcommand(true)
            .subcommand(command.clone());
        if let Ok(matches) = ManuallyDrop::new(alone).try_get_matches_from_mut(arguments) {
            return Ok(matches);
        }
    }
    whole.try_get_matches_from_mut(arguments)
}

/// The arguments of a command, defined only once that command is called.
///
/// To define those of all commands at each start would take most of the start. Commands of which
/// others are part have to be known from the beginning.
#[derive(Debug)]
pub struct Deferred<T>(T);

impl<T> Deref for Deferred<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Args> Args for Deferred<T> {
    fn augment_args(command: Command) -> Command {
        // What is said of the arguments must not replace what is said of the command.
        command.defer(|command| {
            let about = command.get_about().cloned().unwrap_or_default();
            T::augment_args(command).about(about).long_about(None)
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<T: FromArgMatches> FromArgMatches for Deferred<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}
