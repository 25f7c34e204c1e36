//! Whatever a host tells a hook is understood or refused, and what it is given back stays in bounds.
#![no_main]

use agentsess::hosts::{Event, HOSTS, OUTPUT_LIMIT, Payload, Shape};
use agentsess::render::digest::Said;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let payload = match Payload::read(data) {
        Ok(payload) => payload,
        Err(error) => {
            assert!(!error.contains('\n'), "{error}");
            return;
        }
    };
    let words = payload.last_message.or(payload.task).unwrap_or_default();
    // As much as is allowed, of what takes more room in JSON or less.
    let say = |limit: usize| Said {
        context: words.chars().cycle().take(limit).collect(),
        notice: words.chars().take(limit.min(1200)).collect(),
    };
    for shape in HOSTS
        .iter()
        .flat_map(|host| Event::ALL.map(|event| host.shape(event)))
        .flatten()
    {
        let text = shape.write(payload.conversation.as_deref(), say);
        assert!(text.chars().count() <= OUTPUT_LIMIT, "{shape:?}");
        let answer = serde_json::from_str::<Value>(&text);
        assert!(
            shape == Shape::Text
                || text.is_empty()
                || answer.is_ok_and(|answer| answer.is_object()),
            "{shape:?}: {text}"
        );
    }
});
