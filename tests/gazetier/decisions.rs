//! An editor's No is never lost: whoever decides has seen the last decision, the content and the readers, each act has
//! its name and its form, a button that is pressed twice is pressed once, and what is advised works.

use chrono::Duration;
use gazetier::{
    model::{Choice, EditionKey, Note, NoteKind, ReaderGroup},
    store::{Noted, Seen},
};

use crate::{
    desk::{Open, SUNDAY, Visitor, link_of_proof, magazine, value},
    store::{House, at, digest, draft, now, on_both, subscriber},
    support::{MONDAY, SILENCE, Scene, column},
};

on_both! {
    a_decision_is_compared_with_what_was_seen_when_it_is_written,
}

async fn readers(store: &gazetier::store::Store, addresses: &[&str]) {
    let roll: Vec<_> = addresses.iter().map(|address| subscriber(address, &[])).collect();
    store.add_subscribers(&digest(), &roll, now()).await.expect("readers");
}

fn note(kind: NoteKind, who: &str) -> Note {
    Note { kind, subject: String::new(), who: who.into(), words: String::new(), at: now() }
}

/// What an approval of the edition of a Monday must have seen, as it is now.
async fn seen(store: &gazetier::store::Store, key: &EditionKey) -> Seen {
    let desk = store.desk(key).await.expect("a desk");
    let groups = vec![ReaderGroup::of(Choice::all())];
    Seen {
        decision: desk.last_decision,
        version: desk.version.number,
        revision: store.revision().await.expect("a revision"),
        readers: store.readers_of(&digest(), &groups).await.expect("a number"),
        groups,
    }
}

async fn a_decision_is_compared_with_what_was_seen_when_it_is_written(house: &House) {
    let store = house.open().await;
    store.put(&[draft("a", "2026-11-17")], now()).await.expect("a column");
    readers(&store, &["a@example.org", "b@example.org"]).await;
    let key = EditionKey { newsletter: digest(), cutoff: at("2026-11-23T07:30") };
    let approve = [note(NoteKind::Approved, "Maëlle")];
    let decide = async |seen: &Seen| store.decide(&key, &approve, seen).await.expect("a decision");
    let before = seen(&store, &key).await;
    // A hold that its sender has not seen.
    let held = note(NoteKind::Held, "Yann");
    assert_eq!(store.hold(&key, &held).await.expect("a hold"), Noted::OfDraft);
    assert_eq!(decide(&before).await, Noted::Decided(Some(held.clone())));
    // The same word of the same person is one word, for a minute.
    assert_eq!(store.hold(&key, &held).await.expect("a hold"), Noted::Again);
    let later = Note { at: now() + Duration::minutes(1), ..held };
    assert_eq!(store.hold(&key, &later).await.expect("a hold"), Noted::OfDraft);
    // Another list of readers; other columns; other words.
    let before = seen(&store, &key).await;
    readers(&store, &["c@example.org"]).await;
    assert_eq!(decide(&before).await, Noted::Readers(3));
    let before = seen(&store, &key).await;
    store.put(&[draft("b", "2026-11-18")], now()).await.expect("a column");
    assert_eq!(decide(&before).await, Noted::Stale);
    let before = seen(&store, &key).await;
    assert!(store.change(&key, 0, &Default::default(), "Yann", now()).await.expect("a change"));
    assert_eq!(decide(&before).await, Noted::Stale);
    assert_eq!(store.desk(&key).await.expect("a desk").notes.len(), 2, "nothing of it is written down");
    // What was seen is decided, once: of two at once the other is told.
    let before = seen(&store, &key).await;
    let other = [note(NoteKind::Approved, "Yann")];
    let (one, two) = tokio::join!(store.decide(&key, &approve, &before), store.decide(&key, &other, &before));
    let noted = [one.expect("a decision"), two.expect("a decision")];
    assert_eq!(noted.iter().filter(|noted| **noted == Noted::OfDraft).count(), 1, "{noted:?}");
    assert!(noted.iter().any(|noted| matches!(noted, Noted::Decided(Some(_)))), "{noted:?}");
}

/// How many notes of a kind a page shows.
fn noted(visitor: &Visitor, words: &str) -> usize {
    visitor.get("/").text.matches(words).count()
}

#[test]
fn each_act_has_its_form_and_its_name() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/").text;
        // Enter in a field presses the first button of its form.
        let form = page.split("<form").find(|form| form.contains("name=\"why\"")).expect("a form to hold");
        let form = form.split("</form>").next().expect("its end");
        assert_eq!(form.matches("<button").count(), 1, "{form}");
        assert!(form.contains("<button name=\"act\" value=\"hold\""), "{form}");
        for act in ["", "reelase", "HOLD", "approve ", "sent"] {
            assert_eq!(claire.decide(&page, act, &[]).status, 400, "{act:?}");
        }
        // What was looked at belongs to it, also for who lets it go.
        for act in ["approve", "release"] {
            for missing in ["decision", "hash", "readers"] {
                assert_eq!(claire.decide(&page, act, &[(missing, "")]).status, 400, "{act} without {missing}");
            }
        }
        assert!(claire.get("/").text.contains("elle attend une approbation"));
        assert_eq!(noted(&claire, "par claire"), 0);
        assert_eq!(claire.decide(&page, "hold", &[("why", "le titre")]).status, 303);
        assert!(claire.get("/").text.contains("Retenue (claire, 22\u{a0}novembre à 18:0"));
    }
}

#[test]
fn an_approval_does_not_override_a_hold_that_its_sender_never_saw() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let maelle = Visitor::editor(&desk, &link_of_proof(&scene, &desk, SUNDAY));
        let stale = claire.get("/").text;
        assert_eq!(maelle.decide(&maelle.get("/").text, "hold", &[("why", "le titre")]).status, 303);
        let refused = claire.decide(&stale, "approve", &[]);
        assert_eq!(refused.status, 409);
        assert!(refused.text.contains("Maëlle a retenu l’édition entre-temps (le titre)"), "{}", refused.text);
        assert!(refused.text.contains("Retenue (Maëlle, "), "{}", refused.text);
        // Nor does one that has: it is let go by its own word.
        let refused = claire.decide(&refused.text, "approve", &[]);
        assert_eq!(refused.status, 409);
        assert!(refused.text.contains("elle est retenue par Maëlle (le titre)"), "{}", refused.text);
        let command = scene.run(&["digest", "approve", "--at", SUNDAY]);
        assert_eq!(
            (command.code, command.stderr.as_str()),
            (65, "gazetier: 2026-W47 is held by Maëlle (le titre): `gazetier digest release 2026-W47` lets it go\n")
        );
        let settled = scene.run(&["run", "--at", MONDAY]);
        assert_eq!((settled, scene.posted().iter().filter(|line| line.starts_with("2026")).count()), (SILENCE, 0));
        // Who lets it go has seen that it is held, too: here, twice, and for other reasons.
        let stale = maelle.get("/").text;
        assert_eq!(claire.decide(&claire.get("/").text, "hold", &[("why", "le chapô")]).status, 303);
        let refused = maelle.decide(&stale, "release", &[]);
        assert!(refused.status == 409 && refused.text.contains("claire a retenu l’édition"), "{}", refused.text);
        assert_eq!(maelle.decide(&refused.text, "release", &[]).status, 303);
        // The hold comes through, whatever was decided that its sender did not see.
        assert_eq!(claire.decide(&stale, "hold", &[("why", "non")]).status, 303);
        assert!(claire.get("/").text.contains("Retenue (claire, "));
    }
}

#[test]
fn what_was_not_looked_at_is_not_approved_and_not_let_go() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    assert!(page.contains("Elle va à 1 lecteur.\n") || page.contains("Elle va à 1 lecteur.<"), "{page}");
    scene.ok(&["subscribers", "add", "b@example.org", "--at", SUNDAY]);
    let refused = claire.decide(&page, "approve", &[]);
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("l’édition va maintenant à 2 lecteurs, et non à 1"), "{}", refused.text);
    scene.put("columns/a.md", &scene.read("columns/a.md").replace("Chapô de", "Le chapô de"));
    scene.ok(&["sync", "--at", SUNDAY]);
    let changed = claire.decide(&refused.text, "approve", &[]);
    assert!(changed.status == 409 && changed.text.contains("l’édition a changé entre-temps"), "{}", changed.text);
    assert_eq!(claire.decide(&changed.text, "hold", &[]).status, 303);
    let held = claire.get("/").text;
    scene.put("columns/a.md", &scene.read("columns/a.md").replace("Le chapô de", "Chapô de"));
    scene.ok(&["sync", "--at", SUNDAY]);
    let changed = claire.decide(&held, "release", &[]);
    assert!(changed.status == 409 && changed.text.contains("l’édition a changé entre-temps"), "{}", changed.text);
    // A list that grows a little while somebody reads stops nobody.
    let many: String = (0..200).map(|n| format!("r{n}@example.org\n")).collect();
    scene.put("many.csv", &format!("email\n{many}"));
    scene.ok(&["subscribers", "import", "many.csv", "--at", SUNDAY]);
    let page = claire.get("/").text;
    scene.ok(&["subscribers", "add", "c@example.org", "--at", SUNDAY]);
    assert_eq!(claire.decide(&page, "release", &[]).status, 303);
}

#[test]
fn a_button_that_is_pressed_twice_is_pressed_once() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let page = claire.get("/").text;
        let both = [("to", "maelle@estran.example.org"), ("to", "yann@estran.example.org")];
        // At once, as a double click sends it.
        let answers = std::thread::scope(|threads| {
            let press = || threads.spawn(|| claire.post("/proof", &both));
            [press(), press()].map(|pressed| pressed.join().expect("an answer"))
        });
        let mut said = answers.map(|answer| (answer.status, answer.place));
        said.sort();
        assert_eq!(said, [(303, "/?said=proof".to_owned()), (303, "/?said=proof-again".to_owned())]);
        assert_eq!(noted(&claire, "épreuve envoyée par claire"), 1);
        let answers = std::thread::scope(|threads| {
            let press = || threads.spawn(|| claire.decide(&page, "approve", &[]));
            [press(), press()].map(|pressed| pressed.join().expect("an answer").status)
        });
        assert_eq!(answers, [303, 303]);
        assert_eq!(noted(&claire, "approuvée par claire"), 1);
        // "No address" is said where there is none, and nowhere else.
        let nobody = claire.post("/proof", &[]);
        assert_eq!(nobody.status, 422);
        assert!(nobody.text.contains("Cochez à qui l’épreuve doit aller"), "{}", nobody.text);
        assert!(!nobody.text.contains("Aucune adresse"), "{}", nobody.text);
        drop(desk);
        scene.run(&["run", "--at", MONDAY]);
        let desk = Open::at(&scene, MONDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let empty = claire.post("/proof", &both);
        assert_eq!(empty.status, 422);
        assert!(empty.text.contains("il n’y a pas d’épreuve à envoyer"), "{}", empty.text);
        let proofs = scene.files("outbox").into_iter().filter(|name| name.starts_with("service.")).count();
        assert_eq!(proofs, 2);
    }
}

/// The command that a text advises, as its words.
fn advised(text: &str) -> Vec<String> {
    let (_, command) = text.split_once('`').unwrap_or_else(|| panic!("no advice: {text}"));
    let command = command.split('`').next().expect("its end");
    command.strip_prefix("gazetier ").expect("our own").split(' ').map(str::to_owned).collect()
}

/// Runs what a text advises; gives what it printed.
fn follow(scene: &Scene, text: &str, at: &str) -> String {
    let advice = advised(text);
    let mut arguments: Vec<&str> = advice.iter().map(String::as_str).collect();
    arguments.extend(["--at", at]);
    scene.ok(&arguments)
}

fn careful(approval: bool) -> Scene {
    let scene = Scene::empty()
        .write("subscribers.csv", "email\na@example.org\n")
        .write("columns/a.md", &column("Une marée", "edito", "2026-11-18"));
    let scene = if approval { scene.config("# approval = true", "approval = true") } else { scene };
    scene.ok(&["sync", "--at", "2026-11-20"]);
    scene
}

#[test]
fn what_hold_advises_works_as_it_is_printed() {
    for (approval, postgres) in [(true, false), (true, true), (false, false), (false, true)] {
        let scenes = || if postgres { careful(approval).on_postgres() } else { careful(approval) };
        // Before its hour: it goes at its hour.
        let scene = scenes();
        scene.ok(&["sync", "--take-over", "--at", "2026-11-20"]);
        if approval {
            scene.ok(&["digest", "approve", "--at", "2026-11-21"]);
        }
        let held = scene.ok(&["digest", "hold", "--at", "2026-11-22"]);
        assert_eq!(scene.run(&["run", "--at", MONDAY]).stdout, "");
        assert_eq!(scene.posted(), [""; 0]);
        let said = follow(&scene, &held, MONDAY);
        assert_eq!(said, "2026-W47: released; the next `gazetier run` sends it, or `gazetier digest send` at once\n");
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:10"]), SILENCE);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
        // Long after its hour, and before the next: somebody has let it go, so nothing is too late.
        let scene = scenes();
        scene.ok(&["sync", "--take-over", "--at", "2026-11-20"]);
        let held = scene.ok(&["digest", "hold", "--at", "2026-11-22"]);
        scene.run(&["run", "--at", MONDAY]);
        follow(&scene, &held, "2026-11-26T10:00");
        assert_eq!(scene.run(&["run", "--at", "2026-11-26T10:10"]), SILENCE);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
        // Before the hour is over, in time.
        let scene = scenes();
        scene.ok(&["sync", "--take-over", "--at", "2026-11-20"]);
        let held = scene.ok(&["digest", "hold", "--at", "2026-11-21"]);
        let said = follow(&scene, &held, "2026-11-22");
        assert_eq!(said, "2026-W47: released; it goes out at its hour, 2026-11-23 07:30\n");
        assert_eq!(scene.run(&["digest", "release", "--at", "2026-11-22T10:00"]).code, 65, "nothing is held");
        assert_eq!(scene.run(&["run", "--at", MONDAY]), SILENCE);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
    }
}

#[test]
fn what_a_run_advises_works_as_it_is_printed() {
    for postgres in [false, true] {
        let scenes = |approval| if postgres { careful(approval).on_postgres() } else { careful(approval) };
        // Nobody has approved it.
        let scene = scenes(true);
        let told = scene.run(&["run", "--at", MONDAY]).stderr;
        follow(&scene, &told, MONDAY);
        assert_eq!(scene.run(&["run", "--at", "2026-11-23T08:10"]), SILENCE);
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
        // It is held, and somebody asks for it.
        for approval in [true, false] {
            let scene = scenes(approval);
            scene.ok(&["sync", "--take-over", "--at", "2026-11-20"]);
            scene.ok(&["digest", "hold", "2026-W47", "--at", "2026-11-22"]);
            scene.put("columns/b.md", &column("Un banc", "carnet", "2026-11-26"));
            scene.run(&["run", "--at", MONDAY]);
            scene.run(&["run", "--at", "2026-11-30T08:00"]);
            let refused = scene.run(&["digest", "approve", "2026-W47", "--at", "2026-11-30T08:10"]);
            assert_eq!(refused.code, 65, "{refused:?}");
            assert!(follow(&scene, &refused.stderr, "2026-11-30T08:20").contains("2026-W47: released"));
            scene.run(&["run", "--at", "2026-11-30T08:30"]);
            assert!(scene.posted().contains(&"2026-W47 a@example.org".to_owned()), "{:?}", scene.posted());
        }
        // It is late.
        let scene = scenes(false);
        scene.run(&["run", "--at", "2026-11-20T08:00"]);
        let told = scene.run(&["run", "--at", "2026-11-25T08:00"]).stderr;
        follow(&scene, &told, "2026-11-25T08:10");
        assert_eq!(scene.posted(), ["2026-W47 a@example.org"]);
    }
}

#[test]
fn what_the_form_cannot_hold_the_desk_does_not_take() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let fits = "é".repeat(250);
    assert_eq!(claire.mend(&[("subject", &fits), ("preheader", &fits)]).status, 303);
    let before = claire.get("/").text;
    for (field, text, told) in [
        ("subject", "s".repeat(5_000), "Sujet\u{202f}: 4750 caractères de trop (5000 / 250)"),
        // As browsers count: in UTF-16.
        ("subject", "😀".repeat(126), "Sujet\u{202f}: 2 caractères de trop (252 / 250)"),
        ("preheader", "s".repeat(251), "Accroche\u{202f}: 1 caractère de trop (251 / 250)"),
        ("opening", "s".repeat(20_001), "Mot d’ouverture\u{202f}: 1 caractère de trop (20001 / 20000)"),
    ] {
        let refused = claire.mend(&[(field, &text)]);
        assert_eq!(refused.status, 422, "{field}");
        assert!(refused.text.contains(told), "{told}: {}", refused.text);
        // It stands in its field, to be shortened.
        assert!(refused.text.contains(&text), "{field}");
    }
    let after = claire.get("/").text;
    assert_eq!(value(&after, "version"), value(&before, "version"));
    let why = "s".repeat(251);
    let refused = claire.decide(&after, "hold", &[("why", &why)]);
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("1 caractère de trop (251 / 250)") && refused.text.contains(&why));
    assert!(claire.get("/").text.contains("elle attend une approbation"));
    // One that is in the store from before is told, and shuts nobody out.
    let changes = format!("{{\"subject\":\"{}\"}}", "s".repeat(5_000));
    scene.sql(Box::leak(format!("UPDATE edition_changes SET changes = '{changes}'").into_boxed_str()));
    for view in ["/", "/?view=headers", "/?view=text"] {
        assert_eq!(claire.get(view).status, 200, "{view}");
    }
    let page = claire.get("/").text;
    assert!(page.contains("le sujet fait 5000 caractères"), "{page}");
    assert_eq!(claire.decide(&page, "approve", &[]).status, 422);
    let sent = scene.run(&["digest", "approve", "--at", SUNDAY]);
    assert!(sent.stderr.contains("the subject has 5000 characters: between 1 and 60"), "{sent:?}");
    assert_eq!(claire.mend(&[("subject", "Un sujet")]).status, 303);
    assert_eq!(claire.decide(&claire.get("/").text, "approve", &[]).status, 303);
}

#[test]
fn what_stands_for_something_is_filled_in_at_the_desk_too() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    let first = value(&page, "subject");
    assert_eq!(claire.mend(&[("subject", "{magazine} {number}\u{202f}: {lead}, {semaine} ({period})")]).status, 303);
    let page = claire.get("/").text;
    // The field has what was written, the inbox what readers get.
    assert!(page.contains("value=\"{magazine} {number}\u{202f}: {lead}, {semaine} ({period})\""), "{page}");
    let filled = format!("<b>L’Estran 1\u{202f}: {first}, {{semaine}} (2026-W47)</b>");
    assert!(page.contains(&filled), "{filled}: {page}");
    // Another lead, another subject.
    let last = page.rsplit("value=\"pin ").next().and_then(|rest| rest.split('"').next()).expect("a column").to_owned();
    let written = [("subject", "{lead}, encore"), ("act", &format!("pin {last}"))];
    assert_eq!(claire.mend(&written).status, 303);
    assert!(claire.get("/").text.contains("<b>Un banc, encore</b>"), "{}", claire.get("/").text);
    // Nothing that shows is nothing that was written.
    assert_eq!(claire.mend(&[("subject", "\u{200b}"), ("preheader", "\u{2060}\u{feff}")]).status, 303);
    let page = claire.get("/").text;
    assert!(page.contains("<b>Un banc</b>") && page.contains("name=\"preheader\" value=\"\""), "{page}");
}

#[test]
fn when_the_store_is_away_the_page_says_that_nothing_was_lost() {
    let scene = magazine();
    let desk = Open::at(&scene, SUNDAY);
    let claire = Visitor::editor(&desk, &desk.way_in);
    let page = claire.get("/").text;
    scene.sql("ALTER TABLE edition_notes RENAME TO away");
    let answers =
        [claire.mend_with(&page, &[("subject", "Un sujet")]), claire.decide(&page, "hold", &[]), claire.get("/")];
    for answer in answers {
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("Rien n’a été perdu."), "{}", answer.text);
    }
    scene.sql("ALTER TABLE away RENAME TO edition_notes");
    assert_eq!(value(&claire.get("/").text, "version"), "0");
}

#[test]
fn columns_are_dragged_also_when_a_pinned_one_was_withdrawn() {
    for scene in [magazine(), magazine().on_postgres()] {
        scene.put("columns/d.md", &column("Une balise", "edito", "2026-11-17"));
        scene.ok(&["sync", "--take-over", "--at", SUNDAY]);
        let desk = Open::at(&scene, SUNDAY);
        let claire = Visitor::editor(&desk, &desk.way_in);
        let ids = |page: &str| -> Vec<String> {
            let ids = page.split("data-id=\"").skip(1).map(|rest| rest.split('"').next().expect("an id"));
            ids.filter(|id| id.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned).collect()
        };
        // All three editorials are pinned, in their order; one of them goes.
        let all = ids(&claire.get("/").text);
        for id in &all[..3] {
            assert_eq!(claire.mend(&[("act", &format!("pin {id}"))]).status, 303);
        }
        std::fs::remove_file(scene.path("columns/d.md")).expect("a file");
        scene.ok(&["sync", "--at", SUNDAY]);
        let left = ids(&claire.get("/").text);
        assert_eq!(left, [&all[..2], &all[3..]].concat());
        let dragged = [&*left[1], &*left[0], &*left[2]];
        assert_eq!(claire.mend(&[("act", &format!("order {}", dragged.join(",")))]).status, 303);
        assert_eq!(ids(&claire.get("/").text), dragged);
        // It comes back, and is pinned as it was: behind what was ordered.
        scene.put("columns/d.md", &column("Une balise", "edito", "2026-11-17"));
        scene.ok(&["sync", "--at", SUNDAY]);
        assert_eq!(ids(&claire.get("/").text), [&*left[1], &*left[0], &*all[2], &*left[2]]);
    }
}

#[test]
fn an_approval_covers_all_that_readers_see_or_answer_to() {
    for (from, to) in [
        ("from = \"L’Estran <lettre@", "from = \"L’Estran, la revue <lettre@"),
        ("from = \"L’Estran <lettre@", "from = \"L’Estran <autre@"),
        ("reply_to = \"La rédaction <redaction@", "reply_to = \"La rédaction <autre@"),
        ("reply_to = ", "# reply_to = "),
        ("lettre/quitter/\"", "lettre/partir/\""),
        ("unsubscribe_address = \"quitter@", "unsubscribe_address = \"partir@"),
        ("list_id = \"lettre.", "list_id = \"courrier."),
        ("# archive_url = ", "archive_url = "),
        ("postal_address = \"L’Estran, 12", "postal_address = \"L’Estran, 14"),
    ] {
        let scene = careful(true);
        scene.ok(&["digest", "approve", "--by", "Maëlle", "--at", "2026-11-22"]);
        scene.reconfigure(from, to);
        let told = scene.run(&["run", "--at", "2026-11-22T10:00"]);
        assert!(told.stderr.contains("2026-W47: it has changed since Maëlle approved it"), "{to}: {told:?}");
        scene.run(&["run", "--at", MONDAY]);
        assert_eq!(scene.posted(), [""; 0], "{to}");
    }
}
