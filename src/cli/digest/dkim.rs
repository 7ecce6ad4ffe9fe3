//! `gazetier digest dkim`: the DNS records for the letters' signatures.

use std::process::ExitCode;

use super::super::{exit, session::Session};

/// One record for each key, as a zone file has it: its text in strings of 255 bytes at the most.
pub(super) fn print_records(session: &Session) -> anyhow::Result<ExitCode> {
    let keys = &session.config.dkim;
    if keys.is_empty() {
        let what = "no [[dkim]] in the configuration, letters are not signed: write one with a selector of your \
                    choice and a key, a file made by `openssl genrsa -out dkim.pem 2048`";
        return Err(exit::failure(exit::CONFIGURATION, what));
    }
    for key in keys {
        println!("{}", key.zone_record());
    }
    Ok(ExitCode::SUCCESS)
}
