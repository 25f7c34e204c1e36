use super::context::{Context, Findings, Safety, shown};
use super::rule::declare;
use crate::document::schema::{SECTIONS, same_name};
use crate::document::{Section, Span};

declare! {
    /// A section stands behind one that it usually comes before.
    ///
    /// ## What it checks
    ///
    /// The sections that the format knows stand in the order of the full template, from Context to
    /// the Session Log. Sections of your own may stand anywhere. The rule is off unless it is
    /// selected: for the tools every order is the same.
    ///
    /// ## Why
    ///
    /// Who reads many sessions knows where to look.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Next Steps
    ///
    /// ## Context
    ///
    /// ## Current State
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Context
    ///
    /// ## Current State
    ///
    /// ## Next Steps
    /// ```
    ///
    /// ## Fix
    ///
    /// The sections change places, with all that is in them; what separates them stays where it
    /// is. It is safe.
    "AS210", "section-order", Sections, Warning, check, OFF
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let body = &cx.document.body;
    let text = cx.document.text;
    let known = body.sections.iter().filter_map(|section| {
        let rank = |name: &str| SECTIONS.iter().position(|known| same_name(known, name));
        Some((rank(body.name(section))?, section))
    });
    let known: Vec<_> = known.collect();
    let mut pairs = known.iter().zip(known.iter().skip(1));
    let Some((before, late)) = pairs.find(|(a, b)| a.0 > b.0) else {
        return;
    };
    let Some(heading) = body.heading(late.1) else {
        return;
    };
    found.report(
        cx.first_line(heading.span),
        format!(
            "`{}` usually comes before `{}`",
            shown(body.name(late.1)),
            shown(body.name(before.1))
        ),
        "put the sections in the order of `agentsess new --template full`",
    );
    let place = |section: &Section| {
        let heading = body.heading(section).map_or_else(Span::default, |h| h.span);
        // What is between two places begins with a line break then, even behind an empty section.
        let end = if section.body.is_empty() {
            heading.end
        } else {
            section.body.end
        };
        Span::new(heading.start, end)
    };
    let mut sorted = known.clone();
    sorted.sort_by_key(|(rank, _)| *rank);
    let moved = known
        .iter()
        .zip(&sorted)
        .filter(|(slot, new)| !std::ptr::eq(slot.1, new.1));
    found.fix(
        Safety::Safe,
        moved.map(|(slot, new)| (place(slot.1), place(new.1).of(text).to_owned())),
    );
}
