//! Readers who write that they want no more letters, without the token that proves who they are.

use super::post::Sent;

fn letter(from: &str, subject: &str, text: &str) -> String {
    format!("From: {from}\nTo: quitter@estran.example.org\nSubject: {subject}\n\n{text}\n")
}

const ASKED: &str = "1 message read, 1 to be confirmed by mail\n";

#[test]
fn who_writes_stop_is_asked_by_mail_and_nobody_else_decides() {
    for (subject, text) in [
        ("STOP", ""),
        ("Re: Stop", ""),
        ("Unsubscribe", "Sent from my phone"),
        ("unsubscribe please", ""),
        ("Re: La semaine", "\nMerci de me désabonner, s'il vous plaît.\n\n> La semaine"),
        ("désinscription", ""),
        ("Bitte abmelden!", ""),
    ] {
        let sent = Sent::sample();
        let message = letter("Alix <ALIX@example.org>", subject, text);
        assert_eq!(sent.pipe_with(message.as_bytes(), &["--dry-run"]).stdout, ASKED, "{subject}");
        let outcome = sent.pipe(message.as_bytes());
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ASKED), "{subject}: {outcome:?}");
        // Once, however often somebody writes in that name.
        assert_eq!(sent.pipe(message.as_bytes()).stdout, ASKED);
        assert_eq!(sent.scene.sql("UPDATE service_letters SET attempts = 0 WHERE kind = 'leave'"), 1, "{subject}");
        sent.scene.ok(&["run", "--at", "2026-11-24T10:00"]);
        // Nothing has changed, and the letter has the way out.
        let readers = sent.next_readers();
        assert_eq!(readers.len(), 3, "{subject}: {readers:?}");
        let outbox = sent.scene.files("outbox");
        let name = outbox.iter().find(|name| name.contains("service")).unwrap_or_else(|| panic!("{outbox:?}"));
        let asked = sent.scene.read(&format!("outbox/{name}")).replace("=\r\n", "");
        assert!(asked.contains("<alix@example.org>\r\n"), "{asked}");
        assert!(asked.contains(&sent.token(1)), "{asked}");
        assert!(asked.contains("Auto-Submitted: auto-replied"), "{asked}");
    }
}

#[test]
fn nobody_is_written_to_who_is_not_on_the_list_or_is_a_machine() {
    let sent = Sent::sample();
    let stranger = sent.pipe(letter("eve@example.net", "STOP", "").as_bytes());
    assert_eq!(stranger.code, 65);
    assert_eq!(stranger.stderr, "gazetier: standard input: somebody who is not on the list wants to leave\n");
    for (head, subject) in [
        ("alix@example.org\nReturn-Path: <>", "STOP"),
        ("alix@example.org\nAuto-Submitted: auto-replied", "STOP"),
        // These say more than that.
        ("alix@example.org", "Stop the presses"),
        ("alix@example.org", "How do I unsubscribe a friend?"),
    ] {
        let outcome = sent.pipe(letter(head, subject, "").as_bytes());
        assert!(!outcome.stdout.contains("confirmed"), "{head} {subject}: {outcome:?}");
    }
    assert_eq!(sent.scene.sql("DELETE FROM service_letters"), 0);
    // Who has left already is not asked again.
    sent.pipe(format!("Subject: unsubscribe {}\n\n", sent.token(1)).as_bytes());
    assert_eq!(sent.pipe(letter("alix@example.org", "STOP", "").as_bytes()).stdout, "1 message read, 1 without news\n");
    // A token that is broken is looked at by somebody.
    let forged = format!("unsubscribe {}", super::post::forged_token());
    assert_eq!(sent.pipe(letter("loic@example.org", &forged, "").as_bytes()).code, 65);
}
