//! What comes back, and what becomes of it.

mod brake;
mod effects;
mod evidence;
mod forms;
mod hostile;
mod leaving;
mod mailboxes;
mod messages;
pub mod post;
mod real;
