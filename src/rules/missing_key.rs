use super::context::{Context, Findings, Safety, is_copyable};
use super::invalid_status::spelling;
use super::rule::declare;
use super::unknown_key::{holds, is_slip};
use crate::document::schema::{KEYS, Key, ValueType};
use crate::document::yaml::Entry;
use crate::document::{Fences, Span, Splice, Stamp};

declare! {
    /// A required key is missing.
    ///
    /// ## What it checks
    ///
    /// The frontmatter has `session` with `title`, `status`, `created` and `last_updated`, and
    /// `orchestration` with `current_task`. When a whole map is missing, its keys are not reported
    /// one by one.
    ///
    /// ## Why
    ///
    /// Whoever takes over reads these first, and so do `list`, `show` and the hooks.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   title: "Weather fallback"
    ///   status: in_progress
    ///   created: "2025-12-04T14:30:00Z"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   title: "Weather fallback"
    ///   status: in_progress
    ///   created: "2025-12-04T14:30:00Z"
    ///   last_updated: "2025-12-04T14:30:00Z"
    /// orchestration:
    ///   current_task: "Choose a second provider"
    /// ```
    ///
    /// ## Fix
    ///
    /// A key that is there but for letter case, separators or a slip is renamed: safe. If the
    /// likeness is smaller, that is unsafe. `title` is taken from the heading `# Session: …`: safe.
    /// `created` is taken from the file name, `last_updated` from the last log entry or, without one,
    /// from the creation: unsafe, because nobody wrote these times down as such.
    "AS105", "missing-key", Frontmatter, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let frontmatter = &cx.document.frontmatter;
    if frontmatter.fences != Fences::Closed {
        return;
    }
    let fence = Span::new(frontmatter.span.start, frontmatter.span.start + 3);
    for key in KEYS.iter().filter(|key| key.required) {
        let Some((name, parents)) = key.path.split_last() else {
            continue;
        };
        // Without a parent the parent is what is missing; a parent that is no map, or was cut off
        // by a syntax error, says nothing about its keys.
        let (place, siblings) = match cx.entry(parents) {
            Some(parent) if parent.value.complete => match parent.value.entries() {
                Some(entries) => (parent.key.span, entries),
                None => continue,
            },
            None if parents.is_empty() => match &frontmatter.root {
                None if frontmatter.error.is_none() => (fence, &[][..]),
                Some(root) if root.complete && root.is_null() => (fence, &[][..]),
                Some(root) if root.complete => match root.entries() {
                    Some(entries) => (fence, entries),
                    None => continue,
                },
                _ => continue,
            },
            _ => continue,
        };
        if !siblings.iter().any(|entry| entry.key.text() == Some(name)) {
            let message = format!("the key `{}` is missing", key.path.join("."));
            let similar = similar(name, parents, siblings);
            found.report(place, message, help(cx, key, similar, parents));
            let fix = match similar {
                Some(entry) => renamed(cx, key, entry),
                None => added(cx, key.path),
            };
            if let Some((safety, splice)) = fix {
                found.fix(safety, [splice]);
            }
        }
    }
}

/// The unknown key that was meant to be `name`.
fn similar<'e, 'a>(
    name: &str,
    parents: &[&str],
    siblings: &'e [Entry<'a>],
) -> Option<&'e Entry<'a>> {
    let plain = |text: &str| text.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let is_known = |other: &str| {
        KEYS.iter()
            .any(|key| key.path.split_last() == Some((&other, parents)))
    };
    siblings.iter().find(|entry| {
        entry.key.text().is_some_and(|other| {
            !is_known(other)
                && (plain(other) == plain(name) || strsim::osa_distance(other, name) <= 2)
        })
    })
}

fn renamed(cx: &Context<'_>, key: &Key, entry: &Entry<'_>) -> Option<(Safety, Splice)> {
    let (name, similar) = (key.path.last()?, entry.key.text()?);
    let sure = spelling(similar, name) == Safety::Safe || is_slip(similar, name);
    let safety = if sure { Safety::Safe } else { Safety::Unsafe };
    let splice = cx.reworded(&entry.key, name)?;
    holds(key.value, &entry.value).then_some((safety, splice))
}

/// The key with what the rest of the file says about it.
fn added(cx: &Context<'_>, path: &[&str]) -> Option<(Safety, Splice)> {
    let created = cx.created().map(|(_, at)| at);
    let updated = cx.last_updated().map(|(_, at)| at);
    let named = cx.name.map(|name| name.created);
    match path {
        ["session", "title"] => {
            let heading = &cx.document.body.title()?.title;
            let (word, title) = heading.split_once(':').unwrap_or(("", heading));
            let title = match word.trim() {
                word if word.eq_ignore_ascii_case("session") => title.trim(),
                _ => heading.trim(),
            };
            let is_other = cx.config.is_required(heading) || Stamp::parse(heading).is_some();
            if is_other || title.is_empty() || !is_copyable(title) {
                return None;
            }
            let splice = cx.set(path, title)?;
            Some((Safety::Safe, splice))
        }
        ["session", "created"] => {
            let at = named.filter(|&at| updated.is_none_or(|updated| at <= updated))?;
            Some((Safety::Unsafe, cx.set_time(path, at)?))
        }
        ["session", "last_updated"] => {
            let entry = cx.log_stamps().next_back().map(|(_, entry)| entry.at);
            let at = entry.max(created.or(named))?;
            let splice = cx.set_time(path, at).filter(|_| !cx.is_future(at))?;
            Some((Safety::Unsafe, splice))
        }
        _ => None,
    }
}

fn help(cx: &Context<'_>, key: &Key, similar: Option<&Entry<'_>>, parents: &[&str]) -> String {
    let name = key.path.last().copied().unwrap_or_default();
    if let Some(similar) = similar.and_then(|entry| entry.key.text()) {
        return format!("rename `{similar}` to `{name}`");
    }
    if let Some(parent) = parents.first()
        && cx.entry(&[name]).is_some()
    {
        return format!("move `{name}` into `{parent}:`");
    }
    if key.value == ValueType::Map {
        let top = cx.document.frontmatter.root.as_ref();
        let keys = KEYS
            .iter()
            .filter(|other| other.required && other.path.first() == Some(&name))
            .filter_map(|other| other.path.get(1).copied());
        let moved = keys
            .clone()
            .any(|key| top.is_some_and(|top| top.entry(key).is_some()));
        let keys = keys
            .map(|key| format!("`{key}`"))
            .collect::<Vec<_>>()
            .join(", ");
        return if moved {
            format!("add `{name}:` and move its keys under it, indented: {keys}")
        } else {
            format!("add `{name}:` with {keys} under it")
        };
    }
    let example = match key.value {
        ValueType::Status => "in_progress",
        ValueType::Timestamp => "\"2025-12-04T14:30:00Z\"",
        _ => "\"…\"",
    };
    let place = parents.join(".");
    format!("add `{name}: {example}` under `{place}:`")
}
