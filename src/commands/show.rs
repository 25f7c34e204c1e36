use std::path::Path;
use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, select_to_read};
use crate::cli::{self, DataFormat};
use crate::document::Document;
use crate::document::yaml::{Kind, Node};
use crate::error::{Error, Result};
use crate::operations::source::{self, Drift};
use crate::operations::{brief::Brief, slug_of};
use crate::render::{brief, diff, sanitize};
use crate::store::Store;

/// Words of a session.
#[derive(Serialize, JsonSchema)]
pub(super) struct Part<'s> {
    session: &'s str,
    #[serde(skip_serializing_if = "Option::is_none")]
    section: Option<&'s str>,
    text: &'s str,
}

pub(super) fn run(context: &Context, arguments: &cli::Show) -> Result<ExitCode> {
    let store = context.store()?;
    let name = select_to_read(&store, arguments.target.selector())?;
    let source = store.read(&name)?;
    let document = Document::parse(&source);
    if arguments.source_diff {
        return source_diff(context, &store, &name, &document);
    }
    if let Some(format) = arguments.frontmatter {
        frontmatter(context, &document, format)?;
    } else {
        let section = arguments.section.as_deref();
        part(context, &store, &name, &document, section, arguments.full)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a section, the whole file, or else the brief.
pub(super) fn part(
    context: &Context,
    store: &Store,
    name: &str,
    document: &Document,
    wanted: Option<&str>,
    full: bool,
) -> Result<()> {
    let output = &context.output;
    if let Some(conflict) = store.conflict_in(&store.path(name), document) {
        output.warning(&conflict.to_string());
    }
    if let Some(wanted) = wanted {
        let (section, text) = section(store, document, name, wanted)?;
        let part = Part {
            session: name,
            section: Some(section),
            text,
        };
        return output.print_raw(&part, format!("{text}\n").as_bytes());
    }
    if full {
        let part = Part {
            session: name,
            section: None,
            text: document.text,
        };
        return output.print_raw(&part, document.source().bytes());
    }
    let brief = Brief::new(store, name, document, context.now);
    output.print(&brief, || brief::text(&brief))
}

#[derive(Serialize)]
struct SourceDrift<'d> {
    session: &'d str,
    path: String,
    changed: bool,
    diff: Option<String>,
}

fn source_diff(
    context: &Context,
    store: &Store,
    name: &str,
    document: &Document,
) -> Result<ExitCode> {
    let (path, diff) = match source::drift(store, name, document)? {
        Drift::Unchanged { path } => (path, None),
        Drift::Changed {
            path,
            before,
            after,
        } => {
            let sides = [Path::new("a").join(&path), Path::new("b").join(&path)];
            let diff = diff([&sides[0], &sides[1]], &before, &after);
            (path, Some(diff))
        }
    };
    let drift = SourceDrift {
        session: name,
        path: path.display().to_string(),
        changed: diff.is_some(),
        diff,
    };
    context.output.print(&drift, || match &drift.diff {
        Some(diff) => diff.clone(),
        None => format!("{} is unchanged", sanitize(&drift.path)),
    })?;
    Ok(ExitCode::from(u8::from(drift.changed)))
}

fn section<'d>(
    store: &Store,
    document: &'d Document,
    name: &str,
    wanted: &str,
) -> Result<(&'d str, &'d str)> {
    let body = &document.body;
    if let Some((_, section)) = body.section(wanted) {
        return Ok((body.name(section), section.body.of(document.text)));
    }
    let mut error = Error::usage(format!("`{}` has no section `{wanted}`", slug_of(name)));
    error.details = body
        .sections
        .iter()
        .map(|section| body.name(section).to_owned())
        .collect();
    Err(error.hint(format!("agentsess show {} --full", store.selector(name))))
}

/// The frontmatter as data. YAML's own types are applied to plain values only as far as JSON has
/// them.
fn frontmatter(context: &Context, document: &Document, format: DataFormat) -> Result<()> {
    let tree = &document.frontmatter;
    if let Some(error) = &tree.error {
        let position = document.position(error.offset);
        return Err(Error::usage(format!(
            "the frontmatter is broken at {}:{}: {}",
            position.0, position.1, error.message
        ))
        .hint("agentsess lint"));
    }
    let Some(root) = &tree.root else {
        return Err(Error::usage("there is no frontmatter").hint("agentsess lint"));
    };
    let value = data(root);
    let text = match format {
        DataFormat::Json => serde_json::to_string_pretty(&value).unwrap_or_default() + "\n",
        DataFormat::Yaml => serde_yaml::to_string(&value)
            .map_err(|error| Error::usage(format!("cannot write YAML: {error}")))?,
    };
    context.output.raw(text.as_bytes())
}

fn data(node: &Node) -> serde_json::Value {
    use serde_json::Value;
    match &node.kind {
        _ if node.is_null() => Value::Null,
        Kind::Scalar { value, .. } => match node.describe() {
            "a boolean" => Value::Bool(value.eq_ignore_ascii_case("true")),
            "a number" => serde_json::from_str(value).unwrap_or_else(|_| value.as_ref().into()),
            _ => value.as_ref().into(),
        },
        Kind::Map { entries, .. } => entries
            .iter()
            .filter_map(|entry| Some((entry.key.text()?.to_owned(), data(&entry.value))))
            .collect(),
        Kind::Seq { items, .. } => items.iter().map(data).collect(),
        Kind::Alias => Value::Null,
    }
}
