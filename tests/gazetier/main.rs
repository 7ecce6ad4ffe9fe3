//! One binary for all integration tests: it is linked once, and every test speaks through the same
//! few words (`support`).

mod hubs;
mod serving;
mod smoke;
mod support;
