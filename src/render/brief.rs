//! A brief as text, for people and agents alike.

use std::fmt::Write as _;

use super::sanitize;
use crate::document::insert::cut;
use crate::operations::brief::Brief;
use crate::operations::list::State;
use crate::shell;

/// Longest brief, in characters.
pub const LIMIT: usize = 4000;

/// Longest parts, in characters, so that no one of them crowds the others out. Current State has
/// what they leave, too.
const STATE: usize = 1400;
const STEPS: usize = 700;
const LIST: usize = 8;
const ITEM: usize = 120;
const ENTRY: usize = 240;

/// Writes a brief, at most [`LIMIT`] characters. What is left out is said, with the command that
/// shows it.
pub fn text(brief: &Brief) -> String {
    ending_with(brief, "")
}

/// The same with something below it that is never left out, unless that is too long by itself.
pub fn ending_with(brief: &Brief, end: &str) -> String {
    let end = match end {
        "" => String::new(),
        end => format!("\n{end}"),
    };
    let end = cut(&end, LIMIT / 2);
    within(brief, LIMIT - end.chars().count()) + &end
}

/// The same with another limit.
pub fn within(brief: &Brief, limit: usize) -> String {
    let text = parts(brief, STATE);
    let left = limit.saturating_sub(text.chars().count());
    let text = parts(brief, STATE + left);
    if text.chars().count() <= limit {
        return text;
    }
    let slug = cut(&sanitize(&brief.slug), ITEM);
    let more = format!("…\nmore: agentsess show {slug} --full\n");
    cut(&text, limit.saturating_sub(more.chars().count())) + &more
}

fn parts(brief: &Brief, state: usize) -> String {
    let mut text = String::new();
    let line = |text: Option<&str>, limit| cut(&sanitize(text.unwrap_or("")), limit);
    let title = line(brief.title.as_deref().or(Some(&brief.slug)), ITEM);
    let _ = writeln!(text, "# {title}");
    let mut facts = vec![brief.state.as_str().to_owned()];
    if brief.progress.total > 0 {
        facts.push(format!("{}/{}", brief.progress.done, brief.progress.total));
    }
    facts.extend(brief.issue.as_deref().map(|issue| line(Some(issue), ITEM)));
    let branch = brief.branch.as_deref();
    facts.extend(branch.map(|branch| format!("branch {}", line(Some(branch), ITEM))));
    let _ = writeln!(text, "{}", facts.join(" · "));
    let path = line(Some(&brief.path.display().to_string()), 2 * ITEM);
    let _ = writeln!(text, "file: {path}");
    if brief.state == State::Broken {
        let path = shell::word(&brief.path.display().to_string());
        let _ = writeln!(text, "broken: agentsess lint {}", sanitize(&path));
    }
    let _ = writeln!(
        text,
        "task: {}",
        line(brief.current_task.as_deref(), 2 * ITEM)
    );

    if let Some(runs) = brief.runs {
        let _ = writeln!(text, "runs: {}", runs.tag());
    }

    if let Some(handoff) = &brief.handoff {
        let said = |text: &Option<String>| text.as_deref().map(|text| line(Some(text), ITEM));
        let mut facts = Vec::new();
        let by = said(&handoff.from).map(|from| format!("handed over by {from}"));
        let to = said(&handoff.to).map(|to| format!("to {to}"));
        let at = said(&handoff.at).map(|at| format!("at {at}"));
        facts.extend(by.into_iter().chain(to).chain(at));
        let mut facts = facts.join(" ");
        if let Some(by) = said(&handoff.taken_by) {
            let since = said(&handoff.taken_at).map(|at| format!(" since {at}"));
            let gap = if facts.is_empty() { "" } else { "; " };
            let _ = write!(facts, "{gap}{by} has it{}", since.unwrap_or_default());
        }
        if !facts.is_empty() {
            let _ = writeln!(text, "{facts}");
        }
    }

    let behind = if brief.behind {
        " (behind: the log goes on after this)"
    } else {
        ""
    };
    let (now, next) = (brief.current_state.as_deref(), brief.next_steps.as_deref());
    section(&mut text, brief, ("Current State", behind), now, state);
    section(&mut text, brief, ("Next Steps", ""), next, STEPS);
    list(&mut text, "Blockers", &brief.blockers);
    list(&mut text, "Open items", &brief.open_items);
    if !brief.log.is_empty() {
        text.push_str("\n## Last entries\n");
    }
    for entry in &brief.log {
        let heading = line(Some(&entry.heading), ITEM);
        let _ = writeln!(
            text,
            "- {heading}: {}",
            line(Some(&one_line(&entry.text)), ENTRY)
        );
    }
    text
}

/// What does not fit is said, with the command that shows all of it.
fn section(
    text: &mut String,
    brief: &Brief,
    (name, remark): (&str, &str),
    content: Option<&str>,
    limit: usize,
) {
    let content = sanitize(content.unwrap_or("(not written yet)"));
    let _ = writeln!(text, "\n## {name}{remark}\n{}", cut(&content, limit));
    let length = content.chars().count();
    if length > limit {
        let (slug, section) = (cut(&sanitize(&brief.slug), ITEM), shell::word(name));
        let _ = writeln!(
            text,
            "({length} characters; all of them: agentsess show {slug} --section {section})"
        );
    }
}

fn list(text: &mut String, name: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {name}");
    for item in items.iter().take(LIST) {
        let _ = writeln!(text, "- {}", cut(&sanitize(&one_line(item)), ITEM));
    }
    if items.len() > LIST {
        let _ = writeln!(text, "- … and {} more", items.len() - LIST);
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
