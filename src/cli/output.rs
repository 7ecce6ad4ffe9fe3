//! What goes to standard output and standard error, which may be full, closed or gone: a message that
//! cannot be written stops nothing, and changes the exit code only where a listing was asked for.
//! The macros of the standard library panic then.

use std::{
    fmt::Arguments,
    io::{ErrorKind, Write},
    process::ExitCode,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use super::exit;
use crate::model::text::shortened;

/// The first failure to write a listing.
static WRITE_ERROR: OnceLock<String> = OnceLock::new();

/// Whether nothing is said of what went well.
static SILENT: AtomicBool = AtomicBool::new(false);

/// From here on, nothing goes to standard output.
pub(super) fn silence() {
    SILENT.store(true, Ordering::Relaxed);
}

/// Prints a line to standard output. Whoever reads it may have gone (`gazetier … | head`): then
/// there is nobody to tell, and nothing is wrong. Any other failure is kept for [`exit_code`].
pub(super) fn line(text: Arguments<'_>) {
    if SILENT.load(Ordering::Relaxed) {
        return;
    }
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let _ = WRITE_ERROR.set(error.to_string());
        }
        _ => {}
    }
}

/// Prints a line to standard error, in one piece: programs that share it do not mix their lines. Cron mails it:
/// what a message quotes is cut where nobody would read on.
pub(super) fn message(text: Arguments<'_>) {
    let text = format!("{text}\n");
    let _ = std::io::stderr().write_all(shortened(&text).as_bytes());
}

/// Standard error for what is logged, which quotes things as well. Each event comes in one piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        std::io::stderr().write_all(shortened(&String::from_utf8_lossy(event)).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The exit code of a command that has done its work, unless what it had to print could not be written.
pub(super) fn exit_code(done: ExitCode) -> ExitCode {
    match WRITE_ERROR.get() {
        None => done,
        Some(error) => unwritten(error),
    }
}

/// Shows what clap has to say: help, the version, or what is wrong with a command line.
pub(super) fn print_usage(usage: &clap::Error) -> ExitCode {
    match usage.print() {
        Err(error) if !usage.use_stderr() && error.kind() != ErrorKind::BrokenPipe => unwritten(&error.to_string()),
        _ => u8::try_from(usage.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from),
    }
}

fn unwritten(error: &str) -> ExitCode {
    eprintln!("gazetier: cannot write to standard output: {error}");
    ExitCode::from(exit::CANNOT_WRITE)
}
