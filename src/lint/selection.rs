//! Which rules are on. A selector is a rule's name or code, a family, the beginning of a code, or
//! `all`; where selectors disagree about a rule, the one that says it more exactly counts.

use toml::Spanned;

use crate::config::{self, Config};
use crate::error::{Error, Result, nearest};
use crate::rules::{self, Family, RULES, Rule};

/// What the command line says about the rules.
#[derive(Debug, Default)]
pub struct Selectors<'s> {
    /// Only these; what the configuration says does not count then.
    pub select: &'s [String],
    /// These, besides.
    pub extend_select: &'s [String],
    /// Not these.
    pub ignore: &'s [String],
}

/// The rules that a configuration turns on, as `asked` changes them, in the order of their codes.
///
/// # Errors
///
/// When a selector means no rule.
pub fn selected(config: &Config, asked: &Selectors<'_>) -> Result<Vec<&'static Rule>> {
    let config::Lint {
        select,
        extend_select,
        ignore,
        ..
    } = &config.lint;
    let configured = |names: &[Spanned<String>]| -> Result<Vec<Selector>> {
        let one = |name: &Spanned<String>| {
            let word = name.get_ref();
            Selector::parse(word).ok_or_else(|| {
                let Error { message, hint, .. } = unknown(&[word]);
                let error = config.error_at(name, message);
                Error { hint, ..error }
            })
        };
        names.iter().map(one).collect()
    };
    let file = Layer {
        select: select.as_deref().map(configured).transpose()?,
        extend: configured(extend_select)?,
        ignore: configured(ignore)?,
    };
    let line = Layer {
        select: (!asked.select.is_empty())
            .then(|| Selector::parse_all(asked.select))
            .transpose()?,
        extend: Selector::parse_all(asked.extend_select)?,
        ignore: Selector::parse_all(asked.ignore)?,
    };
    let layers = if line.select.is_some() {
        vec![line]
    } else {
        vec![file, line]
    };
    let on = |rule: &&&'static Rule| {
        let decide = |on, layer: &Layer| layer.decides(rule, on);
        layers.iter().fold(rule.default, decide)
    };
    Ok(RULES.iter().filter(on).copied().collect())
}

struct Layer {
    select: Option<Vec<Selector>>,
    extend: Vec<Selector>,
    ignore: Vec<Selector>,
}

impl Layer {
    /// Whether a rule is on that was on, or was not, before this layer.
    fn decides(&self, rule: &Rule, before: bool) -> bool {
        let exact = |selectors: &[Selector]| {
            let matching = selectors.iter().filter(|selector| selector.covers(rule));
            matching.map(Selector::exactness).max()
        };
        let select = self.select.as_deref();
        let on = exact(select.unwrap_or(&[])).max(exact(&self.extend));
        let off = exact(&self.ignore);
        if on.is_none() && off.is_none() {
            return before && select.is_none();
        }
        on > off
    }
}

/// One word about rules.
#[derive(Debug)]
pub enum Selector {
    /// Every rule.
    All,
    /// A family.
    Family(Family),
    /// Those whose codes begin like this.
    Code(String),
    /// One rule.
    Rule(&'static Rule),
}

impl Selector {
    /// What a word means, letter case and `_` for `-` aside.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase().replace('_', "-");
        if word == "all" {
            return Some(Self::All);
        }
        if let Some(rule) = rules::find(&word) {
            return Some(Self::Rule(rule));
        }
        let mut families = Family::ALL.into_iter();
        if let Some(family) = families.find(|family| family.name() == word) {
            return Some(Self::Family(family));
        }
        let code = word.to_ascii_uppercase();
        let begins = code.len() > 1 && RULES.iter().any(|rule| rule.code.starts_with(&code));
        begins.then_some(Self::Code(code))
    }

    /// What the words of arguments mean, each of which can have several, with commas.
    ///
    /// # Errors
    ///
    /// When some mean no rule; it names all of those.
    pub fn parse_all(arguments: &[String]) -> Result<Vec<Self>> {
        let words = arguments.iter().flat_map(|words| words.split(','));
        let (mut selectors, mut wrong) = (Vec::new(), Vec::new());
        for word in words.map(str::trim) {
            match Self::parse(word) {
                Some(selector) => selectors.push(selector),
                None => wrong.push(word),
            }
        }
        if wrong.is_empty() {
            Ok(selectors)
        } else {
            Err(unknown(&wrong))
        }
    }

    /// Whether it means this rule, among others.
    pub fn covers(&self, rule: &Rule) -> bool {
        match self {
            Self::All => true,
            Self::Family(family) => rule.family == *family,
            Self::Code(code) => rule.code.starts_with(code.as_str()),
            Self::Rule(one) => one.code == rule.code,
        }
    }

    fn exactness(&self) -> usize {
        match self {
            Self::All => 0,
            Self::Family(_) => 3,
            Self::Code(code) => code.len(),
            Self::Rule(rule) => rule.code.len(),
        }
    }
}

/// The error for words that mean no rule, with a rule or a family that the first is like.
fn unknown(words: &[&str]) -> Error {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    let message = match quoted.as_slice() {
        [word] => format!("no rule is called {word}"),
        words => format!("no rules are called {}", words.join(", ")),
    };
    let first = words
        .first()
        .map_or(String::new(), |word| word.to_ascii_lowercase());
    let names = RULES.iter().map(|rule| rule.name);
    let near = nearest(&first, names.chain(Family::ALL.map(Family::name))).unwrap_or("");
    Error::usage(message).hint(format!("agentsess rule {near}").trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(config: &str, asked: &Selectors<'_>) -> Vec<&'static str> {
        let config: Config = toml::from_str(config).unwrap();
        let rules = selected(&config, asked).unwrap();
        rules.into_iter().map(|rule| rule.name).collect()
    }

    #[test]
    fn without_a_word_the_default_rules_are_on() {
        let names = names("", &Selectors::default());
        let default = RULES.iter().filter(|rule| rule.default);
        assert!(names.into_iter().eq(default.map(|rule| rule.name)));
    }

    #[test]
    fn the_more_exact_word_counts() {
        let config =
            "[lint]\nselect = ['name', 'AS30', 'log-order']\nignore = ['log', 'file-name']";
        let names = names(config, &Selectors::default());
        assert!(!names.contains(&"file-name"));
        assert!(names.contains(&"issue-id-in-name"));
        assert!(names.contains(&"log-order"));
        assert!(
            names.contains(&"log-entry-format"),
            "AS30 is more exact than log"
        );
        assert!(!names.contains(&"missing-key"));
    }

    #[test]
    fn select_on_the_command_line_forgets_the_configuration() {
        let select = ["secret,AS301".to_owned()];
        let asked = Selectors {
            select: &select,
            ..Selectors::default()
        };
        let names = names("[lint]\nignore = ['secret']", &asked);
        assert_eq!(names, ["log-entry-format", "secret"]);
    }

    #[test]
    fn a_word_that_means_nothing_is_an_error() {
        let config: Config = toml::from_str("[lint]\nignore = ['secrets']").unwrap();
        let error = selected(&config, &Selectors::default()).unwrap_err();
        assert_eq!(error.message, "no rule is called `secrets`");
    }
}
