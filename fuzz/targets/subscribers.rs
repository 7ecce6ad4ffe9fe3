//! A list of readers, with any bytes: readers, refused lines, or why it is no list.
#![no_main]

mod common;

use std::io::Cursor;

use gazetier::ingest::subscribers::{Layout, List, Settings};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let settings = Settings { rubriques: &common::CONFIG.rubriques, layout: Layout::default(), latest: common::NEWEST };
    let Ok(mut list) = List::open(Cursor::new(bytes), "list", &settings) else { return };
    while list.take(1_000).is_ok_and(|part| !part.is_empty()) {}
    let _ = list.refused();
});
