//! `.agents/agentsess.toml`. Every key is optional; an unknown one is an error.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use regex::Regex;
use serde::Deserialize;

use crate::document::line_column;
use crate::document::schema::{REQUIRED_SECTIONS, same_name};
use crate::error::{Error, Result};

/// The file, relative to the root.
pub const FILE: &str = ".agents/agentsess.toml";

/// The settings of a repository.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// How long a writer waits for another one, in seconds. Default 10.
    lock_timeout: Option<f64>,
    /// Linear.
    pub linear: Linear,
    /// Sections.
    pub sections: Sections,
    /// Items.
    pub items: Items,
    /// What `close` asks.
    pub close: Close,
    /// What `lint` checks.
    pub lint: Lint,
}

/// `[linear]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Linear {
    /// The workspace's name in its addresses, so that `linear_url` can be filled.
    pub workspace: Option<String>,
}

/// `[sections]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Sections {
    /// Sections without which a session is invalid.
    pub required: Vec<String>,
}

impl Default for Sections {
    fn default() -> Self {
        Self {
            required: REQUIRED_SECTIONS.map(String::from).to_vec(),
        }
    }
}

/// `[items]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Items {
    /// Further forms of issue ids, each a regular expression for the whole id.
    #[serde(deserialize_with = "patterns")]
    id_patterns: Vec<Regex>,
}

/// `[close]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Close {
    /// The folder of architecture decision records, relative to the root.
    pub decisions: PathBuf,
}

impl Default for Close {
    fn default() -> Self {
        Self {
            decisions: "docs/decisions".into(),
        }
    }
}

/// `[lint]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Lint {
    /// Files that are not checked: patterns as in `.gitignore`, relative to the root.
    #[serde(deserialize_with = "excludes")]
    pub exclude: Vec<String>,
}

impl Config {
    /// Reads the configuration of the repository at `root`; without the file, the defaults.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not TOML, or has an unknown key or a wrong value.
    pub fn load(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => return Err(Error::io("read the configuration", &path, &error)),
        };
        Self::parse(&text, &path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let position = error.span().map(|span| line_column(text, span.start));
            let message = error.message().to_owned();
            let hint = suggestion(&message)
                .unwrap_or_else(|| "see `docs/configuration.md` for all keys".into());
            Error::usage(message).at(path, position).hint(hint)
        })?;
        let wrong = |key: &str, message: &str| {
            let offset = text.find(key).unwrap_or(0);
            Err(Error::usage(message).at(path, Some(line_column(text, offset))))
        };
        if config
            .lock_timeout
            .is_some_and(|timeout| !(0.0..=3600.0).contains(&timeout))
        {
            return wrong("lock-timeout", "`lock-timeout` must be between 0 and 3600");
        }
        let decisions = &config.close.decisions;
        if decisions.is_absolute() || decisions.iter().any(|part| part == "..") {
            return wrong(
                "decisions",
                "`close.decisions` must stay within the repository",
            );
        }
        Ok(config)
    }

    /// How long a writer waits for another one.
    pub fn lock_timeout(&self) -> Duration {
        Duration::from_secs_f64(self.lock_timeout.unwrap_or(10.0))
    }

    /// Whether a session without this section is invalid.
    pub fn is_required(&self, section: &str) -> bool {
        let mut required = self.sections.required.iter();
        required.any(|name| same_name(name, section))
    }
}

impl Items {
    /// Whether `token` is an issue id of a configured form.
    pub fn is_id(&self, token: &str) -> bool {
        self.id_patterns.iter().any(|pattern| {
            pattern
                .find(token)
                .is_some_and(|found| found.len() == token.len())
        })
    }
}

fn patterns<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Regex>, D::Error> {
    let patterns = Vec::<String>::deserialize(deserializer)?;
    patterns
        .iter()
        .map(|pattern| Regex::new(&format!("^(?:{pattern})$")).map_err(serde::de::Error::custom))
        .collect()
}

fn excludes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let globs = Vec::<String>::deserialize(deserializer)?;
    excluded(Path::new(""), &globs).map_err(serde::de::Error::custom)?;
    Ok(globs)
}

/// The files that patterns as in `.gitignore`, relative to `folder`, match.
///
/// # Errors
///
/// When one of them is no pattern.
pub fn excluded(folder: &Path, globs: &[String]) -> Result<Gitignore, ignore::Error> {
    let mut builder = GitignoreBuilder::new(folder);
    builder.allow_unclosed_class(false);
    for glob in globs {
        builder.add_line(None, glob)?;
    }
    builder.build()
}

/// The known key that is nearest to the unknown one in a message of serde's.
fn suggestion(message: &str) -> Option<String> {
    let mut names = message
        .strip_prefix("unknown field ")?
        .split('`')
        .skip(1)
        .step_by(2);
    let unknown = names.next()?;
    let near = names.max_by(|a, b| {
        strsim::jaro_winkler(unknown, a).total_cmp(&strsim::jaro_winkler(unknown, b))
    })?;
    Some(format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let error = Config::parse(text, Path::new("agentsess.toml")).unwrap_err();
        format!("{error} ({})", error.hint.as_deref().unwrap_or("-"))
    }

    #[test]
    fn errors_point_at_the_key() {
        assert!(error("[linear]\nworkspce = 'x'").starts_with("agentsess.toml:2:1: unknown field"));
        assert!(error("[linear]\nworkspce = 'x'").ends_with("(did you mean `workspace`?)"));
        assert!(error("lock-timeout = -1").starts_with("agentsess.toml:1:1: `lock-timeout`"));
        assert!(error("[close]\ndecisions = '../x'").starts_with("agentsess.toml:2:1"));
        assert!(error("[items]\nid-patterns = ['(']").starts_with("agentsess.toml:2:15"));
        assert!(error("[lint]\nexclude = ['a', '[b']").starts_with("agentsess.toml:2:11"));
    }

    #[test]
    fn an_id_pattern_covers_the_whole_token() {
        let config = Config::parse("[items]\nid-patterns = ['a|ab']", Path::new("x")).unwrap();
        assert!(config.items.is_id("ab"));
        assert!(!config.items.is_id("abc"));
    }
}
