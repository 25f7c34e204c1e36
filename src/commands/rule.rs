use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::Context;
use crate::cli;
use crate::error::Result;
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
    explanation: String,
}

pub(super) fn run(context: &Context, arguments: &cli::Rule) -> Result<ExitCode> {
    let chosen: Vec<&Rule> = match &arguments.name {
        None => RULES.to_vec(),
        Some(name) => vec![rules::named(name)?],
    };
    let explained = chosen.iter().map(|rule| Explained {
        rule: rule.name,
        code: rule.code,
        family: rule.family,
        severity: rule.severity,
        explanation: rule.explanation(),
    });
    let value = Rules {
        rules: explained.collect(),
    };
    context.output.print(&value, || {
        if arguments.all || arguments.name.is_some() {
            let chapters: Vec<_> = chosen.iter().map(|rule| rule.chapter(1)).collect();
            return chapters.join("\n");
        }
        let width = chosen.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
        chosen.iter().fold(String::new(), |mut text, rule| {
            let _ = writeln!(
                text,
                "{}  {:<width$} {}",
                rule.code,
                rule.name,
                rule.summary()
            );
            text
        })
    })?;
    Ok(ExitCode::SUCCESS)
}
