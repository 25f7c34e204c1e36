use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, Words, author, calling, command, conversation, output, words};
use crate::cli;
use crate::error::{Error, Result};
use crate::operations::{Written, new};
use crate::render::sanitize;
use crate::store::Store;

#[derive(Serialize, JsonSchema)]
pub(super) struct Created<'w> {
    #[serde(flatten)]
    written: &'w Written,
    path: String,
}

pub(super) fn run(context: &Context, arguments: &cli::New) -> Result<ExitCode> {
    let store = context.store_to_be(None)?;
    let words = Words::read("new", &arguments.title, arguments.named.as_deref())?;
    let vars = arguments.var.iter().map(|var| variable(var));
    let vars = vars.collect::<Result<Vec<_>>>()?;
    let conversation = conversation(&store);
    let request = new::Request {
        title: words.text.as_deref(),
        input: words.input.as_deref(),
        context: arguments.context.as_deref(),
        next: &arguments.next,
        current: arguments.current.as_deref(),
        issue: arguments.issue.as_deref(),
        template: arguments.template.as_deref(),
        vars: &vars,
        from: arguments.from.as_deref(),
        parent: arguments.parent.as_deref(),
        seed: arguments.seed.as_deref(),
        switch: !arguments.no_switch,
        agent: &author(&arguments.author),
        allow_secret: arguments.secrets.allow_secret,
        calling: calling(conversation.as_deref()),
    };
    let written = new::new(&store, &request, context.now).map_err(carry_on)?;
    print(context, &store, &written)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn print(context: &Context, store: &Store, written: &Written) -> Result<()> {
    let path = store
        .shown(&store.path(&written.session))
        .display()
        .to_string();
    let created = Created { written, path };
    context.output.print(&created, || {
        format!(
            "created {}{}",
            sanitize(&created.path),
            output::notes(written)
        )
    })
}

/// Lets a hint that begins the session anew carry on what was given: a title where there is none, or
/// what it says in place of the template that was named.
fn carry_on(mut error: Error) -> Error {
    let hint = error.hint.as_deref().unwrap_or("");
    let Some(instead) = hint.strip_prefix(new::AGAIN) else {
        return error;
    };
    let mut is_name = false;
    let given = words().filter(|word| {
        let replaced = is_name || word.starts_with("--template=") || word == "--template";
        is_name = word == "--template";
        if instead.is_empty() {
            !word.trim().is_empty()
        } else {
            !replaced
        }
    });
    error.hint = Some(if instead.is_empty() {
        format!("{} {}", command(given), new::TITLE)
    } else {
        command(given) + instead
    });
    error
}

fn variable(text: &str) -> Result<(String, String)> {
    let pair = text.split_once('=');
    let pair = pair.map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
    let completed = words().map(|word| match word.strip_suffix(text) {
        Some(option @ ("" | "--var=")) => format!("{option}{text}=VALUE"),
        _ => word,
    });
    pair.ok_or_else(|| {
        Error::usage(format!("`--var {text}` has no value")).hint(command(completed))
    })
}
