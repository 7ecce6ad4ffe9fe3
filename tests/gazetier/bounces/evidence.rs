//! Why a letter came back: what codes, words and steps of the dialogue say together.

use gazetier::bounce::{Explanation, explain};

use super::post::{group, report};

fn explained(status: &str, words: &str) -> Explanation {
    explain(report("x", &group("alix@example.org", "failed", status, words), "").as_bytes())
}

fn judged(status: &str, words: &str) -> &'static str {
    let explanation = explained(status, words);
    assert_eq!(explanation.recipients.len(), 1, "{explanation:?}");
    explanation.recipients[0].judgement
}

#[test]
fn nobody_is_there_in_whatever_words_it_is_said() {
    for (status, words) in [
        ("5.0.0", "550 no such user over here"),
        ("5.7.1", "550 5.7.1 recipient rejected: user unknown"),
        ("5.5.0", "550 5.5.0 mailbox unavailable (E42)"),
        ("5.5.0", "550 5.5.0 Adresse du destinataire invalide"),
        ("5.3.0", "550 5.3.0 unknown user"),
        ("5.4.1", "550 5.4.1 recipient address rejected: access denied"),
        ("5.4.4", "the host or domain name was not found: it is NXDOMAIN"),
        ("4.0.0", "the lookup of the domain gave NXDOMAIN"),
        ("5.0.0", "556 this host takes no letters"),
        ("5.7.27", "550 the domain does not accept mail"),
        ("5.0.0", "550 cet utilisateur est inconnu"),
        ("5.0.0", "550 Der Empfänger existiert nicht"),
        ("5.0.0", "550 L\u{2019}adresse n\u{2019}existe pas"),
        ("5.2.1", "550 5.2.1 the account has been disabled"),
        ("5.0.0", "550-5.1.1 this account\n 550-5.1.1 does not exist\n 550 5.1.1 (see our help)"),
        ("5.4.4", "no way leads there"),
        ("5.3.2", "521 5.3.2 this host never takes letters"),
        ("5.1.1", "450 4.1.1 user unknown"),
        ("5.0.0", "550 unknown or illegal alias: alix"),
        ("5.0.0", "550 unknown local part alix"),
        ("5.0.0", "550 for good, for these: (alix@example.org:unknown user)"),
        ("5.0.0", "542 <alix@example.org> rejected"),
        ("5.0.0", "553 that recipient is not in our validrcptto list"),
        ("5.0.0", "550 the mailbox no longer exists"),
        ("5.0.0", "550 the address is not registered"),
        ("5.0.0", "550 nobody of that name"),
        ("5.0.0", "550 we do not have this user"),
        ("5.0.0", "550 the account was marked as dead"),
        ("5.0.0", "550 the domain has no valid mail exchangers"),
        ("5.0.0", "illegal host/domain found"),
        ("5.0.0", "550 user cancelled"),
        ("5.0.0", "550 Empfaenger existiert nicht"),
        ("5.0.350", "the remote server answered with an error: 550 address rejected"),
        ("5.0.0", "Letters to <alix@example.org> stay here. Check if the address is correct."),
        // The name of a mailbox says nothing.
        ("5.1.1", "550 5.1.1 <spam.blocked.full@example.org>: user unknown"),
    ] {
        assert_eq!(judged(status, words), "hard", "{status} {words}");
    }
}

#[test]
fn what_is_about_us_is_not_about_the_reader_whatever_the_code() {
    for (status, words) in [
        ("5.1.0", "550 5.1.0 the sender was rejected"),
        ("5.1.1", "550 5.7.1 not you"),
        ("5.1.1", "550 5.1.1 your server is on our blocklist"),
        ("5.1.1", "550 5.1.1 203.0.113.9 has sent to too many recipients within the hour"),
        ("5.2.1", "550 5.2.1 this mailbox receives mail too quickly: rate limit"),
        ("5.1.1", "550 the domain's DMARC policy says reject"),
        ("5.0.0", "550 this looks like spam to us"),
        ("4.7.0", "421 4.7.0 deferred after user complaints"),
        ("4.4.7", "421 4.7.28 an unusual rate of letters"),
        ("5.0.0", "554 le message est refusé pour incident de spam"),
        ("5.0.0", "554 Der Absender wurde abgelehnt"),
        ("5.1.1", "550 5.1.1 we do not relay: relaying denied"),
        ("5.1.1", "550 5.1.1 reverse DNS does not resolve"),
        ("5.0.0", "550 no MX for the sender's domain: domain not found"),
        ("5.0.0", "550 we cannot resolve your domain: host not found"),
        ("5.7.1", "550 5.7.1 too many unknown users"),
        ("5.0.0", "550 the return path is unknown: mailbox does not exist"),
        ("5.0.0", "554 denied"),
        // Before the recipient was named.
        ("5.1.1", "550 5.1.1 no such user (in reply to MAIL FROM command)"),
        ("5.1.1", "550 5.1.1 no such user (in reply to EHLO command)"),
        // A gateway says the same of all that was refused, and quotes why.
        ("5.1.0", "5.1.0 - Unknown address error 550-'5.7.1 not from there'"),
    ] {
        assert_eq!(judged(status, words), "ours", "{status} {words}");
    }
}

#[test]
fn what_may_pass_stands_against_what_is_for_good() {
    for (status, words) in [
        ("5.1.1", "552 5.2.2 over quota"),
        ("5.1.1", "550 the mailbox is full"),
        ("5.0.0", "550 la boîte aux lettres est pleine"),
        ("5.0.0", "550 Das Postfach ist voll"),
        ("4.1.1", "450 4.1.1 user unknown, try again later"),
        ("4.1.1", "450 4.1.1 recipient address rejected: not verified yet"),
        ("5.0.0", "550 the envelope has expired: user unknown"),
        ("5.0.0", "all its hosts have been failing for a long time"),
        ("5.0.0", "it could not be delivered for the last 400000 seconds. Giving up."),
        ("5.0.0", "after several attempts: unknown user"),
        ("5.4.4", "an unexpected name server reply"),
        ("4.4.3", "the domain was not found: timed out"),
        ("4.4.4", "host not found, try again"),
        ("5.2.0", "550 5.2.0 user unknown"),
        ("5.0.0", "550 the account is suspended"),
        ("5.4.6", "554 5.4.6 too many hops"),
        ("5.0.0", "550 no"),
    ] {
        assert_eq!(judged(status, words), "soft", "{status} {words}");
    }
    // What this provider says of nobody, it says of readers' filters as well.
    let filtered = |address| report("x", &group(address, "failed", "5.0.0", "550 unknown user"), "");
    for (address, judgement) in [("alix@docomo.ne.jp", "soft"), ("alix@nodocomo.ne.jp", "hard")] {
        assert_eq!(explain(filtered(address).as_bytes()).recipients[0].judgement, judgement, "{address}");
    }
    let by_machine =
        filtered("alix@example.org").replace("Action: failed", "Remote-MTA: dns; mx.docomo.ne.jp\nAction: failed");
    assert_eq!(explain(by_machine.as_bytes()).recipients[0].judgement, "soft");
    let expired = report("x", &group("alix@example.org", "expired", "5.0.0", "550 no such user"), "");
    assert_eq!(explain(expired.as_bytes()).recipients[0].judgement, "soft");
}

/// The text for people explains all that could be the matter; it speaks where nobody is quoted, and where it says that the
/// mailbox is full.
#[test]
fn the_text_beside_a_report_speaks_where_nothing_else_does() {
    let with = |text: &str, groups: &str| report("x", groups, "").replace("It could not be delivered.", text);
    let bare = "Final-Recipient: rfc822; a@b.fr\nAction: failed\nStatus: 5.0.0\n";
    let full = group("a@b.fr", "failed", "5.1.1", "550 5.1.1 user unknown");
    for (text, groups, judgement) in [
        ("The user is unknown there.", bare, "hard"),
        ("It was taken for spam.", bare, "ours"),
        ("There is not enough disk space.", &full, "soft"),
        ("It may have been taken for spam.", &full, "hard"),
    ] {
        let explanation = explain(with(text, groups).as_bytes());
        assert_eq!(explanation.recipients[0].judgement, judgement, "{text}: {explanation:?}");
    }
}

#[test]
fn the_evidence_is_shown_without_a_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("message");
    let message =
        report("x", &group("alix@example.org", "failed", "5.1.1", "550 5.7.1 not you"), "Message-ID: <a@b.fr>");
    std::fs::write(&path, message).expect("a message");
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gazetier"));
        command.current_dir(folder.path()).arg("bounce").args(arguments).arg("message");
        crate::support::Outcome::from(command.output().expect("the program"))
    };
    let outcome = run(&["--explain"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    assert_eq!(
        outcome.stdout,
        "message: delivery report\n  alix@example.org: ours\n    status 5.1.1: nobody is there (hard, in general)\n    \
         quoted 5.7.1: a rule refuses it (ours, in general)\n"
    );
    let outcome = run(&["--json", "--explain"]);
    let explained: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(explained["message"]["recipients"][0]["judgement"], "ours");
    assert_eq!(explained["message"]["returned_message_id"], true);
    std::fs::remove_file(&path).expect("no message");
    assert_eq!(run(&["--explain"]).code, 65);
}
