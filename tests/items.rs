//! Adding and removing items, and moving waves, changes nothing else.
//!
//! The documents are made of lines of which is known what they are, so that what an edit must do
//! is known without reading them again.

use std::fmt::Write as _;

use agentsess::document::{Document, Edit, Source, WaveState};
use proptest::prelude::*;

const HEAD: &str = "---\nsession:\n  title: T\n---\n\n# Session: T\n\n## Context\n\n- [ ] c\n\n";
const TAIL: &str = "\n---\n\n## Session Log\n\n### 2025-12-04 14:30 - dev/new\n\n- [ ] x\n";

/// What stands below a wave or in Blockers: items, some with something nested, and what may stand
/// between them.
fn block() -> impl Strategy<Value = Vec<String>> {
    let block = prop::sample::select(vec![
        "- [ ] one\n",
        "- [x] two\n",
        "- three\n  - nested\n",
        "- [ ] four\n\n  more\n  ```\n  # code\n  ```\n",
        "* five\n",
        "- six `- [ ] no`\nlazy\n",
        "1. seven\n",
        "\n",
        "\n\n",
        "prose\n\n",
        "> - quoted\n\n",
        "```\n- [ ] code\n```\n",
        "<!-- - [ ] comment -->\n\n",
    ]);
    prop::collection::vec(block.prop_map(str::to_owned), 0..6)
}

fn states() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        " (ACTIVE)",
        " (DONE)",
        " (blocked by Wave 1)",
        " (v2) (DONE)",
    ])
}

/// Waves, blockers, and whether lines end with CRLF.
fn document() -> impl Strategy<Value = String> {
    let wave = (states(), block());
    let waves = prop::collection::vec(wave, 1..4);
    (waves, block(), any::<bool>()).prop_map(|(waves, blockers, crlf)| {
        let mut text = format!("{HEAD}## Execution Progress\n\n");
        for (number, (state, items)) in waves.iter().enumerate() {
            let number = number + 1;
            write!(
                text,
                "### Wave {number}: Name{state}\n\n{}\n",
                items.concat()
            )
            .unwrap();
        }
        write!(text, "## Blockers\n\n{}{TAIL}", blockers.concat()).unwrap();
        if crlf {
            text.replace('\n', "\r\n")
        } else {
            text
        }
    })
}

/// Where two texts begin to differ, and where their ends begin to be equal again.
fn difference<'t>(old: &'t str, new: &'t str) -> (&'t str, &'t str) {
    let before = old
        .bytes()
        .zip(new.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let (old, new) = (&old[before..], &new[before..]);
    let behind = old
        .bytes()
        .rev()
        .zip(new.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    (&old[..old.len() - behind], &new[..new.len() - behind])
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

proptest! {
    // A failure is printed with its document; a file of seeds would be one more thing to keep.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn an_added_item_is_the_last_of_its_wave(
        text in document(),
        wave in 0..3_usize,
        item in "[a-zA-Z#*_`<>\\[\\]-]{1,6}( [a-z#<!`-]{1,5}){0,3}",
    ) {
        let source = Source::new(text.clone().into_bytes());
        let before = Document::parse(&source);
        let waves: Vec<_> = before.waves().filter_map(|(_, wave)| wave.ok()).collect();
        let Some(wave) = waves.get(wave) else { return Ok(()) };
        let edit = Edit::AddItem { heading: wave.heading, text: &item };
        // Text that Markdown would not read as the text of an item is refused.
        let Ok(bytes) = before.apply(&[edit]) else { return Ok(()) };
        let after_text = String::from_utf8(bytes.clone()).unwrap();
        let after = Source::new(bytes);
        let after = Document::parse(&after);
        let (gone, new) = difference(&text, &after_text);
        prop_assert_eq!(gone, "");
        prop_assert_eq!(words(&format!("- [ ] {item}")).len(), words(new).len());
        let now = after.waves().find(|(index, _)| *index == wave.heading).unwrap().1.unwrap();
        let last = now.items(&after).last().unwrap();
        prop_assert_eq!(last.text.of(after.text), item.as_str());
        prop_assert_eq!(last.checkbox.map(|(_, ticked)| ticked), Some(false));
        let (done, all) = wave.boxes(&before);
        prop_assert_eq!(now.boxes(&after), (done, all + 1));
        prop_assert_eq!(after.progress().total, before.progress().total + 1);
        prop_assert_eq!(text.contains("\r\n"), !after_text.replace("\r\n", "").contains('\n') && after_text.contains("\r\n"));
    }

    #[test]
    fn plain_items_can_always_be_added(text in document(), item in "[a-z]{1,5}( [a-z]{1,5}){0,3}") {
        let source = Source::new(text.into_bytes());
        let before = Document::parse(&source);
        for (heading, _) in before.waves() {
            let added = before.apply(&[Edit::AddItem { heading, text: &item }]);
            prop_assert!(added.is_ok(), "{:?}\n{}", added, before.text);
        }
    }

    #[test]
    fn a_removed_item_goes_with_what_is_nested_in_it(text in document(), which in 0..8_usize) {
        let source = Source::new(text.clone().into_bytes());
        let before = Document::parse(&source);
        let blockers: Vec<_> = before.body.items_in("Blockers").filter(|(_, item)| item.depth == 1).collect();
        let Some((index, item)) = blockers.get(which) else { return Ok(()) };
        let extent = item.extent(before.text);
        let bytes = before.apply(&[Edit::RemoveItem { item: *index }]);
        let Ok(bytes) = bytes else {
            return Err(TestCaseError::fail(format!("{bytes:?}\n{text}")));
        };
        let after_text = String::from_utf8(bytes.clone()).unwrap();
        let rest = format!("{}{}", &text[..extent.start], &text[extent.end..]);
        let after_words = words(&after_text);
        prop_assert!(
            after_words == words(&rest) || after_words == words(&rest.replacen("## Blockers", "## Blockers None.", 1)),
            "{text}\n=>\n{after_text}"
        );
        let after = Source::new(bytes);
        let after = Document::parse(&after);
        let nested = before.body.items.iter().filter(|other| extent.contains(other.span) || item.span.contains(other.span)).count();
        prop_assert_eq!(after.body.items.len(), before.body.items.len() - nested);
        prop_assert!(after.section_text("Blockers").is_some() || !words(&rest).contains("None."));
    }

    #[test]
    fn a_moved_wave_changes_its_heading_only(text in document(), which in 0..3_usize, by in 0..4_u32) {
        let source = Source::new(text.clone().into_bytes());
        let before = Document::parse(&source);
        let waves: Vec<_> = before.waves().filter_map(|(_, wave)| wave.ok()).collect();
        let Some(wave) = waves.get(which) else { return Ok(()) };
        let state = match by {
            0 => WaveState::Active,
            1 => WaveState::Done,
            by => WaveState::Blocked(by),
        };
        let bytes = before.apply(&[Edit::Wave { heading: wave.heading, state }]).unwrap();
        let after = Source::new(bytes);
        let after = Document::parse(&after);
        let moved = after.waves().find(|(index, _)| *index == wave.heading).unwrap().1.unwrap();
        prop_assert_eq!(moved.state.map(|(state, _)| state), Some(state));
        prop_assert_eq!(moved.name.of(after.text), wave.name.of(before.text));
        let line = before.body.headings[wave.heading].span;
        let changed = after.body.headings[wave.heading].span;
        prop_assert_eq!(&text[..line.start], &after.text[..changed.start]);
        prop_assert_eq!(&text[line.end..], &after.text[changed.end..]);
    }
}
