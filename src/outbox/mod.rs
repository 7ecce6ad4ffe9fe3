//! What is sent besides editions: letters to one person, and pings to WebSub hubs. Both wait in the store until they are
//! done with, and are leased by the worker that sends them. What was sent is removed here, too, when it may not be kept.

mod attempt;
pub mod hubs;
pub mod retention;
pub mod service;

pub use attempt::OutboxReport;
