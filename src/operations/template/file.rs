//! What a template's frontmatter says about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gray_matter::{Matter, Pod, engine::Engine};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::ALWAYS;
use crate::document::yaml::{self, Kind as Yaml, Node};
use crate::document::{Fences, Frontmatter, Span, is_token, line_column};
use crate::error::{Error, Result};

/// A body that sessions start with, and what it wants to be told.
#[derive(Debug, Clone)]
pub struct Template {
    /// What it is asked for by.
    pub name: String,
    /// What it is for, in a phrase.
    pub description: String,
    /// What it can be told with `--var`, in the order of their names.
    pub variables: Vec<Variable>,
    /// Its file as the user would write it; absent where it is built in.
    pub path: Option<PathBuf>,
    /// The whole file, with `\n` line ends.
    pub text: String,
    /// Where in `text` the body begins.
    pub(super) body: usize,
}

/// A variable of a template. Its value is text, empty where nothing is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it means.
    pub description: String,
    /// Its value where none is given.
    pub default: Option<String>,
    /// Whether a value must be given.
    pub required: bool,
}

/// The frontmatter as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    variables: Option<BTreeMap<String, Value>>,
}

/// A variable as it is written in full; its default alone is enough.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Declaration {
    description: String,
    default: Option<String>,
    #[serde(deserialize_with = "flag")]
    required: bool,
}

impl Template {
    /// Reads a template; `path` is its file as the user would write it, where it has one.
    ///
    /// # Errors
    ///
    /// With the place in the file, when it is not UTF-8 or its frontmatter is not a template's.
    pub(super) fn parse(bytes: &[u8], path: Option<&Path>) -> Result<Self> {
        let (valid, broken) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, false),
            Err(error) => {
                let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
                (std::str::from_utf8(valid).unwrap_or_default(), true)
            }
        };
        let text = valid.strip_prefix('\u{feff}').unwrap_or(valid);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let failed = |offset: usize, message: String| {
            let error = Error::usage(message).hint("agentsess template show session");
            match path {
                Some(path) => error.at(path, Some(line_column(&text, offset))),
                None => error,
            }
        };
        if broken {
            return Err(failed(text.len(), "the template is not UTF-8".into()));
        }
        let head = Frontmatter::parse(&text, 0);
        if head.fences != Fences::Closed {
            let message = match head.fences {
                Fences::Missing => "a template begins with frontmatter that names it",
                Fences::TooLong => "the frontmatter is too long",
                _ => "the frontmatter is never closed; a line `---` ends it",
            };
            return Err(failed(0, message.into()));
        }
        if let Some(error) = &head.error {
            return Err(failed(error.offset, error.message.clone()));
        }
        if let Some(again) = head.duplicates.first() {
            return Err(failed(again.start, "this key is given twice".into()));
        }
        let within = |parents: &[&str], message: String| {
            let offset = offset_of(&head, parents, &message);
            failed(offset.unwrap_or(head.content.start), message)
        };
        let parsed = Matter::<Tree>::new().parse::<Head>(&text);
        let data = parsed.map_err(|error| within(&[], said(&error)))?.data;
        let data = data.ok_or_else(|| failed(0, "the frontmatter has no `name`".into()))?;
        if !is_token(&data.name) {
            let message = format!(
                "`{}` cannot name a template; only letters, digits and `._-` can",
                data.name
            );
            return Err(failed(offset_at(&head, &["name"]).unwrap_or(0), message));
        }
        let mut variables = Vec::new();
        for (name, value) in data.variables.unwrap_or_default() {
            let key = ["variables", name.as_str()];
            let variable = variable(&name, value).map_err(|message| within(&key, message))?;
            variables.push(variable);
        }
        let body = head.span.end;
        let rest = Span::new(body, text.len()).of(&text);
        let blank = rest.len() - rest.trim_start_matches('\n').len();
        Ok(Self {
            name: data.name,
            description: data.description,
            variables,
            path: path.map(Path::to_owned),
            body: body + blank,
            text,
        })
    }

    /// What is rendered.
    pub(super) fn body(&self) -> &str {
        self.text.get(self.body..).unwrap_or("")
    }
}

fn variable(name: &str, value: Value) -> Result<Variable, String> {
    let identifier = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit());
    if !identifier || name.is_empty() {
        return Err(format!(
            "`{name}` cannot name a variable; only letters, digits and `_` can"
        ));
    }
    if ALWAYS.iter().any(|(always, _)| *always == name) {
        return Err(format!("`{name}` is always there and cannot be declared"));
    }
    let declared = match value {
        Value::Null => Declaration::default(),
        Value::String(text) => Declaration {
            default: Some(text),
            ..Declaration::default()
        },
        value => serde_json::from_value(value).map_err(|error| error.to_string())?,
    };
    if declared.required && declared.default.is_some() {
        return Err(format!(
            "`{name}` is required, so its default is never used"
        ));
    }
    Ok(Variable {
        name: name.to_owned(),
        description: declared.description,
        default: declared.default,
        required: declared.required,
    })
}

/// Every value is read as text, `true` and `false` here too.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(serde::de::Error::custom("`required` is `true` or `false`")),
    }
}

/// What a reader's error says, without the reader's own words before it.
fn said(error: &gray_matter::Error) -> String {
    let text = error.to_string();
    let (_, message) = text.rsplit_once("error: ").unwrap_or(("", &text));
    message.to_owned()
}

/// Where the key is that a message names first, in the map at `parents`; or else that map.
fn offset_of(head: &Frontmatter, parents: &[&str], message: &str) -> Option<usize> {
    let named = message.split('`').nth(1).unwrap_or("");
    let mut path = parents.to_vec();
    path.push(named);
    offset_at(head, &path).or_else(|| offset_at(head, parents))
}

fn offset_at(head: &Frontmatter, path: &[&str]) -> Option<usize> {
    head.entry(path).map(|entry| entry.key.span.start)
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

    fn parse(text: &str) -> Result<Template, String> {
        Template::parse(text.as_bytes(), Some(Path::new("t.md"))).map_err(|e| e.to_string())
    }

    #[test]
    fn a_variable_is_its_default_or_a_map() {
        let template = parse(
            "---\r\nname: t\r\nvariables:\r\n  c: {description: C, required: true}\r\n  a: 3\r\n  b:\r\n---\r\n\r\n# T\r\n",
        )
        .unwrap();
        let shown: Vec<_> = template
            .variables
            .iter()
            .map(|v| (v.name.as_str(), v.default.as_deref(), v.required))
            .collect();
        assert_eq!(
            shown,
            [
                ("a", Some("3"), false),
                ("b", None, false),
                ("c", None, true)
            ]
        );
        assert_eq!(template.body(), "# T\n");
    }

    #[test]
    fn errors_point_at_the_key() {
        for (text, error) in [
            (
                "# T",
                "t.md:1:1: a template begins with frontmatter that names it",
            ),
            (
                "---\nname: t\n",
                "t.md:1:1: the frontmatter is never closed; a line `---` ends it",
            ),
            ("---\n---\n", "t.md:1:1: the frontmatter has no `name`"),
            (
                "---\nname: a b\n---\n",
                "t.md:2:1: `a b` cannot name a template; only letters, digits and `._-` can",
            ),
            (
                "---\nname: t\nname: u\n---\n",
                "t.md:3:1: this key is given twice",
            ),
            (
                "---\nname: t\nvariables:\n  title: x\n---\n",
                "t.md:4:3: `title` is always there and cannot be declared",
            ),
            (
                "---\nname: t\nvariables:\n  a: {default: x, required: true}\n---\n",
                "t.md:4:3: `a` is required, so its default is never used",
            ),
            (
                "---\nname: t\nvariables:\n  a: {required: maybe}\n---\n",
                "t.md:4:7: `required` is `true` or `false`",
            ),
            (
                "---\nname: t\nvariables:\n  a-b: x\n---\n",
                "t.md:4:3: `a-b` cannot name a variable; only letters, digits and `_` can",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err(), error, "{text:?}");
        }
        let unknown = parse("---\nname: t\ndescripton: x\n---\n").unwrap_err();
        assert!(
            unknown.starts_with("t.md:3:1: unknown field `descripton`"),
            "{unknown}"
        );
        let unknown = parse("---\nname: t\nvariables:\n  a: {defalt: x}\n---\n").unwrap_err();
        assert!(
            unknown.starts_with("t.md:4:7: unknown field `defalt`"),
            "{unknown}"
        );
        let broken = Template::parse(b"---\nname: t\xff\n---\n", Some(Path::new("t.md")));
        assert_eq!(
            broken.unwrap_err().to_string(),
            "t.md:2:8: the template is not UTF-8"
        );
    }

    #[test]
    fn hostile_frontmatter_is_an_error() {
        assert!(parse(&format!("---\n{}\n---\nbody", "[".repeat(10_000))).is_err());
        assert!(parse(&format!("---\nname: {}\n---\n", "[".repeat(60))).is_err());
    }
}
