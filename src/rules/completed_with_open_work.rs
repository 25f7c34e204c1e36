use super::context::{Context, Findings, Phase};
use super::rule::declare;
use super::stale_session::slug;
use crate::document::Item;
use crate::document::filed_id;
use crate::document::schema::{ACCEPTANCE_CRITERIA, BLOCKERS, EXECUTION_PROGRESS, NEXT_STEPS};

declare! {
    /// A session is completed, and items of it are open.
    ///
    /// ## What it checks
    ///
    /// Once the status is `completed`, all items of Execution Progress, Acceptance Criteria,
    /// Blockers and Next Steps are ticked. An outermost item without a box is open as well;
    /// `None.` is none.
    ///
    /// ## Why
    ///
    /// A completed session is about to be deleted, and its open work with it.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ## Next Steps
    ///
    /// - [ ] Alert on the age of the queue
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ## Next Steps
    ///
    /// None.
    /// ```
    "AS505", "completed-with-open-work", Lifecycle, Error, check
}

const SECTIONS: [&str; 4] = [
    EXECUTION_PROGRESS,
    ACCEPTANCE_CRITERIA,
    BLOCKERS,
    NEXT_STEPS,
];

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    if cx.phase != Phase::Completed {
        return;
    }
    let Some(first) = open_work(cx).min_by_key(|item| item.text.start) else {
        return;
    };
    let message = match open_work(cx).count() {
        1 => "the session is completed, but this item is open".into(),
        count => format!(
            "the session is completed, but {count} items are open, of which this is the first"
        ),
    };
    found.report(
        cx.first_line(first.text),
        message,
        format!(
            "tick what is done, file the rest as issues and remove it here, or \
             `agentsess set status paused -s {}`",
            slug(cx)
        ),
    );
}

/// The open items of all sections that hold work, but for those that are filed as issues.
pub(super) fn open_work<'a>(cx: &Context<'a>) -> impl Iterator<Item = &'a Item> {
    let document = cx.document;
    let filed = |item: &Item| {
        let configured = |token: &str| cx.config.items.is_id(token);
        filed_id(item.text.of(document.text), configured).is_some()
    };
    let sections = SECTIONS.into_iter();
    sections
        .flat_map(|section| document.open_items(section))
        .map(|(_, item)| item)
        .filter(move |item| !filed(item))
}
