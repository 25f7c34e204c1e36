use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::Context;
use crate::cli;
use crate::error::{Error, Result};
use crate::rules::{self, RULES, Rule};

#[derive(Serialize)]
struct Rules {
    rules: Vec<Explained>,
}

#[derive(Serialize)]
struct Explained {
    rule: &'static str,
    code: &'static str,
    severity: rules::Severity,
    explanation: String,
}

pub(super) fn run(context: &Context, arguments: &cli::Rule) -> Result<ExitCode> {
    let chosen: Vec<&Rule> = match &arguments.name {
        None => RULES.to_vec(),
        Some(name) => vec![rules::find(name).ok_or_else(|| {
            let near = rules::nearest(name).map_or("", |rule| rule.name);
            Error::usage(format!("there is no rule `{name}`"))
                .hint(format!("agentsess rule {near}").trim_end())
        })?],
    };
    let explained = chosen.iter().map(|rule| Explained {
        rule: rule.name,
        code: rule.code,
        severity: rule.severity,
        explanation: rule.explanation(),
    });
    let value = Rules {
        rules: explained.collect(),
    };
    context.output.print(&value, || match chosen.as_slice() {
        [rule] => format!("# {} ({})\n\n{}", rule.name, rule.code, rule.explanation()),
        rules => rules.iter().fold(String::new(), |mut text, rule| {
            let _ = writeln!(text, "{}  {:<22} {}", rule.code, rule.name, rule.summary());
            text
        }),
    })?;
    Ok(ExitCode::SUCCESS)
}
