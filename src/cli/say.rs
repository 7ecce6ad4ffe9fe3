//! What goes to standard output. Who reads it may have gone (`gazetier … | head`): then there is
//! nobody to tell, and nothing is wrong.

use std::io::Write;

/// Prints a line, like `println!`, to whoever listens.
macro_rules! say {
    ($($argument:tt)*) => { $crate::cli::say::line(format_args!($($argument)*)) };
}
pub(super) use say;

/// Prints a line; without a reader, nothing.
pub(super) fn line(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
