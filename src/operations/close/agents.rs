//! Agents that were started for a part of the work and are not listed as completed: they failed, or
//! nobody knows what came of them.

use super::{Check, Subject, Verdict};
use crate::document::insert;
use crate::document::yaml::Node;
use crate::operations::counted;
use crate::operations::spawned::is_ticked;

/// The check of remaining work with these agents asked about.
pub(super) fn asked_about(subject: &Subject, mut check: Check) -> Check {
    let agents = not_completed(subject);
    if agents.is_empty() {
        return check;
    }
    let note = format!(
        "{}; {} not completed: confirm that nothing is to come of that any more, or `agentsess runs \
         fix`",
        check.note,
        counted(agents.len(), "agent")
    );
    check.note = note;
    check.details.extend(agents);
    match (check.verdict, &mut check.remedy) {
        // It can be confirmed once the rest is as it should be.
        (Verdict::Unmet, Some(remedy)) => remedy.push_str(" --confirm remaining"),
        (Verdict::Unmet, None) => {}
        _ => check.verdict = Verdict::Asked,
    }
    check
}

/// Each on a line: where it is listed, who it is, what it was to do, and how it stands.
fn not_completed(subject: &Subject) -> Vec<String> {
    let document = subject.document;
    let path = ["orchestration", "spawned_agents"];
    let list = document.frontmatter.entry(&path);
    let agents = list.and_then(|list| list.value.items()).unwrap_or_default();
    let shown = subject.store.shown(&subject.store.path(subject.name));
    let line = |agent: &Node| {
        let text = |key| Some(insert::line(agent.entry(key)?.value.text()?));
        let status = text("status").filter(|status| status != "completed")?;
        let [name, task] = ["agent", "task"].map(|key| text(key).unwrap_or_default());
        // Somebody else has done it meanwhile; what one at work finds out may still be news.
        if status != "in_progress" && is_ticked(document, &task) {
            return None;
        }
        let (line, column) = document.position(agent.span.start);
        let summary = text("summary").map_or(String::new(), |summary| format!(": {summary}"));
        let shown = shown.display();
        Some(format!(
            "{shown}:{line}:{column}: {name}: {task} ({status}{summary})"
        ))
    };
    agents.iter().filter_map(line).collect()
}
