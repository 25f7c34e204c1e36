//! Agents at work: what is known of each run, and the processes themselves.
//!
//! The [`Ledger`] is data: one [`Run`] for every agent that was started, written down before its
//! process begins and again when it has ended. Whether one that says `running` still runs is not
//! written anywhere, because whoever would write it may be killed as well; it is found out when the
//! ledger is read, by [`Run::standing`], from the processes that the record names.
//!
//! The [`Supervisor`] starts processes, passes on and keeps what they say, and tells how they end.
//! It knows neither the ledger nor sessions: whoever drives it writes down what it tells.

mod capture;
mod child;
mod id;
pub mod ledger;
mod lines;
mod process;
mod record;
mod signals;
mod spec;
mod supervisor;
mod tmux;
mod updates;

pub use capture::{Capture, Captured};
pub use child::{ENDING, Ended, StartError};
pub use id::RunId;
pub use ledger::{Aside, Ledger, Unreadable};
pub use lines::{LINE_LIMIT, Lines};
pub use process::{Life, Machine, Process};
pub use record::{ARGV_LIMIT, Invalid, RUN, Reason, Run, Standing, Status};
pub use signals::Told;
pub use spec::{Input, NoObserver, Observer, Spec, Stream};
pub use supervisor::{Event, Supervisor};
pub use tmux::{Pane, Tmux};
pub use updates::Updates;
