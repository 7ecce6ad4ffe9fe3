//! HTML of anybody's: what cleaning leaves holds no script, and cleaning it again changes nothing.
#![no_main]

mod common;

use std::sync::LazyLock;

use gazetier::ingest::clean::clean;
use libfuzzer_sys::fuzz_target;
use url::Url;

static PAGE: LazyLock<Url> = LazyLock::new(|| Url::parse("https://magazine.example/columns/a").expect("an address"));

fuzz_target!(|html: &str| {
    let lang = common::CONFIG.magazine.lang;
    let once = clean(html, &PAGE, &PAGE, lang);
    let lower = once.to_ascii_lowercase();
    assert!(!lower.contains("<script") && !lower.contains("<iframe") && !lower.contains("<style"), "{once}");
    let again = clean(&once, &PAGE, &PAGE, lang);
    assert_eq!(once, again);
});
