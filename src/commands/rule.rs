use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::Context;
use crate::cli;
use crate::error::Result;
use crate::lint::Selector;
use crate::rules::{self, RULES, Rule};

#[derive(Serialize)]
struct Rules {
    rules: Vec<Explained>,
}

#[derive(Serialize)]
struct Explained {
    rule: &'static str,
    code: &'static str,
    family: rules::Family,
    severity: rules::Severity,
    default: bool,
    fixable: bool,
    explanation: String,
}

pub(super) fn run(context: &Context, arguments: &cli::Rule) -> Result<ExitCode> {
    let selectors = Selector::parse_all(&arguments.rules)?;
    let asked = |rule: &&&Rule| {
        let mut selectors = selectors.iter();
        arguments.rules.is_empty() || selectors.any(|selector| selector.covers(rule))
    };
    let chosen: Vec<&Rule> = RULES.iter().filter(asked).copied().collect();
    let mut selectors = selectors.iter();
    // Rules that are named one by one are explained, those of a family are listed.
    let pages = arguments.all
        || !arguments.rules.is_empty()
            && selectors.all(|selector| matches!(selector, Selector::Rule(_)));
    let explained = chosen.iter().map(|rule| Explained {
        rule: rule.name,
        code: rule.code,
        family: rule.family,
        severity: rule.severity,
        default: rule.default,
        fixable: rule.has_fix(),
        explanation: rule.explanation(),
    });
    let value = Rules {
        rules: explained.collect(),
    };
    context.output.print(&value, || {
        if pages {
            let chapters: Vec<_> = chosen.iter().map(|rule| rule.chapter(1)).collect();
            return chapters.join("\n");
        }
        let width = chosen.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
        chosen.iter().fold(String::new(), |mut text, rule| {
            let _ = writeln!(
                text,
                "{}  {:<width$}  {:<7}  {:<3}  {:<3}  {}",
                rule.code,
                rule.name,
                rule.severity,
                if rule.has_fix() { "fix" } else { "" },
                if rule.default { "" } else { "off" },
                rule.summary()
            );
            text
        })
    })?;
    Ok(ExitCode::SUCCESS)
}
