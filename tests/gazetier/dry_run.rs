//! `--dry-run`: what would come of it is told, and nothing is touched.

use crate::support::{MONDAY, Scene, column};

/// All files of a scene with their bytes, but for what SQLite keeps beside its file.
fn state(scene: &Scene) -> Vec<(String, Vec<u8>)> {
    let files = scene.files("").into_iter().filter(|name| !name.starts_with("gazetier.db"));
    files.map(|name| (name.clone(), std::fs::read(scene.path(&name)).expect("a file"))).collect()
}

#[test]
fn a_dry_run_tells_and_touches_nothing() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        // Nobody takes letters there: a run that were none would fail.
        let scene = scene.config("url = \"file:outbox\"", "url = \"smtp://127.0.0.1:1\"");
        let before = state(&scene);
        let told = scene.ok(&["run", "--dry-run", "--at", MONDAY]);
        assert!(told.contains("nothing was done; it would have come to this:\n"), "{told}");
        assert!(told.contains("3 letters of 2026-W47 would go out\n"), "{told}");
        assert!(!told.contains("\n0 files of the feeds would change"), "{told}");
        assert_eq!(state(&scene), before);
        assert!(scene.ok(&["columns", "list"]).is_empty());
        assert_eq!(scene.ok(&["digest", "status"]), "no edition yet\n");
        // Of what there is, only what is new.
        scene.ok(&["sync", "--at", MONDAY]);
        scene.ok(&["publish", "--at", MONDAY]);
        let told = scene.ok(&["publish", "--dry-run", "--at", MONDAY]);
        assert!(told.contains("0 files of the feeds would change\nno letter would go out\n"), "{told}");
        scene.put("columns/neuf.md", &column("Neuf", "edito", "2026-11-23T07:00"));
        let before = state(&scene);
        let told = scene.ok(&["sync", "--dry-run", "--at", MONDAY]);
        assert!(told.starts_with("1 columns added\n"), "{told}");
        let told = scene.ok(&["digest", "send", "--dry-run", "--newsletter", "digest", "--at", MONDAY]);
        assert!(told.contains("2026-W47: frozen with 3 letters"), "{told}");
        assert!(told.contains("3 letters of 2026-W47 would go out\n"), "{told}");
        assert_eq!(state(&scene), before);
        assert_eq!(scene.ok(&["digest", "status"]), "no edition yet\n");
    }
}
