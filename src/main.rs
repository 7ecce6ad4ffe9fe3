//! Maps an outcome to an exit code, and does nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    gazetier::cli::main()
}
