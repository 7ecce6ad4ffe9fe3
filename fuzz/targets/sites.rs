//! A post as WordPress's REST API or Ghost's Content API gives it, with any JSON: a record, or why it is none.
#![no_main]

use gazetier::ingest::records::{ghost, wordpress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(post) = serde_json::from_slice::<serde_json::Value>(bytes) {
        let _ = (wordpress::api_record(&post), ghost::api_record(&post));
    }
});
