//! The weekly digest: which columns an edition holds, what it looks like for a set of rubriques,
//! and the bytes of a letter. Nothing here reads or writes a file, the store or the clock.

pub mod archive;
pub mod choose;
mod cut;
pub mod encode;
pub mod letter;
mod marked;
pub mod preflight;
pub mod render;
pub mod repeats;
pub mod service;
mod shield;
mod tags;
pub mod token;
pub mod view;

/// Why an edition could not be drawn up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A template failed.
    #[error("cannot render the digest: {0}")]
    Template(#[from] askama::Error),
    /// The rendered MJML is not what MJML should be.
    #[error("cannot turn the digest into HTML: {0}")]
    Mjml(String),
    /// A letter cannot be written.
    #[error("cannot write a letter: {0}")]
    Letter(String),
    /// The edition would break in mail programs: what is wrong, and what to do.
    #[error("the digest cannot be sent: {0}")]
    Preflight(String),
}
