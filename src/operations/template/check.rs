//! Checks templates before somebody needs them.

use std::path::PathBuf;

use serde::Serialize;

use super::{ALWAYS, Template, Values, built_in, draft, find, own};
use crate::document::quoted;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::error::{Error, Result};
use crate::lint::Severity;
use crate::store::Store;

/// What was found in templates.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// How many templates were looked at.
    pub checked: usize,
    /// What is wrong with them.
    pub findings: Vec<Finding>,
}

/// Something wrong with a template.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its file; absent where it is built in.
    pub path: Option<PathBuf>,
    /// One-based.
    pub line: Option<usize>,
    /// One-based, in characters.
    pub column: Option<usize>,
    /// An error keeps sessions from being made.
    pub severity: Severity,
    /// The lint rule, where it is one that complains.
    pub rule: Option<&'static str>,
    /// The defect.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Checked {
    /// Whether sessions can be made from all of them.
    pub fn is_sound(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.severity != Severity::Error)
    }
}

/// Makes sessions from the template of this name, or from every template that there is, and says
/// what is wrong with them: once with the defaults alone, once with a value for every variable, so
/// that both sides of a condition are seen.
///
/// # Errors
///
/// When there is no such template, or the folder of templates cannot be read.
pub fn check(store: &Store, name: Option<&str>, now: Timestamp) -> Result<Checked> {
    let mut checked = Checked {
        checked: 0,
        findings: Vec::new(),
    };
    let templates = match name {
        Some(name) => vec![find(store, Some(name))],
        None => all(store)?,
    };
    for template in templates {
        checked.checked += 1;
        let found = match template {
            Ok(template) => findings(store, &template, now),
            Err(error) if name.is_some() && error.location.is_none() => return Err(error),
            Err(error) => vec![Finding::from(error)],
        };
        for finding in found {
            if !checked.findings.contains(&finding) {
                checked.findings.push(finding);
            }
        }
    }
    Ok(checked)
}

/// Every template that there is, or why it cannot be used.
fn all(store: &Store) -> Result<Vec<Result<Template>>> {
    let (own, broken) = own(store)?;
    let names: Vec<_> = own.into_iter().map(|own| own.name).collect();
    // By name, so that two of one name are found.
    let own = names.iter().map(|name| find(store, Some(name)));
    let built_in = built_in().filter(|built_in| !names.contains(&built_in.name));
    let broken = broken.into_iter().map(|(_, error)| Err(error));
    Ok(own.chain(broken).chain(built_in.map(Ok)).collect())
}

fn findings(store: &Store, template: &Template, now: Timestamp) -> Vec<Finding> {
    let given = |full: bool| -> Values {
        let own = template.variables.iter().map(|variable| {
            let default = variable.default.clone().filter(|text| !text.is_empty());
            let dummy = (full || variable.required).then(|| variable.name.clone());
            (variable.name.clone(), default.or(dummy).unwrap_or_default())
        });
        let always = ALWAYS.map(|(name, value)| {
            let value = if full || name == "title" { value } else { "" };
            (name.to_owned(), value.to_owned())
        });
        own.chain(always).collect()
    };
    let [(_, title), ..] = ALWAYS;
    let at = quoted(&format_rfc3339(now));
    let head = format!(
        "---\nsession:\n  title: {title}\n  status: in_progress\n  created: {at}\n  \
         last_updated: {at}\norchestration:\n  current_task: {title}\n---\n"
    );
    let mut found = Vec::new();
    for full in [false, true] {
        match draft(template, &given(full), &head, title, &store.config, now) {
            Ok(draft) => found.extend(draft.problems.into_iter().map(|problem| Finding {
                path: template.path.clone(),
                line: Some(problem.position.0),
                column: Some(problem.position.1),
                severity: problem.severity,
                rule: Some(problem.rule),
                message: problem.message,
                help: problem.help,
            })),
            Err(error) => found.push(Finding::from(error)),
        }
    }
    found
}

impl From<Error> for Finding {
    fn from(error: Error) -> Self {
        let mut message = error.message;
        if !error.details.is_empty() {
            message = format!("{message}: {}", error.details.join(", "));
        }
        let position = error.location.as_ref().and_then(|at| at.position);
        Self {
            path: error.location.map(|at| at.path),
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            severity: Severity::Error,
            rule: None,
            message,
            // What a check would say has just been said.
            help: error.hint.filter(|hint| !hint.contains("template check")),
        }
    }
}
