//! gazetier publishes a magazine's columns as feeds and sends its weekly digest.
//!
//! The modules stand in reading order, which is also the order of the floors: each imports only
//! what is above it in this list (`docs/ARCHITECTURE.md` tells why, `tests/gazetier/fences.rs`
//! holds it).
#![forbid(unsafe_code)]

pub mod locales;
pub mod templates;

pub mod model;

// What stands in config.toml is what users see of the code: each item says what it is.
#[warn(missing_docs)]
pub mod config;

pub mod dns;
pub mod fetch;
pub mod store;

pub mod edition;
pub mod ingest;
pub mod publish;

pub mod bounce;
pub mod send;

pub mod doctor;
pub mod outbox;

pub mod web;

pub mod cli;
