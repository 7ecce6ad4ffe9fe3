//! What mail programs make of a letter: a table of what each drops, a letter as it would be shown without that, and points
//! for what is left of it. Nothing is asked of anybody: this is imitated from what is known of the programs.

mod facts;
mod inbox;
mod night;
mod score;
mod simulate;

pub use facts::{Loss, MailProgram};
pub use inbox::{InboxView, inbox_views};
pub use score::{ProgramScore, score, scores};
pub use simulate::{simulate, simulate_night};
