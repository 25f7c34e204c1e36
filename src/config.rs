//! `.agents/agentsess.toml`. Every key is optional; an unknown one is an error.

mod agents;
mod close;
mod layers;
mod messages;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

pub use agents::{Agent, Program, is_model};
pub use close::{AGENTS, Close, ISSUE_COMMAND, Item, Sink, SinkInput};

use crate::document::schema::{REQUIRED_SECTIONS, same_name};
use crate::error::{Error, Result};
use layers::Layers;

/// The file, relative to the root.
pub const FILE: &str = ".agents/agentsess.toml";

/// Seconds that a writer waits where nothing else is configured.
const LOCK_TIMEOUT: f64 = 10.0;

/// The most that can be configured, in seconds.
const LONGEST_LOCK_TIMEOUT: f64 = 3600.0;

/// Prints what can be configured.
const SCHEMA: &str = "agentsess schema config";

/// What makes a pattern one for a whole text.
const WHOLE: (&str, &str) = ("^(?:", ")$");

// The doc comments of the keys are also their descriptions in the schema and the reference, which
// `schema` and `docs/configuration.md` take from here.

/// Settings of a repository, `.agents/agentsess.toml`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[schemars(title = "Configuration of agentsess")]
pub struct Config {
    /// The versions of agentsess that may be used here, such as `>=0.1`: a requirement as Cargo
    /// knows them. Others refuse to work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_version: Option<String>,
    /// A configuration file that says what this one does not, relative to this one and within the
    /// repository. Tables are merged key by key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extends: Option<PathBuf>,
    /// How long a writer waits for another one, in seconds.
    #[schemars(range(min = 0.0, max = LONGEST_LOCK_TIMEOUT))]
    lock_timeout: f64,
    /// The project's place in Linear.
    pub linear: Linear,
    /// What a session consists of.
    pub sections: Sections,
    /// What counts as an item of work.
    pub items: Items,
    /// What `lint` reports.
    pub lint: Lint,
    /// What `close` looks at.
    pub close: Close,
    /// What is kept of sessions that were closed or left for others.
    pub records: Records,
    /// Who can be started on an item of work, by the name that the item mentions as `@NAME`. Known
    /// without being named here: claude, codex, gemini, copilot, opencode. They run once they are
    /// trusted.
    pub agents: BTreeMap<String, Agent>,
    /// What was read, for errors that are noticed later.
    #[serde(skip)]
    origin: Layers,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            required_version: None,
            extends: None,
            lock_timeout: LOCK_TIMEOUT,
            linear: Linear::default(),
            sections: Sections::default(),
            items: Items::default(),
            lint: Lint::default(),
            close: Close::default(),
            records: Records::default(),
            agents: BTreeMap::new(),
            origin: Layers::default(),
        }
    }
}

/// `[linear]`
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Linear {
    /// The workspace's name in Linear's addresses; with it `--issue BACK-123` also fills
    /// `linear_url`.
    pub workspace: Option<String>,
}

/// `[sections]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Sections {
    /// The sections without which `lint` calls a session invalid.
    #[serde(deserialize_with = "section_names")]
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
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Items {
    /// Regular expressions for further forms of issue ids, each for the whole id. `ABC-12`, `#12`
    /// and `owner/repo#12` are always known.
    #[serde(deserialize_with = "patterns", serialize_with = "as_written")]
    #[schemars(with = "Vec<String>")]
    id_patterns: Vec<Regex>,
}

/// `[lint]`
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Lint {
    /// The rules that are on, by name, code or family, instead of the default ones; `all` is all.
    #[schemars(with = "Option<Vec<String>>")]
    pub select: Option<Vec<Spanned<String>>>,
    /// Rules that are on besides.
    #[schemars(with = "Vec<String>")]
    pub extend_select: Vec<Spanned<String>>,
    /// Rules that are off.
    #[schemars(with = "Vec<String>")]
    pub ignore: Vec<Spanned<String>>,
    /// Files that are left out: patterns as in a `.gitignore` at the root. `--exclude` adds to them;
    /// files that are named one by one are left out only with `--force-exclude`.
    #[serde(deserialize_with = "excludes")]
    pub exclude: Vec<String>,
    /// The least severity that makes `lint` fail.
    pub fail_on: FailOn,
    /// Report every key of the frontmatter that the format does not know, not only near misses.
    pub strict_keys: bool,
    /// Days without a word after which work in progress is stale.
    pub stale_days: u32,
    /// Days after which a paused session has waited for too long.
    pub long_paused_days: u32,
    /// Days after which a completed session that was not closed counts as forgotten.
    pub forgotten_days: u32,
    /// Minutes by which clocks may differ before a timestamp counts as one of the future.
    pub clock_skew_minutes: u32,
}

impl Default for Lint {
    fn default() -> Self {
        Self {
            select: None,
            extend_select: Vec::new(),
            ignore: Vec::new(),
            exclude: Vec::new(),
            fail_on: FailOn::Error,
            strict_keys: false,
            stale_days: 7,
            long_paused_days: 30,
            forgotten_days: 1,
            clock_skew_minutes: 10,
        }
    }
}

/// The least severity that makes `lint` fail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Only errors do.
    #[default]
    Error,
    /// Warnings do, too.
    Warning,
}

/// `[records]`
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Records {
    /// The folder of closing records, relative to the root and within it. Another program's folder
    /// of such records can be shared.
    #[schemars(extend("default" = ".agents/sessions/archive"), extend("pattern" = r"^(?!/)(?!(.*/)?\.\.(/|$))"))]
    pub folder: Option<PathBuf>,
    /// Which sessions leave a record when they are closed.
    pub keep: KeepRecords,
}

/// Which sessions leave a record when they are closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeepRecords {
    /// Planning sessions do: those with a seed.
    #[default]
    Planning,
    /// All do.
    All,
}

impl Config {
    /// Reads the configuration of the repository at `root`; without the file, the defaults.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is not TOML, or has an unknown key or a wrong value.
    pub fn load(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        // What cannot be looked at cannot be read either, and that is an error.
        if path
            .symlink_metadata()
            .is_err_and(|error| error.kind() == ErrorKind::NotFound)
        {
            return Ok(Self::default());
        }
        let leaves =
            |real: PathBuf| std::fs::canonicalize(root).is_ok_and(|root| !real.starts_with(root));
        if std::fs::canonicalize(&path).is_ok_and(leaves) {
            let error = Error::usage("the configuration is a link out of the project");
            return Err(error.at(&path, None).hint("put the file itself here"));
        }
        Self::read(&path, root)
    }

    /// Reads a configuration file that was named, and what it extends within `root`.
    ///
    /// # Errors
    ///
    /// As for [`Config::load`], and when there is no such file.
    pub fn read(path: &Path, root: &Path) -> Result<Self> {
        Self::of(Layers::read(path, root)?)
    }

    /// Reads the text of a configuration file; what it extends is left out.
    ///
    /// # Errors
    ///
    /// As for [`Config::load`].
    pub fn parse(path: PathBuf, text: &str) -> Result<Self> {
        let mut layers = Layers::default();
        layers.push(path, text);
        Self::of(layers)
    }

    fn of(layers: Layers) -> Result<Self> {
        let config = Self::deserialize(layers.merged()?);
        let config = config.map_err(|error| layers.error_of(&error))?;
        if let Some((key, message)) = config.defect() {
            return Err(layers.error_about(&key, &message));
        }
        Ok(Self {
            origin: layers,
            ..config
        })
    }

    /// What is wrong though its type is right, and the key.
    fn defect(&self) -> Option<(String, String)> {
        let defect = |key: &str, message: String| Some((key.to_owned(), message));
        if !(0.0..=LONGEST_LOCK_TIMEOUT).contains(&self.lock_timeout) {
            let message = format!("`lock-timeout` must be between 0 and {LONGEST_LOCK_TIMEOUT}");
            return defect("lock-timeout", message);
        }
        let leaves = |path: &Path| path.is_absolute() || path.iter().any(|part| part == "..");
        if self.records.folder.as_deref().is_some_and(leaves) {
            let message = "`records.folder` must stay within the repository";
            return defect("folder", message.to_owned());
        }
        let agents = || {
            let mut agents = self.agents.iter();
            agents.find_map(|(name, agent)| Some((format!("{AGENTS}{name}"), agent.defect(name)?)))
        };
        self.close.defect().or_else(agents)
    }

    /// An error about a value of the configuration, which is found by the place it was read from.
    pub fn error_at<T>(&self, value: &Spanned<T>, message: String) -> Error {
        self.origin.error(value.span().start, message)
    }

    /// The file that was read.
    pub fn path(&self) -> Option<&Path> {
        self.files().next()
    }

    /// That file, and those that it extends.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.origin.paths()
    }

    /// The keys that hold of each of these files.
    ///
    /// # Errors
    ///
    /// When there was an error when they were read.
    pub fn keys(&self) -> Result<Vec<(&Path, Vec<String>)>> {
        self.origin.keys()
    }

    /// How long a writer waits for another one.
    pub fn lock_timeout(&self) -> Duration {
        Duration::from_secs_f64(self.lock_timeout)
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
    let compiled = patterns.iter().map(|pattern| {
        // On its own first, so that an error is about what was written.
        let compiled = Regex::new(pattern).and_then(|_| Regex::new(&whole(pattern)));
        compiled.map_err(|error| {
            let error = error.to_string();
            let cause = error.lines().last().unwrap_or("").trim();
            let cause = cause.strip_prefix("error: ").unwrap_or(cause);
            serde::de::Error::custom(format!("`{pattern}` is no regular expression: {cause}"))
        })
    });
    compiled.collect()
}

/// A pattern for a whole text.
fn whole(pattern: &str) -> String {
    format!("{}{pattern}{}", WHOLE.0, WHOLE.1)
}

fn as_written<S: serde::Serializer>(patterns: &[Regex], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(patterns.iter().map(|pattern| {
        let inner = pattern.as_str().strip_prefix(WHOLE.0);
        inner.and_then(|inner| inner.strip_suffix(WHOLE.1))
    }))
}

fn section_names<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    let mut before: Vec<&str> = Vec::new();
    for name in &names {
        if name.trim().is_empty() {
            return Err(serde::de::Error::custom("a section has a name"));
        }
        if before.iter().any(|other| same_name(other, name)) {
            let message = format!("the section `{name}` is named twice");
            return Err(serde::de::Error::custom(message));
        }
        before.push(name);
    }
    Ok(names)
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
        if glob.trim().is_empty() {
            return Err(ignore::Error::Glob {
                glob: None,
                err: "an empty pattern matches nothing".into(),
            });
        }
        builder.add_line(None, glob)?;
    }
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config> {
        Config::parse("agentsess.toml".into(), text)
    }

    fn error(text: &str) -> String {
        let error = parse(text).unwrap_err();
        format!("{error} ({})", error.hint.as_deref().unwrap_or("-"))
    }

    #[test]
    fn errors_point_at_the_key() {
        assert_eq!(
            error("[linear]\nworkspce = 'x'"),
            "agentsess.toml:2:1: unknown key `workspce`; did you mean `workspace`? (agentsess schema config)"
        );
        assert!(error("lock-timeout = -1").starts_with("agentsess.toml:1:1: `lock-timeout`"));
        assert!(error("[close]\ndecisions = '../x'").starts_with("agentsess.toml:2:1"));
        assert!(error("[records]\nfolder = '/x'").starts_with("agentsess.toml:2:1"));
        assert!(error("[items]\nid-patterns = ['(']").starts_with("agentsess.toml:2:15"));
        assert!(error("[lint]\nexclude = ['a', '[b']").starts_with("agentsess.toml:2:11"));
    }

    #[test]
    fn errors_point_into_the_file_that_has_the_key() {
        let error = |near: &str, far: &str| {
            let mut layers = Layers::default();
            layers.push("near.toml".into(), near);
            layers.push("far.toml".into(), far);
            Config::of(layers).unwrap_err().to_string()
        };
        let near = "extends = 'far.toml'\n[lint]\nignore = []\n";
        assert!(error(near, "[lint]\nselect = 1\n").starts_with("far.toml:2:10: wrong type"));
        assert!(error(near, "x = 1").starts_with("far.toml:1:1: unknown key `x`"));
        assert!(error(near, "x =").starts_with("far.toml:1:4: "));
        assert!(error("[close]\nlessons = '/x'", "").starts_with("near.toml:2:1: "));
        assert!(error(near, "[close]\nlessons = '/x'").starts_with("far.toml:2:1: "));
        assert!(error(near, "[close]\nsinks = 1\n[close.sinks]").starts_with("far.toml:3:"));
    }

    #[test]
    fn another_version_is_refused_before_keys_it_does_not_know() {
        assert!(parse("required-version = '>=0.1, <1000'").is_ok());
        assert_eq!(
            error("required-version = '>=1000.1'\nnew-key = 1"),
            format!(
                "agentsess.toml:1:20: this project requires agentsess >=1000.1, and this is {} \
                 (cargo install agentsess --version '>=1000.1')",
                env!("CARGO_PKG_VERSION")
            )
        );
        assert!(error("required-version = 'new'").contains("is no requirement such as"));
        assert!(error("required-version = 1").contains("expected text in quotes"));
    }

    #[test]
    fn errors_are_in_the_words_of_toml() {
        for (text, message) in [
            ("select = []", "the key `select` belongs into `[lint]`"),
            (
                "[close]\nstale-days = 1",
                "the key `stale-days` belongs into `[lint]`",
            ),
            ("zzz = 1", "unknown key `zzz`"),
            ("lint = 1", "wrong type: integer `1`, expected a table"),
            (
                "lock-timeout = 'x'",
                "wrong type: string \"x\", expected a number",
            ),
            (
                "[lint]\nstale-days = 'x'",
                "wrong type: string \"x\", expected a whole number from 0 on",
            ),
            (
                "[lint]\nstale-days = -1",
                "invalid value: integer `-1`, expected a whole number from 0 on",
            ),
            (
                "[lint]\nselect = 'x'",
                "wrong type: string \"x\", expected a list",
            ),
            (
                "[lint]\nexclude = [1]",
                "wrong type: integer `1`, expected text in quotes",
            ),
            ("[lint]\nexclude = ['']", "an empty pattern matches nothing"),
            (
                "[lint]\nstrict-keys = 1",
                "wrong type: integer `1`, expected `true` or `false`",
            ),
            (
                "[lint]\nfail-on = 'warn'",
                "unknown value `warn`, expected `error` or `warning`",
            ),
            (
                "[close]\ndecisions = []",
                "wrong type: a list, expected text in quotes",
            ),
            (
                "[items]\nid-patterns = ['(']",
                "`(` is no regular expression: unclosed group",
            ),
            ("[sections]\nrequired = ['A', ' ']", "a section has a name"),
            (
                "[sections]\nrequired = ['A', 'a']",
                "the section `a` is named twice",
            ),
        ] {
            let error = error(text);
            assert!(error.contains(&format!(": {message} (")), "{text}: {error}");
        }
    }

    #[test]
    fn a_configuration_is_written_as_it_is_read() {
        let text =
            "lock-timeout = 2.5\n[items]\nid-patterns = ['T\\d+']\n[lint]\nselect = ['log']\n";
        let config = parse(text).unwrap();
        let written = toml::to_string(&config).unwrap();
        let again = parse(&written).unwrap();
        assert!(written.contains("id-patterns = ['T\\d+']"), "{written}");
        assert_eq!(toml::to_string(&again).unwrap(), written);
    }

    #[test]
    fn an_id_pattern_covers_the_whole_token() {
        let config = parse("[items]\nid-patterns = ['a|ab']").unwrap();
        assert!(config.items.is_id("ab"));
        assert!(!config.items.is_id("abc"));
    }
}
