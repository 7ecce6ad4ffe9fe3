//! Returned letters, complaints and absences that have no form for programs, as many mail servers and providers write them.

use super::post::{Sent, letter_head};
use gazetier::bounce::explain;

/// A text about a letter, and the letter below it.
fn text(head: &str, notice: &str, returned: &str) -> String {
    format!("{head}\n\n{notice}\n\n{returned}")
}

const DAEMON: &str = "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nSubject: failure notice";
const HEAD: &str = "Return-Path: <us@estran.example.org>\nReceived: by mx\nMessage-ID: <a@b.fr>\nFrom: us@b.fr\nTo: them@b.fr\n\nspam\n";

#[test]
fn a_text_for_people_says_why() {
    let exim = "Return-Path: <>\nFrom: Mail Delivery System <Mailer-Daemon@b.fr>\nX-Failed-Recipients: Them@b.fr\n\
                Auto-Submitted: auto-replied\nSubject: Mail delivery failed: returning message to sender";
    let exchange =
        "From: System Administrator <postmaster@b.fr>\nSubject: Undeliverable: La semaine\nContent-Type: text/plain";
    let french = "Return-Path: <>\nFrom: postmaster@b.fr\nSubject: Message non remis";
    let german = "Return-Path: <>\nFrom: Postmaster <postmaster@b.de>\nSubject: Unzustellbar: La semaine";
    for (head, notice, judgement) in [
        (
            DAEMON,
            "I am qmail, and could not do it.\n\n<them@b.fr>:\n192.0.2.1 does not like them.\nIt said: 550 no such user\n\n--- Below is a copy of the message.",
            "hard",
        ),
        (
            DAEMON,
            "<them@b.fr>:\nSorry, I couldn't find any host named b.fr. (#5.1.2)\n\n--- Below is a copy of the message.",
            "hard",
        ),
        (DAEMON, "<them@b.fr>:\nIt said: 552 5.2.2 the mailbox is full\n\n--- Below is a copy of the message.", "soft"),
        (
            DAEMON,
            "<them@b.fr>:\nIt said: 554 5.7.1 you are on a blocklist\n\n--- Below is a copy of the message.",
            "ours",
        ),
        (
            exim,
            "The following address failed:\n\n  them@b.fr\n    after RCPT TO: 550 5.1.1 unknown user\n\n------ This is a copy of your message. ------",
            "hard",
        ),
        (
            exim,
            "The following address failed:\n\n  them@b.fr\n    retry timeout exceeded\n\n------ This is a copy of your message. ------",
            "soft",
        ),
        (exim, "A message is delayed and will be retried.\n\n  them@b.fr\n    connection timed out", "none"),
        (
            exchange,
            "Your message\n\n  To:      them@b.fr\n  Subject: La semaine\n  Sent:    Monday\n\ndid not reach these people:\n\nthem@b.fr\n    The recipient name is not recognized: no such mailbox here",
            "hard",
        ),
        (french, "Votre message n'a pas pu être remis : l'utilisateur est inconnu.", "hard"),
        (german, "Ihre Nachricht an them@b.de: Das Postfach ist voll.", "soft"),
    ] {
        let explanation = explain(text(head, notice, HEAD).as_bytes());
        assert_eq!(explanation.recipients.len(), 1, "{notice}: {explanation:?}");
        assert_eq!(explanation.recipients[0].judgement, judgement, "{notice}: {explanation:?}");
        assert!(explanation.returned_message_id, "{notice}");
    }
    let explanation = explain(text(exim, "550 5.1.1 unknown user", "").as_bytes());
    assert_eq!(explanation.recipients[0].addresses, ["them@b.fr"]);
    assert!(!explanation.returned_message_id);
}

#[test]
fn the_fields_of_a_report_are_found_in_a_text() {
    let notice = "It could not be delivered.\n\nFinal-Recipient: rfc822; them@b.fr\nAction: failed\nStatus: 5.1.1\n";
    for kind in
        ["Content-Type: text/plain", "Content-Type: multipart/report; report-type=delivery-status; boundary=none"]
    {
        let explanation = explain(text(&format!("{DAEMON}\n{kind}"), notice, HEAD).as_bytes());
        assert_eq!(
            (explanation.form.as_str(), explanation.recipients.len()),
            ("delivery report", 1),
            "{explanation:?}"
        );
        assert_eq!(explanation.recipients[0].judgement, "hard");
    }
}

/// The letter is known by what stands in its head below the text.
#[test]
fn a_returned_letter_in_a_text_is_known_by_its_head() {
    let notice = "<alix@example.org>:\nIt said: 550 no such user\n\n--- Below is a copy of the message.";
    type Way = fn(&Sent) -> (String, String);
    let ways: [Way; 3] = [
        |sent| (format!("To: {}\n{DAEMON}", sent.verp(1)), String::new()),
        |sent| (DAEMON.to_owned(), letter_head(&sent.message_id(1), "")),
        |sent| (format!("{DAEMON}\nAuto-Submitted: auto-replied"), letter_head("<gone@b.fr>", &sent.token(1))),
    ];
    for (number, way) in ways.iter().enumerate() {
        let sent = Sent::sample();
        let (head, returned) = way(&sent);
        let outcome = sent.pipe(text(&head, notice, &returned).as_bytes());
        assert_eq!(
            outcome.stdout, "1 message read, 1 came back for good; 1 address suppressed\n",
            "way {number}: {outcome:?}"
        );
    }
    // What proves nothing changes nothing.
    let sent = Sent::sample();
    let outcome = sent.pipe(text(DAEMON, notice, &letter_head("<a@b.fr>", &super::post::forged_token())).as_bytes());
    assert_eq!(outcome.code, 65, "{outcome:?}");
    assert_eq!(sent.next_readers().len(), 3);
}

#[test]
fn who_is_away_is_passed_over_and_who_writes_is_left() {
    for (head, form) in [
        ("Return-Path: <>\nFrom: alix@b.fr\nSubject: Absente du bureau", "answer of a machine"),
        ("Return-Path: <>\nFrom: alix@b.fr\nSubject: Automatische Antwort: La semaine", "answer of a machine"),
        ("From: alix@b.fr\nSubject: Out of office\nX-Auto-Response-Suppress: All", "answer of a machine"),
        ("From: alix@b.fr\nSubject: I am on vacation\nPrecedence: junk", "answer of a machine"),
        ("From: alix@b.fr\nSubject: La semaine\nX-Autoreply: yes", "answer of a machine"),
        (
            "From: alix@b.fr\nSubject: Absente du bureau",
            "it is no report, no complaint and no unsubscription: somebody should read it",
        ),
        // A reader may write of such things.
        (
            "From: alix@b.fr\nSubject: Re: La semaine",
            "it is no report, no complaint and no unsubscription: somebody should read it",
        ),
    ] {
        let body = "Votre message : l'utilisateur est inconnu, 550 5.1.1.\n";
        assert_eq!(explain(format!("{head}\n\n{body}").as_bytes()).form, form, "{head}");
    }
}

#[test]
fn providers_that_pass_complaints_on_without_fields_are_understood() {
    let parts = |subject: &str, mark: &str, returned: &str| {
        format!(
            "From: staff@provider.example\nSubject: {subject}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\nSee below.\n--b\nContent-Type: message/rfc822\n\n{mark}{returned}\n--b--\n"
        )
    };
    type Way = fn(&Sent) -> (&'static str, &'static str, String);
    let ways: [Way; 3] = [
        |sent| ("complaint about message from 192.0.2.1", "", letter_head(&sent.message_id(1), "")),
        |sent| ("FW: La semaine", "X-HmXmrOriginalRecipient: a@b.fr\n", letter_head(&sent.message_id(1), "")),
        |sent| ("Signalement spam", "", letter_head("<gone@b.fr>", &sent.token(1))),
    ];
    for (number, way) in ways.iter().enumerate() {
        let sent = Sent::sample();
        let (subject, mark, returned) = way(&sent);
        let outcome = sent.pipe(parts(subject, mark, &returned).as_bytes());
        let told = "1 message read, 1 complained of; 1 unsubscribed; 1 address suppressed\n";
        assert_eq!(outcome.stdout, told, "way {number}: {outcome:?}");
    }
    let sent = Sent::sample();
    let fields = format!(
        "From: fbl@provider.example\nTo: {}\nSubject: Plainte\n\nFeedback-Type: abuse\nVersion: 1\n",
        sent.verp(1)
    );
    assert!(sent.pipe(fields.as_bytes()).stdout.contains("1 complained of"));
}

/// As Amazon SES tells it, in the envelope of its notification service or without.
fn notification(what: &str, mail: &str, wrapped: bool) -> String {
    let told = format!("{{{what}, \"mail\": {{{mail}}}}}");
    let told = match wrapped {
        true => format!("{}\n\n--\nUnsubscribe here.\n", serde_json::json!({"Type": "Notification", "Message": told})),
        false => told,
    };
    format!("From: no-reply@sns.example\nSubject: AWS Notification Message\n\n{told}\n")
}

#[test]
fn notifications_in_json_are_read_as_reports() {
    let bounce = |kind: &str, fields: &str| {
        format!(
            "\"notificationType\": \"Bounce\", \"bounce\": {{\"bounceType\": \"{kind}\", \
             \"bouncedRecipients\": [{{\"emailAddress\": \"alix@example.org\"{fields}}}]}}"
        )
    };
    let gone = ", \"action\": \"failed\", \"status\": \"5.1.1\", \"diagnosticCode\": \"smtp; 550 5.1.1 user unknown\"";
    let us =
        ", \"action\": \"failed\", \"status\": \"5.1.1\", \"diagnosticCode\": \"smtp; 550 you are on a blocklist\"";
    let delivered = "\"eventType\": \"Delivery\", \"delivery\": {\"recipients\": [\"alix@example.org\"]}".to_owned();
    for (what, judgement) in [
        (bounce("Permanent", gone), "hard"),
        (bounce("Permanent", us), "ours"),
        (bounce("Permanent", ""), "soft"),
        (bounce("Transient", ""), "none"),
        (delivered, "none"),
    ] {
        for wrapped in [false, true] {
            let explanation = explain(notification(&what, "", wrapped).as_bytes());
            assert_eq!(explanation.recipients.len(), 1, "{what}: {explanation:?}");
            assert_eq!(explanation.recipients[0].judgement, judgement, "{what}: {explanation:?}");
        }
    }
    // Lines that were too long for a mail server on the way.
    for broken in ["!\n ", "!\r\n ", "\n "] {
        let long = notification(&bounce("Permanent", gone), "", true).replace("user unk", &format!("user u{broken}nk"));
        assert_eq!(explain(long.as_bytes()).recipients[0].judgement, "hard", "{broken:?}");
    }
    let complaint = "\"notificationType\": \"Complaint\", \"complaint\": {\"complaintFeedbackType\": \"abuse\"}";
    assert_eq!(explain(notification(complaint, "", true).as_bytes()).form, "complaint");
    // Anybody can write such a mail: what proves it is the letter's own.
    for (mail, told) in [
        (|sent: &Sent| format!("\"source\": \"{}\"", sent.verp(1)), "1 complained of"),
        (
            |sent: &Sent| {
                let id = sent.message_id(1);
                format!("\"headers\": [{{\"name\": \"Message-ID\", \"value\": \"{id}\"}}]")
            },
            "1 complained of",
        ),
        (|_: &Sent| "\"source\": \"retours@estran.example.org\"".to_owned(), "1 left there"),
    ] as [(fn(&Sent) -> String, &str); 3]
    {
        let sent = Sent::sample();
        let outcome = sent.pipe(notification(complaint, &mail(&sent), true).as_bytes());
        assert!(outcome.stdout.contains(told), "{outcome:?}");
    }
    // What is no such text is for people.
    for text in ["{", "{}", "{\"Message\": 1}", "{\"notificationType\": \"Bounce\"}", "[]"] {
        assert!(explain(format!("From: a@b.fr\n\n{text}\n").as_bytes()).recipients.is_empty(), "{text}");
    }
}
