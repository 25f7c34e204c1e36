//! What becomes of signals for this program while agents run.

use std::time::{Duration, Instant};

use crate::runs::Told;

/// SIGINT and SIGQUIT, which keys of a terminal send: Ctrl-C and Ctrl-\.
const PRESSED: [i32; 2] = [2, 3];

/// Presses of such a key that belong together, on a terminal where they are the agent's own affair.
const AT_ONCE: Duration = Duration::from_secs(3);

/// What to do about a signal.
pub(super) enum Stop {
    /// Nothing: the agent has it, too.
    Pass,
    Forward,
    Answer,
    Kill,
}

/// The signals so far.
pub(super) struct Stops {
    /// Whether what is pressed on the terminal reaches the agent by itself.
    shared: bool,
    times: u32,
    last: Option<Instant>,
}

impl Stops {
    pub fn new(terminal: bool) -> Self {
        Self {
            shared: terminal && is_foreground(),
            times: 0,
            last: None,
        }
    }

    pub fn next(&mut self, told: Told, now: Instant) -> Stop {
        let pressed = self.shared && PRESSED.contains(&told.signal);
        // An agent that is talked to on a terminal gets many of them and means to go on.
        let again = self.last.is_some_and(|last| now - last < AT_ONCE);
        if pressed && !again {
            self.times = 0;
        }
        self.last = Some(now);
        self.times += 1;
        match self.times {
            1 if pressed => Stop::Pass,
            1 => Stop::Forward,
            2 => Stop::Answer,
            _ => Stop::Kill,
        }
    }
}

/// Whether this is what the terminal's keys are for.
fn is_foreground() -> bool {
    let group = rustix::termios::tcgetpgrp(std::io::stdin());
    group.is_ok_and(|group| group == rustix::process::getpgrp())
}
