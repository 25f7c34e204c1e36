//! Session files for coding agents: create, log, lint, hand off and close them without losing a
//! byte.
//!
//! A session is one Markdown file with YAML frontmatter, the whole state of a piece of work; its
//! format is specified in `docs/format.md`. This crate is the library behind the `agentsess`
//! command. Its layers, each of which knows only those below it:
//!
//! - [`commands`]: one file a command: arguments, one call of an operation, print.
//! - [`hosts`]: the programs that run agents and call this one: what they say and understand.
//! - [`operations`]: what can be done with sessions. An operation plans without a lock, has its
//!   effects, then applies under the lock after checking that what it planned on still holds. It
//!   returns what happened and never prints or reads the clock.
//! - [`agents`]: the programs that this one starts: their commands, and what their output says.
//! - [`lint`] over [`rules`], and [`render`] for what they find.
//! - [`schema`]: JSON Schemas, made from the types and tables that readers go by.
//! - [`store`]: the folder of sessions: finding, selecting, locking, replacing, the trash. It
//!   knows the disk and no headings.
//! - [`runs`]: what is known of agents that were started, and the processes themselves.
//! - [`document`]: one session as text: spans and edits. It knows text and no disk.
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::todo,
    clippy::indexing_slicing,
    clippy::string_slice
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice
    )
)]

pub mod agents;
pub mod child;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod document;
mod error;
pub mod git;
pub mod hosts;
pub mod lint;
pub mod operations;
pub mod render;
pub mod rules;
pub mod runs;
pub mod schema;
pub mod shell;
pub mod store;

pub use error::{Error, Kind, Location, Result};
