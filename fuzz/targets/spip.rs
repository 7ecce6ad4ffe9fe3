//! A text with SPIP's marks, any text: it becomes HTML, in which cleaning finds nothing that it cannot end.
#![no_main]

use gazetier::ingest::spip;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (spip::body(text, &mut Vec::new()), spip::line(text));
});
