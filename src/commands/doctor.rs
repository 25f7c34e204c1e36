use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::{Context, output, trust_file};
use crate::cli;
use crate::error::Result;
use crate::operations::doctor::{self, Problem};
use crate::render::sanitize;

#[derive(Serialize)]
struct Examined<'p> {
    problems: &'p [Problem],
    hint: Option<String>,
}

pub(super) fn run(context: &Context, arguments: &cli::Doctor) -> Result<ExitCode> {
    let (store, settings) = context.store_without_settings(false)?;
    let trust = trust_file().ok();
    let mut problems = doctor::examine(&store, trust.as_ref(), context.now)?;
    if arguments.fix {
        doctor::repair(&store, trust.as_ref(), &mut problems, context.now)?;
    }
    problems.extend(settings.map(Problem::from));
    problems.extend(super::init::examine(&store));
    for problem in &mut problems {
        problem.help = context.output.command(&problem.help);
    }
    let left = problems.iter().filter(|problem| !problem.fixed).count();
    let fixable = problems
        .iter()
        .any(|problem| problem.fixable && !problem.fixed);
    let examined = Examined {
        problems: &problems,
        hint: fixable.then(|| context.output.command("agentsess doctor --fix")),
    };
    context.output.print(&examined, || {
        let mut text = String::new();
        for problem in &problems {
            let state = if problem.fixed { "fixed: " } else { "" };
            let _ = writeln!(
                text,
                "{}: {state}{} [{}]",
                sanitize(&problem.path.to_string_lossy()),
                sanitize(&problem.message),
                problem.kind
            );
            if !problem.fixable && !problem.help.is_empty() {
                let _ = writeln!(text, "  help: {}", sanitize(&problem.help));
            }
        }
        let _ = match (left, problems.len() - left) {
            (0, 0) => writeln!(text, "nothing to complain about"),
            (left, 0) => writeln!(text, "{left} to look after"),
            (left, fixed) => writeln!(text, "{fixed} fixed, {left} to look after"),
        };
        text + &examined
            .hint
            .as_deref()
            .map(output::hint)
            .unwrap_or_default()
    })?;
    Ok(ExitCode::from(u8::from(left > 0)))
}
