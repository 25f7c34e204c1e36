use std::fmt;

use super::context::{Context, Findings};

/// How much a finding matters.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
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
    /// `AS6xx`: what it says about the rest of the repository.
    References,
    /// `AS7xx`: what does harm to whoever reads or commits it.
    Safety,
}

impl Family {
    /// All of them, in the order of the codes.
    pub const ALL: [Self; 8] = [
        Self::Name,
        Self::Frontmatter,
        Self::Sections,
        Self::Log,
        Self::Progress,
        Self::Lifecycle,
        Self::References,
        Self::Safety,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Frontmatter => "frontmatter",
            Self::Sections => "sections",
            Self::Log => "log",
            Self::Progress => "progress",
            Self::Lifecycle => "lifecycle",
            Self::References => "references",
            Self::Safety => "safety",
        }
    }
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
    /// Whether it is on without being asked for.
    pub default: bool,
    /// The doc comment of the rule as it stands in the source; see [`Rule::explanation`].
    pub doc: &'static str,
    /// Reports what is wrong with one document.
    pub check: fn(&Context<'_>, &mut Findings<'_>),
}

impl Rule {
    /// The rule as a chapter whose heading has this level: name, code, severity, family, and what
    /// it checks and why. The only place where a rule becomes a page.
    pub fn chapter(&self, level: usize) -> String {
        let deeper = "#".repeat(level.saturating_sub(1));
        let mut text = format!(
            "{deeper}# {} ({})\n\n_{} · {}",
            self.name,
            self.code,
            self.severity,
            self.family.name()
        );
        if !self.default {
            text += " · off by default";
        }
        if self.has_fix() {
            text += " · can be fixed";
        }
        text += "_\n\n";
        let mut fence = 0;
        for line in self.explanation().lines() {
            // An example of Markdown has shorter fences within its own.
            let ticks = line.bytes().take_while(|byte| *byte == b'`').count();
            let ends = ticks >= fence && line.len() == ticks;
            match fence {
                0 if ticks >= 3 => fence = ticks,
                1.. if ends => fence = 0,
                _ => {}
            }
            if line.starts_with('#') && fence == 0 {
                text += &deeper;
            }
            text += line;
            text.push('\n');
        }
        text
    }

    /// Whether the explanation says how the defect is fixed.
    pub fn has_fix(&self) -> bool {
        self.doc.lines().any(|line| line.trim() == "## Fix")
    }

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
        f.pad(match self {
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// Declares the rule of a file: its doc comment is also what `agentsess rule NAME` prints.
macro_rules! declare {
    ($(#[doc = $doc:literal])+ $code:literal, $name:literal, $family:ident, $severity:ident, $check:path $(, $off:ident)?) => {
        $(#[doc = $doc])+
        pub static RULE: $crate::rules::Rule = $crate::rules::Rule {
            code: $code,
            name: $name,
            family: $crate::rules::Family::$family,
            severity: $crate::rules::Severity::$severity,
            default: true $(&& $crate::rules::rule::$off)?,
            doc: concat!($($doc, "\n"),+),
            check: $check,
        };
    };
}
pub(super) use declare;

/// Ends the declaration of a rule that is off unless it is asked for.
pub(super) const OFF: bool = false;
