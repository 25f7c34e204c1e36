use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::schema::{KEYS, Key, ValueType};
use crate::document::yaml::{Entry, Kind, Node};

declare! {
    /// A key is nearly one that the format knows, or stands at the wrong level.
    ///
    /// ## What it checks
    ///
    /// A key that differs from a known one of the same map only in letter case, `-` or `_`, or by
    /// a slip (`spawend_agents`, `last_update`). And an optional key of `session` or
    /// `orchestration` that stands at the top or in the other one, and not where it belongs. Other
    /// unknown keys are yours, and nothing is said about them unless `lint.strict-keys` is set.
    /// Where a required key is missing for the same reason, `missing-key` says so.
    ///
    /// ## Why
    ///
    /// People take the key for what it was meant to be, and tools do not see it.
    ///
    /// ## Example
    ///
    /// ```yaml
    /// session:
    ///   title: "Weather fallback"
    ///   linear-issue: "BACK-123"
    /// ```
    ///
    /// ## Instead
    ///
    /// ```yaml
    /// session:
    ///   title: "Weather fallback"
    ///   linear_issue: "BACK-123"
    /// ```
    ///
    /// ## Fix
    ///
    /// The key is renamed, if the right one is not there as well: safe. None is moved.
    "AS115", "unknown-key", Frontmatter, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let frontmatter = &cx.document.frontmatter;
    let Some(root) = frontmatter.root.as_ref().filter(|_| cx.has_frontmatter()) else {
        return;
    };
    look_into(cx, &[], root, found);
    for key in KEYS.iter().filter(|key| key.value == ValueType::Map) {
        if let Some(entry) = cx.entry(key.path) {
            look_into(cx, key.path, &entry.value, found);
        }
    }
}

/// Looks at every unknown key of the map at `path`.
fn look_into(cx: &Context<'_>, path: &[&str], map: &Node<'_>, found: &mut Findings<'_>) {
    let siblings = || {
        KEYS.iter()
            .filter_map(|key| Some((key, name_in(key, path)?)))
    };
    for entry in map.entries().unwrap_or_default() {
        let Some(name) = entry.key.text() else {
            continue;
        };
        let is_known = |key: &Key| key.path.split_last() == Some((&name, path));
        if KEYS.iter().any(is_known) || !cx.trusts(&entry.value) {
            continue;
        }
        let meant = siblings()
            .filter(|(key, _)| holds(key.value, &entry.value))
            .find(|(_, known)| is_slip(name, known));
        if let Some((key, known)) = meant {
            if map.entry(known).is_some() {
                found.report(
                    entry.key.span,
                    format!(
                        "`{}` is not a key of the format, and `{known}` is already there",
                        shown(name)
                    ),
                    "remove it, or give it a name of its own",
                );
            } else if !key.required && map.complete {
                found.report(
                    entry.key.span,
                    format!("`{}` is not a key of the format", shown(name)),
                    format!("write `{known}`"),
                );
                found.fix(Safety::Safe, cx.reworded(&entry.key, known));
            }
        } else if let Some(parent) = belongs(cx, path, name, entry) {
            found.report(
                entry.key.span,
                format!("`{name}` does not belong here"),
                format!("move it into `{parent}:`"),
            );
        } else if cx.config.lint.strict_keys {
            found.report(
                entry.key.span,
                format!("`{}` is not a key of the format", shown(name)),
                "remove it, or unset `lint.strict-keys` in `.agents/agentsess.toml`",
            );
        }
    }
}

/// The name of a key within the map at `path`, if it is one of its keys.
fn name_in(key: &Key, path: &[&str]) -> Option<&'static str> {
    let (name, parents) = key.path.split_last()?;
    (parents == path).then_some(*name)
}

/// The map in which an optional key is missing that stands at `path` instead. Names of a single
/// word can mean something else in another map.
fn belongs(cx: &Context<'_>, path: &[&str], name: &str, entry: &Entry<'_>) -> Option<&'static str> {
    if path.len() > 1 || path.len() == 1 && !name.contains('_') {
        return None;
    }
    KEYS.iter()
        .filter(|key| !key.required && holds(key.value, &entry.value))
        .find_map(|key| match *key.path {
            [parent, known] if known == name => Some(parent),
            _ => None,
        })
        .filter(|parent| {
            let parent = cx.entry(&[parent]).map(|parent| &parent.value);
            parent.is_some_and(|map| {
                map.complete && map.entries().is_some() && map.entry(name).is_none()
            })
        })
}

/// Whether a value can be one of this type; a list called `issues` is not meant as `issue`.
pub(super) fn holds(expected: ValueType, value: &Node<'_>) -> bool {
    value.is_null()
        || match &value.kind {
            Kind::Scalar { .. } => !matches!(expected, ValueType::Map | ValueType::Agents),
            Kind::Seq { .. } => matches!(expected, ValueType::Texts | ValueType::Agents),
            Kind::Map { .. } => expected == ValueType::Map,
            Kind::Alias => false,
        }
}

/// Whether `name` is `known` but for letter case, hyphens and underscores, or a letter or two. One
/// that goes on where `known` ends, such as `last_updated_by`, is a word of its own.
pub(super) fn is_slip(name: &str, known: &str) -> bool {
    let first = |text: &str| text.chars().next().map(|c| c.to_ascii_lowercase());
    if first(name) != first(known) || name.len().abs_diff(known.len()) > 4 {
        return false;
    }
    let plain = |text: &str| text.replace(['_', '-', ' '], "").to_ascii_lowercase();
    let (name, known) = (plain(name), plain(known));
    if name == known {
        return true;
    }
    let slips = match known.len() {
        0..5 => return false,
        5..9 => 1,
        _ => 2,
    };
    !name.starts_with(&known) && strsim::osa_distance(&name, &known) <= slips
}
