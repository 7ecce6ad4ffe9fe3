//! What comes back, and what becomes of it.

mod effects;
mod hostile;
mod messages;
mod post;
mod real;
