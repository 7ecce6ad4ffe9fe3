//! A page of columns copied as text, any text: columns, or which line cannot be read.
#![no_main]

mod common;

use std::{collections::HashMap, path::Path};

use gazetier::ingest::{
    ImportResult,
    listing::{ListingAnswers, ListingDates, ListingFile},
    source::{ColumnSource, SourceDocument},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let path = Path::new("listing.txt");
    let dates = ListingDates { newest: common::NEWEST, step: chrono::Duration::days(7) };
    let (known, answers) = (HashMap::new(), ListingAnswers::default());
    let listing = ListingFile { path, dates: Some(dates), known: &known, answers: &answers };
    let document = SourceDocument { path, key: "listing.txt", text };
    let _ = listing.read(document, common::context(), &mut ImportResult::default());
});
