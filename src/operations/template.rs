//! The bodies that new sessions start with.

use gray_matter::{Matter, Pod, engine::Engine};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, context};
use serde::Deserialize;

use crate::document::Span;
use crate::document::yaml::{self, Kind as Yaml, Node};
use crate::error::{Error, Result};

const BUILT_IN: [&str; 2] = [
    include_str!("../../templates/session.md"),
    include_str!("../../templates/full.md"),
];

/// The template that is used when none is named.
pub(super) const DEFAULT: &str = "session";

/// Steps a template may take; the largest built-in one takes a few dozen.
const FUEL: u64 = 100_000;

/// What a template's own frontmatter says about it.
#[derive(Debug, Deserialize)]
struct Description {
    name: String,
}

/// Renders the body of a new session.
pub(super) fn render(template: &str, title: &str) -> Result<String> {
    let mut names = Vec::new();
    for text in BUILT_IN {
        let (description, body) = split(text)?;
        if description.name == template {
            return fill(&body, title)
                .map_err(|error| Error::usage(format!("template `{template}`: {error}")));
        }
        names.push(description.name);
    }
    let mut error = Error::usage(format!("there is no template `{template}`")).hint(format!(
        "agentsess new \"What this work is about\" --template {DEFAULT}"
    ));
    error.details = names;
    Err(error)
}

fn split(text: &str) -> Result<(Description, String)> {
    let parsed = Matter::<Tree>::new().parse::<Description>(text);
    let parsed = parsed.map_err(|error| Error::usage(format!("broken template: {error}")))?;
    let description = parsed
        .data
        .ok_or_else(|| Error::usage("a template has no frontmatter"))?;
    // The splitter drops the last line break.
    Ok((description, format!("{}\n", parsed.content)))
}

fn fill(body: &str, title: &str) -> Result<String, minijinja::Error> {
    let mut environment = Environment::new();
    environment.set_syntax(
        SyntaxConfig::builder()
            .keep_trailing_newline(true)
            .build()?,
    );
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.render_str(body, context! { title })
}

/// Parses a template's frontmatter with the same tree as a session's, because the splitter's own
/// YAML engine overflows the stack on hostile input.
struct Tree;

impl Engine for Tree {
    fn parse(content: &str) -> gray_matter::Result<Pod> {
        let tree = yaml::parse(content, Span::new(0, content.len()));
        match tree.error {
            Some(error) => Err(gray_matter::Error::deserialize_error(&error.message)),
            None => Ok(tree.root.as_ref().map_or(Pod::Null, pod)),
        }
    }
}

fn pod(node: &Node) -> Pod {
    match &node.kind {
        _ if node.is_null() => Pod::Null,
        Yaml::Scalar { value, .. } => Pod::String(value.to_string()),
        Yaml::Map { entries, .. } => Pod::Hash(
            entries
                .iter()
                .filter_map(|entry| Some((entry.key.text()?.to_owned(), pod(&entry.value))))
                .collect(),
        ),
        Yaml::Seq { items, .. } => Pod::Array(items.iter().map(pod).collect()),
        Yaml::Alias => Pod::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_templates_render_to_the_last_byte() {
        let body = render("session", "A {{ b }}").unwrap();
        assert!(body.starts_with("# Session: A {{ b }}\n\n## Context\n"));
        assert!(body.ends_with("---\n\n## Session Log\n"));
        assert!(render("full", "x").unwrap().contains("## Blockers\n"));
    }

    #[test]
    fn an_unknown_template_names_the_known_ones() {
        let error = render("ful", "x").unwrap_err();
        assert_eq!(error.details, ["session", "full"]);
    }

    #[test]
    fn hostile_frontmatter_is_an_error() {
        let text = format!("---\n{}\n---\nbody", "[".repeat(10_000));
        assert!(split(&text).is_err());
    }
}
