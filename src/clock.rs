//! The only place that reads the time.

use chrono::Utc;

use crate::document::time::{Timestamp, parse_rfc3339};
use crate::error::{Error, Result};

/// Overrides the clock. For tests.
pub const VARIABLE: &str = "AGENTSESS_NOW";

/// The current time, or what `AGENTSESS_NOW` says it is.
///
/// # Errors
///
/// When the variable is not RFC 3339.
pub fn now() -> Result<Timestamp> {
    match std::env::var(VARIABLE) {
        Err(_) => Ok(Utc::now()),
        Ok(text) => parse_rfc3339(&text).map(|parsed| parsed.at).ok_or_else(|| {
            Error::usage(format!("{VARIABLE} is not an RFC 3339 timestamp"))
                .hint(format!("{VARIABLE}=2025-12-04T14:30:00Z"))
        }),
    }
}
