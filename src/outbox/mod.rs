//! What is sent besides editions: letters to one person, and pings to WebSub hubs. Both wait in the store until they are
//! done with, and are leased by the worker that sends them. What was sent is removed here, too, when it may not be kept.

mod attempt;
pub(crate) mod consent;
pub mod hubs;
pub mod reconfirm;
pub mod retention;
pub mod service;
pub mod welcome;

pub use attempt::OutboxReport;
