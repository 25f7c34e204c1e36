//! Which commands of the configuration may run: those whose content this user has looked at.
//!
//! The content is the arguments and, where one of them names a file of the project, that file's
//! bytes, for this repository. Whatever of it changes has to be looked at again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::agents::Agent;
use crate::child;
use crate::config::AGENTS;
use crate::document::sha256;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::error::{Error, Kind, Result};
use crate::shell;
use crate::store::{Grant, Store, TrustFile};

/// A command that the configuration names, or that is built in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct External {
    /// What it is called.
    pub name: String,
    /// The program and its arguments, with placeholders.
    pub argv: Vec<String>,
    /// The same to go on with what was begun, where that takes another command.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resume: Vec<String>,
    /// Whether it gets a text on standard input.
    pub stdin: bool,
    /// Regular expression for the id it prints.
    pub id: Option<String>,
    /// How long it may take.
    #[serde(skip)]
    pub limit: Duration,
    /// Whether the configuration does not name it.
    #[serde(skip)]
    pub built_in: bool,
}

/// A command and what is known about it.
#[derive(Debug, Serialize)]
pub struct Candidate {
    /// The command.
    #[serde(flatten)]
    pub external: External,
    /// As a shell would take it.
    pub command: String,
    /// The same for the command that goes on with what was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume_command: Option<String>,
    /// Files of the project that are part of it, relative to the root.
    pub files: Vec<PathBuf>,
    /// SHA-256 of all of that.
    pub sha256: String,
    /// Whether it is trusted.
    pub trusted: bool,
}

pub use crate::config::ISSUE_COMMAND;

/// The commands that are built in: name, arguments, whether the body goes to standard input, and
/// how the id is found in what they print.
const BUILT_IN: [(&str, &[&str], bool, &str); 3] = [
    (
        "github",
        &[
            "gh",
            "issue",
            "create",
            "--title",
            "{title}",
            "--body-file",
            "-",
        ],
        true,
        r"/issues/(\d+)\s*$",
    ),
    (
        "beads",
        &["bd", "create", "{title}", "-d", "{body}"],
        false,
        r"(?m)(?:Created issue: *|^)([A-Za-z0-9_.]+-[A-Za-z0-9.-]+)(?:\s|$)",
    ),
    (
        "tk",
        &["tk", "create", "{title}", "-d", "{body}"],
        false,
        r"(?m)^([A-Za-z0-9_.]+-[A-Za-z0-9.-]+)\s*$",
    ),
];

/// Every command there is: those for `close`, then those of agents.
pub fn all(store: &Store) -> Vec<External> {
    let agents = Agent::all(&store.config).into_iter();
    let agents = agents.map(External::of_agent);
    commands(store).into_iter().chain(agents).collect()
}

/// Every command that `close` may run: the configuration's, then the built-in ones that it does not
/// replace.
pub fn commands(store: &Store) -> Vec<External> {
    let close = &store.config.close;
    let mut found = Vec::new();
    if !close.issue_command.is_empty() {
        found.push(External {
            name: ISSUE_COMMAND.to_owned(),
            argv: close.issue_command.clone(),
            resume: Vec::new(),
            stdin: false,
            id: None,
            limit: close.limit(close.issue_timeout),
            built_in: false,
        });
    }
    for (name, sink) in &close.sinks {
        found.push(External {
            name: name.clone(),
            argv: sink.argv.clone(),
            resume: Vec::new(),
            stdin: sink.stdin.is_body(),
            id: Some(sink.id.clone()),
            limit: close.limit(sink.timeout),
            built_in: false,
        });
    }
    let built_in = BUILT_IN
        .into_iter()
        .map(|(name, argv, stdin, id)| External {
            name: name.to_owned(),
            argv: argv.iter().map(ToString::to_string).collect(),
            resume: Vec::new(),
            stdin,
            id: Some(id.to_owned()),
            limit: close.limit(None),
            built_in: true,
        });
    let own = found.len();
    for external in built_in {
        if !found
            .iter()
            .take(own)
            .any(|found| found.name == external.name)
        {
            found.push(external);
        }
    }
    found
}

/// The command of this name.
pub fn command(store: &Store, name: &str) -> Option<External> {
    commands(store)
        .into_iter()
        .find(|external| external.name == name)
}

impl External {
    /// The command with each placeholder, such as `{title}`, filled in.
    pub fn filled(&self, values: &[(&str, &str)]) -> Vec<String> {
        child::filled(&self.argv, values)
    }

    /// The commands that make an agent work.
    pub fn of_agent(agent: Agent) -> Self {
        Self {
            name: format!("{AGENTS}{}", agent.name),
            argv: agent.start,
            resume: agent.resume,
            stdin: false,
            id: None,
            limit: Duration::MAX,
            built_in: !agent.is_configured,
        }
    }

    fn candidate(self, store: &Store, grants: &[Grant]) -> Candidate {
        let words = self.argv.iter().chain(&self.resume);
        let mut files: Vec<_> = words.filter_map(|word| file(store, word)).collect();
        files.dedup();
        let project = project(store);
        let hashes = files.iter();
        let hashes: Vec<_> = hashes
            .map(|(path, hash)| (path.display().to_string(), hash))
            .collect();
        let mut content = serde_json::json!({
            "project": project.display().to_string(),
            "argv": self.argv,
            "stdin": self.stdin,
            "files": hashes,
        });
        if let (false, Some(content)) = (self.resume.is_empty(), content.as_object_mut()) {
            content.insert("resume".to_owned(), self.resume.clone().into());
        }
        let sha256 = sha256(content.to_string().as_bytes());
        Candidate {
            command: shell::words(&self.argv),
            resume_command: (!self.resume.is_empty()).then(|| shell::words(&self.resume)),
            files: files.into_iter().map(|(path, _)| path).collect(),
            trusted: grants.iter().any(|grant| grant.sha256 == sha256),
            sha256,
            external: self,
        }
    }
}

/// The project's file that a word of a command names, with the hash of its bytes.
fn file(store: &Store, word: &str) -> Option<(PathBuf, String)> {
    let path = store.root.join(word).canonicalize().ok()?;
    let within = path.strip_prefix(&store.root).ok()?.to_owned();
    let bytes = path.is_file().then(|| crate::store::read(&path).ok())??;
    Some((within, sha256(&bytes)))
}

/// What all work trees of a repository have in common.
fn project(store: &Store) -> &Path {
    let repository = store.repository.as_ref();
    repository.map_or(&store.root, |repository| &repository.common_dir)
}

/// The commands that `names` name, or all that the configuration does, as they would run.
///
/// # Errors
///
/// When a name is unknown, nothing is configured, or the file of trusted commands is unreadable.
pub fn candidates(store: &Store, trust: &TrustFile, names: &[String]) -> Result<Vec<Candidate>> {
    let grants = trust.grants()?;
    let all = all(store);
    let known: Vec<_> = all.iter().map(|external| external.name.clone()).collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
        let mut error = Error::usage(format!("there is no command `{unknown}`"));
        error.details = known;
        return Err(error.hint("agentsess trust --list"));
    }
    let wanted = |external: &External| match names {
        [] => !external.built_in,
        names => names.contains(&external.name),
    };
    let found: Vec<_> = all.into_iter().filter(wanted).collect();
    if found.is_empty() {
        let mut error = Error::usage("the configuration names no command; built in are");
        error.details = known;
        return Err(error.hint("agentsess trust github"));
    }
    let candidates = found.into_iter();
    Ok(candidates
        .map(|external| external.candidate(store, &grants))
        .collect())
}

/// Lets these commands run from now on, as they are.
///
/// # Errors
///
/// When the file of trusted commands cannot be written.
pub fn trust(store: &Store, trust: &TrustFile, found: &[Candidate], now: Timestamp) -> Result<()> {
    trust.revise(|grants| {
        for candidate in found.iter().filter(|candidate| !candidate.trusted) {
            let grant = Grant {
                sha256: candidate.sha256.clone(),
                name: candidate.external.name.clone(),
                command: candidate.command.clone(),
                project: project(store).to_owned(),
                at: format_rfc3339(now),
            };
            // What a command was before it changed is no longer of use.
            grants.retain(|old| old.name != grant.name || old.project != grant.project);
            grants.push(grant);
        }
    })
}

/// Takes back what was trusted in this project under these names, or all of it, and returns how
/// many commands that were.
///
/// # Errors
///
/// When the file of trusted commands cannot be read or written.
pub fn revoke(store: &Store, trust: &TrustFile, names: &[String]) -> Result<usize> {
    let mut revoked = 0;
    let project = project(store);
    trust.revise(|grants| {
        let before = grants.len();
        let meant = |grant: &Grant| names.is_empty() || names.contains(&grant.name);
        grants.retain(|grant| grant.project != project || !meant(grant));
        revoked = before - grants.len();
    })?;
    Ok(revoked)
}

/// Fails unless the commands are trusted as they are now.
///
/// # Errors
///
/// When one is not, or the file of trusted commands is unreadable.
pub fn require(store: &Store, trust: &TrustFile, externals: &[External]) -> Result<()> {
    let grants = trust.grants()?;
    let candidates = externals.iter().cloned();
    let candidates = candidates.map(|external| external.candidate(store, &grants));
    let refused: Vec<_> = candidates.filter(|found| !found.trusted).collect();
    let quoted = refused
        .iter()
        .map(|found| format!("`{}`", found.external.name));
    let quoted = quoted.collect::<Vec<_>>().join(", ");
    let message = match refused.as_slice() {
        [] => return Ok(()),
        [_] => format!("the command {quoted} is not trusted, or has changed since; it would run"),
        _ => {
            format!("the commands {quoted} are not trusted, or have changed since; they would run")
        }
    };
    let names = refused
        .iter()
        .map(|found| shell::word(&found.external.name));
    let hint = format!("agentsess trust {}", names.collect::<Vec<_>>().join(" "));
    let mut error = Error::new(Kind::Usage, message);
    let commands = refused.into_iter();
    let commands = commands.flat_map(|found| [Some(found.command), found.resume_command]);
    error.details = commands.flatten().collect();
    Err(error.hint(hint))
}
