use std::fmt;

use super::context::{Context, Findings};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth a look; does not fail a check on its own.
    Warning,
    /// The file is not a valid session.
    Error,
}

/// What a rule is about; the first digit of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// `AS0xx`: the file as such.
    Name,
    /// `AS1xx`: the YAML at the head.
    Frontmatter,
    /// `AS2xx`: the `##` sections.
    Sections,
    /// `AS3xx`: the session log.
    Log,
    /// `AS4xx`: waves and items.
    Progress,
    /// `AS5xx`: what should have happened by now.
    Lifecycle,
    /// `AS7xx`: what does harm to whoever reads or commits it.
    Safety = 7,
}

/// One rule, as its file declares it.
#[derive(Debug)]
pub struct Rule {
    /// `AS` and three digits; never reused for another rule.
    pub code: &'static str,
    /// The name in kebab case, by which people know it.
    pub name: &'static str,
    /// What it is about.
    pub family: Family,
    /// The severity of its findings, unless one says otherwise.
    pub severity: Severity,
    /// The doc comment of the rule as it stands in the source; see [`Rule::explanation`].
    pub doc: &'static str,
    /// Reports what is wrong with one document.
    pub check: fn(&Context<'_>, &mut Findings<'_>),
}

impl Rule {
    /// What the rule checks and why, as Markdown without a title.
    pub fn explanation(&self) -> String {
        let lines = self.doc.lines();
        lines
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n")
    }

    /// The first paragraph of the explanation: the rule in a sentence.
    pub fn summary(&self) -> &'static str {
        self.doc.lines().next().unwrap_or("").trim()
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Declares the rule of a file: its doc comment is also what `agentsess rule NAME` prints.
macro_rules! declare {
    ($(#[doc = $doc:literal])+ $code:literal, $name:literal, $family:ident, $severity:ident, $check:path $(,)?) => {
        $(#[doc = $doc])+
        pub static RULE: $crate::rules::Rule = $crate::rules::Rule {
            code: $code,
            name: $name,
            family: $crate::rules::Family::$family,
            severity: $crate::rules::Severity::$severity,
            doc: concat!($($doc, "\n"),+),
            check: $check,
        };
    };
}
pub(super) use declare;
