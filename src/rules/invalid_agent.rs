use super::context::{Context, Findings, Safety, shown};
use super::invalid_status::spelling;
use super::rule::declare;
use crate::document::schema::{AGENT_KEYS, AGENT_STATUSES, Status};
use crate::document::yaml::{Kind, Node};

declare! {
    /// An entry of `spawned_agents` is not an agent with a task and a status.
    ///
    /// ## What it checks
    ///
    /// `orchestration.spawned_agents` is a list; each entry is a map with `agent`, `task` and
    /// `status`, and the status is `pending`, `in_progress` or `completed`.
    ///
    /// ## Why
    ///
    /// From these entries whoever takes over learns which work is under way elsewhere and must not
    /// be started again.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// orchestration:
    ///   spawned_agents:
    ///     - backend-dev
    ///     - agent: reviewer
    ///       status: done
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// orchestration:
    ///   spawned_agents:
    ///     - agent: backend-dev
    ///       task: "Second weather provider"
    ///       status: in_progress
    ///     - agent: reviewer
    ///       task: "Review the provider"
    ///       status: completed
    ///       summary: "Approved"
    /// ```
    ///
    /// ## Fix
    ///
    /// A status in other letters or with other separators (`In-Progress`) is respelled: safe. A word
    /// from another scheme (`done`) is translated: unsafe. What is missing nobody else can say.
    "AS110", "invalid-agent", Frontmatter, Error, check
}

const FORM: &str = "write `- agent: NAME` with `task:` and `status:` below it";

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let Some(list) = cx
        .entry(&["orchestration", "spawned_agents"])
        .map(|entry| &entry.value)
        .filter(|list| !list.is_null())
    else {
        return;
    };
    let Some(agents) = list.items() else {
        let message = format!(
            "`orchestration.spawned_agents` is {}, not a list",
            list.describe()
        );
        let help = match &list.kind {
            Kind::Map { flow: false, .. } => "begin each agent with `- agent: NAME`",
            _ => FORM,
        };
        found.report(cx.first_line(list.span), message, help);
        return;
    };
    for agent in agents
        .iter()
        .filter(|agent| agent.complete && cx.trusts(agent))
    {
        if agent.entries().is_some() {
            check_agent(cx, agent, found);
        } else {
            let message = format!("an agent is {}, not a map", agent.describe());
            found.report(cx.first_line(agent.span), message, FORM);
        }
    }
}

fn check_agent(cx: &Context<'_>, agent: &Node<'_>, found: &mut Findings<'_>) {
    for key in AGENT_KEYS.iter().filter(|key| key.required) {
        let key = key.name;
        let value = agent.entry(key).map(|entry| &entry.value);
        let filled = value.is_some_and(|value| match value.text() {
            Some(text) => !value.is_null() && !text.trim().is_empty(),
            None => false,
        });
        if !filled {
            let (span, defect) = match value {
                None => (agent.span, "has no"),
                Some(value) if value.text().is_some() => (agent.span, "has an empty"),
                Some(value) => (value.span, "has a list or map as its"),
            };
            let help = match key {
                "status" => {
                    "give it `status:`, one of `pending`, `in_progress`, `completed`".to_owned()
                }
                _ => format!("give it `{key}: \"…\"`"),
            };
            let message = format!("{} {defect} `{key}`", called(agent));
            found.report(cx.first_line(span), message, help);
        }
    }
    let Some(value) = agent.entry("status").map(|entry| &entry.value) else {
        return;
    };
    let Some(status) = value.text().filter(|_| !value.is_null()) else {
        return;
    };
    if status.trim().is_empty() || AGENT_STATUSES.contains(&status) {
        return;
    }
    let mut known = AGENT_STATUSES.into_iter();
    let meant = known
        .find(|known| spelling(status, known) == Safety::Safe)
        .or_else(|| match Status::guess(status)? {
            Status::Paused => None,
            other => Some(other.as_str()),
        });
    let help = match meant {
        Some(word) => format!("write `{word}`"),
        None => "write one of `pending`, `in_progress`, `completed`".into(),
    };
    let message = format!("`{}` is not a status of an agent", shown(status));
    found.report(value.span, message, help);
    if let Some(word) = meant {
        found.fix(spelling(status, word), cx.reworded(value, word));
    }
}

/// How a message names an agent.
pub(super) fn called(agent: &Node<'_>) -> String {
    let name = agent.entry("agent").and_then(|entry| entry.value.text());
    match name.map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => format!("the agent `{}`", shown(name)),
        None => "an agent".into(),
    }
}
