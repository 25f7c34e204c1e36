use std::fs;
use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

/// A signal that this program was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// Its number.
    pub signal: i32,
    /// How many there have been with it.
    pub times: u32,
}

/// Tells of every SIGINT, SIGQUIT, SIGTERM and SIGHUP from now on, instead of being ended by it. What was
/// started with `nohup` keeps ignoring the last.
///
/// # Errors
///
/// When the operating system refuses.
pub(super) fn watch(tell: impl Fn(i32) -> bool + Send + 'static) -> io::Result<()> {
    let wanted = [SIGINT, SIGQUIT, SIGTERM, SIGHUP].into_iter();
    let wanted = wanted.filter(|signal| *signal != SIGHUP || !is_ignored(SIGHUP));
    let mut signals = Signals::new(wanted)?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if !tell(signal) {
                break;
            }
        }
    });
    Ok(())
}

/// Whether a signal is ignored, as far as that can be found out.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
