use std::fmt::Write as _;
use std::process::ExitCode;

use super::Context;
use crate::cli;
use crate::error::{Error, Result};
use crate::rules::{self, RULES};

pub(super) fn run(context: &Context, arguments: &cli::Rule) -> Result<ExitCode> {
    let text = match &arguments.name {
        None => RULES.iter().fold(String::new(), |mut text, rule| {
            let _ = writeln!(text, "{}  {:<22} {}", rule.code, rule.name, rule.summary());
            text
        }),
        Some(name) => {
            let rule = rules::find(name).ok_or_else(|| {
                let near = rules::nearest(name).map_or("", |rule| rule.name);
                Error::usage(format!("there is no rule `{name}`"))
                    .hint(format!("agentsess rule {near}").trim_end())
            })?;
            rule.explanation()
        }
    };
    context.output.write(&text)?;
    Ok(ExitCode::SUCCESS)
}
