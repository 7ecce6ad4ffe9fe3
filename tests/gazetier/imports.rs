//! Columns come in: what their source says is in the published feeds, to the character, and a
//! source that cannot be taken is refused in words, whole.

mod adoption;
mod api_sources;
mod databases;
mod embeds;
pub mod exports;
mod feed_sources;
mod generators;
mod histories;
mod identity;
mod listing;
mod machines;
mod many;
mod markdown;
mod records;
mod samples;
mod shortcodes;
mod sites_api;
mod told;

use crate::support::Scene;

/// A long while after every column of the tests.
const LATER: &str = "2030-01-01";

/// What the program says to files that cannot be taken: it must say where and why, and take
/// nothing of them.
fn refusal(scene: &Scene, arguments: &[&str]) -> String {
    let outcome = scene.run(arguments);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (65, ""), "{arguments:?}: {outcome:?}");
    scene.ok(&["publish", "--at", LATER]);
    assert_eq!(scene.items("feed.json"), Vec::<serde_json::Value>::new(), "{arguments:?}");
    outcome.stderr
}
