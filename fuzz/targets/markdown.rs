//! A file of a generator, with any text: front matter, shortcodes and body come to an end.
#![no_main]

mod common;

use std::path::Path;

use gazetier::ingest::{ImportResult, markdown};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = markdown::read(text, Path::new("c/a.md"), "a", common::context(), &mut ImportResult::default());
});
