use super::context::{Context, Findings, Phase, Safety};
use super::rule::declare;
use crate::document::{Document, Wave, WaveState};

declare! {
    /// The state of a wave contradicts its items or the other waves.
    ///
    /// ## What it checks
    ///
    /// An `ACTIVE` wave has a box that is not ticked, unless it has no boxes at all. All boxes of a
    /// wave that is `DONE` are ticked. A wave is blocked by another one that exists and is not
    /// `DONE`.
    ///
    /// ## Why
    ///
    /// Whoever goes on with the work believes the heading and begins at the wrong place.
    ///
    /// ## Example
    ///
    /// ```markdown
    /// ### Wave 1: Outbox (ACTIVE)
    ///
    /// - [x] PLAT-479 - Outbox table
    /// ```
    ///
    /// ## Instead
    ///
    /// ```markdown
    /// ### Wave 1: Outbox (DONE)
    ///
    /// - [x] PLAT-479 - Outbox table
    /// ```
    ///
    /// ## Fix
    ///
    /// An `ACTIVE` wave with nothing left to tick becomes `DONE`: safe. A wave that waits for one that
    /// is `DONE` becomes `ACTIVE`, if no other wave is: unsafe, because work on it may not have begun.
    "AS403", "wave-state", Progress, Warning, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let document = cx.document;
    // Numbers of all waves and of those that are over, for the waves that wait for them.
    let mut others: Option<(Vec<u32>, Vec<u32>)> = None;
    for (_, wave) in cx.waves() {
        let Ok(Wave {
            number,
            state: Some((state, span)),
            ..
        }) = wave
        else {
            continue;
        };
        match state {
            WaveState::Active if is_over(wave.ok().as_ref(), document) => {
                found.report(
                    span,
                    format!("Wave {number} is ACTIVE, but all its items are ticked"),
                    "write `(DONE)`",
                );
                found.fix(Safety::Safe, [(span, "DONE".to_owned())]);
            }
            WaveState::Active => {}
            WaveState::Done => {
                let (done, all) = wave.map_or((0, 0), |wave| wave.boxes(document));
                let open = all - done;
                // Once the session is completed, all open work is one finding of its own.
                if open > 0 && cx.phase != Phase::Completed {
                    found.report(
                        span,
                        format!("Wave {number} is DONE, but has {}", items(open)),
                        "tick what is done; write `(ACTIVE)` if something is left",
                    );
                }
            }
            WaveState::Blocked(by) => {
                let (known, over) = others.get_or_insert_with(|| numbers(cx));
                let known = known.binary_search(&by).is_ok();
                if by == number {
                    found.report(
                        span,
                        format!("Wave {number} is blocked by itself"),
                        "name the wave it waits for",
                    );
                } else if over.binary_search(&by).is_ok() {
                    found.report(
                        span,
                        format!("Wave {number} is blocked by Wave {by}, which is DONE"),
                        "write `(ACTIVE)`, or name the wave it still waits for",
                    );
                    if !cx.waves().any(|(_, wave)| is_active(wave.ok())) {
                        found.fix(Safety::Unsafe, [(span, "ACTIVE".to_owned())]);
                    }
                } else if !known && cx.waves().all(|(_, wave)| wave.is_ok()) {
                    found.report(
                        span,
                        format!("Wave {number} is blocked by Wave {by}, which does not exist"),
                        "name the wave it waits for",
                    );
                }
            }
        }
    }
}

fn is_active(wave: Option<Wave>) -> bool {
    wave.is_some_and(|wave| matches!(wave.state, Some((WaveState::Active, _))))
}

/// Whether all boxes of a wave are ticked, and it has some.
pub(super) fn is_over(wave: Option<&Wave>, document: &Document<'_>) -> bool {
    wave.is_some_and(|wave| {
        let (done, all) = wave.boxes(document);
        all > 0 && done == all
    })
}

/// The numbers of all waves, and of those that are rightly said to be over, both in order.
fn numbers(cx: &Context<'_>) -> (Vec<u32>, Vec<u32>) {
    let (mut known, mut over) = (Vec::new(), Vec::new());
    for wave in cx.waves().filter_map(|(_, wave)| wave.ok()) {
        known.push(wave.number);
        let (done, all) = wave.boxes(cx.document);
        if matches!(wave.state, Some((WaveState::Done, _))) && done == all {
            over.push(wave.number);
        }
    }
    known.sort_unstable();
    over.sort_unstable();
    (known, over)
}

fn items(count: usize) -> String {
    match count {
        1 => "an open item".into(),
        _ => format!("{count} open items"),
    }
}
