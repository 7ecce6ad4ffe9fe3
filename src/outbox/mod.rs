//! What goes out besides editions: letters to one person, and pings to WebSub hubs. Both stand in the store until they
//! are done with, and are leased by whoever carries them.

pub mod hubs;
pub mod service;
