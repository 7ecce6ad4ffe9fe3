//! An SMTP client (RFC 5321) made for the ledger: it knows at each instant how many replies are due, and how much of a
//! letter may have reached the relay when a write fails.

mod commands;
mod connection;
mod error;
mod extensions;
mod hello_name;
mod login;
mod reply;
mod reply_parser;
mod stream;

pub(super) use commands::{ReplyClass, SmtpCommand};
pub(super) use connection::{SmtpConnection, StepCheck};
pub(super) use error::{ConnectionError, WriteError, unexpected_reply};
pub(super) use extensions::{Extensions, RelayLimit};
pub(super) use reply::{Reply, without_address};
