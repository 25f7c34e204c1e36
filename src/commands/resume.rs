use std::fmt::Write as _;
use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;

use super::output::line;
use super::{Context, SESSION, author, calling, conversation, is_person, select, variable};
use crate::cli;
use crate::document::time::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::operations::conversation::Calling;
use crate::operations::new;
use crate::operations::resume::{Request, Resumed, handed_to, resume};
use crate::render::{brief, drift, one_line};
use crate::store::{Caller, Purpose, Store};

pub(super) fn run(context: &Context, arguments: &cli::Resume) -> Result<ExitCode> {
    let store = context.store()?;
    let agent = author(&arguments.author);
    let conversation = conversation(&store);
    let calling = calling(conversation.as_deref());
    let chosen = match arguments.target.selector() {
        None if variable(SESSION).is_none() => {
            let own = handed_to(&store, &agent, calling)?.map(Choice::Session);
            let ask = !context.output.is_json() && is_terminal();
            match own {
                Some(own) => own,
                None if ask => choose(&store, context.now)?,
                None => Choice::Session(select(&store, None)?),
            }
        }
        selector => Choice::Session(select(&store, selector)?),
    };
    let session = match chosen {
        Choice::Session(session) => session,
        Choice::Fresh(title) => return begin(context, &store, &title, &agent, calling),
    };
    let request = Request {
        agent: &agent,
        take: arguments.take,
        person: is_person(&arguments.author),
        calling,
    };
    print(context, &resume(&store, &session, &request, context.now)?)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn print(context: &Context, outcome: &Resumed) -> Result<()> {
    let output = &context.output;
    output.print(outcome, || {
        brief::ending_with(&outcome.brief, &drift::text(&outcome.drift))
    })?;
    if outcome.already {
        let handoff = outcome.brief.handoff.as_ref();
        let since = handoff.and_then(|handoff| handoff.taken_at.as_deref());
        output.note(&format!(
            "you have had it since {}",
            since.unwrap_or("some time")
        ));
    }
    output.aside(&line("resumed", &outcome.written));
    Ok(())
}

/// A session that has just begun is nobody else's, and nothing has changed since.
fn begin(
    context: &Context,
    store: &Store,
    title: &str,
    agent: &str,
    calling: Option<Calling>,
) -> Result<ExitCode> {
    let request = new::Request {
        title: Some(title),
        agent,
        calling,
        ..new::Request::default()
    };
    let written = new::new(store, &request, context.now)?;
    context.output.written("created", &written)?;
    Ok(ExitCode::SUCCESS)
}

fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

#[derive(Debug, PartialEq, Eq)]
enum Choice {
    Session(String),
    /// Of this title.
    Fresh(String),
}

/// The session that is meant, or else what the person at the terminal says.
fn choose(store: &Store, now: Timestamp) -> Result<Choice> {
    let conversation = conversation(store);
    let caller = Caller {
        agent: None,
        conversation: conversation.as_deref(),
        purpose: Purpose::Write,
        now,
    };
    let unclear = match store.meant(&caller) {
        Ok(session) => return Ok(Choice::Session(session)),
        Err(error) => error,
    };
    if !matches!(unclear.kind, Kind::Ambiguous | Kind::NotFound) {
        return Err(unclear);
    }
    let (active, _) = store.active_and_completed()?;
    let sessions: Vec<_> = active
        .into_iter()
        .map(|candidate| (candidate.describe(), candidate.name))
        .collect();
    ask(&sessions, &mut io::stdin().lock(), &mut io::stderr().lock())
}

/// Asks which of the sessions it is to be, each with its description, or a fresh one.
fn ask(
    sessions: &[(String, String)],
    input: &mut impl BufRead,
    out: &mut impl Write,
) -> Result<Choice> {
    let mut question = |text: &str| -> Result<String> {
        let failed = |error: &io::Error| Error::usage(format!("cannot ask: {error}"));
        write!(out, "{text}")
            .and_then(|()| out.flush())
            .map_err(|error| failed(&error))?;
        let mut answer = String::new();
        if input
            .read_line(&mut answer)
            .map_err(|error| failed(&error))?
            == 0
        {
            return Err(Error::usage("nothing was chosen").hint("agentsess list"));
        }
        Ok(answer.trim().to_owned())
    };
    let mut list = String::from("Which session?\n");
    let mut asked = false;
    for (number, (described, _)) in sessions.iter().enumerate() {
        let _ = writeln!(list, "  {}  {}", number + 1, one_line(described));
    }
    list += "  n  a new one\n> ";
    loop {
        let again = "A number of the list, or n: ";
        let answer = question(if asked { again } else { &list })?;
        asked = true;
        if answer.eq_ignore_ascii_case("n") {
            break;
        }
        let index = answer
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        if let Some((_, session)) = index.and_then(|index| sessions.get(index)) {
            return Ok(Choice::Session(session.clone()));
        }
    }
    loop {
        let title = question("What is it about? ")?;
        if !title.is_empty() {
            return Ok(Choice::Fresh(title));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(answers: &str) -> (Result<Choice>, String) {
        let sessions = [("a  One", "a.md"), ("b  Two\u{1b}[2J", "b.md")];
        let sessions = sessions.map(|(described, name)| (described.into(), name.into()));
        let mut out = Vec::new();
        let choice = ask(&sessions, &mut answers.as_bytes(), &mut out);
        (choice, String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_number_chooses_a_session_and_n_a_fresh_one() {
        let (choice, out) = asked("2\n");
        assert_eq!(choice.unwrap(), Choice::Session("b.md".into()));
        assert_eq!(
            out,
            "Which session?\n  1  a  One\n  2  b  Two␛[2J\n  n  a new one\n> "
        );
        let (choice, _) = asked("0\n3\nx\n\n1\n");
        assert_eq!(choice.unwrap(), Choice::Session("a.md".into()));
        let (choice, _) = asked("n\n\nFaster search\n");
        assert_eq!(choice.unwrap(), Choice::Fresh("Faster search".into()));
    }

    #[test]
    fn no_answer_chooses_nothing() {
        for answers in ["", "7\n", "n\n"] {
            assert_eq!(asked(answers).0.unwrap_err().exit_code(), 2, "{answers:?}");
        }
    }
}
