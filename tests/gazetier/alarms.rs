//! `gazetier status`, and what is told of what should have happened and did not.

use std::process::{Child, Stdio};

use gazetier::{
    config::Config,
    doctor::alarms::{self, Asker},
    model::Now,
    store::Store,
};

use crate::support::{MONDAY, SILENCE, Scene, column, until};

/// A scene with an editor, a column and a reader.
fn edited() -> Scene {
    let scene = Scene::empty().config("# editors = [", "editors = [");
    scene
        .write("columns/a.md", &column("A", "edito", "2026-11-18"))
        .write("subscribers.csv", "email\nalix@example.org\n")
}

/// Notices of the alarms at an instant that are news.
fn news(scene: &Scene, at: &str, asker: Asker) -> Vec<String> {
    let config = Config::load(&scene.path("config.toml")).expect("a configuration");
    let at = config.magazine.zone.parse(at).expect("an instant");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(&scene.store_url()).await.expect("a store");
        let news = alarms::tell(&config, &store, Now { at, clock: at }, asker).await.expect("alarms");
        store.close().await;
        news.into_iter().map(|alarm| alarm.words).collect()
    })
}

#[test]
fn the_status_says_how_everything_stands() {
    for scene in [Scene::sample(), Scene::sample().on_postgres()] {
        let scene = scene.write("columns/broken.md", "---\ntitle: x\n---\n");
        assert_eq!(scene.run(&["run", "--at", MONDAY]).code, 65);
        // A file that is wrong is told once, and then here.
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        let status = scene.ok(&["status", "--at", "2026-11-23T09:00"]);
        for words in [
            "last run 2026-11-23 08:00\n",
            "source markdown:columns: 12 columns, the newest of 2026-11-",
            "feeds in feeds: changed ",
            "digest: 3 readers; 2026-W48 is due at 2026-11-30 07:30, with 1 columns\n",
            "digest: the last was 2026-W47 (sent), 3 of 3 letters sent\n",
            "refused: broken.md: ",
        ] {
            assert!(status.contains(words), "{words}: {status}");
        }
        assert!(!status.contains("alarm: "), "{status}");
        let json: serde_json::Value =
            serde_json::from_str(&scene.ok(&["status", "--json", "--at", MONDAY])).expect("JSON");
        assert_eq!(json["newsletters"][0]["readers"], 3, "{json}");
        assert_eq!(json["newsletters"][0]["last"]["letters"]["sent"], 3, "{json}");
        assert_eq!(json["alarms"], serde_json::json!([]), "{json}");
    }
}

#[test]
fn the_status_says_who_waits_for_whom() {
    let scene = edited().config("# approval = true", "approval = true");
    scene.ok(&["sync", "--at", MONDAY]);
    let status = scene.ok(&["status", "--at", "2026-11-22T08:00"]);
    assert!(status.contains("waits for an editor's approval: gazetier digest approve 2026-W47"), "{status}");
    scene.ok(&["digest", "hold", "--at", "2026-11-22T09:00"]);
    let status = scene.ok(&["status", "--at", "2026-11-22T10:00"]);
    assert!(status.contains("2026-W47 is held by "), "{status}");
}

/// Nobody calls `run` any more: the editors are told once, and once more when it happens again.
#[test]
fn what_did_not_happen_is_told_once() {
    for scene in [edited(), edited().on_postgres()] {
        assert_eq!(scene.run(&["run", "--at", "2026-11-20T08:00"]), SILENCE);
        assert_eq!(news(&scene, "2026-11-20T09:00", Asker::Watcher), Vec::<String>::new());
        let noon = "2026-11-23T12:00";
        let told = news(&scene, noon, Asker::Watcher);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("there has been no run since 2026-11-20 08:00"), "{told:?}");
        assert!(told[1].starts_with("2026-W47 should have gone at 2026-11-23 07:30 and did not"), "{told:?}");
        assert_eq!(news(&scene, noon, Asker::Watcher), Vec::<String>::new());
        let status = scene.ok(&["status", "--at", noon]);
        assert!(
            status.contains("alarm: 2026-W47 should have gone") && status.contains("alarm: there has been no run"),
            "{status}"
        );
        // The run that comes sends it, and the letters to the editor.
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T12:05"]), SILENCE);
        let letters = scene.posted();
        assert_eq!(
            letters.iter().filter(|letter| **letter == "service maelle@estran.example.org").count(),
            2,
            "{letters:?}"
        );
        assert!(letters.contains(&"2026-W47 alix@example.org".to_owned()), "{letters:?}");
        assert_eq!(news(&scene, "2026-11-23T12:10", Asker::Watcher), Vec::<String>::new());
        // It happens again, and is told again.
        let told = news(&scene, "2026-11-24T12:00", Asker::Watcher);
        assert_eq!(told.len(), 1, "{told:?}");
    }
}

#[test]
fn an_approval_that_is_waited_for_is_no_alarm() {
    let scene = edited().config("# approval = true", "approval = true");
    scene.ok(&["sync", "--at", MONDAY]);
    let told = news(&scene, "2026-11-23T12:00", Asker::Watcher);
    assert_eq!(told, Vec::<String>::new());
}

#[test]
fn a_source_that_falls_silent_is_told_once() {
    let scene = edited().config("[theme]\n", "[watch]\nsource_silent = \"30d\"\nedition_within = \"never\"\n[theme]\n");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    let late = ["run", "--at", "2027-02-01T08:00"];
    let outcome = scene.run(&late);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(
        outcome.stderr.starts_with("gazetier: the source markdown:columns has given nothing since 2026-11-"),
        "{outcome:?}"
    );
    assert_eq!(scene.run(&late), SILENCE);
    assert!(scene.ok(&["status", "--at", "2027-02-01T08:00"]).contains("alarm: the source markdown:columns"));
    let letters = scene.posted();
    assert!(letters.contains(&"service maelle@estran.example.org".to_owned()), "{letters:?}");
    // It speaks again.
    scene.put("columns/neuf.md", &column("Neuf", "edito", "2027-02-01T08:30"));
    assert_eq!(scene.run(&["run", "--at", "2027-02-01T09:00"]), SILENCE);
    assert!(!scene.ok(&["status", "--at", "2027-02-01T09:00"]).contains("alarm: the source"));
    let outcome = scene.run(&["run", "--at", "2027-04-01T08:00"]);
    assert!(outcome.stderr.contains("has given nothing since 2027-02-01 08:30"), "{outcome:?}");
}

#[test]
fn each_run_writes_figures_for_the_collector() {
    let scene = Scene::sample().config("[theme]\n", "[watch]\nmetrics = \"figures.prom\"\n[theme]\n");
    assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
    let figures = scene.read("figures.prom");
    for line in [
        "gazetier_letters{state=\"sent\"} 3",
        "gazetier_editions{state=\"sent\"} 1",
        "gazetier_last_run_timestamp_seconds 1795417200",
        "gazetier_alarms{kind=\"run\"} 0",
        "gazetier_alarms{kind=\"edition\"} 0",
    ] {
        assert!(figures.lines().any(|known| known == line), "{line}: {figures}");
    }
    // A file that cannot be written is told, and the rest is done.
    let scene = Scene::sample().config("[theme]\n", "[watch]\nmetrics = \"nowhere/figures.prom\"\n[theme]\n");
    let outcome = scene.run(&["run", "--at", MONDAY]);
    assert_eq!(outcome.code, 73, "{outcome:?}");
    assert!(outcome.stderr.contains("cannot write nowhere/figures.prom"), "{outcome:?}");
    assert_eq!(scene.posted().len(), 3);
}

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `gazetier serve` watches, too: where nobody runs anything, it is there.
#[test]
fn serve_tells_of_runs_that_do_not_come() {
    let scene = edited()
        .config("[theme]\n", "[watch]\nevery = \"1s\"\n[web]\nlisten = \"unix:web.sock\"\n[theme]\n")
        .config("listen = \"127.0.0.1:0\"", "listen = \"unix:desk.sock\"");
    assert_eq!(scene.run(&["run", "--at", "2026-11-20T08:00"]), SILENCE);
    let mut command = scene.command(&["serve", "--at", "2026-11-23T12:00"]);
    let _serving = Serving(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program"));
    let told = || scene.posted().iter().filter(|letter| letter.starts_with("service ")).count();
    until("nobody was told", || told() == 2);
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(told(), 2, "{:?}", scene.posted());
}
