//! The weekly digest: which columns an edition holds, what it looks like for a set of rubriques, what editors decide
//! about it and are told of it, and how it is frozen: which letters it has, and of which bytes.

pub mod another_hour;
pub mod audiences;
pub mod decide;
pub mod editors;
pub mod epub;
pub mod freeze;
pub mod late;
pub mod layout;
pub mod next;
pub mod pictures;
pub mod preflight;
pub mod programs;
pub mod render;
pub mod repeats;
pub mod restored;
pub mod slot;
pub mod special;
pub mod together;
pub mod variants;

use crate::{model, store};

/// Why an edition could not be drawn up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It cannot be rendered, or not be sent as it is.
    #[error(transparent)]
    Render(#[from] render::Error),
    /// The store changed again and again while the edition was drawn up.
    #[error("the store changes too fast to freeze {0}: run again")]
    TooManyChanges(model::Period),
}
