use std::collections::HashSet;

use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::{WaveDefect, is_wave};

declare! {
    /// The heading of a wave does not have the form `Wave N: Name (STATE)`.
    ///
    /// ## What it checks
    ///
    /// A `###` heading in Execution Progress that is meant as a wave, going by its first word, is
    /// `Wave`, a number, a colon, a name and, if anything is to be said of its state, `(ACTIVE)`,
    /// `(blocked by Wave M)` or `(DONE)` in this spelling. No two waves have the same number. Other
    /// headings, and other remarks in parentheses, are free.
    ///
    /// ## Why
    ///
    /// Tools find the wave that is being worked on by these words.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ### Wave 2 - Delivery (active)
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ### Wave 2: Delivery (ACTIVE)
    /// ```
    ///
    /// ## Fix
    ///
    /// Number, name and state are kept and written as the format has them: safe if only letter case,
    /// dashes, brackets and blanks differ, unsafe if a state is translated (`completed`). Where the
    /// number or the name is missing, nothing is done.
    "AS401", "wave-syntax", Progress, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let mut numbers: HashSet<u32> = HashSet::new();
    for (index, wave) in cx.waves() {
        let Some(heading) = cx.document.body.headings.get(index) else {
            continue;
        };
        let defect = match wave {
            Err(defect) => defect,
            Ok(wave) => {
                if !numbers.insert(wave.number) {
                    found.report(
                        cx.first_line(heading.span),
                        format!("there is another Wave {} above", wave.number),
                        "give each wave a number of its own",
                    );
                }
                continue;
            }
        };
        let title = shown(&heading.title);
        let (message, help) = match defect {
            WaveDefect::Word => (
                format!("`{title}` does not begin with the word `Wave` in this spelling"),
                "write `### Wave N: Name`, the state behind it in parentheses",
            ),
            WaveDefect::Number => (
                format!("the wave `{title}` does not go on with a blank and a whole number"),
                "write `### Wave N: Name`",
            ),
            WaveDefect::Colon => (
                format!("the wave `{title}` has no `: ` behind its number"),
                "write `### Wave N: Name`",
            ),
            WaveDefect::Name => (
                format!("the wave `{title}` has no name"),
                "write `### Wave N: Name`",
            ),
            WaveDefect::State => (
                format!("the state of the wave `{title}` is not spelled as tools read it"),
                "write `(ACTIVE)`, `(blocked by Wave N)` or `(DONE)`, or nothing",
            ),
        };
        found.report(cx.first_line(heading.span), message, help);
        let meant = meant(heading.text_span.of(cx.document.text));
        if let Some((safety, title)) = meant.filter(|(_, title)| is_wave(title)) {
            found.fix(safety, [(heading.text_span, title)]);
        }
    }
}

/// The heading as the format has it.
fn meant(written: &str) -> Option<(Safety, String)> {
    let plain = written.replace("**", "").replace("__", "");
    let (word, rest) = plain.trim().split_at_checked("Wave".len())?;
    let rest = rest.trim_start_matches([' ', '\t', '#', '-']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    let number: u32 = number.parse().ok()?;
    let name = rest.trim_start_matches([' ', '\t']);
    let name = name.strip_prefix([':', '-', '–', '—', '.']).unwrap_or(name);
    // `Wave 1a` and `Wave 1.2` are numbers of another scheme.
    let is_other = rest.starts_with(|c: char| c.is_alphanumeric())
        || rest.starts_with('.') && name.starts_with(|c: char| c.is_ascii_digit());
    if is_other || !word.eq_ignore_ascii_case("Wave") {
        return None;
    }
    let (name, safety, state) = match split_state(name.trim()) {
        Some((name, (safety, state))) => (name, safety, format!(" ({state})")),
        None => (name, Safety::Safe, String::new()),
    };
    let name = name.trim();
    (!name.is_empty()).then(|| (safety, format!("Wave {number}: {name}{state}")))
}

/// The name of a wave, and the state in parentheses, in brackets or behind a dash.
fn split_state(text: &str) -> Option<(&str, (Safety, String))> {
    let enclosed = |open: char, close: char| {
        let (name, words) = text.strip_suffix(close)?.rsplit_once(open)?;
        Some((name, state(words)?))
    };
    let dashed = || {
        let mut dashes = [" - ", " – ", " — "].iter();
        dashes.find_map(|dash| {
            let (name, words) = text.rsplit_once(dash)?;
            let (safety, state) = state(words)?;
            (safety == Safety::Safe).then_some((name, (safety, state)))
        })
    };
    enclosed('(', ')')
        .or_else(|| enclosed('[', ']'))
        .or_else(dashed)
}

/// A state as it is written, and how sure it is that these words mean it.
fn state(words: &str) -> Option<(Safety, String)> {
    let words = words.trim().to_ascii_lowercase();
    let (safety, state) = match words.as_str() {
        "active" => (Safety::Safe, "ACTIVE"),
        "done" => (Safety::Safe, "DONE"),
        "complete" | "completed" | "finished" => (Safety::Unsafe, "DONE"),
        "wip" | "in progress" | "in_progress" => (Safety::Unsafe, "ACTIVE"),
        words => {
            let by = words.strip_prefix("blocked")?.trim_start();
            let by = by.strip_prefix("by").or_else(|| by.strip_prefix("on"))?;
            let by = by.trim_start();
            let by = by.strip_prefix("wave").unwrap_or(by);
            let number: u32 = by.trim_start_matches([' ', '#']).parse().ok()?;
            return Some((Safety::Safe, format!("blocked by Wave {number}")));
        }
    };
    Some((safety, state.to_owned()))
}
