//! Compares the document before an edit with the one after it.

use super::{AGENTS, Edit, EditError, Scalar, log_heading, refused};
use crate::document::Document;
use crate::document::frontmatter::Frontmatter;
use crate::document::schema::{SESSION_LOG, same_name};
use crate::document::yaml::Node;

impl Document<'_> {
    /// Compares the document before an edit with the one after it.
    pub(super) fn verify(&self, after: &Document, edit: &Edit) -> Result<(), EditError> {
        let same = match edit {
            Edit::Set { path, value } => {
                let (Scalar::Text(text) | Scalar::Word(text)) = value;
                let leaf = |_: Option<&Node>, after: Option<&Node>| {
                    after.and_then(Node::text) == Some(text)
                };
                self.only_at(after, path, &leaf)
            }
            Edit::Remove { path } => {
                self.only_at(after, path, &|_, after: Option<&Node>| after.is_none())
            }
            Edit::Include { path, text } => self.only_at(after, path, &|before, after| {
                added(before, after).and_then(Node::text) == Some(*text)
            }),
            Edit::AddAgent(agent) => self.only_at(after, AGENTS, &|before, after| {
                let Some(last) = added(before, after) else {
                    return false;
                };
                let field = |key| last.entry(key).and_then(|entry| entry.value.text());
                field("agent") == Some(agent.agent)
                    && field("task") == Some(agent.task)
                    && field("status") == Some(agent.status)
                    && field("summary") == agent.summary
            }),
            Edit::SetAgent { at, key, value } => self.only_agent(after, *at, key, *value),
            Edit::Title(_) => {
                let title = after.body.title().map(|heading| &heading.title);
                title.is_some_and(|title| title.starts_with("Session:"))
                    && self.same_sections(after, None)
            }
            Edit::Replace { section, .. } | Edit::Append { section, .. } => {
                self.same_sections(after, Some(section))
            }
            Edit::Check { item, done } => {
                let others = |document: &Document| -> Vec<_> {
                    let items = document.body.items.iter().enumerate();
                    items
                        .filter(|(index, _)| index != item)
                        .map(|(_, item)| (item.checkbox, item.text))
                        .collect()
                };
                let checkbox = after.body.items.get(*item).and_then(|item| item.checkbox);
                checkbox.is_some_and(|(_, ticked)| ticked == *done)
                    && self.body.items.len() == after.body.items.len()
                    && others(self) == others(after)
            }
            Edit::AddItem { heading, text } => self.only_added(after, *heading, text),
            Edit::RemoveItem { item } => self.only_removed(after, *item),
            Edit::Wave { heading, state } => self.only_moved(after, *heading, *state),
            Edit::Log {
                at, agent, action, ..
            } => {
                let titles = |document: &Document| -> Vec<String> {
                    let log = document.body.log(document.text);
                    let heading = |index: usize| document.body.headings.get(index);
                    log.iter()
                        .filter_map(|entry| heading(entry.heading))
                        .map(|heading| heading.title.to_string())
                        .collect()
                };
                let mut expected = titles(self);
                expected.push(log_heading(*at, agent, action));
                self.same_sections(after, Some(SESSION_LOG)) && titles(after) == expected
            }
        };
        if same {
            return Ok(());
        }
        if let Some(unclosed) = self.body.unclosed {
            return Err(EditError::unclosed(unclosed));
        }
        refused(
            "this edit would change more than it names",
            None,
            "make the change by hand, then run `agentsess lint`",
        )
    }

    /// Whether the frontmatter differs at `path` only, where `leaf` is content, and the body not
    /// at all.
    pub(super) fn only_at(
        &self,
        after: &Document,
        path: &[&str],
        leaf: &dyn Fn(Option<&Node>, Option<&Node>) -> bool,
    ) -> bool {
        let (old, new) = (&self.frontmatter, &after.frontmatter);
        let message = |block: &Frontmatter| block.error.as_ref().map(|e| e.message.clone());
        self.body.span.of(self.text) == after.body.span.of(after.text)
            && old.fences == new.fences
            && old.duplicates.len() == new.duplicates.len()
            && message(old) == message(new)
            && differs_only_at(old.root.as_ref(), new.root.as_ref(), path, leaf)
    }

    /// Whether both documents have the same frontmatter and outline, and the same text in every
    /// section but the one named, which may be new.
    pub(super) fn same_sections(&self, after: &Document, named: Option<&str>) -> bool {
        let outline = |document: &Document, skip: Option<usize>| -> Vec<(u8, String, String)> {
            let body = &document.body;
            let headings = body.headings.iter().enumerate();
            let headings = headings.filter(|(index, h)| h.level <= 2 && Some(*index) != skip);
            headings
                .map(|(index, heading)| {
                    let section = body.sections.binary_search_by_key(&index, |s| s.heading);
                    let section = section.ok().and_then(|at| body.sections.get(at));
                    let own = named.is_some_and(|named| same_name(named, &heading.title));
                    let text = section.filter(|_| !own).map(|s| s.body.of(document.text));
                    let title = if heading.level == 1 && named.is_none() {
                        String::new()
                    } else {
                        heading.title.to_string()
                    };
                    (heading.level, title, text.unwrap_or("").to_owned())
                })
                .collect()
        };
        let exists = |document: &Document| {
            named.and_then(|named| document.body.section(named).map(|(_, s)| s.heading))
        };
        let created = exists(after).filter(|_| exists(self).is_none());
        let block = |document: &Document| document.frontmatter.span;
        (named.is_none() || exists(after).is_some())
            && block(self) == block(after)
            && outline(self, None) == outline(after, created)
    }
}

/// What a list has behind the items that it had before, if that is one item.
fn added<'n, 'a>(before: Option<&Node>, after: Option<&'n Node<'a>>) -> Option<&'n Node<'a>> {
    let old = match before {
        Some(node) if !node.is_null() => node.items()?,
        _ => &[],
    };
    let (last, new) = after.and_then(Node::items)?.split_last()?;
    let same = old.len() == new.len() && old.iter().zip(new).all(|(a, b)| a.same(b));
    same.then_some(last)
}

pub(super) fn differs_only_at(
    before: Option<&Node>,
    after: Option<&Node>,
    path: &[&str],
    leaf: &dyn Fn(Option<&Node>, Option<&Node>) -> bool,
) -> bool {
    let Some((key, rest)) = path.split_first() else {
        return leaf(before, after);
    };
    let replaced_null = before.is_none_or(Node::is_null);
    let old = before.and_then(Node::entries);
    let new = after.and_then(Node::entries).unwrap_or(&[]);
    if old.is_none() && !replaced_null {
        return false;
    }
    let mut others = new.iter().filter(|entry| entry.key.text() != Some(key));
    let mut old_value = None;
    for entry in old.unwrap_or(&[]) {
        if entry.key.text() == Some(key) {
            old_value = old_value.or(Some(&entry.value));
        } else if !others
            .next()
            .is_some_and(|new| new.key.same(&entry.key) && new.value.same(&entry.value))
        {
            return false;
        }
    }
    let mut same_key = new.iter().filter(|entry| entry.key.text() == Some(key));
    let new_value = same_key.next().map(|entry| &entry.value);
    others.next().is_none()
        && same_key.next().is_none()
        && differs_only_at(old_value, new_value, rest, leaf)
}
