//! What readers meet: `gazetier serve`, asked as browsers, feed readers and mail programs ask, and
//! as those do who mean no good.

mod archive;
pub mod browser;
mod erasure;
mod feeds;
pub mod house;
mod join;
mod leave;
mod letters;
mod limits;
pub mod mail;
mod odd;
mod once;
mod roll;
mod routes;
mod several;
mod strangers;
mod wire;
mod wishes;
