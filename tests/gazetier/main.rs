//! One binary for all integration tests: it is linked once, and every test speaks through the same
//! few words (`support`).

mod approval;
mod archives;
mod bounces;
mod browser;
mod chaos;
mod commands;
mod config;
mod conflicts;
mod conformance;
mod connections;
mod crashes;
mod decisions;
mod delivery;
mod design;
mod desk;
mod digest;
mod dkim;
mod entry;
mod faults;
mod feeds;
mod fences;
mod ground;
mod history;
mod hubs;
mod imports;
mod keys;
mod ledger;
mod letters;
mod links;
mod lists;
mod locales;
mod model;
mod output;
mod postfix;
mod preflight;
mod proxy;
mod readers;
mod recordings;
mod relays;
mod restored;
mod rights;
mod search_engines;
mod selections;
mod servers;
mod serving;
// The benchmarks' relay; not every test needs all of it.
#[allow(dead_code)]
#[path = "../../benches/tools/sink/server.rs"]
mod sink;
mod sinks;
mod smoke;
mod smtp;
mod stops;
mod store;
mod strict;
mod support;
mod suppressions;
mod syncs;
mod templates;
mod tidy;
mod tls;
mod validator;
mod weeks;
mod wire;
mod years;
