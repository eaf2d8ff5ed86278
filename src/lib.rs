//! larder keeps a complete, verified copy of an iCloud account's photos and files on a disk that you own.
//!
//! # How data flows
//!
//! ```text
//! job.toml        Apple                                                                   disk
//!    |              |                                                                       |
//! config  ->  icloud::session  ->  sync::check  ->  state  ->  sync::plan  ->  sync::apply  ->  tree
//!             (sign-in, trust)     (what            (redb:      (pure:          (fetch, verify,
//!                                   changed?)        catalog,    what to do)     place, record)
//!                                                    ledger)          ^                |
//!                                                       ^-------------+----------------'
//!                                                    report -> progress, summary
//! ```
//!
//! Two replicas and a pure function between them: the **catalog** is what iCloud holds as last seen, the
//! **ledger** is what this machine holds, and the **plan** turns the difference into actions, for items that
//! are marked dirty alone. [`sync::run()`] reads from top to bottom. [`sync::audit`] holds iCloud, catalog, ledger and
//! disk against each other, and marks what a run could not know by itself; [`sync::verify`] reads every file again.
//!
//! # The rooms
//!
//! Arrows go down only: a room uses its own folder and the layers below it. `icloud`, `tree` and `state`
//! never import each other. `tests/it/layers.rs` reads every import and holds this table.
//!
//! | layer | rooms |
//! |---|---|
//! | 6 | `cli`: the only code that prints or prompts |
//! | 5 | `daemon`: schedule, signals, service manager, the page |
//! | 4 | `report`: the summary, the audit, notices |
//! | 3 | `sync`: one run; `sync::plan` is pure |
//! | 2 | `icloud`: everything that knows Apple · `tree`: the destination · `state`: redb |
//! | 1 | `http` · `secret` · `config` |
//! | 0 | `model` · `event` · `clock` · `failpoint` |

pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod event;
pub mod failpoint;
pub mod http;
pub mod icloud;
pub mod model;
pub mod report;
pub mod secret;
pub mod state;
pub mod sync;
pub mod tree;
