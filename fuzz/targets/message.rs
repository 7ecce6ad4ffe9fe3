//! A message that came back, with any bytes: what is said of whom, or that it says nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = gazetier::bounce::explain(bytes);
});
