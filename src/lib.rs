//! gazetier publishes a magazine's columns as feeds and sends its weekly digest.
//!
//! The modules stand in reading order, which is also the order of the floors: each imports only
//! what is above it in this list (`docs/ARCHITECTURE.md` tells why, `tests/gazetier/fences.rs`
//! holds it).
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod locales;

pub mod model;

pub mod config;

pub mod digest;
pub mod feeds;
pub mod fetch;
pub mod import;
pub mod store;

pub mod bounce;
pub mod delivery;
pub mod press;

pub mod web;

pub mod cli;
