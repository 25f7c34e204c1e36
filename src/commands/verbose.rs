//! `-v`: what this program says about what it chooses and does, on standard error.

use std::io::Write as _;

use ::log::{LevelFilter, Log, Metadata, Record};

use crate::cli::Global;
use crate::render::one_line;

struct Printer;

impl Log for Printer {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // Libraries say things, too, but none that somebody here could use.
        metadata.target().starts_with(env!("CARGO_PKG_NAME"))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let text = record.args().to_string();
            // Where this cannot be said, what was asked for still can be done.
            let _ = writeln!(std::io::stderr(), "debug: {}", one_line(&text));
        }
    }

    fn flush(&self) {}
}

/// Starts to print if that is wanted. Until then, saying something costs a comparison.
pub(super) fn start(global: &Global) {
    if global.verbose && ::log::set_logger(&Printer).is_ok() {
        ::log::set_max_level(LevelFilter::Debug);
    }
}
