//! What is known of one reader, and how a suppression is lifted.

use super::{both, import, states, told};
use crate::support::{MONDAY, Scene, column};

#[test]
fn all_that_is_known_of_a_reader_is_shown() {
    for scene in both() {
        let list = "email,name,rubriques,language,joined,consent,consent_way,consent_asked,consent_asked_from,consent_confirmed\n\
                    zoe@example.org,Zoé,edito;carnet,en,2026-11-01T08:00:00Z,\"I want it, weekly\",form,2026-11-01T07:00:00Z,\
                    192.0.2.7,2026-11-01T08:00:00Z\n";
        assert_eq!(import(&scene, list, &[]).code, 0);
        scene.put("columns/a.md", &column("Un", "edito", "2026-11-19"));
        scene.ok(&["run", "--at", MONDAY]);
        for statement in [
            "INSERT INTO suppressions (address_hash, reason, suppressed_at) SELECT address_hash, 'bounce', 1795600000000 FROM subscribers",
            "INSERT INTO bounces (edition_id, subscriber_id, kind, address_hash, words, noted_at) \
             SELECT e.id, s.id, 'hard', s.address_hash, '550 5.1.1 nobody', 1795600000000 FROM editions e, subscribers s",
            "INSERT INTO former_addresses (address_hash, subscriber_id, moved_at) SELECT public_id, id, 1795500000000 FROM subscribers",
            "UPDATE letters SET settled_at = 1795417260000",
        ] {
            assert_eq!(scene.sql(statement), 1, "{statement}");
        }
        insta::assert_snapshot!("shown", scene.ok(&["subscribers", "show", "ZOE@example.org"]));
        insta::assert_snapshot!("shown_json", scene.ok(&["subscribers", "show", "zoe@example.org", "--json"]));
        let list = scene.ok(&["subscribers", "list"]);
        assert_eq!(list, "zoe@example.org\tsuppressed\tcarnet,edito\tZoé\tbounce since 2026-11-25 10:46\n");
        insta::assert_snapshot!("listed_json", scene.ok(&["subscribers", "list", "--json"]));
    }
}

#[test]
fn a_suppression_is_lifted_with_a_reason_that_is_kept() {
    for scene in both() {
        import(&scene, "email,state,reason,suppressed\nzoe@example.org,suppressed,bounce,2026-11-20T08:00:00Z\n", &[]);
        scene.put("columns/a.md", &column("Un", "edito", "2026-11-19"));
        scene.ok(&["run", "--at", MONDAY]);
        assert_eq!(scene.files("outbox"), [""; 0]);
        let allow = ["subscribers", "allow", "Zoe@example.org", "--reason"];
        assert_eq!(scene.run(&[&allow[..], &[" \n "]].concat()).code, 2);
        let lift = [&allow[..], &["She wrote\nto us", "--at", "2026-11-24T09:00"]].concat();
        assert_eq!(
            scene.ok(&lift),
            "Zoe@example.org may be written to again (it was suppressed, bounce since 2026-11-20 09:00); the next edition \
             goes there\n"
        );
        assert_eq!(scene.run(&lift), told(65, "", "gazetier: Zoe@example.org is not suppressed\n"));
        assert_eq!(states(&scene), ["zoe active"]);
        let shown = scene.ok(&["subscribers", "show", "zoe@example.org"]);
        let kept = "  allowed 2026-11-24 09:00: She wrote to us (was suppressed: bounce since 2026-11-20 09:00)\n";
        assert!(shown.contains(kept) && shown.contains("  last proved the address: 2026-11-24 09:00\n"), "{shown}");
        scene.put("columns/b.md", &column("Deux", "edito", "2026-11-25"));
        scene.ok(&["run", "--at", "2026-11-30T08:00"]);
        assert_eq!(scene.files("outbox").len(), 1);
        // Who called a letter spam stays away until they come back themselves.
        import(&scene, "email,status\nspam@example.org,complained\n", &[]);
        let outcome = scene.ok(&["subscribers", "allow", "spam@example.org", "--reason", "by mistake"]);
        assert!(outcome.contains("the reader is unsubscribed, and stays so"), "{outcome}");
        assert_eq!(states(&scene), ["zoe active", "spam unsubscribed"]);
        // What is revived by hand is kept as well.
        import(&scene, "email,status\nback@example.org,bounced\n", &[]);
        scene.ok(&["subscribers", "add", "back@example.org", "--revive", "--at", MONDAY]);
        let shown = scene.ok(&["subscribers", "show", "back@example.org"]);
        assert!(shown.contains("subscribers add --revive (was suppressed: bounce since"), "{shown}");
    }
}

#[test]
fn of_an_address_that_is_not_on_the_list_it_is_said_why() {
    for scene in both() {
        let show = |address: &str| scene.run(&["subscribers", "show", address]);
        let unknown = "gazetier: zoe@example.org is not on the list, and nothing is known of it\n";
        assert_eq!(show("zoe@example.org"), told(65, "", unknown));
        scene.ok(&["subscribers", "add", "zoe@example.org", "--at", MONDAY]);
        import(&scene, "email,status\nzoe@example.org,bounced\n", &[]);
        scene.ok(&["subscribers", "allow", "zoe@example.org", "--reason", "a word about Zoé", "--at", MONDAY]);
        scene.ok(&["subscribers", "erase", "zoe@example.org", "--at", MONDAY]);
        let gone = "zoe@example.org\n  suppressed: request since 2026-11-23 08:00\n  not on the list\n";
        // Nor is anything that was said of who is erased.
        assert_eq!(show("zoe@example.org"), told(0, gone, ""));
        assert_eq!(show("zoe").code, 2);
    }
}

#[test]
fn nobody_is_revived_by_a_list_of_who_was_erased() {
    for scene in both() {
        import(&scene, "email\nzoe@example.org\n", &[]);
        scene.ok(&["subscribers", "erase", "zoe@example.org", "--at", MONDAY]);
        for status in ["subscribed", "unsubscribed", "bounced", "pending"] {
            import(&scene, &format!("email,status\nzoe@example.org,{status}\n"), &[]);
            assert_eq!(states(&scene), [""; 0], "{status}");
        }
    }
}

#[test]
fn the_scene_of_a_former_address_is_told() {
    let scene = Scene::empty();
    scene.ok(&["subscribers", "add", "old@example.org", "--at", MONDAY]);
    scene.ok(&["subscribers", "add", "new@example.org", "--at", MONDAY]);
    scene.sql(
        "INSERT INTO former_addresses (address_hash, subscriber_id, moved_at) SELECT s.address_hash, m.id, 0 \
         FROM subscribers s, subscribers m WHERE s.address = 'old@example.org' AND m.address = 'new@example.org'",
    );
    scene.sql("DELETE FROM subscriptions WHERE subscriber_id IN (SELECT id FROM subscribers WHERE address = 'old@example.org')");
    scene.sql("DELETE FROM subscribers WHERE address = 'old@example.org'");
    let shown = scene.ok(&["subscribers", "show", "old@example.org"]);
    assert_eq!(shown, "old@example.org\n  not on the list: a reader has moved away from it\n");
    for status in ["active", "unsubscribed", "bounced"] {
        import(&scene, &format!("email,status\nold@example.org,{status}\n"), &[]);
        assert_eq!(states(&scene), ["new active"], "{status}");
    }
}
