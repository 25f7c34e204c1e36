//! What an agent is there for.

use super::digest::words;
use crate::document::Document;
use crate::document::schema::{ACCEPTANCE_CRITERIA, BLOCKERS, FILES_MODIFIED};

/// What an agent is there for, as far as it decides what of a session it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Hands out work: what it is about, where it stands, which issue it has.
    Coordinator,
    /// Does the work: what is being worked on.
    Implementer,
    /// Looks at what was done.
    Reviewer,
    /// Tries what was done.
    Tester,
    /// Decides how it looks to its users.
    Designer,
}

impl Role {
    /// The role that the name of a kind of agent speaks of; whoever it does not say otherwise of
    /// implements.
    pub fn of(name: &str) -> Self {
        const WORDS: [(Role, &[&str]); 4] = [
            (Role::Reviewer, &["review", "audit", "critic"]),
            (Role::Tester, &["test", "qa", "verif"]),
            (Role::Designer, &["design", "ux", "ui"]),
            (
                Role::Coordinator,
                &["pm", "coordinat", "orchestrat", "manager", "lead", "plan"],
            ),
        ];
        let name = name.to_lowercase();
        let mut parts = name.split(|c: char| !c.is_alphanumeric());
        let role = parts.find_map(|part| {
            // The shorter a word, the more others have it in them by chance.
            let is = |word: &&str| match word.len() {
                ..3 => part == *word,
                3..5 => part.starts_with(word),
                _ => part.contains(word),
            };
            let (role, _) = WORDS.iter().find(|(_, words)| words.iter().any(&is))?;
            Some(*role)
        });
        role.unwrap_or(Self::Implementer)
    }

    /// What somebody has to look at, in a line.
    pub(super) fn focus(self, document: &Document) -> Option<String> {
        let open = |section| -> Vec<_> {
            let items = document.open_items(section);
            let texts = items.map(|(_, item)| item.text.of(document.text));
            texts.filter_map(|text| words(Some(text))).collect()
        };
        let task = || words(document.frontmatter.current_task());
        match self {
            Role::Coordinator | Role::Implementer => None,
            Role::Reviewer => {
                let files = document.body.items_in(FILES_MODIFIED).count();
                let handoff = document.handoff().unwrap_or_default();
                let branch = document.frontmatter.text(&["session", "branch"]);
                let at = handoff.commit.map(|commit| format!("what led to {commit}"));
                let branch = branch.map(|branch| format!("what is on {branch}"));
                let what = at.or(branch).unwrap_or_else(|| "what was done".to_owned());
                Some(match files {
                    0 => format!("review {what}"),
                    files => format!("review {what}; files modified: {files}"),
                })
            }
            Role::Tester => {
                let criteria = open(ACCEPTANCE_CRITERIA);
                let first = criteria.first().cloned().or_else(task);
                let first = first.unwrap_or_else(|| "what was done".to_owned());
                Some(match criteria.len() {
                    0 | 1 => format!("test {first}"),
                    number => format!("test {number} open criteria, first {first}"),
                })
            }
            Role::Designer => {
                let blocker = open(BLOCKERS).first().map(|it| format!("blocked by {it}"));
                let look = "how it looks and reads";
                let task = || task().map_or(look.to_owned(), |task| format!("{look}: {task}"));
                Some(blocker.unwrap_or_else(task))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_recognised_by_what_its_agents_are_called() {
        for (name, role) in [
            ("pm", Role::Coordinator),
            ("project_manager", Role::Coordinator),
            ("tech-lead", Role::Coordinator),
            ("Orchestrator", Role::Coordinator),
            ("backend-dev", Role::Implementer),
            ("Explore", Role::Implementer),
            ("build-suite", Role::Implementer),
            ("", Role::Implementer),
            ("latest-dev", Role::Implementer),
            ("code-reviewer", Role::Reviewer),
            ("CodeReviewer", Role::Reviewer),
            ("security:audit", Role::Reviewer),
            ("QA", Role::Tester),
            ("test-writer", Role::Tester),
            ("ui", Role::Designer),
            ("ux-designer", Role::Designer),
        ] {
            assert_eq!(Role::of(name), role, "{name}");
        }
    }
}
