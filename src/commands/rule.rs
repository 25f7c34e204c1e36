use std::fmt::Write as _;
use std::process::ExitCode;

use super::Context;
use crate::cli;
use crate::error::{Error, Result};
use crate::rules::RULES;

pub(super) fn run(context: &Context, arguments: &cli::Rule) -> Result<ExitCode> {
    let text = match &arguments.name {
        None => RULES.iter().fold(String::new(), |mut text, rule| {
            let _ = writeln!(text, "{}  {}", rule.code, rule.name);
            text
        }),
        Some(name) => {
            let rule = RULES
                .iter()
                .find(|rule| rule.name == name || rule.code.eq_ignore_ascii_case(name))
                .ok_or_else(|| {
                    Error::usage(format!("there is no rule `{name}`")).hint("agentsess rule")
                })?;
            format!("# {} ({})\n\n{}", rule.name, rule.code, rule.doc)
        }
    };
    context.output.write(&text)?;
    Ok(ExitCode::SUCCESS)
}
