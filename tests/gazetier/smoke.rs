//! The README's first command, as a whole.

use crate::support::{MONDAY, Scene};

#[test]
fn the_sample_is_published_and_sent_on_both_backends() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        scene.ok(&["run", "--at", MONDAY]);
        let readers = ["alix@example.org", "loic@example.org", "sterenn@example.org"];
        assert_eq!(scene.posted(), readers.map(|reader| format!("2026-W47 {reader}")));
        assert_eq!(scene.files("feeds").len(), 15);
        assert_eq!(scene.ok(&["digest", "status"]), "2026-W47 (n° 1) sent: 3 of 3 letters sent\n");
        assert_eq!(
            scene.ok(&["digest", "send", "--at", MONDAY]),
            "no edition is due, no letter is waiting: nothing is sent\n"
        );
    }
}
