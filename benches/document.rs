//! What the document layer and the rules cost, without a process and without a disk: `cargo bench
//! --bench document`.

use agentsess::config::Config;
use agentsess::document::time::{Timestamp, parse_rfc3339};
use agentsess::document::{Document, Edit, Source, insert};
use agentsess::lint::{Context, Findings, RULES, Settings};
use divan::{Bencher, black_box, counter::BytesCount};

mod corpus;

/// A usual session, and one so large that anything worse than linear shows.
const SIZES: [usize; 2] = [3_500, 5_000_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher, bytes: usize) {
    let source = Source::new(corpus::sized(bytes).text.into_bytes());
    bencher
        .counter(BytesCount::new(source.bytes().len()))
        .bench_local(|| black_box(Document::parse(black_box(&source)).body.items.len()));
}

#[divan::bench(args = SIZES)]
fn log(bencher: Bencher, bytes: usize) {
    let source = Source::new(corpus::sized(bytes).text.into_bytes());
    let document = Document::parse(&source);
    let edit = Edit::Log {
        at: Timestamp::UNIX_EPOCH,
        agent: "backend-dev",
        action: "update",
        text: "The fallback answers within 200 ms; its test runs in CI.",
    };
    bencher
        .counter(BytesCount::new(source.bytes().len()))
        .bench_local(|| document.apply(black_box(&[edit])).expect("a sound session"));
}

#[divan::bench(args = SIZES)]
fn escape(bencher: Bencher, bytes: usize) {
    let text = corpus::sized(bytes).text;
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| insert::block(black_box(&text), 3));
}

/// Sessions of the kind that many have, with their defects.
fn sessions() -> Vec<(String, Source)> {
    let sessions = (0..500).map(corpus::session);
    sessions
        .map(|session| (session.name, Source::new(session.text.into_bytes())))
        .collect()
}

/// What every rule stands beside.
#[divan::bench]
fn parse_500(bencher: Bencher) {
    let sessions = sessions();
    bencher.bench_local(|| {
        for (_, source) in &sessions {
            black_box(Document::parse(black_box(source)));
        }
    });
}

#[divan::bench(args = RULES.iter().map(|rule| rule.name))]
fn rule(bencher: Bencher, name: &str) {
    let rule = RULES.iter().copied().find(|rule| rule.name == name);
    let rule = rule.expect("one of the table");
    let config = Config::default();
    let sessions = sessions();
    let documents: Vec<_> = sessions
        .iter()
        .map(|(name, source)| (name, Document::parse(source)))
        .collect();
    bencher
        .with_inputs(|| {
            let now = parse_rfc3339(corpus::NOW).expect("a time").at;
            let settings = Settings::new(&config, now);
            let context = |(name, document)| Context::new(name, document, settings);
            let named = documents
                .iter()
                .map(|(name, document)| (name.as_str(), document));
            (named.map(context).collect::<Vec<_>>(), Vec::new())
        })
        .bench_local_refs(|(contexts, found)| {
            for context in contexts {
                (rule.check)(context, &mut Findings::new(rule, found));
            }
        });
}
