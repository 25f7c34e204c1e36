use super::context::{Context, Findings};
use super::rule::declare;

declare! {
    /// The file has bytes that are not UTF-8.
    ///
    /// ## What it checks
    ///
    /// A session is UTF-8 text, with or without a byte order mark. The first run of bytes that is
    /// not UTF-8 is reported once; excerpts show each such byte as `?`.
    ///
    /// ## Why
    ///
    /// Agents, editors and diffs replace such bytes or refuse the whole file.
    ///
    /// ## Example
    ///
    /// A file saved as Latin-1, in which `ü` is the single byte `FC`.
    ///
    /// ## Instead
    ///
    /// The same file saved as UTF-8.
    "AS002", "invalid-utf8", Name, Error, check
}

fn check(cx: &Context<'_>, found: &mut Findings<'_>) {
    let runs = cx.source.invalid();
    let Some(&first) = runs.first() else {
        return;
    };
    let message = match runs.len() {
        1 => "bytes that are not UTF-8".to_owned(),
        places => {
            format!("bytes that are not UTF-8, in {places} places, of which this is the first")
        }
    };
    found.report(first, message, "save the file as UTF-8");
}
