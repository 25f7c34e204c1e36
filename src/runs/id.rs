use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};

use serde::{Deserialize, Serialize};

use crate::document::time::Timestamp;

/// Crockford's digits: in the order of their bytes, and none is taken for another one.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Digits for the milliseconds since 1970, enough until the year 3084.
const TIME: usize = 9;

/// Digits that tell runs of one millisecond apart.
const RANDOM: usize = 4;

/// Milliseconds by which the last id may be ahead because those of one of them were used up.
const CARRIED: u128 = 10;

/// Names a run: when it began, in digits of which the order is that of time, then at random.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// An id for a run that begins now, behind those of runs that began in the same millisecond, of
    /// which `last` is the last one.
    pub fn new(now: Timestamp, last: Option<&Self>) -> Self {
        let time = u128::try_from(now.timestamp_millis()).unwrap_or(0);
        // Seeded by the operating system, and different each time.
        let random = u128::from(RandomState::new().build_hasher().finish());
        let mut number = time << (5 * RANDOM) | random & ((1 << (5 * RANDOM)) - 1);
        if let Some(last) = last.map(Self::number)
            && (time..time + CARRIED).contains(&(last >> (5 * RANDOM)))
        {
            number = number.max(last + 1);
        }
        Self(digits(number, TIME + RANDOM))
    }

    fn number(&self) -> u128 {
        let value = |byte| DIGITS.iter().position(|digit| *digit == byte).unwrap_or(0);
        let values = self.0.bytes().map(value);
        values.fold(0, |number, value| number << 5 | value as u128)
    }

    /// The id that a text is, if it is one.
    pub fn parse(text: &str) -> Option<Self> {
        let is = text.len() == TIME + RANDOM && text.bytes().all(|byte| DIGITS.contains(&byte));
        is.then(|| Self(text.to_owned()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn digits(number: u128, count: usize) -> String {
    let places = (0..count).rev();
    let value = |place: usize| usize::try_from(number >> (5 * place) & 31).ok();
    let digits = places.filter_map(|place| DIGITS.get(value(place)?).copied());
    digits.map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn ids_are_in_the_order_of_time_and_differ() {
        let start = chrono::DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let at = |milliseconds| RunId::new(start + TimeDelta::milliseconds(milliseconds), None);
        let ids: Vec<_> = (0..2000).map(at).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| RunId::parse(id.as_str()).is_some()));
        let same: std::collections::BTreeSet<_> = (0..100).map(|_| at(0)).collect();
        assert!(same.len() > 95, "{same:?}");
        let mut last = at(0);
        for _ in 0..1000 {
            let next = RunId::new(start, Some(&last));
            assert!(next > last, "{next} {last}");
            last = next;
        }
        // Where the clock went back, it is believed.
        assert!(RunId::new(start - TimeDelta::seconds(1), Some(&last)) < last);
    }

    #[test]
    fn what_could_be_another_path_is_no_id() {
        for text in [
            "",
            "../../etc/pass",
            "0123456789ABC",
            "0123456789abcd",
            "0123456789ab",
        ] {
            assert_eq!(RunId::parse(text), None, "{text}");
        }
    }
}
