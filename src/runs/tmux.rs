//! Windows of tmux, each with a program of its own, and how those end.
//!
//! What is given to tmux is looked at by it: a `;` at the end of a word begins another command, and
//! in names and folders `#(…)` is run by a shell. So words are quoted for it, names are plain, and a
//! folder is never given.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::child::{self, End};

/// How long tmux may take to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// What is told of a pane.
const FORMAT: &str = "#{pane_id} #{pane_pid} #{pane_dead} #{pane_dead_status}";

/// What holds a window until its program is started there.
const PLACE: &str = "cat";

/// The session of windows that this program opens where it runs outside of tmux.
pub const SESSION: &str = "agentsess";

/// Variables that are the window's own.
const OWN: [&str; 5] = [
    "TERM",
    "TERM_PROGRAM",
    "TERM_PROGRAM_VERSION",
    "TMUX",
    "TMUX_PANE",
];

/// A tmux that answers.
#[derive(Debug)]
pub struct Tmux {
    /// Whether windows go to the session in which this program runs.
    inside: bool,
}

/// A pane, as tmux tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pane {
    /// Its id, such as `%3`.
    pub id: String,
    /// The number of the process in it.
    pub pid: u32,
    /// Whether that has ended.
    pub dead: bool,
    /// Its exit code then.
    pub code: Option<i32>,
}

impl Tmux {
    /// The tmux on the path; `inside` if this program runs in one of its windows.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn find(inside: bool) -> io::Result<Self> {
        tell(&["-V".into()])?;
        Ok(Self { inside })
    }

    /// How somebody looks at the windows.
    pub fn look(&self) -> Option<String> {
        (!self.inside).then(|| format!("tmux attach -t {SESSION}"))
    }

    /// Opens a window of this plain name and starts a program there. The window stays when that has
    /// ended.
    ///
    /// # Errors
    ///
    /// When tmux refuses.
    pub fn open(
        &self,
        name: &str,
        argv: &[String],
        env: impl Iterator<Item = (OsString, OsString)>,
    ) -> io::Result<Pane> {
        let session = format!("{SESSION}:");
        let exists = self.inside
            || tell(&["has-session".into(), "-t".into(), format!("={SESSION}")]).is_ok();
        let mut open: Vec<&str> = if exists {
            vec!["new-window", "-d"]
        } else {
            vec!["new-session", "-d", "-s", SESSION, "-x", "200", "-y", "50"]
        };
        if exists && !self.inside {
            open.extend(["-t", &session]);
        }
        open.extend(["-n", name, "-P", "-F", FORMAT, PLACE]);
        let open: Vec<_> = open.into_iter().map(str::to_owned).collect();
        let pane = panes(&tell(&open)?).pop();
        let pane = pane.ok_or_else(|| io::Error::other("tmux names no window"))?;
        let mut start = [
            "set-option",
            "-p",
            "-t",
            &pane.id,
            "remain-on-exit",
            "on",
            ";",
        ]
        .map(String::from)
        .to_vec();
        start.extend(["respawn-pane", "-k", "-t", &pane.id].map(String::from));
        for (name, value) in env {
            let (Ok(name), Ok(value)) = (name.into_string(), value.into_string()) else {
                continue;
            };
            if !OWN.contains(&name.as_str()) {
                start.extend(["-e".to_owned(), quoted(&format!("{name}={value}"))]);
            }
        }
        start.push("--".to_owned());
        start.extend(argv.iter().map(|word| quoted(word)));
        start.extend([";", "display-message", "-p", "-t", &pane.id, FORMAT].map(String::from));
        let started = tell(&start).map(|said| panes(&said).pop());
        match started {
            Ok(Some(pane)) => Ok(pane),
            failed => {
                self.close(&pane.id);
                Err(failed
                    .err()
                    .unwrap_or_else(|| io::Error::other("the window is gone")))
            }
        }
    }

    /// All panes there are; none if tmux does not answer any more.
    pub fn panes(&self) -> Vec<Pane> {
        let list = ["list-panes", "-a", "-F", FORMAT].map(String::from);
        tell(&list).map(|said| panes(&said)).unwrap_or_default()
    }

    /// Closes a window.
    pub fn close(&self, pane: &str) {
        // Somebody may have closed it.
        let _ = tell(&["kill-pane".into(), "-t".into(), pane.to_owned()]);
    }
}

fn tell(words: &[String]) -> io::Result<String> {
    let argv: Vec<_> = std::iter::once("tmux".to_owned())
        .chain(words.iter().cloned())
        .collect();
    let said = child::run(&argv, Path::new("/"), None, LIMIT)?;
    if said.end == End::Success {
        return Ok(said.stdout);
    }
    let why = said.lines().into_iter().next();
    Err(io::Error::other(
        why.unwrap_or_else(|| "tmux does not answer".to_owned()),
    ))
}

fn panes(said: &str) -> Vec<Pane> {
    let pane = |line: &str| {
        let mut words = line.split(' ');
        Some(Pane {
            id: words.next()?.to_owned(),
            pid: words.next()?.parse().ok()?,
            dead: words.next()? == "1",
            code: words.next().and_then(|code| code.parse().ok()),
        })
    };
    said.lines().filter_map(pane).collect()
}

/// A word that tmux takes as it is.
fn quoted(word: &str) -> String {
    match word.strip_suffix(';') {
        Some(word) => format!("{word}\\;"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_are_read_as_tmux_tells_of_them() {
        let found = panes("%0 12 0 \n%12 34 1 3\nnonsense\n%1 x 0 \n");
        let pane = |id: &str, pid, dead, code| Pane {
            id: id.into(),
            pid,
            dead,
            code,
        };
        assert_eq!(
            found,
            [pane("%0", 12, false, None), pane("%12", 34, true, Some(3))]
        );
    }

    #[test]
    fn no_word_begins_another_command() {
        for (word, safe) in [
            ("a", "a"),
            (";", "\\;"),
            ("a;b", "a;b"),
            ("a;", "a\\;"),
            ("a\\;", "a\\\\;"),
        ] {
            assert_eq!(quoted(word), safe);
        }
    }
}
