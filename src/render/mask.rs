use std::borrow::Cow;

use crate::document::{Span, Splice, secrets};
use crate::lint::Fix;

/// The text with an asterisk for every byte of a secret, so that every offset stays what it is.
/// All of it is masked before any is cut out: half a secret would not be recognised.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    let mut masked = String::new();
    let mut rest = 0;
    for secret in secrets::find(text) {
        masked.push_str(Span::new(rest, secret.span.start).of(text));
        for byte in secret.span.of(text).bytes() {
            masked.push(match byte {
                b'\n' | b'\r' => char::from(byte),
                _ => '*',
            });
        }
        rest = secret.span.end;
    }
    if rest == 0 {
        return text.into();
    }
    masked.push_str(text.get(rest..).unwrap_or(""));
    masked.into()
}

/// The edits of a fix for a program that may carry them out. There are none if one would write a
/// secret: masked it would destroy it, and as it is it must not leave the file.
pub(super) fn publishable(fix: &Fix) -> Option<&[Splice]> {
    let secret = |(_, text): &Splice| secrets::find(text).next().is_some();
    (!fix.splices.iter().any(secret)).then_some(fix.splices.as_slice())
}
