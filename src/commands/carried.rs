//! What a command was called with goes on in the commands that it suggests, so that they act on
//! the same folder and as the same agent.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory};

use crate::cli::Cli;
use crate::shell::{self, Token};

/// Arguments that hold for every command and come before its name, and their options, the one
/// that is written first.
const PLACE: [(&str, &[&str]); 2] = [
    ("directory", &["-C", "--directory"]),
    ("sessions_dir", &["--sessions-dir"]),
];

/// Arguments that only some commands have.
const OWN: [(&str, &[&str]); 2] = [("agent", &["--agent"]), ("config", &["--config"])];

/// The commands that say the same everywhere.
const PLACELESS: [&str; 5] = ["completions", "help", "man", "rule", "schema"];

/// The options that were typed. What a variable of the environment says still holds for the next
/// command, and is not among them.
#[derive(Debug, Clone, Default)]
pub(super) struct Carried {
    place: Vec<Typed>,
    own: Vec<Typed>,
    directory: PathBuf,
}

/// An option and its value.
#[derive(Debug, Clone)]
struct Typed {
    id: &'static str,
    options: &'static [&'static str],
    /// As a word for a shell.
    value: String,
}

impl Typed {
    /// Whether a word of a command is this option, its value included or not.
    fn is(&self, word: &str) -> bool {
        self.options.iter().any(|option| {
            let rest = word.strip_prefix(option);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('=') || option.len() == 2)
        })
    }

    fn write(&self, result: &mut String) {
        let option = self.options.first().unwrap_or(&"");
        let _ = write!(result, " {option} {}", self.value);
    }
}

impl Carried {
    pub fn new(matches: &ArgMatches) -> Self {
        let mut matches = matches;
        // Options of every command are known to the innermost one, too.
        while let Some((_, nested)) = matches.subcommand() {
            matches = nested;
        }
        let typed = |id: &str| {
            let mut values = matches.try_get_raw(id).ok()??;
            let value = values.next()?.to_string_lossy().into_owned();
            (matches.value_source(id) == Some(ValueSource::CommandLine)).then_some(value)
        };
        let all = |arguments: &'static [(&'static str, &'static [&'static str])]| {
            let typed = arguments.iter().filter_map(|(id, options)| {
                let value = shell::word(&typed(id)?);
                Some(Typed { id, options, value })
            });
            typed.collect()
        };
        Self {
            directory: typed("directory").map(PathBuf::from).unwrap_or_default(),
            place: all(&PLACE),
            own: all(&OWN),
        }
    }

    /// The same without what is about who calls.
    pub fn for_others(&self) -> Self {
        let mut others = self.clone();
        others.own.retain(|typed| typed.id != "agent");
        others
    }

    /// The words of a command without the directory that it names.
    pub fn without_directory(words: Vec<String>) -> Vec<String> {
        let mut is_value = false;
        let mut kept = words;
        kept.retain(|word| {
            let value = std::mem::replace(&mut is_value, false);
            is_value = !value && (word == "-C" || word == "--directory");
            let joined = word.starts_with("--directory=") || word.starts_with("-C");
            !value && !is_value && !joined
        });
        kept
    }

    /// A path that is shown, as a word of a command for where the user is.
    pub fn path(&self, path: &Path) -> String {
        let here = path == self.directory;
        let path = if here {
            path
        } else {
            &self.directory.join(path)
        };
        shell::word(&path.display().to_string())
    }

    /// Commands with these options, as far as they have none of their own. A text may have
    /// commands between backticks.
    pub fn onto(&self, text: &str) -> String {
        if self.place.is_empty() && self.own.is_empty() {
            return text.to_owned();
        }
        let tokens = shell::tokens(text);
        let mut result = String::new();
        for command in tokens.split_inclusive(|token| matches!(token, Token::Separator(_))) {
            self.onto_command(command, &mut result);
        }
        result
    }

    fn onto_command(&self, tokens: &[Token], result: &mut String) {
        let words = tokens.iter().enumerate();
        let words = words.filter_map(|(index, token)| Some((index, token.word()?)));
        let words: Vec<_> = words.skip_while(|(_, word)| is_assignment(word)).collect();
        let (first, program) = words.first().copied().unwrap_or_default();
        let mut commands = Cli::command();
        commands.build();
        let subcommand = words.windows(2).find_map(|pair| match pair {
            [(_, before), (index, word)] if !is_place(before) => {
                Some((*index, commands.find_subcommand(word)?))
            }
            _ => None,
        });
        let placeless = subcommand.is_some_and(|(_, it)| PLACELESS.contains(&it.get_name()));
        let is_new = |typed: &&Typed| !words.iter().any(|(_, word)| typed.is(word));
        let mut before = "";
        for (index, token) in tokens.iter().enumerate() {
            let text = token.text();
            let is_argument = index > first && token.word().is_some();
            let is_path = match program {
                // A directory of its own is meant from where this command acted.
                "agentsess" | "git" => before == "-C" && !self.is_directory(text),
                "rm" => !text.starts_with('-'),
                _ => false,
            };
            if is_argument && is_path {
                *result += &self.path(Path::new(&shell::unquoted(text)));
            } else {
                *result += text;
            }
            if token.word().is_some() {
                before = text;
            }
            let place = self.place.iter().filter(is_new);
            match (program, subcommand) {
                ("agentsess", _) if index == first && !placeless => {
                    place.for_each(|typed| typed.write(result));
                }
                ("git", _) if index == first => {
                    let place = place.filter(|typed| typed.id == "directory");
                    place.for_each(|typed| typed.write(result));
                }
                ("agentsess", Some((at, command))) if index == at => {
                    let takes = |typed: &&Typed| {
                        let mut arguments = command.get_arguments();
                        arguments.any(|argument| argument.get_id() == typed.id)
                    };
                    let own = self.own.iter().filter(takes).filter(is_new);
                    own.for_each(|typed| typed.write(result));
                }
                _ => {}
            }
        }
    }

    /// Whether a word is the directory that was typed.
    fn is_directory(&self, word: &str) -> bool {
        let mut place = self.place.iter();
        place.any(|typed| typed.id == "directory" && typed.value == word)
    }
}

/// Whether the word behind this one is the value of an option.
fn is_place(word: &str) -> bool {
    PLACE.iter().any(|(_, options)| options.contains(&word))
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map(|(name, _)| name);
    name.is_some_and(|name| {
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(words: &str, text: &str) -> String {
        let words = words.split(' ');
        Carried::new(&Cli::command().get_matches_from(words)).onto(text)
    }

    #[test]
    fn a_command_goes_on_in_the_same_folder_as_the_same_agent() {
        let given = "agentsess -C ../app --sessions-dir s log x --agent pm";
        for (command, expected) in [
            (
                "agentsess list",
                "agentsess -C ../app --sessions-dir s list",
            ),
            (
                "agentsess log \"it's\" -s weather",
                "agentsess -C ../app --sessions-dir s log --agent pm \"it's\" -s weather",
            ),
            (
                "printf 'a && agentsess list' | agentsess log - && EDITOR=vi agentsess edit x",
                "printf 'a && agentsess list' | agentsess -C ../app --sessions-dir s log --agent pm - \
                 && EDITOR=vi agentsess -C ../app --sessions-dir s edit x",
            ),
            (
                "say so with `agentsess pause`, or wait",
                "say so with `agentsess -C ../app --sessions-dir s pause --agent pm`, or wait",
            ),
            ("git log -- a.md", "git -C ../app log -- a.md"),
            (
                "git add a && rm -r 'b c'",
                "git -C ../app add a && rm -r '../app/b c'",
            ),
            (
                "agentsess --directory=../app show x",
                "agentsess --sessions-dir s --directory=../app show x",
            ),
            (
                "agentsess -C log --sessions-dir s pause",
                "agentsess -C ../app/log --sessions-dir s pause --agent pm",
            ),
            ("run the command again", "run the command again"),
            ("agentsess rule secret", "agentsess rule secret"),
            (
                "agentsess -C ../wt show x",
                "agentsess --sessions-dir s -C ../app/../wt show x",
            ),
        ] {
            assert_eq!(carried(given, command), expected);
            // What has been carried on once stays as it is.
            if !expected.contains("../app/") {
                assert_eq!(carried(given, expected), expected);
            }
        }
    }

    #[test]
    fn only_what_was_typed_and_what_the_command_takes_is_carried_on() {
        assert_eq!(
            carried("agentsess list", "agentsess show x"),
            "agentsess show x"
        );
        let lint = carried("agentsess lint --config c.toml", "agentsess lint --fix");
        assert_eq!(lint, "agentsess lint --config c.toml --fix");
        let rule = carried("agentsess lint --config c.toml", "agentsess rule x");
        assert_eq!(rule, "agentsess rule x");
    }
}
