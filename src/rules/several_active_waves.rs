use super::context::{Context, Findings};
use super::rule::declare;
use super::wave_state::is_over;
use crate::document::{Span, WaveState};

declare! {
    /// More than one wave is being worked on.
    ///
    /// ## What it checks
    ///
    /// At most one wave is `ACTIVE`. One of which all items are ticked does not count, because it
    /// should be `DONE`.
    ///
    /// ## Why
    ///
    /// A wave is what is done before the next one begins; with two of them it is not clear what
    /// comes next.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ### Wave 1: Outbox (ACTIVE)
    ///
    /// - [ ] PLAT-479 - Outbox table
    ///
    /// ### Wave 2: Delivery (ACTIVE)
    ///
    /// - [ ] PLAT-483 - Dead-letter queue
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ### Wave 1: Outbox (ACTIVE)
    ///
    /// - [ ] PLAT-479 - Outbox table
    ///
    /// ### Wave 2: Delivery (blocked by Wave 1)
    ///
    /// - [ ] PLAT-483 - Dead-letter queue
    /// ```
    "AS404", "several-active-waves", Progress, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let mut first = None;
    let mut second: Option<(Span, u32)> = None;
    let mut count = 0;
    for wave in cx.waves().filter_map(|(_, wave)| wave.ok()) {
        let Some((WaveState::Active, span)) = wave.state else {
            continue;
        };
        if is_over(Some(&wave), cx.document) {
            continue;
        }
        count += 1;
        match (first, second) {
            (None, _) => first = Some(wave.number),
            (_, None) => second = Some((span, wave.number)),
            _ => {}
        }
    }
    if let (Some(first), Some((span, number))) = (first, second) {
        let message = match count {
            2 => format!("Wave {number} is ACTIVE, and so is Wave {first}"),
            _ => format!("Wave {number} is ACTIVE, and so is Wave {first}; {count} in all"),
        };
        let help = format!("leave one ACTIVE; the other is DONE or `blocked by Wave {first}`");
        found.report(span, message, help);
    }
}
