//! What the document layer costs, without a process and without a disk: `cargo bench --bench
//! document`.

use agentsess::document::{Document, Edit, Source, insert, time::Timestamp};
use divan::{Bencher, black_box, counter::BytesCount};

#[expect(
    dead_code,
    reason = "files and their names are for the other benchmark"
)]
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
