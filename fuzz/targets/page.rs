//! A page of a site, with any bytes: its feeds and what made it, if it is HTML.
#![no_main]

use std::sync::LazyLock;

use gazetier::ingest::systems::SitePage;
use libfuzzer_sys::fuzz_target;
use url::Url;

static ADDRESS: LazyLock<Url> = LazyLock::new(|| Url::parse("https://magazine.example/").expect("an address"));

fuzz_target!(|bytes: &[u8]| {
    let _ = SitePage::of(bytes, &ADDRESS);
});
