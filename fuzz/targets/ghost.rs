//! A file of the kind `ghost`, with any bytes: its reader comes to an end.
#![no_main]

mod common;

use gazetier::config::SourceKind;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| common::records(SourceKind::Ghost, bytes));
