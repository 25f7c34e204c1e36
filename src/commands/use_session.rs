use std::process::ExitCode;

use super::{Context, SESSION, calling, conversation, select, variable};
use crate::cli;
use crate::error::Result;
use crate::operations::use_session::{use_session, used};
use crate::render::sanitize;
use crate::store::{Caller, Purpose};

pub(super) fn run(context: &Context, arguments: &cli::Use) -> Result<ExitCode> {
    let store = context.store()?;
    let conversation = conversation(&store);
    let calling = calling(conversation.as_deref());
    let now = context.now;
    let used = match &arguments.session {
        Some(session) => {
            let session = select(&store, Some(session))?;
            use_session(&store, Some(&session), calling, now)?
        }
        None if arguments.none => use_session(&store, None, calling, now)?,
        None => {
            let caller = Caller {
                agent: None,
                conversation: conversation.as_deref(),
                purpose: Purpose::Read,
                now,
            };
            used(&store, &caller)?
        }
    };
    context.output.print(&used, || match &used.slug {
        Some(slug) => format!("using {}", sanitize(slug)),
        None => "using no session".to_owned(),
    })?;
    if variable(SESSION).is_some() {
        context
            .output
            .note(&format!("{SESSION} is set and comes first"));
    }
    Ok(ExitCode::SUCCESS)
}
