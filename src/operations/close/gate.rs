//! The gate: every item checked, nothing changed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::decisions::Record;
use super::filing::{self, Filing};
use super::lessons::Lesson;
use super::{
    Check, Item, Request, Subject, Verdict, agents, commit, committed, decisions, item, items,
    lessons,
};
use crate::document::Document;
use crate::document::time::Timestamp;
use crate::error::{Error, Result};
use crate::operations::counted;
use crate::operations::runs::refuse_running;
use crate::store::Store;

/// The gate of one session.
#[derive(Debug)]
pub struct Gate {
    /// The session's file name.
    pub session: String,
    /// Every item, in order.
    pub checks: Vec<Check>,
    /// What was checked; closing something else is refused.
    pub(super) bytes: Vec<u8>,
    pub(super) plan: Plan,
    /// What is let go, each item with the reason.
    pub(super) waived: Vec<(Item, String)>,
}

/// What closing writes besides moving the session to the trash.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Sessions that continue this one.
    pub children: BTreeSet<String>,
    /// Decision records that are missing.
    pub records: Vec<Record>,
    /// A decision says too little for a record.
    pub incomplete: bool,
    /// Lessons that the project's document does not have.
    pub lessons: Vec<Lesson>,
    /// Remaining work that is to be filed.
    pub filing: Option<Filing>,
    /// Items of the ledger of which nobody knows whether they were filed.
    pub stopped: Vec<(usize, String)>,
}

impl Gate {
    /// Whether nothing stands in the way.
    pub fn is_met(&self) -> bool {
        self.checks.iter().all(|check| check.verdict.is_met())
    }

    /// The items that a stopped close was filing, by number, each with its title: nobody knows
    /// whether they were filed.
    pub fn stopped(&self) -> &[(usize, String)] {
        &self.plan.stopped
    }

    /// The one command that closes the session once its blanks are filled in.
    pub fn command(&self, store: &Store, request: &Request) -> String {
        let name = self.session.as_str();
        let mut command = request.command(store, name);
        for check in &self.checks {
            let id = check.item.id();
            let _ = match (check.verdict, &check.remedy) {
                (Verdict::Asked, _) => write!(command, " --confirm {id}"),
                (Verdict::Unmet, Some(remedy)) if remedy.is_empty() => Ok(()),
                (Verdict::Unmet, Some(remedy)) => write!(command, " {remedy}"),
                (Verdict::Unmet, None) => write!(command, " --waive {id}={BLANK}"),
                _ => Ok(()),
            };
        }
        if self.plan.incomplete {
            command = format!("agentsess edit {} && {command}", store.selector(name));
        }
        command
    }
}

/// Stands for the reason in a command that is shown, and is refused as one.
const BLANK: &str = "REASON";

/// Checks every item of the gate. Changes nothing.
///
/// # Errors
///
/// When an agent runs on the session, it cannot be read, an id is unknown, or a waiver has no reason.
pub fn check(store: &Store, name: &str, request: &Request, now: Timestamp) -> Result<Gate> {
    let again = |error: Error| error.hint(request.command(store, name));
    store.refuse_second_closing().map_err(again)?;
    refuse_running(store, name, request.run.as_deref())?;
    let for_people = |item: Item| {
        let id = item.id();
        let required = store.config.close.require_human.contains(&item);
        if !required || request.in_person {
            return Ok(());
        }
        let message = format!("`{id}` needs a person at a terminal, who answers there");
        Err(Error::usage(message).hint(request.without(id).command(store, name)))
    };
    let mut confirmed = Vec::new();
    for id in &request.confirmed {
        let item = item(store, name, request, id)?;
        for_people(item)?;
        confirmed.push(item);
    }
    let mut waived = Vec::new();
    for (id, reason) in &request.waived {
        let item = item(store, name, request, id)?;
        if reason.trim().is_empty() || reason == BLANK {
            let message =
                format!("the waiver of `{id}` gives no reason; say why it does not matter");
            let command = request.without(id).command(store, name);
            return Err(Error::usage(message).hint(format!("{command} --dry-run")));
        }
        for_people(item)?;
        waived.push((item, reason));
    }
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let mut plan = Plan::default();
    let (mut checks, mut let_go) = (Vec::new(), Vec::new());
    let subject = Subject {
        store,
        name,
        document: &document,
        now,
    };
    for item in Item::ALL {
        let mut check = match item {
            Item::Issue => items::issue(&subject, request)?,
            Item::Decisions => decisions::check(&subject, request, &mut plan),
            Item::Lessons => lessons::check(&subject, request, &mut plan)?,
            Item::Api => items::api(&document),
            Item::Remaining => {
                agents::asked_about(&subject, filing::plan(&subject, request, &mut plan)?)
            }
            Item::Committed => committed::check(&subject)?,
            Item::References => items::mentions(&subject, &request.searched, &mut plan.children),
            Item::Saved => items::saved(&subject, request, &source),
        };
        if check.verdict == Verdict::Asked && confirmed.contains(&item) {
            check.verdict = Verdict::Confirmed;
            check.note = format!("somebody vouches that {}", item.title());
            check.note += &written(&plan, item);
        } else if check.verdict == Verdict::Unmet && confirmed.contains(&item) {
            let id = item.id();
            return Err(Error::usage(format!(
                "`{id}` is shown not to be so and cannot be confirmed: {}",
                check.note
            ))
            .hint(request.waiving(id, BLANK).command(store, name)));
        }
        if let Some((_, reason)) = waived.iter().find(|(waived, _)| *waived == item) {
            if check.verdict.is_met() {
                check.note.push_str("; the waiver is not needed");
            } else {
                check.verdict = Verdict::Waived;
                check.note = format!("waived: {reason}{}", written(&plan, item));
                let_go.push((item, (*reason).clone()));
            }
        }
        checks.push(check);
    }
    if request.commit {
        commit::prepare(&subject, request, &plan)?;
    }
    Ok(Gate {
        session: name.to_owned(),
        checks,
        bytes: source.into_bytes(),
        plan,
        waived: let_go,
    })
}

/// What closing writes for an item that somebody answers for.
fn written(plan: &Plan, item: Item) -> String {
    match plan.records.len() {
        count @ 1.. if item == Item::Decisions => {
            format!("; {} will be written", counted(count, "record"))
        }
        _ if item == Item::Remaining && plan.filing.is_some() => "; the rest will be filed".into(),
        _ => String::new(),
    }
}
