//! The documents, whole. Each was read against its specification before it was accepted: RSS 2.0
//! with the RSS Advisory Board's profile, RFC 4287, JSON Feed 1.1, OPML 2.0.

use super::{LATER, written::hostile};
use crate::support::Scene;

#[test]
fn hostile_texts_in_all_forms() {
    let scene = hostile();
    scene.ok(&["sync"]);
    scene.ok(&["publish", "--at", LATER]);
    for name in ["rss.xml", "atom.xml", "feed.json"] {
        insta::assert_snapshot!(format!("hostile-{name}"), scene.read(&format!("feeds/{name}")));
    }
    insta::assert_snapshot!("hostile-humeur-rss.xml", scene.read("feeds/humeur/rss.xml"));
    insta::assert_snapshot!("hostile-feeds.opml", scene.read("feeds/feeds.opml"));
    let page = scene.read("feeds/index.html");
    assert!(page.contains(">L’Estran &#38; &#60;fils&#62; ]]&#62;</a>"), "{page}");
    for raw in ["<fils>", "<Cie>", "<i>", "<b>"] {
        assert!(!page.contains(raw), "{raw} in {page}");
    }
}

#[test]
fn a_feed_without_columns_in_all_forms() {
    let scene = Scene::empty();
    scene.ok(&["publish"]);
    for name in ["rss.xml", "atom.xml", "feed.json"] {
        insta::assert_snapshot!(format!("empty-{name}"), scene.read(&format!("feeds/carnet/{name}")));
    }
}

#[test]
fn the_page_and_the_list_of_the_sample() {
    let scene = Scene::empty();
    scene.ok(&["publish"]);
    insta::assert_snapshot!("index.html", scene.read("feeds/index.html"));
    insta::assert_snapshot!("feeds.opml", scene.read("feeds/feeds.opml"));
}
