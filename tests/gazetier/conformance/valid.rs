//! Any columns at all: their feed is refused, or valid.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use gazetier::publish::forms::{Feed, conform};
use proptest::prelude::*;

use super::{configs, generated::column, now, readers::read_back, runner};
use crate::{strict, validator};

#[test]
fn a_feed_is_refused_or_valid() {
    let configs = configs();
    let (sound, all) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let columns = prop_oneof![4 => prop::collection::vec(column(), 1..2), 1 => prop::collection::vec(column(), 0..5)];
    let case = (columns, 0..2_usize, prop::option::of(0..3_usize));
    let outcome = runner(400).run(&case, |(columns, config, rubrique)| {
        let config = &configs[config];
        let rubrique = rubrique.map(|index| &config.rubriques[index]);
        let feed = Feed::new(config, rubrique, &columns).expect("a feed");
        all.fetch_add(1, Relaxed);
        if conform::check(&feed, now()).is_empty() {
            sound.fetch_add(1, Relaxed);
            for column in &columns {
                prop_assert_eq!(strict::errors(&column.body), Vec::<String>::new(), "{}", column.body);
            }
            let files = feed.files().expect("files");
            prop_assert_eq!(validator::findings(config, rubrique, &files, now()), Vec::<String>::new());
            read_back(&columns, &files)?;
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    let (sound, all) = (sound.into_inner(), all.into_inner());
    assert!(sound * 3 > all, "only {sound} of {all} feeds were not refused: this says little");
}
